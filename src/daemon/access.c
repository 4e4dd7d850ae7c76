#include "daemon/access.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <grp.h>
#include <limits.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUP "dinmeter"
#define PATH_ROOM 1024

/* Below the device's directory: what the daemon writes. */
static const char *const iio_attributes[] = {
	"sampling_frequency", "*_sampling_frequency", "current_timestamp_clock", "trigger/current_trigger", "buffer/*", "buffer[0-9]*/*",
	"scan_elements/*_en",
};
static const char *const led_attributes[] = { "brightness", "trigger" };

/* The first line of an attribute; "" when there is none. */
static void read_line(const char *directory, const char *name, char *text, size_t size)
{
	char path[PATH_ROOM];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0) {
		n = read(fd, text, size - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static void add_channel(struct claims_device *device, const char *name, size_t length)
{
	if (device->channels < CLAIMS_CHANNELS && length)
		snprintf(device->channel[device->channels++], sizeof(device->channel[0]), "%.*s", (int)length, name);
}

/* in_voltage0_en, or in_voltage0_name_en: libiio knows it as voltage0, and by its label. */
static void read_channel(struct claims_device *device, const char *directory, const char *element)
{
	char attribute[160];
	const char *id = element + strlen("in_");
	size_t length = strlen(id) - strlen("_en");

	add_channel(device, id, length);
	snprintf(attribute, sizeof(attribute), "in_%.*s_label", (int)length, id);
	if (device->channels < CLAIMS_CHANNELS) {
		read_line(directory, attribute, device->channel[device->channels], sizeof(device->channel[0]));
		device->channels += *device->channel[device->channels] != '\0';
	}
	if (strchr(id, '_') < id + length)
		add_channel(device, id, strcspn(id, "_"));
}

static void read_channels(struct claims_device *device, const char *directory)
{
	char path[PATH_ROOM];
	struct dirent *entry;
	DIR *elements;

	snprintf(path, sizeof(path), "%s/scan_elements", directory);
	elements = opendir(path);
	while (elements && (entry = readdir(elements)))
		if (!fnmatch("in_?*_en", entry->d_name, 0))
			read_channel(device, directory, entry->d_name);
	if (elements)
		closedir(elements);
}

/* The character device alone tells it. */
static void read_chip_label(struct claims_device *device)
{
	struct gpiochip_info info = { .lines = 0 };
	int fd = open(device->node, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return;
	if (!ioctl(fd, GPIO_GET_CHIPINFO_IOCTL, &info))
		snprintf(device->label, sizeof(device->label), "%.*s", (int)sizeof(info.label), info.label);
	close(fd);
}

/* DEVNAME of the device's uevent. */
static void read_node(struct claims_device *device, const char *dev, const char *directory)
{
	char path[PATH_ROOM], line[256];
	FILE *uevent;

	snprintf(path, sizeof(path), "%s/uevent", directory);
	uevent = fopen(path, "re");
	while (uevent && fgets(line, sizeof(line), uevent)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "DEVNAME=", 8) || strstr(line, ".."))
			continue;
		if (snprintf(device->node, sizeof(device->node), "%s/%s", dev, line + 8) >= (int)sizeof(device->node))
			*device->node = '\0';
	}
	if (uevent)
		fclose(uevent);
}

/* udev's names of the node, from the environment of its programs. */
static void read_links(struct claims_device *device)
{
	const char *links = getenv("DEVLINKS");

	while (links && *links && device->links < CLAIMS_LINKS) {
		size_t length = strcspn(links, " ");

		if (length && length < sizeof(device->link[0]))
			snprintf(device->link[device->links++], sizeof(device->link[0]), "%.*s", (int)length, links);
		links += length + strspn(links + length, " ");
	}
}

static int find_directory(const struct access_places *places, const char *path, char *real, char *subsystem)
{
	char link[PATH_ROOM];
	bool whole = !strncmp(path, places->sys, strlen(places->sys)) && path[strlen(places->sys)] == '/';

	if (snprintf(link, sizeof(link), "%s%s", whole ? "" : places->sys, path) >= (int)sizeof(link))
		return -ENAMETOOLONG;
	if (!realpath(link, real))
		return errno == ENOENT ? -ENODEV : -errno;
	if (snprintf(link, sizeof(link), "%s/subsystem", real) >= (int)sizeof(link))
		return -ENAMETOOLONG;
	return realpath(link, subsystem) ? 0 : errno == ENOENT ? -ENODEV : -errno;
}

static int look(struct claims_device *device, const struct access_places *places, const char *path, char real[PATH_MAX])
{
	char subsystem[PATH_MAX];
	int error = find_directory(places, path, real, subsystem);

	memset(device, 0, sizeof(*device));
	if (error)
		return error;
	snprintf(device->subsystem, sizeof(device->subsystem), "%s", strrchr(subsystem, '/') + 1);
	snprintf(device->kernel, sizeof(device->kernel), "%s", strrchr(real, '/') + 1);
	read_node(device, places->dev, real);
	read_links(device);
	if (!strcmp(device->subsystem, "iio")) {
		read_line(real, "name", device->name, sizeof(device->name));
		read_line(real, "label", device->label, sizeof(device->label));
		read_channels(device, real);
	} else if (!strcmp(device->subsystem, "gpio")) {
		read_chip_label(device);
	} else if (!strcmp(device->subsystem, "input")) {
		read_line(real, "device/name", device->name, sizeof(device->name));
	} else if (strcmp(device->subsystem, "tty") && strcmp(device->subsystem, "leds") && strcmp(device->subsystem, "misc")) {
		return -ENOTSUP;
	}
	return 0;
}

int access_look(struct claims_device *device, const struct access_places *places, const char *path)
{
	char real[PATH_MAX];

	return look(device, places, path, real);
}

/* A configuration that the daemon would refuse names nothing. */
static bool file_claims(const char *file, const struct claims_device *device)
{
	struct config *config = malloc(sizeof(*config));
	FILE *nowhere = fopen("/dev/null", "we");
	bool claimed = false;

	if (config && nowhere) {
		config_defaults(config);
		claimed = !config_load(config, file, nowhere) && claims_device(config, device);
	}
	if (nowhere)
		fclose(nowhere);
	free(config);
	return claimed;
}

static bool any_claims(const struct access_places *places, const struct claims_device *device)
{
	char pattern[PATH_ROOM];
	bool claimed = false;
	glob_t found;

	if (places->file)
		return file_claims(places->file, device);
	snprintf(pattern, sizeof(pattern), "%s/*.conf", places->configurations);
	if (glob(pattern, 0, NULL, &found))
		return false;
	for (size_t i = 0; i < found.gl_pathc && !claimed; i++)
		claimed = file_claims(found.gl_pathv[i], device);
	globfree(&found);
	return claimed;
}

/*
 * A file that its owner may write to becomes the group's; one of the group's is given back.  `attribute`: its group may read it as before.
 * 1 changed, 0 not, or -errno.
 */
static int settle_file(const struct access_places *places, const char *path, bool give, bool attribute)
{
	struct stat status;
	mode_t mode;
	int fd = open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW), error = 0;
	char self[64];

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status)) {
		error = -errno;
	} else if (!S_ISLNK(status.st_mode) && !S_ISDIR(status.st_mode) && (give ? (status.st_mode & S_IWUSR) != 0 : status.st_gid == places->group)) {
		mode = status.st_mode & 07777;
		mode = give ? mode | S_IRGRP | S_IWGRP : mode & ~(mode_t)(attribute ? S_IWGRP : S_IRGRP | S_IWGRP);
		/* of a descriptor for a path alone, by its name in /proc: never what was put in its place meanwhile */
		snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
		error = fchownat(fd, "", (uid_t)-1, give ? places->group : places->before, AT_EMPTY_PATH) || chmod(self, mode) ? -errno : 1;
	}
	close(fd);
	return error;
}

