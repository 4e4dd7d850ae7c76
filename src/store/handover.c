#include "store/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

void handover_get_path(const char *directory, char path[HANDOVER_PATH_MAX])
{
	const char *runtime = getenv("RUNTIME_DIRECTORY");
	/* systemd.exec(5): several are separated by colons. */
	int length = runtime ? (int)strcspn(runtime, ":") : 0;

	if (length > 0 && runtime[0] == '/')
		snprintf(path, HANDOVER_PATH_MAX, "%.*s/handover", length, runtime);
	else
		snprintf(path, HANDOVER_PATH_MAX, "%s/handover", directory);
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

int handover_read(const char *path, struct handover_state *state)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), error = -EBADMSG;
	struct slot slot;
	struct stat status;

	if (fd < 0)
		return -errno;
	/* What another user has put there is not ours; root may read everybody's. */
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || (geteuid() != 0 && status.st_uid != geteuid())) {
		close(fd);
		return -EPERM;
	}
	for (int i = 0; i < 2; i++) {
		if (pread(fd, &slot, sizeof(slot), (off_t)i * SLOT_BYTES) != (ssize_t)sizeof(slot) || !is_whole(&slot))
			continue;
		if (error && error != -EBADMSG)
			continue;
		if (error == -EBADMSG || slot.state.sequence > state->sequence)
			*state = slot.state;
		error = 0;
	}
	close(fd);
	return error;
}

int handover_open(struct handover *handover, const char *path)
{
	int error;

	handover->fd = -1;
	if (path != handover->path)
		snprintf(handover->path, sizeof(handover->path), "%s", path);
	handover->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (handover->fd < 0)
		return -errno;
	error = -posix_fallocate(handover->fd, 0, 2 * SLOT_BYTES);
	if (error)
		handover_close(handover);
	return error;
}

bool handover_stands(const struct handover *handover)
{
	struct stat mine, named;

	return handover->fd >= 0 && fstat(handover->fd, &mine) == 0 && lstat(handover->path, &named) == 0 &&
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
