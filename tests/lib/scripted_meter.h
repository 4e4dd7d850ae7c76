/*
 * scripted_meter - what the control socket asks of a daemon, answered from values that a test lays down.
 *
 * Writes go through registers_check_write() on the scripted snapshot, as the meter's do.  Members are to be touched under the lock
 * while a server runs.
 */
#ifndef TESTS_LIB_SCRIPTED_METER_H
#define TESTS_LIB_SCRIPTED_METER_H

#include <pthread.h>

#include "control/control.h"

#define SCRIPTED_ENTRIES_MAX DATALOG_ENTRIES
#define SCRIPTED_EDGES_MAX 4096
#define SCRIPTED_NOT_FORCED 1000
#define SCRIPTED_OLDEST 5040
#define SCRIPTED_RUN 126

struct scripted_meter {
	pthread_mutex_t lock;
	struct snapshot snapshot;
	struct control_health health;
	unsigned entries, edges;
	struct datalog_entry entry[SCRIPTED_ENTRIES_MAX];
	struct outputs_edge edge[SCRIPTED_EDGES_MAX];
	int forced;			/* what every change gives, SCRIPTED_NOT_FORCED = what is right */
	/* What was asked for. */
	unsigned writes, sets, commits, commands;
	unsigned first, count;		/* of the newest write */
	uint16_t value;
	char setup_password[16], reset_password[16];
	unsigned keys;			/* pressed */
	int panel_forced;		/* what pressing keys gives, 0 = what is right */
	_Alignas(16) char panel[4096];	/* the true panel, which stands in its own time: snapshot.t_ns */
	/* The samples: of scan n, channel c has the value 10 n + c; scans SCRIPTED_OLDEST .. samples_next are held, SCRIPTED_RUN a block. */
	uint64_t samples_next;
};

extern const struct control_ops scripted_meter_ops;

/* A wye meter with default settings and known values: scripted_meter.c. */
void scripted_meter_init(struct scripted_meter *meter);

/* Readings not valid, alert bit 6. */
void scripted_meter_set_live(struct scripted_meter *meter, bool live);

void scripted_meter_add_entry(struct scripted_meter *meter, const struct datalog_entry *entry);
void scripted_meter_add_edge(struct scripted_meter *meter, const struct outputs_edge *edge);

#endif
