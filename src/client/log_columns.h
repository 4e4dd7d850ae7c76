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
	char name[48];		/* of the register; with _high or _low, and with its number where another column has the name */
};

#define LOG_COLUMNS_MAX 512
struct log_columns {
	unsigned n;
	struct log_column column[LOG_COLUMNS_MAX];
};

/* Makes sure that all that the entry holds has a column. */
void log_columns_add(struct log_columns *columns, const struct datalog_entry *entry);

/* When all entries are added: orders the columns by register and names them. */
void log_columns_finish(struct log_columns *columns);

/* What the entry holds for the column, a decimal number, "" when not valid.  False: it did not record it. */
bool log_columns_text(const struct log_column *column, const struct datalog_entry *entry, char text[DECODE_TEXT_MAX]);

#endif
