#include "client/panel_live.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>

static double number(struct json_object *status, const char *part, const char *key)
{
	struct json_object *value;

	if (!key || !json_object_object_get_ex(status, part, &value) || !json_object_object_get_ex(value, key, &value) || !value)
		return (double)NAN;
	return json_object_get_double(value);
}

struct json_object *panel_live_parts(void)
{
	static const char *const names[] = { "readings", "energy", "demand", "alerts", "phasors" };
	struct json_object *parts = json_object_new_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		json_object_array_add(parts, json_object_new_string(names[i]));
	return parts;
}

static void read_readings(struct json_object *status, struct live *live)
{
	static const char *const keys[LIVE_ROWS][LIVE_COLUMNS_ALL] = {
		[LIVE_V_LN] = { "v_an", "v_bn", "v_cn", "vln" }, [LIVE_V_LL] = { "v_ab", "v_bc", "v_ac", "vll" },
		[LIVE_A] = { "amps_a", "amps_b", "amps_c", "amps" }, [LIVE_KW] = { "kw_a", "kw_b", "kw_c", "kw" },
		[LIVE_KVAR] = { "kvar_a", "kvar_b", "kvar_c", "kvar" }, [LIVE_KVA] = { "kva_a", "kva_b", "kva_c", "kva" },
		[LIVE_PF] = { "pf_a", "pf_b", "pf_c", "pf" },
	};

	for (int r = 0; r < LIVE_ROWS; r++)
		for (int c = 0; c < LIVE_COLUMNS_ALL; c++)
			live->reading[r][c] = number(status, "readings", keys[r][c]);
	live->hz = number(status, "readings", "hz");
}

static void read_sums(struct json_object *status, struct live *live)
{
	static const char *const keys[LIVE_SUMS][3] = {
		[LIVE_KWH] = { "kwh", "kw_demand", "kw_max_demand" }, [LIVE_KVARH] = { "kvarh", "kvar_demand", "kvar_max_demand" },
		[LIVE_KVAH] = { "kvah", "kva_demand", "kva_max_demand" },
	};

	for (int i = 0; i < LIVE_SUMS; i++) {
		live->energy[i] = number(status, "energy", keys[i][0]);
		live->demand[i] = number(status, "demand", keys[i][1]);
		live->max_demand[i] = number(status, "demand", keys[i][2]);
	}
}

static void read_phasors(struct json_object *status, struct live *live)
{
	struct json_object *phasors;

	if (!json_object_object_get_ex(status, "phasors", &phasors))
		return;
	for (int i = 0; i < PHASORS_INPUTS; i++) {
		const char *name = phasors_name(i);
		const char key[3] = { (char)tolower((unsigned char)name[0]), (char)tolower((unsigned char)name[1]) };

		live->phasor[i] = (struct phasors_input){ .rms = number(phasors, key, "rms"), .deg = number(phasors, key, "deg") };
	}
}

static void read_alerts(struct json_object *status, struct live *live)
{
	struct json_object *list, *words;

	if (!json_object_object_get_ex(status, "alerts", &list) || !json_object_object_get_ex(list, "list", &list))
		return;
	for (size_t i = 0; i < json_object_array_length(list) && live->alerts < LIVE_ALERTS; i++)
		if (json_object_object_get_ex(json_object_array_get_idx(list, i), "text", &words))
			snprintf(live->alert[live->alerts++], sizeof(live->alert[0]), "%s", json_object_get_string(words));
}

void panel_live_read(struct json_object *status, struct live *live)
{
	live_clear(live);
	read_readings(status, live);
	read_sums(status, live);
	read_phasors(status, live);
	read_alerts(status, live);
}
