/*
 * claims - does a configuration name a device?  What udev's rules ask, so that the meter's group gets its devices and no others.
 */
#ifndef DAEMON_CLAIMS_H
#define DAEMON_CLAIMS_H

#include <stdbool.h>

#include "daemon/config.h"

enum { CLAIMS_LINKS = 16, CLAIMS_CHANNELS = 64 };

/* A device as sysfs tells of it; what it does not have is "". */
struct claims_device {
	char subsystem[32];	/* "iio", "gpio", "tty", "leds", "input", "misc" */
	char kernel[64];	/* the kernel's name: iio:device0, ttyS1, event3, an LED's name */
	char name[128];		/* iio: its name; input: the name of the device it belongs to */
	char label[128];	/* iio, gpio */
	char node[128];		/* path of its node */
	char link[CLAIMS_LINKS][256];	/* further paths of the node */
	unsigned links;
	char channel[CLAIMS_CHANNELS][64];	/* iio: ids and labels of the channels that can be buffered */
	unsigned channels;
};

/* Does it?  Any thread. */
bool claims_device(const struct config *config, const struct claims_device *device);

#endif
