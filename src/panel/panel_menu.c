#include "panel/panel_menu.h"

#include <stdio.h>

#include "metering/alerts.h"
#include "metering/snapshot.h"

#define AT(member) .offset = offsetof(struct snapshot, member)
#define OPTIONS(list) .options = (list), .options_n = sizeof(list) / sizeof((list)[0])

/* Rings of siblings; what is not said is ring 0. */
enum { RING_DOOR = 1, RING_TOTALS, RING_PAIRS = RING_TOTALS + 6, RING_HERTZ };

/* Commands of register 129. */
enum { COMMAND_CLEAR_ENERGY = 30078, COMMAND_RESET_DEMAND = 21212, COMMAND_CLEAR_COUNTERS = 16498 };

static const struct panel_option bauds[] = {
	{ 38400, NULL }, { 19200, NULL }, { 9600, NULL }, { 4800, NULL }, { 2400, NULL }, { 1200, NULL }
};
static const struct panel_option parities[] = { { PARITY_NONE, "nOnE" }, { PARITY_EVEN, "EvEn" }, { PARITY_ODD, "Odd" } };
static const struct panel_option ct_volts[] = { { 1, "1.0" }, { 3, ".33" } };
static const struct panel_option system_types[] = {
	{ 40, "3L-1n" }, { 31, "3L" }, { 12, "2L-1n" }, { 11, "2L" }, { 10, "1L-1n" }
};
static const struct panel_option pulse_energies[] = { { 10000, NULL }, { 1000, NULL }, { 100, NULL }, { 10, NULL } };
static const struct panel_option subintervals[] = { { 6, NULL }, { 5, NULL }, { 4, NULL }, { 3, NULL }, { 2, NULL }, { 1, NULL } };
static const struct panel_option units[] = { { 1, "IEEE" }, { 0, "IEC" } };

#define TITLE(name_) { .kind = PANEL_TITLE, .place = (name_), .name = (name_) }

#define ENERGY(name_, iec_, member) \
	{ .level = 1, .kind = PANEL_ENERGY, .place = "K" name_, .name = (name_), .iec = (iec_), AT(energies.member), .kept = true }

#define DEMAND(name_, iec_, which) \
	{ .level = 1, .kind = PANEL_READING, .quantity = PANEL_POWER, .place = name_, .name = (name_), .iec = (iec_), \
	  .suffix = "D", AT(demand.present[which]) }, \
	{ .level = 1, .kind = PANEL_READING, .quantity = PANEL_POWER, .place = name_ " MAX", .name = (name_), .iec = (iec_), \
	  .suffix = "M", .iec_suffix = "MAX", AT(demand.max[which]), .kept = true }

#define READING(ring_, place_, name_, iec_, quantity_, member) \
	{ .level = 1, .ring = (ring_), .kind = PANEL_READING, .place = (place_), .name = (name_), .iec = (iec_), \
	  .quantity = (quantity_), AT(readings.member) }

#define OF_PHASE(ring_, phase, name_, iec_, quantity_, member) \
	{ .level = 1, .ring = (ring_), .kind = PANEL_READING, .place = phase "/" name_, .name = (name_), .iec = (iec_), \
	  .suffix = (phase), .quantity = (quantity_), AT(readings.member) }

#define PHASE(phase, i) \
	OF_PHASE(RING_TOTALS + 0, phase, "W", "P", PANEL_POWER, p_phase_w[i]), \
	OF_PHASE(RING_TOTALS + 1, phase, "VAR", "Q", PANEL_POWER, q_phase_var[i]), \
	OF_PHASE(RING_TOTALS + 2, phase, "VA", "S", PANEL_POWER, s_phase_va[i]), \
	OF_PHASE(RING_TOTALS + 3, phase, "PF", "PF", PANEL_POWER_FACTOR, pf_phase[i]), \
	OF_PHASE(RING_TOTALS + 4, phase, "A", "A", PANEL_AMPS, i_a[i]), \
	OF_PHASE(RING_TOTALS + 5, phase, "VLN", "V", PANEL_VOLTS, v_ln_v[i])

#define ALERT(name_, bits_) \
	{ .level = 1, .kind = PANEL_PHASES_ALERT, .place = (name_), .name = (name_), .bits = (bits_) }

#define TEXT(name_, text_) { .level = 1, .kind = PANEL_TEXT, .place = (name_), .name = (name_), .text = (text_) }

#define DOOR(setup_) \
	{ .level = 1, .ring = RING_DOOR, .kind = PANEL_PASSWORD, .place = "PASWD", .name = "PASWD", .setup = (setup_), .digits = 5 }

#define ACTION(name_, code_) { .level = 1, .kind = PANEL_ACTION, .place = (name_), .name = (name_), .code = (code_) }

