/*
 * kernel - system calls that stand for a machine that is not here: a GPIO chip and the clock.
 *
 * Any file called gpiochipN is the chip.
 */
#ifndef TESTS_DOCTOR_KERNEL_H
#define TESTS_DOCTOR_KERNEL_H

#include <stdbool.h>
#include <time.h>

struct fake_kernel {
	char label[32];
	unsigned lines;
	struct {
		char name[32], consumer[32];	/* consumer "": free */
	} line[8];
	bool synchronised;
	time_t now;
};
extern struct fake_kernel fake_kernel;

#endif
