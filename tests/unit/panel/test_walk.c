/*
 * A walk of a million random buttons, in random steps of time, over meters of every kind, with answers of every kind.  What must hold
 * at each step is written here and in legal.c, apart from the program.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "legal.h"
#include "lib/check_main.h"
#include "rig.h"

#define STEPS 1000000
#define METERS 40
#define LEFTS_MAX 30	/* the longest way back: the 29 readings of the phases */

static uint64_t state;
static unsigned seed;

/* Numbers below n: a congruence of Knuth's, its upper half. */
static unsigned below(unsigned n)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)((state >> 33) % n);
}

static void random_settings(struct settings *settings)
{
	static const int types[] = { 10, 11, 12, 31, 40 };
	static const int energies[] = { 10, 100, 1000, 10000 };

	settings->system_type = types[below(5)];
	settings->ct_primary = below(3) == 0 ? 32000 : 1 + (int)below(32000);
	settings->pt_ratio = below(3) == 0 ? 100 : 1 + (int)below(32000);
	settings->system_voltage = 82 + (int)below(32000 - 82 + 1);
	settings->display_units = (int)below(2);
	settings->pulse_energy = energies[below(4)];
	settings->address = 1 + (int)below(247);
}

static void random_meter(struct snapshot *snapshot)
{
	random_settings(&snapshot->settings);
	snapshot->live = below(4) != 0;
	snapshot->cycle = below(1000);
	snapshot->alerts = below(2) == 0 ? 0 : below(65536);
	snapshot->energies.kwh.wh = (uint64_t)below(1u << 31) << below(33);
	snapshot->energies.kvah.wh = (uint64_t)below(1u << 31) << below(33);
	snapshot->energies.kvarh.wh = below(1u << 31) >> below(31);
	for (int i = 0; i < DEMAND_QUANTITIES; i++)
		snapshot->demand.max[i] = (double)below(1u << 31) / (1 + below(1000));
}

struct walk {
	struct rig rig;
	struct snapshot meter[METERS];
	bool authorised[2];		/* of reset, of setup: accepted since it was left */
	unsigned visits[128], kinds[5], lefts;
	struct panel_screen screen;	/* before the button */
};

/* A request that the guide knows, from a place that may make it. */
static void judge_request(const struct walk *walk, const struct panel_request *r)
{
	const char *place = walk->screen.place;
	bool password = r->kind == PANEL_CHECK_PASSWORD || r->kind == PANEL_SET_PASSWORD;

	if (password) {
		REQUIRE(strspn(r->password, "0123456789") == PANEL_CELLS, "a password of other things than five digits");
		REQUIRE(strlen(r->password) == PANEL_CELLS, "a password of another length");
	}
	switch (r->kind) {
	case PANEL_SET:
		REQUIRE(strncmp(place, "SETUP/S", 7) == 0, "a setting from %s (seed %u)", place, seed);
		REQUIRE(walk->authorised[1], "%s asks without its password (seed %u)", place, seed);
		REQUIRE((int)r->setting < SETTINGS_N, "setting %d", (int)r->setting);
		REQUIRE(r->value >= 0 && r->value <= 99999, "value %d", r->value);
		break;
	case PANEL_COMMAND:
		REQUIRE(walk->authorised[0], "%s asks without its password (seed %u)", place, seed);
		REQUIRE(r->code == (strcmp(place, "RESET/ENERG") == 0 ? 30078u : strcmp(place, "RESET/DEMND") == 0 ? 21212u :
				    strcmp(place, "RESET/COUNT") == 0 ? 16498u : 0u), "code %u from %s (seed %u)", r->code, place, seed);
		break;
	case PANEL_CHECK_PASSWORD:
		REQUIRE(strcmp(place, r->setup ? "SETUP/PASWD" : "RESET/PASWD") == 0, "asked from %s (seed %u)", place, seed);
		break;
	case PANEL_SET_PASSWORD:
		REQUIRE(walk->authorised[1], "%s asks without its password (seed %u)", place, seed);
		REQUIRE(strcmp(place, r->setup ? "SETUP/SPASS/SETUP" : "SETUP/SPASS/RESET") == 0, "set from %s (seed %u)", place, seed);
		break;
	case PANEL_NOTHING:
		break;
	default:
		ck_abort_msg("request of kind %d", (int)r->kind);
	}
}

