#include "store/precedence.h"

#include <stdio.h>
#include <string.h>

/* In table order: a setting_set() would refuse what only a later setting makes consistent. */
static void put(struct settings *settings, enum setting which, int value)
{
	const struct nv_field *field = nv_find(setting_name(which));
	struct nv nv;
	char text[16];

	nv.meter.settings = *settings;
	snprintf(text, sizeof(text), "%d", value);
	nv_set_text(&nv, field, text);
	*settings = nv.meter.settings;
}

void precedence_decide(const struct settings *file, const struct nv *stored, struct precedence *precedence)
{
	memset(precedence, 0, sizeof(*precedence));
	precedence->settings = *file;
	for (int i = 0; stored && i < SETTINGS_N; i++) {
		struct precedence_decision decision = {
			.setting = (enum setting)i,
			.file = setting_get(file, (enum setting)i),
			.stored = setting_get(&stored->meter.settings, (enum setting)i),
			.last_file = setting_get(&stored->file_settings, (enum setting)i),
		};

		decision.file_taken = decision.file != decision.last_file;
		if (decision.file == decision.stored)
			continue;
		if (!decision.file_taken)
			put(&precedence->settings, decision.setting, decision.stored);
		precedence->decision[precedence->n++] = decision;
	}
	precedence->consistent = !settings_check(&precedence->settings, &precedence->inconsistent);
}

void precedence_get_text(const struct precedence_decision *decision, const struct precedence_values *values, char *text, size_t size)
{
	const char *name = setting_name(decision->setting);

	if (decision->file_taken)
		snprintf(text, size, "%s: %s is taken from the configuration file, which said %s at the last start; %s was stored", name,
			 values->file, values->last_file, values->stored);
	else
		snprintf(text, size, "%s: the stored %s is taken, changed since the last change of the configuration file, which says %s",
			 name, values->stored, values->file);
}

void precedence_get_warning(const struct precedence *precedence, char *text, size_t size)
{
	const struct settings *settings = &precedence->settings;
	struct derived derived;

	settings_derive(settings, &derived);
	if (precedence->inconsistent == SETTING_SYSTEM_VOLTAGE)
		snprintf(text, size, "those of the configuration file and the stored ones do not fit together: system_voltage %d V "
			 "with pt_ratio %.2f is %.1f V at the meter's input, must be 82 to 660 V; they are used as they are",
			 settings->system_voltage, settings->pt_ratio / 100.0,
			 settings->system_voltage * 100.0 / settings->pt_ratio);
	else
		snprintf(text, size, "those of the configuration file and the stored ones do not fit together: no pulse duration keeps "
			 "up with pulse_energy %d Wh at %.6g kW; they are used as they are", settings->pulse_energy,
			 derived.max_power_w / 1000);
}

bool precedence_decide_password(const char *file, const char *last_file, const char *stored)
{
	return !*stored || !*last_file || strcmp(file, last_file) != 0;
}
