#include "adc/comtrade_map.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { KIND_VOLTAGE, KIND_CURRENT };

const char *comtrade_channel_key(int channel)
{
	static const char *const keys[ADC_CHANNELS] = { "va", "vb", "vc", "ia", "ib", "ic" };

	return keys[channel];
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* 'V' or 'A' for a base unit, else 0. */
static char base_quantity(struct comtrade_span unit)
{
	static const struct { const char *word; char quantity; } words[] = {
		{ "V", 'V' }, { "VOLT", 'V' }, { "VOLTS", 'V' }, { "VRMS", 'V' },
		{ "A", 'A' }, { "AMP", 'A' }, { "AMPS", 'A' }, { "AMPERE", 'A' }, { "AMPERES", 'A' }, { "ARMS", 'A' },
	};

	for (size_t i = 0; i < unit.length; i++)
		if (!is_letter(unit.at[i]))
			unit.length = i;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (comtrade_equal(unit, words[i].word))
			return words[i].quantity;
	return 0;
}

void comtrade_parse_unit(struct comtrade_span unit, double *factor, char *quantity)
{
	static const struct { const char *prefix; double factor; } prefixes[] = {
		{ "k", 1e3 }, { "K", 1e3 }, { "M", 1e6 }, { "m", 1e-3 }, { "u", 1e-6 },
		{ "\xb5", 1e-6 }, { "\xc2\xb5", 1e-6 }, { "\xce\xbc", 1e-6 },	/* micro in Latin-1 and UTF-8, mu */
	};

	if (unit.length && (unit.at[0] == '[' || unit.at[0] == '('))
		unit = (struct comtrade_span){ unit.at + 1, unit.length - 1 };
	*factor = 1;
	*quantity = base_quantity(unit);
	for (size_t i = 0; !*quantity && i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t n = strlen(prefixes[i].prefix);

		if (unit.length <= n || memcmp(unit.at, prefixes[i].prefix, n) != 0)
			continue;
		*quantity = base_quantity((struct comtrade_span){ unit.at + n, unit.length - n });
		*factor = *quantity ? prefixes[i].factor : 1;
	}
}

/* "A", "1", "L1", "R" (of R S T) ... */
static char phase_letter(struct comtrade_span phase)
{
	static const char *const words[][6] = {
		{ "A", "1", "L1", "R", "AN", "L1N" }, { "B", "2", "L2", "S", "BN", "L2N" }, { "C", "3", "L3", "T", "CN", "L3N" },
		{ "N", "G", "E", "NE", "NG", "3I0" },
	};

	for (unsigned i = 0; i < 4; i++)
		for (unsigned k = 0; k < 6; k++)
			if (comtrade_equal(phase, words[i][k]))
				return "ABCN"[i];
	return 0;
}

void comtrade_map_init(struct comtrade_map *map, const struct adc_channel_config *want)
{
	memset(map, 0, sizeof(*map));
	map->want = want;
	map->all_automatic = true;
	for (int c = 0; c < ADC_CHANNELS; c++)
		if (want[c].channel[0])
			map->all_automatic = false;
	for (int c = 0; c < ADC_CHANNELS; c++) {
		char unset[sizeof(want[c].channel)];

		snprintf(unset, sizeof(unset), "voltage%d", c);
		map->automatic[c] = map->all_automatic || !strcmp(want[c].channel, unset);
	}
}

static void fill_pick(struct comtrade_pick *pick, const struct comtrade_analog *analog, double factor, char quantity)
{
	double ratio = analog->is_secondary ? analog->primary / analog->secondary : 1;

	*pick = (struct comtrade_pick){ .number = analog->number, .scale = analog->a * factor * ratio, .offset = analog->b * factor * ratio,
					.skew_us = analog->skew_us, .line = analog->line, .min = analog->min, .max = analog->max,
					.unit_known = quantity != 0 };
	comtrade_show(analog->name, pick->name, sizeof(pick->name));
	comtrade_show(analog->unit, pick->unit, sizeof(pick->unit));
}

/* Is it fit to be used at all? */
static int check_ratio(const struct comtrade_analog *analog, struct comtrade_error *error)
{
	char name[40];

	if (!analog->is_secondary || (analog->primary > 0 && analog->secondary > 0))
		return 0;
	return comtrade_error_set(error, analog->line,
				  "channel '%s': primary and secondary factor: got %g and %g, expected more than 0 for values marked secondary (S)",
				  comtrade_show(analog->name, name, sizeof(name)), analog->primary, analog->secondary);
}

static int pick_for(struct comtrade_map *map, int c, const struct comtrade_analog *analog, double factor, char quantity,
		    struct comtrade_error *error)
{
	char wanted = c < ADC_IA ? 'V' : 'A', unit[16], name[40];

	if (quantity && quantity != wanted)
		return comtrade_error_set(error, analog->line, "channel '%s', configured as adc.channels.%s: unit: got '%s', expected %s",
					  comtrade_show(analog->name, name, sizeof(name)), comtrade_channel_key(c),
					  comtrade_show(analog->unit, unit, sizeof(unit)), wanted == 'V' ? "volts" : "amperes");
	if (check_ratio(analog, error))
		return -EINVAL;
	fill_pick(&map->pick[c], analog, factor, quantity);
	return 0;
}

/* Leading and trailing blanks of the configured name do not count, as they do not in the recording. */
static struct comtrade_span wanted_name(const struct comtrade_map *map, int c)
{
	const char *name = map->want[c].channel;

	return comtrade_trim((struct comtrade_span){ name, strnlen(name, sizeof(map->want[c].channel)) });
}

/* The name goes before the number: a channel may be called "3". */
static int offer_configured(struct comtrade_map *map, const struct comtrade_analog *analog, double factor, char quantity,
			    struct comtrade_error *error)
{
	for (int c = 0; c < ADC_CHANNELS; c++) {
		struct comtrade_span name = wanted_name(map, c);
		uint64_t number;

		if (!name.length)
			continue;
		if (name.length == analog->name.length && !memcmp(name.at, analog->name.at, name.length)) {
			if (map->by_name[c] && !map->second[c])
				map->second[c] = analog->number;
			if (map->by_name[c])
				continue;
			map->by_name[c] = analog->number;
		} else if (map->by_name[c] || comtrade_parse_count(name, &number) || number != analog->number) {
			continue;
		}
		if (pick_for(map, c, analog, factor, quantity, error))
			return -EINVAL;
	}
	return 0;
}

static void offer_candidate(struct comtrade_map *map, const struct comtrade_analog *analog, double factor, char quantity)
{
	int kind = quantity == 'V' ? KIND_VOLTAGE : KIND_CURRENT;
	struct comtrade_error ignored;
	struct candidate *candidate;

	if (!quantity || map->candidates[kind] == COMTRADE_CANDIDATES || check_ratio(analog, &ignored))
		return;
	candidate = &map->candidate[kind][map->candidates[kind]++];
	fill_pick(&candidate->pick, analog, factor, quantity);
	candidate->phase = phase_letter(analog->phase);
}

static void list_name(struct comtrade_map *map, const struct comtrade_analog *analog)
{
	size_t used = strlen(map->names);
	char name[40];

	if (used + sizeof(name) + 3 >= sizeof(map->names) || map->listed + 1 != map->channels)
		return;
	map->listed++;
	snprintf(map->names + used, sizeof(map->names) - used, "%s'%s'", used ? ", " : "",
		 comtrade_show(analog->name, name, sizeof(name)));
}

int comtrade_map_add(struct comtrade_map *map, const struct comtrade_analog *analog, struct comtrade_error *error)
{
	double factor;
	char quantity;

	map->channels++;
	list_name(map, analog);
	comtrade_parse_unit(analog->unit, &factor, &quantity);
	offer_candidate(map, analog, factor, quantity);
	return offer_configured(map, analog, factor, quantity, error);
}

static int finish_configured(struct comtrade_map *map, struct comtrade_error *error)
{
	char more[40] = "";

	if (map->channels > map->listed)
		snprintf(more, sizeof(more), " and %u more", map->channels - map->listed);
	for (int c = 0; c < ADC_CHANNELS; c++) {
		if (map->second[c])
			return comtrade_error_set(error, 0, "adc.channels.%s: the name '%s' stands at channels %u and %u, expected a number",
						  comtrade_channel_key(c), map->want[c].channel, map->by_name[c], map->second[c]);
		if (!map->automatic[c] && wanted_name(map, c).length && !map->pick[c].number)
			return comtrade_error_set(error, 0, "adc.channels.%s: got '%s', must be a number from 1 to %u or one of %s%s",
						  comtrade_channel_key(c), map->want[c].channel, map->channels, map->names, more);
	}
	return 0;
}

static bool is_taken(const struct comtrade_map *map, unsigned number)
{
	for (int c = 0; c < ADC_CHANNELS; c++)
		if (map->pick[c].number == number)
			return true;
	return false;
}

/* By phase where all that are open are marked; else the first ones that are not marked as neutral. */
static void choose(struct comtrade_map *map, int kind, int first)
{
	struct comtrade_pick pick[3];
	bool open[3], marked = true;

	memset(pick, 0, sizeof(pick));
	for (int p = 0; p < 3; p++) {
		open[p] = map->automatic[first + p] && !map->pick[first + p].number;
		for (unsigned i = 0; i < map->candidates[kind] && open[p] && !pick[p].number; i++)
			if (map->candidate[kind][i].phase == 'A' + p && !is_taken(map, map->candidate[kind][i].pick.number))
				pick[p] = map->candidate[kind][i].pick;
		marked = marked && (!open[p] || pick[p].number);
	}
	for (int p = 0; p < 3; p++) {
		if (open[p] && marked)
			map->pick[first + p] = pick[p];
		for (unsigned i = 0; i < map->candidates[kind] && open[p] && !map->pick[first + p].number; i++)
			if (map->candidate[kind][i].phase != 'N' && !is_taken(map, map->candidate[kind][i].pick.number))
				map->pick[first + p] = map->candidate[kind][i].pick;
	}
}

static int finish_automatic(struct comtrade_map *map, struct comtrade_error *error)
{
	choose(map, KIND_VOLTAGE, ADC_VA);
	choose(map, KIND_CURRENT, ADC_IA);
	for (int c = 0; c < ADC_CHANNELS; c++)
		if (map->pick[c].number)
			return 0;
	return comtrade_error_set(error, 0, "no channel in volts or amperes, expected one at least; the channels are %s", map->names);
}

int comtrade_map_finish(struct comtrade_map *map, struct comtrade_error *error)
{
	int ret = finish_configured(map, error);

	if (!ret)
		ret = finish_automatic(map, error);
	if (ret)
		return ret;
	for (int c = 0; c < ADC_CHANNELS; c++) {
		map->pick[c].scale *= map->want[c].gain;
		map->pick[c].offset *= map->want[c].gain;
	}
	return 0;
}
