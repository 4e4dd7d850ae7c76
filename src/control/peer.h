/*
 * peer - may the process at the other end of a unix socket use the meter?
 */
#ifndef CONTROL_PEER_H
#define CONTROL_PEER_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Root may, the user of this process, and whoever was in `group` ((gid_t)-1: none) when it connected.  *uid is who it is,
 * (uid_t)-1 when the kernel does not tell; then it may not.
 */
bool peer_may(int fd, gid_t group, uid_t *uid);

#endif
