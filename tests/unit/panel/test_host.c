/*
 * The panel's thread before a meter that carries out, refuses or hangs.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/monotonic.h"
#include "lib/check_main.h"
#include "metering/snapshot.h"
#include "panel/host.h"

#define WAIT_FOR(condition) \
	while (!(condition)) \
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL)

static struct panel_host *host;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct snapshot meter;
static unsigned sets, checks;
static long hash_ns;			/* so long a password's hash takes */
static int64_t checked_ns, rested_ns;	/* when the last check ended, and how long there was none before it */
static atomic_bool hanging, inside;
static char password[2][6];

static void copy_snapshot(void *context, struct snapshot *snapshot)
{
	(void)context;
	pthread_mutex_lock(&lock);
	*snapshot = meter;
	pthread_mutex_unlock(&lock);
}

static void copy_leds(void *context, bool led[PANEL_LEDS])
{
	(void)context;
	led[PANEL_LED_RX] = true;
}

static int set(void *context, enum setting which, int value)
{
	int ret;

	(void)context;
	inside = true;
	WAIT_FOR(!hanging);
	inside = false;
	pthread_mutex_lock(&lock);
	sets++;
	ret = setting_set(&meter.settings, which, value) ? 3 : 0;
	settings_derive(&meter.settings, &meter.derived);
	pthread_mutex_unlock(&lock);
	return ret;
}

static int command(void *context, unsigned code)
{
	(void)context;
	(void)code;
	return 0;
}

static int check_password(void *context, bool setup, const char *word)
{
	(void)context;
	checks++;
	rested_ns = monotonic_ns() - checked_ns;
	nanosleep(&(struct timespec){ .tv_nsec = hash_ns }, NULL);
	checked_ns = monotonic_ns();
	return strcmp(word, password[setup]) ? -EACCES : 0;
}

static int set_password(void *context, bool setup, const char *word)
{
	(void)context;
	snprintf(password[setup], sizeof(password[setup]), "%s", word);
	return 0;
}

static const struct panel_host_ops ops = { copy_snapshot, copy_leds, set, command, check_password, set_password };

static void setup(void)
{
	static const struct panel_identity identity = { "M", "S", "R", 12345 };

	meter = (struct snapshot){ .live = true, .cycle = 1 };
	settings_defaults(&meter.settings);
	meter.settings.address = 1;
	settings_derive(&meter.settings, &meter.derived);
	set_password(NULL, false, "00000");
	set_password(NULL, true, "00000");
	ck_assert_int_eq(panel_host_start(&host, &identity, &ops, NULL), 0);
}

static void teardown(void)
{
	hanging = false;
	hash_ns = 0;
	panel_host_stop(host);
}

/* "+-><": + - right left. */
static int press(const char *keys, struct panel_screen *screen)
{
	static const char names[] = "+-><";
	enum panel_button button[64];
	unsigned n = 0;

	for (; *keys; keys++)
		button[n++] = (enum panel_button)(strchr(names, *keys) - names);
	return panel_host_press(host, button, n, screen);
}

#define TO_ADDRESS "+>>>"	/* SETUP, its password 00000, S COM, ADDR */

START_TEST(a_change_is_carried_out_before_the_call_returns)
{
	struct panel_screen screen;
	char text[11];

	ck_assert_int_eq(press(TO_ADDRESS "+>", &screen), 0);
	ck_assert_int_eq(meter.settings.address, 2);
	panel_row_text(&screen.bottom, text);
	ck_assert_str_eq(text, "SAvEd");
	ck_assert(screen.led[PANEL_LED_RX] && !screen.led[PANEL_LED_TX]);
	ck_assert_int_eq(press("-", &screen), 0);
	ck_assert_str_eq(screen.place, "SETUP/S COM/BAUD");
}
END_TEST

/* Each presses 0, 1 and all the way back: only whole runs end where they began. */
static void *press_a_round(void *context)
{
	struct panel_screen screen;

	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(press(context, &screen), 0);
	return NULL;
}

