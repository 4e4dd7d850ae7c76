/*
 * options - the command line of dinmeterd.
 */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include <stdbool.h>

struct options {
	const char *file;	/* -c; NULL: the default file, or with -s none */
	bool check, print;	/* -t, -p */
	bool simulate;		/* -s */
	bool verbose;		/* -v */
	const char *pty;	/* --pty */
	const char *state;	/* --state */
	const char *control;	/* --control */
	const char *grant;	/* --grant */
};

/*
 * Reads the command line.  Returns -1 to go on, or the exit status (0 after
 * --help and --version, 2 after bad usage, which is explained on stderr).
 */
int options_read(struct options *options, int argc, char **argv);

#endif
