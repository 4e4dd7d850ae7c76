/*
 * What a real serial line has and a pseudo-terminal has not: RTS, RS-485 mode, a UART that takes its time, error
 * counters.  This program's ioctl() stands before the C library's, for libmodbus too, and plays the driver.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/check_main.h"
#include "modbus/rtu.h"
#include "modbus/slave.h"

#define PATIENCE_NS INT64_C(20000000000)

static struct {
	bool rts, has_rs485, has_counts, holds;	/* holds: the UART has not sent all yet */
	unsigned rts_changes;
	struct serial_rs485 rs485;
	struct serial_icounter_struct counts;
} driver;

static char directory[64], link_path[96];
static sd_event *event;
static struct slave *slave;
static struct modbus_config config;
static struct identity identity;
static struct register_image image;
static int master;

static int set_rts(bool on, const int *bits)
{
	if (*bits & TIOCM_RTS) {
		driver.rts_changes += driver.rts != on;
		driver.rts = on;
	}
	return 0;
}

static int refuse(void)
{
	errno = ENOTTY;
	return -1;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	switch (request) {
	case TIOCMBIS:
		return set_rts(true, argument);
	case TIOCMBIC:
		return set_rts(false, argument);
	case TIOCOUTQ:
		*(int *)argument = 0;
		return 0;
	case TIOCSERGETLSR:
		*(unsigned *)argument = driver.holds ? 0 : TIOCSER_TEMT;
		return 0;
	case TIOCGICOUNT:
		if (!driver.has_counts)
			return refuse();
		*(struct serial_icounter_struct *)argument = driver.counts;
		return 0;
	case TIOCGRS485:
		if (!driver.has_rs485)
			return refuse();
		*(struct serial_rs485 *)argument = driver.rs485;
		return 0;
	case TIOCSRS485:
		driver.rs485 = *(struct serial_rs485 *)argument;
		return 0;
	default:
		return (int)syscall(SYS_ioctl, fd, request, argument);
	}
}

#if defined(_TIME_BITS) && _TIME_BITS == 64 && __TIMESIZE == 32
/* With 64 bits of time on a 32-bit machine the above has another name to the linker; libmodbus calls it by the old one. */
int ioctl_of_libraries(int fd, unsigned long request, ...) __asm__("ioctl") __attribute__((alias("__ioctl_time64")));
#endif

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void copy_image(void *context, struct register_image *copy)
{
	(void)context;
	*copy = image;
}

static int refuse_write(void *context, const struct pdu_write *write)
{
	(void)context;
	(void)write;
	return -EBUSY;
}

static const struct slave_ops ops = { .image = copy_image, .write = refuse_write };