#define SUBMENU(place_, name_) { .level = 1, .kind = PANEL_TITLE, .place = (place_), .name = (name_) }

#define PARAMETER(kind_, name_) .level = 2, .kind = (kind_), .place = (name_), .name = (name_)

static const struct panel_node nodes[] = {
	TITLE("ENRGY"),
	ENERGY("Wh", "Ph", kwh),
	ENERGY("VARh", "Qh", kvarh),
	ENERGY("VAh", "Sh", kvah),

	TITLE("DEMND"),
	DEMAND("W", "P", DEMAND_P),
	DEMAND("VAR", "Q", DEMAND_Q),
	DEMAND("VA", "S", DEMAND_S),

	{ .kind = PANEL_PHASES_TITLE, .place = "PHASE", .name = "PHASE" },
	READING(RING_TOTALS + 0, "T/W", "W", "P", PANEL_POWER, p_w),
	READING(RING_TOTALS + 1, "T/VAR", "VAR", "Q", PANEL_POWER, q_var),
	READING(RING_TOTALS + 2, "T/VA", "VA", "S", PANEL_POWER, s_va),
	READING(RING_TOTALS + 3, "T/PF", "PF", "PF", PANEL_POWER_FACTOR, pf),
	READING(RING_TOTALS + 4, "T/A", "A", "A", PANEL_AMPS, i_avg_a),
	READING(RING_TOTALS + 5, "T/VLN", "VLN", "V", PANEL_VOLTS, v_ln_avg_v),
	PHASE("A", PHASE_A),
	PHASE("B", PHASE_B),
	PHASE("C", PHASE_C),
	READING(RING_PAIRS, "VLL", "VLL", "U", PANEL_VOLTS, v_ll_avg_v),
	READING(RING_PAIRS, "VAB", "VAB", "UAB", PANEL_VOLTS, v_ll_v[PAIR_AB]),
	READING(RING_PAIRS, "VBC", "VBC", "UBC", PANEL_VOLTS, v_ll_v[PAIR_BC]),
	READING(RING_PAIRS, "VAC", "VAC", "UAC", PANEL_VOLTS, v_ll_v[PAIR_AC]),
	READING(RING_HERTZ, "HZ", "HZ", "HZ", PANEL_HERTZ, hz),

	{ .kind = PANEL_ALERT_TITLE, .place = "ALERT", .name = "ALERT" },
	ALERT("PLOSS", ALERTS_PHASE_LOSS),
	ALERT("LOWPF", ALERT_LOW_PF(PHASE_A) | ALERT_LOW_PF(PHASE_B) | ALERT_LOW_PF(PHASE_C)),
	ALERT("F ERR", ALERT_FREQUENCY),
	ALERT("I OVR", ALERT_CURRENT(PHASE_A) | ALERT_CURRENT(PHASE_B) | ALERT_CURRENT(PHASE_C)),
	ALERT("V OVR", ALERT_VOLTAGE(PHASE_A) | ALERT_VOLTAGE(PHASE_B) | ALERT_VOLTAGE(PHASE_C)),
	{ .level = 1, .kind = PANEL_PULSE_ALERT, .place = "PULSE", .name = "PULSE" },

	TITLE("INFO"),
	TEXT("MODEL", PANEL_TEXT_MODEL),
	TEXT("OS", PANEL_TEXT_OS),
	TEXT("RS", PANEL_TEXT_RS),
	TEXT("SN", PANEL_TEXT_SERIAL),

	TITLE("RESET"),
	DOOR(false),
	ACTION("ENERG", COMMAND_CLEAR_ENERGY),
	ACTION("DEMND", COMMAND_RESET_DEMAND),
	ACTION("COUNT", COMMAND_CLEAR_COUNTERS),

	TITLE("SETUP"),
	DOOR(true),
	SUBMENU("S COM", "S COM"),
	{ PARAMETER(PANEL_DIGITS, "ADDR"), .setting = SETTING_ADDRESS, .digits = 3 },
	{ PARAMETER(PANEL_CHOICE, "BAUD"), .setting = SETTING_BAUD, OPTIONS(bauds) },
	{ PARAMETER(PANEL_CHOICE, "PAR"), .setting = SETTING_PARITY, OPTIONS(parities) },
	SUBMENU("S CT", "S  CT"),
	{ PARAMETER(PANEL_CHOICE, "CT V"), .setting = SETTING_CT_SECONDARY, OPTIONS(ct_volts) },
	{ PARAMETER(PANEL_DIGITS, "CT SZ"), .setting = SETTING_CT_PRIMARY, .digits = 5 },
	SUBMENU("S SYS", "S SYS"),
	{ PARAMETER(PANEL_CHOICE, "SYSTM"), .setting = SETTING_SYSTEM_TYPE, OPTIONS(system_types) },
	SUBMENU("S PT", "S  PT"),
	{ PARAMETER(PANEL_DIGITS, "RATIO"), .setting = SETTING_PT_RATIO, .digits = 5, .decimals = 2 },
	SUBMENU("S V", "S   V"),
	/* Shown as V LN where the type has no line-to-line voltage. */
	{ PARAMETER(PANEL_DIGITS, "V LL"), .setting = SETTING_SYSTEM_VOLTAGE, .digits = 5 },
	SUBMENU("S PWR", "S PWR"),
	{ PARAMETER(PANEL_MAX_POWER, "MX KW") },
	SUBMENU("SPLOS", "SPLOS"),
	{ PARAMETER(PANEL_DIGITS, "VOLTS"), .setting = SETTING_PHASE_LOSS_VOLTAGE, .digits = 2, .decimals = 2 },
	{ PARAMETER(PANEL_DIGITS, "IMBAL"), .setting = SETTING_PHASE_LOSS_IMBALANCE, .digits = 2, .decimals = 2 },
	SUBMENU("SPULS", "SPULS"),
	{ PARAMETER(PANEL_SERVED_CHOICE, "Wh/P"), .setting = SETTING_PULSE_ENERGY, OPTIONS(pulse_energies) },
	{ PARAMETER(PANEL_PULSE_DURATION, "mS/P") },
	SUBMENU("SDMND", "SDMND"),
	{ PARAMETER(PANEL_CHOICE, "INTRV"), .setting = SETTING_DEMAND_SUBINTERVALS, OPTIONS(subintervals) },
	{ PARAMETER(PANEL_DIGITS, "SEC"), .setting = SETTING_DEMAND_SUBINTERVAL_S, .digits = 5 },
	SUBMENU("S DIS", "S DIS"),
	{ PARAMETER(PANEL_CHOICE, "UNITS"), .setting = SETTING_DISPLAY_UNITS, OPTIONS(units) },
	SUBMENU("SPASS", "SPASS"),
	{ PARAMETER(PANEL_NEW_PASSWORD, "SETUP"), .setup = true, .digits = 5 },
	{ PARAMETER(PANEL_NEW_PASSWORD, "RESET"), .setup = false, .digits = 5 },
};

