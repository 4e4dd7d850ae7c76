/*
 * The protocol against a scripted meter: requests in, responses parsed by json-c, expectations from the scripted values.
 * One file, long, since all share that meter and the ways to ask it.
 */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "control/protocol.h"
#include "lib/check_main.h"
#include "lib/scripted_meter.h"
#include "metering/alerts.h"
#include "registers/registers.h"

static struct scripted_meter meter;
static struct protocol protocol;
static struct json_object *response;

static void setup(void)
{
	scripted_meter_init(&meter);
	protocol = (struct protocol){ .ops = &scripted_meter_ops, .context = &meter, .counters = { 3, 1, 2, 4 } };
}

static void teardown(void)
{
	json_object_put(response);
	response = NULL;
	pthread_mutex_destroy(&meter.lock);
}

/* The response to a request of `length` bytes; it must be one line of valid JSON. */
static struct json_object *ask_bytes(const char *request, size_t length)
{
	char *line = protocol_answer(&protocol, request, length);

	ck_assert_ptr_nonnull(line);
	ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
	json_object_put(response);
	response = json_tokener_parse(line);
	ck_assert_msg(response != NULL, "%s", line);
	free(line);
	return response;
}

/* At a path "status.adc.rate_hz"; fails where there is none. */
static struct json_object *at(const char *path)
{
	struct json_object *object = response;
	char copy[128];

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *rest = copy, *dot = rest; rest; rest = dot) {
		dot = strchr(rest, '.');
		if (dot)
			*dot++ = '\0';
		ck_assert_msg(json_object_object_get_ex(object, rest, &object), "no %s in %s", path, json_object_to_json_string(response));
	}
	return object;
}

static const char *text(const char *path)
{
	return json_object_get_string(at(path));
}

static double number(const char *path)
{
	ck_assert_msg(json_object_is_type(at(path), json_type_double) || json_object_is_type(at(path), json_type_int), "%s", path);
	return json_object_get_double(at(path));
}

static void ask(const char *request)
{
	ask_bytes(request, strlen(request));
}

/* `tail`: the members of the request behind v. */
static void succeed(const char *tail)
{
	char request[PROTOCOL_LINE_MAX + 1];

	snprintf(request, sizeof(request), "{\"v\":1,%s}", tail);
	ask(request);
	ck_assert_msg(json_object_get_boolean(at("ok")), "%s: %s", request, json_object_to_json_string(response));
}

static void fail_with(const char *tail, const char *code, const char *message)
{
	char request[PROTOCOL_LINE_MAX + 1];

	snprintf(request, sizeof(request), "{\"v\":1,%s}", tail);
	ask(request);
	ck_assert_msg(!json_object_get_boolean(at("ok")), "%s", request);
	ck_assert_str_eq(text("error.code"), code);
	ck_assert_msg(strstr(text("error.message"), message), "%s: \"%s\" lacks \"%s\"", request, text("error.message"), message);
}

START_TEST(every_response_has_version_and_the_id_as_it_came)
{
	static const char *const ids[] = { "7", "\"a\\\"b\"", "null", "true", "[1,{\"x\":[]}]", "1.5", "\"\\u0000\"", "-3",
		"9223372036854775807", "9223372036854775808", "18446744073709551615", "-9223372036854775808",
		"\"99999999999999999999\"", "\"\\\"99999999999999999999\"", "1e20", "99999999999999999999.5", "\"\xc3\xa4\"" };
	char request[128];

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct json_object *id = json_tokener_parse(ids[i]);

		snprintf(request, sizeof(request), "{\"v\":1,\"id\":%s,\"cmd\":\"ping\"}", ids[i]);
		ask(request);
		ck_assert_msg(json_object_equal(at("id"), id), "%s", request);
		ck_assert_int_eq(json_object_get_int(at("v")), 1);
		ck_assert_str_eq(text("version"), PACKAGE_VERSION);
		snprintf(request, sizeof(request), "{\"v\":1,\"id\":%s,\"cmd\":\"nonsense\"}", ids[i]);
		ask(request);
		ck_assert_msg(json_object_equal(at("id"), id), "%s", request);
		json_object_put(id);
	}
}
END_TEST

START_TEST(another_version_is_refused_and_told_which_is_spoken)
{
	static const char *const versions[] = { "0", "2", "\"1\"", "null", "1.0", "[1]" };
	char request[128];

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		snprintf(request, sizeof(request), "{\"v\":%s,\"id\":5,\"cmd\":\"ping\"}", versions[i]);
		ask(request);
		ck_assert_str_eq(text("error.code"), "bad_version");
		ck_assert_int_eq(json_object_get_int(json_object_array_get_idx(at("error.versions"), 0)), 1);
		ck_assert_int_eq(json_object_get_int(at("id")), 5);
	}
	ask("{\"cmd\":\"ping\"}");
	ck_assert_str_eq(text("error.code"), "bad_version");
	ask("{\"v\":1.0,\"cmd\":\"ping\"}");
	ck_assert_ptr_nonnull(strstr(text("error.message"), "v: got 1.0, must be the whole number 1,"));
}
END_TEST

