/* dinmeter: the command beside the daemon.  One table of subcommands. */
#include <stdio.h>
#include <string.h>

#include "client/client.h"
#include "daemon/streams.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "analyze", client_analyze, "measure a COMTRADE recording" },
	{ "calibrate", client_calibrate, "gains and delays from a reference meter's readings" },
	{ "capture", client_capture, "write samples as a COMTRADE recording" },
	{ "command", client_command, "have the meter end a demand sub-interval" },
	{ "doctor", client_doctor, "look whether the machine has and allows what the daemon needs" },
	{ "log", client_log, "export the data log" },
	{ "outputs", client_outputs, "show the contacts, watch simulated ones" },
	{ "export-state", client_export_state, "write the meter's whole state as JSON" },
	{ "import-state", client_import_state, "put such a state in the place of the meter's" },
	{ "panel", client_panel, "show the front panel and press its buttons" },
	{ "registers", client_registers, "print the Modbus register map" },
	{ "report", client_report, "load profile, energy by day and alerts as a page" },
	{ "reset", client_reset, "clear energies, demand, pulse counters or the log" },
	{ "scope", client_scope, "show waves, phasors and harmonics, live or drawn" },
	{ "set", client_set, "change a setting" },
	{ "status", client_status, "show readings, alerts and the health of the meter" },
	{ "wiring", client_wiring, "tell which input is swapped, reversed or dead" },
};

static void print_usage(FILE *out)
{
	fputs("usage: dinmeter COMMAND [OPTION]...\n\ncommands:\n", out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].help);
	fputs("\n`dinmeter COMMAND --help` tells more of each.\n", out);
}

static int run(int argc, char **argv)
{
	if (argc >= 2 && !strcmp(argv[1], "--version")) {
		puts("dinmeter " PACKAGE_VERSION);
		return 0;
	}
	if (argc >= 2 && !strcmp(argv[1], "--help")) {
		print_usage(stdout);
		return 0;
	}
	for (size_t i = 0; argc >= 2 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	if (argc >= 2)
		fprintf(stderr, "dinmeter: unknown command '%s'\n", argv[1]);
	print_usage(stderr);
	return 2;
}

int main(int argc, char **argv)
{
	streams_reserve();
	return streams_finish("dinmeter", run(argc, argv));
}
