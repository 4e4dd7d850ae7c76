#include "store/rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/crc32.h"

#define CRC_ROW "sequence_crc32"

/* The store's own rows, numbers all of them. */
static const struct {
	const char *name;
	size_t offset;
} own[] = {
	{ "sequence", offsetof(struct record, sequence) },
	{ "sequence_handover", offsetof(struct record, handover_sequence) },
	{ "epoch", offsetof(struct record, epoch) },
};

#define OWN (sizeof(own) / sizeof(own[0]))

static uint64_t own_get(const struct record *record, size_t i)
{
	uint64_t value;

	memcpy(&value, (const char *)record + own[i].offset, sizeof(value));
	return value;
}

/* The sum of all is their exclusive or: rows may be written in any order, and alone. */
static uint32_t row_crc(const char *name, const char *text)
{
	return crc32_update(crc32_update(0, name, strlen(name) + 1), text, strlen(text) + 1);
}

static uint32_t record_crc(const struct record *record)
{
	char text[NV_TEXT_MAX];
	const struct nv_field *fields;
	uint32_t crc = 0;
	size_t n;

	fields = nv_fields(&n);
	for (size_t i = 0; i < n; i++) {
		nv_get_text(&record->nv, &fields[i], text, sizeof(text));
		crc ^= row_crc(fields[i].name, text);
	}
	for (size_t i = 0; i < OWN; i++) {
		snprintf(text, sizeof(text), "%" PRIu64, own_get(record, i));
		crc ^= row_crc(own[i].name, text);
	}
	return crc;
}

static void put_word(unsigned char *bytes, unsigned word)
{
	bytes[0] = (unsigned char)(word >> 8);
	bytes[1] = (unsigned char)word;
}

/* Bytes, not a number, which SQLite would store in three to six: a row that is overwritten keeps its size and its page. */
static void put_crc(unsigned char bytes[4], uint32_t crc)
{
	put_word(bytes, crc >> 16);
	put_word(bytes + 2, crc & 0xffff);
}

/* What an entry notes: alerts, energy resets, seconds measured. */
#define NOTED_BYTES 8

static void put_noted(unsigned char bytes[NOTED_BYTES], const struct datalog_entry *entry)
{
	put_word(bytes, entry->alerts);
	put_word(bytes + 2, entry->energy_resets);
	put_crc(bytes + 4, entry->measured_s);
}

static unsigned get_word(const unsigned char *bytes)
{
	return (unsigned)bytes[0] << 8 | bytes[1];
}

/* `size` 0: nothing was noted.  0 or -EBADMSG. */
static int get_noted(const unsigned char *bytes, int size, struct datalog_entry *entry)
{
	if (size == 0)
		return 0;
	if (size != NOTED_BYTES)
		return -EBADMSG;
	entry->noted = true;
	entry->alerts = (uint16_t)get_word(bytes);
	entry->energy_resets = (uint16_t)get_word(bytes + 2);
	entry->measured_s = (uint32_t)get_word(bytes + 4) << 16 | get_word(bytes + 6);
	return 0;
}

static uint32_t entry_crc(const struct datalog_entry *entry)
{
	char text[NV_TEXT_MAX];

	nv_entry_get_text(entry, text, sizeof(text));
	return crc32_update(0, text, strlen(text));
}

/* What a load has seen. */
struct load {
	struct recorded *recorded;
	bool *seen;			/* of each field */
	bool own_seen[OWN];
	bool crc_seen;
	uint32_t crc, crc_said;
	char *reason;
	size_t size;
};

static int load_own(struct load *load, sqlite3_stmt *row, const char *name)
{
	sqlite3_int64 value = sqlite3_column_int64(row, 1);

	if (!strcmp(name, CRC_ROW)) {
		load->crc_said = (uint32_t)value;
		load->crc_seen = true;
		return 0;
	}
	for (size_t i = 0; i < OWN; i++) {
		if (strcmp(name, own[i].name))
			continue;
		if (sqlite3_column_type(row, 1) != SQLITE_INTEGER || value < 0) {
			snprintf(load->reason, load->size, "row %s is no whole number", name);
			return -EBADMSG;
		}
		memcpy((char *)&load->recorded->record + own[i].offset, &value, sizeof(value));
		load->own_seen[i] = true;
		return 0;
	}
	/* A later program of the same schema may have rows that are news here. */
	load->recorded->other_crc ^= row_crc(name, (const char *)sqlite3_column_text(row, 1));
	return 0;
}

