/* Where the meter keeps its state: the directory, its disk, and the memory that outlives a process. */
#include <errno.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "client/doctor.h"
#include "modbus/lock.h"
#include "store/files.h"

/* Two generations of a full log with their write-ahead logs, and a copy set aside, are some 6 MB. */
#define ROOM_LEAST_MB 8
#define ROOM_GOOD_MB 64
#define LIFE_WORN 9	/* of eMMC: 80 to 90 % of its life are used */

static const char disk[] = "disk", handover[] = "handover";

static bool is_in_memory(const char *path)
{
	struct statfs status;

	return statfs(path, &status) == 0 && (status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC);
}

static bool check_room(struct doctor *doctor, const char *part, const char *path)
{
	struct statvfs status;
	uint64_t mb;

	if (statvfs(path, &status) < 0) {
		doctor_say(doctor, DOCTOR_FAIL, part, "%s: %s", path, strerror(errno));
		doctor_mend(doctor, "findmnt -T %s shows its disk, dmesg what it says", path);
		return false;
	}
	if (status.f_flag & ST_RDONLY) {
		doctor_say(doctor, DOCTOR_FAIL, part, "%s: the file system is read-only: nothing is kept there", path);
		doctor_mend(doctor, "findmnt -T %s; mount -o remount,rw its target", path);
		return false;
	}
	mb = (uint64_t)status.f_bavail * status.f_frsize / 1000000;
	if (mb < ROOM_LEAST_MB || (status.f_files && !status.f_favail)) {
		doctor_say(doctor, DOCTOR_FAIL, part, "%s: %" PRIu64 " MB free%s, needs %d MB", path, mb,
			   status.f_files && !status.f_favail ? ", no inode" : "", ROOM_LEAST_MB);
		doctor_mend(doctor, "df -h %s; journalctl --vacuum-size=50M; apt-get clean", path);
		return false;
	}
	if (mb < ROOM_GOOD_MB) {
		doctor_say(doctor, DOCTOR_WARN, part, "%s: only %" PRIu64 " MB free", path, mb);
		doctor_mend(doctor, "df -h %s", path);
	}
	return true;
}

/* eMMC says in steps of a tenth how much of its life is used: "0x01 0x02", for its two kinds of cells. */
static void check_wear(struct doctor *doctor, const char *path)
{
	static const char *const places[] = { "device", "../device" };
	unsigned life_a = 0, life_b = 0;
	struct stat status;
	char life[32];

	if (stat(path, &status) < 0)
		return;
	for (size_t i = 0; i < 2; i++)
		if (doctor_read(life, sizeof(life), "%s/dev/block/%u:%u/%s/life_time", doctor->paths.sys, major(status.st_dev),
				minor(status.st_dev), places[i]) && sscanf(life, "%x %x", &life_a, &life_b) == 2)
			break;
	if (life_a < LIFE_WORN && life_b < LIFE_WORN)
		return;
	doctor_say(doctor, DOCTOR_WARN, disk, "%s: the flash says that %u %% of its life are used", path, 10 * (life_a > life_b ? life_a : life_b));
	doctor_mend(doctor, "dinmeter export-state -o meter.json, and another flash soon; a greater store.interval_s wears less");
}

/* The store opens its own files only: another user's are set aside. */
static void check_files(struct doctor *doctor, const char *path)
{
	struct stat status;

	for (unsigned generation = 0; generation < FILES_GENERATIONS; generation++) {
		char file[FILES_PATH_MAX];

		files_get_path(path, generation, file);
		if (lstat(file, &status) < 0 || doctor->user.uid == 0 || status.st_uid == doctor->user.uid)
			continue;
		doctor_say(doctor, DOCTOR_FAIL, disk, "%s: belongs to another user: the daemon would set it aside and begin without", file);
		doctor_mend(doctor, "chown %s: %s/state.*", doctor->user.name, path);
		return;
	}
}

