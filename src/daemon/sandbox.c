#include "daemon/sandbox.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/shelf.h"
#include "control/listen.h"
#include "daemon/log.h"
#include "store/files.h"

/* What root keeps: files of other users, as every start by root deals with them; priorities; locked memory. */
#define KEPT_CAPABILITIES (1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH | 1u << CAP_FOWNER | \
			   1u << CAP_SYS_NICE | 1u << CAP_IPC_LOCK | 1u << CAP_SYS_RESOURCE)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

/* What every process of the C library may look at: its modules, users and groups, names of hosts, the time zone; the process itself. */
static const struct sandbox_place usual[] = {
	{ "/usr", SANDBOX_READ }, { "/lib", SANDBOX_READ }, { "/lib64", SANDBOX_READ }, { "/etc/ld.so.cache", SANDBOX_READ },
	{ "/etc/nsswitch.conf", SANDBOX_READ }, { "/etc/passwd", SANDBOX_READ }, { "/etc/group", SANDBOX_READ },
	{ "/run/systemd/userdb", SANDBOX_READ }, { "/run/nscd", SANDBOX_READ }, { "/var/lib/sss", SANDBOX_READ },
	{ "/etc/localtime", SANDBOX_READ }, { "/etc/hosts", SANDBOX_READ }, { "/etc/host.conf", SANDBOX_READ },
	{ "/etc/resolv.conf", SANDBOX_READ }, { "/etc/gai.conf", SANDBOX_READ }, { "/etc/services", SANDBOX_READ },
	{ "/etc/libiio.ini", SANDBOX_READ }, { "/proc", SANDBOX_READ }, { "/proc/self", SANDBOX_DEVICE }, { "/sys", SANDBOX_READ },
	{ "/dev/null", SANDBOX_DEVICE }, { "/dev/zero", SANDBOX_DEVICE }, { "/dev/full", SANDBOX_DEVICE },
	{ "/dev/random", SANDBOX_READ }, { "/dev/urandom", SANDBOX_READ }, { "/dev/shm", SANDBOX_WRITE },
};

static void allow(struct sandbox_plan *plan, const char *path, enum sandbox_right right)
{
	if (plan->places < SANDBOX_PLACES)
		plan->place[plan->places++] = (struct sandbox_place){ .path = path, .right = right };
	else
		log_warning("sandbox: %s: is not opened, there are too many places", path);
}

static bool is_directory(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISDIR(status.st_mode);
}

/* Cuts a path to that of the directory it stands in. */
static void cut(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		snprintf(path, 2, ".");
	else
		slash[slash == path] = '\0';
}

/* Room for a path that is to be cut, or NULL. */
static char *copy(struct sandbox_plan *plan, const char *path)
{
	if (!*path)
		return NULL;
	if (plan->paths == SANDBOX_PATHS || strlen(path) >= sizeof(plan->path[0])) {
		log_warning("sandbox: %s: is not opened, its path is too long or one too many", path);
		return NULL;
	}
	snprintf(plan->path[plan->paths], sizeof(plan->path[0]), "%s", path);
	return plan->path[plan->paths++];
}

