#include "picture/picture.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "picture/picture_file.h"
#include "picture/svg.h"

#define TEXT_MAX 1024	/* bytes of one text; what is longer is cut */
#define RIM 3.0		/* of paper around a label, points */

struct picture_sink {
	struct bytes bytes;
	struct svg_words words;
	int err;
};

/*
 * The phases' colours are told apart with every common colour blindness (those of M. Okabe and K. Ito, in the dark their lighter
 * ones); each differs from its paper by a contrast of more than 3 to 1, as lines must.
 */
static const uint32_t theme_rgb[][PICTURE_COLOURS] = {
	[PICTURE_LIGHT] = {
		[PICTURE_PAPER] = 0xffffff, [PICTURE_INK] = 0x1b2028, [PICTURE_FAINT] = 0x5c6773, [PICTURE_GRID] = 0xdfe4e9,
		[PICTURE_PHASE_A] = 0x0072b2, [PICTURE_PHASE_B] = 0xd55e00, [PICTURE_PHASE_C] = 0x009e73,
		[PICTURE_ACCENT] = 0x6f4bb2, [PICTURE_GOOD] = 0x1a7f37, [PICTURE_BAD] = 0xb42318,
	},
	[PICTURE_DARK] = {
		[PICTURE_PAPER] = 0x10151b, [PICTURE_INK] = 0xe8edf2, [PICTURE_FAINT] = 0x93a1af, [PICTURE_GRID] = 0x2a343f,
		[PICTURE_PHASE_A] = 0x56b4e9, [PICTURE_PHASE_B] = 0xf0a030, [PICTURE_PHASE_C] = 0x2fc79a,
		[PICTURE_ACCENT] = 0xb79cf0, [PICTURE_GOOD] = 0x3fb950, [PICTURE_BAD] = 0xff6b5e,
	},
};

int picture_format_of(const char *file, enum picture_format *format)
{
	static const char *const endings[] = { [PICTURE_PNG] = ".png", [PICTURE_SVG] = ".svg", [PICTURE_PDF] = ".pdf" };
	const char *dot = strrchr(file, '.');

	for (size_t i = 0; dot && dot > file && dot[-1] != '/' && i < sizeof(endings) / sizeof(*endings); i++)
		if (strcasecmp(dot, endings[i]) == 0) {
			*format = (enum picture_format)i;
			return 0;
		}
	return -EINVAL;
}

static cairo_status_t take_bytes(void *closure, const unsigned char *data, unsigned length)
{
	struct picture_sink *sink = closure;

	sink->err = bytes_add(&sink->bytes, data, length);
	return sink->err ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

static cairo_surface_t *create_surface(struct picture_sink *sink, enum picture_format format, double width, double height,
				       double scale)
{
	cairo_surface_t *surface;

	switch (format) {
	case PICTURE_SVG:
		return cairo_svg_surface_create_for_stream(take_bytes, sink, width, height);
	case PICTURE_PDF:
		surface = cairo_pdf_surface_create_for_stream(take_bytes, sink, width, height);
		/* None at all: the same page gives the same bytes. */
		cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, "");
		return surface;
	case PICTURE_PNG:
		break;
	}
	return cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)ceil(width * scale), (int)ceil(height * scale));
}

/* No hints: letters have the same widths in every format and at every scale. */
static void set_font(cairo_t *cairo)
{
	cairo_font_options_t *options = cairo_font_options_create();

	cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	cairo_set_font_options(cairo, options);
	cairo_font_options_destroy(options);
}

static int errno_of(cairo_status_t status)
{
	switch (status) {
	case CAIRO_STATUS_SUCCESS:
		return 0;
	case CAIRO_STATUS_INVALID_SIZE:
		return -EINVAL;
	case CAIRO_STATUS_NO_MEMORY:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

int picture_begin(struct picture *picture, enum picture_format format, enum picture_theme theme, double width, double height,
		  double scale)
{
	int err;

	memset(picture, 0, sizeof(*picture));
	if (!(width > 0 && height > 0 && scale > 0 && width * scale <= 32767 && height * scale <= 32767))
		return -EINVAL;
	picture->sink = calloc(1, sizeof(*picture->sink));
	if (!picture->sink)
		return -ENOMEM;
	picture->format = format;
	picture->theme = theme;
	picture->width = width;
	picture->height = height;
	picture->surface = create_surface(picture->sink, format, width, height, scale);
	picture->cairo = cairo_create(picture->surface);
	err = errno_of(cairo_status(picture->cairo));
	if (err) {
		picture_abandon(picture);
		return err;
	}
	if (format == PICTURE_PNG)
		cairo_scale(picture->cairo, scale, scale);
	set_font(picture->cairo);
	picture_set_colour(picture, PICTURE_PAPER);
	cairo_paint(picture->cairo);
	return 0;
}

void picture_set_colour(struct picture *picture, enum picture_colour colour)
{
	uint32_t rgb = theme_rgb[picture->theme][colour];

	cairo_set_source_rgb(picture->cairo, (rgb >> 16) / 255.0, (rgb >> 8 & 255) / 255.0, (rgb & 255) / 255.0);
}

/* The length of the character of UTF-8 at `text` that a picture can show: no control, no surrogate, not over long; 0 = none. */
static size_t character_length(const char *text)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)*text;
	size_t length = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 ? 4 : 0;
	uint32_t code = length < 2 ? first : first & (0xffu >> (length + 1));

	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (!length || code < least[length] || code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0xd800 && code < 0xe000) ||
	    code == 0xfffe || code == 0xffff || code > 0x10ffff)
		return 0;
	return length;
}

