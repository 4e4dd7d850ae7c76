/*
 * Scripts of keys with the screens that follow, tests/unit/panel/screens: what a person who reads the guide expects to see.
 *
 * A line that begins with a blank is a screen, or what the panel asks of its meter; every other line is the script's:
 *
 *   # words
 *   keys: right 3x- +		presses, then the screen
 *   wait: 1.5			seconds pass, then the screen
 *   show: why			the screen
 *   meter: NAME VALUE		a setting, or live, alerts, cycle, kwh, max_w, model, serial, led
 *   password: setup 12345
 *   answer: honest | refuse | fail | wait | accepted	how requests are answered; accepted: the one that waits
 *
 * A screen shows a cell and its point in two columns, the place and what is lit at the right; v and ^ in the frame mark
 * blinking cells.  REBUILD_SCREENS=1 in the environment writes the screens anew, to be read before they are believed.
 */
#include <check.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/check_main.h"
#include "rig.h"

#define TEXT_MAX 65536

static const char *const files[] = {
	"home", "readings", "readings-iec", "system-types", "prefixes", "stale", "alerts", "info", "reset", "setup", "digits", "passwords",
	"refused", "pulse", "timeout", "waiting",
};

struct transcript {
	char text[TEXT_MAX];
	size_t n;
};

__attribute__((format(printf, 2, 3)))
static void say(struct transcript *out, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(out->text + out->n, sizeof(out->text) - out->n, format, arguments);
	va_end(arguments);
	ck_assert(n >= 0 && (size_t)n < sizeof(out->text) - out->n);
	out->n += (size_t)n;
}

static void say_edge(struct transcript *out, const struct panel_row *row, char mark)
{
	say(out, "   +-");
	for (int i = 0; i < PANEL_CELLS; i++)
		say(out, "%c-", row->blink[i] ? mark : '-');
	say(out, "+\n");
}

static void say_row(struct transcript *out, const struct panel_row *row, const char *aside)
{
	say(out, "   | ");
	for (int i = 0; i < PANEL_CELLS; i++)
		say(out, "%c%c", row->cell[i], row->point[i] ? '.' : ' ');
	say(out, "|%s%s\n", *aside != '\0' ? "  " : "", aside);
}

static void say_screen(struct transcript *out, const struct rig *rig)
{
	static const char *const leds[PANEL_LEDS] = { "alarm", "energy", "tx", "rx", "error" };
	struct panel_screen screen;
	char lit[64];
	int n;

	rig_draw(rig, &screen);
	n = snprintf(lit, sizeof(lit), "%s%s", screen.heart ? "heart " : "", screen.wrench ? "wrench " : "");
	for (int i = 0; i < PANEL_LEDS; i++)
		if (screen.led[i])
			n += snprintf(lit + n, sizeof(lit) - (size_t)n, "%s ", leds[i]);
	if (n > 0)
		lit[n - 1] = '\0';
	say_edge(out, &screen.top, 'v');
	say_row(out, &screen.top, screen.place);
	say_row(out, &screen.bottom, lit);
	say_edge(out, &screen.bottom, '^');
}

static void say_request(struct transcript *out, const struct rig *rig)
{
	static const char *const outcomes[] = { "refused", "accepted", "failed" };
	const struct panel_request *request = &rig->request;
	const char *whose = request->setup ? "setup" : "reset";

	if (request->kind == PANEL_SET)
		say(out, "   asks: %s = %d", setting_name(request->setting), request->value);
	else if (request->kind == PANEL_COMMAND)
		say(out, "   asks: command %u", request->code);
	else if (request->kind == PANEL_CHECK_PASSWORD)
		say(out, "   asks: is %s the password of %s", request->password, whose);
	else
		say(out, "   asks: make %s the password of %s", request->password, whose);
	say(out, ": %s\n", rig->answer == RIG_WAIT ? "waits" : outcomes[rig->outcome]);
}