static bool is_same(const char *a, const char *b)
{
	struct stat one, other;

	return !stat(a, &one) && !stat(b, &other) && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/*
 * The directory that a path stands in; in one that holds much else, which no meter needs, the file alone: where it is replaced by
 * another, that is not read.
 */
static void allow_directory_of(struct sandbox_plan *plan, const char *path, enum sandbox_right right)
{
	char *directory = copy(plan, path);

	if (!directory)
		return;
	cut(directory);
	if (!is_same(directory, "/") && !is_same(directory, "/etc")) {
		allow(plan, directory, right);
		return;
	}
	if (right == SANDBOX_READ)
		allow(plan, path, right);
	log_notice("sandbox: %s: is not opened as a whole for %s", directory, path);
}

/* A file to be read again; where its name is a symbolic link, the one that it leads to too. */
static void allow_file(struct sandbox_plan *plan, const char *path)
{
	struct stat status;
	char *real;

	allow_directory_of(plan, path, SANDBOX_READ);
	if (lstat(path, &status) || !S_ISLNK(status.st_mode))
		return;
	real = realpath(path, NULL);
	path = real ? copy(plan, real) : NULL;
	free(real);
	if (path)
		allow_directory_of(plan, path, SANDBOX_READ);
}

/*
 * A directory to write to.  What stands in its way may be cleared later: then the meter makes it, in the nearest one that there is, but
 * not in the root directory, which would be all.
 */
static void allow_tree(struct sandbox_plan *plan, const char *path)
{
	char *directory = copy(plan, path);

	if (!directory)
		return;
	while (!is_directory(directory))
		cut(directory);
	if (!is_same(directory, "/"))
		allow(plan, directory, SANDBOX_WRITE);
	else
		log_notice("sandbox: /: is not opened as a whole for %s", path);
}

static bool is_real_contact(const struct contact_config *contact)
{
	return *contact->chip && strcmp(contact->chip, "sim");
}

/*
 * A device that is unplugged comes back as another file, and under another number, so that none can be named: where there is hardware
 * at all, /dev is.  The rights of the files, and the service's list of devices, narrow that.
 */
static void plan_hardware(struct sandbox_plan *plan, const struct config *config)
{
	bool iio = !strcmp(config->adc.source, "iio"), network = iio && !strncmp(config->adc.uri, "ip:", 3);
	bool device = iio && !network, attributes = device, pty = modbus_device_link(config->modbus.device);

	if (!pty || *config->display.device || *config->buttons.device)
		device = true;
	for (int c = 0; c < CONTACTS; c++)
		if (is_real_contact(&config->outputs.contact[c]))
			device = attributes = true;
	for (int l = 0; l < LEDS; l++)
		if (*config->outputs.led[l])
			attributes = true;
	if (device)
		allow(plan, "/dev", SANDBOX_DEVICE);
	if (attributes)
		allow(plan, "/sys", SANDBOX_DEVICE);
	if (pty) {
		allow(plan, "/dev/ptmx", SANDBOX_DEVICE);
		allow(plan, "/dev/pts", SANDBOX_DEVICE);
		allow_directory_of(plan, config->modbus.device + 4, SANDBOX_WRITE);
	}
	plan->network.tcp = plan->calls.network = network;
	/* the lock of a link has such a name, and who holds it is asked for */
	plan->network.abstract = pty || network;
	plan->calls.netlink = iio && !strncmp(config->adc.uri, "usb:", 4);
	if (plan->calls.netlink)
		allow(plan, "/run/udev", SANDBOX_READ);
}

void sandbox_make_plan(struct sandbox_plan *plan, const struct config *config, const char *file, bool keeps_state)
{
	memset(plan, 0, sizeof(*plan));
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		allow(plan, usual[i].path, usual[i].right);
	plan->calls.traced = SANITIZED;
	/* a sanitizer reads programs and libraries to name functions */
	if (SANITIZED)
		allow(plan, "/", SANDBOX_READ);
	plan_hardware(plan, config);
	if (file)
		allow_file(plan, file);
	if (!strcmp(config->adc.source, "comtrade"))
		allow_file(plan, config->adc.recording);
	if (*config->control_socket)
		allow_tree(plan, config->control_socket);
	if (!keeps_state)
		return;
	allow_tree(plan, config->store_path);
	if (*config->capture.on_alerts)
		allow_tree(plan, config->capture.path);
}

/* Who needs them tells of those that cannot be made. */
static void make_directories(const struct config *config, bool keeps_state)
{
	char absolute[FILES_PATH_MAX];

	if (*config->control_socket)
		listen_make_directory(config->control_socket, config->control_group);
	if (!keeps_state)
		return;
	if (!files_get_absolute(config->store_path, absolute))
		files_make_directory(absolute);
	if (*config->capture.on_alerts)
		shelf_make(config->capture.path);
}

/* 0, also for who has none, or -errno. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	uint32_t more = 0;

	if (syscall(SYS_capget, &header, data))
		return -errno;
	for (int i = 0; i < 2; i++) {
		uint32_t kept = i ? 0 : KEPT_CAPABILITIES;

		more |= data[i].permitted & ~kept;
		data[i].effective &= kept;
		data[i].permitted &= kept;
		data[i].inheritable = 0;
	}
	/* a service manager may have taken both capabilities and the call */
	if (!more)
		return 0;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) && errno != EINVAL)
		return -errno;
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

static const char *explain(int error)
{
	if (error == -ENOSYS)
		return "not in this kernel";
	return error == -EOPNOTSUPP ? "switched off in this kernel" : strerror(-error);
}

static void confine(const struct sandbox_plan *plan)
{
	int landlock, seccomp, error = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;

	if (!error)
		error = drop_capabilities();
	if (error)
		log_warning("sandbox: privileges are kept: %s", strerror(-error));
	landlock = sandbox_landlock_enter(plan->place, plan->places, &plan->network);
	seccomp = sandbox_seccomp_enter(&plan->calls);
	if (!landlock && !seccomp)
		log_notice("sandbox: files and devices by Landlock (version %d), system calls by seccomp", sandbox_landlock_version());
	if (landlock)
		log_notice("sandbox: files and devices are not protected: Landlock is %s", explain(landlock));
	if (seccomp)
		log_notice("sandbox: system calls are not protected: seccomp is %s", explain(seccomp));
}

void sandbox_enter(const struct config *config, const char *file, bool keeps_state)
{
	struct sandbox_plan *plan = malloc(sizeof(*plan));

	if (!plan) {
		log_warning("sandbox: none: %s", strerror(ENOMEM));
		return;
	}
	make_directories(config, keeps_state);
	sandbox_make_plan(plan, config, file, keeps_state);
	confine(plan);
	free(plan);
}
