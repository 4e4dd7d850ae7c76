/*
 * The slave on pseudo-terminals, in one thread with its loop: the test plays the master (and the meter) between
 * two turns of the loop.  Nothing is waited for by time: a condition ends each wait, and the next
 * right reply proves that none came before.  One file, long, since all share that loop.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "lib/check_main.h"
#include "modbus/rtu.h"
#include "modbus/slave.h"

#define PATIENCE_NS INT64_C(20000000000)	/* a wait that lasts so long has failed */

static char directory[64], link_path[96], log_path[96];
static int saved_stderr;
static sd_event *event;
static struct slave *slave;
static struct modbus_config config;
static struct identity identity;
static int master;			/* the far end, or the master side of a tty that the test made */
static struct register_image image;
static struct pdu_write taken;		/* the write that the meter has */
static unsigned writes;
static int write_result;
static struct slave_counters told;

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

static int take_write(void *context, const struct pdu_write *write)
{
	(void)context;
	taken = *write;
	writes++;
	return write_result;
}

static void be_told(void *context, const struct slave_counters *counters)
{
	(void)context;
	told = *counters;
}

static const struct slave_ops ops = { .image = copy_image, .write = take_write, .activity = be_told };

static void setup(void)
{
	struct snapshot snapshot;
	int log;

	snprintf(directory, sizeof(directory), "/tmp/test-slave-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(link_path, sizeof(link_path), "%s/tty", directory);
	snprintf(log_path, sizeof(log_path), "%s/log", directory);
	saved_stderr = dup(STDERR_FILENO);
	log = open(log_path, O_RDWR | O_CREAT | O_APPEND, 0600);
	ck_assert_int_ge(log, 0);
	dup2(log, STDERR_FILENO);
	close(log);
	memset(&snapshot, 0, sizeof(snapshot));
	settings_defaults(&snapshot.settings);
	settings_derive(&snapshot.settings, &snapshot.derived);
	registers_encode(&snapshot, &image);
	identity_defaults(&identity);
	config = (struct modbus_config) { .address = 1, .baud = 38400, .parity = 'N', .stop_bits = 1, .rts = 'n',
					  .turnaround_us = -1, .gap_ms = 20 };
	snprintf(config.device, sizeof(config.device), "pty:%s", link_path);
	slave = NULL;
	master = -1;
	writes = 0;
	write_result = 0;
	ck_assert_int_ge(sd_event_new(&event), 0);
}

static void teardown(void)
{
	slave_free(slave);
	sd_event_unref(event);
	if (master >= 0)
		close(master);
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	unlink(link_path);
	unlink(log_path);
	rmdir(directory);
}

static void open_far_end(void)
{
	struct termios tios;

	master = open(link_path, O_RDWR | O_NOCTTY | O_NONBLOCK);
	ck_assert_int_ge(master, 0);
	tcgetattr(master, &tios);
	cfmakeraw(&tios);
	tcsetattr(master, TCSANOW, &tios);
}

static void start(void)
{
	ck_assert_int_eq(slave_new(&slave, event, &config, &identity, &ops, NULL), 0);
	open_far_end();
}

/* A tty of the test's own at link_path; `master` is its other side. */
static void make_tty(void)
{
	char name[64];

	master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master), 0);
	ck_assert_int_eq(unlockpt(master), 0);
	ck_assert_int_eq(ptsname_r(master, name, sizeof(name)), 0);
	unlink(link_path);
	ck_assert_int_eq(symlink(name, link_path), 0);
}

static void start_on_tty(void)
{
	make_tty();
	snprintf(config.device, sizeof(config.device), "%s", link_path);
	ck_assert_int_eq(slave_new(&slave, event, &config, &identity, &ops, NULL), 0);
}

static void turn(void)
{
	ck_assert_int_ge(sd_event_run(event, 1000), 0);
}

