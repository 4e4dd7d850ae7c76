#include "daemon/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "daemon/daemon.h"

static const struct {
	struct option option;
	const char *argument, *help;
} table[] = {
	{ { "config", required_argument, NULL, 'c' }, "FILE", "configuration (default " DAEMON_CONFIG_FILE ")" },
	{ { "check", no_argument, NULL, 't' }, NULL, "check the configuration and exit" },
	{ { "print", no_argument, NULL, 'p' }, NULL, "print the configuration in effect and exit" },
	{ { "simulate", no_argument, NULL, 's' }, NULL, "simulate the three-phase source, no hardware; without -c, defaults for all else" },
	{ { "pty", required_argument, NULL, 'y' }, "LINK", "serve Modbus on a new pseudo-terminal with a symbolic link at LINK" },
	{ { "state", required_argument, NULL, 'd' }, "DIR", "state directory; with -s and without it, nothing is kept" },
	{ { "control", required_argument, NULL, 'k' }, "SOCKET", "control socket" },
	{ { "grant", required_argument, NULL, 'g' }, "DEVICE", "for udev: give the device, a path in /sys, to the meter's group if it is configured" },
	{ { "verbose", no_argument, NULL, 'v' }, NULL, "log debugging messages too" },
	{ { "help", no_argument, NULL, 'h' }, NULL, "show this text" },
	{ { "version", no_argument, NULL, 'V' }, NULL, "show the version" },
};

#define OPTIONS (sizeof(table) / sizeof(table[0]))

/* Those that the command line also knows by a letter. */
static const char letters[] = ":c:tpsvhV";

static void print_usage(FILE *out)
{
	fputs("usage: dinmeterd [OPTION]...\n\n", out);
	for (size_t i = 0; i < OPTIONS; i++) {
		char name[64], letter[8] = "";

		if (strchr(letters, table[i].option.val))
			snprintf(letter, sizeof(letter), "-%c,", table[i].option.val);
		snprintf(name, sizeof(name), "--%s%s%s", table[i].option.name, table[i].argument ? " " : "",
			 table[i].argument ? table[i].argument : "");
		fprintf(out, "  %-3s %-14s  %s\n", letter, name, table[i].help);
	}
}

static int complain(const char *what, const char *option)
{
	fprintf(stderr, "dinmeterd: %s '%s'; dinmeterd --help lists the options\n", what, option);
	return 2;
}

int options_read(struct options *options, int argc, char **argv)
{
	struct option list[OPTIONS + 1];
	int c;

	memset(options, 0, sizeof(*options));
	memset(list, 0, sizeof(list));
	for (size_t i = 0; i < OPTIONS; i++)
		list[i] = table[i].option;
	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, list, NULL)) != -1)
		switch (c) {
		case 'c': options->file = optarg; break;
		case 't': options->check = true; break;
		case 'p': options->print = true; break;
		case 's': options->simulate = true; break;
		case 'y': options->pty = optarg; break;
		case 'd': options->state = optarg; break;
		case 'k': options->control = optarg; break;
		case 'g': options->grant = optarg; break;
		case 'v': options->verbose = true; break;
		case 'h': print_usage(stdout); return 0;
		case 'V': puts("dinmeterd " PACKAGE_VERSION); return 0;
		case ':': return complain("missing argument of", argv[optind - 1]);
		default: return complain("unknown option", argv[optind - 1]);
		}
	return optind < argc ? complain("unexpected argument", argv[optind]) : -1;
}
