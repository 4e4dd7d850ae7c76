/* What the panel asks of the daemon, and the panel's parts: started after the meter, ended before it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/daemon_private.h"
#include "daemon/log.h"
#include "daemon/monotonic.h"
#include "daemon/password.h"

#define COMMAND_REGISTER 129
#define PATIENCE_NS INT64_C(1000000000)	/* of who ends display and buttons: they may hang */

static void copy_snapshot(void *context, struct snapshot *snapshot)
{
	struct daemon *daemon = context;

	meter_thread_get_snapshot(daemon->meter, snapshot);
}

static void copy_leds(void *context, bool led[PANEL_LEDS])
{
	static const enum panel_led shown[LEDS] = {
		[LED_ALARM] = PANEL_LED_ALARM, [LED_ENERGY] = PANEL_LED_ENERGY, [LED_TX] = PANEL_LED_TX, [LED_RX] = PANEL_LED_RX,
		[LED_ERROR] = PANEL_LED_ERROR,
	};
	struct daemon *daemon = context;
	bool lit[LEDS];

	outputs_get_lit(daemon->outputs, lit);
	for (int l = 0; l < LEDS; l++)
		led[shown[l]] = lit[l];
}

/* The log tells who changed what a bill depends on. */
static int set(void *context, enum setting which, int value)
{
	struct daemon *daemon = context;
	struct meter_request request = { .kind = METER_SET, .setting = which, .value = value, .panel = true };
	struct snapshot before;
	char old[32], now[32];
	int ret;

	meter_thread_get_snapshot(daemon->meter, &before);
	ret = meter_thread_request(daemon->meter, &request);
	config_setting_text(which, setting_get(&before.settings, which), old, sizeof(old));
	config_setting_text(which, value, now, sizeof(now));
	if (!ret)
		log_notice("panel: %s changed from %s to %s", setting_name(which), old, now);
	else if (ret < 0)
		log_warning("panel: %s: %s to %s: %s", setting_name(which), old, now, strerror(-ret));
	return ret;
}

static int command(void *context, unsigned code)
{
	struct daemon *daemon = context;
	struct meter_request request = {
		.kind = METER_WRITE_REGISTERS, .first = COMMAND_REGISTER, .count = 1, .values = { (uint16_t)code }, .panel = true,
	};
	int ret = meter_thread_request(daemon->meter, &request);

	if (!ret)
		log_notice("panel: command %u in register %d", code, COMMAND_REGISTER);
	return ret;
}

static int check_password(void *context, bool setup, const char *password)
{
	struct daemon *daemon = context;
	struct nv nv;
	int ret;

	meter_thread_get_nv(daemon->meter, &nv);
	ret = password_verify(password, setup ? nv.setup_password : nv.reset_password);
	if (ret && ret != -EACCES)
		log_warning("panel: the %s password cannot be checked: %s", setup ? "setup" : "reset", strerror(-ret));
	explicit_bzero(&nv, sizeof(nv));
	return ret;
}

static int set_password(void *context, bool setup, const char *password)
{
	struct daemon *daemon = context;
	struct meter_request request = { .kind = METER_SET_PASSWORD, .setup = setup, .panel = true };
	int ret = password_hash(password, NULL, request.hash);

	if (!ret)
		ret = meter_thread_request(daemon->meter, &request);
	explicit_bzero(&request, sizeof(request));
	if (ret)
		log_warning("panel: the %s password stays as it was: %s", setup ? "setup" : "reset", ret < 0 ? strerror(-ret) : "refused");
	else
		log_notice("panel: the %s password was changed", setup ? "setup" : "reset");
	return ret;
}

static const struct panel_host_ops ops = { copy_snapshot, copy_leds, set, command, check_password, set_password };

static void get_screen(void *context, struct panel_screen *screen)
{
	struct daemon *daemon = context;

	panel_host_get_screen(daemon->panel, screen);
}

/* Who presses faster than the panel works presses in vain. */
static void press(void *context, enum panel_button button)
{
	struct daemon *daemon = context;

	if (panel_host_post(daemon->panel, button))
		log_debug("panel: a button was pressed in vain");
}

int daemon_panel_start(struct daemon *daemon)
{
	const struct config *config = &daemon->config;
	struct panel_identity identity = {
		.model = config->identity.model, .serial = config->identity.serial, .rs_version = config->identity.rs_version,
		.os_version = config->identity.os_version,
	};
	int ret = panel_host_start(&daemon->panel, &identity, &ops, daemon);

	if (!ret)
		ret = display_start(&daemon->display, &config->display, get_screen, daemon);
	if (!ret)
		ret = buttons_start(&daemon->buttons, &config->buttons, &buttons_paths, press, daemon);
	return ret;
}

void daemon_panel_get_status(struct daemon *daemon, struct control_panel *status)
{
	struct panel_screen screen;

	panel_host_get_screen(daemon->panel, &screen);
	memcpy(status->place, screen.place, sizeof(status->place));
	display_get_status(daemon->display, &status->display);
	buttons_get_status(daemon->buttons, &status->buttons, &status->presses);
}

/* A device that hangs keeps its thread and what that uses; told to end, it does not ask for the panel any more. */
void daemon_panel_stop(struct daemon *daemon)
{
	int64_t until_ns = monotonic_ns() + PATIENCE_NS;

	if (daemon->display)
		display_ask_stop(daemon->display);
	if (daemon->buttons)
		buttons_ask_stop(daemon->buttons);
	if (daemon->buttons)
		buttons_stop(daemon->buttons, until_ns);
	if (daemon->display)
		display_stop(daemon->display, until_ns);
	panel_host_stop(daemon->panel);
}