/* Turns the loop until the condition holds. */
#define turn_until(condition)							\
	do {									\
		int64_t limit_ns_ = now_ns() + PATIENCE_NS;			\
		while (!(condition)) {						\
			ck_assert_msg(now_ns() < limit_ns_, "%s", #condition);	\
			turn();							\
		}								\
	} while (0)

static size_t seal(uint8_t *frame, size_t length)
{
	uint16_t crc = rtu_crc(frame, length);

	frame[length] = (uint8_t)crc;
	frame[length + 1] = (uint8_t)(crc >> 8);
	return length + 2;
}

/* Hexadecimal text to a frame with its CRC. */
static size_t assemble(const char *text, uint8_t *frame)
{
	size_t n = 0;
	unsigned value;
	int used;

	while (sscanf(text, " %2x%n", &value, &used) == 1) {
		frame[n++] = (uint8_t)value;
		text += used;
	}
	return seal(frame, n);
}

static void send_frame(const char *text)
{
	uint8_t frame[256];
	size_t n = assemble(text, frame);

	ck_assert_int_eq(write(master, frame, n), (ssize_t)n);
}

/* The next bytes from the slave are this frame. */
static void expect_frame(const char *text)
{
	uint8_t expected[256], got[256];
	size_t n = assemble(text, expected), length = 0;
	int64_t limit_ns = now_ns() + PATIENCE_NS;

	while (length < n) {
		ssize_t some = read(master, got + length, n - length);

		ck_assert_msg(now_ns() < limit_ns, "no reply %s", text);
		if (some > 0)
			length += (size_t)some;
		else
			turn();
	}
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(got[i] == expected[i], "%s: byte %zu is %02x", text, i, got[i]);
}

static void expect_nothing_waits(void)
{
	uint8_t byte;

	ck_assert_int_le(read(master, &byte, 1), 0);
}

static void check_log(const char *text)
{
	char lines[4096];
	FILE *log = fopen(log_path, "r");
	size_t n;

	ck_assert_ptr_nonnull(log);
	n = fread(lines, 1, sizeof(lines) - 1, log);
	fclose(log);
	lines[n] = '\0';
	ck_assert_msg(strstr(lines, text) != NULL, "\"%s\" is not in the log:\n%s", text, lines);
}

START_TEST(reply_is_right_and_not_before_t35)
{
	int64_t sent_ns;

	start();
	sent_ns = now_ns();
	send_frame("01 03 00 81 00 02");
	expect_frame("01 03 04 00 28 00 64");
	ck_assert_int_ge(now_ns() - sent_ns, rtu_t35_ns(38400));
	ck_assert_uint_eq(slave_counters(slave)->requests, 1);
	ck_assert_uint_eq(slave_counters(slave)->replies, 1);
	ck_assert_int_ge(slave_counters(slave)->last_request_ns, sent_ns);
}
END_TEST

START_TEST(turnaround_of_the_configuration_is_kept)
{
	int64_t sent_ns;

	config.turnaround_us = 30000;
	start();
	sent_ns = now_ns();
	send_frame("01 11");
	turn_until(slave_counters(slave)->replies == 1);
	ck_assert_int_ge(now_ns() - sent_ns, 30000000);
}
END_TEST

START_TEST(bytes_may_come_one_by_one)
{
	uint8_t frame[16];
	size_t n = assemble("01 03 00 81 00 02", frame);

	config.gap_ms = 1000;
	start();
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(write(master, frame + i, 1), 1);
		ck_assert_int_ge(sd_event_run(event, 2000), 0);
	}
	expect_frame("01 03 04 00 28 00 64");
}
END_TEST

START_TEST(reply_to_a_write_waits_for_the_meter)
{
	start();
	send_frame("01 06 00 82 01 F4");
	turn_until(writes == 1);
	ck_assert_uint_eq(taken.first, 131);
	ck_assert_uint_eq(taken.values[0], 500);
	/* The master grows impatient and asks again, then for something else. */
	send_frame("01 06 00 82 01 F4");
	send_frame("01 03 00 81 00 01");
	turn_until(slave_counters(slave)->requests == 3);
	ck_assert_uint_eq(slave_counters(slave)->replies, 0);
	ck_assert_uint_eq(writes, 1);
	slave_write_done(slave, 0);
	expect_frame("01 06 00 82 01 F4");
	turn_until(writes == 2);
	ck_assert_uint_eq(slave_counters(slave)->replies, 1);
	slave_write_done(slave, 0);
	expect_frame("01 06 00 82 01 F4");
	expect_frame("01 03 02 00 28");
	expect_nothing_waits();
}
END_TEST

