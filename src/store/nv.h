/*
 * nv - all that survives a power cut, as one plain value, and its names.
 *
 * One table (nv_fields) names each member; the database's rows, the JSON of export-state and import-state and the
 * checks of both derive from it.  Names are those of the register map where there is a register.
 *
 * Pure: any thread, no state but the arguments.
 */
#ifndef STORE_NV_H
#define STORE_NV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "metering/meter.h"

#define NV_HASH_MAX 128

struct nv {
	struct meter_state meter;
	uint64_t run;				/* of the daemon (closures.h), 0 = none, .. */
	uint64_t run_made[PULSE_OUTPUTS];	/* .. and the closures begun in it that `meter` accounts for */
	struct settings file_settings;		/* what the configuration file said at the last start */
	char setup_password[NV_HASH_MAX];	/* crypt(5) hashes in force .. */
	char reset_password[NV_HASH_MAX];
	char file_setup_password[NV_HASH_MAX];	/* .. and of what the file said at the last start */
	char file_reset_password[NV_HASH_MAX];
	char boot_id[40];			/* of the machine's boot in which the daemon last ran */
	bool stopped;				/* it was ended in good order */
};

enum nv_type {
	NV_INT,		/* int */
	NV_UINT,	/* unsigned, 32 bits */
	NV_UINT16,
	NV_INT64,
	NV_UINT64,	/* up to INT64_MAX: what a database's integer holds */
	NV_BOOL,	/* 0, 1 */
	NV_ENERGY,	/* Wh, VAh or VARh: digits, a point, nine digits */
	NV_DOUBLE,	/* finite, %.17g: W, var or VA */
	NV_TEXT,	/* printable ASCII */
	NV_HASH,	/* "", or a hash of crypt(5): $id$.. */
	NV_TIME,	/* seconds since 1970, or "never" */
	NV_ENTRY	/* an entry of the log: numbers between blanks, in the order of the struct, without `noted` and what that says is not there */
};

struct nv_field {
	const char *name;
	enum nv_type type;
	size_t offset, size;	/* in struct nv */
	int64_t min, max;	/* of whole numbers without a `range` */
	const char *range;	/* legal values as in range.h, NULL = none such */
	unsigned since;		/* version of the schema that brought it (1..) */
	const char *initial;	/* what it is in a file from before it; NULL = a file without it is damaged */
};

/* Long enough for each field's text with its NUL. */
#define NV_TEXT_MAX 320

/* All fields; *n of them. */
const struct nv_field *nv_fields(size_t *n);

/* NULL when there is none of that name. */
const struct nv_field *nv_find(const char *name);

/* Is its text a whole number (that a database keeps as one)? */
bool nv_is_integer(const struct nv_field *field);

/* The member as text, exact: nv_set_text gives the same member back.  `size` >= NV_TEXT_MAX. */
void nv_get_text(const struct nv *nv, const struct nv_field *field, char *text, size_t size);

/* The member from its text.  0; -EINVAL not of the type, -ERANGE not a legal value: then *nv is as it was. */
int nv_set_text(struct nv *nv, const struct nv_field *field, const char *text);

/* What is legal, in words, to stand behind "must be". */
void nv_get_range(const struct nv_field *field, char *text, size_t size);

/* Is each member legal?  0, or -EINVAL with *field at the first that is not. */
int nv_check(const struct nv *nv, const struct nv_field **field);

/* Is the member equal in both? */
bool nv_equal(const struct nv *a, const struct nv *b, const struct nv_field *field);

/* Tells layouts of struct nv and struct datalog_entry apart: of another build, another number. */
uint32_t nv_layout(void);

/* An entry of the log as text and back, like NV_ENTRY.  0, -EINVAL, -ERANGE. */
void nv_entry_get_text(const struct datalog_entry *entry, char *text, size_t size);
int nv_entry_set_text(struct datalog_entry *entry, const char *text);

/* Are scales, pointers and times of an entry possible ones? */
bool nv_entry_legal(const struct datalog_entry *entry);

#endif
