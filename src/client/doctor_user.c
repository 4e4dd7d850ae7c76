/* Who the daemon is, and what that user may. */
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/doctor.h"
#include "daemon/monotonic.h"

#define ACCESS_LIMIT_S 10

bool doctor_has_group(const struct doctor_user *user, gid_t group)
{
	for (int i = 0; i < user->groups; i++)
		if (user->group[i] == group)
			return true;
	return false;
}

const char *doctor_group(const struct doctor_user *user)
{
	static char number[16];
	const struct group *group = getgrgid(user->gid);

	snprintf(number, sizeof(number), "%u", (unsigned)user->gid);
	return group ? group->gr_name : number;
}

static void add_group(struct doctor_user *user, gid_t group)
{
	if (user->groups < DOCTOR_GROUPS && !doctor_has_group(user, group))
		user->group[user->groups++] = group;
}

/* Groups that the service adds, by name or number. */
static void add_groups(struct doctor_user *user, const char *names)
{
	while (*names) {
		size_t length = strcspn(names, " ");
		char name[64];
		struct group *group;

		snprintf(name, sizeof(name), "%.*s", (int)length, names);
		group = length ? getgrnam(name) : NULL;
		if (group)
			add_group(user, group->gr_gid);
		names += length + (names[length] == ' ');
	}
}

void doctor_prepare_user(struct doctor_user *user)
{
	user->tried = geteuid() == 0 || (geteuid() == user->uid && getuid() == user->uid);
}

static void take_caller(struct doctor_user *user)
{
	struct passwd *entry = getpwuid(geteuid());

	user->uid = geteuid();
	user->gid = getegid();
	snprintf(user->name, sizeof(user->name), "%s", entry ? entry->pw_name : "of no name");
	user->groups = getgroups(DOCTOR_GROUPS, user->group);
	if (user->groups < 0)
		user->groups = 0;
	add_group(user, user->gid);
}

static void take_entry(struct doctor_user *user, const struct passwd *entry)
{
	int n = DOCTOR_GROUPS;

	user->uid = entry->pw_uid;
	user->gid = entry->pw_gid;
	snprintf(user->name, sizeof(user->name), "%s", entry->pw_name);
	if (getgrouplist(entry->pw_name, entry->pw_gid, user->group, &n) < 0)
		n = DOCTOR_GROUPS;
	user->groups = n;
}

static void say_user(struct doctor *doctor)
{
	const struct doctor_user *user = &doctor->user;

	if (user->tried) {
		doctor_say(doctor, DOCTOR_OK, "user", "%s (uid %u): what it may is tried as this user", user->name, (unsigned)user->uid);
		return;
	}
	doctor_say(doctor, DOCTOR_WARN, "user", "%s (uid %u): what it may is judged by owner, group and mode alone, "
		   "and other users' processes are not seen", user->name, (unsigned)user->uid);
	doctor_mend(doctor, "sudo dinmeter doctor");
}

int doctor_find_user(struct doctor *doctor, const char *name)
{
	struct doctor_user *user = &doctor->user;
	const struct doctor_unit *service = &doctor->units.service;
	const char *wanted = name ? name : *service->user ? service->user : "dinmeter";
	struct passwd *entry = getpwnam(wanted);

	if (entry)
		take_entry(user, entry);
	else if (name)
		return -ENOENT;
	else
		take_caller(user);
	add_groups(user, service->groups);
	doctor_prepare_user(user);
	say_user(doctor);
	if (!entry) {
		doctor_say(doctor, DOCTOR_WARN, "user", "there is no user \"%s\", which the service runs as: judged for %s instead", wanted,
			   user->name);
		doctor_mend(doctor, "systemd-sysusers");
	}
	return 0;
}

/* In the process of its own. */
static int become(const struct doctor_user *user)
{
	if (geteuid() != 0 || user->uid == 0)
		return 0;
	if (setgroups((size_t)user->groups, user->group) || setresgid(user->gid, user->gid, user->gid) ||
	    setresuid(user->uid, user->uid, user->uid))
		return -errno;
	return 0;
}

/* Its end shows as the end of the pipe that it alone holds. */
static bool await_end(int fd, unsigned limit_s)
{
	int64_t until_ns = monotonic_ns() + limit_s * INT64_C(1000000000), left_ns;
	struct pollfd slot = { .fd = fd, .events = POLLIN };

	while ((left_ns = until_ns - monotonic_ns()) > 0) {
		int ready = poll(&slot, 1, (int)(left_ns / 1000000) + 1);

		if (ready > 0)
			return true;
		if (ready < 0 && errno != EINTR)
			return false;
	}
	return false;
}

static int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

