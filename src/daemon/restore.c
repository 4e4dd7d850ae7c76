#include "daemon/restore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/password.h"
#include "store/precedence.h"

#define COUNTER_MODULUS 32768	/* of register 152 */

static void log_settings(const struct precedence *precedence)
{
	char text[256];

	for (unsigned i = 0; i < precedence->n; i++) {
		const struct precedence_decision *decision = &precedence->decision[i];
		struct precedence_values values;

		config_setting_text(decision->setting, decision->file, values.file, sizeof(values.file));
		config_setting_text(decision->setting, decision->stored, values.stored, sizeof(values.stored));
		config_setting_text(decision->setting, decision->last_file, values.last_file, sizeof(values.last_file));
		precedence_get_text(decision, &values, text, sizeof(text));
		log_notice("settings: %s", text);
	}
	if (!precedence->consistent) {
		precedence_get_warning(precedence, text, sizeof(text));
		log_warning("settings: %s", text);
	}
}

/*
 * The word's hash with the salt of `kept`, which becomes "" when crypt does not take it: made by a library that knew another
 * method, or damaged.  0 or -errno.
 */
static int hash_like(const char *name, const char *word, char *kept, char hash[NV_HASH_MAX])
{
	int error = password_hash(word, kept, hash);

	if (!error || error == -ENOMEM || !*kept)
		return error;
	log_warning("settings: %s: a hash that is stored cannot be used (%s): the file's password is taken", name, strerror(-error));
	*kept = '\0';
	return password_hash(word, NULL, hash);
}

/* One password: `word` of the file against its hash at the last start and the one in force. */
static int decide_password(const char *name, const char *word, char *file, char *stored)
{
	char hash[NV_HASH_MAX], in_force[NV_HASH_MAX];
	bool first = !*stored, differs;
	int ret = hash_like(name, word, file, hash);

	if (!ret)
		ret = hash_like(name, word, stored, in_force);
	if (ret)
		return ret;
	differs = *stored && strcmp(in_force, stored);
	if (precedence_decide_password(hash, file, stored)) {
		memcpy(stored, hash, NV_HASH_MAX);
		if (!first && differs && *file)
			log_notice("settings: %s: changed in the file since the last start: the file's is taken", name);
	} else if (differs) {
		log_notice("settings: %s: the stored one is taken, changed since the last change of the configuration file, which says "
			   "another", name);
	}
	memcpy(file, hash, NV_HASH_MAX);
	return 0;
}

/* Guide, 152: a start after the machine booted, or after the daemon was ended; not one after a crash. */
static void count_power_up(struct restored *restored, const char *boot_id)
{
	struct nv *nv = &restored->nv;

	if (!restored->found || nv->stopped || !*boot_id || strcmp(boot_id, nv->boot_id))
		nv->meter.power_ups = (nv->meter.power_ups + 1) % COUNTER_MODULUS;
}

/* A killed process closed the contacts after its last word: what an observer has seen is not made again. */
static void account_closures(struct nv *nv, const struct closures_left *left)
{
	if (!left->run || left->run != nv->run)
		return;
	for (int i = 0; i < PULSE_OUTPUTS; i++)
		if (left->made[i] > nv->run_made[i])
			pulse_made(&nv->meter.pulse[i], (unsigned)(left->made[i] - nv->run_made[i]), nv->meter.settings.pulse_energy);
}

int restore_take_file(const struct config *config, bool found, struct nv *nv)
{
	struct precedence precedence;
	int ret;

	precedence_decide(&config->settings, found ? nv : NULL, &precedence);
	log_settings(&precedence);
	nv->meter.settings = precedence.settings;
	nv->file_settings = config->settings;
	ret = decide_password("setup_password", config->setup_password, nv->file_setup_password, nv->setup_password);
	if (!ret)
		ret = decide_password("reset_password", config->reset_password, nv->file_reset_password, nv->reset_password);
	return ret;
}

int restore_state(struct restored *restored, const struct config *config, const struct store *store, const struct closures_left *left)
{
	struct nv *nv = &restored->nv;
	int old_pulse_energy, ret;

	memset(restored, 0, sizeof(*restored));
	datalog_defaults(&nv->meter.log);
	restored->entries = calloc(DATALOG_ENTRIES, sizeof(*restored->entries));
	if (!restored->entries)
		return -ENOMEM;
	if (store) {
		restored->found = store_get_nv(store, nv);
		restored->entries_n = store_get_entries(store, restored->entries);
		account_closures(nv, left);
	}
	memset(nv->run_made, 0, sizeof(nv->run_made));
	nv->run = 0;
	old_pulse_energy = nv->meter.settings.pulse_energy;
	ret = restore_take_file(config, restored->found, nv);
	nv->meter.pulse_raised |= restored->found && nv->meter.settings.pulse_energy > old_pulse_energy;
	count_power_up(restored, store ? store_boot_id(store) : "");
	return ret;
}