static void set_meter(struct rig *rig, const char *name, const char *value)
{
	static char words[2][32];	/* what the identity points at */
	struct snapshot *snapshot = &rig->snapshot;
	unsigned long long number = strtoull(value, NULL, 0);

	if (strcmp(name, "live") == 0)
		snapshot->live = number;
	else if (strcmp(name, "alerts") == 0)
		snapshot->alerts = (unsigned)number;
	else if (strcmp(name, "cycle") == 0)
		snapshot->cycle = number;
	else if (strcmp(name, "kwh") == 0)
		snapshot->energies.kwh.wh = number;
	else if (strcmp(name, "max_w") == 0)
		snapshot->demand.max[DEMAND_P] = (double)number;
	else if (strcmp(name, "led") == 0)
		rig->view.led[number] = !rig->view.led[number];
	else if (strcmp(name, "model") == 0)
		rig->view.identity.model = memcpy(words[0], value, strlen(value) + 1);
	else if (strcmp(name, "serial") == 0)
		rig->view.identity.serial = memcpy(words[1], value, strlen(value) + 1);
	else {
		int which = 0;

		while (which < SETTINGS_N && strcmp(name, setting_name((enum setting)which)) != 0)
			which++;
		ck_assert_msg(which < SETTINGS_N, "a meter has no \"%s\"", name);
		ck_assert_int_eq(setting_set(&snapshot->settings, (enum setting)which, (int)number), 0);
	}
	rig_update(rig);
}

static void set_answer(struct rig *rig, const char *how)
{
	static const char *const answers[] = { "honest", "refuse", "fail", "wait" };

	if (strcmp(how, "accepted") == 0) {
		rig_settle(rig, PANEL_ACCEPTED);
		return;
	}
	for (int i = 0; i < 4; i++)
		if (strcmp(how, answers[i]) == 0) {
			rig->answer = (enum rig_answer)i;
			return;
		}
	ck_abort_msg("\"%s\" is no answer", how);
}

/* Presses one at a time, to say each request where it was made. */
static void press(struct rig *rig, const char *keys, struct transcript *out)
{
	char key[32];
	int n;

	for (; sscanf(keys, " %31s%n", key, &n) == 1; keys += n) {
		long times = 1;
		char *name = key;

		if (key[0] >= '0' && key[0] <= '9') {
			times = strtol(key, &name, 10);
			ck_assert_msg(name[0] == 'x' && name[1] != '\0', "\"%s\" is no key", key);
			name++;
		}
		for (; times > 0; times--) {
			unsigned before = rig->requests;

			rig_keys(rig, name);
			if (rig->requests != before)
				say_request(out, rig);
		}
	}
}

static void run_line(struct rig *rig, const char *line, struct transcript *out)
{
	char name[32], value[32];

	if (*line == '\0' || *line == '#')
		return;
	if (strncmp(line, "keys: ", 6) == 0) {
		press(rig, line + 6, out);
		say_screen(out, rig);
	} else if (strncmp(line, "wait: ", 6) == 0) {
		rig_pass(rig, (int64_t)(1e9 * strtod(line + 6, NULL)));
		say_screen(out, rig);
	} else if (strncmp(line, "show: ", 6) == 0) {
		say_screen(out, rig);
	} else if (strncmp(line, "answer: ", 8) == 0) {
		set_answer(rig, line + 8);
	} else if (sscanf(line, "password: %31s %31s", name, value) == 2) {
		ck_assert_uint_eq(strlen(value), PANEL_CELLS);
		memcpy(rig->password[strcmp(name, "setup") == 0], value, PANEL_CELLS + 1);
	} else if (sscanf(line, "meter: %31s %31s", name, value) == 2) {
		set_meter(rig, name, value);
	} else {
		ck_abort_msg("\"%s\" is no line of a script", line);
	}
}

/* The script of a file with the screens as they are now. */
static void run_script(const char *script, struct transcript *out)
{
	struct rig rig;
	char line[256];

	out->n = 0;
	rig_init(&rig);
	while (*script != '\0') {
		size_t n = strcspn(script, "\n");

		ck_assert_uint_lt(n, sizeof(line));
		memcpy(line, script, n);
		line[n] = '\0';
		script += n + (script[n] == '\n');
		if (line[0] == ' ')
			continue;
		say(out, "%s\n", line);
		run_line(&rig, line, out);
	}
}

