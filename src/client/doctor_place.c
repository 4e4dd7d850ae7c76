/* A directory that the daemon writes: may it, is it there, who makes it? */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/doctor.h"

/* The path itself, else the first of the directories above it that is there. */
static void find_nearest(const char *path, char *nearest, size_t size, struct stat *status)
{
	char *slash;

	snprintf(nearest, size, "%s", path);
	while (stat(nearest, status) < 0) {
		slash = strrchr(nearest, '/');
		if (!slash || slash == nearest) {
			snprintf(nearest, size, "%s", *path == '/' ? "/" : ".");
			status->st_mode = S_IFDIR;
			return;
		}
		*slash = '\0';
	}
}

/* One of the system's or of a person, such as /run, /var/lib and /home/me: its rights are none of the meter's. */
static bool is_shared(const char *path)
{
	static const char *const roots[] = { "/", "/var/", "/usr/", "/home/" };

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
		if (!strncmp(path, roots[i], strlen(roots[i])) && !strchr(path + strlen(roots[i]), '/'))
			return true;
	return false;
}

static bool find_maker(struct doctor *doctor, struct doctor_place *place)
{
	const struct doctor_unit *service = &doctor->units.service;
	const char *below = place->path + strlen(place->there);
	int error = doctor_access(&doctor->user, place->there, W_OK | X_OK);

	below += *below == '/';
	if ((!error || error == -EROFS) && (place->made == PLACE_MADE_DEEP || (place->made == PLACE_MADE && !strchr(below, '/')))) {
		snprintf(place->maker, sizeof(place->maker), "%s may make it", doctor->user.name);
		return true;
	}
	if (doctor->of_service && doctor_unit_makes(service, place->path) && !doctor_unit_makes(service, place->there)) {
		snprintf(place->maker, sizeof(place->maker), "the service makes it at its start");
		return true;
	}
	doctor_say(doctor, DOCTOR_FAIL, place->part, "%s: %s: is not there, and %s may not make it", place->key, place->path, doctor->user.name);
	doctor_mend(doctor, "install -d -o %s -g %s -m 0750 %s", doctor->user.name, doctor_group(&doctor->user), place->path);
	return false;
}

static void say_denied(struct doctor *doctor, const struct doctor_place *place, int error)
{
	char mend[sizeof(place->path) + 400];

	if (is_shared(place->path))
		snprintf(mend, sizeof(mend), "install -d -o %s -g %s -m 0750 %s/dinmeterd; then %s there, in %s", doctor->user.name,
			 doctor_group(&doctor->user), place->path[1] ? place->path : "", place->key, doctor->file);
	else if (place->own)
		snprintf(mend, sizeof(mend), "chown -R %s: %s", doctor->user.name, place->path);
	doctor_say_denied(doctor, place->part, place->path, place->mode, error, is_shared(place->path) || place->own ? mend : NULL);
}

bool doctor_check_place(struct doctor *doctor, struct doctor_place *place)
{
	struct stat status;
	int error;

	place->maker[0] = '\0';
	if (doctor_say_forbidden(doctor, place->part, place->path))
		return false;
	find_nearest(place->path, place->there, sizeof(place->there), &status);
	if (!S_ISDIR(status.st_mode)) {
		doctor_say(doctor, DOCTOR_FAIL, place->part, "%s: %s is no directory", place->key, place->there);
		doctor_mend(doctor, "mv %s %s.old; or %s in %s", place->there, place->there, place->key, doctor->file);
		return false;
	}
	error = doctor_access(&doctor->user, place->path, place->mode);
	if (error == -ENOENT)
		return find_maker(doctor, place);
	/* of a read-only file system the room is told */
	if (!error || error == -EROFS)
		return true;
	say_denied(doctor, place, error);
	return false;
}
