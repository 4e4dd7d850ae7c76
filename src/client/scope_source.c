#include "client/scope_source.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/monotonic.h"
#include "metering/calendar.h"

#define READ_SCANS 16384u
/* A window has 1.2 s: what the daemon still holds of it makes the first picture appear at once. */
#define HISTORY_S 1.5
#define NS_PER_S INT64_C(1000000000)

static void forget(struct scope_source *source)
{
	source->held = 0;
	source->clipped = 0;
}

static void disconnect(struct scope_source *source)
{
	if (source->samples)
		samples_close(source->samples);
	source->samples = NULL;
	control_client_close(&source->client);
	source->connected = false;
	forget(source);
}

static int begin(struct scope_source *source)
{
	int error = samples_open(&source->samples, &source->client, HISTORY_S);

	if (error) {
		source->samples = NULL;
		disconnect(source);
		return error;
	}
	source->connected = true;
	source->nominal_hz = 0;
	source->lost = 0;
	source->lost_ns = source->newest_ns = 0;
	return 0;
}

int scope_source_open(struct scope_source *source, const char *socket, const char *config)
{
	int status;

	*source = (struct scope_source){ .client = { .fd = -1 } };
	source->in_memory = malloc((size_t)READ_SCANS * ADC_CHANNELS * sizeof(double));
	if (!source->in_memory) {
		fputs("dinmeter scope: memory is short\n", stderr);
		return CLIENT_FAILED;
	}
	for (int c = 0; c < ADC_CHANNELS; c++)
		source->in.scans[c] = source->in_memory + (size_t)c * READ_SCANS;
	status = control_client_open(&source->client, socket, config);
	if (!status && begin(source))
		status = CLIENT_FAILED;
	if (status)
		scope_source_close(source);
	return status;
}

int scope_source_reopen(struct scope_source *source)
{
	char path[sizeof(source->client.path)];

	memcpy(path, source->client.path, sizeof(path));
	if (source->connected)
		return 0;
	return control_client_open(&source->client, path, NULL) ? -ENOTCONN : begin(source);
}

/* Windows of another length. */
static int adopt_rate(struct scope_source *source, double nominal_hz)
{
	double *history;

	free(source->window_memory);
	free(source->history[0]);
	source->history[0] = NULL;
	source->nominal_hz = 0;
	source->window_memory = malloc(window_bytes(nominal_hz));
	if (!source->window_memory)
		return -ENOMEM;
	window_init(&source->window, source->window_memory, nominal_hz);
	source->capacity = 2 * source->window.length + READ_SCANS;
	history = calloc((size_t)source->capacity * ADC_CHANNELS, sizeof(double));
	if (!history)
		return -ENOMEM;
	for (int c = 0; c < ADC_CHANNELS; c++)
		source->history[c] = history + (size_t)c * source->capacity;
	source->nominal_hz = nominal_hz;
	forget(source);
	return 0;
}

static void append(struct scope_source *source, const struct adc_block *in)
{
	unsigned keep = source->window.length, surplus = source->held > keep ? source->held - keep : 0;
	bool full = source->held + in->n > source->capacity;

	for (int c = 0; c < ADC_CHANNELS; c++) {
		double *history = source->history[c];

		if (full)
			memmove(history, history + surplus, (source->held - surplus) * sizeof(double));
		for (unsigned k = 0; k < in->n; k++)
			history[source->held - (full ? surplus : 0) + k] = in->scans[c][k];
	}
	/* clipping is told for a window's length at least */
	if (full)
		source->clipped = 0;
	source->held += in->n - (full ? surplus : 0);
	source->clipped |= in->clipped;
}

static int take(struct scope_source *source, struct adc_block *in)
{
	if (in->nominal_hz != source->nominal_hz && adopt_rate(source, in->nominal_hz))
		return -ENOMEM;
	if (in->lost > 0 || in->restarted)
		forget(source);
	if (in->lost > 0) {
		source->lost += in->lost;
		source->lost_ns = in->t_ns;
	}
	source->rate_hz = in->rate_hz;
	source->scale = samples_primary_scale(source->samples);
	source->newest_ns = in->t_ns;
	memcpy(source->errors.delay_us, in->delay_us, sizeof(in->delay_us));
	append(source, in);
	return (int)in->n;
}

int scope_source_read(struct scope_source *source, int timeout_ms)
{
	uint64_t first;
	int n;

	if (!source->connected)
		return -ENOTCONN;
	n = samples_read(source->samples, &source->in, READ_SCANS, timeout_ms, &first);
	if (n > 0)
		n = take(source, &source->in);
	if (n < 0)
		disconnect(source);
	return n;
}

double scope_source_filled(const struct scope_source *source)
{
	if (!(source->nominal_hz > 0))
		return 0;
	return fmin(1, (double)source->held / source->window.length);
}

bool scope_source_stale(const struct scope_source *source, int64_t now_ns)
{
	return now_ns - source->newest_ns > SCOPE_SOURCE_STALE_NS;
}

void scope_source_rebuild(const struct scope_source *source, const struct scope_options *options, struct scope_view *view)
{
	struct harmonics harmonics;

	harmonics_compute(&source->window, source->rate_hz, &source->errors, &harmonics);
	scope_view_build(view, options, &source->window, &source->errors, &harmonics);
	for (int c = 0; c < ADC_CHANNELS; c++)
		view->channel[c].clipped = source->clipped >> c & 1;
	snprintf(view->title, sizeof(view->title), "dinmeter scope");
	calendar_text((source->newest_ns + monotonic_to_utc_ns()) / NS_PER_S, view->time);
}

static void copy_window(struct scope_source *source)
{
	struct window *window = &source->window;

	for (int c = 0; c < ADC_CHANNELS; c++) {
		const double *newest = source->history[c] + (source->held - window->length);

		for (unsigned k = 0; k < window->length; k++)
			window->scans[c][k] = newest[k] * source->scale[c];
	}
	window->fill = window->length;
}

void scope_source_take(struct scope_source *source)
{
	copy_window(source);
	forget(source);
}

void scope_source_build(struct scope_source *source, const struct scope_options *options, struct scope_view *view)
{
	copy_window(source);
	scope_source_rebuild(source, options, view);
}

static bool is_true(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) && json_object_get_boolean(value);
}

void scope_source_explain(struct scope_source *source, char *text, size_t size)
{
	struct json_object *members = json_object_new_object(), *parts = json_object_new_array(), *status, *adc, *error;

	snprintf(text, size, "the daemon does not say why");
	json_object_array_add(parts, json_object_new_string("adc"));
	json_object_object_add(members, "parts", parts);
	status = control_client_ask(&source->client, "status", members);
	if (!status)
		return;
	if (!json_object_object_get_ex(status, "adc", &adc))
		adc = NULL;
	if (adc && is_true(adc, "ended"))
		snprintf(text, size, "the recording is at its end");
	else if (adc && json_object_object_get_ex(adc, "last_error", &error) && error)
		snprintf(text, size, "the ADC: %s", json_object_get_string(error));
	else if (adc)
		snprintf(text, size, is_true(adc, "open") ? "the ADC is open, but gives none" : "the ADC is not open");
	json_object_put(status);
}

void scope_source_close(struct scope_source *source)
{
	disconnect(source);
	free(source->window_memory);
	free(source->history[0]);
	free(source->in_memory);
	source->window_memory = source->in_memory = source->history[0] = NULL;
}
