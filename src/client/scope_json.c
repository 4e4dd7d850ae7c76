#include "client/scope_json.h"

#include <errno.h>
#include <math.h>

#include <json-c/json.h>

/* The member names are those of the control socket. */
static const char *const names[ADC_CHANNELS] = { "va", "vb", "vc", "ia", "ib", "ic" };

/* Nine digits: more than any of them is good for. */
static struct json_object *number(double value)
{
	char text[32];

	if (!isfinite(value))
		return NULL;
	snprintf(text, sizeof(text), "%.9g", value);
	return json_object_new_double_s(value, text);
}

static struct json_object *channel_object(const struct scope_channel *channel)
{
	struct json_object *object = json_object_new_object(), *fundamental = json_object_new_object();
	struct json_object *harmonics = json_object_new_array();

	json_object_object_add(object, "unit", json_object_new_string(channel->unit));
	json_object_object_add(object, "rms", number(channel->rms));
	json_object_object_add(object, "dc", number(channel->dc));
	json_object_object_add(object, "peak", number(channel->peak));
	json_object_object_add(object, "crest", number(channel->crest));
	json_object_object_add(object, "clipped", json_object_new_boolean(channel->clipped));
	json_object_object_add(fundamental, "rms", number(channel->phasor_rms));
	json_object_object_add(fundamental, "deg", number(channel->phasor_deg));
	json_object_object_add(object, "fundamental", fundamental);
	json_object_object_add(object, "thd_percent", number(100 * channel->thd));
	for (int h = 1; h <= HARMONICS_MAX; h++)
		json_object_array_add(harmonics, number(100 * channel->harmonic[h]));
	json_object_object_add(object, "harmonics_percent", harmonics);
	return object;
}

int scope_json_print(FILE *out, const struct scope_view *view)
{
	struct json_object *object = json_object_new_object(), *channels = json_object_new_object();

	json_object_object_add(object, "utc", json_object_new_string(view->time));
	json_object_object_add(object, "rate_hz", number(view->rate_hz));
	json_object_object_add(object, "hz", number(view->hz));
	json_object_object_add(object, "reference", view->reference < 0 ? NULL : json_object_new_string(names[view->reference]));
	json_object_object_add(object, "highest_harmonic", json_object_new_int64(view->highest));
	for (int c = 0; c < ADC_CHANNELS; c++)
		json_object_object_add(channels, names[c], channel_object(&view->channel[c]));
	json_object_object_add(object, "channels", channels);
	fprintf(out, "%s\n", json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	return ferror(out) ? -EIO : 0;
}