START_TEST(exception_of_the_meter_reaches_the_master)
{
	start();
	send_frame("01 10 00 81 00 01 02 00 0D");
	turn_until(writes == 1);
	slave_write_done(slave, 3);
	expect_frame("01 90 03");
	ck_assert_uint_eq(slave_counters(slave)->exceptions, 1);
}
END_TEST

START_TEST(meter_that_cannot_take_a_write_is_busy)
{
	write_result = -EBUSY;
	start();
	send_frame("01 06 00 82 01 F4");
	expect_frame("01 86 06");
}
END_TEST

START_TEST(broadcast_is_carried_out_and_not_answered)
{
	start();
	send_frame("00 06 00 82 01 F4");
	send_frame("00 03 00 81 00 01");
	send_frame("01 03 00 81 00 01");
	turn_until(writes == 1 && slave_counters(slave)->requests == 1);
	ck_assert(taken.broadcast);
	ck_assert_uint_eq(slave_counters(slave)->replies, 0);
	slave_write_done(slave, 0);
	expect_frame("01 03 02 00 28");
	ck_assert_uint_eq(slave_counters(slave)->replies, 1);
	ck_assert_uint_eq(slave_counters(slave)->broadcasts, 1);
}
END_TEST

START_TEST(requests_behind_a_write_are_held_up_to_a_bound)
{
	start();
	send_frame("01 06 00 82 01 F4");
	turn_until(writes == 1);
	for (unsigned i = 0; i < 80; i++)
		send_frame("01 03 00 81 00 01");
	turn_until(slave_counters(slave)->requests == 81);
	ck_assert_uint_eq(slave_counters(slave)->dropped, 80 - 64);
	slave_write_done(slave, 0);
	expect_frame("01 06 00 82 01 F4");
	for (unsigned i = 0; i < 64; i++)
		expect_frame("01 03 02 00 28");
	send_frame("01 06 00 82 00 C8");
	turn_until(writes == 2);
	expect_nothing_waits();
}
END_TEST

START_TEST(reply_to_a_request_of_more_than_a_second_ago_is_dropped)
{
	int64_t late_ns;

	start();
	send_frame("01 06 00 82 01 F4");
	turn_until(writes == 1);
	send_frame("01 03 00 81 00 01");
	turn_until(slave_counters(slave)->requests == 2);
	late_ns = now_ns() + INT64_C(1100000000);
	turn_until(now_ns() > late_ns);
	/* The write is answered however long the meter took; the read behind it is not. */
	slave_write_done(slave, 0);
	expect_frame("01 06 00 82 01 F4");
	turn_until(slave_counters(slave)->dropped == 1);
	expect_nothing_waits();
	check_log("older than 1 s");
	send_frame("01 03 00 81 00 01");
	expect_frame("01 03 02 00 28");
	ck_assert_uint_eq(slave_counters(slave)->replies, 2);
}
END_TEST

START_TEST(illegal_function_is_answered_after_silence)
{
	start();
	send_frame("01 41 00");
	expect_frame("01 C1 01");
}
END_TEST

START_TEST(wrong_crc_is_counted_and_not_answered)
{
	start();
	ck_assert_int_eq(write(master, "\x01\x03\x00\x81\x00\x02\x00\x00", 8), 8);
	turn_until(slave_counters(slave)->crc_errors == 1);
	send_frame("01 03 00 81 00 01");
	expect_frame("01 03 02 00 28");
	ck_assert_uint_eq(slave_counters(slave)->requests, 1);
	check_log("bad bytes on the bus");
}
END_TEST

