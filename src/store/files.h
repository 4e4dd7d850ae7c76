/*
 * files - the store's directory: making it, its lock, names, setting files aside, and whether one is still what it was.
 */
#ifndef STORE_FILES_H
#define STORE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#define FILES_PATH_MAX 512
#define FILES_GENERATIONS 2

/* The directory as messages and the handover name it, whatever the working directory is.  0 or -errno; -ENAMETOOLONG. */
int files_get_absolute(const char *directory, char absolute[FILES_PATH_MAX]);

/* DIRECTORY/state.N.db */
void files_get_path(const char *directory, unsigned generation, char path[FILES_PATH_MAX]);

/* Makes the directory (0750) when it is missing.  0 or -errno. */
int files_make_directory(const char *directory);

/*
 * Takes DIRECTORY/lock, which then holds our process id.  An fd that holds it, or -errno; -EBUSY: another process has it, *pid
 * (0 = not told).  With `may_create` false a missing file is -ENOENT.
 */
int files_lock(const char *directory, bool may_create, pid_t *pid);

/* Is the lock that `fd` holds still the one that others would find? */
bool files_lock_stands(const char *directory, int fd);

/* Makes a directory of mode 0700 inside, by root given to whoever owns the outer one.  0 or -errno. */
int files_make_inside(const char *directory, const char *path);

/* May this process keep a state in the file, is it its own?  0, -EPERM owned by somebody else, or what opening it gave. */
int files_check_owner(const char *path);

/* A new empty file of mode 0600, by root given to whoever owns the directory.  0 or -errno; -EEXIST. */
int files_create(const char *directory, const char *path);

/* Makes what happened to names in the directory survive a power cut.  0 or -errno. */
int files_sync_directory(const char *directory);

/*
 * Renames PATH, PATH-wal, PATH-shm and PATH-journal to PATH.WHY-YYYYMMDDTHHMMSSZ.. (UTC), with -2, -3 .. behind it where that exists.
 * Nothing is overwritten.  `name`: the new name of PATH without its directory.  0 (also when there is no such file), or -errno.
 */
int files_set_aside(const char *directory, const char *path, const char *why, char *name, size_t size);

/* Undoes that: DIRECTORY/NAME and what belongs to it gets the name PATH again.  0 (also when there is no such file), or -errno. */
int files_put_back(const char *directory, const char *name, const char *path);

/* Renames without overwriting.  0 or -errno; -EEXIST. */
int files_rename(const char *from, const char *to);

/* What a file was when it was last looked at. */
struct files_print {
	bool exists;
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
};

void files_take_print(const char *path, struct files_print *print);
bool files_same_print(const struct files_print *a, const struct files_print *b);

#endif
