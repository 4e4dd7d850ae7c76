/*
 * Any request line to the control socket's protocol, before a scripted meter.  Beside crashes: the answer is one line of valid JSON
 * with version, id as it came and ok, and no longer than may be queued for a client; what changes the meter went through its checks.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "control/connection.h"
#include "control/protocol.h"
#include "lib/scripted_meter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct scripted_meter meter;

static void check(const char *line, struct json_object *request)
{
	struct json_object *response = json_tokener_parse(line), *version, *id = NULL, *ok, *asked, *code;
	size_t length = strlen(line);

	if (!response || line[length - 1] != '\n' || strchr(line, '\n') != line + length - 1)
		abort();
	if (length + CONNECTION_PENDING_MAX > CONNECTION_OUT_MAX)
		abort();
	if (!json_object_object_get_ex(response, "v", &version) || json_object_get_int(version) != PROTOCOL_VERSION ||
	    !json_object_object_get_ex(response, "id", &id) || !json_object_object_get_ex(response, "ok", &ok))
		abort();
	if (!json_object_get_boolean(ok) && (!json_object_object_get_ex(response, "error", &ok) ||
					     !json_object_object_get_ex(ok, "code", &code)))
		abort();
	if (json_object_get_boolean(ok) && !request)
		abort();
	/* what was no request has no id */
	if (json_object_object_get_ex(request, "id", &asked) && id && !json_object_equal(id, asked))
		abort();
	json_object_put(response);
}

static void feed(const char *line, size_t length)
{
	struct protocol protocol = { .ops = &scripted_meter_ops, .context = &meter };
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *request = json_tokener_parse_ex(tokener, line, (int)length);
	char *answer = protocol_answer(&protocol, line, length);
	enum setting which;

	if (!answer)
		abort();
	check(answer, request);
	if (settings_check(&meter.snapshot.settings, &which) && which != SETTING_SYSTEM_VOLTAGE && which != SETTING_PULSE_ENERGY)
		abort();
	free(answer);
	json_object_put(request);
	json_tokener_free(tokener);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scripted_meter_init(&meter);
	while (size > 0) {
		const uint8_t *newline = memchr(data, '\n', size);
		size_t length = newline ? (size_t)(newline - data) : size;
		char *line = malloc(length ? length : 1);	/* exactly as long, so that a sanitizer sees a read behind it */

		if (!line)
			abort();
		memcpy(line, data, length);
		if (length <= PROTOCOL_LINE_MAX)
			feed(line, length);
		free(line);
		data += length + (newline != NULL);
		size -= length + (newline != NULL);
	}
	pthread_mutex_destroy(&meter.lock);
	return 0;
}