START_TEST(what_is_no_request_is_told_apart)
{
	static const char *const bad[] = {
		"", "x", "{", "}", "[]", "5 ", "null", "\"v\"", "{\"v\":1,}", "{\"v\":1}x", "{\"v\":1}{\"v\":1}",
		"{\"v\":1,\"id\":NaN,\"cmd\":\"ping\"}", "{\"v\":1,\"id\":1e400,\"cmd\":\"ping\"}",
		"{\"v\":1,\"id\":99999999999999999999,\"cmd\":\"ping\"}", "{\"v\":1,\"id\":-99999999999999999999,\"cmd\":\"ping\"}",
		"{\"v\":1,\"id\":18446744073709551616,\"cmd\":\"ping\"}", "{\"v\":1,\"id\":-9223372036854775809,\"cmd\":\"ping\"}",
		"{\"v\":1,\"id\":[\"\\\\\",{\"x\":100000000000000000000}],\"cmd\":\"ping\"}",
		"{\"v\":1,\"id\":[[Infinity]],\"cmd\":\"ping\"}", "{\"v\":1,\"id\":\"\xff\",\"cmd\":\"ping\"}",
		"{\"v\":1,\"id\":[[[[[[[[[[[[]]]]]]]]]]]],\"cmd\":\"ping\"}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ask(bad[i]);
		ck_assert_msg(!strcmp(text("error.code"), "bad_json"), "%s: %s", bad[i], text("error.code"));
		ck_assert(at("id") == NULL);
	}
	ask_bytes("{\"v\":1,\"cmd\":\"ping\"}\0", 21);
	ck_assert_str_eq(text("error.code"), "bad_json");
	fail_with("\"id\":1", "bad_request", "cmd: missing");
	fail_with("\"cmd\":5", "bad_request", "cmd: got 5, must be text");
	fail_with("\"cmd\":\"ping\\u0000x\"", "bad_request", "cmd");
	fail_with("\"cmd\":\"reboot\"", "unknown_command", "must be one of ping, version, status");
}
END_TEST

START_TEST(unknown_keys_are_named_and_nothing_is_done)
{
	fail_with("\"cmd\":\"ping\",\"x\":1", "unknown_key", "unknown key x: ping takes v, id, cmd");
	fail_with("\"cmd\":\"set\",\"name\":\"ct_primary\",\"value\":200,\"valeu\":1", "unknown_key", "valeu: set takes v, id, cmd, name, value");
	fail_with("\"cmd\":\"store\",\"now\":true", "unknown_key", "now");
	ck_assert_uint_eq(meter.writes + meter.commits, 0);
}
END_TEST

START_TEST(status_shows_each_reading_by_its_name_in_the_maps_units)
{
	succeed("\"cmd\":\"status\"");
	ck_assert_double_eq_tol(number("readings.kw"), 37.5, 1e-9);
	ck_assert_double_eq_tol(number("readings.kvar_b"), 6.1, 1e-9);
	ck_assert_double_eq_tol(number("readings.v_bc"), 480.25, 1e-9);
	ck_assert_double_eq_tol(number("readings.v_cn"), 277.225, 1e-9);
	ck_assert_double_eq_tol(number("readings.amps_c"), 49.5, 1e-9);
	ck_assert_double_eq_tol(number("readings.pf_c"), 0.8945, 1e-9);
	ck_assert_double_eq_tol(number("readings.hz"), 60.01, 1e-9);
	ck_assert_int_eq(json_object_object_length(at("readings")), 29);
	ck_assert_double_eq_tol(number("demand.kw_max_demand"), 52, 1e-9);
	ck_assert_double_eq_tol(number("demand.kvar_demand"), 17.5, 1e-9);
	ck_assert(json_object_get_boolean(at("meter.live")));
	ck_assert_double_eq_tol(number("meter.uptime_s"), 97445, 1e-9);
	ck_assert_str_eq(text("meter.firmware"), "V12.345");
}
END_TEST

START_TEST(energies_are_shown_to_the_last_digit_that_is_kept)
{
	meter.snapshot.energies.kwh = (struct energy){ UINT64_C(123456789012345), 678901234 };
	succeed("\"cmd\":\"status\",\"parts\":[\"energy\"]");
	ck_assert_str_eq(text("energy.kwh"), "123456789012.345678901234");
	ck_assert_str_eq(text("energy.kvah"), "1400.000000000001");
	ck_assert_str_eq(text("energy.kwh_c"), "411.522630333334");
}
END_TEST

