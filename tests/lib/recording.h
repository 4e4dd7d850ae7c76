/*
 * recording - writes COMTRADE recordings of known waves, for tests.  It shares nothing with the reader.
 *
 * Channel c (0..2 volts, 3..5 amperes) is peak[c] x cos(2 pi 60 t - 2 pi (c % 3) / 3 - lag), the lag for currents only.
 */
#ifndef TESTS_LIB_RECORDING_H
#define TESTS_LIB_RECORDING_H

#include <stdbool.h>
#include <stdio.h>

#define RECORDING_VOLTS_PEAK	400.0
#define RECORDING_AMPS_PEAK	70.0
#define RECORDING_LAG_RAD	0.45
#define RECORDING_HZ		60.0

struct recording {
	int revision;			/* 1991, 1999, 2013 */
	const char *format;		/* "ASCII", "BINARY", "BINARY32", "FLOAT32" */
	const char *eol;
	bool combined;			/* .cff */
	const char *lead;		/* put before everything */
	bool upper_case;		/* .CFG, .DAT */
	double hz[4];			/* rates; 0 behind the last */
	unsigned n[4];			/* scans at each */
	bool by_stamps;			/* rate 0 in the configuration */
	double timemult;		/* factor of the time stamps */
	unsigned number_step;		/* between records' numbers */
	double pause_s;			/* before each rate but the first */
	bool stamps_hide_absent;	/* time stamps go on as if no record were absent */
	unsigned extra_analogs, statuses;
	double a[6], b[6];		/* scaling: value = a x sample + b, in the unit */
	const char *name[6], *unit[6], *phase[6];
	double factor[6];		/* recorded value x factor = V or A */
	double skew_us[6];
	double primary[6], secondary[6];
	char side;			/* 'P', 'S' */
	long min, max;
	const char *blank;		/* put around every field */
	const char *tail;		/* behind configuration and data; in a combined file, behind the data's length */
	/* record k (from 0) of `missing` has its mark in channel 1; of `absent` records there is none */
	unsigned missing_from, missing_n, absent_from, absent_n;
	double clip;			/* samples beyond so many volts or amperes stay there; 0: none */
	unsigned promised;		/* scans that the configuration promises; 0: the truth */
};

/* 1999, BINARY, CRLF, 2520 Hz, one second. */
void recording_defaults(struct recording *recording);

/* Writes DIRECTORY/NAME.cfg and .dat, or .cff.  *path (of `size`) becomes what to open.  Exits the program on failure. */
void recording_write(const struct recording *recording, const char *directory, const char *name, char *path, size_t size);

/* The true value of a channel at t seconds from the first scan. */
double recording_truth(int channel, double t_s);

/* A file of these bytes. */
void recording_write_file(const char *path, const void *data, size_t size);

#endif
