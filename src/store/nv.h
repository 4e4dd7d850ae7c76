/*
 * nv - all that survives a power cut, as one plain value, and its names.
 *
 * One table (nv_fields) names each member; the database's rows, the JSON of export-state and import-state and the
 * checks of both derive from it.  Names are those of the register map where there is a register.
 */
#ifndef STORE_NV_H
#define STORE_NV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "metering/meter.h"

#define NV_HASH_MAX 128

struct nv {
	uint64_t sequence;			/* grows with each publication of the meter thread: newer is greater */
	struct meter_state meter;
	struct settings file_settings;		/* what the configuration file said at the last start */
	char setup_password[NV_HASH_MAX];	/* crypt(5) hashes in force .. */
	char reset_password[NV_HASH_MAX];
	char file_setup_password[NV_HASH_MAX];	/* .. and of what the file said at the last start */
	char file_reset_password[NV_HASH_MAX];
	char boot_id[40];			/* of the machine's boot in which the daemon last ran */
	bool stopped;				/* it was ended in good order */
};

#endif
