#include "legal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* What the bottom row may hold: n number, v void, e entry of digits, c choice, a phases with an alert, t any text; else the texts. */
struct legal_place {
	const char *place;
	const char *tops;	/* separated by | */
	const char *bottoms;
};

static const struct legal_place places[] = {
	{ "ENRGY", "ENRGY", "     " },
	{ "ENRGY/KWh", "KWh|MWh|GWh|TWh|PWh|KPh|MPh|GPh|TPh|PPh", "n" },
	{ "ENRGY/KVARh", "KVARh|MVARh|GVARh|TVARh|PVARh|KQh|MQh|GQh|TQh|PQh", "n" },
	{ "ENRGY/KVAh", "KVAh|MVAh|GVAh|TVAh|PVAh|KSh|MSh|GSh|TSh|PSh", "n" },
	{ "DEMND", "DEMND", "     " },
	{ "DEMND/W", "W   D|KW  D|MW  D|P   D|KP  D|MP  D", "nv" },
	{ "DEMND/W MAX", "W   M|KW  M|MW  M|P MAX|KPMAX|MPMAX", "n" },
	{ "DEMND/VAR", "VAR D|KVARD|MVARD|Q   D|KQ  D|MQ  D", "nv" },
	{ "DEMND/VAR MAX", "VAR M|KVARM|MVARM|Q MAX|KQMAX|MQMAX", "n" },
	{ "DEMND/VA", "VA  D|KVA D|MVA D|S   D|KS  D|MS  D", "nv" },
	{ "DEMND/VA MAX", "VA  M|KVA M|MVA M|S MAX|KSMAX|MSMAX", "n" },
	{ "PHASE", "1PHAS|2PHAS|3PHAS", "     " },
	{ "PHASE/T/W", "W|KW|MW|P|KP|MP", "nv" },
	{ "PHASE/T/VAR", "VAR|KVAR|MVAR|Q|KQ|MQ", "nv" },
	{ "PHASE/T/VA", "VA|KVA|MVA|S|KS|MS", "nv" },
	{ "PHASE/T/PF", "PF", "nv" },
	{ "PHASE/T/A", "A|KA", "nv" },
	{ "PHASE/T/VLN", "VLN|KVLN|V|KV", "nv" },
#define PHASE_PLACES(p) \
	{ "PHASE/" p "/W", "W   " p "|KW  " p "|MW  " p "|P   " p "|KP  " p "|MP  " p, "nv" }, \
	{ "PHASE/" p "/VAR", "VAR " p "|KVAR" p "|MVAR" p "|Q   " p "|KQ  " p "|MQ  " p, "nv" }, \
	{ "PHASE/" p "/VA", "VA  " p "|KVA " p "|MVA " p "|S   " p "|KS  " p "|MS  " p, "nv" }, \
	{ "PHASE/" p "/PF", "PF  " p, "nv" }, \
	{ "PHASE/" p "/A", "A   " p "|KA  " p, "nv" }, \
	{ "PHASE/" p "/VLN", "VLN " p "|KVLN" p "|V   " p "|KV  " p, "nv" }
	PHASE_PLACES("A"),
	PHASE_PLACES("B"),
	PHASE_PLACES("C"),
	{ "PHASE/VLL", "VLL|KVLL|U|KU", "nv" },
	{ "PHASE/VAB", "VAB|KVAB|UAB|KUAB", "nv" },
	{ "PHASE/VBC", "VBC|KVBC|UBC|KUBC", "nv" },
	{ "PHASE/VAC", "VAC|KVAC|UAC|KUAC", "nv" },
	{ "PHASE/HZ", "HZ", "nv" },
	{ "ALERT", "ALERT", "     | nOnE" },
	{ "ALERT/PLOSS", "PLOSS", "a" },
	{ "ALERT/LOWPF", "LOWPF", "a" },
	{ "ALERT/F ERR", "F ERR", "A    | nOnE" },
	{ "ALERT/I OVR", "I OVR", "a" },
	{ "ALERT/V OVR", "V OVR", "a" },
	{ "ALERT/PULSE", "PULSE", "Error| ConF| nOnE" },
	{ "INFO", "INFO", "     " },
	{ "INFO/MODEL", "MODEL", "t" },
	{ "INFO/OS", "OS", "n" },
	{ "INFO/RS", "RS", "t" },
	{ "INFO/SN", "SN", "t" },
	{ "RESET", "RESET", "     " },
	{ "RESET/PASWD", "PASWD", "e5|Error| LoCK" },
	{ "RESET/ENERG", "ENERG", "  rES| donE|Error" },
	{ "RESET/DEMND", "DEMND", "  rES| donE|Error" },
	{ "RESET/COUNT", "COUNT", "  rES| donE|Error" },
	{ "SETUP", "SETUP", "     " },
	{ "SETUP/PASWD", "PASWD", "e5|Error| LoCK" },
	{ "SETUP/S COM", "S COM", "     " },
	{ "SETUP/S COM/ADDR", "ADDR", "e3|SAvEd|Error" },
	{ "SETUP/S COM/BAUD", "BAUD", "c38400|c19200|c 9600|c 4800|c 2400|c 1200|SAvEd|Error" },
	{ "SETUP/S COM/PAR", "PAR", "c nOnE|c EvEn|c  Odd|SAvEd|Error" },
	{ "SETUP/S CT", "S  CT", "     " },
	{ "SETUP/S CT/CT V", "CT V", "c   1.0|c   .33|SAvEd|Error" },
	{ "SETUP/S CT/CT SZ", "CT SZ", "e5|SAvEd|Error" },
	{ "SETUP/S SYS", "S SYS", "     " },
	{ "SETUP/S SYS/SYSTM", "SYSTM", "c3L-1n|c   3L|c2L-1n|c   2L|c1L-1n|SAvEd|Error" },
	{ "SETUP/S PT", "S  PT", "     " },
	{ "SETUP/S PT/RATIO", "RATIO", "e5|SAvEd|Error" },
	{ "SETUP/S V", "S   V", "     " },
	{ "SETUP/S V/V LL", "V LL|V LN", "e5|SAvEd|Error" },
	{ "SETUP/S PWR", "S PWR", "     " },
	{ "SETUP/S PWR/MX KW", "MX KW|MX MW", "n" },
	{ "SETUP/SPLOS", "SPLOS", "     " },
	{ "SETUP/SPLOS/VOLTS", "VOLTS", "e2|SAvEd|Error" },
	{ "SETUP/SPLOS/IMBAL", "IMBAL", "e2|SAvEd|Error" },
	{ "SETUP/SPULS", "SPULS", "     " },
	{ "SETUP/SPULS/Wh/P", "Wh/P", "c10000|c 1000|c  100|c   10|SAvEd|Error" },
	{ "SETUP/SPULS/mS/P", "mS/P", "  500|  250|  100|   50|   25|   10" },
	{ "SETUP/SDMND", "SDMND", "     " },
	{ "SETUP/SDMND/INTRV", "INTRV", "c    6|c    5|c    4|c    3|c    2|c    1|SAvEd|Error" },
	{ "SETUP/SDMND/SEC", "SEC", "e5|SAvEd|Error" },
	{ "SETUP/S DIS", "S DIS", "     " },
	{ "SETUP/S DIS/UNITS", "UNITS", "c IEEE|c  IEC|SAvEd|Error" },
	{ "SETUP/SPASS", "SPASS", "     " },
	{ "SETUP/SPASS/SETUP", "SETUP", "e5|SAvEd|Error" },
	{ "SETUP/SPASS/RESET", "RESET", "e5|SAvEd|Error" },
};