/* A row of the table `state`.  0 or -EBADMSG. */
static int load_state_row(struct load *load, sqlite3_stmt *row)
{
	size_t n;
	const struct nv_field *fields = nv_fields(&n), *field;
	const char *name = (const char *)sqlite3_column_text(row, 0);
	int type = sqlite3_column_type(row, 1);
	const char *text;

	if (!name || type == SQLITE_BLOB || type == SQLITE_NULL) {
		snprintf(load->reason, load->size, "row %.60s is of no known type", name ? name : "(without name)");
		return -EBADMSG;
	}
	text = (const char *)sqlite3_column_text(row, 1);
	if (!text)
		return -ENOMEM;
	if (strcmp(name, CRC_ROW))
		load->crc ^= row_crc(name, text);
	field = nv_find(name);
	if (!field)
		return load_own(load, row, name);
	if (type != (nv_is_integer(field) ? SQLITE_INTEGER : SQLITE_TEXT) ||
	    strlen(text) != (size_t)sqlite3_column_bytes(row, 1) || nv_set_text(&load->recorded->record.nv, field, text)) {
		char range[NV_TEXT_MAX];

		nv_get_range(field, range, sizeof(range));
		snprintf(load->reason, load->size, "row %s: got %.60s, must be %.80s", name, text, range);
		return -EBADMSG;
	}
	load->seen[field - fields] = true;
	return 0;
}

static int sql_failure(sqlite3 *db, struct load *load)
{
	int rc = sqlite3_errcode(db);

	snprintf(load->reason, load->size, "%s", sqlite3_errmsg(db));
	return rc == SQLITE_NOMEM ? -ENOMEM : rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB || rc == SQLITE_ERROR ? -EBADMSG : -EIO;
}

static int each_row(sqlite3 *db, const char *sql, struct load *load, int (*take)(struct load *load, sqlite3_stmt *row))
{
	sqlite3_stmt *row = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &row, NULL), error = 0;

	if (rc != SQLITE_OK)
		return sql_failure(db, load);
	while (!error && (rc = sqlite3_step(row)) == SQLITE_ROW)
		error = take(load, row);
	if (!error && rc != SQLITE_DONE)
		error = sql_failure(db, load);
	sqlite3_finalize(row);
	return error;
}

/* Every row there must be, or has a value that stands for it. */
static int check_absent(struct load *load)
{
	size_t n;
	const struct nv_field *fields = nv_fields(&n);
	const char *absent = NULL;

	for (size_t i = 0; i < n && !absent; i++) {
		if (load->seen[i])
			continue;
		if (!fields[i].initial || fields[i].since > 1 ||
		    nv_set_text(&load->recorded->record.nv, &fields[i], fields[i].initial))
			absent = fields[i].name;
		load->recorded->incomplete = true;
	}
	for (size_t i = 0; i < OWN && !absent; i++)
		if (!load->own_seen[i])
			absent = own[i].name;
	if (!absent && !load->crc_seen)
		absent = CRC_ROW;
	if (!absent)
		return 0;
	snprintf(load->reason, load->size, "row %s is missing", absent);
	return -EBADMSG;
}

static int load_state(sqlite3 *db, struct load *load)
{
	int error = each_row(db, "SELECT name, value FROM state", load, load_state_row);

	if (!error)
		error = check_absent(load);
	if (!error && load->crc != load->crc_said) {
		snprintf(load->reason, load->size, "the checksum of its rows does not hold");
		error = -EBADMSG;
	}
	return error;
}

