#include "control/protocol.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/request.h"

#define KEYS_MAX 4
#define SERIALISE (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

static int reply_ping(struct request *request)
{
	json_add_text(request->reply, "program", "dinmeterd");
	json_add_text(request->reply, "version", PACKAGE_VERSION);
	return 0;
}

/* `keys`: what a command takes beside v, id and cmd. */
static const struct command {
	const char *name;
	int (*reply)(struct request *request);
	const char *keys[KEYS_MAX];
} commands[] = {
	{ "ping", reply_ping, { NULL } },
	{ "version", reply_ping, { NULL } },
	{ "status", reply_status, { "parts" } },
	{ "registers", reply_registers, { "registers" } },
	{ "set", reply_set, { "name", "value" } },
	{ "reset", reply_reset, { "what" } },
	{ "command", reply_command, { "what" } },
	{ "store", reply_store, { NULL } },
	{ "log", reply_log, { "from", "max" } },
	{ "edges", reply_edges, { "since", "max" } },
	{ "panel", reply_panel, { "keys" } },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static bool takes(const struct command *command, const char *key)
{
	if (!strcmp(key, "v") || !strcmp(key, "id") || !strcmp(key, "cmd"))
		return true;
	for (size_t i = 0; i < KEYS_MAX && command->keys[i]; i++)
		if (!strcmp(key, command->keys[i]))
			return true;
	return false;
}

/* Appends words to a list in `text`. */
static void list(char *text, size_t size, const char *word)
{
	size_t used = strlen(text);

	if (used + strlen(word) + 3 <= size)
		snprintf(text + used, size - used, "%s%s", used ? ", " : "", word);
}

static int check_keys(struct request *request, const struct command *command)
{
	char allowed[128] = "";

	json_object_object_foreach(request->object, key, value) {
		(void)value;
		if (takes(command, key))
			continue;
		list(allowed, sizeof(allowed), "v, id, cmd");
		for (size_t i = 0; i < KEYS_MAX && command->keys[i]; i++)
			list(allowed, sizeof(allowed), command->keys[i]);
		return request_fail(request, "unknown_key", "unknown key %.64s: %s takes %s", key, command->name, allowed);
	}
	return 0;
}

static int check_version(struct request *request)
{
	struct json_object *version;
	char shown[REQUEST_SHOWN_MAX];

	if (!json_object_object_get_ex(request->object, "v", &version))
		return request_fail(request, "bad_version", "v: missing, must be %d", PROTOCOL_VERSION);
	if (json_object_is_type(version, json_type_int) && json_object_get_int64(version) == PROTOCOL_VERSION)
		return 0;
	return request_fail(request, "bad_version", "v: got %s, must be the whole number %d, the only version of the protocol that is spoken here",
			    request_show(version, shown), PROTOCOL_VERSION);
}

static int carry_out(struct request *request)
{
	const char *name;
	char names[160] = "";

	if (check_version(request) || request_get_text(request, "cmd", &name))
		return -1;
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(name, commands[i].name))
			return check_keys(request, &commands[i]) ? -1 : commands[i].reply(request);
	for (size_t i = 0; i < COMMANDS; i++)
		list(names, sizeof(names), commands[i].name);
	return request_fail(request, "unknown_command", "cmd: got \"%.64s\", must be one of %s", name, names);
}

/* Is the number of n characters (JSON: no zeros before it) a double, or a whole one of 64 bits with a sign or without? */
static bool number_fits(const char *number, size_t n)
{
	const char *most = *number == '-' ? "-9223372036854775808" : "18446744073709551615";

	for (size_t i = 0; i < n; i++)
		if (strchr(".eE", number[i]))
			return true;
	return n < strlen(most) || (n == strlen(most) && strncmp(number, most, n) <= 0);
}

/* json-c makes the nearest of 64 bits of a whole number beyond: the line itself (valid JSON, no NUL) tells. */
static bool integers_sound(const char *line, size_t length)
{
	const char *end = line + length;
	bool quoted = false;

	for (const char *at = line; at < end; at++) {
		const char *number = at;

		if (*at == '"')
			quoted = !quoted;
		else if (quoted)
			at += *at == '\\';
		else if (strchr("-0123456789", *at)) {
			while (at + 1 < end && strchr("0123456789.eE+-", at[1]))
				at++;
			if (!number_fits(number, (size_t)(at + 1 - number)))
				return false;
		}
	}
	return true;
}

