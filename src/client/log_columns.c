#include "client/log_columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The log that recorded register `number`, or -1. */
static int find_log(const struct datalog_entry *entry, unsigned number)
{
	for (int i = 0; i < DATALOG_LOGS; i++)
		if (entry->pointer[i] == number)
			return i;
	return -1;
}

/* What the log i of an entry is: a value, or a part of one. */
static enum log_part part_of(const struct datalog_entry *entry, const struct point *point, int i)
{
	bool high = entry->pointer[i] == point->number;

	if (point->registers == 1 || find_log(entry, high ? point->number + 1 : point->number) >= 0)
		return LOG_WHOLE;
	return high ? LOG_HIGH : LOG_LOW;
}

static void add(struct log_columns *columns, const struct point *point, enum log_part part)
{
	for (unsigned i = 0; i < columns->n; i++)
		if (columns->column[i].point == point && columns->column[i].part == part)
			return;
	if (columns->n < LOG_COLUMNS_MAX)
		columns->column[columns->n++] = (struct log_column){ .point = point, .part = part };
}

void log_columns_add(struct log_columns *columns, const struct datalog_entry *entry)
{
	for (int i = 0; i < DATALOG_LOGS; i++) {
		const struct point *point = registers_find(entry->pointer[i]);

		if (point && point->registers <= 2)
			add(columns, point, part_of(entry, point, i));
	}
}

static int compare(const void *a, const void *b)
{
	const struct log_column *x = a, *y = b;

	if (x->point->number != y->point->number)
		return x->point->number < y->point->number ? -1 : 1;
	return (int)x->part - (int)y->part;
}

void log_columns_note(struct log_columns *columns, const struct datalog_entry *entry)
{
	for (int i = 0; i < DATALOG_LOGS; i++)
		if (entry->pointer[i] < LOG_COLUMNS_REGISTERS)
			columns->recorded[entry->pointer[i]] = true;
}

/* Does the log hold another row of the map that has the name, whole or in part? */
static bool is_shared(const struct log_columns *columns, const struct point *point)
{
	for (const struct point *other = registers_find_name(point->name, NULL); other; other = registers_find_name(point->name, other))
		for (unsigned i = 0; other != point && i < other->registers && other->number + i < LOG_COLUMNS_REGISTERS; i++)
			if (columns->recorded[other->number + i])
				return true;
	return false;
}

/* The integer and the float of a quantity have one name in the map: it is the float that tells its register. */
static void name_column(const struct log_columns *columns, struct log_column *column)
{
	static const char *const suffixes[] = { [LOG_WHOLE] = "", [LOG_HIGH] = "_high", [LOG_LOW] = "_low" };
	const struct point *point = column->point;
	char number[16] = "";

	if (point->format == REGISTER_FLOAT && (column->part != LOG_WHOLE || is_shared(columns, point)))
		snprintf(number, sizeof(number), "_%u", point->number);
	snprintf(column->name, sizeof(column->name), "%.24s%s%s", point->name, number, suffixes[column->part]);
}

void log_columns_finish(struct log_columns *columns)
{
	qsort(columns->column, columns->n, sizeof(columns->column[0]), compare);
	for (unsigned i = 0; i < columns->n; i++)
		name_column(columns, &columns->column[i]);
}

bool log_columns_text(const struct log_column *column, const struct datalog_entry *entry, char text[DECODE_TEXT_MAX])
{
	const struct decode_scales scales = { entry->scale_i, entry->scale_v, entry->scale_w, entry->scale_e };
	const struct point *point = column->point;
	unsigned first = point->number + (column->part == LOG_LOW);
	int high = find_log(entry, first), low = high;
	uint16_t words[2];

	if (high < 0 || (point->registers == 2 && part_of(entry, point, high) != column->part))
		return false;
	if (column->part != LOG_WHOLE) {
		snprintf(text, DECODE_TEXT_MAX, "%u", entry->word[high]);
		return true;
	}
	if (point->registers == 2)
		low = find_log(entry, point->number + 1);
	words[0] = entry->word[high];
	words[1] = entry->word[low];
	decode_text(point, words, &scales, text);
	return true;
}