int doctor_run(const struct doctor_user *user, int (*function)(void *context), void *context, unsigned limit_s)
{
	int end[2], error;
	bool ended;
	pid_t pid;

	if (pipe(end) < 0)
		return -errno;
	/* else what is in the buffers would be written twice */
	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		error = -errno;
		close(end[0]);
		close(end[1]);
		return error;
	}
	if (pid == 0) {
		close(end[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		error = become(user);
		_exit(-(error ? error : function(context)) & 0xff);
	}
	close(end[1]);
	ended = await_end(end[0], limit_s);
	close(end[0]);
	if (!ended)
		kill(pid, SIGKILL);
	error = reap(pid);
	return ended ? error : -ETIMEDOUT;
}

struct question {
	const char *path;
	int mode;
};

static int ask_kernel(void *context)
{
	const struct question *question = context;

	return access(question->path, question->mode) ? -errno : 0;
}

/* One class of rights decides, as in the kernel: the owner's, else the group's, else everybody's. */
static int judge_mode(const struct doctor_user *user, const struct stat *status, int mode)
{
	unsigned have;

	if (user->uid == 0)
		return 0;
	have = status->st_uid == user->uid ? status->st_mode >> 6 : doctor_has_group(user, status->st_gid) ? status->st_mode >> 3 : status->st_mode;
	return ((unsigned)mode & ~have & 7) ? -EACCES : 0;
}

int doctor_access(const struct doctor_user *user, const char *path, int mode)
{
	struct question question = { path, mode };
	struct stat status;

	if (user->tried)
		return geteuid() == user->uid ? ask_kernel(&question) : doctor_run(user, ask_kernel, &question, ACCESS_LIMIT_S);
	if (stat(path, &status) < 0)
		return -errno;
	return judge_mode(user, &status, mode);
}

void doctor_describe_mode(const char *path, char *text, size_t size)
{
	static const char letters[] = "rwxrwxrwx";
	struct stat status;
	struct passwd *owner;
	struct group *group;
	char mode[10] = "", uid[16], gid[16];

	snprintf(text, size, "?");
	if (stat(path, &status) < 0)
		return;
	for (int i = 0; i < 9; i++)
		mode[i] = (status.st_mode & (1u << (8 - i))) ? letters[i] : '-';
	owner = getpwuid(status.st_uid);
	group = getgrgid(status.st_gid);
	snprintf(uid, sizeof(uid), "%u", (unsigned)status.st_uid);
	snprintf(gid, sizeof(gid), "%u", (unsigned)status.st_gid);
	snprintf(text, size, "%s %s %s", mode, owner ? owner->pw_name : uid, group ? group->gr_name : gid);
}

/* The first directory above the path that the user may not pass. */
static bool find_barrier(const struct doctor_user *user, const char *path, char *barrier, size_t size)
{
	for (const char *slash = *path ? strchr(path + 1, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
		snprintf(barrier, size, "%.*s", (int)(slash - path), path);
		if (doctor_access(user, barrier, X_OK) == -EACCES)
			return true;
	}
	return false;
}

/* root's group is no answer, and one that may not either would not help. */
static const struct group *find_group(const struct doctor_user *user, const struct stat *status, int mode)
{
	unsigned bits = (unsigned)mode << 3;

	if (status->st_gid == 0 || (status->st_mode & bits) != bits || doctor_has_group(user, status->st_gid))
		return NULL;
	return getgrgid(status->st_gid);
}

/* What a configuration of its directory names the udev rules give; of another a group may be joined. */
static bool is_given(const struct doctor *doctor, const char *path, int mode)
{
	static const char directory[] = SYSCONFDIR "/dinmeterd/";
	struct stat status;

	if (strncmp(path, "/dev/", 5) != 0 && strncmp(path, "/sys/", 5) != 0)
		return false;
	return !strncmp(doctor->file, directory, strlen(directory)) || stat(path, &status) < 0 || !find_group(&doctor->user, &status, mode);
}

static void mend_rights(struct doctor *doctor, const char *path, int mode)
{
	const struct doctor_user *user = &doctor->user;
	const struct group *group;
	struct stat status;
	char change[64] = "";

	if (stat(path, &status) < 0) {
		doctor_mend(doctor, "namei -l %s shows why", path);
		return;
	}
	group = find_group(user, &status, mode);
	if (group) {
		doctor_mend(doctor, "usermod -aG %s %s; then start dinmeterd anew", group->gr_name, user->name);
		return;
	}
	if (status.st_uid != user->uid && !doctor_has_group(user, status.st_gid))
		snprintf(change, sizeof(change), "chgrp %.40s ", doctor_group(user));
	doctor_mend(doctor, "%s%s%schmod %c+%s%s%s %s", change, *change ? path : "", *change ? " && " : "", status.st_uid == user->uid ? 'u' : 'g',
		    (mode & R_OK) ? "r" : "", (mode & W_OK) ? "w" : "", (mode & X_OK) ? "x" : "", path);
}

void doctor_say_denied(struct doctor *doctor, const char *part, const char *path, int mode, int error, const char *mend)
{
	const char *what = (mode & W_OK) ? (mode & R_OK) ? "read and write" : "write" : (mode & R_OK) ? "read" : "enter";
	char barrier[DOCTOR_PATH], is[128];
	bool barred = error == -EACCES && find_barrier(&doctor->user, path, barrier, sizeof(barrier));

	doctor_describe_mode(barred ? barrier : path, is, sizeof(is));
	doctor_say(doctor, DOCTOR_FAIL, part, "%s: %s may not %s it: %s (%s%s%s)", path, doctor->user.name, what, strerror(-error),
		   barred ? barrier : "", barred ? " is " : "", is);
	if (barred)
		mend_rights(doctor, barrier, X_OK);
	else if (error == -EROFS)
		doctor_mend(doctor, "findmnt -T %s; mount -o remount,rw its target", path);
	else if (mend)
		doctor_mend(doctor, "%s", mend);
	else if (is_given(doctor, path, mode))
		doctor_mend(doctor, "udevadm control --reload && udevadm trigger, whose rules give what a configuration in " SYSCONFDIR
			    "/dinmeterd names to the group dinmeter");
	else
		mend_rights(doctor, path, mode);
}