static void setup(void)
{
	char name[64];

	memset(&driver, 0, sizeof(driver));
	snprintf(directory, sizeof(directory), "/tmp/test-line-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(link_path, sizeof(link_path), "%s/tty", directory);
	master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	ck_assert_int_eq(grantpt(master), 0);
	ck_assert_int_eq(unlockpt(master), 0);
	ck_assert_int_eq(ptsname_r(master, name, sizeof(name)), 0);
	ck_assert_int_eq(symlink(name, link_path), 0);
	identity_defaults(&identity);
	config = (struct modbus_config) { .address = 1, .baud = 38400, .parity = 'N', .stop_bits = 1, .rts = 'n',
					  .turnaround_us = -1, .gap_ms = 20 };
	snprintf(config.device, sizeof(config.device), "%s", link_path);
	slave = NULL;
	ck_assert_int_ge(sd_event_new(&event), 0);
}

static void teardown(void)
{
	slave_free(slave);
	sd_event_unref(event);
	close(master);
	unlink(link_path);
	rmdir(directory);
}

static void start(void)
{
	ck_assert_int_eq(slave_new(&slave, event, &config, &identity, &ops, NULL), 0);
}

#define turn_until(condition)							\
	do {									\
		int64_t limit_ns_ = now_ns() + PATIENCE_NS;			\
		while (!(condition)) {						\
			ck_assert_msg(now_ns() < limit_ns_, "%s", #condition);	\
			ck_assert_int_ge(sd_event_run(event, 1000), 0);		\
		}								\
	} while (0)

/* Asks for register 129, which reads 0. */
static void ask(void)
{
	uint8_t frame[8] = { 1, 3, 0, 128, 0, 1 };
	uint16_t crc = rtu_crc(frame, 6);

	frame[6] = (uint8_t)crc;
	frame[7] = (uint8_t)(crc >> 8);
	ck_assert_int_eq(write(master, frame, 8), 8);
}

static void check_rts(char rts, bool resting)
{
	config.rts = rts;
	start();
	ck_assert_int_eq(driver.rts, resting);
	driver.rts_changes = 0;
	driver.holds = true;
	ask();
	turn_until(slave_counters(slave)->replies == 1);
	ck_assert_int_eq(driver.rts, !resting);
	/* The loop goes on; the line is kept until the UART is empty. */
	for (int i = 0; i < 20; i++)
		ck_assert_int_ge(sd_event_run(event, 2000), 0);
	ck_assert_int_eq(driver.rts, !resting);
	driver.holds = false;
	turn_until(driver.rts == resting);
	ck_assert_uint_eq(driver.rts_changes, 2);
}

START_TEST(rts_is_up_while_a_reply_goes_out)
{
	driver.rts = true;	/* as drivers open a port */
	check_rts('u', false);
}
END_TEST

START_TEST(rts_is_down_while_a_reply_goes_out)
{
	check_rts('d', true);
}
END_TEST

START_TEST(rts_is_not_touched_without_need)
{
	start();
	ask();
	turn_until(slave_counters(slave)->replies == 1);
	ck_assert_uint_eq(driver.rts_changes, 0);
}
END_TEST

START_TEST(request_during_a_long_reply_is_answered_after_it)
{
	driver.holds = true;
	start();
	ask();
	turn_until(slave_counters(slave)->replies == 1);
	ask();
	turn_until(slave_counters(slave)->requests == 2);
	for (int i = 0; i < 20; i++)
		ck_assert_int_ge(sd_event_run(event, 2000), 0);
	ck_assert_uint_eq(slave_counters(slave)->replies, 1);
	driver.holds = false;
	turn_until(slave_counters(slave)->replies == 2);
}
END_TEST

START_TEST(new_settings_wait_until_the_reply_has_left)
{
	driver.holds = true;
	start();
	ask();
	turn_until(slave_counters(slave)->replies == 1);
	config.address = 2;
	ck_assert_int_eq(slave_reconfigure(slave, &config), 0);
	ask();
	turn_until(slave_counters(slave)->requests == 2);
	driver.holds = false;
	turn_until(slave_counters(slave)->replies == 2);
}
END_TEST

START_TEST(rs485_mode_is_enabled_in_the_kernel)
{
	driver.has_rs485 = true;
	config.rs485 = true;
	start();
	ck_assert(driver.rs485.flags & SER_RS485_ENABLED);
	/* A driver that had no direction for RTS gets the usual one. */
	ck_assert(driver.rs485.flags & SER_RS485_RTS_ON_SEND);
}
END_TEST

START_TEST(rs485_direction_of_the_driver_is_kept)
{
	driver.has_rs485 = true;
	driver.rs485.flags = SER_RS485_RTS_AFTER_SEND;
	config.rs485 = true;
	start();
	ck_assert_uint_eq(driver.rs485.flags, SER_RS485_ENABLED | SER_RS485_RTS_AFTER_SEND);
}
END_TEST

START_TEST(line_errors_are_those_since_the_port_was_opened)
{
	driver.has_counts = true;
	driver.counts.parity = 100;
	driver.counts.frame = -1;	/* the driver's counters are 32 bits and wrap */
	start();
	driver.counts.parity += 3;
	driver.counts.frame += 2;
	driver.counts.overrun = 1;
	ask();
	turn_until(slave_counters(slave)->replies == 1);
	ck_assert_uint_eq(slave_counters(slave)->line_errors, 6);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("line");
	TCase *tcase = tcase_create("driver");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, rts_is_up_while_a_reply_goes_out);
	tcase_add_test(tcase, rts_is_down_while_a_reply_goes_out);
	tcase_add_test(tcase, rts_is_not_touched_without_need);
	tcase_add_test(tcase, request_during_a_long_reply_is_answered_after_it);
	tcase_add_test(tcase, new_settings_wait_until_the_reply_has_left);
	tcase_add_test(tcase, rs485_mode_is_enabled_in_the_kernel);
	tcase_add_test(tcase, rs485_direction_of_the_driver_is_kept);
	tcase_add_test(tcase, line_errors_are_those_since_the_port_was_opened);
	suite_add_tcase(suite, tcase);
	return check_main_run(suite);
}
