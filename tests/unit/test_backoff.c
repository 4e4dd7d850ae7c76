/* The waits between attempts, and the eventfd that ends them early. */
#include <check.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/backoff.h"
#include "daemon/kick.h"
#include "lib/check_main.h"

START_TEST(waits_double_from_a_quarter_second_to_five)
{
	static const int wait_ms[] = { 250, 500, 1000, 2000, 4000, 5000, 5000, 5000 };
	int64_t wait_ns = 0;

	for (unsigned k = 0; k < sizeof(wait_ms) / sizeof(wait_ms[0]); k++) {
		wait_ns = backoff_next_ns(wait_ns);
		ck_assert_int_eq(wait_ns, wait_ms[k] * INT64_C(1000000));
	}
	ck_assert_int_eq(backoff_next_ns(INT64_MAX), INT64_C(5000000000));
}
END_TEST

static bool is_readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1;
}

START_TEST(many_kicks_are_taken_as_one_and_taking_none_does_not_block)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	ck_assert_int_ge(fd, 0);
	kick_take(fd);
	ck_assert(!is_readable(fd));
	for (int k = 0; k < 3; k++)
		kick_give(fd);
	ck_assert(is_readable(fd));
	kick_take(fd);
	ck_assert(!is_readable(fd));
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("backoff");
	TCase *tests = tcase_create("backoff");

	tcase_add_test(tests, waits_double_from_a_quarter_second_to_five);
	tcase_add_test(tests, many_kicks_are_taken_as_one_and_taking_none_does_not_block);
	suite_add_tcase(suite, tests);
	return check_main_run(suite);
}