/* Is nothing but titles, the panel's door and what the password opened shown?  What was left is closed. */
static void judge_doors(struct walk *walk, const char *place)
{
	static const char *const rooms[2] = { "RESET", "SETUP" };

	for (int i = 0; i < 2; i++) {
		bool inside = strncmp(place, rooms[i], 5) == 0 && place[5] == '/' && strcmp(place + 5, "/PASWD") != 0;

		REQUIRE(!inside || walk->authorised[i], "%s without its password (seed %u)", place, seed);
		if (!inside)
			walk->authorised[i] = false;
	}
}

static void look(struct walk *walk, unsigned step)
{
	const char *fault;

	rig_draw(&walk->rig, &walk->screen);
	fault = legal_fault(&walk->screen);
	REQUIRE(fault == NULL, "step %u, seed %u: %s: %s: \"%.5s\", \"%.5s\"", step, seed, walk->screen.place, fault, walk->screen.top.cell,
		      walk->screen.bottom.cell);
	REQUIRE(walk->screen.wrench == (walk->rig.snapshot.alerts != 0), "the wrench does not tell of alerts (seed %u)", seed);
	if (!walk->rig.snapshot.live)
		REQUIRE(!walk->screen.heart, "a heart that beats for nothing (seed %u)", seed);
	judge_doors(walk, walk->screen.place);
	walk->visits[legal_find(walk->screen.place)]++;
}

/* An answer as it may come: mostly yes, for else the walk would stay outside. */
static void answer(struct walk *walk, const struct panel_request *request)
{
	static const enum panel_outcome outcomes[] = { PANEL_ACCEPTED, PANEL_ACCEPTED, PANEL_ACCEPTED, PANEL_ACCEPTED, PANEL_ACCEPTED,
						       PANEL_REFUSED, PANEL_FAILED };
	enum panel_outcome outcome = outcomes[below(7)];

	/* What the panel left in the meantime stays closed; judge_doors finds an answer that opens it. */
	if (request->kind == PANEL_CHECK_PASSWORD && outcome == PANEL_ACCEPTED && strstr(walk->screen.place, "/PASWD") != NULL)
		walk->authorised[request->setup] = true;
	rig_settle(&walk->rig, outcome);
}

/* A copy of the panel goes home: by left from wherever it is, and by time. */
static void find_home(const struct walk *walk)
{
	static struct rig copy;
	char place[24];
	unsigned n = 0;

	copy = walk->rig;
	copy.panel = (struct panel *)copy.memory;
	copy.view.snapshot = &copy.snapshot;
	while (strchr(rig_place(&copy, place), '/') != NULL) {
		REQUIRE(n++ < LEFTS_MAX, "after %d times left at %s (seed %u)", LEFTS_MAX, place, seed);
		rig_press(&copy, PANEL_BACK);
	}
	copy = walk->rig;
	copy.panel = (struct panel *)copy.memory;
	copy.view.snapshot = &copy.snapshot;
	rig_pass(&copy, PANEL_TIMEOUT_NS);
	REQUIRE(strcmp(rig_place(&copy, place), "ENRGY") == 0, "at %s after five minutes (seed %u)", place, seed);
}

static int64_t random_time(void)
{
	switch (below(64)) {
	case 0:
		return below(10) == 0 ? 2 * PANEL_TIMEOUT_NS : 70 * RIG_SECOND;
	case 1:
	case 2:
		return (int64_t)below(10) * RIG_SECOND;
	default:
		return (int64_t)below(400) * 1000000;
	}
}

/* - and right lead deeper than + and left, else the walk would rarely leave the top. */
static enum panel_button random_button(void)
{
	static const enum panel_button buttons[] = { PANEL_NEXT, PANEL_NEXT, PANEL_NEXT, PANEL_MINUS, PANEL_MINUS, PANEL_PLUS, PANEL_PLUS,
						     PANEL_BACK };

