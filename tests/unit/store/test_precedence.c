/* Whose settings win at a start, and what is said of it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/check_main.h"
#include "script.h"
#include "store/precedence.h"

static struct settings file;
static struct nv stored;
static struct precedence result;

static void setup(void)
{
	settings_defaults(&file);
	memset(&stored, 0, sizeof(stored));
	settings_defaults(&stored.meter.settings);
	settings_defaults(&stored.file_settings);
}

START_TEST(without_a_store_the_file_gives_the_initial_values)
{
	file.ct_primary = 400;
	precedence_decide(&file, NULL, &result);
	ck_assert_int_eq(result.settings.ct_primary, 400);
	ck_assert(!memcmp(&result.settings, &file, sizeof(file)));
	ck_assert_uint_eq(result.n, 0);
	ck_assert(result.consistent);
}
END_TEST

START_TEST(without_a_difference_nothing_is_said)
{
	precedence_decide(&file, &stored, &result);
	ck_assert(!memcmp(&result.settings, &file, sizeof(file)));
	ck_assert_uint_eq(result.n, 0);
}
END_TEST

START_TEST(stored_value_wins_over_a_file_that_did_not_change)
{
	struct precedence_values values = { "a", "b", "c" };
	char text[256];

	stored.meter.settings.ct_primary = 250;
	precedence_decide(&file, &stored, &result);
	ck_assert_int_eq(result.settings.ct_primary, 250);
	ck_assert_uint_eq(result.n, 1);
	ck_assert_int_eq(result.decision[0].setting, SETTING_CT_PRIMARY);
	ck_assert(!result.decision[0].file_taken);
	precedence_get_text(&result.decision[0], &values, text, sizeof(text));
	ck_assert_str_eq(text, "ct_primary: the stored b is taken, changed since the last change of the configuration file, which says a");
}
END_TEST

START_TEST(changed_file_wins_over_a_stored_value)
{
	struct precedence_values values = { "a", "b", "c" };
	char text[256];

	stored.meter.settings.ct_primary = 250;
	file.ct_primary = 400;
	precedence_decide(&file, &stored, &result);
	ck_assert_int_eq(result.settings.ct_primary, 400);
	ck_assert_uint_eq(result.n, 1);
	ck_assert(result.decision[0].file_taken);
	precedence_get_text(&result.decision[0], &values, text, sizeof(text));
	ck_assert_str_eq(text, "ct_primary: a is taken from the configuration file, which said c at the last start; b was stored");
}
END_TEST

START_TEST(changed_file_wins_where_the_store_still_had_its_old_value)
{
	file.ct_primary = 400;
	precedence_decide(&file, &stored, &result);
	ck_assert_int_eq(result.settings.ct_primary, 400);
	ck_assert_uint_eq(result.n, 1);
	ck_assert(result.decision[0].file_taken);
}
END_TEST

/* Someone wrote 400 by Modbus and later the same into the file. */
START_TEST(file_that_changed_to_what_is_stored_needs_no_word)
{
	stored.meter.settings.ct_primary = file.ct_primary = 400;
	precedence_decide(&file, &stored, &result);
	ck_assert_int_eq(result.settings.ct_primary, 400);
	ck_assert_uint_eq(result.n, 0);
}
END_TEST

/* Changed in the file and taken back by Modbus: the file says the same as at the last start. */
START_TEST(each_setting_is_decided_by_itself)
{
	stored.file_settings.system_type = 31;
	stored.meter.settings.system_type = 12;
	stored.meter.settings.demand_subinterval_s = 60;
	stored.meter.settings.address = 17;
	file.parity = 2;
	precedence_decide(&file, &stored, &result);
	ck_assert_int_eq(result.settings.system_type, 40);
	ck_assert_int_eq(result.settings.demand_subinterval_s, 60);
	ck_assert_int_eq(result.settings.address, 17);
	ck_assert_int_eq(result.settings.parity, 2);
	ck_assert_uint_eq(result.n, 4);
	ck_assert(result.decision[0].file_taken && !result.decision[1].file_taken && !result.decision[2].file_taken &&
		  result.decision[3].file_taken);
}
END_TEST