START_TEST(what_is_not_valid_is_null)
{
	scripted_meter_set_live(&meter, false);
	meter.snapshot.settings.system_type = 10;
	succeed("\"cmd\":\"status\"");
	json_object_object_foreach(at("readings"), key, value)
		ck_assert_msg(value == NULL, "%s", key);
	ck_assert(at("energy.kwh_b") == NULL);
	ck_assert(at("energy.kwh_a") != NULL);
	ck_assert(!json_object_get_boolean(at("meter.live")));
	meter.health.bus.last_request_ns = meter.health.store.last_commit_ns = 0;
	meter.health.adc.nominal_hz = 0;
	meter.health.adc.last_error = 0;
	succeed("\"cmd\":\"status\"");
	ck_assert(at("bus.last_request_s") == NULL);
	ck_assert(at("store.last_commit_s") == NULL);
	ck_assert(at("adc.clock_error_ppm") == NULL);
	ck_assert(at("adc.last_error") == NULL);
	ck_assert(at("log.newest") != NULL);
	meter.snapshot.log.newest_clock_s = DATALOG_NEVER;
	succeed("\"cmd\":\"status\",\"parts\":[\"log\"]");
	ck_assert(at("log.newest") == NULL);
}
END_TEST

START_TEST(status_shows_the_health_of_every_part)
{
	succeed("\"cmd\":\"status\"");
	ck_assert_str_eq(text("adc.source"), "sim");
	ck_assert_double_eq_tol(number("adc.clock_error_ppm"), 5.0, 1e-6);
	ck_assert_double_eq_tol(number("adc.lost"), 252, 1e-9);
	ck_assert_str_eq(text("adc.last_error"), strerror(EIO));
	ck_assert_double_eq_tol(number("bus.crc_errors"), 7, 1e-9);
	ck_assert_double_eq_tol(number("bus.last_request_s"), 1, 1e-9);
	ck_assert_str_eq(text("store.state"), "good");
	ck_assert_double_eq_tol(number("store.last_commit_s"), 4, 1e-9);
	ck_assert_double_eq_tol(number("outputs.energy.closures"), 1230, 1e-9);
	ck_assert(!json_object_get_boolean(at("outputs.alarm.working")));
	ck_assert(!json_object_get_boolean(at("outputs.reactive.configured")));
	ck_assert_str_eq(text("outputs.leds.energy"), "failing");
	ck_assert(at("outputs.leds.tx") == NULL);
	ck_assert_double_eq_tol(number("outputs.owed_1"), 3, 1e-9);
	ck_assert_double_eq_tol(number("log.serial"), 3, 1e-9);
	ck_assert_double_eq_tol(number("control.clients"), 3, 1e-9);
	ck_assert_double_eq_tol(number("control.dropped"), 1, 1e-9);
	ck_assert_double_eq_tol(number("control.busy"), 2, 1e-9);
	ck_assert_double_eq_tol(number("control.denied"), 4, 1e-9);
}
END_TEST

/* Register 146 as the map's text tells it, bit by bit. */
START_TEST(each_bit_of_146_has_its_word)
{
	static const char *const codes[16] = {
		"voltage_high_a", "voltage_high_b", "voltage_high_c", "current_high_a", "current_high_b", "current_high_c", "frequency", NULL,
		"phase_loss_a", "phase_loss_b", "phase_loss_c", "low_pf_a", "low_pf_b", "low_pf_c", "pulse_overrun", "pulse_config",
	};
	size_t n;

	alerts_words(&n);
	ck_assert_uint_eq(n, 15);
	for (unsigned bit = 0; bit < 16; bit++) {
		struct json_object *code;

		meter.snapshot.alerts = 1u << bit;
		succeed("\"cmd\":\"status\",\"parts\":[\"alerts\"]");
		ck_assert_double_eq_tol(number("alerts.value"), 1u << bit, 1e-9);
		ck_assert_uint_eq(json_object_array_length(at("alerts.list")), codes[bit] ? 1 : 0);
		if (!codes[bit])
			continue;
		json_object_object_get_ex(json_object_array_get_idx(at("alerts.list"), 0), "code", &code);
		ck_assert_str_eq(json_object_get_string(code), codes[bit]);
	}
}
END_TEST

START_TEST(parts_are_only_those_asked_for)
{
	succeed("\"cmd\":\"status\",\"parts\":[\"bus\",\"alerts\",\"bus\"]");
	/* v, id, ok and two parts */
	ck_assert_int_eq(json_object_object_length(response), 5);
	fail_with("\"cmd\":\"status\",\"parts\":[\"buss\"]", "bad_request", "got \"buss\", must be of meter, readings");
	fail_with("\"cmd\":\"status\",\"parts\":[\"bus\\u0000x\"]", "bad_request", "parts: got \"bus\\u0000x\", must be of");
	fail_with("\"cmd\":\"status\",\"parts\":[5]", "bad_request", "parts: got 5");
	fail_with("\"cmd\":\"status\",\"parts\":\"bus\"", "bad_request", "must be an array");
	fail_with("\"cmd\":\"status\",\"parts\":[]", "bad_request", "must be an array");
}
END_TEST