START_TEST(own_echo_is_not_answered)
{
	uint8_t reply[64];
	size_t length = 0;

	config.echo = true;
	start();
	for (unsigned i = 1; i <= 3; i++) {
		send_frame("01 06 00 82 01 F4");
		turn_until(writes == i);
		slave_write_done(slave, 0);
		/* The transceiver hears what the slave sends; it is also the request itself, to the letter. */
		for (length = 0; length < 8; ) {
			ssize_t n = read(master, reply + length, sizeof(reply) - length);

			if (n > 0)
				length += (size_t)n;
			else
				turn();
		}
		ck_assert_uint_eq(length, 8);
		ck_assert_int_eq(write(master, reply, length), (ssize_t)length);
	}
	send_frame("01 03 00 81 00 01");
	expect_frame("01 03 02 00 28");
	ck_assert_uint_eq(writes, 3);
	ck_assert_uint_eq(slave_counters(slave)->requests, 4);
}
END_TEST

START_TEST(master_that_does_not_read_stops_nothing)
{
	start();
	for (unsigned i = 1; i <= 120; i++) {
		send_frame("01 03 01 00 00 5A");
		turn_until(slave_counters(slave)->replies + slave_counters(slave)->dropped == i);
	}
	ck_assert_uint_gt(slave_counters(slave)->dropped, 0);
	check_log("a reply is lost");
	tcflush(master, TCIFLUSH);
	turn();
	tcflush(master, TCIFLUSH);
	send_frame("01 03 00 81 00 01");
	turn_until(slave_counters(slave)->replies + slave_counters(slave)->dropped == 121);
}
END_TEST

START_TEST(far_end_may_close_and_open_again)
{
	start();
	for (unsigned i = 1; i <= 3; i++) {
		send_frame("01 03 00 81 00 01");
		expect_frame("01 03 02 00 28");
		close(master);
		ck_assert_int_ge(sd_event_run(event, 10000), 0);
		ck_assert(slave_counters(slave)->port_open);
		open_far_end();
	}
	ck_assert_uint_eq(slave_counters(slave)->reopens, 0);
}
END_TEST

START_TEST(reply_that_its_master_did_not_wait_for_is_not_the_next_ones)
{
	start();
	send_frame("01 03 00 81 00 02");
	turn_until(slave_counters(slave)->replies == 1);
	close(master);
	turn();
	open_far_end();
	send_frame("01 03 00 81 00 01");
	expect_frame("01 03 02 00 28");
	expect_nothing_waits();
}
END_TEST

START_TEST(reply_stays_while_its_master_does_whoever_else_leaves)
{
	struct slave *second;

	start();
	for (unsigned i = 1; i <= 20; i++) {
		int other = open(link_path, O_RDWR | O_NOCTTY | O_NONBLOCK);

		ck_assert_int_ge(other, 0);
		send_frame("01 03 00 81 00 01");
		turn_until(slave_counters(slave)->replies == i);
		close(other);
		if (i % 4 == 0)
			ck_assert_int_eq(slave_new(&second, event, &config, &identity, &ops, NULL), -EBUSY);
		turn();
		expect_frame("01 03 02 00 28");
	}
	expect_nothing_waits();
	ck_assert_uint_eq(slave_counters(slave)->reopens, 0);
}
END_TEST

START_TEST(second_instance_on_the_same_link_is_refused)
{
	struct slave *second;
	char text[160];

	start();
	ck_assert_int_eq(slave_new(&second, event, &config, &identity, &ops, NULL), -EBUSY);
	snprintf(text, sizeof(text), "%s: in use by process %d", link_path, (int)getpid());
	check_log(text);
	send_frame("01 03 00 81 00 01");
	expect_frame("01 03 02 00 28");
}
END_TEST

START_TEST(second_instance_on_the_same_tty_is_refused_and_changes_no_setting)
{
	struct slave *second;
	struct termios tios;
	char text[160];

	start_on_tty();
	config.baud = 1200;
	ck_assert_int_eq(slave_new(&second, event, &config, &identity, &ops, NULL), -EBUSY);
	snprintf(text, sizeof(text), "%s: in use by process %d (", link_path, (int)getpid());
	check_log(text);
	tcgetattr(master, &tios);
	ck_assert_uint_eq(cfgetospeed(&tios), B38400);
}
END_TEST

