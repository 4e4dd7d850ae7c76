/*
 * second - the moments of one second of a symmetrical three-phase load, written down from its powers: for runs
 * too long for samples.
 */
#ifndef TESTS_LIB_SECOND_H
#define TESTS_LIB_SECOND_H

#include "metering/moments.h"

/* Per phase: volts to neutral, amperes, W (<= V A) and var of the fundamental (lagging above 0); 60 Hz. */
void second_fill(struct moments *moments, double v, double i, double p_w, double q_var);

#endif
