#include "client/status_text.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define WIDTH 80
#define INDENT 9

/* The member at "part.key", or NULL. */
static struct json_object *find(struct json_object *status, const char *part, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(status, part, &value) || !json_object_object_get_ex(value, key, &value))
		return NULL;
	return value;
}

static const char *text(struct json_object *status, const char *part, const char *key)
{
	struct json_object *value = find(status, part, key);

	return value ? json_object_get_string(value) : "";
}

static bool truth(struct json_object *status, const char *part, const char *key)
{
	return json_object_get_boolean(find(status, part, key));
}

static double number(struct json_object *status, const char *part, const char *key)
{
	struct json_object *value = find(status, part, key);

	return value ? json_object_get_double(value) : (double)NAN;
}

static unsigned long long count(struct json_object *status, const char *part, const char *key)
{
	return json_object_get_uint64(find(status, part, key));
}

/* "12.34", or "--" */
static const char *show(double value, int decimals, char shown[32])
{
	if (isnan(value))
		snprintf(shown, 32, "--");
	else
		snprintf(shown, 32, "%.*f", decimals, value);
	return shown;
}

/* Items behind a label, broken at the right margin. */
struct paragraph {
	FILE *out;
	int column;
	bool begun;
};

static struct paragraph begin(FILE *out, const char *label)
{
	fprintf(out, "%-*s", INDENT, label);
	return (struct paragraph){ .out = out, .column = INDENT };
}

static void item(struct paragraph *paragraph, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void item(struct paragraph *paragraph, const char *format, ...)
{
	char piece[512];
	va_list arguments;
	int length;

	va_start(arguments, format);
	vsnprintf(piece, sizeof(piece), format, arguments);
	va_end(arguments);
	length = (int)strlen(piece);
	/* the comma that may follow must fit too */
	if (paragraph->begun && paragraph->column + 2 + length + 1 > WIDTH) {
		fprintf(paragraph->out, ",\n%*s", INDENT, "");
		paragraph->column = INDENT;
	} else if (paragraph->begun) {
		fputs(", ", paragraph->out);
		paragraph->column += 2;
	}
	fputs(piece, paragraph->out);
	paragraph->column += length;
	paragraph->begun = true;
}

static void end(struct paragraph *paragraph)
{
	fputc('\n', paragraph->out);
}

static const struct row {
	const char *label, *part, *key[4];	/* A, B, C, all */
	int decimals;
	const char *units;
} rows[] = {
	{ "voltage to neutral", "readings", { "v_an", "v_bn", "v_cn", "vln" }, 2, "V" },
	{ "voltage A-B B-C A-C", "readings", { "v_ab", "v_bc", "v_ac", "vll" }, 2, "V" },
	{ "current", "readings", { "amps_a", "amps_b", "amps_c", "amps" }, 3, "A" },
	{ "real power", "readings", { "kw_a", "kw_b", "kw_c", "kw" }, 3, "kW" },
	{ "reactive power", "readings", { "kvar_a", "kvar_b", "kvar_c", "kvar" }, 3, "kVAR" },
	{ "apparent power", "readings", { "kva_a", "kva_b", "kva_c", "kva" }, 3, "kVA" },
	{ "power factor", "readings", { "pf_a", "pf_b", "pf_c", "pf" }, 4, "" },
	{ "frequency", "readings", { NULL, NULL, NULL, "hz" }, 2, "Hz" },
	{ "real energy", "energy", { "kwh_a", "kwh_b", "kwh_c", "kwh" }, 3, "kWh" },
	{ "reactive energy", "energy", { NULL, NULL, NULL, "kvarh" }, 3, "kVARh" },
	{ "apparent energy", "energy", { NULL, NULL, NULL, "kvah" }, 3, "kVAh" },
};

static void print_rows(FILE *out, struct json_object *status)
{
	char shown[32];

	fprintf(out, "%-19s %12s %12s %12s %14s\n", "", "A", "B", "C", "all");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fprintf(out, "%-19s", rows[i].label);
		for (int k = 0; k < 4; k++) {
			const char *key = rows[i].key[k];

			fprintf(out, " %*s", k < 3 ? 12 : 14, key ? show(number(status, rows[i].part, key), rows[i].decimals, shown) : "");
		}
		fprintf(out, "%s%s\n", *rows[i].units ? " " : "", rows[i].units);
	}
}

