/*
 * access - gives the meter's group the devices that a configuration names, and takes back those that none names any more.  Run by
 * udev's rules, as root, for each device that comes or changes: `dinmeterd --grant /sys/...`.
 *
 * Of an IIO device these are its node and the attributes that the daemon writes: buffer, scan elements, rate, clock and trigger; of a
 * trigger its rate; of an LED its brightness and trigger; of all others the node.  A node that is taken back gets the group that the
 * distribution's rules give it.
 */
#ifndef DAEMON_ACCESS_H
#define DAEMON_ACCESS_H

#include <sys/types.h>

#include "daemon/claims.h"

/* Where things are: "/sys", "/dev", and the directory whose *.conf are read, or the one file.  And whose they become. */
struct access_places {
	const char *sys, *dev, *configurations, *file;
	gid_t group, before;	/* the meter's; that of what is given back, root's, until udev has set another */
};

/* What sysfs tells of the device at `path` (with or without the leading sys).  0 or -errno: -ENODEV is gone, -ENOTSUP of no kind that is known. */
int access_look(struct claims_device *device, const struct access_places *places, const char *path);

/* Looks, asks every configuration, gives or takes back.  1 given, 0 not, or -errno. */
int access_settle(const struct access_places *places, const char *path);

/* The same for the machine and the group "dinmeter", with messages.  An exit status. */
int access_main(const char *file, const char *path);

#endif
