#include "control/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

/* Most processes are in few groups; the kernel says how many when these do not do. */
#define GROUPS_USUAL 64

static bool holds(const gid_t *groups, size_t n, gid_t group)
{
	for (size_t i = 0; i < n; i++)
		if (groups[i] == group)
			return true;
	return false;
}

/* The supplementary groups. */
static bool in_group(int fd, gid_t group)
{
	gid_t usual[GROUPS_USUAL], *groups = usual;
	socklen_t length = sizeof(usual);
	bool found = false;
	int ret = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, usual, &length);

	if (ret && errno == ERANGE) {
		groups = malloc(length);
		ret = groups ? getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length) : -1;
	}
	if (!ret)
		found = holds(groups, length / sizeof(*groups), group);
	if (groups != usual)
		free(groups);
	return found;
}

bool peer_may(int fd, gid_t group, uid_t *uid)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	*uid = (uid_t)-1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) || length != sizeof(peer))
		return false;
	*uid = peer.uid;
	if (peer.uid == (uid_t)-1)
		return false;
	if (peer.uid == 0 || peer.uid == geteuid())
		return true;
	return group != (gid_t)-1 && (peer.gid == group || in_group(fd, group));
}
