/* dinmeter registers: the map of registers/registers.h in every form that people and programs read it. */
#include "client/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registers/registers.h"

struct form {
	const char *option;
	void (*begin)(void);
	void (*row)(const struct point *point, bool first);
	void (*end)(void);
};

/* "3", or "1-2" of a value that spans several registers. */
static const char *span(const struct point *point, char text[24])
{
	if (point->registers == 1)
		snprintf(text, 24, "%u", point->number);
	else
		snprintf(text, 24, "%u-%u", point->number, point->number + point->registers - 1);
	return text;
}

static void nothing(void)
{
}

static void text_begin(void)
{
	printf("%-10s %-24s %-6s %-2s %-6s %-6s %-6s %-29s %-7s %s\n", "register", "name", "access", "nv", "format", "units",
	       "scale", "range", "default", "meaning");
}

static void text_row(const struct point *point, bool first)
{
	char text[24];

	(void)first;
	printf("%-10s %-24s %-6s %-2s %-6s %-6s %-6s %-29s %-7s %s\n", span(point, text), point->name,
	       registers_access(point), point->nv ? "NV" : "", registers_format(point), point->units, registers_scale(point),
	       point->range, point->initial, point->meaning);
}

static void tsv_begin(void)
{
	puts("register\tregisters\tname\taccess\tnv\tformat\tunits\tscale\trange\tdefault\tmeaning");
}

static void tsv_row(const struct point *point, bool first)
{
	(void)first;
	printf("%u\t%u\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", point->number, point->registers, point->name,
	       registers_access(point), point->nv ? "NV" : "", registers_format(point), point->units, registers_scale(point),
	       point->range, point->initial, point->meaning);
}

static void json_begin(void)
{
	putchar('[');
}

/* RFC 8259, 7. */
static void json_string(const char *key, const char *value)
{
	printf(", \"%s\": \"", key);
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			printf("\\%c", *value);
		else if ((unsigned char)*value < 0x20)
			printf("\\u%04x", (unsigned)*value);
		else
			putchar(*value);
	}
	putchar('"');
}

static void json_row(const struct point *point, bool first)
{
	printf("%s\n  {\"register\": %u, \"registers\": %u", first ? "" : ",", point->number, point->registers);
	json_string("name", point->name);
	json_string("access", registers_access(point));
	printf(", \"nv\": %s", point->nv ? "true" : "false");
	json_string("format", registers_format(point));
	json_string("units", point->units);
	json_string("scale", registers_scale(point));
	json_string("range", point->range);
	json_string("default", point->initial);
	json_string("meaning", point->meaning);
	putchar('}');
}

static void json_end(void)
{
	puts("\n]");
}

static void markdown_begin(void)
{
	puts("| register | name | access | NV | format | units | scale | range | default | meaning |\n"
	     "|---|---|---|---|---|---|---|---|---|---|");
}

static void markdown_row(const struct point *point, bool first)
{
	char text[24];

	(void)first;
	printf("| %s | `%s` | %s | %s | %s | %s | %s | %s | %s | %s |\n", span(point, text), point->name,
	       registers_access(point), point->nv ? "NV" : "", registers_format(point), point->units, registers_scale(point),
	       point->range, point->initial, point->meaning);
}

/* roff text: a plain '-' would become a hyphen, which nobody can search for or paste. */
static void roff(const char *before, const char *text, const char *after)
{
	if (*text == '\0')
		return;
	fputs(before, stdout);
	for (; *text != '\0'; text++) {
		if (*text == '-' || *text == '\\')
			putchar('\\');
		if (*text == '\\')
			putchar('e');
		else
			putchar(*text);
	}
	fputs(after, stdout);
}

static void man_row(const struct point *point, bool first)
{
	char text[24];

	(void)first;
	roff(".TP\n.B ", span(point, text), " ");
	roff("", point->name, "\n");
	roff("", point->meaning, "");
	roff(".\n.br\n", registers_access(point), "");
	roff(", ", registers_format(point), "");
	roff(", ", point->nv ? "NV" : "", "");
	roff(", ", point->units, "");
	roff(", scale ", registers_scale(point), "");
	roff(", range ", point->range, "");
	roff(", default ", point->initial, "");
	putchar('\n');
}

static const struct form forms[] = {
	{ "text", text_begin, text_row, nothing },
	{ "tsv", tsv_begin, tsv_row, nothing },
	{ "json", json_begin, json_row, json_end },
	{ "markdown", markdown_begin, markdown_row, nothing },
	{ "man", nothing, man_row, nothing },
};

#define FORMS (sizeof(forms) / sizeof(forms[0]))

/* Is the row meant by an argument: a register number, or a name? */
static bool row_matches(const struct point *point, const char *wanted)
{
	char *end;
	unsigned long number = strtoul(wanted, &end, 10);

	if (*wanted >= '0' && *wanted <= '9' && *end == '\0')
		return number <= 65536 && registers_find((unsigned)number) == point;
	return !strcmp(point->name, wanted);
}

static bool known(const char *wanted)
{
	size_t n;
	const struct point *points = registers_points(&n);

	for (size_t i = 0; i < n; i++)
		if (row_matches(&points[i], wanted))
			return true;
	fprintf(stderr, "dinmeter registers: '%s' is no register: must be a name or a number of the map\n", wanted);
	return false;
}

static int print_map(const struct form *form, char **wanted, int wanted_n)
{
	size_t n;
	const struct point *points = registers_points(&n);
	bool first = true;

	form->begin();
	for (size_t i = 0; i < n; i++) {
		bool shown = wanted_n == 0;

		for (int w = 0; w < wanted_n && !shown; w++)
			shown = row_matches(&points[i], wanted[w]);
		if (!shown)
			continue;
		form->row(&points[i], first);
		first = false;
	}
	form->end();
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "dinmeter registers: standard output: %s\n", strerror(errno));
		return 1;
	}
	return 0;
}

static void print_usage(FILE *out)
{
	fputs("usage: dinmeter registers [--text|--tsv|--json|--markdown|--man] [NAME|NUMBER]...\n"
	      "\nPrints the Modbus register map, or the rows named.\n\n"
	      "  --text      aligned columns (default)\n"
	      "  --tsv       tab-separated, a header line first\n"
	      "  --json      an array of objects\n"
	      "  --markdown  a table for documents\n"
	      "  --man       paragraphs for a man page\n", out);
}

static const struct form *find_form(const char *argument)
{
	for (size_t i = 0; i < FORMS; i++)
		if (!strncmp(argument, "--", 2) && !strcmp(argument + 2, forms[i].option))
			return &forms[i];
	return NULL;
}

int client_registers(int argc, char **argv)
{
	const struct form *form = &forms[0];
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--help")) {
			print_usage(stdout);
			return 0;
		}
		form = find_form(argv[i]);
		if (form == NULL) {
			fprintf(stderr, "dinmeter registers: unknown option '%s'\n", argv[i]);
			print_usage(stderr);
			return 2;
		}
	}
	for (int wanted = i; wanted < argc; wanted++)
		if (!known(argv[wanted]))
			return 2;
	return print_map(form, argv + i, argc - i);
}