/* 0 or -EBADMSG. */
static int load_log_row(struct load *load, sqlite3_stmt *row)
{
	const struct datalog_state *log = &load->recorded->record.nv.meter.log;
	const signed char *scales = sqlite3_column_blob(row, 4);
	const unsigned char *pointers = sqlite3_column_blob(row, 5), *words = sqlite3_column_blob(row, 6);
	struct datalog_entry *entry = &load->recorded->entry[load->recorded->n < DATALOG_ENTRIES ? load->recorded->n : 0];
	struct datalog_entry next;
	unsigned char crc[4];

	memset(&next, 0, sizeof(next));
	next.serial = (uint64_t)sqlite3_column_int64(row, 1);
	next.clock_s = sqlite3_column_int64(row, 2);
	next.utc_s = sqlite3_column_int64(row, 3);
	if (sqlite3_column_bytes(row, 4) != 4 || sqlite3_column_bytes(row, 5) != 2 * DATALOG_LOGS ||
	    sqlite3_column_bytes(row, 6) != 2 * DATALOG_LOGS ||
	    get_noted(sqlite3_column_blob(row, 8), sqlite3_column_bytes(row, 8), &next))
		goto damaged;
	next.scale_i = scales[0];
	next.scale_v = scales[1];
	next.scale_w = scales[2];
	next.scale_e = scales[3];
	for (int i = 0; i < DATALOG_LOGS; i++) {
		next.pointer[i] = (uint16_t)get_word(pointers + 2 * i);
		next.word[i] = (uint16_t)get_word(words + 2 * i);
	}
	put_crc(crc, entry_crc(&next));
	if (!nv_entry_legal(&next) || next.serial % DATALOG_ENTRIES != (uint64_t)sqlite3_column_int64(row, 0) ||
	    sqlite3_column_bytes(row, 7) != sizeof(crc) || memcmp(crc, sqlite3_column_blob(row, 7), sizeof(crc)))
		goto damaged;
	/* Cleared, or of a past that an older state has gone back behind. */
	if (next.serial < log->first_serial || next.serial > log->serial || next.serial + DATALOG_ENTRIES <= log->serial ||
	    !next.serial)
		return 0;
	if (load->recorded->n == DATALOG_ENTRIES)
		goto damaged;
	*entry = next;
	load->recorded->n++;
	return 0;
damaged:
	snprintf(load->reason, load->size, "the log's row in slot %" PRId64 " is not whole", (int64_t)sqlite3_column_int64(row, 0));
	return -EBADMSG;
}

int rows_load(sqlite3 *db, struct recorded *recorded, char *reason, size_t size)
{
	struct load load = { .recorded = recorded, .reason = reason, .size = size };
	size_t n;
	int error;

	nv_fields(&n);
	memset(recorded, 0, sizeof(*recorded));
	load.seen = calloc(n, sizeof(*load.seen));
	if (!load.seen)
		return -ENOMEM;
	error = load_state(db, &load);
	if (!error)
		error = each_row(db, "SELECT slot, serial, clock_s, utc_s, scales, pointers, words, crc32, noted FROM log ORDER BY serial",
				 &load, load_log_row);
	free(load.seen);
	return error;
}

