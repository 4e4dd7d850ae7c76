#include "panel/panel.h"

#include <string.h>

#include "panel/panel_private.h"

#define HOME 0	/* the first row of the menu */

unsigned panel_bytes(void)
{
	return sizeof(struct panel);
}

/* What was being entered is gone with the screen. */
static void show(struct panel *panel, unsigned at, int64_t now_ns)
{
	memset(&panel->entry, 0, sizeof(panel->entry));
	panel->at = at;
	panel->entered_ns = now_ns;
}

struct panel *panel_init(void *memory, int64_t now_ns)
{
	struct panel *panel = memory;

	memset(panel, 0, sizeof(*panel));
	panel->pressed_ns = now_ns;
	show(panel, HOME, now_ns);
	return panel;
}

bool panel_is_locked(const struct panel *panel, const struct panel_node *node, int64_t now_ns)
{
	return node->kind == PANEL_PASSWORD && panel->lock[node->setup].locked && now_ns < panel->lock[node->setup].until_ns;
}

static void notify(struct panel *panel, unsigned at, const char *text, int64_t now_ns)
{
	panel->notice.text = text;
	panel->notice.at = at;
	panel->notice.until_ns = now_ns + PANEL_NOTICE_NS;
}

static void end_notice(struct panel *panel, int64_t now_ns)
{
	if (panel->notice.text == NULL)
		return;
	panel->notice.text = NULL;
	panel->entered_ns = now_ns;
}

void panel_tick(struct panel *panel, const struct snapshot *snapshot, int64_t now_ns)
{
	(void)snapshot;
	if (now_ns >= panel->notice.until_ns)
		end_notice(panel, now_ns);
	if (panel->at != HOME && now_ns - panel->pressed_ns >= PANEL_TIMEOUT_NS) {
		end_notice(panel, now_ns);
		show(panel, HOME, now_ns);
	}
}

/* Behind the last screen of a menu comes its title. */
static unsigned onward(unsigned at)
{
	unsigned next = panel_menu_next(at);

	return next != at ? next : panel_menu_parent(at);
}

/* Where right leads from a screen that asks for nothing. */
static unsigned right_of(unsigned at)
{
	const struct panel_node *node = panel_menu_node(at);

	if (node->kind == PANEL_ACTION)
		return panel_menu_step(at, true);
	return panel_menu_is_title(node) ? panel_menu_child(at) : onward(at);
}

/* Left goes through readings backwards; everything else it leaves for the title above. */
static unsigned left_of(unsigned at)
{
	const struct panel_node *node = panel_menu_node(at);
	unsigned previous = panel_menu_previous(at);

	if (panel_menu_is_title(node) || node->kind >= PANEL_PASSWORD || previous == at)
		return panel_menu_parent(at);
	return previous;
}

static void press_step(struct panel *panel, const struct panel_node *node, enum panel_button button,
		       const struct snapshot *snapshot, int64_t now_ns, struct panel_request *request)
{
	if (node->kind == PANEL_ACTION) {
		request->kind = PANEL_COMMAND;
		request->code = node->code;
	} else if (node->kind != PANEL_PASSWORD && !panel_menu_is_parameter(node)) {
		show(panel, panel_menu_step(panel->at, button == PANEL_MINUS), now_ns);
	} else if (!panel_entry_press(panel, node, button, snapshot)) {
		notify(panel, panel->at, "Error", now_ns);
	}
}

void panel_press(struct panel *panel, enum panel_button button, const struct snapshot *snapshot, int64_t now_ns,
		 struct panel_request *request)
{
	const struct panel_node *node;

	memset(request, 0, sizeof(*request));
	panel_tick(panel, snapshot, now_ns);
	panel->pressed_ns = now_ns;
	if (panel->pending.kind != PANEL_NOTHING)
		return;
	end_notice(panel, now_ns);
	node = panel_menu_node(panel->at);
	if (button == PANEL_BACK) {
		show(panel, left_of(panel->at), now_ns);
		return;
	}
	if (panel_is_locked(panel, node, now_ns))
		return;
	if (button == PANEL_NEXT)
		panel_entry_request(panel, node, snapshot, request);
	else
		press_step(panel, node, button, snapshot, now_ns, request);
	panel->pending.kind = request->kind;
	panel->pending.at = panel->at;
	if (button == PANEL_NEXT && request->kind == PANEL_NOTHING)
		show(panel, right_of(panel->at), now_ns);
}

/* A right password clears the count, enough wrong ones lock the entry. */
static void count_password(struct panel *panel, bool setup, enum panel_outcome outcome, int64_t now_ns)
{
	if (outcome == PANEL_FAILED)
		return;
	panel->lock[setup].locked = false;
	if (outcome == PANEL_ACCEPTED)
		panel->lock[setup].wrong = 0;
	else if (++panel->lock[setup].wrong == PANEL_PASSWORD_TRIES) {
		panel->lock[setup].wrong = 0;
		panel->lock[setup].locked = true;
		panel->lock[setup].until_ns = now_ns + PANEL_LOCK_NS;
	}
}

/* What stands in the bottom row when it was accepted; NULL: nothing, the next screen tells. */
static const char *praise(enum panel_request_kind kind)
{
	if (kind == PANEL_CHECK_PASSWORD)
		return NULL;
	return kind == PANEL_COMMAND ? "donE" : "SAvEd";
}

void panel_answer(struct panel *panel, enum panel_outcome outcome, const struct snapshot *snapshot, int64_t now_ns)
{
	enum panel_request_kind kind = panel->pending.kind;
	unsigned at = panel->pending.at;

	if (kind == PANEL_NOTHING)
		return;
	panel->pending.kind = PANEL_NOTHING;
	if (kind == PANEL_CHECK_PASSWORD)
		count_password(panel, panel_menu_node(at)->setup, outcome, now_ns);
	panel_tick(panel, snapshot, now_ns);
	/* The panel went home in the meantime: a late answer opens nothing. */
	if (panel->at != at)
		return;
	if (outcome != PANEL_ACCEPTED) {
		show(panel, at, now_ns);
		notify(panel, at, "Error", now_ns);
		return;
	}
	if (kind != PANEL_COMMAND)
		show(panel, onward(at), now_ns);
	if (praise(kind) != NULL)
		notify(panel, at, praise(kind), now_ns);
}
