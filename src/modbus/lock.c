#include "modbus/lock.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

int lock_take(int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? -EBUSY : -errno;
}

/* Directory and name, so that one link has one lock by whatever path: the address, and its length. */
static int link_address(const char *link, struct sockaddr_un *address, socklen_t *length)
{
	const char *slash = strrchr(link, '/'), *name = slash ? slash + 1 : link;
	char directory[256];
	size_t used, size = strlen(name), room;
	struct stat st;

	if (snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash + 1 - link) : 1, slash ? link : ".") >=
	    (int)sizeof(directory))
		return -ENAMETOOLONG;
	if (stat(directory, &st) < 0)
		return -errno;
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	used = 1 + (size_t)snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, "dinmeterd %llx:%llx %zu ",
				    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino, size);
	/* A name too long for an address is told from others by its length and end. */
	room = sizeof(address->sun_path) - used;
	if (size > room) {
		name += size - room;
		size = room;
	}
	memcpy(address->sun_path + used, name, size);
	*length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + used + size);
	return 0;
}

/* Who listens at an address. */
static pid_t listener(const struct sockaddr_un *address, socklen_t length)
{
	struct ucred peer = { .pid = 0 };
	socklen_t size = sizeof(peer);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return 0;
	if (connect(fd, (const struct sockaddr *)address, length) < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		peer.pid = 0;
	close(fd);
	return peer.pid;
}

int lock_take_link(const char *link, pid_t *holder)
{
	struct sockaddr_un address;
	socklen_t length = 0;
	int error = link_address(link, &address, &length), fd;

	*holder = 0;
	if (error)
		return error;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, length) == 0 && listen(fd, 1) == 0)
		return fd;
	error = errno == EADDRINUSE ? -EBUSY : -errno;
	close(fd);
	if (error == -EBUSY)
		*holder = listener(&address, length);
	return error;
}

pid_t lock_link_holder(const char *link)
{
	struct sockaddr_un address;
	socklen_t length = 0;

	return link_address(link, &address, &length) ? 0 : listener(&address, length);
}

/* flock has no call that names the holder; proc(5) lists every lock with its process, device and inode. */
pid_t lock_holder(const char *path)
{
	struct stat st;
	char line[256];
	pid_t holder = 0;
	FILE *locks;

	if (stat(path, &st) < 0)
		return 0;
	locks = fopen("/proc/locks", "re");
	if (locks == NULL)
		return 0;
	while (holder == 0 && fgets(line, sizeof(line), locks) != NULL) {
		unsigned major_number, minor_number;
		unsigned long inode;
		int pid;

		if (sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%lu", &pid, &major_number, &minor_number, &inode) == 4 &&
		    pid > 0 && inode == st.st_ino && makedev(major_number, minor_number) == st.st_dev)
			holder = pid;
	}
	fclose(locks);
	return holder;
}

void lock_holder_name(pid_t holder, char *name, size_t size)
{
	char path[40];
	FILE *file;

	*name = '\0';
	snprintf(path, sizeof(path), "/proc/%ld/comm", (long)holder);
	file = fopen(path, "re");
	if (file == NULL)
		return;
	if (fgets(name, (int)size, file) != NULL)
		name[strcspn(name, "\n")] = '\0';
	fclose(file);
}

bool lock_holder_is_alike(pid_t holder)
{
	char name[32], own[32];

	lock_holder_name(holder, name, sizeof(name));
	lock_holder_name(getpid(), own, sizeof(own));
	return *name && strcmp(name, own) == 0;
}