	return buttons[below(8)];
}

static void change_meter(struct walk *walk)
{
	walk->rig.snapshot = walk->meter[below(METERS)];
	rig_update(&walk->rig);
}

static void step(struct walk *walk, unsigned i, struct panel_request *waiting)
{
	struct panel_request request;

	if (below(50) == 0)
		change_meter(walk);
	if (below(3) == 0)
		rig_pass(&walk->rig, random_time());
	else
		walk->rig.view.now_ns += random_time();
	look(walk, i);
	panel_press(walk->rig.panel, random_button(), &walk->rig.snapshot, walk->rig.view.now_ns, &request);
	REQUIRE(waiting->kind == PANEL_NOTHING || request.kind == PANEL_NOTHING, "a second request (seed %u)", seed);
	if (request.kind != PANEL_NOTHING) {
		/* Time may have brought it elsewhere, but then it asks for nothing. */
		judge_request(walk, &request);
		walk->kinds[request.kind]++;
		*waiting = request;
	}
	look(walk, i);
	if (waiting->kind != PANEL_NOTHING && below(4) != 0) {
		answer(walk, waiting);
		waiting->kind = PANEL_NOTHING;
		look(walk, i);
	}
	if (waiting->kind == PANEL_NOTHING && below(20) == 0)
		find_home(walk);
}

START_TEST(a_million_random_buttons_stay_within_the_legal_screens_and_find_home)
{
	static struct walk walk;
	struct panel_request waiting = { .kind = PANEL_NOTHING };

	rig_init(&walk.rig);
	walk.rig.view.identity = (struct panel_identity){ "dinmeterd 0.1.0", "SN-0000.4711", "7", 12345 };
	walk.rig.answer = RIG_FAIL;
	for (int i = 0; i < METERS; i++) {
		walk.meter[i] = walk.rig.snapshot;
		random_meter(&walk.meter[i]);
	}
	for (unsigned i = 0; i < STEPS; i++)
		step(&walk, i, &waiting);
	/* It was everywhere and asked for everything, else all this said little. */
	REQUIRE(legal_places() <= sizeof(walk.visits) / sizeof(walk.visits[0]), "too many places for the count");
	for (size_t i = 0; i < legal_places(); i++)
		REQUIRE(walk.visits[i] > 0, "place %zu was never visited (seed %u)", i, seed);
	for (int kind = PANEL_SET; kind <= PANEL_SET_PASSWORD; kind++)
		REQUIRE(walk.kinds[kind] > 0, "no request of kind %d (seed %u)", kind, seed);
}
END_TEST

/* Five bytes of the panel's that are the digits, as numbers or characters, in either order. */
static bool remembers(const struct rig *rig, const char digits[PANEL_CELLS + 1])
{
	const int number = (int)strtol(digits, NULL, 10);
	char forms[4][PANEL_CELLS];

	for (int i = 0; i < PANEL_CELLS; i++) {
		forms[0][i] = digits[i];
		forms[1][i] = digits[PANEL_CELLS - 1 - i];
		forms[2][i] = (char)(digits[i] - '0');
		forms[3][i] = (char)(digits[PANEL_CELLS - 1 - i] - '0');
	}
	for (size_t at = 0; at + PANEL_CELLS <= panel_bytes(); at++) {
		for (int form = 0; form < 4; form++)
			if (memcmp(rig->memory + at, forms[form], PANEL_CELLS) == 0)
				return true;
		if (memcmp(rig->memory + at, &number, sizeof(number)) == 0)
			return true;
	}
	return false;
}

static void enter(struct rig *rig, const char digits[PANEL_CELLS + 1])
{
	for (int i = PANEL_CELLS - 1; i >= 0; i--) {
		for (int n = digits[i] - '0'; n > 0; n--)
			rig_press(rig, PANEL_PLUS);
		rig_press(rig, PANEL_MINUS);
	}
	REQUIRE(remembers(rig, digits), "the search does not find %s while it is entered (seed %u)", digits, seed);
}

