#include "daemon/sandbox_landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The headers of the oldest system that this is built on know less than its kernels: linux/landlock.h of Linux 6.12. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH 1

enum access {
	ACCESS_EXECUTE = 1 << 0, ACCESS_WRITE_FILE = 1 << 1, ACCESS_READ_FILE = 1 << 2, ACCESS_READ_DIR = 1 << 3,
	ACCESS_REMOVE_DIR = 1 << 4, ACCESS_REMOVE_FILE = 1 << 5, ACCESS_MAKE_CHAR = 1 << 6, ACCESS_MAKE_DIR = 1 << 7,
	ACCESS_MAKE_REG = 1 << 8, ACCESS_MAKE_SOCK = 1 << 9, ACCESS_MAKE_FIFO = 1 << 10, ACCESS_MAKE_BLOCK = 1 << 11,
	ACCESS_MAKE_SYM = 1 << 12, ACCESS_REFER = 1 << 13, ACCESS_TRUNCATE = 1 << 14, ACCESS_IOCTL_DEV = 1 << 15,
};
enum { NETWORK_BIND_TCP = 1 << 0, NETWORK_CONNECT_TCP = 1 << 1 };
enum { SCOPE_ABSTRACT_SOCKET = 1 << 0, SCOPE_SIGNAL = 1 << 1 };

/* The newest version that this file knows, and what each has brought. */
enum { VERSION_REFER = 2, VERSION_TRUNCATE = 3, VERSION_NETWORK = 4, VERSION_IOCTL = 5, VERSION_SCOPE = 6 };

struct ruleset {
	uint64_t files, network, scoped;
};

struct path_beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

/* All that a version can forbid. */
static uint64_t known_access(int version)
{
	uint64_t access = ACCESS_REFER - 1;

	if (version >= VERSION_REFER)
		access |= ACCESS_REFER;
	if (version >= VERSION_TRUNCATE)
		access |= ACCESS_TRUNCATE;
	if (version >= VERSION_IOCTL)
		access |= ACCESS_IOCTL_DEV;
	return access;
}

static uint64_t granted(enum sandbox_right right)
{
	const uint64_t read = ACCESS_READ_FILE | ACCESS_READ_DIR;
	/* an attribute in sysfs is opened with O_TRUNC by some */
	const uint64_t change = read | ACCESS_WRITE_FILE | ACCESS_TRUNCATE;

	switch (right) {
	case SANDBOX_DEVICE:
		return change | ACCESS_IOCTL_DEV;
	case SANDBOX_WRITE:
		return change | ACCESS_MAKE_REG | ACCESS_MAKE_DIR | ACCESS_MAKE_SOCK | ACCESS_MAKE_SYM | ACCESS_REMOVE_FILE |
		       ACCESS_REMOVE_DIR | ACCESS_REFER;
	case SANDBOX_READ:
		break;
	}
	return read;
}

int sandbox_landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, CREATE_RULESET_VERSION);

	return version < 0 ? -errno : (int)version;
}

static int add_place(int ruleset, const struct sandbox_place *place, uint64_t known)
{
	/* what means anything at a file that is no directory */
	const uint64_t of_file = ACCESS_EXECUTE | ACCESS_WRITE_FILE | ACCESS_READ_FILE | ACCESS_TRUNCATE | ACCESS_IOCTL_DEV;
	struct path_beneath rule = { .allowed = granted(place->right) & known };
	struct stat status;
	int error = 0;

	rule.parent = open(place->path, O_PATH | O_CLOEXEC);
	if (rule.parent < 0)
		return 0;
	if (fstat(rule.parent, &status) < 0)
		error = -errno;
	else if (!S_ISDIR(status.st_mode))
		rule.allowed &= of_file;
	if (!error && syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0u) < 0)
		error = -errno;
	close(rule.parent);
	return error;
}

int sandbox_landlock_enter(const struct sandbox_place *places, unsigned n, const struct sandbox_network *network)
{
	int version = sandbox_landlock_version(), ruleset, error = 0;
	struct ruleset attributes = { 0 };
	size_t size = sizeof(attributes.files);

	if (version < 0)
		return version;
	attributes.files = known_access(version);
	if (version >= VERSION_NETWORK) {
		attributes.network = NETWORK_BIND_TCP | (network->tcp ? 0 : NETWORK_CONNECT_TCP);
		size = offsetof(struct ruleset, scoped);
	}
	if (version >= VERSION_SCOPE) {
		attributes.scoped = SCOPE_SIGNAL | (network->abstract ? 0 : SCOPE_ABSTRACT_SOCKET);
		size = sizeof(attributes);
	}
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0u);
	if (ruleset < 0)
		return -errno;
	for (unsigned i = 0; i < n && !error; i++)
		error = add_place(ruleset, &places[i], attributes.files);
	if (!error && syscall(SYS_landlock_restrict_self, ruleset, 0u) < 0)
		error = -errno;
	close(ruleset);
	return error;
}
