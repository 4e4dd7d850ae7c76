/*
 * sandbox_landlock - which files, devices and TCP ports the process may use from now on, by the kernel's Landlock.
 *
 * The interface is versioned (ABI 1 in Linux 5.13): what this kernel does not know is left out.  What is not listed here stays
 * allowed: looking at names and attributes, UNIX sockets, what is open already.  The calls are the kernel's own, documented in
 * its userspace-api/landlock; there is no library.
 */
#ifndef DAEMON_SANDBOX_LANDLOCK_H
#define DAEMON_SANDBOX_LANDLOCK_H

#include <stdbool.h>

enum sandbox_right {
	SANDBOX_READ,		/* read files, list directories */
	SANDBOX_DEVICE,		/* that, write to what is there, device control */
	SANDBOX_WRITE,		/* that, and make, rename and remove files; no devices */
};

/* A file, or a directory with all below it, as it is at the time: another that is mounted or put in its place later is not meant. */
struct sandbox_place {
	const char *path;
	enum sandbox_right right;
};

struct sandbox_network {
	bool tcp;		/* connections to others; nobody may listen in any case */
	bool abstract;		/* to UNIX sockets outside that have an abstract name */
};

/* The version of the kernel's interface, or -errno: ENOSYS not built in, EOPNOTSUPP switched off at boot. */
int sandbox_landlock_version(void);

/*
 * Confines the calling thread and those that it starts, for good; needs no_new_privs or CAP_SYS_ADMIN.  Places that are not there
 * are passed over.  0 or -errno.
 */
int sandbox_landlock_enter(const struct sandbox_place *places, unsigned n, const struct sandbox_network *network);

#endif
