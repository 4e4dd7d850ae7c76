/*
 * stall PID THREAD - stops one thread of a process, by its name, and holds it until one of the two is killed: as a thread does that hangs.
 * Prints "stalled" when it stands.  Exit status 1: there is no such thread, or it cannot be stopped.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* The id of the thread of that name, or -1. */
static pid_t find(const char *process, const char *thread)
{
	char path[64], name[32] = "";
	struct dirent *entry;
	pid_t found = -1;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%s/task", process);
	tasks = opendir(path);
	while (tasks && found < 0 && (entry = readdir(tasks)) != NULL) {
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%s/task/%.20s/comm", process, entry->d_name);
		file = *entry->d_name == '.' ? NULL : fopen(path, "r");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) && !strncmp(name, thread, strlen(thread)) && name[strlen(thread)] == '\n')
			found = (pid_t)strtol(entry->d_name, NULL, 10);
		fclose(file);
	}
	if (tasks)
		closedir(tasks);
	return found;
}

int main(int argc, char **argv)
{
	pid_t thread = argc == 3 ? find(argv[1], argv[2]) : -1;
	int status;

	if (thread < 0) {
		fprintf(stderr, "usage: stall PID THREAD, of a thread that is there\n");
		return 1;
	}
	if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) || ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) ||
	    waitpid(thread, &status, __WALL) < 0) {
		fprintf(stderr, "stall: %s: %s\n", argv[2], strerror(errno));
		return 1;
	}
	puts("stalled");
	fflush(stdout);
	/* a thread that is killed is gone only when it was waited for */
	while (waitpid(thread, &status, __WALL) == thread && !WIFEXITED(status) && !WIFSIGNALED(status))
		;
	return 0;
}
