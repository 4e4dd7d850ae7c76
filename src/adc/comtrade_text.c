#include "adc/comtrade_text.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define END_OF_TEXT 0x1a

int comtrade_error_set(struct comtrade_error *error, unsigned line, const char *format, ...)
{
	va_list arguments;

	error->line = line;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct comtrade_span trim_blanks(struct comtrade_span span)
{
	while (span.length && is_blank(span.at[0])) {
		span.at++;
		span.length--;
	}
	while (span.length && is_blank(span.at[span.length - 1]))
		span.length--;
	return span;
}

struct comtrade_span comtrade_trim(struct comtrade_span span)
{
	const char *end = span.length ? memchr(span.at, END_OF_TEXT, span.length) : NULL;

	if (end)
		span.length = (size_t)(end - span.at);
	return trim_blanks(span);
}

struct comtrade_span comtrade_skip_byte_order_mark(struct comtrade_span line)
{
	if (line.length >= 3 && !memcmp(line.at, "\xef\xbb\xbf", 3)) {
		line.at += 3;
		line.length -= 3;
	}
	return line;
}

bool comtrade_next_field(struct comtrade_span *rest, struct comtrade_span *field)
{
	const char *comma;

	if (!rest->at)
		return false;
	comma = rest->length ? memchr(rest->at, ',', rest->length) : NULL;
	field->at = rest->at;
	field->length = comma ? (size_t)(comma - rest->at) : rest->length;
	if (comma) {
		rest->at = comma + 1;
		rest->length -= field->length + 1;
	} else {
		rest->at = NULL;
		rest->length = 0;
	}
	*field = trim_blanks(*field);
	return true;
}

/* Decimal digits of a number: value = mantissa x 10^exponent. */
struct decimal {
	uint64_t mantissa;
	int exponent, digits;
};

/* Takes digits; those behind the 19th only count.  They are below the resolution of a double. */
static const char *take_digits(const char *at, const char *end, struct decimal *number, int step)
{
	for (; at < end && is_digit(*at); at++) {
		number->digits++;
		if (number->mantissa < UINT64_C(1000000000000000000)) {
			number->mantissa = number->mantissa * 10 + (uint64_t)(*at - '0');
			number->exponent -= step;
		} else {
			number->exponent += 1 - step;
		}
	}
	return at;
}

/* Takes "e-12"; a huge exponent saturates. */
static const char *take_exponent(const char *at, const char *end, int *exponent)
{
	bool negative;
	const char *first;
	int value = 0;

	if (at == end || (*at != 'e' && *at != 'E'))
		return at;
	at++;
	negative = at < end && *at == '-';
	if (at < end && (*at == '-' || *at == '+'))
		at++;
	first = at;
	for (; at < end && is_digit(*at); at++)
		if (value < 100000)
			value = value * 10 + (*at - '0');
	*exponent += negative ? -value : value;
	return at == first ? NULL : at;
}

/*
 * mantissa x 10^exponent, of -44..44, in twice a double's digits and rounded once: a long double is no longer on some machines.  The power is
 * the product of two that are exact doubles.
 */
static double scale(uint64_t mantissa, int exponent)
{
	static const double powers[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
					 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
	int n = exponent < 0 ? -exponent : exponent;
	double first = powers[n > 22 ? 22 : n], second = powers[n > 22 ? n - 22 : 0];
	double power = first * second, power_low = fma(first, second, -power);
	double high = (double)mantissa, low = (double)(int64_t)(mantissa - (uint64_t)high), value;

	if (exponent < 0) {
		value = high / power;
		return value + (fma(-value, power, high) + low - value * power_low) / power;
	}
	value = high * power;
	return value + (fma(high, power, -value) + low * power + high * power_low);
}

/* Rounded once where an instrument's numbers are; else within one unit of a long double. */
static double decimal_value(const struct decimal *number)
{
	if (!number->mantissa)
		return 0;
	if (number->exponent >= -44 && number->exponent <= 44)
		return scale(number->mantissa, number->exponent);
	if (number->exponent < -400)
		return 0;
	return (double)((long double)number->mantissa * powl(10, number->exponent));
}

int comtrade_parse_double(struct comtrade_span text, double *value)
{
	const char *at = text.at, *end;
	struct decimal number = { 0, 0, 0 };
	bool negative;

	if (!text.length)
		return -EINVAL;
	end = at + text.length;
	negative = *at == '-';
	if (*at == '-' || *at == '+')
		at++;
	at = take_digits(at, end, &number, 0);
	if (at < end && *at == '.')
		at = take_digits(at + 1, end, &number, 1);
	if (!number.digits)
		return -EINVAL;
	at = take_exponent(at, end, &number.exponent);
	if (at != end)
		return -EINVAL;
	*value = decimal_value(&number);
	if (!isfinite(*value))
		return -EINVAL;
	if (negative)
		*value = -*value;
	return 0;
}

int comtrade_parse_count(struct comtrade_span text, uint64_t *value)
{
	const char *at = text.at, *end;
	uint64_t number = 0;

	if (!text.length)
		return -EINVAL;
	end = at + text.length;
	if (*at == '+')
		at++;
	if (at == end || !is_digit(*at))
		return -EINVAL;
	for (; at < end && is_digit(*at); at++) {
		number = number * 10 + (uint64_t)(*at - '0');
		if (number > UINT64_C(1000000000000000))
			return -EINVAL;
	}
	if (at < end && *at == '.')
		for (at++; at < end && *at == '0';)
			at++;
	if (at != end)
		return -EINVAL;
	*value = number;
	return 0;
}

bool comtrade_equal(struct comtrade_span text, const char *word)
{
	if (text.length != strlen(word))
		return false;
	for (size_t i = 0; i < text.length; i++) {
		char a = text.at[i], b = word[i];

		if (a >= 'a' && a <= 'z')
			a = (char)(a - 'a' + 'A');
		if (b >= 'a' && b <= 'z')
			b = (char)(b - 'a' + 'A');
		if (a != b)
			return false;
	}
	return true;
}

const char *comtrade_show(struct comtrade_span text, char *out, size_t size)
{
	size_t n = text.length < size ? text.length : size - 1;

	for (size_t i = 0; i < n; i++)
		out[i] = (unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f ? '?' : text.at[i];
	if (n < text.length && n >= 3)
		memcpy(out + n - 3, "...", 3);
	out[n] = '\0';
	return out;
}
