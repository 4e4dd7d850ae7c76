#include "script.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "metering/range.h"
#include "store/store_private.h"

uint64_t script_random(uint64_t *seed)
{
	uint64_t x = *seed += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static int legal_setting(enum setting which, uint64_t *seed)
{
	if (which == SETTING_BAUD)
		return 1200 << script_random(seed) % 6;
	if (which == SETTING_PULSE_ENERGY)
		return script_random(seed) & 1 ? 100 : 10000;
	for (;;) {
		int value = (int)(script_random(seed) % (script_random(seed) & 1 ? 64 : 40000));

		if (range_holds(setting_range(which), value))
			return value;
	}
}

static void fill_settings(struct settings *settings, uint64_t *seed)
{
	int *member[SETTINGS_N] = {
		&settings->system_type, &settings->ct_primary, &settings->ct_secondary, &settings->pt_ratio,
		&settings->system_voltage, &settings->display_units, &settings->phase_loss_voltage,
		&settings->phase_loss_imbalance, &settings->pulse_energy, &settings->demand_subintervals,
		&settings->demand_subinterval_s, &settings->address, &settings->baud, &settings->parity,
	};

	for (int i = 0; i < SETTINGS_N; i++)
		*member[i] = legal_setting((enum setting)i, seed);
}

static struct energy some_energy(uint64_t *seed)
{
	return (struct energy){ .wh = script_random(seed) >> script_random(seed) % 64,
				.nwh = (uint32_t)(script_random(seed) % 1000000000) };
}

static void fill_hash(char hash[NV_HASH_MAX], uint64_t *seed)
{
	size_t length = 60 + script_random(seed) % (NV_HASH_MAX - 60);

	for (size_t i = 0; i < length; i++)
		do
			hash[i] = (char)('!' + script_random(seed) % 94);
		while (strchr(":;*!\\", hash[i]));
	memcpy(hash, "$y$", 3);
}

void script_entry(struct datalog_entry *entry, uint64_t serial, unsigned salt)
{
	static const uint16_t pointers[] = { 1, 42, 146, 155, 157, 257, 336, 29, 30, 300 };
	uint64_t seed = serial * 1000 + salt;

	memset(entry, 0, sizeof(*entry));
	entry->serial = serial;
	entry->clock_s = INT64_C(1700000000) + (int64_t)serial * 900;
	entry->utc_s = entry->clock_s - 3600;
	for (unsigned i = 0; i < DATALOG_LOGS; i++) {
		entry->pointer[i] = pointers[(i + serial) % DATALOG_LOGS];
		entry->word[i] = (uint16_t)script_random(&seed);
	}
	entry->scale_i = (int8_t)(script_random(&seed) % 9) - 4;
	entry->scale_v = (int8_t)(script_random(&seed) % 9) - 4;
	entry->scale_w = (int8_t)(script_random(&seed) % 9) - 4;
	entry->scale_e = (int8_t)(script_random(&seed) % 9) - 4;
	if (serial % 5 == 0)	/* as from an older program */
		return;
	entry->noted = true;
	entry->alerts = (uint16_t)script_random(&seed);
	entry->energy_resets = (uint16_t)(script_random(&seed) % 32768);
	entry->measured_s = (uint32_t)script_random(&seed);
}

static void fill_log(struct datalog_state *log, uint64_t *seed)
{
	log->page = 1 + (unsigned)(script_random(seed) % 10);
	log->config = 1 + (unsigned)(script_random(seed) % 3);
	log->status = 1 + (unsigned)(script_random(seed) % 63);
	log->wraps = 1 + (unsigned)(script_random(seed) % 32767);
	log->entries = 1 + (unsigned)(script_random(seed) % DATALOG_ENTRIES);
	log->kwh_start = some_energy(seed);
	log->newest_clock_s = (int64_t)(script_random(seed) % 4000000000u);
	for (unsigned i = 0; i < DATALOG_LOGS; i++)
		log->pointer[i] = (uint16_t)(257 + script_random(seed) % 80);
	log->clock_offset_s = (int64_t)(script_random(seed) % 2000000000u) - 1000000000;
	log->events = 8u * (1 + (unsigned)(script_random(seed) % 7));
	log->alerts = 1 + (unsigned)(script_random(seed) % UINT16_MAX);
	log->serial = script_random(seed) >> 2;
	log->first_serial = log->serial + 1;
	log->holding = true;
	script_entry(&log->held, 7, 1);
	log->held.serial = 0;
}

void script_fill(struct nv *nv, uint64_t *seed)
{
	struct meter_state *meter = &nv->meter;

	memset(nv, 0, sizeof(*nv));
	fill_settings(&meter->settings, seed);
	fill_settings(&nv->file_settings, seed);
	meter->energies.kwh = some_energy(seed);
	meter->energies.kvah = some_energy(seed);
	meter->energies.kvarh = some_energy(seed);
	for (int i = 0; i < 3; i++)
		meter->energies.kwh_phase[i] = some_energy(seed);
	meter->energy_resets = 1 + (unsigned)(script_random(seed) % 32767);
	meter->power_ups = 1 + (unsigned)(script_random(seed) % 32767);
	for (int i = 0; i < DEMAND_QUANTITIES; i++)
		meter->max_demand[i] = (double)script_random(seed) / 3e7;
	for (int i = 0; i < PULSE_OUTPUTS; i++) {
		meter->pulse[i].owed = some_energy(seed);
		meter->pulse[i].closures = (uint32_t)script_random(seed) | 1;
	}
	meter->pulse_overrun = true;
	fill_log(&meter->log, seed);
	fill_hash(nv->setup_password, seed);
	fill_hash(nv->reset_password, seed);
	fill_hash(nv->file_setup_password, seed);
	fill_hash(nv->file_reset_password, seed);
	memcpy(nv->boot_id, "00000000-1111-2222-3333-444444444444", 37);
	nv->stopped = true;
}

void script_init(struct script *script, uint64_t seed)
{
	memset(script, 0, sizeof(*script));
	pthread_mutex_init(&script->lock, NULL);
	script_fill(&script->nv, &seed);
	script->nv.meter.energies.kwh.wh %= 1000000000;
	script->nv.meter.log.serial = 0;
	script->nv.meter.log.first_serial = 1;
}

void script_advance(struct script *script)
{
	struct meter_state *meter = &script->nv.meter;

	pthread_mutex_lock(&script->lock);
	energy_add(&meter->energies.kwh, 12345.678, 1);
	energy_add(&meter->energies.kvah, 13000, 1);
	energy_add(&meter->energies.kvarh, 4000, 1);
	for (int i = 0; i < 3; i++)
		energy_add(&meter->energies.kwh_phase[i], 4115.226, 1);
	for (int i = 0; i < PULSE_OUTPUTS; i++)
		energy_add(&meter->pulse[i].owed, 4115.226, 1);
	meter->pulse[0].closures++;
	pthread_mutex_unlock(&script->lock);
}

void script_log(struct script *script)
{
	uint64_t serial;

	pthread_mutex_lock(&script->lock);
	serial = ++script->nv.meter.log.serial;
	script_entry(&script->entry[serial % DATALOG_ENTRIES], serial, 0);
	pthread_mutex_unlock(&script->lock);
}

static void give_nv(void *context, struct nv *nv)
{
	struct script *script = context;

	pthread_mutex_lock(&script->lock);
	*nv = script->nv;
	pthread_mutex_unlock(&script->lock);
}

static unsigned give_entries(void *context, uint64_t from, unsigned max, struct datalog_entry *entries)
{
	struct script *script = context;
	const struct datalog_state *log = &script->nv.meter.log;
	unsigned n = 0;

	pthread_mutex_lock(&script->lock);
	if (log->serial >= DATALOG_ENTRIES && from <= log->serial - DATALOG_ENTRIES)
		from = log->serial - DATALOG_ENTRIES + 1;
	if (from < log->first_serial)
		from = log->first_serial;
	for (uint64_t serial = from; serial <= log->serial && n < max; serial++)
		if (script->entry[serial % DATALOG_ENTRIES].serial == serial)
			entries[n++] = script->entry[serial % DATALOG_ENTRIES];
	pthread_mutex_unlock(&script->lock);
	return n;
}

const struct store_ops script_ops = { .nv = give_nv, .entries = give_entries };

static bool same(const struct nv *a, const struct nv *b, bool meter_alone)
{
	size_t n;
	const struct nv_field *fields = nv_fields(&n);
	bool equal = true;

	for (size_t i = 0; i < n; i++) {
		char text_a[NV_TEXT_MAX], text_b[NV_TEXT_MAX];

		if (meter_alone && (!strcmp(fields[i].name, "boot_id") || !strcmp(fields[i].name, "stopped")))
			continue;
		nv_get_text(a, &fields[i], text_a, sizeof(text_a));
		nv_get_text(b, &fields[i], text_b, sizeof(text_b));
		if (!strcmp(text_a, text_b))
			continue;
		printf("%s: %s and %s\n", fields[i].name, text_a, text_b);
		equal = false;
	}
	return equal;
}

bool script_same(const struct nv *a, const struct nv *b)
{
	return same(a, b, false);
}

bool script_same_meter(const struct nv *a, const struct nv *b)
{
	return same(a, b, true);
}

void script_make_directory(char path[64])
{
	/* In memory where that can be had: what a kill leaves is the same, and the disk is not asked a hundred thousand times. */
	snprintf(path, 64, "%s/dinmeterd-store-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(path))
		abort();
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

void script_remove_directory(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void script_forget_handover(const char *place)
{
	char name[256], path[512];

	while (script_count_files(place, "dinmeterd-", name)) {
		snprintf(path, sizeof(path), "%s/%s", place, name);
		if (unlink(path))
			abort();
	}
}

uint64_t script_seed(void)
{
	const char *text = getenv("SEED");
	uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);

	printf("seed %llu\n", (unsigned long long)seed);
	return seed;
}

unsigned script_count_files(const char *directory, const char *part, char *name)
{
	DIR *entries = opendir(directory);
	const struct dirent *entry;
	unsigned n = 0;

	while (entries && (entry = readdir(entries))) {
		if (!strstr(entry->d_name, part))
			continue;
		if (name && !n)
			snprintf(name, 256, "%s", entry->d_name);
		n++;
	}
	if (entries)
		closedir(entries);
	return n;
}

struct store *script_open(struct script *script, const char *directory)
{
	struct store *store;

	if (store_open(&store, directory, 10))
		abort();
	store->ops = script_ops;
	store->context = script;
	return store;
}

int script_write(struct store *store, bool important)
{
	char message[256] = "";
	int error = store_write(store, important, false, message, sizeof(message));

	if (error)
		printf("%d: %s\n", error, message);
	return error;
}

void script_kill(struct store *store)
{
	store->started = false;
	store_stop(store, 0);
}

bool script_find(const char *directory, struct nv *nv, struct datalog_entry *entries, unsigned *n)
{
	struct store *store;
	unsigned found_n;
	bool found;

	if (store_open(&store, directory, 10))
		abort();
	found = store_get_nv(store, nv);
	if (entries) {
		found_n = store_get_entries(store, entries);
		if (n)
			*n = found_n;
	}
	script_kill(store);
	return found;
}
