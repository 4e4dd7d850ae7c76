/*
 * control_server - the control socket before a scripted meter, for tests that are its clients.
 *
 * usage: control_server SOCKET GROUP
 * Says "ready", then carries out each line of standard input and says "ok" to it (and numbers, for `counts`); ends at its end.
 *     live 0|1            readings valid or not
 *     alerts N            register 146
 *     type N              system type
 *     force N             what every change gives from now on; 1000: what is right
 *     fill N              N log entries in place of those that are
 *     entry SERIAL UTC CLOCK I V W E, ten pointers, ten words [, ALERTS RESETS MEASURED_S]
 *     edge NUMBER T_NS CONTACT CLOSED
 *     log SERIAL FIRST_SERIAL ENTRIES WRAPS CONFIG STATUS
 *     set_aside MESSAGE   the store has failed
 *     panel N             what pressing keys gives from now on; 0: what is right
 *     counts              writes, port settings, commits, commands, setup password, reset password
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"
#include "lib/scripted_meter.h"

static struct scripted_meter meter;

static void fill(unsigned n)
{
	struct datalog_entry entry = meter.entry[0];

	pthread_mutex_lock(&meter.lock);
	meter.entries = 0;
	pthread_mutex_unlock(&meter.lock);
	for (unsigned i = 0; i < n; i++) {
		entry.serial = 100 + i;
		entry.utc_s = entry.clock_s = 1795000000 + 60 * (int64_t)i;
		entry.word[1] = (uint16_t)i;
		scripted_meter_add_entry(&meter, &entry);
	}
}

static long next(char **at)
{
	return strtol(*at, at, 0);
}

static void add_entry(char *at)
{
	struct datalog_entry entry = { .serial = (uint64_t)next(&at) };

	entry.utc_s = next(&at);
	entry.clock_s = next(&at);
	entry.scale_i = (int8_t)next(&at);
	entry.scale_v = (int8_t)next(&at);
	entry.scale_w = (int8_t)next(&at);
	entry.scale_e = (int8_t)next(&at);
	for (int i = 0; i < DATALOG_LOGS; i++)
		entry.pointer[i] = (uint16_t)next(&at);
	for (int i = 0; i < DATALOG_LOGS; i++)
		entry.word[i] = (uint16_t)next(&at);
	at += strspn(at, " ");
	if (*at) {
		entry.noted = true;
		entry.alerts = (uint16_t)next(&at);
		entry.energy_resets = (uint16_t)next(&at);
		entry.measured_s = (uint32_t)next(&at);
	}
	scripted_meter_add_entry(&meter, &entry);
}

static void add_edge(char *at)
{
	struct outputs_edge edge = { .number = (uint64_t)next(&at) };

	edge.t_ns = next(&at);
	edge.contact = (enum contact)next(&at);
	edge.closed = next(&at);
	scripted_meter_add_edge(&meter, &edge);
}

static void set_log(char *at)
{
	struct datalog_state *log = &meter.snapshot.log;

	pthread_mutex_lock(&meter.lock);
	log->serial = (uint64_t)next(&at);
	log->first_serial = (uint64_t)next(&at);
	log->entries = (unsigned)next(&at);
	log->wraps = (unsigned)next(&at);
	log->config = (unsigned)next(&at);
	log->status = (unsigned)next(&at);
	pthread_mutex_unlock(&meter.lock);
}

static void fail_store(const char *message)
{
	pthread_mutex_lock(&meter.lock);
	meter.health.store.state = STORE_FAILING;
	snprintf(meter.health.store.message, sizeof(meter.health.store.message), "%.200s", message);
	pthread_mutex_unlock(&meter.lock);
}

static void set_number(const char *what, long number)
{
	pthread_mutex_lock(&meter.lock);
	if (!strcmp(what, "alerts"))
		meter.snapshot.alerts = (unsigned)number;
	else if (!strcmp(what, "type"))
		meter.snapshot.settings.system_type = (int)number;
	else if (!strcmp(what, "force"))
		meter.forced = (int)number;
	else if (!strcmp(what, "panel"))
		meter.panel_forced = (int)number;
	pthread_mutex_unlock(&meter.lock);
}

static void print_counts(void)
{
	pthread_mutex_lock(&meter.lock);
	printf("ok %u %u %u %u %s %s\n", meter.writes, meter.sets, meter.commits, meter.commands,
	       *meter.setup_password ? meter.setup_password : "-", *meter.reset_password ? meter.reset_password : "-");
	pthread_mutex_unlock(&meter.lock);
}

static void carry_out(char *line)
{
	char *at = line + strcspn(line, " \n");

	line[strcspn(line, "\n")] = '\0';
	if (*at != '\0')
		*at++ = '\0';
	if (!strcmp(line, "counts")) {
		print_counts();
		return;
	}
	if (!strcmp(line, "live"))
		scripted_meter_set_live(&meter, next(&at));
	else if (!strcmp(line, "fill"))
		fill((unsigned)next(&at));
	else if (!strcmp(line, "entry"))
		add_entry(at);
	else if (!strcmp(line, "edge"))
		add_edge(at);
	else if (!strcmp(line, "log"))
		set_log(at);
	else if (!strcmp(line, "set_aside"))
		fail_store(at);
	else
		set_number(line, next(&at));
	puts("ok");
}

int main(int argc, char **argv)
{
	struct control *control;
	char line[1024];

	if (argc != 3 || setvbuf(stdout, NULL, _IOLBF, 0))
		return 2;
	log_set_level(LOG_DEBUG);
	scripted_meter_init(&meter);
	if (control_start(&control, argv[1], argv[2], &scripted_meter_ops, &meter))
		return 1;
	puts("ready");
	while (fgets(line, sizeof(line), stdin))
		carry_out(line);
	control_stop(control);
	return 0;
}
