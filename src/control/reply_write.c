/* What changes the meter: all of it goes through the checks that a master's writes go through. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/request.h"
#include "control/value.h"
#include "metering/range.h"
#include "registers/registers.h"

#define COMMAND_REGISTER 129
#define WORD_MAX 65535

/* Settings of the serial port: they have no register. */
static const struct port_setting {
	const char *name, *range;
	enum setting which;
} port_settings[] = {
	{ "address", SETTING_ADDRESS_RANGE, SETTING_ADDRESS },
	{ "baud", SETTING_BAUD_RANGE, SETTING_BAUD },
	{ "parity", SETTING_PARITY_RANGE, SETTING_PARITY },
};

static const struct action {
	const char *what;
	uint16_t code;
} resets[] = {
	{ "energy", 30078 }, { "demand", 21212 }, { "counters", 16498 }, { "log", 16640 },
}, actions[] = {
	{ "sync", 21211 },
};

static int refuse(struct request *request, const char *name, struct json_object *got, const char *allowed)
{
	char shown[REQUEST_SHOWN_MAX];

	return request_fail(request, "bad_value", "%s: got %s, must be %s", name, request_show(got, shown), allowed);
}

/* Reads the value into *number; what is no number of the kind is an error that tells the range. */
static int get_value(struct request *request, const char *name, const char *range, struct json_object **value, long *number)
{
	const char *allowed;
	char text[128];

	if (!json_object_object_get_ex(request->object, "value", value))
		return request_fail(request, "bad_request", "value: missing, must be what %s shall be", name);
	if (!value_from_json(name, *value, number, &allowed))
		return 0;
	snprintf(text, sizeof(text), "a whole number%s%s", *range ? ": " : "", range);
	return refuse(request, name, *value, allowed ? allowed : text);
}

/* The meter said no.  Which of its reasons was it? */
static int explain(struct request *request, const struct point *point, struct json_object *value, long number)
{
	const struct protocol *protocol = request->protocol;
	struct snapshot snapshot;
	struct settings *settings = &snapshot.settings;
	struct derived derived;
	char text[128];

	if (point->write != REGISTER_SETTING || !range_holds(point->range, number))
		return refuse(request, point->name, value, value_range(point->name, registers_allowed(point)));
	protocol->ops->snapshot(protocol->context, &snapshot);
	if (point->setting == SETTING_SYSTEM_VOLTAGE) {
		snprintf(text, sizeof(text), "82..660 x pt_ratio %.2f", settings->pt_ratio / 100.0);
		return refuse(request, point->name, value, text);
	}
	if (point->setting != SETTING_PULSE_ENERGY)
		return refuse(request, point->name, value, value_range(point->name, point->range));
	/* 10 kWh serve the largest meter that there is. */
	for (settings->pulse_energy = 10; settings->pulse_energy < 10000; settings->pulse_energy *= 10) {
		settings_derive(settings, &derived);
		if (!derived.pulse_unserved)
			break;
	}
	settings_derive(settings, &derived);
	snprintf(text, sizeof(text), "at least %d Wh at a maximum power of %.4g kW", settings->pulse_energy, derived.max_power_w / 1000);
	return refuse(request, point->name, value, text);
}

static int set_register(struct request *request, const struct point *point)
{
	const struct protocol *protocol = request->protocol;
	struct json_object *value;
	uint16_t word;
	long number;
	int result;

	if (get_value(request, point->name, registers_allowed(point), &value, &number))
		return -1;
	if (number < 0 || number > WORD_MAX)
		return refuse(request, point->name, value, value_range(point->name, registers_allowed(point)));
	word = (uint16_t)number;
	result = protocol->ops->write(protocol->context, point->number, 1, &word);
	if (result == REGISTERS_ILLEGAL_VALUE)
		return explain(request, point, value, number);
	if (result)
		return request_fail_write(request, point->name, result);
	json_add_text(request->reply, "name", point->name);
	json_add_integer(request->reply, "register", point->number);
	json_add(request->reply, "value", value_to_json(point->name, (int)number));
	return 0;
}

static int set_port(struct request *request, const struct port_setting *setting)
{
	const struct protocol *protocol = request->protocol;
	struct json_object *value;
	long number;
	int result;

	if (get_value(request, setting->name, setting->range, &value, &number))
		return -1;
	if (!range_holds(setting->range, number))
		return refuse(request, setting->name, value, value_range(setting->name, setting->range));
	result = protocol->ops->set(protocol->context, setting->which, (int)number);
	if (result == REGISTERS_ILLEGAL_VALUE || result == -EINVAL || result == -ERANGE)
		return refuse(request, setting->name, value, value_range(setting->name, setting->range));
	if (result)
		return request_fail_write(request, setting->name, result);
	json_add_text(request->reply, "name", setting->name);
	json_add(request->reply, "value", value_to_json(setting->name, (int)number));
	return 0;
}

/* The message does not repeat what may be half a password. */
static int set_password(struct request *request, const char *name)
{
	const struct protocol *protocol = request->protocol;
	const char *password;
	int result;

	if (!json_object_object_get_ex(request->object, "value", NULL))
		return request_fail(request, "bad_request", "value: missing, must be what %s shall be", name);
	if (!json_object_is_type(json_object_object_get(request->object, "value"), json_type_string) ||
	    request_get_text(request, "value", &password) || strlen(password) != 5 || strspn(password, "0123456789") != 5)
		return request_fail(request, "bad_value", "%s: must be text of five digits", name);
	result = protocol->ops->set_password(protocol->context, !strcmp(name, "setup_password"), password);
	if (result == -EINVAL)
		return request_fail(request, "bad_value", "%s: must be text of five digits", name);
	if (result)
		return request_fail_write(request, name, result);
	json_add_text(request->reply, "name", name);
	return 0;
}

int reply_set(struct request *request)
{
	const char *name;
	const struct point *point;

	if (request_get_text(request, "name", &name))
		return -1;
	if (!strcmp(name, "setup_password") || !strcmp(name, "reset_password"))
		return set_password(request, name);
	for (size_t i = 0; i < sizeof(port_settings) / sizeof(port_settings[0]); i++)
		if (!strcmp(name, port_settings[i].name))
			return set_port(request, &port_settings[i]);
	point = registers_find_name(name, NULL);
	if (!point)
		return request_fail(request, "unknown_name", "\"%.64s\" is no setting: must be a R/W register of the map, address, baud, "
				    "parity, setup_password or reset_password", name);
	if (point->write == REGISTER_READ_ONLY)
		return request_fail(request, "read_only", "%s: register %u can only be read", name, point->number);
	return set_register(request, point);
}

/* Writes the code of the action that the request names to register 129. */
static int act(struct request *request, const struct action *known, size_t n, const char *allowed)
{
	const struct protocol *protocol = request->protocol;
	const char *what;
	int result;

	if (request_get_text(request, "what", &what))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(what, known[i].what))
			continue;
		result = protocol->ops->write(protocol->context, COMMAND_REGISTER, 1, &known[i].code);
		if (result)
			return request_fail_write(request, what, result);
		json_add_text(request->reply, "what", what);
		return 0;
	}
	return request_fail(request, "bad_value", "what: got \"%.64s\", must be %s", what, allowed);
}

int reply_reset(struct request *request)
{
	return act(request, resets, sizeof(resets) / sizeof(resets[0]), "energy, demand, counters or log");
}

int reply_command(struct request *request)
{
	return act(request, actions, sizeof(actions) / sizeof(actions[0]), "sync");
}

int reply_store(struct request *request)
{
	request->protocol->ops->commit(request->protocol->context);
	return 0;
}
