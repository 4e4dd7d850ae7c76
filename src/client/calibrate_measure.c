/* The meter's part of a reading: the samples of some seconds, measured as the meter measures. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "client/calibrate.h"
#include "client/client.h"
#include "client/scope_source.h"
#include "daemon/monotonic.h"
#include "metering/moments.h"

#define STEP_US 50.0
#define READ_MS 200
#define PATIENCE_NS INT64_C(5000000000)	/* without a whole second of samples */

static const char *const names[ADC_CHANNELS] = { "va", "vb", "vc", "ia", "ib", "ic" };

/* Sums over the seconds, and the spread of each. */
struct look {
	struct calibration_point sum;
	double least[3], most[3];
	int n;
};

static void add(struct look *look, const struct calibration_point *point)
{
	const double value[3] = { point->v, point->a, point->w };
	struct calibration_point *sum = &look->sum;

	for (int i = 0; i < 3; i++) {
		look->least[i] = look->n ? fmin(look->least[i], value[i]) : value[i];
		look->most[i] = look->n ? fmax(look->most[i], value[i]) : value[i];
	}
	sum->v += point->v * point->v;
	sum->a += point->a * point->a;
	sum->w += point->w;
	sum->hz += point->hz;
	sum->p1 += point->p1;
	sum->q1 += point->q1;
	sum->slope += point->slope;
	sum->bend += point->bend;
	look->n++;
}

static struct calibration_point mean(const struct look *look)
{
	struct calibration_point point = look->sum;
	double n = look->n;

	point.v = sqrt(point.v / n);
	point.a = sqrt(point.a / n);
	point.w /= n;
	point.hz /= n;
	point.p1 /= n;
	point.q1 /= n;
	point.slope /= n;
	point.bend /= n;
	return point;
}

/* One second, of all phases.  False: it cannot be used. */
static bool look_once(struct scope_source *source, struct look look[PHASES])
{
	static const struct frequency_reference references[] = { { { 1, 0, 0 } }, { { 0, 1, 0 } }, { { 0, 0, 1 } } };
	struct channel_errors errors[3] = { source->errors, source->errors, source->errors };
	struct moments moments[3];
	struct calibration_point point;

	for (int p = 0; p < PHASES; p++) {
		errors[1].delay_us[ADC_IA + p] += STEP_US;
		errors[2].delay_us[ADC_IA + p] -= STEP_US;
	}
	for (int i = 0; i < 3; i++)
		moments_compute(&source->window, source->rate_hz, &errors[i], references, PHASES, 0, &moments[i]);
	if (!moments_finite(&moments[0]) || !moments[0].steady)
		return false;
	for (int p = 0; p < PHASES; p++) {
		calibration_read(&moments[0], &moments[1], &moments[2], STEP_US, p, &point);
		add(&look[p], &point);
	}
	return true;
}

static int collect(struct scope_source *source, struct look look[PHASES], int seconds)
{
	int64_t since_ns = monotonic_ns();
	char why[160];

	while (look[0].n < seconds) {
		if (scope_source_read(source, READ_MS) < 0)
			return CLIENT_FAILED;
		if (source->clipped) {
			fputs("dinmeter calibrate: a channel is clipped: the load is beyond the converter's range\n", stderr);
			return CLIENT_FAILED;
		}
		if (scope_source_filled(source) >= 1) {
			scope_source_take(source);
			if (look_once(source, look))
				since_ns = monotonic_ns();
		}
		if (monotonic_ns() - since_ns <= PATIENCE_NS)
			continue;
		scope_source_explain(source, why, sizeof(why));
		fprintf(stderr, "dinmeter calibrate: no whole second of samples with a mains frequency within 5 s: %s\n", why);
		return CLIENT_FAILED;
	}
	return CLIENT_DONE;
}

static int check_steady(const struct look *look, const struct calibrate_reference *reference, double steady)
{
	static const char *const quantity[3] = { "voltage", "current", "power" };

	for (int p = 0; p < PHASES; p++) {
		struct calibration_point point = mean(&look[p]);
		double base[3] = { point.v, point.a, point.v * point.a };

		if (!reference->told[p])
			continue;
		if (!(point.v > 0 && point.a > 0)) {
			fprintf(stderr, "dinmeter calibrate: phase %c: the meter reads %g V and %g A: nothing to compare with\n", 'a' + p, point.v,
				point.a);
			return CLIENT_FAILED;
		}
		for (int i = 0; i < 3; i++) {
			double moved = (look[p].most[i] - look[p].least[i]) / base[i];

			if (moved <= steady)
				continue;
			fprintf(stderr, "dinmeter calibrate: phase %c: the %s moved by %.3g %% within %d s, more than %.3g %%: wait until the load "
				"is steady, or allow more by --steady\n", 'a' + p, quantity[i], 100 * moved, look[p].n, 100 * steady);
			return CLIENT_FAILED;
		}
	}
	return CLIENT_DONE;
}

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	return object && json_object_object_get_ex(object, key, &value) ? value : NULL;
}