#define NODES (sizeof(nodes) / sizeof(nodes[0]))

const struct panel_node *panel_menu_node(unsigned at)
{
	return &nodes[at];
}

unsigned panel_menu_nodes(void)
{
	return NODES;
}

bool panel_menu_is_title(const struct panel_node *node)
{
	return node->kind <= PANEL_ALERT_TITLE;
}

bool panel_menu_is_parameter(const struct panel_node *node)
{
	return node->kind >= PANEL_DIGITS;
}

unsigned panel_menu_parent(unsigned at)
{
	unsigned parent = at;

	while (parent > 0 && nodes[parent].level >= nodes[at].level)
		parent--;
	return nodes[parent].level < nodes[at].level ? parent : at;
}

unsigned panel_menu_child(unsigned at)
{
	return at + 1 < NODES && nodes[at + 1].level > nodes[at].level ? at + 1 : at;
}

unsigned panel_menu_next(unsigned at)
{
	unsigned next = at + 1;

	while (next < NODES && nodes[next].level > nodes[at].level)
		next++;
	return next < NODES && nodes[next].level == nodes[at].level ? next : at;
}

unsigned panel_menu_previous(unsigned at)
{
	unsigned previous = at;

	while (previous > 0 && nodes[previous - 1].level > nodes[at].level)
		previous--;
	return previous > 0 && nodes[previous - 1].level == nodes[at].level ? previous - 1 : at;
}

/* The neighbour in the circle of all siblings. */
static unsigned around(unsigned at, bool forward)
{
	unsigned neighbour = forward ? panel_menu_next(at) : panel_menu_previous(at), end;

	if (neighbour != at)
		return neighbour;
	while (end = neighbour, neighbour = forward ? panel_menu_previous(end) : panel_menu_next(end), neighbour != end)
		;
	return end;
}

unsigned panel_menu_step(unsigned at, bool forward)
{
	unsigned to = at;

	do
		to = around(to, forward);
	while (nodes[to].ring != nodes[at].ring);
	return to;
}

void panel_menu_place(unsigned at, char *place, size_t size)
{
	unsigned parent = panel_menu_parent(at), grandparent = panel_menu_parent(parent);

	if (parent == at)
		snprintf(place, size, "%s", nodes[at].place);
	else if (grandparent == parent)
		snprintf(place, size, "%s/%s", nodes[parent].place, nodes[at].place);
	else
		snprintf(place, size, "%s/%s/%s", nodes[grandparent].place, nodes[parent].place, nodes[at].place);
}
