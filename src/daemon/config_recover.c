#include "daemon/config_recover.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MOST 64	/* brackets within one another */

/* What stands between blanks: a string, a word or number, or a single character. */
struct token {
	char *at;
	size_t length;
	unsigned line;	/* of its end: libconfig counts so */
};

static char *skip_comment(char *p)
{
	char *end;

	if (*p == '#' || (p[0] == '/' && p[1] == '/'))
		return p + strcspn(p, "\n");
	if (p[0] != '/' || p[1] != '*')
		return p;
	end = strstr(p + 2, "*/");
	return end ? end + 2 : p + strlen(p);
}

static size_t token_length(const char *p)
{
	size_t length = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_*.+-");

	if (*p != '"')
		return length ? length : *p != '\0';
	for (length = 1; p[length] && p[length] != '"'; length++)
		length += p[length] == '\\' && p[length + 1];
	return length + (p[length] == '"');
}

/* The one after `token`, or the first when that is all zero but `at` and the line; false at the end. */
static bool next_token(struct token *token)
{
	char *from = token->at + token->length, *p = from, *before;

	do {
		before = p;
		p = skip_comment(p + strspn(p, " \t\r\n\f"));
	} while (p != before);
	token->at = p;
	token->length = token_length(p);
	for (; from < p + token->length; from++)
		token->line += *from == '\n';
	return token->length > 0;
}

/* A name with = or : behind it begins a setting. */
static bool begins_setting(const struct token *token)
{
	struct token next = *token;

	return (isalpha((unsigned char)*token->at) || *token->at == '*') && next_token(&next) && strchr("=:", *next.at);
}

/*
 * Which token of its line is it that libconfig stumbles over?  Each gets a line of its own, and libconfig is asked
 * again.  The comment keeps an @ in the middle of a line from becoming a directive.
 */
static unsigned ask_again(char *text, unsigned line)
{
	static const char apart[] = "\n/**/";
	struct token token = { .at = text, .line = 1 };
	char *copy = malloc(strlen(text) * sizeof(apart) + 2), *to = copy, *from = text;
	unsigned found = 0;
	config_t file;

	if (!copy)
		return 0;
	while (next_token(&token)) {
		if (token.line != line)
			continue;
		memcpy(to, from, (size_t)(token.at - from));
		to += token.at - from;
		memcpy(to, apart, sizeof(apart) - 1);
		to += sizeof(apart) - 1;
		from = token.at;
	}
	memcpy(to, from, strlen(from));
	memcpy(to + strlen(from), "\n", 2);
	config_init(&file);
	if (!config_read_string(&file, copy))
		found = (unsigned)config_error_line(&file) - line;
	config_destroy(&file);
	free(copy);
	return found;
}

/* The end of the setting at `start` that went wrong at `wrong`. */
static char *find_end(const char *start, struct token wrong)
{
	char *end = wrong.at > start ? NULL : wrong.at + wrong.length;
	unsigned groups = 0;

	do {
		bool first = wrong.at == start;

		if (!groups && *wrong.at == ';')
			return wrong.at + wrong.length;
		if (!groups && !first && (*wrong.at == '}' || begins_setting(&wrong)))
			return end ? end : wrong.at;
		groups += *wrong.at == '{';
		groups -= *wrong.at == '}' && groups;
		end = wrong.at + wrong.length;
	} while (next_token(&wrong));
	return end;
}

/* Where the settings begin that are open, with their brackets; what libconfig took so far is sound. */
struct nest {
	struct {
		char bracket;
		char *start;
	} outer[DEPTH_MOST];
	unsigned depth;
	char *start;
	bool fresh;	/* another setting may begin */
};

static bool follow(struct nest *nest, const struct token *token)
{
	if (nest->fresh || begins_setting(token))
		nest->start = token->at;
	nest->fresh = *token->at == ';' || *token->at == '{';
	if (strchr("{[(", *token->at)) {
		if (nest->depth == DEPTH_MOST)
			return false;
		nest->outer[nest->depth].bracket = *token->at;
		nest->outer[nest->depth++].start = nest->start;
	} else if (strchr("}])", *token->at) && nest->depth) {
		nest->start = nest->outer[--nest->depth].start;
		nest->fresh = *token->at == '}' && (!nest->depth || nest->outer[nest->depth - 1].bracket == '{');
	}
	return true;
}

bool config_recover_find(char *text, const config_t *failed, struct config_piece *piece)
{
	unsigned line = (unsigned)config_error_line(failed), left = ask_again(text, line);
	bool twice = config_error_text(failed) && strstr(config_error_text(failed), "duplicate");
	struct token token = { .at = text, .line = 1 };
	struct nest nest = { .start = text, .fresh = true };

	while (left && next_token(&token)) {
		if (token.line == line && !--left) {
			piece->start = twice || nest.fresh ? token.at : nest.start;
			piece->end = find_end(piece->start, token);
			piece->at = token.at < piece->end ? token.at : piece->start;
			return true;
		}
		if (token.line > line || !follow(&nest, &token))
			break;
	}
	return false;
}

void config_recover_blank(const struct config_piece *piece)
{
	for (char *p = piece->start; p < piece->end; p++)
		if (*p != '\n')
			*p = ' ';
	/* Not a blank to libconfig's directive, which must stand at the start of a line. */
	piece->end[-1] = '\f';
}