START_TEST(presses_of_one_call_have_none_of_another_between)
{
	static char rounds[2][16] = { ">>><<<", "->><<+" };
	struct panel_screen screen;
	pthread_t thread[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, press_a_round, rounds[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	panel_host_get_screen(host, &screen);
	ck_assert_str_eq(screen.place, "ENRGY");
}
END_TEST

static void *press_change(void *context)
{
	struct panel_screen screen;

	/* Behind the change two steps that are not to be made any more when it comes too late. */
	*(int *)context = press(TO_ADDRESS "+><<", &screen);
	return NULL;
}

START_TEST(a_meter_that_hangs_holds_up_nobody_but_who_waits_for_it)
{
	struct panel_screen screen;
	pthread_t thread;
	int ret = 0;

	hanging = true;
	pthread_create(&thread, NULL, press_change, &ret);
	WAIT_FOR(inside);
	panel_host_get_screen(host, &screen);
	ck_assert_str_eq(screen.place, "SETUP/S COM/ADDR");
	/* Others still have room, until the queue is full. */
	for (int i = 0; i < 254; i++)
		ck_assert_int_eq(panel_host_post(host, PANEL_PLUS), 0);
	ck_assert_int_eq(panel_host_post(host, PANEL_PLUS), -EBUSY);
	pthread_join(thread, NULL);
	ck_assert_int_eq(ret, -ETIMEDOUT);
	hanging = false;
	WAIT_FOR((panel_host_get_screen(host, &screen), strcmp(screen.place, "SETUP/S COM/ADDR")));
	/* 254 steps through six options of the speed; no step back. */
	ck_assert_int_eq(press("+", &screen), 0);
	ck_assert_str_eq(screen.place, "SETUP/S COM/BAUD");
	ck_assert_int_eq(meter.settings.address, 2);
}
END_TEST

START_TEST(five_wrong_passwords_lock_and_the_log_has_no_digit_of_them)
{
	struct panel_screen screen;
	char log[4096] = "", row[11];
	FILE *file = tmpfile();
	int before = dup(STDERR_FILENO);

	set_password(NULL, true, "48273");
	dup2(fileno(file), STDERR_FILENO);
	ck_assert_int_eq(press("+>", &screen), 0);
	for (int i = 0; i < 5; i++)
		/* 86421, from the right */
		ck_assert_int_eq(press("+-++-++++-++++++-++++++++>", &screen), 0);
	ck_assert_int_eq(press("", &screen), 0);
	fflush(stderr);
	dup2(before, STDERR_FILENO);
	ck_assert_uint_eq(checks, 5);
	ck_assert_int_eq(press("+++>", &screen), 0);
	ck_assert_uint_eq(checks, 5);
	panel_row_text(&screen.bottom, row);
	ck_assert_str_eq(screen.place, "SETUP/PASWD");
	ck_assert_ptr_nonnull(strstr(row, "LoCK"));
	rewind(file);
	ck_assert_uint_gt(fread(log, 1, sizeof(log) - 1, file), 0);
	ck_assert_ptr_nonnull(strstr(log, "5 wrong passwords in a row: the entry of the setup password is locked for 60 s"));
	ck_assert(!strstr(log, "86421") && !strstr(log, "48273"));
	fclose(file);
	close(before);
}
END_TEST

START_TEST(who_tries_passwords_waits_three_times_as_long_as_a_hash_takes)
{
	struct panel_screen screen;
	unsigned before = checks;

	hash_ns = 20000000;
	set_password(NULL, true, "00001");
	ck_assert_int_eq(press("+>>>", &screen), 0);
	ck_assert_uint_eq(checks, before + 2);
	ck_assert_int_ge(rested_ns, 3 * hash_ns);
	ck_assert_str_eq(screen.place, "SETUP/PASWD");
}
END_TEST

START_TEST(life_is_shown)
{
	int64_t first_ns = panel_host_heartbeat_ns(host);

	WAIT_FOR(panel_host_heartbeat_ns(host) > first_ns);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("panel host");
	TCase *tcase = tcase_create("host");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_change_is_carried_out_before_the_call_returns);
	tcase_add_test(tcase, presses_of_one_call_have_none_of_another_between);
	tcase_add_test(tcase, a_meter_that_hangs_holds_up_nobody_but_who_waits_for_it);
	tcase_add_test(tcase, five_wrong_passwords_lock_and_the_log_has_no_digit_of_them);
	tcase_add_test(tcase, who_tries_passwords_waits_three_times_as_long_as_a_hash_takes);
	tcase_add_test(tcase, life_is_shown);
	suite_add_tcase(suite, tcase);
	return check_main_run(suite);
}
