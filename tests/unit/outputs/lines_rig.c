#include "lines_rig.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/monotonic.h"
#include "outputs/contacts.h"

static char dev[64];		/* stands for /dev: the chips' files, empty */
struct gpio_paths paths;
static FILE *log_file;

void rig_make_dev(void)
{
	char path[96];

	snprintf(dev, sizeof(dev), "/tmp/test-lines-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dev));
	for (unsigned c = 0; c < FAKE_CHIPS; c++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/gpiochip%u", dev, c);
		file = fopen(path, "w");
		ck_assert_ptr_nonnull(file);
		fclose(file);
	}
	paths = (struct gpio_paths){ dev, "/nonexistent/gpio" };
	fake_gpio_reset();
}

void rig_remove_dev(void)
{
	char path[96];

	for (unsigned c = 0; c < FAKE_CHIPS; c++) {
		snprintf(path, sizeof(path), "%s/gpiochip%u", dev, c);
		unlink(path);
	}
	rmdir(dev);
}

struct contact_config rig_contact(const char *chip, const char *line)
{
	struct contact_config config = { .bias = '=', .drive = 'p' };

	snprintf(config.chip, sizeof(config.chip), "%s", chip);
	snprintf(config.line, sizeof(config.line), "%s", line);
	return config;
}

struct outputs *rig_start(const struct outputs_config *config)
{
	struct outputs *outputs;

	ck_assert_int_eq(outputs_start_at(&outputs, config, &paths, "/nonexistent/leds", NULL), 0);
	return outputs;
}

struct contact_status rig_status_of(struct outputs *outputs, enum contact which)
{
	struct outputs_status status;

	outputs_get_status(outputs, &status);
	return status.contact[which];
}

struct outputs_config rig_all_three(void)
{
	return (struct outputs_config){ .contact = { rig_contact("soc", "0"), rig_contact("soc", "1"), rig_contact("soc", "2") } };
}

void rig_close_times(struct outputs *outputs, unsigned n, int duration_ms)
{
	struct pulse_plan plan = { .n = n, .duration_ms = duration_ms };

	for (unsigned k = 0; k < n; k++)
		plan.start_ns[k] = monotonic_ns() + k * 2 * duration_ms * MS;
	outputs_plan(outputs, PULSE_REAL, &plan);
}

void rig_check_pin(const struct fake_event *event, unsigned n, unsigned offset, int duration_ms)
{
	int64_t edge_ns = 0;
	bool closed = false;

	for (unsigned k = 0; k < n; k++) {
		if (event[k].offset != offset)
			continue;
		if (event[k].what == FAKE_TURNED && edge_ns && event[k].active != closed && event[k].t_ns - edge_ns < duration_ms * MS)
			ck_abort_msg("%s for %.3f ms", closed ? "closed" : "open", (double)(event[k].t_ns - edge_ns) / 1e6);
		if (event[k].what == FAKE_TAKEN && event[k].active)
			ck_abort_msg("taken active");
		edge_ns = event[k].what == FAKE_TURNED ? event[k].t_ns : 0;
		closed = event[k].active;
	}
}

void rig_keep_log(void)
{
	log_file = tmpfile();
	ck_assert_ptr_nonnull(log_file);
	ck_assert_int_ge(dup2(fileno(log_file), STDERR_FILENO), 0);
	log_set_level(LOG_NOTICE);
}

unsigned rig_times_logged(const char *what)
{
	static char text[16384];
	ssize_t length = pread(fileno(log_file), text, sizeof(text) - 1, 0);
	unsigned n = 0;

	text[length > 0 ? length : 0] = '\0';
	for (const char *at = text; (at = strstr(at, what)); at++)
		n++;
	return n;
}