START_TEST(link_is_removed_at_the_end)
{
	struct stat st;

	start();
	slave_free(slave);
	slave = NULL;
	ck_assert_int_eq(lstat(link_path, &st), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(stale_link_is_replaced)
{
	ck_assert_int_eq(symlink("/dev/pts/99999", link_path), 0);
	start();
	send_frame("01 03 00 81 00 01");
	expect_frame("01 03 02 00 28");
}
END_TEST

START_TEST(file_in_the_place_of_the_link_is_left_alone)
{
	struct stat st;
	int fd = open(link_path, O_WRONLY | O_CREAT, 0600);

	ck_assert_int_eq(write(fd, "precious", 8), 8);
	close(fd);
	ck_assert_int_eq(slave_new(&slave, event, &config, &identity, &ops, NULL), -EEXIST);
	slave = NULL;
	ck_assert_int_eq(lstat(link_path, &st), 0);
	ck_assert_int_eq(st.st_size, 8);
	check_log("is left alone");
}
END_TEST

START_TEST(link_to_something_else_is_left_alone)
{
	char target[8];

	ck_assert_int_eq(symlink("/tmp", link_path), 0);
	ck_assert_int_eq(slave_new(&slave, event, &config, &identity, &ops, NULL), -EEXIST);
	slave = NULL;
	ck_assert_int_eq(readlink(link_path, target, sizeof(target)), 4);
}
END_TEST

START_TEST(link_taken_over_by_another_is_not_removed)
{
	struct stat st;

	start();
	unlink(link_path);
	ck_assert_int_eq(symlink("/tmp", link_path), 0);
	slave_free(slave);
	slave = NULL;
	ck_assert_int_eq(lstat(link_path, &st), 0);
}
END_TEST

START_TEST(tty_that_is_missing_at_the_start_is_named_and_taken_when_it_is_there)
{
	snprintf(config.device, sizeof(config.device), "%s", link_path);
	ck_assert_int_eq(slave_new(&slave, event, &config, &identity, &ops, NULL), 0);
	check_log("tty: cannot open: No such file or directory");
	ck_assert(!slave_counters(slave)->port_open);
	ck_assert_str_eq(slave_port_name(slave), "");
	make_tty();
	turn_until(slave_counters(slave)->port_open);
	check_log("the port is there");
	ck_assert_uint_eq(slave_counters(slave)->reopens, 0);
	send_frame("01 03 00 81 00 01");
	expect_frame("01 03 02 00 28");
}
END_TEST

START_TEST(another_reason_why_a_tty_is_not_opened_is_logged_and_told)
{
	snprintf(config.device, sizeof(config.device), "%s", link_path);
	ck_assert_int_eq(slave_new(&slave, event, &config, &identity, &ops, NULL), 0);
	ck_assert_int_eq(slave_counters(slave)->port_error, -ENOENT);
	ck_assert_int_eq(symlink("/dev/null", link_path), 0);
	turn_until(told.port_error == -ENOTTY);
	check_log("tty: no serial port");
	unlink(link_path);
	make_tty();
	turn_until(told.port_open);
	ck_assert_int_eq(told.port_error, 0);
}
END_TEST

START_TEST(tty_that_vanishes_before_any_request_is_told)
{
	start_on_tty();
	told.port_open = true;
	close(master);
	turn_until(!slave_counters(slave)->port_open);
	ck_assert(!told.port_open);
	ck_assert_int_eq(told.port_error, -EIO);
	make_tty();
	turn_until(told.port_open);
}
END_TEST

START_TEST(what_is_no_tty_is_named)
{
	snprintf(config.device, sizeof(config.device), "/dev/null");
	ck_assert_int_eq(slave_new(&slave, event, &config, &identity, &ops, NULL), -ENOTTY);
	check_log("/dev/null: no serial port");
	slave = NULL;
}
END_TEST

START_TEST(driver_without_rs485_is_named)
{
	make_tty();
	config.rs485 = true;
	snprintf(config.device, sizeof(config.device), "%s", link_path);
	ck_assert_int_lt(slave_new(&slave, event, &config, &identity, &ops, NULL), 0);
	check_log("no RS-485 mode in the kernel's driver");
	slave = NULL;
}
END_TEST

START_TEST(baud_rates_are_set_on_the_tty)
{
	static const struct { int baud; speed_t speed; } rates[] = {
		{ 1200, B1200 }, { 2400, B2400 }, { 4800, B4800 }, { 9600, B9600 }, { 19200, B19200 }, { 38400, B38400 },
	};

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct termios tios;

		config.baud = rates[i].baud;
		config.stop_bits = 1 + (int)(i % 2);
		start_on_tty();
		tcgetattr(master, &tios);
		ck_assert_uint_eq(cfgetospeed(&tios), rates[i].speed);
		ck_assert_uint_eq(!!(tios.c_cflag & CSTOPB), i % 2);
		ck_assert_uint_eq(tios.c_lflag & (ICANON | ECHO | ISIG), 0);
		slave_free(slave);
		slave = NULL;
		close(master);
	}
	master = -1;
}
END_TEST

START_TEST(vanished_tty_is_opened_again_when_it_is_back)
{
	start_on_tty();
	send_frame("01 03 00 81 00 01");
	expect_frame("01 03 02 00 28");
	close(master);
	turn_until(!slave_counters(slave)->port_open);
	check_log("the port is gone");
	make_tty();
	turn_until(slave_counters(slave)->port_open);
	check_log("the port is back");
	ck_assert_uint_eq(slave_counters(slave)->reopens, 1);
	send_frame("01 03 00 81 00 01");
	expect_frame("01 03 02 00 28");
}
END_TEST

START_TEST(answer_of_the_meter_after_the_tty_vanished_is_not_sent)
{
	start_on_tty();
	send_frame("01 06 00 82 01 F4");
	turn_until(writes == 1);
	close(master);
	turn_until(!slave_counters(slave)->port_open);
	make_tty();
	turn_until(slave_counters(slave)->port_open);
	/* The next write waits: the meter has one at a time. */
	send_frame("01 06 00 82 00 C8");
	turn_until(slave_counters(slave)->requests == 2);
	ck_assert_uint_eq(writes, 1);
	slave_write_done(slave, 0);
	turn_until(writes == 2);
	slave_write_done(slave, 0);
	expect_frame("01 06 00 82 00 C8");
}
END_TEST

START_TEST(new_address_holds_after_the_reply_under_way)
{
	start();
	send_frame("01 03 00 81 00 01");
	turn_until(slave_counters(slave)->requests == 1);
	config.address = 17;
	ck_assert_int_eq(slave_reconfigure(slave, &config), 0);
	expect_frame("01 03 02 00 28");
	send_frame("01 03 00 81 00 01");
	send_frame("11 03 00 81 00 01");
	expect_frame("11 03 02 00 28");
	ck_assert_uint_eq(slave_counters(slave)->replies, 2);
}
END_TEST

START_TEST(new_line_settings_open_the_tty_again)
{
	struct termios tios;

	start_on_tty();
	config.baud = 9600;
	ck_assert_int_eq(slave_reconfigure(slave, &config), 0);
	tcgetattr(master, &tios);
	ck_assert_uint_eq(cfgetospeed(&tios), B9600);
	send_frame("01 03 00 81 00 01");
	expect_frame("01 03 02 00 28");
}
END_TEST

START_TEST(new_device_that_does_not_open_is_tried_again)
{
	char other[sizeof(config.device)];

	start();
	snprintf(other, sizeof(other), "%s", config.device);
	snprintf(config.device, sizeof(config.device), "%s/none", directory);
	ck_assert_int_eq(slave_reconfigure(slave, &config), 0);
	ck_assert(!slave_counters(slave)->port_open);
	check_log("none: cannot open");
	memcpy(config.device, other, sizeof(other));
	ck_assert_int_eq(slave_reconfigure(slave, &config), 0);
	ck_assert(slave_counters(slave)->port_open);
	close(master);
	open_far_end();
	send_frame("01 03 00 81 00 01");
	expect_frame("01 03 02 00 28");
}
END_TEST

START_TEST(settings_out_of_range_change_nothing)
{
	struct modbus_config bad = config;

	start();
	bad.baud = 57600;
	ck_assert_int_eq(slave_reconfigure(slave, &bad), -EINVAL);
	bad = config;
	bad.address = 248;
	ck_assert_int_eq(slave_reconfigure(slave, &bad), -EINVAL);
	send_frame("01 03 00 81 00 01");
	expect_frame("01 03 02 00 28");
}
END_TEST

static void add_requests(Suite *suite)
{
	TCase *tcase = tcase_create("requests");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, reply_is_right_and_not_before_t35);
	tcase_add_test(tcase, turnaround_of_the_configuration_is_kept);
	tcase_add_test(tcase, bytes_may_come_one_by_one);
	tcase_add_test(tcase, reply_to_a_write_waits_for_the_meter);
	tcase_add_test(tcase, exception_of_the_meter_reaches_the_master);
	tcase_add_test(tcase, meter_that_cannot_take_a_write_is_busy);
	tcase_add_test(tcase, broadcast_is_carried_out_and_not_answered);
	tcase_add_test(tcase, requests_behind_a_write_are_held_up_to_a_bound);
	tcase_add_test(tcase, reply_to_a_request_of_more_than_a_second_ago_is_dropped);
	tcase_add_test(tcase, illegal_function_is_answered_after_silence);
	tcase_add_test(tcase, wrong_crc_is_counted_and_not_answered);
	tcase_add_test(tcase, own_echo_is_not_answered);
	tcase_add_test(tcase, master_that_does_not_read_stops_nothing);
	suite_add_tcase(suite, tcase);
}

