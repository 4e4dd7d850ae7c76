#include "adc/comtrade_cff.h"

#include <string.h>

static const char *const names[] = {
	[COMTRADE_SECTION_CFG] = "CFG", [COMTRADE_SECTION_INF] = "INF", [COMTRADE_SECTION_HDR] = "HDR", [COMTRADE_SECTION_DAT] = "DAT",
};

/* The next word: up to a blank, a colon or the closing dashes. */
static struct comtrade_span next_word(struct comtrade_span *rest)
{
	struct comtrade_span word;

	while (rest->length && (rest->at[0] == ' ' || rest->at[0] == '\t' || rest->at[0] == ':')) {
		rest->at++;
		rest->length--;
	}
	word = (struct comtrade_span){ rest->at, 0 };
	while (word.length < rest->length && !strchr(" \t:-", rest->at[word.length]))
		word.length++;
	rest->at += word.length;
	rest->length -= word.length;
	return word;
}

bool comtrade_heading_parse(struct comtrade_span line, struct comtrade_heading *heading)
{
	struct comtrade_span word;

	memset(heading, 0, sizeof(*heading));
	line = comtrade_trim(line);
	if (line.length < 2 || memcmp(line.at, "--", 2) != 0)
		return false;
	while (line.length && line.at[0] == '-') {
		line.at++;
		line.length--;
	}
	if (!comtrade_equal(next_word(&line), "file") || !comtrade_equal(next_word(&line), "type"))
		return false;
	word = next_word(&line);
	heading->section = COMTRADE_SECTION_OTHER;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (comtrade_equal(word, names[i]))
			heading->section = (enum comtrade_section)i;
	word = next_word(&line);
	heading->has_format = !comtrade_format_parse(word, &heading->format);
	if (heading->has_format)
		word = next_word(&line);
	heading->has_bytes = !comtrade_parse_count(word, &heading->bytes);
	return true;
}