/* Ways out of an entry: answers to right; left; time; waiting, then time. */
enum way { ACCEPTED, REFUSED, FAILED, LEFT, TIMEOUT, WAITING, WAYS };

static void leave(struct rig *rig, enum way way)
{
	static const enum rig_answer answers[] = { [ACCEPTED] = RIG_WAIT, [REFUSED] = RIG_REFUSE, [FAILED] = RIG_FAIL, [WAITING] = RIG_WAIT };

	if (way == LEFT) {
		rig_press(rig, PANEL_BACK);
	} else if (way == TIMEOUT) {
		rig_pass(rig, PANEL_TIMEOUT_NS);
	} else {
		rig->answer = answers[way];
		rig_press(rig, PANEL_NEXT);
		if (way == ACCEPTED)
			rig_settle(rig, PANEL_ACCEPTED);
	}
	rig->answer = RIG_HONEST;
}

/* Digits that nothing else is likely to be, nor the bytes of their number: three that are not 0, or a count of 256 is found for it. */
static void draw_password(char digits[PANEL_CELLS + 1])
{
	long number;

	do {
		for (int d = 0; d < PANEL_CELLS; d++)
			digits[d] = (char)('1' + below(9));
		digits[PANEL_CELLS] = '\0';
		number = strtol(digits, NULL, 10);
	} while (!(number & 0xFF) || !(number >> 8 & 0xFF) || !(number >> 16));
}

START_TEST(no_password_stays_in_the_panels_memory_once_its_entry_is_left)
{
	static const char *const paths[] = {
		"+ right", "2x+ right", "+ 2xright + right", "+ 2xright + 2xright",	/* the doors, then the new ones */
	};

	for (int i = 0; i < 200; i++) {
		struct rig rig;
		char digits[PANEL_CELLS + 1];

		draw_password(digits);
		rig_init(&rig);
		rig_keys(&rig, paths[i % 4]);
		enter(&rig, digits);
		leave(&rig, (enum way)(i / 4 % WAYS));
		REQUIRE(!remembers(&rig, digits), "path %d, way %d: %s stays (seed %u)", i % 4, i / 4 % WAYS, digits, seed);
		if (i / 4 % WAYS <= FAILED || i / 4 % WAYS == WAITING)
			REQUIRE(strcmp(rig.request.password, digits) == 0, "another password was asked for (seed %u)", seed);
	}
}
END_TEST

START_TEST(the_judge_finds_screens_that_are_not_legal)
{
	struct panel_screen good, bad;
	struct rig rig;

	rig_init(&rig);
	rig_keys(&rig, "+ 3xright");
	rig_draw(&rig, &good);
	ck_assert_ptr_null(legal_fault(&good));
	bad = good;
	bad.bottom.blink[0] = true;
	ck_assert_ptr_nonnull(legal_fault(&bad));
	bad = good;
	bad.bottom.blink[4] = false;
	ck_assert_ptr_nonnull(legal_fault(&bad));
	bad = good;
	bad.bottom.cell[3] = 'x';
	ck_assert_ptr_nonnull(legal_fault(&bad));
	bad = good;
	bad.top.cell[0] = 'B';
	ck_assert_ptr_nonnull(legal_fault(&bad));
	bad = good;
	bad.top.cell[4] = '\n';
	ck_assert_ptr_nonnull(legal_fault(&bad));
	bad = good;
	bad.place[0] = 's';
	ck_assert_ptr_nonnull(legal_fault(&bad));
}
END_TEST

int main(void)
{
	const char *given = getenv("TEST_SEED");
	Suite *suite = suite_create("panel walk");
	TCase *cases = tcase_create("walk");

	seed = given != NULL ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	state = seed;
	printf("TEST_SEED=%u\n", seed);
	suite_add_tcase(suite, cases);
	tcase_set_timeout(cases, 120);
	tcase_add_test(cases, a_million_random_buttons_stay_within_the_legal_screens_and_find_home);
	tcase_add_test(cases, no_password_stays_in_the_panels_memory_once_its_entry_is_left);
	tcase_add_test(cases, the_judge_finds_screens_that_are_not_legal);
	return check_main_run(suite);
}