size_t legal_places(void)
{
	return sizeof(places) / sizeof(places[0]);
}

int legal_find(const char *place)
{
	for (size_t i = 0; i < legal_places(); i++)
		if (strcmp(places[i].place, place) == 0)
			return (int)i;
	return -1;
}

static unsigned blinking(const struct panel_row *row)
{
	unsigned n = 0;

	for (int i = 0; i < PANEL_CELLS; i++)
		n += row->blink[i];
	return n;
}

static bool is_top(const char *tops, const char *text)
{
	size_t n = strlen(text);

	while (n > 0 && text[n - 1] == ' ')
		n--;
	for (;; tops++) {
		size_t length = strcspn(tops, "|");

		if (length == n && memcmp(tops, text, n) == 0)
			return true;
		tops += length;
		if (*tops == '\0')
			return false;
	}
}

/* Blanks, then digits with one point at most, which a digit precedes and follows; no blank behind. */
static bool is_number(const char *text)
{
	const char *point;
	size_t n;

	text += strspn(text, " ");
	n = strspn(text, "0123456789.");
	point = strchr(text, '.');
	return n > 0 && text[n] == '\0' && text[0] != '.' && text[n - 1] != '.' && (point == NULL || strchr(point + 1, '.') == NULL) &&
	       !(text[0] == '0' && isdigit((unsigned char)text[1]));
}