START_TEST(text_that_is_no_utf8_still_gives_valid_json)
{
	snprintf(meter.health.identity.vendor, sizeof(meter.health.identity.vendor), "Z\xe4hler\xc3");
	snprintf(meter.health.identity.model, sizeof(meter.health.identity.model), "\xc3\xa4 \"\\\x01");
	succeed("\"cmd\":\"status\"");
	ck_assert_str_eq(text("meter.vendor"), "Z?hler?");
	ck_assert_str_eq(text("meter.model"), "\xc3\xa4 \"\\\x01");
}
END_TEST

static struct json_object *row(unsigned i, const char *key)
{
	struct json_object *value = NULL;

	ck_assert_uint_lt(i, json_object_array_length(at("registers")));
	ck_assert(json_object_object_get_ex(json_object_array_get_idx(at("registers"), i), key, &value));
	return value;
}

START_TEST(registers_are_read_by_name_and_number_raw_and_decoded)
{
	/* 37.5 kW with scale W -2 is 3750; as a single 0x42160000 */
	succeed("\"cmd\":\"registers\",\"registers\":[\"kw\",26,2,\"max_power\"]");
	ck_assert_uint_eq(json_object_array_length(at("registers")), 5);
	ck_assert_int_eq(json_object_get_int(row(0, "register")), 3);
	ck_assert_str_eq(json_object_to_json_string_ext(row(0, "words"), JSON_C_TO_STRING_PLAIN), "[3750]");
	ck_assert_str_eq(json_object_get_string(row(0, "value")), "37.50");
	ck_assert_int_eq(json_object_get_int(row(1, "register")), 261);
	ck_assert_str_eq(json_object_to_json_string_ext(row(1, "words"), JSON_C_TO_STRING_PLAIN), "[16918,0]");
	ck_assert_str_eq(json_object_get_string(row(1, "value")), "37.5");
	ck_assert_str_eq(json_object_to_json_string_ext(row(2, "words"), JSON_C_TO_STRING_PLAIN), "[6001]");
	/* the second half of register 1: the whole of it; 1234567 Wh are 123456 of 10 Wh, 0x1E240 */
	ck_assert_int_eq(json_object_get_int(row(3, "register")), 1);
	ck_assert_str_eq(json_object_to_json_string_ext(row(3, "words"), JSON_C_TO_STRING_PLAIN), "[1,57920]");
	ck_assert_str_eq(json_object_get_string(row(3, "value")), "1234.56");
	/* sqrt 3 x 600 V x 100 A */
	ck_assert_str_eq(json_object_get_string(row(4, "value")), "103.92");
	fail_with("\"cmd\":\"registers\",\"registers\":[\"kwatt\"]", "unknown_name", "\"kwatt\"");
	fail_with("\"cmd\":\"registers\",\"registers\":[53]", "unknown_name", "53");
	fail_with("\"cmd\":\"registers\",\"registers\":[\"kw\\u0000x\"]", "unknown_name", "registers: \"kw\\u0000x\" is no register");
	fail_with("\"cmd\":\"registers\",\"registers\":[3.0]", "unknown_name", "registers: 3.0 is no register");
	fail_with("\"cmd\":\"registers\",\"registers\":[18446744073709551615]", "unknown_name", "18446744073709551615");
	fail_with("\"cmd\":\"registers\",\"registers\":[-1]", "unknown_name", "-1");
	fail_with("\"cmd\":\"registers\",\"registers\":[4294967297]", "unknown_name", "4294967297");
	fail_with("\"cmd\":\"registers\",\"registers\":[null]", "unknown_name", "null");
	scripted_meter_set_live(&meter, false);
	succeed("\"cmd\":\"registers\",\"registers\":[3,261]");
	ck_assert_int_eq(json_object_get_int(json_object_array_get_idx(row(0, "words"), 0)), 0x8000);
	ck_assert(row(0, "value") == NULL);
	ck_assert(row(1, "value") == NULL);
}
END_TEST

START_TEST(all_served_registers_come_at_once)
{
	size_t n, served = 0;
	const struct point *points = registers_points(&n);

	for (size_t i = 0; i < n; i++)
		served += points[i].registers <= 2;
	succeed("\"cmd\":\"registers\"");
	ck_assert_uint_eq(json_object_array_length(at("registers")), served);
}
END_TEST

START_TEST(set_writes_the_register_of_the_name)
{
	succeed("\"cmd\":\"set\",\"name\":\"ct_primary\",\"value\":200");
	ck_assert_uint_eq(meter.first, 131);
	ck_assert_uint_eq(meter.count, 1);
	ck_assert_uint_eq(meter.value, 200);
	ck_assert_int_eq(meter.snapshot.settings.ct_primary, 200);
	ck_assert_double_eq_tol(number("value"), 200, 1e-9);
	succeed("\"cmd\":\"set\",\"name\":\"ct_primary\",\"value\":1e2");
	ck_assert_uint_eq(meter.value, 100);
	succeed("\"cmd\":\"set\",\"name\":\"power_ups\",\"value\":9");
	ck_assert_uint_eq(meter.snapshot.power_ups, 9);
}
END_TEST

