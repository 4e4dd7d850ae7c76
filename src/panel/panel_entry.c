#include <string.h>

#include "panel/panel_private.h"

int panel_entry_value(const struct panel_node *node, const struct snapshot *snapshot)
{
	return node->kind == PANEL_PASSWORD || node->kind == PANEL_NEW_PASSWORD ? 0 : setting_get(&snapshot->settings, node->setting);
}

unsigned panel_entry_digit(const struct panel *panel, const struct panel_node *node, const struct snapshot *snapshot, unsigned i)
{
	int value;

	if (panel->entry.touched)
		return panel->entry.digit[i];
	value = panel_entry_value(node, snapshot);
	while (i-- > 0)
		value /= 10;
	return (unsigned)(value % 10);
}

int panel_entry_option(const struct panel *panel, const struct panel_node *node, const struct snapshot *snapshot)
{
	return panel->entry.touched ? panel->entry.option : panel_entry_value(node, snapshot);
}

static void press_digits(struct panel *panel, const struct panel_node *node, enum panel_button button,
			 const struct snapshot *snapshot)
{
	struct panel_entry *entry = &panel->entry;

	if (button == PANEL_MINUS) {
		entry->cursor = (entry->cursor + 1) % node->digits;
		return;
	}
	for (unsigned i = 0; i < node->digits; i++)
		entry->digit[i] = (unsigned char)panel_entry_digit(panel, node, snapshot, i);
	entry->digit[entry->cursor] = (unsigned char)((entry->digit[entry->cursor] + 1) % 10);
	entry->touched = true;
}

static size_t option_index(const struct panel_node *node, int value)
{
	size_t i = 0;

	while (i + 1 < node->options_n && node->options[i].value != value)
		i++;
	return i;
}

static void take_option(struct panel_entry *entry, int value)
{
	entry->option = value;
	entry->touched = true;
}

static void press_choice(struct panel *panel, const struct panel_node *node, enum panel_button button,
			 const struct snapshot *snapshot)
{
	size_t i = option_index(node, panel_entry_option(panel, node, snapshot));

	i = (i + (button == PANEL_MINUS ? 1 : node->options_n - 1)) % node->options_n;
	take_option(&panel->entry, node->options[i].value);
}

static bool served(const struct panel_node *node, const struct snapshot *snapshot, int value)
{
	struct settings copy = snapshot->settings;

	return setting_set(&copy, node->setting, value) == 0;
}

/* Guide, pulse energy: down by one or not at all, up to the first that is served.  Not round: the ends are no neighbours. */
static bool press_served_choice(struct panel *panel, const struct panel_node *node, enum panel_button button,
				const struct snapshot *snapshot)
{
	size_t i = option_index(node, panel_entry_option(panel, node, snapshot));

	if (i == (button == PANEL_MINUS ? node->options_n - 1 : 0))
		return true;
	if (button == PANEL_MINUS)
		i++;
	else
		while (i-- > 1 && !served(node, snapshot, node->options[i].value))
			;
	if (!served(node, snapshot, node->options[i].value))
		return false;
	take_option(&panel->entry, node->options[i].value);
	return true;
}

bool panel_entry_press(struct panel *panel, const struct panel_node *node, enum panel_button button,
		       const struct snapshot *snapshot)
{
	switch (node->kind) {
	case PANEL_DIGITS:
	case PANEL_PASSWORD:
	case PANEL_NEW_PASSWORD:
		press_digits(panel, node, button, snapshot);
		break;
	case PANEL_CHOICE:
		press_choice(panel, node, button, snapshot);
		break;
	case PANEL_SERVED_CHOICE:
		return press_served_choice(panel, node, button, snapshot);
	default:
		break;
	}
	return true;
}

static void request_password(struct panel *panel, const struct panel_node *node, enum panel_request_kind kind,
			     struct panel_request *request)
{
	request->kind = kind;
	request->setup = node->setup;
	for (unsigned i = 0; i < PANEL_CELLS; i++)
		request->password[i] = (char)('0' + panel->entry.digit[PANEL_CELLS - 1 - i]);
	request->password[PANEL_CELLS] = '\0';
	memset(&panel->entry, 0, sizeof(panel->entry));
}

static int entered(const struct panel *panel, const struct panel_node *node, const struct snapshot *snapshot)
{
	int value = 0;

	if (node->kind != PANEL_DIGITS)
		return panel_entry_option(panel, node, snapshot);
	for (unsigned i = node->digits; i-- > 0;)
		value = 10 * value + (int)panel_entry_digit(panel, node, snapshot, i);
	return value;
}

void panel_entry_request(struct panel *panel, const struct panel_node *node, const struct snapshot *snapshot,
			 struct panel_request *request)
{
	switch (node->kind) {
	case PANEL_PASSWORD:
		request_password(panel, node, PANEL_CHECK_PASSWORD, request);
		break;
	case PANEL_NEW_PASSWORD:
		/* There is no old one to compare with: any digit touched is a change. */
		if (panel->entry.touched)
			request_password(panel, node, PANEL_SET_PASSWORD, request);
		break;
	case PANEL_DIGITS:
	case PANEL_CHOICE:
	case PANEL_SERVED_CHOICE:
		request->value = entered(panel, node, snapshot);
		request->setting = node->setting;
		if (request->value != panel_entry_value(node, snapshot))
			request->kind = PANEL_SET;
		break;
	default:
		break;
	}
}