/*
 * json-c takes NaN, Infinity and 1e400, and would give "1." back as it came: none of these is let in, so what is echoed is what
 * was sent, and valid.  Depth is bounded by the parser.
 */
static bool doubles_sound(struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_double:
		/* also forgets the text it was read from */
		return isfinite(json_object_get_double(value)) && json_object_set_double(value, json_object_get_double(value));
	case json_type_array:
		for (size_t i = 0; i < json_object_array_length(value); i++)
			if (!doubles_sound(json_object_array_get_idx(value, i)))
				return false;
		return true;
	case json_type_object: {
		json_object_object_foreach(value, key, member) {
			(void)key;
			if (!doubles_sound(member))
				return false;
		}
		return true;
	}
	default:
		return true;
	}
}

/* 0 and request->object, or -1 and the error. */
static int parse(struct request *request, const char *line, size_t length)
{
	struct json_tokener *tokener = json_tokener_new_ex(PROTOCOL_DEPTH_MAX);
	enum json_tokener_error error;
	size_t end;

	if (!tokener)
		return request_fail(request, "failed", "memory is short");
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	request->object = memchr(line, '\0', length) ? NULL : json_tokener_parse_ex(tokener, line, (int)length);
	error = json_tokener_get_error(tokener);
	end = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);
	if (memchr(line, '\0', length))
		return request_fail(request, "bad_json", "byte %zu is NUL", (size_t)((const char *)memchr(line, '\0', length) - line) + 1);
	if (error == json_tokener_continue)
		return request_fail(request, "bad_json", "the line ends within an object, or holds none");
	if (error != json_tokener_success)
		return request_fail(request, "bad_json", "byte %zu: %s", end + 1, json_tokener_error_desc(error));
	if (!json_object_is_type(request->object, json_type_object))
		return request_fail(request, "bad_json", "a request is a JSON object");
	if (integers_sound(line, length) && doubles_sound(request->object))
		return 0;
	json_object_put(request->object);
	request->object = NULL;
	return request_fail(request, "bad_json", "a number is out of range");
}

static char *to_line(struct json_object *response)
{
	size_t length;
	const char *text = json_object_to_json_string_length(response, SERIALISE, &length);
	char *line = text ? malloc(length + 2) : NULL;

	if (!line)
		return NULL;
	memcpy(line, text, length);
	line[length] = '\n';
	line[length + 1] = '\0';
	return line;
}

static void add_error(struct json_object *response, const char *code, const char *message)
{
	struct json_object *error = json_object_new_object();

	json_add_text(error, "code", code);
	json_add_text(error, "message", message);
	if (!strcmp(code, "bad_version")) {
		struct json_object *versions = json_object_new_array();

		json_object_array_add(versions, json_object_new_int(PROTOCOL_VERSION));
		json_add(error, "versions", versions);
	}
	json_add(response, "error", error);
}

static char *respond(const struct request *request)
{
	struct json_object *response = json_object_new_object(), *id = NULL;
	char *line;

	json_add_integer(response, "v", PROTOCOL_VERSION);
	json_object_object_get_ex(request->object, "id", &id);
	json_add(response, "id", json_object_get(id));
	json_add_bool(response, "ok", !request->code);
	if (request->code) {
		add_error(response, request->code, request->message);
	} else {
		json_object_object_foreach(request->reply, key, value)
			json_add(response, key, json_object_get(value));
	}
	line = to_line(response);
	json_object_put(response);
	return line;
}

char *protocol_answer(const struct protocol *protocol, const char *line, size_t length)
{
	struct request request = { .protocol = protocol, .reply = json_object_new_object() };
	char *answer = NULL;

	if (!request.reply)
		return NULL;
	if (!parse(&request, line, length))
		carry_out(&request);
	answer = respond(&request);
	json_object_put(request.object);
	json_object_put(request.reply);
	return answer;
}

char *protocol_error(const char *code, const char *message)
{
	struct request request = { .code = code };

	snprintf(request.message, sizeof(request.message), "%s", message);
	return respond(&request);
}