/* cairo gives up the whole page on a byte that is no UTF-8; names come from configuration files. */
static void copy_clean(char *clean, size_t size, const char *text)
{
	size_t used = 0;

	while (*text) {
		size_t length = character_length(text);

		if (used + (length ? length : 1) >= size)
			break;
		if (length) {
			memcpy(clean + used, text, length);
			used += length;
			text += length;
		} else {
			clean[used++] = '?';
			text++;
		}
	}
	clean[used] = '\0';
}

static double measure(struct picture *picture, double size, bool bold, const char *clean)
{
	cairo_text_extents_t extents;

	cairo_select_font_face(picture->cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
			       bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
	cairo_set_font_size(picture->cairo, size);
	cairo_text_extents(picture->cairo, clean, &extents);
	return extents.x_advance;
}

double picture_text_width(struct picture *picture, double size, bool bold, const char *text)
{
	char clean[TEXT_MAX];

	copy_clean(clean, sizeof(clean), text);
	return measure(picture, size, bold, clean);
}

static double write_text(struct picture *picture, double x, double y, enum picture_align align, double width, bool rim,
			 enum picture_colour colour, const char *clean)
{
	cairo_t *cairo = picture->cairo;

	x -= align == PICTURE_CENTRE ? width / 2 : align == PICTURE_RIGHT ? width : 0;
	if (rim) {
		cairo_save(cairo);
		cairo_move_to(cairo, x, y);
		cairo_text_path(cairo, clean);
		picture_set_colour(picture, PICTURE_PAPER);
		cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
		cairo_set_line_width(cairo, RIM);
		cairo_stroke(cairo);
		cairo_restore(cairo);
	}
	picture_set_colour(picture, colour);
	cairo_move_to(cairo, x, y);
	cairo_show_text(cairo, clean);
	cairo_new_path(cairo);
	if (picture->format == PICTURE_SVG && !picture->sink->err)
		picture->sink->err = svg_words_add(&picture->sink->words, clean);
	return width;
}

double picture_text(struct picture *picture, double x, double y, double size, enum picture_align align, bool bold,
		    enum picture_colour colour, const char *text)
{
	char clean[TEXT_MAX];

	copy_clean(clean, sizeof(clean), text);
	return write_text(picture, x, y, align, measure(picture, size, bold, clean), false, colour, clean);
}

double picture_label(struct picture *picture, double x, double y, double size, enum picture_align align, bool bold,
		     enum picture_colour colour, const char *text)
{
	char clean[TEXT_MAX];

	copy_clean(clean, sizeof(clean), text);
	return write_text(picture, x, y, align, measure(picture, size, bold, clean), true, colour, clean);
}

static int finish(struct picture *picture)
{
	struct picture_sink *sink = picture->sink;
	cairo_status_t status = cairo_status(picture->cairo);

	if (!status && picture->format == PICTURE_PNG)
		status = cairo_surface_write_to_png_stream(picture->surface, take_bytes, sink);
	cairo_destroy(picture->cairo);
	picture->cairo = NULL;
	cairo_surface_finish(picture->surface);
	if (!status)
		status = cairo_surface_status(picture->surface);
	if (!sink->err)
		sink->err = errno_of(status);
	if (!sink->err && picture->format == PICTURE_SVG)
		sink->err = svg_finish(&sink->words, &sink->bytes);
	return sink->err;
}

int picture_end_memory(struct picture *picture, char **bytes, size_t *size)
{
	int err = finish(picture);

	*bytes = NULL;
	*size = 0;
	if (!err) {
		*bytes = picture->sink->bytes.data;
		*size = picture->sink->bytes.size;
		picture->sink->bytes.data = NULL;
	}
	picture_abandon(picture);
	return err;
}

int picture_end(struct picture *picture, const char *file)
{
	char *bytes;
	size_t size;
	int err = picture_end_memory(picture, &bytes, &size);

	if (!err)
		err = picture_file_write(file, bytes, size);
	free(bytes);
	return err;
}

void picture_abandon(struct picture *picture)
{
	cairo_destroy(picture->cairo);
	if (picture->surface)
		cairo_surface_finish(picture->surface);
	cairo_surface_destroy(picture->surface);
	if (picture->sink) {
		svg_words_free(&picture->sink->words);
		free(picture->sink->bytes.data);
		free(picture->sink);
	}
	memset(picture, 0, sizeof(*picture));
}