START_TEST(set_takes_values_as_the_configuration_writes_them)
{
	succeed("\"cmd\":\"set\",\"name\":\"pt_ratio\",\"value\":1.15");
	ck_assert_uint_eq(meter.value, 115);
	ck_assert_str_eq(text("value"), "1.15");
	succeed("\"cmd\":\"set\",\"name\":\"pt_ratio\",\"value\":4");
	ck_assert_uint_eq(meter.value, 400);
	for (int hundredths = 1; hundredths <= 32000; hundredths++) {
		char tail[80];

		snprintf(tail, sizeof(tail), "\"cmd\":\"set\",\"name\":\"pt_ratio\",\"value\":%d.%02d", hundredths / 100, hundredths % 100);
		succeed(tail);
		ck_assert_uint_eq(meter.value, hundredths);
	}
	succeed("\"cmd\":\"set\",\"name\":\"display_units\",\"value\":\"IEC\"");
	ck_assert_uint_eq(meter.value, 0);
	succeed("\"cmd\":\"set\",\"name\":\"parity\",\"value\":\"odd\"");
	ck_assert_int_eq(meter.snapshot.settings.parity, PARITY_ODD);
	succeed("\"cmd\":\"set\",\"name\":\"baud\",\"value\":9600");
	ck_assert_int_eq(meter.snapshot.settings.baud, 9600);
	succeed("\"cmd\":\"set\",\"name\":\"address\",\"value\":247");
	ck_assert_int_eq(meter.snapshot.settings.address, 247);
	succeed("\"cmd\":\"status\",\"parts\":[\"settings\"]");
	ck_assert_str_eq(text("settings.display_units"), "IEC");
	ck_assert_str_eq(text("settings.parity"), "odd");
	ck_assert_str_eq(text("settings.pt_ratio"), "320.00");
}
END_TEST

START_TEST(a_refused_value_is_told_with_name_value_and_range)
{
	static const struct {
		const char *tail, *message;
	} rows[] = {
		{ "\"ct_primary\",\"value\":0", "ct_primary: got 0, must be 1-32000" },
		{ "\"ct_primary\",\"value\":-5", "ct_primary: got -5, must be 1-32000" },
		{ "\"ct_primary\",\"value\":70000", "ct_primary: got 70000, must be 1-32000" },
		{ "\"ct_primary\",\"value\":65636", "ct_primary: got 65636, must be 1-32000" },
		{ "\"ct_primary\",\"value\":9223372036854775806", "must be 1-32000" },
		{ "\"ct_primary\",\"value\":1e300", "must be 1-32000" },
		{ "\"ct_primary\",\"value\":1.5", "ct_primary: got 1.5, must be a whole number: 1-32000" },
		{ "\"ct_primary\",\"value\":\"200\"", "ct_primary: got \"200\", must be a whole number: 1-32000" },
		{ "\"ct_primary\",\"value\":null", "got null" },
		{ "\"system_type\",\"value\":32", "system_type: got 32, must be 10,11,12,31,40" },
		{ "\"pt_ratio\",\"value\":1.005", "pt_ratio: got 1.005, must be 0.01-320.00, two decimals at most" },
		{ "\"pt_ratio\",\"value\":320.01", "must be 0.01-320.00" },
		{ "\"pt_ratio\",\"value\":0", "must be 0.01-320.00" },
		{ "\"pt_ratio\",\"value\":1e10", "must be 0.01-320.00" },
		{ "\"display_units\",\"value\":\"iec\"", "display_units: got \"iec\", must be IEC or IEEE" },
		{ "\"display_units\",\"value\":1", "must be IEC or IEEE" },
		{ "\"system_voltage\",\"value\":700", "system_voltage: got 700, must be 82..660 x pt_ratio 1.00" },
		{ "\"address\",\"value\":0", "address: got 0, must be 1-247" },
		{ "\"baud\",\"value\":57600", "baud: got 57600, must be 1200,2400,4800,9600,19200,38400" },
		{ "\"parity\",\"value\":\"mark\"", "parity: got \"mark\", must be none, even or odd" },
	};
	const struct settings before = meter.snapshot.settings;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char tail[160];

		snprintf(tail, sizeof(tail), "\"cmd\":\"set\",\"name\":%s", rows[i].tail);
		fail_with(tail, "bad_value", rows[i].message);
	}
	ck_assert_mem_eq(&before, &meter.snapshot.settings, sizeof(before));
	fail_with("\"cmd\":\"set\",\"name\":\"ct_primary\"", "bad_request", "value: missing");
}
END_TEST

