/*
 * libconfig could include files itself, but says neither which one it cannot
 * open nor why, and ends the process when one is a directory.  It also takes 9999999999 for
 * 1410065407 without a word; here such a number gets the L that makes it 64 bits wide.
 */
#include "daemon/config_source.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MOST (1 << 20)	/* bytes of all files together */
#define DEPTH_MOST 10		/* files that include one another */
#define FILES_MOST 100		/* files in all */

/* Opens a regular file; -ENOTSUP for what is none: a pipe without a writer would keep the daemon for good. */
static int open_regular(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), error = 0;
	struct stat status;

	if (file < 0)
		return -errno;
	if (fstat(file, &status))
		error = -errno;
	else if (S_ISDIR(status.st_mode))
		error = -EISDIR;
	else if (!S_ISREG(status.st_mode))
		error = -ENOTSUP;
	if (!error)
		return file;
	close(file);
	return error;
}

static const char *reason(int error)
{
	return error == -ENOTSUP ? "not a regular file" : error == -EFBIG ? "more than 1 MiB, all files together" : strerror(-error);
}

static int read_all(int file, char *buffer, size_t *length)
{
	ssize_t n;

	for (*length = 0; *length <= FILE_MOST; *length += (size_t)n) {
		n = read(file, buffer + *length, FILE_MOST + 1 - *length);
		if (n < 0)
			return -errno;
		if (!n)
			return 0;
	}
	return -EFBIG;
}

static int read_file(const char *path, char **text, size_t *length)
{
	int file = open_regular(path), error;
	char *buffer;

	if (file < 0)
		return file;
	buffer = malloc(FILE_MOST + 1);
	error = buffer ? read_all(file, buffer, length) : -ENOMEM;
	if (error)
		free(buffer);
	else
		*text = buffer;
	close(file);
	return error;
}

/* A file being spread out into the whole. */
struct reading {
	struct config_source *source;
	const char *path;
	const char *at, *end;
	unsigned line;
	unsigned depth;
};

static void put(struct config_source *source, const char *text, size_t length)
{
	if (!source->text || source->length + length > source->room) {
		size_t room = 2 * (source->length + length) + 4096;
		char *grown = realloc(source->text, room + 1);

		if (!grown) {
			fprintf(source->out, "configuration: %s\n", strerror(ENOMEM));
			source->errors++;
			return;
		}
		source->text = grown;
		source->room = room;
	}
	memcpy(source->text + source->length, text, length);
	source->length += length;
	source->text[source->length] = '\0';
	for (size_t k = 0; k < length; k++)
		source->line += text[k] == '\n';
}

