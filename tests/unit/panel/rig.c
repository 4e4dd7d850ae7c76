#include "rig.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct readings load = {
	.p_w = 37500, .q_var = 18150, .s_va = 41662, .pf = 0.9001,
	.v_ll_avg_v = 479.78, .v_ln_avg_v = 277.05, .i_avg_a = 50.17,
	.p_phase_w = { 12500, 12400, 12600 },
	.q_phase_var = { 6050, 6000, 6100 },
	.s_phase_va = { 13887, 13776, 13999 },
	.pf_phase = { 0.9002, 0.9003, 0.9004 },
	.v_ll_v = { 479.85, 480.12, 479.36 },
	.v_ln_v = { 277.01, 276.52, 277.63 },
	.i_a = { 50.12, 49.87, 50.51 },
	.hz = 59.98,
};

/* The specification's table of what is valid in which type: pairs, phases to neutral, phases with current. */
static const struct {
	int type;
	unsigned v_ll, v_ln, phases;
} validity[] = {
	{ 10, 0, 1, 1 }, { 11, 1, 0, 1 }, { 12, 1, 3, 3 }, { 31, 7, 0, 7 }, { 40, 7, 7, 7 },
};

static void keep(double values[3], unsigned bits)
{
	for (int i = 0; i < 3; i++)
		if (!(bits >> i & 1))
			values[i] = NAN;
}

void rig_update(struct rig *rig)
{
	struct readings *r = &rig->snapshot.readings;
	size_t i = 0;

	settings_derive(&rig->snapshot.settings, &rig->snapshot.derived);
	while (validity[i].type != rig->snapshot.settings.system_type)
		i++;
	*r = load;
	keep(r->v_ll_v, validity[i].v_ll);
	keep(r->v_ln_v, validity[i].v_ln);
	keep(r->p_phase_w, validity[i].phases);
	keep(r->q_phase_var, validity[i].phases);
	keep(r->s_phase_va, validity[i].phases);
	keep(r->pf_phase, validity[i].phases);
	keep(r->i_a, validity[i].phases);
	if (validity[i].v_ll == 0)
		r->v_ll_avg_v = NAN;
	if (validity[i].v_ln == 0)
		r->v_ln_avg_v = NAN;
	if (!rig->snapshot.live)
		readings_clear(r);
}

void rig_init(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	memset(rig->memory, 0xA5, sizeof(rig->memory));
	REQUIRE(panel_bytes() <= sizeof(rig->memory), "a panel of %u bytes", panel_bytes());
	rig->snapshot.cycle = 2;
	rig->snapshot.live = true;
	settings_defaults(&rig->snapshot.settings);
	rig->snapshot.energies.kwh = (struct energy){ 1234567, 999999999 };
	rig->snapshot.energies.kvarh = (struct energy){ 98765, 0 };
	rig->snapshot.energies.kvah = (struct energy){ 99999999, 0 };
	for (int i = 0; i < DEMAND_QUANTITIES; i++) {
		rig->snapshot.demand.present[i] = 20000 + 1000 * i;
		rig->snapshot.demand.max[i] = 90000 + 1000 * i;
	}
	rig_update(rig);
	for (int i = 0; i < 2; i++)
		snprintf(rig->password[i], sizeof(rig->password[i]), "00000");
	rig->view = (struct panel_view){
		.snapshot = &rig->snapshot,
		.identity = { .model = "dinmeterd", .serial = "4711", .rs_version = "1.003", .os_version = 1002 },
		.now_ns = 1000 * RIG_SECOND,
	};
	rig->panel = panel_init(rig->memory, rig->view.now_ns);
}

static bool carried_out(struct rig *rig)
{
	const struct panel_request *request = &rig->request;

	switch (request->kind) {
	case PANEL_SET:
		if (setting_set(&rig->snapshot.settings, request->setting, request->value) < 0)
			return false;
		rig_update(rig);
		return true;
	case PANEL_CHECK_PASSWORD:
		return strcmp(request->password, rig->password[request->setup]) == 0;
	case PANEL_SET_PASSWORD:
		memcpy(rig->password[request->setup], request->password, sizeof(rig->password[0]));
		return true;
	case PANEL_COMMAND:
	case PANEL_NOTHING:
		break;
	}
	return true;
}

void rig_settle(struct rig *rig, enum panel_outcome outcome)
{
	rig->outcome = outcome;
	panel_answer(rig->panel, outcome, &rig->snapshot, rig->view.now_ns);
}

void rig_press(struct rig *rig, enum panel_button button)
{
	struct panel_request request;

	memset(&request, 0x5A, sizeof(request));
	panel_press(rig->panel, button, &rig->snapshot, rig->view.now_ns, &request);
	if (request.kind == PANEL_NOTHING)
		return;
	rig->request = request;
	rig->requests++;
	if (rig->answer == RIG_HONEST)
		rig_settle(rig, carried_out(rig) ? PANEL_ACCEPTED : PANEL_REFUSED);
	else if (rig->answer != RIG_WAIT)
		rig_settle(rig, rig->answer == RIG_FAIL ? PANEL_FAILED : PANEL_REFUSED);
}

void rig_keys(struct rig *rig, const char *keys)
{
	while (*(keys += strspn(keys, " ")) != '\0') {
		char name[16], *key = name;
		size_t n = strcspn(keys, " ");
		long times = 1;

		REQUIRE(n < sizeof(name), "\"%s\" holds no keys", keys);
		memcpy(name, keys, n);
		name[n] = '\0';
		if (name[0] >= '0' && name[0] <= '9') {
			times = strtol(name, &key, 10);
			REQUIRE(*key++ == 'x' && times > 0, "\"%s\" is no key", name);
		}
		REQUIRE(panel_button_parse(key) >= 0, "\"%s\" is no key", key);
		for (; times > 0; times--)
			rig_press(rig, (enum panel_button)panel_button_parse(key));
		keys += n;
	}
}

void rig_pass(struct rig *rig, int64_t ns)
{
	rig->view.now_ns += ns;
	panel_tick(rig->panel, &rig->snapshot, rig->view.now_ns);
}

void rig_draw(const struct rig *rig, struct panel_screen *screen)
{
	memset(screen, 0xA5, sizeof(*screen));
	panel_draw(rig->panel, &rig->view, screen);
}

const char *rig_place(const struct rig *rig, char place[24])
{
	struct panel_screen screen;

	rig_draw(rig, &screen);
	snprintf(place, sizeof(screen.place), "%s", screen.place);
	return place;
}

const char *rig_bottom(const struct rig *rig, char text[2 * PANEL_CELLS + 1])
{
	struct panel_screen screen;

	rig_draw(rig, &screen);
	panel_row_text(&screen.bottom, text);
	return text;
}
