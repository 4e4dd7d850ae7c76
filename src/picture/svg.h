/*
 * svg - what an SVG picture needs beyond what cairo makes of it: its words, and short numbers.
 *
 * cairo draws text as outlines, which no search finds and no screen reader speaks: what was written is kept, and stands in the file's
 * <title> (the first text) and <desc> (the others, a line each).
 */
#ifndef PICTURE_SVG_H
#define PICTURE_SVG_H

#include <stddef.h>

/* Bytes that grow; all zero is none. */
struct bytes {
	char *data;
	size_t size, capacity;
};

/* 0 or -ENOMEM. */
int bytes_add(struct bytes *bytes, const void *data, size_t size);

struct svg_words {
	struct bytes title, desc;
};

/* 0 or -ENOMEM. */
int svg_words_add(struct svg_words *words, const char *text);
void svg_words_free(struct svg_words *words);

/*
 * Puts the words into the picture behind its <svg ...>, and cuts its numbers to three decimals, a thousandth of a point: half the bytes.
 * 0, -ENOMEM, or -EINVAL when it is none.
 */
int svg_finish(const struct svg_words *words, struct bytes *svg);

#endif