static void read_file(const char *path, char text[TEXT_MAX])
{
	FILE *file = fopen(path, "r");
	size_t n;

	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	n = fread(text, 1, TEXT_MAX - 1, file);
	fclose(file);
	ck_assert_msg(n > 0 && n < TEXT_MAX - 1, "%s: empty, or longer than %d bytes", path, TEXT_MAX);
	text[n] = '\0';
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void compare(const char *path, const char *golden, const char *now)
{
	unsigned line = 1;

	for (; *golden == *now && *golden != '\0'; golden++, now++)
		line += *golden == '\n';
	if (*golden == '\0' && *now == '\0')
		return;
	ck_abort_msg("%s:%u: the screen differs; from there on the file has\n%.240s\nand the panel shows\n%.240s", path, line, golden, now);
}

START_TEST(keys_lead_to_the_screens_that_the_guide_promises)
{
	static struct transcript now;
	static char golden[TEXT_MAX];
	const char *top = getenv("top_srcdir");
	char path[512];

	snprintf(path, sizeof(path), "%s/tests/unit/panel/screens/%s.txt", top != NULL ? top : ".", files[_i]);
	read_file(path, golden);
	run_script(golden, &now);
	if (getenv("REBUILD_SCREENS") != NULL)
		write_file(path, now.text);
	else
		compare(path, golden, now.text);
}
END_TEST

START_TEST(the_comparison_sees_one_cell_and_the_script_is_no_screen)
{
	static struct transcript once, again;
	char *cell;

	run_script("keys: right\n", &once);
	run_script(once.text, &again);
	ck_assert_str_eq(once.text, again.text);
	cell = strstr(again.text, "K W h");
	ck_assert_ptr_nonnull(cell);
	*cell = 'M';
	ck_assert_str_ne(once.text, again.text);
}
END_TEST

START_TEST(a_row_survives_text_and_back)
{
	static const char *const texts[] = { "103.92", "SAvEd", "   .33", "KWh  ", "0.1.2.3.4.", "     ", "     .", "A b C" };
	static const char *const none[] = { "", "1234", "123456", "1..234", "12\t45", "1234\x80", "1.23.4", ".1234", "12345.." };
	struct panel_row row;
	char text[2 * PANEL_CELLS + 1];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ck_assert_int_eq(panel_row_parse(texts[i], &row), 0);
		panel_row_text(&row, text);
		ck_assert_str_eq(text, texts[i]);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		ck_assert_msg(panel_row_parse(none[i], &row) == -EINVAL, "\"%s\"", none[i]);
}
END_TEST

START_TEST(buttons_have_two_names_each)
{
	ck_assert_int_eq(panel_button_parse("+"), PANEL_PLUS);
	ck_assert_int_eq(panel_button_parse("up"), PANEL_PLUS);
	ck_assert_int_eq(panel_button_parse("-"), PANEL_MINUS);
	ck_assert_int_eq(panel_button_parse("down"), PANEL_MINUS);
	ck_assert_int_eq(panel_button_parse("right"), PANEL_NEXT);
	ck_assert_int_eq(panel_button_parse("next"), PANEL_NEXT);
	ck_assert_int_eq(panel_button_parse("left"), PANEL_BACK);
	ck_assert_int_eq(panel_button_parse("back"), PANEL_BACK);
	ck_assert_int_eq(panel_button_parse(""), -1);
	ck_assert_int_eq(panel_button_parse("++"), -1);
	for (int b = 0; b < PANEL_BUTTONS; b++)
		ck_assert_int_eq(panel_button_parse(panel_button_name((enum panel_button)b)), b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("panel screens");
	TCase *cases = tcase_create("screens");

	suite_add_tcase(suite, cases);
	tcase_add_loop_test(cases, keys_lead_to_the_screens_that_the_guide_promises, 0, (int)(sizeof(files) / sizeof(files[0])));
	tcase_add_test(cases, the_comparison_sees_one_cell_and_the_script_is_no_screen);
	tcase_add_test(cases, a_row_survives_text_and_back);
	tcase_add_test(cases, buttons_have_two_names_each);
	return check_main_run(suite);
}