/* Digits at the right end, of which one of the last `digits` blinks. */
static bool is_entry(const struct panel_row *row, unsigned digits)
{
	unsigned first = 0;

	while (first < PANEL_CELLS && row->cell[first] == ' ' && !row->point[first])
		first++;
	for (unsigned i = 0; i < PANEL_CELLS; i++)
		if ((i >= first && !isdigit((unsigned char)row->cell[i])) || (row->blink[i] && i < PANEL_CELLS - digits))
			return false;
	return PANEL_CELLS - first >= digits && blinking(row) == 1;
}

static bool is_phases(const char *text)
{
	if (strcmp(text, " nOnE") == 0)
		return true;
	return strlen(text) == PANEL_CELLS && (text[0] == 'A' || text[0] == ' ') && text[1] == ' ' && (text[2] == 'b' || text[2] == ' ') &&
	       text[3] == ' ' && (text[4] == 'C' || text[4] == ' ') && strcmp(text, "     ") != 0;
}

/* A choice blinks where it is lit. */
static bool is_choice(const struct panel_row *row, const char *text, const char *choice, size_t n)
{
	for (int i = 0; i < PANEL_CELLS; i++)
		if (row->blink[i] != (row->cell[i] != ' ' || row->point[i]))
			return false;
	return strlen(text) == n && memcmp(text, choice, n) == 0;
}

static bool matches(const struct panel_row *row, const char *text, const char *form, size_t n)
{
	bool still = blinking(row) == 0;

	if (n == 1 && form[0] == 'n')
		return still && is_number(text);
	if (n == 2 && memcmp(form, "nv", 2) == 0)
		return still && (is_number(text) || strcmp(text, " ----") == 0);
	if (n == 1 && form[0] == 'a')
		return still && is_phases(text);
	if (n == 1 && form[0] == 't')
		return still;
	if (n == 2 && form[0] == 'e')
		return is_entry(row, (unsigned)(form[1] - '0'));
	if (form[0] == 'c')
		return is_choice(row, text, form + 1, n - 1);
	return still && strlen(text) == n && memcmp(text, form, n) == 0;
}

static bool is_bottom(const struct legal_place *place, const struct panel_row *row)
{
	char text[2 * PANEL_CELLS + 1];

	panel_row_text(row, text);
	for (const char *form = place->bottoms;; form++) {
		size_t n = strcspn(form, "|");

		if (matches(row, text, form, n))
			return true;
		form += n;
		if (*form == '\0')
			return false;
	}
}

const char *legal_fault(const struct panel_screen *screen)
{
	char top[2 * PANEL_CELLS + 1];
	int place = legal_find(screen->place);

	if (place < 0)
		return "there is no such place";
	for (int i = 0; i < PANEL_CELLS; i++)
		if (!isprint((unsigned char)screen->top.cell[i]) || !isprint((unsigned char)screen->bottom.cell[i]))
			return "a cell holds what no display shows";
	panel_row_text(&screen->top, top);
	if (!is_top(places[place].tops, top))
		return "the top row does not belong there";
	if (blinking(&screen->top) != 0)
		return "the top row blinks";
	return is_bottom(&places[place], &screen->bottom) ? NULL : "the bottom row does not belong there";
}
