/* Which processes have a file or device open, out of /proc/PID/fd. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/doctor.h"

static bool is_same(const struct stat *a, const struct stat *b)
{
	if (S_ISCHR(a->st_mode) || S_ISBLK(a->st_mode))
		return (a->st_mode & S_IFMT) == (b->st_mode & S_IFMT) && a->st_rdev == b->st_rdev;
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool has_open(const char *proc, const char *pid, const struct stat *wanted)
{
	char path[DOCTOR_PATH];
	struct dirent *entry;
	bool found = false;
	DIR *directory;

	snprintf(path, sizeof(path), "%s/%s/fd", proc, pid);
	directory = opendir(path);
	while (directory && !found && (entry = readdir(directory))) {
		struct stat status;

		found = entry->d_name[0] != '.' && fstatat(dirfd(directory), entry->d_name, &status, 0) == 0 && is_same(&status, wanted);
	}
	if (directory)
		closedir(directory);
	return found;
}

unsigned doctor_find_holders(const struct doctor *doctor, const char *path, struct doctor_holder *holder, unsigned most)
{
	DIR *directory = opendir(doctor->paths.proc);
	struct dirent *entry;
	struct stat wanted;
	unsigned n = 0;

	if (directory && stat(path, &wanted) == 0)
		while ((entry = readdir(directory))) {
			char *end;
			long pid = strtol(entry->d_name, &end, 10);

			if (pid <= 0 || *end || pid == (long)getpid() || !has_open(doctor->paths.proc, entry->d_name, &wanted))
				continue;
			if (n < most) {
				holder[n].pid = (pid_t)pid;
				doctor_read(holder[n].name, sizeof(holder[n].name), "%s/%ld/comm", doctor->paths.proc, pid);
			}
			n++;
		}
	if (directory)
		closedir(directory);
	return n < most ? n : most;
}

bool doctor_is_ours(const struct doctor *doctor, pid_t pid)
{
	return pid == doctor->daemon_pid || (doctor->of_service && pid == doctor->units.service.pid);
}

bool doctor_find_rival(const struct doctor *doctor, const char *path, struct doctor_holder *rival)
{
	struct doctor_holder holder[16];
	unsigned n = doctor_find_holders(doctor, path, holder, 16);

	for (unsigned i = 0; i < n; i++)
		if (!doctor_is_ours(doctor, holder[i].pid)) {
			*rival = holder[i];
			return true;
		}
	return false;
}
