#include "client/wiring_text.h"

#include <stdio.h>
#include <string.h>

/* "A", "A and B", "A, B and C" of the voltages or else the currents among the inputs. */
static void name_inputs(unsigned inputs, char names[16])
{
	unsigned phases = inputs & 7 ? inputs & 7 : inputs >> ADC_IA & 7;
	size_t used = 0;

	names[0] = '\0';
	for (int k = 0; k < PHASES; k++) {
		bool more = phases >> k > 1;

		if (!(phases >> k & 1))
			continue;
		if (used)
			used += (size_t)snprintf(names + used, 16 - used, more ? ", " : " and ");
		used += (size_t)snprintf(names + used, 16 - used, "%c", 'A' + k);
	}
}

static bool many(unsigned inputs)
{
	return __builtin_popcount(inputs & 7 ? inputs & 7 : inputs >> ADC_IA & 7) > 1;
}

void wiring_text_finding(const struct wiring_finding *finding, char text[WIRING_SENTENCE])
{
	static const char *const forms[WIRING_KINDS][2] = {	/* of one input, of many */
		[WIRING_V_DEAD] = { "Voltage %s is dead.", "Voltages %s are dead." },
		[WIRING_V_LOW] = { "Voltage %s is far below the others.", "Voltages %s are far below the other." },
		[WIRING_V_SWAPPED] = { "", "Voltages %s are swapped." },
		[WIRING_V_TURNED] = { "Voltage %s and neutral are exchanged.", "" },
		[WIRING_NEUTRAL_MISSING] = { "The neutral is missing: the star point is displaced.", "" },
		[WIRING_NEUTRAL_SWAPPED] = { "Voltage %s and neutral are exchanged.", "" },
		[WIRING_I_DEAD] = { "Current %s is dead.", "Currents %s are dead." },
		[WIRING_I_SWAPPED] = { "", "Currents %s are swapped." },
		[WIRING_I_ELSEWHERE] = { "Current %s is that of another phase.", "" },
		[WIRING_I_REVERSED] = { "Current %s is reversed.", "Currents %s are reversed." },
		[WIRING_EXPORT] = { "Power flows back to the supply on phase %s.", "Power flows back to the supply on phases %s." },
		[WIRING_UNLOADED] = { "Nothing that runs is connected to phase %s.", "Nothing that runs is connected to phases %s." },
		[WIRING_PHASE_OFF] = { "Phase %s of the supply is off.", "Phases %s of the supply are off." },
		[WIRING_HIGH_LEG] = { "The supply is a four-wire delta with phase %s as its high leg.", "" },
	};
	char names[16], other[16];

	name_inputs(finding->inputs, names);
	if (finding->kind == WIRING_V_SAME) {
		name_inputs(1u << finding->on, other);
		snprintf(text, WIRING_SENTENCE, "Voltage %s is connected to phase %s.", names, other);
	} else if (finding->kind == WIRING_V_MOVED || finding->kind == WIRING_I_MOVED) {
		snprintf(text, WIRING_SENTENCE, "All %s are moved on by one: input A has phase %s.",
			 finding->kind == WIRING_V_MOVED ? "voltages" : "currents", finding->forward ? "B, B has C, C has A" : "C, B has A, C has B");
	} else {
		const char *form = forms[finding->kind][many(finding->inputs)], *hole = strstr(form, "%s");

		snprintf(text, WIRING_SENTENCE, "%.*s%s%s", hole ? (int)(hole - form) : (int)strlen(form), form, hole ? names : "",
			 hole ? hole + 2 : "");
	}
}

void wiring_text_remedy(const struct wiring_finding *finding, char text[WIRING_SENTENCE])
{
	static const char *const remedies[WIRING_KINDS] = {
		[WIRING_V_DEAD] = "Look for a blown fuse, a loose lead or a phase without supply.",
		[WIRING_V_LOW] = "Look for a bad contact or a fuse that leaks; else the supply itself is low.",
		[WIRING_V_SWAPPED] = "Exchange these two voltage leads.",
		[WIRING_V_MOVED] = "Move each voltage lead to its own phase.",
		[WIRING_V_SAME] = "Put the voltage lead on its own phase.",
		[WIRING_V_TURNED] = "Exchange the voltage lead and the neutral.",
		[WIRING_NEUTRAL_MISSING] = "Connect the meter's neutral; when it is connected, have the neutral of the supply looked at at once.",
		[WIRING_NEUTRAL_SWAPPED] = "Exchange the voltage lead and the neutral.",
		[WIRING_I_DEAD] = "Look for a CT that is open, shorted or not connected.",
		[WIRING_I_SWAPPED] = "Exchange these two CTs, or their leads at the meter.",
		[WIRING_I_MOVED] = "Put each CT on its own phase, or its leads to the right input.",
		[WIRING_I_ELSEWHERE] = "Put the CT on the conductor whose voltage is measured.",
		[WIRING_I_REVERSED] = "Turn the CT around, or swap X1 and X2.",
	};

	snprintf(text, WIRING_SENTENCE, "%s", remedies[finding->kind] ? remedies[finding->kind] : "");
	if (finding->kind == WIRING_I_REVERSED && many(finding->inputs))
		snprintf(text, WIRING_SENTENCE, "Turn these CTs around, or swap X1 and X2 of each.");
}

void wiring_text_explanation(const struct wiring_explanation *explanation, char *text, size_t size)
{
	char sentence[WIRING_SENTENCE];
	size_t used = 0;

	snprintf(text, size, "All is connected as it should be.");
	for (int n = 0; n < explanation->findings && used < size; n++) {
		wiring_text_finding(&explanation->finding[n], sentence);
		used += (size_t)snprintf(text + used, size - used, "%s%s", n ? " " : "", sentence);
	}
}

const char *wiring_text_rotation(int rotation)
{
	return rotation > 0 ? "A-B-C" : rotation < 0 ? "A-C-B" : "not told";
}