static void print_demand(FILE *out, struct json_object *status)
{
	static const char *const keys[][3] = {
		{ "kw_demand", "kw_max_demand", "kW" }, { "kvar_demand", "kvar_max_demand", "kVAR" },
		{ "kva_demand", "kva_max_demand", "kVA" },
	};
	char present[32], most[32];

	for (int i = 0; i < 3; i++)
		fprintf(out, "%-19s %12s %-5s highest %s %s\n", i ? "" : "demand",
			show(number(status, "demand", keys[i][0]), 3, present), keys[i][2],
			show(number(status, "demand", keys[i][1]), 3, most), keys[i][2]);
}

static void print_head(FILE *out, struct json_object *status)
{
	double uptime_s = number(status, "meter", "uptime_s");
	long long s = isnan(uptime_s) ? 0 : (long long)uptime_s;

	fprintf(out, "%s %s: %.30s %.30s", text(status, "meter", "program"), text(status, "meter", "version"), text(status, "meter", "vendor"),
		text(status, "meter", "product"));
	if (*text(status, "meter", "serial"))
		fprintf(out, ", serial %.20s", text(status, "meter", "serial"));
	fprintf(out, "\n%s, up %lld d %02lld:%02lld:%02lld\n\n", truth(status, "meter", "live") ? "measuring" : "NOT MEASURING: no valid samples",
		s / 86400, s / 3600 % 24, s / 60 % 60, s % 60);
}

static void print_alerts(FILE *out, struct json_object *status)
{
	struct json_object *list = find(status, "alerts", "list"), *words;
	struct paragraph paragraph = begin(out, "alerts");

	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		if (json_object_object_get_ex(json_object_array_get_idx(list, i), "text", &words))
			item(&paragraph, "%s", json_object_get_string(words));
	if (!paragraph.begun)
		item(&paragraph, "none");
	end(&paragraph);
}

static void print_settings(FILE *out, struct json_object *status)
{
	struct paragraph p = begin(out, "settings");

	item(&p, "type %s", text(status, "settings", "system_type"));
	item(&p, "CT %s A", text(status, "settings", "ct_primary"));
	item(&p, "PT %s", text(status, "settings", "pt_ratio"));
	item(&p, "nominal %s V", text(status, "settings", "system_voltage"));
	item(&p, "maximum power %.4g kW", number(status, "settings", "max_power_kw"));
	item(&p, "pulse %s Wh, %s ms", text(status, "settings", "pulse_energy"), text(status, "settings", "pulse_duration_ms"));
	item(&p, "demand over %s x %s s", text(status, "settings", "demand_subintervals"), text(status, "settings", "demand_subinterval_s"));
	end(&p);
}

static void print_adc(FILE *out, struct json_object *status)
{
	struct paragraph p = begin(out, "ADC");

	item(&p, "%s", text(status, "adc", "source"));
	item(&p, "%s", truth(status, "adc", "open") ? "open" : truth(status, "adc", "ended") ? "at its end" : "NOT OPEN");
	if (!isnan(number(status, "adc", "rate_hz")))
		item(&p, "%.8g samples a second (clock %+.1f ppm)", number(status, "adc", "rate_hz"), number(status, "adc", "clock_error_ppm"));
	item(&p, "%llu lost in %llu gaps", count(status, "adc", "lost"), count(status, "adc", "gaps"));
	item(&p, "%llu windows void", count(status, "adc", "void_windows"));
	item(&p, "%.3g s bridged", number(status, "adc", "bridged_s"));
	item(&p, "%llu errors", count(status, "adc", "errors"));
	if (*text(status, "adc", "last_error"))
		item(&p, "last: %s", text(status, "adc", "last_error"));
	end(&p);
}

