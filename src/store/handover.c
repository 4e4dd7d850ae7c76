#include "store/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "store/crc32.h"

#define SLOT_BYTES 8192		/* whole pages */
#define MAGIC "dinmhnd1"

/* The kernel copies in ascending order: a slot that was cut off lacks the checksum at its end. */
struct slot {
	char magic[8];
	uint32_t layout, size;
	struct handover_state state;
	uint32_t crc;
};

static const char *place = "/dev/shm";

_Static_assert(sizeof(struct slot) <= SLOT_BYTES, "a slot holds a state");

void handover_get_boot_id(char boot_id[HANDOVER_BOOT_MAX])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	memset(boot_id, 0, HANDOVER_BOOT_MAX);
	if (fd >= 0) {
		n = read(fd, boot_id, HANDOVER_BOOT_MAX - 1);
		close(fd);
	}
	boot_id[n > 0 ? strcspn(boot_id, "\n") : 0] = '\0';
}

void handover_set_place(const char *directory)
{
	place = directory;
}

/* Device and inode: by whatever path, mount or link a run comes to the directory, it finds the same file. */
int handover_find(const char *directory, struct handover_name *name)
{
	char real[PATH_MAX];
	struct stat status;

	memset(name, 0, sizeof(*name));
	if (!realpath(directory, real) || stat(real, &status) < 0)
		return -errno;
	if (snprintf(name->directory, sizeof(name->directory), "%s", real) >= (int)sizeof(name->directory))
		return -ENAMETOOLONG;
	name->owner = status.st_uid;
	name->group = status.st_gid;
	snprintf(name->path, sizeof(name->path), "%s/dinmeterd-%lu-%llx-%llx", place, (unsigned long)status.st_uid,
		 (unsigned long long)status.st_dev, (unsigned long long)status.st_ino);
	return 0;
}

static uint32_t slot_crc(const struct slot *slot)
{
	return crc32_update(0, slot, offsetof(struct slot, crc));
}

static bool terminated(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static bool is_whole(const struct slot *slot)
{
	const struct nv_field *field;

	if (memcmp(slot->magic, MAGIC, sizeof(slot->magic)) || slot->size != sizeof(*slot) || slot->layout != nv_layout() ||
	    slot->crc != slot_crc(slot))
		return false;
	if (!terminated(slot->state.boot_id, HANDOVER_BOOT_MAX) || !terminated(slot->state.directory, HANDOVER_PATH_MAX) ||
	    slot->state.n > HANDOVER_ENTRIES || nv_check(&slot->state.nv, &field))
		return false;
	for (uint32_t i = 0; i < slot->state.n; i++)
		if (!nv_entry_legal(&slot->state.entry[i]) || !slot->state.entry[i].serial)
			return false;
	return true;
}

/* Everybody may make files where it lies: what another user has put there is not ours, nor is a second name of a file. */
static int check_file(const struct handover_name *name, int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode) || status.st_nlink != 1 || (status.st_uid != name->owner && status.st_uid != geteuid()))
		return -EPERM;
	return 0;
}

/* A write to a disk would wait for it, each second. */
static int check_memory(int fd)
{
	struct statfs status;

	if (fstatfs(fd, &status) < 0)
		return -errno;
	/* a signed 32-bit number on some machines */
	return (uint32_t)status.f_type == TMPFS_MAGIC || (uint32_t)status.f_type == RAMFS_MAGIC ? 0 : -ENODEV;
}

int handover_read(const struct handover_name *name, struct handover_state *state)
{
	int fd = open(name->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), error;
	struct slot slot;

	if (fd < 0)
		return -errno;
	error = check_file(name, fd);
	if (error) {
		close(fd);
		return error;
	}
	error = -EBADMSG;
	for (int i = 0; i < 2; i++) {
		if (pread(fd, &slot, sizeof(slot), (off_t)i * SLOT_BYTES) != (ssize_t)sizeof(slot) || !is_whole(&slot))
			continue;
		if (error == -EBADMSG || slot.state.sequence > state->sequence)
			*state = slot.state;
		error = 0;
	}
	close(fd);
	return error;
}

static int prepare(const struct handover_name *name, int fd)
{
	int error = check_file(name, fd);

	if (!error)
		error = check_memory(fd);
	if (!error && fchmod(fd, 0600) < 0)
		error = -errno;
	/* What root makes belongs to whoever the directory belongs to: the daemon of another user shall find it. */
	if (!error && geteuid() == 0 && fchown(fd, name->owner, name->group) < 0)
		error = -errno;
	return error ? error : -posix_fallocate(fd, 0, 2 * SLOT_BYTES);
}

int handover_open(struct handover *handover, const struct handover_name *name)
{
	int error;

	handover->name = *name;
	handover->error = 0;
	handover->fd = open(name->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	/* Apart, because kernels refuse O_CREAT for a file of another user in a directory that is everybody's. */
	if (handover->fd < 0 && errno == ENOENT)
		handover->fd = open(name->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (handover->fd < 0)
		return -errno;
	error = prepare(name, handover->fd);
	if (error)
		handover_close(handover);
	return error;
}

int handover_remove(const struct handover_name *name)
{
	return unlink(name->path) < 0 && errno != ENOENT ? -errno : 0;
}

bool handover_stands(const struct handover *handover)
{
	struct stat mine, named;

	return handover->fd >= 0 && fstat(handover->fd, &mine) == 0 && lstat(handover->name.path, &named) == 0 &&
	       mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
}

int handover_write(struct handover *handover, const struct handover_state *state)
{
	struct slot slot;
	ssize_t n;

	if (handover->fd < 0)
		return -EBADF;
	memset(&slot, 0, sizeof(slot));
	memcpy(slot.magic, MAGIC, sizeof(slot.magic));
	slot.layout = nv_layout();
	slot.size = sizeof(slot);
	slot.state = *state;
	slot.crc = slot_crc(&slot);
	do
		n = pwrite(handover->fd, &slot, sizeof(slot), (off_t)(state->sequence & 1) * SLOT_BYTES);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n == (ssize_t)sizeof(slot) ? 0 : -ENOSPC;
}

void handover_close(struct handover *handover)
{
	if (handover->fd >= 0)
		close(handover->fd);
	handover->fd = -1;
}
