#include "picture/svg.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DECIMALS 3

int bytes_add(struct bytes *bytes, const void *data, size_t size)
{
	if (size > bytes->capacity - bytes->size) {
		size_t capacity = 2 * (bytes->capacity + size) + 1024;
		char *grown = realloc(bytes->data, capacity);

		if (!grown)
			return -ENOMEM;
		bytes->data = grown;
		bytes->capacity = capacity;
	}
	if (size)
		memcpy(bytes->data + bytes->size, data, size);
	bytes->size += size;
	return 0;
}

static int add_escaped(struct bytes *bytes, const char *text)
{
	for (; *text; text++) {
		const char *instead = *text == '&' ? "&amp;" : *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : NULL;
		int err = instead ? bytes_add(bytes, instead, strlen(instead)) : bytes_add(bytes, text, 1);

		if (err)
			return err;
	}
	return 0;
}

int svg_words_add(struct svg_words *words, const char *text)
{
	int err;

	if (!*text)
		return 0;
	if (!words->title.size)
		return add_escaped(&words->title, text);
	err = add_escaped(&words->desc, text);
	return err ? err : bytes_add(&words->desc, "\n", 1);
}

void svg_words_free(struct svg_words *words)
{
	free(words->title.data);
	free(words->desc.data);
	memset(words, 0, sizeof(*words));
}

static int add_element(struct bytes *bytes, const char *open, const struct bytes *inside, const char *close)
{
	if (bytes_add(bytes, open, strlen(open)) || bytes_add(bytes, inside->data, inside->size) ||
	    bytes_add(bytes, close, strlen(close)))
		return -ENOMEM;
	return 0;
}

/* Where the head's last '>' ends, 0 = nowhere. */
static size_t find_head_end(const struct bytes *svg)
{
	static const char tag[] = "<svg ";
	const char *start = svg->size ? memmem(svg->data, svg->size, tag, sizeof(tag) - 1) : NULL;
	const char *end = start ? memchr(start, '>', svg->size - (size_t)(start - svg->data)) : NULL;

	return end ? (size_t)(end - svg->data) + 1 : 0;
}

/* In place, from `start` on. */
static void shorten_numbers(struct bytes *svg, size_t start)
{
	const char *from = svg->data + start, *end = svg->data + svg->size;
	char *to = svg->data + start;
	unsigned decimals = 0;
	bool fraction = false;

	for (; from < end; from++) {
		bool digit = isdigit((unsigned char)*from);

		fraction = *from == '.' || (fraction && digit);
		decimals = fraction && digit ? decimals + 1 : 0;
		if (decimals <= DECIMALS)
			*to++ = *from;
	}
	svg->size = (size_t)(to - svg->data);
}

int svg_finish(const struct svg_words *words, struct bytes *svg)
{
	size_t head = find_head_end(svg);
	struct bytes all = { NULL, 0, 0 };

	if (!head)
		return -EINVAL;
	shorten_numbers(svg, head);
	if (bytes_add(&all, svg->data, head) || add_element(&all, "\n<title>", &words->title, "</title>") ||
	    add_element(&all, "\n<desc>", &words->desc, "</desc>") || bytes_add(&all, svg->data + head, svg->size - head)) {
		free(all.data);
		return -ENOMEM;
	}
	free(svg->data);
	*svg = all;
	return 0;
}