START_TEST(a_pulse_energy_that_no_duration_serves_is_told_which_does)
{
	/* sqrt 3 x 600 V x 32000 A = 33.26 MW; 1800000 x 10 / 10 = 1.8 MW, 100 Wh 18 MW, 1000 Wh 180 MW */
	succeed("\"cmd\":\"set\",\"name\":\"ct_primary\",\"value\":32000");
	fail_with("\"cmd\":\"set\",\"name\":\"pulse_energy\",\"value\":100", "bad_value",
		  "pulse_energy: got 100, must be at least 1000 Wh at a maximum power of 3.326e+04 kW");
	fail_with("\"cmd\":\"set\",\"name\":\"pulse_energy\",\"value\":11", "bad_value", "pulse_energy: got 11, must be 10000,1000,100,10");
	succeed("\"cmd\":\"set\",\"name\":\"pulse_energy\",\"value\":1000");
}
END_TEST

START_TEST(what_cannot_be_set_is_not_written)
{
	fail_with("\"cmd\":\"set\",\"name\":\"kw\",\"value\":1", "read_only", "kw: register 3 can only be read");
	fail_with("\"cmd\":\"set\",\"name\":\"foo\",\"value\":1", "unknown_name", "\"foo\" is no setting");
	fail_with("\"cmd\":\"set\",\"value\":1", "bad_request", "name: missing");
	fail_with("\"cmd\":\"set\",\"name\":\"kw_a\\u0000\",\"value\":1", "bad_request", "name");
	ck_assert_uint_eq(meter.writes, 0);
}
END_TEST

START_TEST(passwords_are_five_digits_and_never_repeated)
{
	static const char *const bad[] = { "12345", "\"1234\"", "\"123456\"", "\"1234x\"", "\"12345\\u0000\"", "null", "\" 1234\"" };
	char tail[128];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(tail, sizeof(tail), "\"cmd\":\"set\",\"name\":\"setup_password\",\"value\":%s", bad[i]);
		fail_with(tail, "bad_value", "setup_password: must be text of five digits");
		ck_assert(!strstr(json_object_to_json_string(response), "1234"));
	}
	ck_assert_str_eq(meter.setup_password, "");
	succeed("\"cmd\":\"set\",\"name\":\"setup_password\",\"value\":\"00042\"");
	ck_assert_str_eq(meter.setup_password, "00042");
	ck_assert_str_eq(meter.reset_password, "");
	succeed("\"cmd\":\"set\",\"name\":\"reset_password\",\"value\":\"99999\"");
	ck_assert_str_eq(meter.reset_password, "99999");
	ck_assert(!strstr(json_object_to_json_string(response), "99999"));
}
END_TEST

