#include "store/closures.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/handover.h"

#define PAGE_BYTES 4096
#define MAGIC UINT64_C(0x326d6e6964736c63)	/* tells a layout from others */

/* What lies in memory. */
struct page {
	/* all of them atomic: what is stored first is there first, whenever the process is killed */
	_Atomic uint64_t magic, run;
	_Atomic uint64_t made[PULSE_OUTPUTS];
	_Atomic uint64_t known_run;		/* the run that the kept state knew of last .. */
	_Atomic uint64_t known_made[PULSE_OUTPUTS];	/* .. and its counts */
};

struct closures {
	struct page *page;
	char path[HANDOVER_PATH_MAX + 16];	/* "" while it is not shared */
};

struct closures *closures_new(void)
{
	struct closures *closures = calloc(1, sizeof(*closures));

	if (!closures)
		return NULL;
	closures->page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (closures->page != MAP_FAILED)
		return closures;
	free(closures);
	return NULL;
}

_Atomic uint64_t *closures_made(struct closures *closures)
{
	return closures->page->made;
}

/* A regular file of the directory's owner, or of this process's user, with room for the page: its descriptor, or -errno. */
static int open_file(const char *directory, char path[HANDOVER_PATH_MAX + 16])
{
	struct handover_name name;
	struct stat status;
	int error = handover_find(directory, &name), fd;

	if (error)
		return error;
	if (!*name.path)
		return -ENOENT;
	snprintf(path, HANDOVER_PATH_MAX + 16, "%s.closures", name.path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0)
		error = -errno;
	else if (!S_ISREG(status.st_mode) || (status.st_uid != name.owner && status.st_uid != geteuid()))
		error = -EPERM;
	else if (status.st_uid != name.owner && fchown(fd, name.owner, name.group) < 0)
		error = -errno;
	else
		error = -posix_fallocate(fd, 0, PAGE_BYTES);
	if (!error)
		return fd;
	close(fd);
	return error;
}

/* What the known run left, which also becomes the page's known run.  Killed at any moment, one of the two places has its counts whole. */
static void take_known(struct page *page, uint64_t known, struct closures_left *left)
{
	if (known && page->known_run == known) {
		left->run = known;
		for (int i = 0; i < PULSE_OUTPUTS; i++)
			left->made[i] = page->known_made[i];
		return;
	}
	if (!known || page->run != known)
		return;
	left->run = known;
	for (int i = 0; i < PULSE_OUTPUTS; i++)
		left->made[i] = page->made[i];
	page->known_run = 0;
	for (int i = 0; i < PULSE_OUTPUTS; i++)
		page->known_made[i] = left->made[i];
	page->known_run = known;
}

int closures_share(struct closures *closures, const char *directory, uint64_t run, uint64_t known, struct closures_left *left)
{
	struct page *page = closures->page;
	int fd = open_file(directory, closures->path);
	void *mapped;

	memset(left, 0, sizeof(*left));
	if (fd < 0) {
		*closures->path = '\0';
		return fd;
	}
	/* In the place of the process's own page: who counts knows the address already. */
	mapped = mmap(page, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	close(fd);
	if (mapped == MAP_FAILED)
		return -errno;
	if (page->magic == MAGIC)
		take_known(page, known, left);
	else
		page->known_run = 0;
	/* No moment at which counts stand under a run that they are not of. */
	page->run = 0;
	for (int i = 0; i < PULSE_OUTPUTS; i++)
		page->made[i] = 0;
	page->magic = MAGIC;
	page->run = run;
	return 0;
}

void closures_free(struct closures *closures)
{
	if (!closures)
		return;
	if (*closures->path)
		unlink(closures->path);
	free(closures);
}