static void add_ports(Suite *suite)
{
	TCase *tcase = tcase_create("ports");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, far_end_may_close_and_open_again);
	tcase_add_test(tcase, reply_that_its_master_did_not_wait_for_is_not_the_next_ones);
	tcase_add_test(tcase, reply_stays_while_its_master_does_whoever_else_leaves);
	tcase_add_test(tcase, second_instance_on_the_same_link_is_refused);
	tcase_add_test(tcase, second_instance_on_the_same_tty_is_refused_and_changes_no_setting);
	tcase_add_test(tcase, link_is_removed_at_the_end);
	tcase_add_test(tcase, stale_link_is_replaced);
	tcase_add_test(tcase, file_in_the_place_of_the_link_is_left_alone);
	tcase_add_test(tcase, link_to_something_else_is_left_alone);
	tcase_add_test(tcase, link_taken_over_by_another_is_not_removed);
	tcase_add_test(tcase, tty_that_is_missing_at_the_start_is_named_and_taken_when_it_is_there);
	tcase_add_test(tcase, another_reason_why_a_tty_is_not_opened_is_logged_and_told);
	tcase_add_test(tcase, tty_that_vanishes_before_any_request_is_told);
	tcase_add_test(tcase, what_is_no_tty_is_named);
	tcase_add_test(tcase, driver_without_rs485_is_named);
	tcase_add_test(tcase, baud_rates_are_set_on_the_tty);
	tcase_add_test(tcase, vanished_tty_is_opened_again_when_it_is_back);
	tcase_add_test(tcase, answer_of_the_meter_after_the_tty_vanished_is_not_sent);
	tcase_add_test(tcase, new_address_holds_after_the_reply_under_way);
	tcase_add_test(tcase, new_line_settings_open_the_tty_again);
	tcase_add_test(tcase, new_device_that_does_not_open_is_tried_again);
	tcase_add_test(tcase, settings_out_of_range_change_nothing);
	suite_add_tcase(suite, tcase);
}

int main(void)
{
	Suite *suite = suite_create("slave");

	add_requests(suite);
	add_ports(suite);
	return check_main_run(suite);
}
