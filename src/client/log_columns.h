/*
 * log_columns - which values the entries of the data log hold, so that all of them fit one table.
 *
 * An entry records ten registers, and which ones may change from entry to entry.  Each value that any entry recorded is a
 * column of its own: a register of 16 bits, a value of 32 bits of which both registers were recorded, or one half of such a
 * value, as the number that stood there.
 */
#ifndef CLIENT_LOG_COLUMNS_H
#define CLIENT_LOG_COLUMNS_H

#include <stdbool.h>

#include "metering/datalog.h"
#include "registers/decode.h"

enum log_part { LOG_WHOLE, LOG_HIGH, LOG_LOW };

struct log_column {
	const struct point *point;
	enum log_part part;
	char name[48];		/* log_columns_finish */
};

#define LOG_COLUMNS_MAX 512
#define LOG_COLUMNS_REGISTERS 512	/* no register beyond can be recorded */
struct log_columns {
	bool recorded[LOG_COLUMNS_REGISTERS];	/* by number */
	unsigned n;
	struct log_column column[LOG_COLUMNS_MAX];
};

/* An entry of the log: what it recorded counts for the names, also when it gets no column. */
void log_columns_note(struct log_columns *columns, const struct datalog_entry *entry);

/* Makes sure that all that the entry holds has a column. */
void log_columns_add(struct log_columns *columns, const struct datalog_entry *entry);

/*
 * When all entries are noted and added: orders the columns by register and names them.  A whole value and a half of an integer:
 * "kwh", "kwh_high"; a half of a float: "kwh_257_high".  A whole float is "kwh_257" when the log holds anything of the integer of
 * that name too, else "kwh".
 */
void log_columns_finish(struct log_columns *columns);

/* What the entry holds for the column, a decimal number, "" when not valid.  False: it did not record it. */
bool log_columns_text(const struct log_column *column, const struct datalog_entry *entry, char text[DECODE_TEXT_MAX]);

#endif