static void print_bus(FILE *out, struct json_object *status)
{
	double since_s = number(status, "bus", "last_request_s");
	struct paragraph p = begin(out, "bus");

	item(&p, "%s", text(status, "bus", "device"));
	item(&p, "%s", truth(status, "bus", "open") ? "open" : "NOT OPEN");
	if (*text(status, "bus", "last_error"))
		item(&p, "last: %s", text(status, "bus", "last_error"));
	item(&p, "address %s", text(status, "settings", "address"));
	item(&p, "%s baud", text(status, "settings", "baud"));
	item(&p, "parity %s", text(status, "settings", "parity"));
	item(&p, "%llu requests", count(status, "bus", "requests"));
	item(&p, "%llu replies", count(status, "bus", "replies"));
	item(&p, "%llu of them exceptions", count(status, "bus", "exceptions"));
	item(&p, "%llu broadcasts", count(status, "bus", "broadcasts"));
	item(&p, "%llu CRC errors", count(status, "bus", "crc_errors"));
	item(&p, "%llu line errors", count(status, "bus", "line_errors"));
	item(&p, "%llu frames of others", count(status, "bus", "other_frames"));
	item(&p, "%llu dropped", count(status, "bus", "dropped"));
	item(&p, "%llu times reopened", count(status, "bus", "reopens"));
	if (isnan(since_s))
		item(&p, "never asked");
	else
		item(&p, "last asked %.0f s ago", since_s);
	end(&p);
}

static void print_store(FILE *out, struct json_object *status)
{
	double age_s = number(status, "store", "last_commit_s");
	struct paragraph p = begin(out, "store");

	if (*text(status, "store", "path"))
		item(&p, "%s", text(status, "store", "path"));
	item(&p, "%s", text(status, "store", "state"));
	if (*text(status, "store", "message"))
		item(&p, "%s", text(status, "store", "message"));
	item(&p, "%llu commits", count(status, "store", "commits"));
	item(&p, "%llu failed", count(status, "store", "failures"));
	item(&p, "%.1f MB written", (double)count(status, "store", "bytes_written") / 1e6);
	if (isnan(age_s))
		item(&p, "nothing committed yet");
	else
		item(&p, "last %.0f s ago", age_s);
	if (count(status, "store", "set_aside"))
		item(&p, "%llu damaged files set aside", count(status, "store", "set_aside"));
	end(&p);
}

static void print_contact(struct paragraph *p, struct json_object *outputs, const char *name, const char *active, const char *idle)
{
	if (!truth(outputs, name, "configured")) {
		item(p, "%s none", name);
		return;
	}
	item(p, "%s %s", name, !truth(outputs, name, "working") ? "NOT WORKING" : truth(outputs, name, "active") ? active : idle);
	if (*text(outputs, name, "name"))
		item(p, "%s", text(outputs, name, "name"));
	item(p, "%llu times", count(outputs, name, "closures"));
	if (count(outputs, name, "errors"))
		item(p, "%llu errors, last: %s", count(outputs, name, "errors"), text(outputs, name, "last_error"));
}

static void print_leds(struct paragraph *p, struct json_object *outputs)
{
	struct json_object *leds;

	if (!json_object_object_get_ex(outputs, "leds", &leds))
		return;
	json_object_object_foreach(leds, name, state)
		if (state)
			item(p, "LED %s %s", name, json_object_get_string(state));
}

