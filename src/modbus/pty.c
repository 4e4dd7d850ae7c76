#include "modbus/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "daemon/log.h"
#include "modbus/lock.h"

#define LEAVE_MS 1	/* a user who closes is told of a little before he has left */

static int complain(bool quiet, const char *link, int error, const char *what)
{
	if (!quiet)
		log_error("modbus: %s: %s: %s", link, what, strerror(-error));
	return error;
}

static int make_raw(int fd)
{
	struct termios tios;

	if (tcgetattr(fd, &tios) < 0)
		return -errno;
	cfmakeraw(&tios);
	tios.c_cflag |= CLOCAL;
	return tcsetattr(fd, TCSANOW, &tios) < 0 ? -errno : 0;
}

static int open_pair(struct pty *pty)
{
	int error;

	pty->far = -1;
	pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (pty->master < 0)
		return -errno;
	if (grantpt(pty->master) < 0 || unlockpt(pty->master) < 0) {
		error = -errno;
		goto fail;
	}
	error = -ptsname_r(pty->master, pty->name, sizeof(pty->name));
	if (error)
		goto fail;
	pty->far = open(pty->name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (pty->far < 0) {
		error = -errno;
		goto fail;
	}
	error = make_raw(pty->far);
	if (!error)
		error = lock_take(pty->far);
	if (!error)
		return 0;
	close(pty->far);
fail:
	close(pty->master);
	return error;
}

/* Reads a symbolic link; empty when there is none. */
static void read_link(const char *path, char target[256])
{
	ssize_t n = readlink(path, target, 255);

	target[n > 0 ? n : 0] = '\0';
}

int pty_check_link(const char *link)
{
	char target[256];
	struct stat st;

	if (lstat(link, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	read_link(link, target);
	return S_ISLNK(st.st_mode) && (strncmp(target, "/dev/pts/", 9) == 0 || access(link, F_OK) < 0) ? 0 : -EEXIST;
}

/* The link's name is ours already: what a link leads to has no living owner. */
static int check_link(const char *link, bool quiet)
{
	int error = pty_check_link(link);

	if (error && error != -EEXIST)
		return complain(quiet, link, error, "cannot look at it");
	if (error && !quiet)
		log_error("modbus: %s: exists and is not a link to a pseudo-terminal; it is left alone", link);
	return error;
}

/* The pseudo-terminal that a link leads to may be another process's by now: it is the link's own name that is taken. */
static int take_name(struct pty *pty, bool quiet)
{
	pid_t holder;

	pty->name_lock = lock_take_link(pty->link, &holder);
	if (pty->name_lock >= 0)
		return 0;
	if (pty->name_lock != -EBUSY)
		return complain(quiet, pty->link, pty->name_lock, "cannot make the link");
	if (!quiet && holder > 0)
		log_error("modbus: %s: in use by process %d", pty->link, (int)holder);
	else if (!quiet)
		log_error("modbus: %s: in use by another process", pty->link);
	return -EBUSY;
}

/* The link appears at once and whole: it is made beside its place and renamed. */
static int make_link(const struct pty *pty)
{
	char beside[sizeof(pty->link) + 16];

	snprintf(beside, sizeof(beside), "%s.%d", pty->link, (int)getpid());
	if (symlink(pty->name, beside) < 0)
		return -errno;
	if (rename(beside, pty->link) < 0) {
		int error = -errno;

		unlink(beside);
		return error;
	}
	return 0;
}

static void start_watch(struct pty *pty)
{
	pty->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (pty->watch >= 0 && inotify_add_watch(pty->watch, pty->name, IN_CLOSE) < 0) {
		close(pty->watch);
		pty->watch = -1;
	}
}

static bool closes_seen(struct pty *pty)
{
	_Alignas(struct inotify_event) char events[4096];
	bool seen = false;

	while (read(pty->watch, events, sizeof(events)) > 0)
		seen = true;
	return seen;
}

/*
 * Without our own hold on the far end the kernel tells whether anybody else has it open.  Should it not open again,
 * our end reports a hangup, and the port is made anew.
 */
static bool is_deserted(struct pty *pty)
{
	struct pollfd master = { .fd = pty->master };
	bool deserted;

	close(pty->far);
	/* That was our own; one that comes from here on is the next call's. */
	closes_seen(pty);
	deserted = poll(&master, 1, LEAVE_MS) > 0 && master.revents & POLLHUP;
	pty->far = open(pty->name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (pty->far >= 0)
		lock_take(pty->far);
	return deserted;
}

void pty_watch(struct pty *pty)
{
	if (closes_seen(pty) && is_deserted(pty))
		tcflush(pty->far, TCIFLUSH);
}

int pty_open(struct pty *pty, const char *link, bool quiet)
{
	int error;

	if (strlen(link) >= sizeof(pty->link) || link[0] == '\0')
		return complain(quiet, link, -EINVAL, "no usable path for a link");
	snprintf(pty->link, sizeof(pty->link), "%s", link);
	pty->link_missing = false;
	error = take_name(pty, quiet);
	if (error)
		return error;
	error = check_link(link, quiet);
	if (error)
		goto fail_name;
	error = open_pair(pty);
	if (error) {
		complain(quiet, link, error, "cannot make a pseudo-terminal");
		goto fail_name;
	}
	start_watch(pty);
	error = make_link(pty);
	if (!error)
		return 0;
	complain(quiet, link, error, "cannot make the link");
	if (pty->watch >= 0)
		close(pty->watch);
	close(pty->far);
	close(pty->master);
fail_name:
	close(pty->name_lock);
	return error;
}

void pty_look_after(struct pty *pty)
{
	char target[256];
	int error;

	read_link(pty->link, target);
	if (strcmp(target, pty->name) == 0)
		return;
	error = check_link(pty->link, pty->link_missing);
	if (!error) {
		error = make_link(pty);
		if (error)
			complain(pty->link_missing, pty->link, error, "was removed, and cannot be made anew");
		else
			log_warning("modbus: %s: was removed, is made anew", pty->link);
	}
	pty->link_missing = error != 0;
}

void pty_close(struct pty *pty)
{
	char target[256];

	read_link(pty->link, target);
	if (strcmp(target, pty->name) == 0)
		unlink(pty->link);
	if (pty->watch >= 0)
		close(pty->watch);
	if (pty->far >= 0)
		close(pty->far);
	close(pty->master);
	close(pty->name_lock);
}
