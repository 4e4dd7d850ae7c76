/*
 * sandbox_seccomp - which system calls the process may make from now on.  libseccomp's only owner.
 *
 * A list of what is denied, not of what is allowed: the C library and those that talk to hardware change their calls from version to
 * version, and a meter that stops after an upgrade of the C library protects nothing.  What no part of the daemon can want ends
 * the process with SIGSYS; what a library may try is refused with an error that it knows.
 */
#ifndef DAEMON_SANDBOX_SECCOMP_H
#define DAEMON_SANDBOX_SECCOMP_H

#include <stdbool.h>

struct sandbox_calls {
	bool network;		/* Internet sockets, and netlink, by which addresses are looked up */
	bool netlink;		/* netlink alone: news of USB devices */
	bool traced;		/* a sanitizer's build: it traces itself at its end, and starts a program that names functions */
};

/* Confines all threads, for good; sets no_new_privs.  0 or -errno. */
int sandbox_seccomp_enter(const struct sandbox_calls *calls);

#endif