/* Ratios, scale and settings of transformers in one number.  A recording has a step of its own. */
static void read_factors(const struct scope_source *source, double factor[ADC_CHANNELS])
{
	const struct tap_source *samples = samples_source(source->samples);

	for (int c = 0; c < ADC_CHANNELS; c++)
		factor[c] = source->scale[c] * (samples->primary || !(samples->step[c] > 0) ? 1 : samples->step[c]);
}

/* The channels as configured. */
static int read_channels(struct control_client *client, const double factor[ADC_CHANNELS], struct calibrate_readings *readings)
{
	struct json_object *members = json_object_new_object(), *parts = json_object_new_array(), *status, *order;
	int ret = CLIENT_DONE;

	json_object_array_add(parts, json_object_new_string("adc"));
	json_object_object_add(members, "parts", parts);
	status = control_client_ask(client, "status", members);
	if (!status)
		return CLIENT_FAILED;
	order = member(member(status, "adc"), "sinc_order");
	for (int c = 0; c < ADC_CHANNELS && !ret; c++) {
		struct json_object *one = member(member(member(status, "adc"), "channels"), names[c]);
		struct calibrate_channel now = { .gain = json_object_get_double(member(one, "gain")),
						 .delay_us = json_object_get_double(member(one, "delay_us")),
						 .factor = factor[c],
						 .sinc_order = json_object_get_int(order) };

		if (!one || !order) {
			fputs("dinmeter calibrate: the daemon does not tell its channels: it is older than this command\n", stderr);
			ret = CLIENT_FAILED;
			break;
		}
		snprintf(now.name, sizeof(now.name), "%s", json_object_get_string(member(one, "channel")));
		readings->channel[c] = now;
	}
	json_object_put(status);
	return ret;
}

int calibrate_measure(struct calibrate_readings *one, const struct calibrate_reference *reference, const char *socket,
		      const char *config, int seconds, double steady)
{
	struct look look[PHASES] = { { .n = 0 } };
	double factor[ADC_CHANNELS] = { 0 };
	struct scope_source source;
	int status = scope_source_open(&source, socket, config);

	if (status)
		return status;
	/* the meter takes out the droop of a sinc filter, which the samples have */
	status = read_channels(&source.client, factor, one);
	source.errors.sinc_order = (unsigned)one->channel[0].sinc_order;
	if (!status)
		status = collect(&source, look, seconds);
	if (!status)
		read_factors(&source, factor);
	scope_source_close(&source);
	if (!status)
		status = check_steady(look, reference, steady);
	if (!status) {
		struct control_client client;

		status = control_client_open(&client, socket, config);
		if (!status) {
			status = read_channels(&client, factor, one);
			control_client_close(&client);
		}
	}
	for (int p = 0; p < PHASES && !status; p++) {
		struct calibration_point *point = &one->point[p][0];

		one->n[p] = reference->told[p];
		*point = mean(&look[p]);
		point->reference_v = reference->v[p];
		point->reference_a = reference->a[p];
		point->reference_w = reference->w[p];
	}
	return status;
}

static bool is_same(const struct calibrate_channel *a, const struct calibrate_channel *b)
{
	return !strcmp(a->name, b->name) && a->gain == b->gain && a->delay_us == b->delay_us && a->sinc_order == b->sinc_order &&
	       fabs(a->factor - b->factor) <= 1e-9 * b->factor;
}

int calibrate_add(struct calibrate_readings *readings, const struct calibrate_readings *one)
{
	for (int c = 0; c < ADC_CHANNELS; c++) {
		if (readings->channel[c].gain > 0 && !is_same(&readings->channel[c], &one->channel[c])) {
			fprintf(stderr, "dinmeter calibrate: channel %s, its ratio, sinc_order or a setting of its transformer is configured otherwise than for the "
				"readings before: begin a new file\n", names[c]);
			return CLIENT_FAILED;
		}
		readings->channel[c] = one->channel[c];
	}
	for (int p = 0; p < PHASES; p++) {
		if (!one->n[p])
			continue;
		if (readings->n[p] == CALIBRATION_POINTS_MAX) {
			fprintf(stderr, "dinmeter calibrate: phase %c: there are %d readings, which is the most\n", 'a' + p, CALIBRATION_POINTS_MAX);
			return CLIENT_FAILED;
		}
		readings->point[p][readings->n[p]++] = one->point[p][0];
	}
	return CLIENT_DONE;
}
