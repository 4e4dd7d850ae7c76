#include "store/recovery.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int recovery_read(struct recovery *recovery, const char *directory)
{
	char path[FILES_PATH_MAX];

	memset(recovery, 0, sizeof(*recovery));
	recovery->best = -1;
	for (unsigned i = 0; i < FILES_GENERATIONS; i++) {
		recovery->recorded[i] = malloc(sizeof(*recovery->recorded[i]));
		if (!recovery->recorded[i])
			return -ENOMEM;
	}
	for (unsigned i = 0; i < FILES_GENERATIONS; i++) {
		files_get_path(directory, i, path);
		recovery->verdict[i] = generation_load(path, recovery->recorded[i], recovery->reason[i]);
		if (recovery->verdict[i] != GENERATION_GOOD)
			continue;
		if (recovery->best < 0 ||
		    recovery->recorded[i]->record.sequence > recovery->recorded[recovery->best]->record.sequence)
			recovery->best = (int)i;
	}
	return 0;
}

static const struct record *best_record(const struct recovery *recovery)
{
	return recovery->best < 0 ? NULL : &recovery->recorded[recovery->best]->record;
}

void recovery_read_handover(struct recovery *recovery, const struct handover_name *name)
{
	const struct record *best = best_record(recovery);
	char boot_id[HANDOVER_BOOT_MAX];
	struct handover_state state;

	handover_get_boot_id(boot_id);
	if (handover_read(name, &state) || !*boot_id || strcmp(state.boot_id, boot_id) ||
	    strcmp(state.directory, name->directory))
		return;
	if (best && (state.epoch != best->epoch || state.sequence <= best->handover_sequence))
		return;
	recovery->handed = true;
	recovery->handover = state;
}

bool recovery_found(const struct recovery *recovery)
{
	return recovery->handed || recovery->best >= 0;
}

static bool is_kept(const struct datalog_state *log, uint64_t serial)
{
	return serial >= log->first_serial && serial <= log->serial && serial + DATALOG_ENTRIES > log->serial;
}

unsigned recovery_get(const struct recovery *recovery, struct record *record, struct datalog_entry *entries)
{
	const struct recorded *best = recovery->best < 0 ? NULL : recovery->recorded[recovery->best];
	const struct datalog_state *log;
	uint64_t newest = 0;
	unsigned n = 0;

	memset(record, 0, sizeof(*record));
	if (best)
		*record = best->record;
	if (recovery->handed) {
		record->nv = recovery->handover.nv;
		record->handover_sequence = recovery->handover.sequence;
		record->epoch = recovery->handover.epoch;
	}
	log = &record->nv.meter.log;
	for (unsigned i = 0; best && i < best->n; i++)
		if (is_kept(log, best->entry[i].serial))
			entries[n++] = best->entry[i];
	if (n)
		newest = entries[n - 1].serial;
	/* Ascending too, so that what fits behind the last is new. */
	for (unsigned i = 0; recovery->handed && i < recovery->handover.n && n < DATALOG_ENTRIES; i++) {
		if (recovery->handover.entry[i].serial <= newest || !is_kept(log, recovery->handover.entry[i].serial))
			continue;
		entries[n++] = recovery->handover.entry[i];
		newest = entries[n - 1].serial;
	}
	return n;
}

static bool same_entry(const struct datalog_entry *a, const struct datalog_entry *b)
{
	char text_a[NV_TEXT_MAX], text_b[NV_TEXT_MAX];

	nv_entry_get_text(a, text_a, sizeof(text_a));
	nv_entry_get_text(b, text_b, sizeof(text_b));
	return !strcmp(text_a, text_b);
}

uint64_t recovery_log_serial(const struct recovery *recovery, unsigned generation, const struct datalog_entry *entries, unsigned n)
{
	const struct recorded *recorded = recovery->recorded[generation];
	uint64_t serial = recorded->record.nv.meter.log.serial;
	unsigned j = 0;

	for (unsigned i = 0; i < n && entries[i].serial <= serial; i++) {
		while (j < recorded->n && recorded->entry[j].serial < entries[i].serial)
			j++;
		if (j == recorded->n || !same_entry(&recorded->entry[j], &entries[i]))
			return entries[i].serial - 1;
	}
	return serial;
}

void recovery_free(struct recovery *recovery)
{
	for (unsigned i = 0; i < FILES_GENERATIONS; i++)
		free(recovery->recorded[i]);
}
