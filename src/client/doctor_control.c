/* The control socket: its directory, and the group that may use it. */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/doctor.h"

static const char part[] = "control";

static void check_group(struct doctor *doctor, const char *name)
{
	const struct group *group = getgrnam(name);

	if (!group && doctor->user.uid == 0) {
		doctor_say(doctor, DOCTOR_WARN, part, "control.group: there is no group \"%s\": only root may use the socket", name);
		doctor_mend(doctor, "groupadd --system %s; then start dinmeterd anew", name);
	} else if (!group) {
		doctor_say(doctor, DOCTOR_WARN, part, "control.group: there is no group \"%s\": only root and %s may use the socket", name,
			   doctor->user.name);
		doctor_mend(doctor, "groupadd --system %s && usermod -aG %s %s; then start dinmeterd anew", name, name, doctor->user.name);
	} else if (doctor->user.uid != 0 && !doctor_has_group(&doctor->user, group->gr_gid)) {
		doctor_say(doctor, DOCTOR_WARN, part, "control.group: %s is not in the group %s, and cannot give it the socket", doctor->user.name, name);
		doctor_mend(doctor, "usermod -aG %s %s; then start dinmeterd anew", name, doctor->user.name);
	}
}

void doctor_check_control(struct doctor *doctor)
{
	const char *path = doctor->config.control_socket, *slash = strrchr(path, '/');
	struct doctor_place place = { .part = part, .key = "control.socket", .mode = W_OK | X_OK, .made = PLACE_MADE };
	unsigned before = doctor->findings;

	if (!*path) {
		doctor_say(doctor, DOCTOR_OK, part, "no socket configured");
		return;
	}
	snprintf(place.path, sizeof(place.path), "%.*s", slash ? slash == path ? 1 : (int)(slash - path) : 1, slash ? path : ".");
	/* Where it answers it could. */
	if (!doctor->daemon_pid && !doctor_check_place(doctor, &place))
		return;
	if (*doctor->config.control_group)
		check_group(doctor, doctor->config.control_group);
	if (doctor->findings > before)
		return;
	if (*place.maker)
		doctor_say(doctor, DOCTOR_OK, part, "%s: not there yet, %s", place.path, place.maker);
	else
		doctor_say(doctor, DOCTOR_OK, part, "%s: %s may make it", path, doctor->user.name);
}