static void check_lock(struct doctor *doctor, const char *path)
{
	char lock[FILES_PATH_MAX], mend[FILES_PATH_MAX + 80];
	pid_t holder;
	int error;

	if (snprintf(lock, sizeof(lock), "%s/lock", path) >= (int)sizeof(lock))
		return;
	/* to lock it, reading is enough */
	error = doctor_access(&doctor->user, lock, R_OK);
	if (error && error != -ENOENT) {
		snprintf(mend, sizeof(mend), "chown %s: %s", doctor->user.name, lock);
		doctor_say_denied(doctor, disk, lock, R_OK, error, mend);
		return;
	}
	holder = lock_holder(lock);
	if (holder <= 0 || doctor_is_ours(doctor, holder))
		return;
	doctor_say(doctor, DOCTOR_FAIL, disk, "%s: another dinmeterd, process %ld, keeps its state there", path, (long)holder);
	doctor_mend(doctor, "give each meter its own store.path");
}

static void check_state(struct doctor *doctor, const char *path)
{
	struct doctor_place place = { .part = disk, .key = "store.path", .mode = R_OK | W_OK | X_OK, .made = PLACE_MADE_DEEP, .own = true };
	unsigned before = doctor->findings;

	snprintf(place.path, sizeof(place.path), "%s", path);
	if (!doctor_check_place(doctor, &place) || !check_room(doctor, disk, place.there))
		return;
	if (is_in_memory(place.there)) {
		doctor_say(doctor, DOCTOR_WARN, disk, "%s: lies in memory: all energies are lost when the power fails", path);
		doctor_mend(doctor, "store.path: a directory on a disk");
	}
	if (!*place.maker) {
		check_files(doctor, path);
		check_lock(doctor, path);
	}
	check_wear(doctor, place.there);
	if (doctor->findings > before)
		return;
	if (*place.maker)
		doctor_say(doctor, DOCTOR_OK, disk, "%s: not there yet, %s", path, place.maker);
	else
		doctor_say(doctor, DOCTOR_OK, disk, "%s: %s may write it, there is room", path, doctor->user.name);
}

static void check_captures(struct doctor *doctor, const char *path)
{
	static const char part[] = "captures";
	struct doctor_place place = { .part = part, .key = "capture.path", .mode = W_OK | X_OK, .made = PLACE_MADE_DEEP };
	unsigned before = doctor->findings;

	snprintf(place.path, sizeof(place.path), "%s", path);
	if (!doctor_check_place(doctor, &place) || !check_room(doctor, part, place.there) || doctor->findings > before)
		return;
	if (*place.maker)
		doctor_say(doctor, DOCTOR_OK, part, "%s: not there yet, %s", path, place.maker);
	else
		doctor_say(doctor, DOCTOR_OK, part, "%s: %s may write there", path, doctor->user.name);
}

void doctor_check_disk(struct doctor *doctor)
{
	char captures[FILES_PATH_MAX + 16];

	check_state(doctor, doctor->config.store_path);
	if (!*doctor->config.capture.on_alerts)
		return;
	/* as the daemon does */
	snprintf(captures, sizeof(captures), "%s/captures", doctor->config.store_path);
	check_captures(doctor, *doctor->config.capture.path ? doctor->config.capture.path : captures);
}

void doctor_check_handover(struct doctor *doctor)
{
	const char *path = doctor->paths.shm;
	int error = doctor_access(&doctor->user, path, R_OK | W_OK | X_OK);

	if (!error && is_in_memory(path)) {
		doctor_say(doctor, DOCTOR_OK, handover, "%s: a killed daemon loses nothing", path);
		return;
	}
	doctor_say(doctor, DOCTOR_WARN, handover, "%s: %s: a killed daemon loses up to %d s of energy", path,
		   error ? strerror(-error) : "does not lie in memory", doctor->config.store_interval_s);
	doctor_mend(doctor, "mount -t tmpfs -o mode=1777 tmpfs %s", path);
}
