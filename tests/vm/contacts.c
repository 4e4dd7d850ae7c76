/*
 * Contacts on a real kernel's GPIO chip, for tests/vm/guest/test-contacts: drives the alarm contact, makes closures, tells each
 * change of state on a line, and ends with SIGTERM.
 *
 *     contacts CHIP ENERGY_LINE ALARM_LINE CLOSURES DURATION_MS [low]
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/monotonic.h"
#include "outputs/outputs.h"

#define MS INT64_C(1000000)

static void describe(const struct outputs_status *status, char *text, size_t size)
{
	const struct contact_status *energy = &status->contact[CONTACT_ENERGY], *alarm = &status->contact[CONTACT_ALARM];
	bool all = energy->closures && !energy->active;

	snprintf(text, size, "energy %s %s; alarm %s %s%s", energy->working ? "works" : strerror(-energy->last_error), energy->name,
		 alarm->working ? "works" : strerror(-alarm->last_error), alarm->name, all ? "; closures made" : "");
}

static void tell(struct outputs *outputs, uint64_t closures)
{
	static char before[600];
	struct outputs_status status;
	char now[600];

	outputs_get_status(outputs, &status);
	if (status.contact[CONTACT_ENERGY].closures != closures)
		status.contact[CONTACT_ENERGY].closures = 0;
	describe(&status, now, sizeof(now));
	if (strcmp(now, before) != 0)
		printf("%s\n", now);
	memcpy(before, now, sizeof(before));
	fflush(stdout);
}

static void plan(struct outputs *outputs, unsigned closures, int duration_ms)
{
	struct pulse_plan plan = { .n = closures, .duration_ms = duration_ms };

	for (unsigned k = 0; k < closures; k++)
		plan.start_ns[k] = monotonic_ns() + k * 2 * duration_ms * MS;
	outputs_plan(outputs, PULSE_REAL, &plan);
}

int main(int argc, char **argv)
{
	struct outputs_config config = { .contact = { { .chip = "" } } };
	const struct timespec pause = { .tv_nsec = 20 * MS };
	unsigned closures = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : PULSE_PLAN_MAX + 1;
	struct outputs *outputs;
	sigset_t end;

	if (argc < 6 || closures > PULSE_PLAN_MAX) {
		fprintf(stderr, "usage: contacts CHIP ENERGY_LINE ALARM_LINE CLOSURES DURATION_MS [low]\n");
		return 2;
	}
	for (int c = CONTACT_ENERGY; c <= CONTACT_ALARM; c++) {
		snprintf(config.contact[c].chip, sizeof(config.contact[c].chip), "%s", argv[1]);
		snprintf(config.contact[c].line, sizeof(config.contact[c].line), "%s", argv[2 + c]);
		config.contact[c].active_low = argc > 6;
	}
	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigprocmask(SIG_BLOCK, &end, NULL);
	if (outputs_start(&outputs, &config, NULL) < 0)
		return 1;
	plan(outputs, closures, (int)strtol(argv[5], NULL, 10));
	do {
		outputs_set_healthy(outputs, true, monotonic_ns() + 2000 * MS);
		tell(outputs, closures);
	} while (sigtimedwait(&end, NULL, &pause) < 0);
	outputs_stop(outputs);
	return 0;
}