static int settle_attributes(const struct access_places *places, const char *directory, const char *const *patterns, size_t n, bool give)
{
	int error = 0;

	for (size_t i = 0; i < n; i++) {
		char pattern[PATH_MAX + 64];
		glob_t found;

		snprintf(pattern, sizeof(pattern), "%s/%s", directory, patterns[i]);
		if (glob(pattern, 0, NULL, &found))
			continue;
		for (size_t k = 0; k < found.gl_pathc; k++) {
			int settled = settle_file(places, found.gl_pathv[k], give, true);

			error = error ? error : settled < 0 ? settled : 0;
		}
		globfree(&found);
	}
	return error;
}

/* As if the device came now: udev gives its node the group that the distribution's rules have for it, which they do at no other event. */
static void let_udev_settle(const char *directory)
{
	char path[PATH_MAX + 16];
	int fd;

	snprintf(path, sizeof(path), "%s/uevent", directory);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, "add", 3) != 3)
		fprintf(stderr, "dinmeterd: --grant %s: udev could not be told: %s\n", directory, strerror(errno));
	close(fd);
}

int access_settle(const struct access_places *places, const char *path)
{
	struct claims_device device;
	char real[PATH_MAX];
	int error = look(&device, places, path, real), failed = 0;
	bool give;

	if (error)
		return error;
	give = any_claims(places, &device);
	if (*device.node)
		error = settle_file(places, device.node, give, false);
	if (error == 1 && !give)
		let_udev_settle(real);
	error = error < 0 ? error : 0;
	if (!strcmp(device.subsystem, "iio"))
		failed = settle_attributes(places, real, iio_attributes, sizeof(iio_attributes) / sizeof(*iio_attributes), give);
	if (!strcmp(device.subsystem, "leds"))
		failed = settle_attributes(places, real, led_attributes, sizeof(led_attributes) / sizeof(*led_attributes), give);
	error = error ? error : failed;
	return error ? error : give;
}

int access_main(const char *file, const char *path)
{
	struct access_places places = { .sys = "/sys", .dev = "/dev", .configurations = SYSCONFDIR "/dinmeterd", .file = file };
	const struct group *group = getgrnam(GROUP);
	int ret;

	if (!group) {
		fprintf(stderr, "dinmeterd: --grant %s: there is no group '" GROUP "'\n", path);
		return 1;
	}
	places.group = group->gr_gid;
	ret = access_settle(&places, path);
	if (ret == -ENODEV)
		fprintf(stderr, "dinmeterd: --grant %s: no such device, or it went away again\n", path);
	if (ret == -ENODEV || ret >= 0)
		return 0;
	fprintf(stderr, "dinmeterd: --grant %s: %s\n", path, ret == -ENOTSUP ? "no device of a kind that the meter uses" : strerror(-ret));
	return 1;
}
