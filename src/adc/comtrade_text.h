/*
 * comtrade_text - lines and fields of a COMTRADE text file: comma-separated, blanks around, any 8-bit encoding.
 *
 * Pure and independent of the locale.  Nothing is copied: a span points into the caller's line, which need not end in a NUL.
 */
#ifndef ADC_COMTRADE_TEXT_H
#define ADC_COMTRADE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct comtrade_span {
	const char *at;
	size_t length;
};

/* What is wrong and where; line 0: not a matter of one line. */
struct comtrade_error {
	unsigned line;
	char text[512];
};

/* Writes the message, without file and line, and returns -EINVAL. */
int comtrade_error_set(struct comtrade_error *error, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Cuts at the first ^Z (the end of text files on some systems), then blanks, tabs, CR, LF and NUL at both ends. */
struct comtrade_span comtrade_trim(struct comtrade_span span);

/* The first line of a file without the mark that some editors put before UTF-8. */
struct comtrade_span comtrade_skip_byte_order_mark(struct comtrade_span line);

/* Takes the next field, trimmed, off *rest.  False when none is left; an empty line has no field. */
bool comtrade_next_field(struct comtrade_span *rest, struct comtrade_span *field);

/* A decimal number, the whole of `text` (trimmed).  0, or -EINVAL. */
int comtrade_parse_double(struct comtrade_span text, double *value);

/* An unsigned whole number up to 10^15; a fraction of zeros is let pass ("42240.000").  0, or -EINVAL. */
int comtrade_parse_count(struct comtrade_span text, uint64_t *value);

/* Equal but for the case of ASCII letters? */
bool comtrade_equal(struct comtrade_span text, const char *word);

/*
 * A copy fit for messages: at most `size` - 1 bytes, control characters as '?', "..." where it was cut.
 * Returns `out`.
 */
const char *comtrade_show(struct comtrade_span text, char *out, size_t size);

#endif
