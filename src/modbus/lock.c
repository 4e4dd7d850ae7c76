#include "modbus/lock.h"

#include <errno.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

int lock_take(int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? -EBUSY : -errno;
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
