#include <math.h>
#include <stdio.h>
#include <string.h>

#include "metering/alerts.h"
#include "metering/system_type.h"
#include "panel/panel_private.h"

#define NUMBER_TEXT 16
#define VOID "----"
#define SCROLL_NS INT64_C(500000000)
#define SCROLL_PAUSE 3		/* steps that the beginning and the end of a text stand longer than the others */
#define ALTERNATE_NS INT64_C(1000000000)

struct drawing {
	const struct panel *panel;
	const struct panel_view *view;
	const struct panel_node *node;
	struct panel_screen *screen;
};

static bool is_iec(const struct drawing *drawing)
{
	return drawing->view->snapshot->settings.display_units == 0;
}

/* As much of the name as the row has: a prefix, the name, and at the right end what it is of. */
static void put_name(const struct drawing *drawing, const char *prefix)
{
	const struct panel_node *node = drawing->node;
	bool iec = is_iec(drawing);
	const char *suffix = iec && node->iec_suffix != NULL ? node->iec_suffix : node->suffix;
	char name[PANEL_CELLS + 1];

	snprintf(name, sizeof(name), "%s%s", prefix, iec && node->iec != NULL ? node->iec : node->name);
	panel_row_put(&drawing->screen->top, 0, name);
	if (suffix != NULL)
		panel_row_put_right(&drawing->screen->top, suffix);
}

static void put_text(const struct drawing *drawing, const char *text)
{
	panel_row_put_right(&drawing->screen->bottom, text);
}

static void put_number(const struct drawing *drawing, const struct panel_number *number)
{
	char text[NUMBER_TEXT];
	unsigned divisor = 1;

	for (unsigned i = 0; i < number->decimals; i++)
		divisor *= 10;
	if (number->decimals > 0)
		snprintf(text, sizeof(text), "%u.%0*u", number->number / divisor, (int)number->decimals, number->number % divisor);
	else
		snprintf(text, sizeof(text), "%u", number->number);
	put_text(drawing, text);
}

static const void *member(const struct drawing *drawing)
{
	return (const char *)drawing->view->snapshot + drawing->node->offset;
}

static void draw_reading(const struct drawing *drawing)
{
	const struct snapshot *snapshot = drawing->view->snapshot;
	struct panel_number number;
	double value;

	memcpy(&value, member(drawing), sizeof(value));
	/* Not valid: the name is the one that the full scale gives. */
	number = panel_value_reading(isnan(value) ? 0 : value, drawing->node->quantity, &snapshot->settings, &snapshot->derived);
	put_name(drawing, panel_value_prefix(number.prefix));
	if (isnan(value) || (!snapshot->live && !drawing->node->kept))
		put_text(drawing, VOID);
	else
		put_number(drawing, &number);
}

static void draw_energy(const struct drawing *drawing)
{
	struct panel_number number;
	struct energy energy;

	memcpy(&energy, member(drawing), sizeof(energy));
	number = panel_value_energy(energy.wh);
	put_name(drawing, panel_value_prefix(number.prefix));
	put_number(drawing, &number);
}

static const char *phases_title(int system_type)
{
	static const char *const titles[] = { "0PHAS", "1PHAS", "2PHAS", "3PHAS" };
	const struct system_type *type = system_type_find(system_type);
	unsigned n = 0;

	for (int phase = 0; type != NULL && phase < PHASES; phase++)
		n += type->phases >> phase & 1;
	return titles[n];
}

static void draw_name(const struct drawing *drawing)
{
	put_name(drawing, "");
}

static void draw_phases_title(const struct drawing *drawing)
{
	panel_row_put(&drawing->screen->top, 0, phases_title(drawing->view->snapshot->settings.system_type));
}

static void draw_alert_title(const struct drawing *drawing)
{
	put_name(drawing, "");
	if (drawing->view->snapshot->alerts == 0)
		put_text(drawing, "nOnE");
}

static void draw_phases_alert(const struct drawing *drawing)
{
	static const char letters[PHASES] = { 'A', 'b', 'C' };
	unsigned bits = drawing->node->bits, active = drawing->view->snapshot->alerts & bits;

	put_name(drawing, "");
	if (active == 0)
		put_text(drawing, "nOnE");
	for (unsigned bit = bits & -bits, phase = 0; phase < PHASES; phase++, bit <<= 1)
		if (active & bit)
			drawing->screen->bottom.cell[2 * phase] = letters[phase];
}

static void draw_pulse_alert(const struct drawing *drawing)
{
	unsigned alerts = drawing->view->snapshot->alerts;
	bool overrun = alerts & ALERT_PULSE_OVERRUN, config = alerts & ALERT_PULSE_CONFIG;

	put_name(drawing, "");
	if (overrun && config)
		overrun = drawing->view->now_ns / ALTERNATE_NS % 2 == 0;
	put_text(drawing, overrun ? "Error" : config ? "ConF" : "nOnE");
}

/* First cell shown of a text longer than the row: it stands, moves on to its end, stands, and begins again. */
static unsigned scrolled(unsigned cells, int64_t since_ns)
{
	unsigned hidden = cells - PANEL_CELLS;
	unsigned step = (unsigned)(since_ns / SCROLL_NS % (hidden + 1 + 2 * SCROLL_PAUSE));

	if (step <= SCROLL_PAUSE)
		return 0;
	return step - SCROLL_PAUSE < hidden ? step - SCROLL_PAUSE : hidden;
}