/* Every setting alone, with random legal values: one of the two says what is in force, never a third. */
START_TEST(every_setting_takes_the_newest_change)
{
	uint64_t seed = script_seed();

	for (int round = 0; round < 2000; round++) {
		struct nv fresh;

		script_fill(&stored, &seed);
		script_fill(&fresh, &seed);
		file = round & 1 ? fresh.file_settings : stored.file_settings;
		precedence_decide(&file, &stored, &result);
		for (int i = 0; i < SETTINGS_N; i++) {
			enum setting which = (enum setting)i;
			bool changed = setting_get(&file, which) != setting_get(&stored.file_settings, which);

			ck_assert_int_eq(setting_get(&result.settings, which),
					 setting_get(changed ? &file : &stored.meter.settings, which));
		}
	}
}
END_TEST

START_TEST(mixture_that_does_not_fit_is_used_and_told)
{
	char text[256];

	stored.meter.settings.pt_ratio = 4000;	/* 40.00, by Modbus .. */
	file.system_voltage = 480;		/* .. and the file wants 480 V: 12 V at the input */
	precedence_decide(&file, &stored, &result);
	ck_assert_int_eq(result.settings.pt_ratio, 4000);
	ck_assert_int_eq(result.settings.system_voltage, 480);
	ck_assert(!result.consistent);
	ck_assert_int_eq(result.inconsistent, SETTING_SYSTEM_VOLTAGE);
	precedence_get_warning(&result, text, sizeof(text));
	ck_assert_str_eq(text, "those of the configuration file and the stored ones do not fit together: system_voltage 480 V with "
			       "pt_ratio 40.00 is 12.0 V at the meter's input, must be 82 to 660 V; they are used as they are");
}
END_TEST

START_TEST(mixture_whose_pulses_nothing_serves_is_used_and_told)
{
	char text[256];

	stored.meter.settings.pulse_energy = 10;
	file.ct_primary = 32000;
	precedence_decide(&file, &stored, &result);
	ck_assert(!result.consistent);
	ck_assert_int_eq(result.inconsistent, SETTING_PULSE_ENERGY);
	precedence_get_warning(&result, text, sizeof(text));
	ck_assert_str_eq(text, "those of the configuration file and the stored ones do not fit together: no pulse duration keeps up "
			       "with pulse_energy 10 Wh at 33255.4 kW; they are used as they are");
}
END_TEST

START_TEST(password_of_the_file_is_taken_when_it_changed_or_nothing_is_stored)
{
	ck_assert(precedence_decide_password("$y$a", "", ""));
	ck_assert(precedence_decide_password("$y$a", "$y$b", "$y$b"));
	ck_assert(precedence_decide_password("$y$a", "$y$b", "$y$c"));
	ck_assert(!precedence_decide_password("$y$a", "$y$a", "$y$c"));
	ck_assert(!precedence_decide_password("$y$a", "$y$a", "$y$a"));
	ck_assert(precedence_decide_password("$y$a", "$y$a", ""));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("precedence");
	TCase *tcase = tcase_create("precedence");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, without_a_store_the_file_gives_the_initial_values);
	tcase_add_test(tcase, without_a_difference_nothing_is_said);
	tcase_add_test(tcase, stored_value_wins_over_a_file_that_did_not_change);
	tcase_add_test(tcase, changed_file_wins_over_a_stored_value);
	tcase_add_test(tcase, changed_file_wins_where_the_store_still_had_its_old_value);
	tcase_add_test(tcase, file_that_changed_to_what_is_stored_needs_no_word);
	tcase_add_test(tcase, each_setting_is_decided_by_itself);
	tcase_add_test(tcase, every_setting_takes_the_newest_change);
	tcase_add_test(tcase, mixture_that_does_not_fit_is_used_and_told);
	tcase_add_test(tcase, mixture_whose_pulses_nothing_serves_is_used_and_told);
	tcase_add_test(tcase, password_of_the_file_is_taken_when_it_changed_or_nothing_is_stored);
	return check_main_run(suite);
}