/* From here on the whole's lines are those of `path` from `line` on. */
static int mark_origin(struct config_source *source, const char *path, unsigned line)
{
	struct config_origin *grown = realloc(source->origins, (source->origins_n + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	source->origins = grown;
	grown += source->origins_n;
	*grown = (struct config_origin){ .first = source->line, .file = strdup(path), .line = line };
	if (!grown->file)
		return -ENOMEM;
	source->origins_n++;
	return 0;
}

static void take(struct reading *reading, size_t length)
{
	put(reading->source, reading->at, length);
	for (size_t k = 0; k < length; k++)
		reading->line += reading->at[k] == '\n';
	reading->at += length;
}

/* The length of what is at `at` up to and with `mark`, or to the end. */
static size_t up_to(const struct reading *reading, size_t skip, const char *mark)
{
	const char *from = reading->at + skip < reading->end ? reading->at + skip : reading->end;
	const char *found = memmem(from, (size_t)(reading->end - from), mark, strlen(mark));

	return (size_t)((found ? found + strlen(mark) : reading->end) - reading->at);
}

/* The length of a string with its quotes; 0 when it does not end. */
static size_t string_length(const struct reading *reading)
{
	const char *p = reading->at + 1;

	while (p < reading->end && *p != '"')
		p += *p == '\\' && p + 1 < reading->end ? 2 : 1;
	return p < reading->end ? (size_t)(p + 1 - reading->at) : 0;
}

static size_t span(const struct reading *reading, const char *set)
{
	const char *p = reading->at;

	while (p < reading->end && *p && strchr(set, *p))
		p++;
	return (size_t)(p - reading->at);
}

static void take_number(struct reading *reading)
{
	bool hex = reading->end - reading->at > 2 && reading->at[0] == '0' && (reading->at[1] | 0x20) == 'x';
	size_t length = span(reading, hex ? "0123456789abcdefABCDEFxX" : "0123456789");
	char next = reading->at + length < reading->end ? reading->at[length] : '\0';
	char digits[24] = "";
	bool wide = length >= sizeof(digits);

	if (!wide) {
		memcpy(digits, reading->at, length);
		wide = strtoull(digits, NULL, hex ? 16 : 10) > INT_MAX;
	}
	take(reading, length);
	if (next && strchr(".eEL", next))
		take(reading, span(reading, "0123456789.eE+-L"));
	else if (wide)
		put(reading->source, "L", 1);
}

static int spread_file(struct config_source *source, const char *path, unsigned depth);

/* Begins the line of an error. */
static FILE *complain(struct reading *reading)
{
	reading->source->errors++;
	fprintf(reading->source->out, "%s:%u: ", reading->path, reading->line);
	return reading->source->out;
}

/* `path` as seen from the file that includes it. */
static char *resolve(const char *from, const char *path, size_t length)
{
	const char *slash = strrchr(from, '/');
	size_t head = *path == '/' || !slash ? 0 : (size_t)(slash - from) + 1;
	char *full = malloc(head + length + 1);

	if (full) {
		memcpy(full, from, head);
		memcpy(full + head, path, length);
		full[head + length] = '\0';
	}
	return full;
}

/* An include directive at the start of a line?  Then its file takes its place. */
static bool take_include(struct reading *reading)
{
	static const char word[] = "@include";
	struct reading ahead = *reading;
	size_t length;
	char *path;
	int error;

	ahead.at += span(&ahead, " \t");
	if ((size_t)(ahead.end - ahead.at) < sizeof(word) || memcmp(ahead.at, word, sizeof(word) - 1))
		return false;
	ahead.at += sizeof(word) - 1;
	ahead.at += span(&ahead, " \t");
	if (ahead.at == ahead.end || *ahead.at != '"')
		return false;
	length = string_length(&ahead);
	if (!length || memchr(ahead.at, '\n', length))
		return false;
	path = resolve(reading->path, ahead.at + 1, length - 2);
	if (!path)
		return false;
	if (reading->depth >= DEPTH_MOST || reading->source->files >= FILES_MOST) {
		fprintf(complain(reading), "@include: got %s, must be at most %d files deep and %d in all\n", path, DEPTH_MOST,
			FILES_MOST);
	} else {
		error = spread_file(reading->source, path, reading->depth + 1);
		if (error)
			fprintf(complain(reading), "@include: cannot read %s: %s\n", path, reason(error));
		/* A last line without its end must not run into the next file's. */
		if (reading->source->length && reading->source->text[reading->source->length - 1] != '\n')
			put(reading->source, "\n", 1);
		mark_origin(reading->source, reading->path, reading->line);
	}
	free(path);
	reading->at = ahead.at + length;
	return true;
}

/* What has no end takes the rest of its file with it; what stands before it is still judged. */
static void cut_off(struct reading *reading, const char *what, const char *mark)
{
	fprintf(complain(reading), "got %s without end, must have a closing %s\n", what, mark);
	put(reading->source, "\n", 1);
	if (!reading->source->cut)
		reading->source->cut = reading->source->line;
	reading->at = reading->end;
}

/* Does a string have an escaped NUL, which libconfig leaves out without a word? */
static bool escapes_nul(const char *string, size_t length)
{
	for (size_t k = 1; k + 4 < length; k++) {
		if (string[k] != '\\')
			continue;
		if (!memcmp(string + k + 1, "x00", 3))
			return true;
		k++;
	}
	return false;
}

/* libconfig says of a missing quote that the file ended, which helps nobody to find it. */
static void take_string(struct reading *reading)
{
	size_t length = string_length(reading);

	if (!length) {
		cut_off(reading, "text", "\"");
		return;
	}
	if (escapes_nul(reading->at, length))
		fprintf(complain(reading), "got \\x00 in text, must be text without NUL\n");
	take(reading, length);
}

/* libconfig says nothing of a comment that does not end. */
static void take_comment(struct reading *reading)
{
	size_t length = up_to(reading, 2, "*/");

	if (length >= 4 && !memcmp(reading->at + length - 2, "*/", 2))
		take(reading, length);
	else
		cut_off(reading, "a comment", "*/");
}

/* One piece of libconfig's syntax: a comment, a string, a name, a number, or a character. */
static void take_piece(struct reading *reading)
{
	char c = *reading->at, next = reading->at + 1 < reading->end ? reading->at[1] : '\0';

	if (c == '#' || (c == '/' && next == '/'))
		take(reading, up_to(reading, 0, "\n"));
	else if (c == '/' && next == '*')
		take_comment(reading);
	else if (c == '"')
		take_string(reading);
	else if (isalpha((unsigned char)c) || c == '*')
		take(reading, span(reading, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_*-"));
	else if (isdigit((unsigned char)c))
		take_number(reading);
	else
		take(reading, 1);
}

/* libconfig would take a NUL for the end of all. */
static void blank_nul(struct reading *reading, char *text, size_t length)
{
	char *nul = memchr(text, '\0', length);
	struct reading at = *reading;

	if (!nul)
		return;
	for (const char *p = text; p < nul; p++)
		at.line += *p == '\n';
	fprintf(complain(&at), "got a NUL byte, must be text\n");
	for (; nul; nul = memchr(nul, '\0', (size_t)(text + length - nul)))
		*nul = ' ';
}

static int spread_file(struct config_source *source, const char *path, unsigned depth)
{
	char *text = NULL;
	const char *begin;
	size_t length = 0;
	struct reading reading = { .source = source, .path = path, .line = 1, .depth = depth };
	int error = read_file(path, &text, &length);

	if (error)
		return error;
	source->files++;
	error = mark_origin(source, path, 1);
	blank_nul(&reading, text, length);
	reading.end = text + length;
	/* Some editors put a byte order mark before the text. */
	begin = length >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3) ? text + 3 : text;
	reading.at = begin;
	if (!error && source->length + length > FILE_MOST)
		error = -EFBIG;
	while (!error && reading.at < reading.end) {
		bool at_start = reading.at == begin || reading.at[-1] == '\n';

		if (!at_start || !take_include(&reading))
			take_piece(&reading);
	}
	free(text);
	return error;
}

int config_source_read(struct config_source *source, const char *file, FILE *errors)
{
	int error;

	*source = (struct config_source){ .line = 1, .out = errors };
	put(source, "", 0);
	error = source->text ? spread_file(source, file, 1) : -ENOMEM;
	if (error) {
		fprintf(errors, "%s: cannot be read: %s\n", file, reason(error));
		return error;
	}
	return source->errors ? -EINVAL : 0;
}

void config_source_free(struct config_source *source)
{
	for (unsigned k = 0; k < source->origins_n; k++)
		free(source->origins[k].file);
	free(source->origins);
	free(source->text);
}

const char *config_source_locate(const struct config_source *source, unsigned line, unsigned *file_line)
{
	unsigned k = source->origins_n;

	while (k > 1 && source->origins[k - 1].first > line)
		k--;
	if (!k)
		return NULL;
	*file_line = source->origins[k - 1].line + (line - source->origins[k - 1].first);
	return source->origins[k - 1].file;
}

int config_source_quote(const struct config_source *source, unsigned line, const char **start)
{
	const char *p = source->text;
	int length;

	while (--line && strchr(p, '\n'))
		p = strchr(p, '\n') + 1;
	p += strspn(p, " \t\r");
	length = (int)strcspn(p, "\n");
	while (length && strchr(" \t\r", p[length - 1]))
		length--;
	*start = p;
	return length;
}