START_TEST(resets_and_commands_write_their_code_to_129)
{
	static const struct {
		const char *tail;
		unsigned code;
	} rows[] = {
		{ "\"cmd\":\"reset\",\"what\":\"energy\"", 30078 }, { "\"cmd\":\"reset\",\"what\":\"demand\"", 21212 },
		{ "\"cmd\":\"reset\",\"what\":\"counters\"", 16498 }, { "\"cmd\":\"reset\",\"what\":\"log\"", 16640 },
		{ "\"cmd\":\"command\",\"what\":\"sync\"", 21211 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		succeed(rows[i].tail);
		ck_assert_uint_eq(meter.first, 129);
		ck_assert_uint_eq(meter.count, 1);
		ck_assert_uint_eq(meter.value, rows[i].code);
		ck_assert_uint_eq(meter.writes, i + 1);
	}
	fail_with("\"cmd\":\"reset\",\"what\":\"everything\"", "bad_value", "must be energy, demand, counters or log");
	fail_with("\"cmd\":\"reset\"", "bad_request", "what: missing");
	fail_with("\"cmd\":\"command\",\"what\":\"energy\"", "bad_value", "must be sync");
	ck_assert_uint_eq(meter.writes, sizeof(rows) / sizeof(rows[0]));
}
END_TEST

START_TEST(a_meter_that_cannot_is_told_apart_from_one_that_refuses)
{
	static const struct {
		int result;
		const char *code;
	} rows[] = { { CONTROL_BUSY, "busy" }, { CONTROL_TIMEOUT, "timeout" }, { -ENOMEM, "failed" }, { 2, "failed" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		meter.forced = rows[i].result;
		fail_with("\"cmd\":\"set\",\"name\":\"ct_primary\",\"value\":200", rows[i].code, "ct_primary: ");
		fail_with("\"cmd\":\"reset\",\"what\":\"energy\"", rows[i].code, "energy: ");
		if (rows[i].result < 0)
			fail_with("\"cmd\":\"set\",\"name\":\"baud\",\"value\":9600", rows[i].code, "baud: ");
	}
	meter.forced = 3;
	fail_with("\"cmd\":\"set\",\"name\":\"baud\",\"value\":9600", "bad_value", "baud: got 9600");
}
END_TEST

START_TEST(store_commits)
{
	succeed("\"cmd\":\"store\"");
	ck_assert_uint_eq(meter.commits, 1);
}
END_TEST

START_TEST(the_log_is_handed_out_page_by_page_without_a_gap)
{
	struct datalog_entry entry = meter.entry[0];
	uint64_t next = 0, expected = 7;
	bool more = true;
	int pages = 0;

	meter.entries = 0;
	for (unsigned i = 0; i < 700; i++) {
		entry.serial = 7 + i + (i >= 300);	/* a number is missing in the middle */
		scripted_meter_add_entry(&meter, &entry);
	}
	for (; more; pages++) {
		char tail[64];

		snprintf(tail, sizeof(tail), "\"cmd\":\"log\",\"from\":%llu", (unsigned long long)next);
		succeed(tail);
		ck_assert_uint_le(json_object_array_length(at("entries")), 256);
		for (size_t i = 0; i < json_object_array_length(at("entries")); i++, expected++) {
			struct json_object *serial;

			expected += expected == 307;
			json_object_object_get_ex(json_object_array_get_idx(at("entries"), i), "serial", &serial);
			ck_assert_uint_eq(json_object_get_uint64(serial), expected);
		}
		next = json_object_get_uint64(at("next"));
		more = json_object_get_boolean(at("more"));
	}
	ck_assert_uint_eq(expected, 708);
	ck_assert_int_eq(pages, 3);
	succeed("\"cmd\":\"log\",\"from\":708");
	ck_assert_uint_eq(json_object_array_length(at("entries")), 0);
	ck_assert_uint_eq(json_object_get_uint64(at("next")), 708);
	fail_with("\"cmd\":\"log\",\"from\":-1", "bad_request", "from: got -1, must be a whole number 0-");
	fail_with("\"cmd\":\"log\",\"from\":1.5", "bad_request", "from");
	fail_with("\"cmd\":\"log\",\"from\":9223372036854775808", "bad_request",
		  "from: got 9223372036854775808, must be a whole number 0-9223372036854775807");
	fail_with("\"cmd\":\"log\",\"from\":2.0", "bad_request", "from: got 2.0, must be a whole number 0-");
	succeed("\"cmd\":\"log\",\"from\":9223372036854775807");
	ck_assert_uint_eq(json_object_get_uint64(at("next")), INT64_MAX);
	fail_with("\"cmd\":\"log\",\"max\":257", "bad_request", "max: got 257, must be a whole number 1-256");
	fail_with("\"cmd\":\"log\",\"max\":0", "bad_request", "max");
}
END_TEST

START_TEST(edges_come_with_number_contact_and_time)
{
	const struct outputs_edge edges[] = { { 5, 1000000000, CONTACT_ENERGY, true }, { 6, 1500000000, CONTACT_ALARM, false } };
	struct json_object *edge, *value;

	scripted_meter_add_edge(&meter, &edges[0]);
	scripted_meter_add_edge(&meter, &edges[1]);
	succeed("\"cmd\":\"edges\",\"since\":5");
	ck_assert_uint_eq(json_object_array_length(at("edges")), 1);
	edge = json_object_array_get_idx(at("edges"), 0);
	json_object_object_get_ex(edge, "contact", &value);
	ck_assert_str_eq(json_object_get_string(value), "alarm");
	json_object_object_get_ex(edge, "closed", &value);
	ck_assert(!json_object_get_boolean(value));
	json_object_object_get_ex(edge, "t_ns", &value);
	ck_assert_int_eq(json_object_get_int64(value), 1500000000);
	ck_assert_uint_eq(json_object_get_uint64(at("next")), 6);
	ck_assert(!json_object_get_boolean(at("more")));
}
END_TEST

/* The largest of each answer, so that what may wait for a client and one answer more stay within the bound. */
/* `n` times "-". */
static void many_keys(unsigned n, char tail[1024])
{
	size_t used = (size_t)snprintf(tail, 1024, "\"cmd\":\"panel\",\"keys\":[");

	for (unsigned i = 0; i < n; i++)
		used += (size_t)snprintf(tail + used, 1024 - used, "%s\"-\"", i ? "," : "");
	snprintf(tail + used, 1024 - used, "]");
}

START_TEST(keys_are_pressed_in_order_and_wrong_ones_press_none)
{
	char tail[1024];

	succeed("\"cmd\":\"panel\",\"keys\":[\"+\",\"right\",\"next\",\"right\",\"up\",\"right\"]");
	ck_assert_int_eq(meter.snapshot.settings.address, 2);
	ck_assert_str_eq(text("screen.bottom"), "SAvEd");
	succeed("\"cmd\":\"panel\",\"keys\":[\"left\",\"back\",\"left\",\"down\"]");
	ck_assert_str_eq(text("screen.place"), "ENRGY");
	ck_assert_uint_eq(meter.keys, 10);
	fail_with("\"cmd\":\"panel\",\"keys\":[]", "bad_request", "keys: got []");
	fail_with("\"cmd\":\"panel\",\"keys\":\"+\"", "bad_request", "must be an array");
	fail_with("\"cmd\":\"panel\",\"keys\":[\"-\",1]", "bad_request", "keys: got 1, must be of +, -, right, left");
	fail_with("\"cmd\":\"panel\",\"keys\":[\"-\",\"Left\"]", "bad_request", "keys: got \"Left\"");
	fail_with("\"cmd\":\"panel\",\"key\":[\"-\"]", "unknown_key", "panel takes v, id, cmd, keys");
	many_keys(65, tail);
	fail_with(tail, "bad_request", "keys: got 65 keys, must be 1-64");
	ck_assert_uint_eq(meter.keys, 10);
	many_keys(64, tail);
	succeed(tail);
	/* 64 steps round seven titles */
	ck_assert_str_eq(text("screen.place"), "DEMND");
}
END_TEST

START_TEST(keys_that_cannot_be_pressed_say_why)
{
	meter.panel_forced = -EBUSY;
	fail_with("\"cmd\":\"panel\",\"keys\":[\"+\"]", "busy", "none of these was pressed");
	meter.panel_forced = -ETIMEDOUT;
	fail_with("\"cmd\":\"panel\",\"keys\":[\"+\"]", "timeout", "did not answer in time");
}
END_TEST

START_TEST(no_answer_is_longer_than_what_may_be_queued)
{
	struct datalog_entry entry = { .utc_s = 253402300799, .clock_s = 253402300799, .scale_i = -4, .scale_v = -4, .scale_w = -4, .scale_e = -4 };
	struct outputs_edge edge = { .t_ns = INT64_MAX, .contact = CONTACT_REACTIVE };
	char *line;

	meter.entries = 0;
	memset(entry.pointer, 0xFF, sizeof(entry.pointer));
	memset(entry.word, 0xFF, sizeof(entry.word));
	for (unsigned i = 0; i < 256; i++) {
		entry.serial = INT64_MAX - 1000 + i;
		scripted_meter_add_entry(&meter, &entry);
		edge.number = entry.serial;
		scripted_meter_add_edge(&meter, &edge);
	}
	static const char *const requests[] = {
		"{\"v\":1,\"cmd\":\"log\"}", "{\"v\":1,\"cmd\":\"edges\"}", "{\"v\":1,\"cmd\":\"status\"}", "{\"v\":1,\"cmd\":\"registers\"}",
	};

	for (size_t i = 0; i < 4; i++) {
		line = protocol_answer(&protocol, requests[i], strlen(requests[i]));
		printf("%s: %zu bytes\n", requests[i], strlen(line));
		ck_assert_uint_lt(strlen(line) + 64 * 1024 + 4096, 256 * 1024);
		free(line);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("control_protocol");
	TCase *tcase = tcase_create("protocol");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, every_response_has_version_and_the_id_as_it_came);
	tcase_add_test(tcase, another_version_is_refused_and_told_which_is_spoken);
	tcase_add_test(tcase, what_is_no_request_is_told_apart);
	tcase_add_test(tcase, unknown_keys_are_named_and_nothing_is_done);
	tcase_add_test(tcase, status_shows_each_reading_by_its_name_in_the_maps_units);
	tcase_add_test(tcase, energies_are_shown_to_the_last_digit_that_is_kept);
	tcase_add_test(tcase, what_is_not_valid_is_null);
	tcase_add_test(tcase, status_shows_the_health_of_every_part);
	tcase_add_test(tcase, each_bit_of_146_has_its_word);
	tcase_add_test(tcase, parts_are_only_those_asked_for);
	tcase_add_test(tcase, text_that_is_no_utf8_still_gives_valid_json);
	tcase_add_test(tcase, registers_are_read_by_name_and_number_raw_and_decoded);
	tcase_add_test(tcase, all_served_registers_come_at_once);
	tcase_add_test(tcase, set_writes_the_register_of_the_name);
	tcase_add_test(tcase, set_takes_values_as_the_configuration_writes_them);
	tcase_add_test(tcase, a_refused_value_is_told_with_name_value_and_range);
	tcase_add_test(tcase, a_pulse_energy_that_no_duration_serves_is_told_which_does);
	tcase_add_test(tcase, what_cannot_be_set_is_not_written);
	tcase_add_test(tcase, passwords_are_five_digits_and_never_repeated);
	tcase_add_test(tcase, resets_and_commands_write_their_code_to_129);
	tcase_add_test(tcase, a_meter_that_cannot_is_told_apart_from_one_that_refuses);
	tcase_add_test(tcase, store_commits);
	tcase_add_test(tcase, the_log_is_handed_out_page_by_page_without_a_gap);
	tcase_add_test(tcase, edges_come_with_number_contact_and_time);
	tcase_add_test(tcase, keys_are_pressed_in_order_and_wrong_ones_press_none);
	tcase_add_test(tcase, keys_that_cannot_be_pressed_say_why);
	tcase_add_test(tcase, no_answer_is_longer_than_what_may_be_queued);
	suite_add_tcase(suite, tcase);
	return check_main_run(suite);
}