static int step_once(sqlite3_stmt *statement)
{
	int rc = sqlite3_step(statement);

	sqlite3_reset(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int put_number(struct rows *rows, const char *name, uint64_t value)
{
	sqlite3_bind_text(rows->state, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(rows->state, 2, (sqlite3_int64)value);
	return step_once(rows->state);
}

static int put_field(struct rows *rows, const struct nv_field *field, const char *text)
{
	if (nv_is_integer(field))
		return put_number(rows, field->name, (uint64_t)strtoll(text, NULL, 10));
	sqlite3_bind_text(rows->state, 1, field->name, -1, SQLITE_STATIC);
	sqlite3_bind_text(rows->state, 2, text, -1, SQLITE_STATIC);
	return step_once(rows->state);
}

/* The exclusive or of the checksums of all rows as they stand but CRC_ROW. */
static int rows_crc(sqlite3 *db, uint32_t *crc)
{
	sqlite3_stmt *row;
	int rc = sqlite3_prepare_v2(db, "SELECT name, value FROM state WHERE name <> '" CRC_ROW "'", -1, &row, NULL);

	*crc = 0;
	if (rc != SQLITE_OK)
		return rc;
	while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(row, 0), *text = (const char *)sqlite3_column_text(row, 1);

		if (name && text)
			*crc ^= row_crc(name, text);
	}
	sqlite3_finalize(row);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int prepare_state(sqlite3 *db, struct rows *rows)
{
	return sqlite3_prepare_v3(db, "INSERT INTO state(name, value) VALUES(?1, ?2) "
				      "ON CONFLICT(name) DO UPDATE SET value = excluded.value", -1,
				  SQLITE_PREPARE_PERSISTENT, &rows->state, NULL);
}

int rows_insert_initial(sqlite3 *db, unsigned version)
{
	struct rows rows = { NULL, NULL };	/* the log's columns are not those of the present schema yet */
	const struct nv_field *fields;
	uint32_t crc;
	size_t n;
	int rc = prepare_state(db, &rows);

	fields = nv_fields(&n);
	for (size_t i = 0; i < n && rc == SQLITE_OK; i++)
		if (fields[i].since == version && fields[i].initial)
			rc = put_field(&rows, &fields[i], fields[i].initial);
	if (version == 2) {	/* brought the store's own rows but `sequence` too */
		for (size_t i = 1; i < OWN && rc == SQLITE_OK; i++)
			rc = put_number(&rows, own[i].name, 0);
	}
	if (rc == SQLITE_OK)
		rc = rows_crc(db, &crc);
	if (rc == SQLITE_OK)
		rc = put_number(&rows, CRC_ROW, crc);
	rows_finish(&rows);
	return rc;
}

int rows_prepare(sqlite3 *db, struct rows *rows)
{
	int rc;

	rows->log = NULL;
	rc = prepare_state(db, rows);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v3(db, "INSERT INTO log(slot, serial, clock_s, utc_s, scales, pointers, words, crc32, noted) "
					    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT(slot) DO UPDATE SET "
					    "serial = excluded.serial, clock_s = excluded.clock_s, utc_s = excluded.utc_s, "
					    "scales = excluded.scales, pointers = excluded.pointers, words = excluded.words, "
					    "crc32 = excluded.crc32, noted = excluded.noted", -1, SQLITE_PREPARE_PERSISTENT, &rows->log, NULL);
	return rc;
}

int rows_put_record(struct rows *rows, const struct record *record, const struct record *before, uint32_t other_crc)
{
	char text[NV_TEXT_MAX];
	const struct nv_field *fields;
	int rc = SQLITE_OK;
	size_t n;

	fields = nv_fields(&n);
	for (size_t i = 0; i < n && rc == SQLITE_OK; i++) {
		if (before && nv_equal(&record->nv, &before->nv, &fields[i]))
			continue;
		nv_get_text(&record->nv, &fields[i], text, sizeof(text));
		rc = put_field(rows, &fields[i], text);
	}
	for (size_t i = 0; i < OWN && rc == SQLITE_OK; i++)
		if (!before || own_get(record, i) != own_get(before, i))
			rc = put_number(rows, own[i].name, own_get(record, i));
	if (rc == SQLITE_OK)
		rc = put_number(rows, CRC_ROW, record_crc(record) ^ other_crc);
	return rc;
}

int rows_put_entry(struct rows *rows, const struct datalog_entry *entry)
{
	const signed char scales[4] = { entry->scale_i, entry->scale_v, entry->scale_w, entry->scale_e };
	unsigned char pointers[2 * DATALOG_LOGS], words[2 * DATALOG_LOGS], crc[4], noted[NOTED_BYTES];

	put_crc(crc, entry_crc(entry));
	put_noted(noted, entry);
	for (int i = 0; i < DATALOG_LOGS; i++) {
		put_word(pointers + 2 * i, entry->pointer[i]);
		put_word(words + 2 * i, entry->word[i]);
	}
	sqlite3_bind_int64(rows->log, 1, (sqlite3_int64)(entry->serial % DATALOG_ENTRIES));
	sqlite3_bind_int64(rows->log, 2, (sqlite3_int64)entry->serial);
	sqlite3_bind_int64(rows->log, 3, entry->clock_s);
	sqlite3_bind_int64(rows->log, 4, entry->utc_s);
	sqlite3_bind_blob(rows->log, 5, scales, sizeof(scales), SQLITE_STATIC);
	sqlite3_bind_blob(rows->log, 6, pointers, sizeof(pointers), SQLITE_STATIC);
	sqlite3_bind_blob(rows->log, 7, words, sizeof(words), SQLITE_STATIC);
	sqlite3_bind_blob(rows->log, 8, crc, sizeof(crc), SQLITE_STATIC);
	if (entry->noted)
		sqlite3_bind_blob(rows->log, 9, noted, sizeof(noted), SQLITE_STATIC);
	else
		sqlite3_bind_null(rows->log, 9);
	return step_once(rows->log);
}

void rows_finish(struct rows *rows)
{
	sqlite3_finalize(rows->state);
	sqlite3_finalize(rows->log);
	rows->state = rows->log = NULL;
}