static void put_long_text(const struct drawing *drawing, const char *text)
{
	unsigned cells;

	if (text == NULL || *text == '\0')
		text = VOID;
	cells = panel_row_cells(text);
	if (cells <= PANEL_CELLS)
		put_text(drawing, text);
	else
		panel_row_put_part(&drawing->screen->bottom, text,
				   scrolled(cells, drawing->view->now_ns - drawing->panel->entered_ns));
}

static void draw_text(const struct drawing *drawing)
{
	const struct panel_identity *identity = &drawing->view->identity;
	char version[NUMBER_TEXT];

	put_name(drawing, "");
	snprintf(version, sizeof(version), "%u.%03u", identity->os_version / 1000, identity->os_version % 1000);
	switch (drawing->node->text) {
	case PANEL_TEXT_MODEL:
		put_long_text(drawing, identity->model);
		break;
	case PANEL_TEXT_OS:
		put_long_text(drawing, version);
		break;
	case PANEL_TEXT_RS:
		put_long_text(drawing, identity->rs_version);
		break;
	case PANEL_TEXT_SERIAL:
		put_long_text(drawing, identity->serial);
		break;
	}
}

static void draw_digits(const struct drawing *drawing)
{
	const struct panel_node *node = drawing->node;
	struct panel_row *row = &drawing->screen->bottom;

	/* Of the type without a line-to-line voltage it is line to neutral. */
	if (node->kind == PANEL_DIGITS && node->setting == SETTING_SYSTEM_VOLTAGE && drawing->view->snapshot->settings.system_type == 10)
		panel_row_put(&drawing->screen->top, 0, "V LN");
	else
		put_name(drawing, "");
	if (panel_is_locked(drawing->panel, node, drawing->view->now_ns)) {
		put_text(drawing, "LoCK");
		return;
	}
	/* A fraction has its whole part, which cannot be entered. */
	if (node->decimals > 0) {
		row->cell[PANEL_CELLS - 1 - node->decimals] = '0';
		row->point[PANEL_CELLS - 1 - node->decimals] = true;
	}
	for (unsigned i = 0; i < node->digits; i++)
		row->cell[PANEL_CELLS - 1 - i] =
			(char)('0' + panel_entry_digit(drawing->panel, node, drawing->view->snapshot, i));
	row->blink[PANEL_CELLS - 1 - drawing->panel->entry.cursor] = true;
}

static void draw_choice(const struct drawing *drawing)
{
	struct panel_row *row = &drawing->screen->bottom;
	const struct panel_node *node = drawing->node;
	int value = panel_entry_option(drawing->panel, node, drawing->view->snapshot);
	char text[NUMBER_TEXT];

	snprintf(text, sizeof(text), "%d", value);
	for (size_t i = 0; i < node->options_n; i++)
		if (node->options[i].value == value && node->options[i].text != NULL)
			snprintf(text, sizeof(text), "%s", node->options[i].text);
	put_name(drawing, "");
	put_text(drawing, text);
	for (unsigned i = 0; i < PANEL_CELLS; i++)
		row->blink[i] = row->cell[i] != ' ' || row->point[i];
}

static void draw_max_power(const struct drawing *drawing)
{
	struct panel_number number = panel_value_max_power(drawing->view->snapshot->derived.max_power_w);

	put_name(drawing, "");
	panel_row_put(&drawing->screen->top, 3, panel_value_prefix(number.prefix));
	put_number(drawing, &number);
}

static void draw_pulse_duration(const struct drawing *drawing)
{
	struct panel_number number = { .number = (uint32_t)drawing->view->snapshot->derived.pulse_duration_ms };

	put_name(drawing, "");
	put_number(drawing, &number);
}

static void draw_action(const struct drawing *drawing)
{
	put_name(drawing, "");
	put_text(drawing, "rES");
}

static void draw_node(const struct drawing *drawing)
{
	static void (*const draw[])(const struct drawing *) = {
		[PANEL_TITLE] = draw_name,
		[PANEL_PHASES_TITLE] = draw_phases_title,
		[PANEL_ALERT_TITLE] = draw_alert_title,
		[PANEL_READING] = draw_reading,
		[PANEL_ENERGY] = draw_energy,
		[PANEL_PHASES_ALERT] = draw_phases_alert,
		[PANEL_PULSE_ALERT] = draw_pulse_alert,
		[PANEL_TEXT] = draw_text,
		[PANEL_PASSWORD] = draw_digits,
		[PANEL_ACTION] = draw_action,
		[PANEL_DIGITS] = draw_digits,
		[PANEL_CHOICE] = draw_choice,
		[PANEL_SERVED_CHOICE] = draw_choice,
		[PANEL_NEW_PASSWORD] = draw_digits,
		[PANEL_MAX_POWER] = draw_max_power,
		[PANEL_PULSE_DURATION] = draw_pulse_duration,
	};

	draw[drawing->node->kind](drawing);
}

void panel_draw(const struct panel *panel, const struct panel_view *view, struct panel_screen *screen)
{
	bool notice = panel->notice.text != NULL && view->now_ns < panel->notice.until_ns;
	unsigned at = notice ? panel->notice.at : panel->at;
	const struct drawing drawing = { panel, view, panel_menu_node(at), screen };

	memset(screen, 0, sizeof(*screen));
	panel_row_clear(&screen->top);
	panel_row_clear(&screen->bottom);
	draw_node(&drawing);
	if (notice) {
		panel_row_clear(&screen->bottom);
		put_text(&drawing, panel->notice.text);
	}
	screen->wrench = view->snapshot->alerts != 0;
	screen->heart = view->snapshot->live && (view->snapshot->cycle & 1);
	memcpy(screen->led, view->led, sizeof(screen->led));
	panel_menu_place(at, screen->place, sizeof(screen->place));
}