void status_text_print_outputs(FILE *out, struct json_object *status)
{
	struct json_object *outputs;
	struct paragraph p;

	if (!json_object_object_get_ex(status, "outputs", &outputs))
		return;
	p = begin(out, "outputs");
	print_contact(&p, outputs, "energy", "closed", "open");
	end(&p);
	p = begin(out, "");
	print_contact(&p, outputs, "alarm", "driven (no alarm)", "in alarm");
	end(&p);
	p = begin(out, "");
	print_contact(&p, outputs, "reactive", "closed", "open");
	end(&p);
	p = begin(out, "");
	item(&p, "%llu and %llu pulses", count(status, "outputs", "pulses_1"), count(status, "outputs", "pulses_2"));
	item(&p, "%llu and %llu owed", count(status, "outputs", "owed_1"), count(status, "outputs", "owed_2"));
	item(&p, "at worst %.2f ms late", number(status, "outputs", "worst_late_ms"));
	print_leds(&p, outputs);
	end(&p);
}

static void print_log(FILE *out, struct json_object *status)
{
	struct paragraph p = begin(out, "log");

	item(&p, "%llu entries held", count(status, "log", "held"));
	item(&p, "%llu written in all", count(status, "log", "serial"));
	item(&p, "newest %s", *text(status, "log", "newest") ? text(status, "log", "newest") : "--");
	item(&p, "%s", truth(status, "log", "single_shot") ? "stops when full" : "circular");
	if (truth(status, "log", "full"))
		item(&p, "FULL");
	if (count(status, "log", "missed"))
		item(&p, "%llu missed", count(status, "log", "missed"));
	if (truth(status, "log", "halted"))
		item(&p, "halted");
	if (count(status, "log", "page"))
		item(&p, "waits: page %llu is being read", count(status, "log", "page"));
	item(&p, "clock %s", *text(status, "log", "clock") ? text(status, "log", "clock") : "--");
	end(&p);
	p = begin(out, "control");
	item(&p, "%llu clients", count(status, "control", "clients"));
	item(&p, "%llu dropped", count(status, "control", "dropped"));
	item(&p, "%llu turned away", count(status, "control", "busy") + count(status, "control", "denied"));
	end(&p);
}

static void print_panel_device(struct paragraph *p, struct json_object *panel, const char *name)
{
	if (!truth(panel, name, "configured"))
		item(p, "no %s", name);
	else if (truth(panel, name, "working"))
		item(p, "%s %s", name, text(panel, name, "name"));
	else
		item(p, "%s NOT WORKING: %s", name, *text(panel, name, "last_error") ? text(panel, name, "last_error") : "not yet open");
}

static void print_panel(FILE *out, struct json_object *status)
{
	struct json_object *panel;
	struct paragraph p;

	/* A daemon that is older has none. */
	if (!json_object_object_get_ex(status, "panel", &panel))
		return;
	p = begin(out, "panel");
	item(&p, "at %s", text(status, "panel", "place"));
	print_panel_device(&p, panel, "display");
	print_panel_device(&p, panel, "buttons");
	end(&p);
}

/* Nothing where no alert begins a capture. */
static void print_capture(FILE *out, struct json_object *status)
{
	const char *state = text(status, "capture", "state");
	struct paragraph p;

	if (!*state || !strcmp(state, "off"))
		return;
	p = begin(out, "capture");
	item(&p, !strcmp(state, "failing") ? "NOT WORKING: %s" : "%s",
	     !strcmp(state, "failing") ? text(status, "capture", "last_error") : state);
	item(&p, "%llu written", count(status, "capture", "count"));
	if (*text(status, "capture", "last"))
		item(&p, "newest %s", text(status, "capture", "last"));
	end(&p);
}

void status_text_print(FILE *out, struct json_object *status)
{
	print_head(out, status);
	print_rows(out, status);
	print_demand(out, status);
	fputc('\n', out);
	print_alerts(out, status);
	print_settings(out, status);
	print_adc(out, status);
	print_bus(out, status);
	print_store(out, status);
	status_text_print_outputs(out, status);
	print_panel(out, status);
	print_capture(out, status);
	print_log(out, status);
}
