/*
 * Each system call that the sandbox denies, made outside and inside its filter with arguments that do nothing.
 */
#include <check.h>
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/sandbox.h"
#include "lib/check_main.h"

#define SKIPPED 77

static bool is_traced(void)
{
	struct sandbox_plan *plan = malloc(sizeof(*plan));
	struct config *config = malloc(sizeof(*config));
	bool traced;

	ck_assert(plan && config);
	config_defaults(config);
	sandbox_make_plan(plan, config, "", true);
	traced = plan->calls.traced;
	free(config);
	free(plan);
	return traced;
}

/* System calls, with what they do nothing for: outside they work, or fail with another error; inside: errno, or -signal. */

#define BAD (-1L)
#define DEVICE(type) ((type) | 0600)
/* nobody shares handlers of signals and no memory */
#define NEW(what) ((what) | CLONE_SIGHAND)

static const struct denied {
	const char *name;
	int inside;
	long argument[4];	/* the others are bad */
} denied[] = {
	{ "settimeofday", EPERM, { BAD, BAD } }, { "stime", EPERM, { BAD } }, { "clock_settime", EPERM, { 0, BAD } },
	{ "clock_settime64", EPERM, { 0, BAD } }, { "clock_adjtime", EPERM, { 0, BAD } }, { "clock_adjtime64", EPERM, { 0, BAD } },
	{ "adjtimex", EPERM, { BAD } },
	{ "setuid", EPERM, { BAD } }, { "setgid", EPERM, { BAD } }, { "setreuid", EPERM, { BAD, BAD } }, { "setregid", EPERM, { BAD, BAD } },
	{ "setresuid", EPERM, { BAD, BAD, BAD } }, { "setresgid", EPERM, { BAD, BAD, BAD } }, { "setgroups", EPERM, { BAD, BAD } },
	{ "setfsuid", EPERM, { BAD } }, { "setfsgid", EPERM, { BAD } },
	{ "setuid32", EPERM, { BAD } }, { "setgid32", EPERM, { BAD } }, { "setreuid32", EPERM, { BAD, BAD } },
	{ "setregid32", EPERM, { BAD, BAD } }, { "setresuid32", EPERM, { BAD, BAD, BAD } }, { "setresgid32", EPERM, { BAD, BAD, BAD } },
	{ "setgroups32", EPERM, { BAD, BAD } }, { "setfsuid32", EPERM, { BAD } }, { "setfsgid32", EPERM, { BAD } },
	{ "capset", EPERM, { BAD, BAD } },
	{ "io_uring_setup", ENOSYS, { 0, BAD } }, { "io_uring_enter", ENOSYS, { BAD } }, { "io_uring_register", ENOSYS, { BAD } },
	{ "fanotify_init", EPERM, { 0x200 /* FAN_REPORT_FID */ } }, { "fanotify_mark", EPERM, { BAD } },
	{ "move_pages", EPERM, { 0 } }, { "migrate_pages", EPERM, { 0 } },
	{ "personality", EPERM, { 0xFFFFFFFF } },
	{ "clone3", ENOSYS, { BAD } },
	{ "mprotect", EPERM, { 0, 0, PROT_EXEC } }, { "pkey_mprotect", EPERM, { 0, 0, PROT_EXEC, BAD } },
	{ "mmap", -SIGSYS, { 0, 0, PROT_WRITE | PROT_EXEC } }, { "mmap2", -SIGSYS, { 0, 0, PROT_WRITE | PROT_EXEC } },
	{ "shmat", -SIGSYS, { BAD, 0, 0100000 /* SHM_EXEC */ } },
	{ "ioctl", EPERM, { BAD, TIOCSTI } },
	{ "mknod", EPERM, { 0, DEVICE(S_IFCHR) } }, { "mknod", EPERM, { 0, DEVICE(S_IFBLK) } },
	{ "mknodat", EPERM, { BAD, 0, DEVICE(S_IFCHR) } }, { "mknodat", EPERM, { BAD, 0, DEVICE(S_IFBLK) } },
	{ "chmod", EPERM, { 0, 04700 } }, { "chmod", EPERM, { 0, 02700 } }, { "fchmod", EPERM, { BAD, 04700 } },
	{ "fchmod", EPERM, { BAD, 02700 } }, { "fchmodat", EPERM, { BAD, 0, 04700 } }, { "fchmodat", EPERM, { BAD, 0, 02700 } },
	{ "fchmodat2", EPERM, { BAD, 0, 04700 } }, { "fchmodat2", EPERM, { BAD, 0, 02700 } },
	{ "clone", -SIGSYS, { NEW(CLONE_NEWNS) } }, { "clone", -SIGSYS, { NEW(CLONE_NEWCGROUP) } }, { "clone", -SIGSYS, { NEW(CLONE_NEWUTS) } },
	{ "clone", -SIGSYS, { NEW(CLONE_NEWIPC) } }, { "clone", -SIGSYS, { NEW(CLONE_NEWUSER) } }, { "clone", -SIGSYS, { NEW(CLONE_NEWPID) } },
	{ "clone", -SIGSYS, { NEW(CLONE_NEWNET) } },
};

/* Whatever they are given. */
static const char *const deadly[] = {
	"mount", "umount", "umount2", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "pivot_root",
	"chroot", "open_by_handle_at", "acct", "quotactl", "quotactl_fd", "swapon", "swapoff",
	"init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "bpf", "iopl", "ioperm",
	"perf_event_open", "userfaultfd", "modify_ldt", "syslog", "sethostname", "setdomainname", "vhangup",
	"unshare", "setns", "add_key", "request_key", "keyctl",
};
static const char *const deadly_unless_traced[] = {
	"execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd",
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define CALLS (COUNT(denied) + COUNT(deadly) + COUNT(deadly_unless_traced))

static struct denied call_number(size_t i)
{
	if (i < COUNT(denied))
		return denied[i];
	i -= COUNT(denied);
	return (struct denied){ i < COUNT(deadly) ? deadly[i] : deadly_unless_traced[i - COUNT(deadly)], -SIGSYS, { BAD, BAD, BAD, BAD } };
}

/* In a process of its own: what vhangup hangs up is no terminal of anybody's. */
static int outcome_of_call(const struct denied *call)
{
	const long *a = call->argument;
	pid_t pid = fork();
	int status;

	if (!pid) {
		setsid();
		_exit(syscall(seccomp_syscall_resolve_name(call->name), a[0], a[1], a[2], a[3], BAD, BAD) < 0 ? errno : 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Inside the filter, without what else forbids. */
static void make_calls(int *outcomes, bool inside)
{
	struct sandbox_calls calls = { .traced = is_traced() };
	pid_t pid = fork();
	int status;

	ck_assert(pid >= 0);
	if (!pid) {
		if (inside && sandbox_seccomp_enter(&calls))
			_exit(1);
		for (size_t i = 0; i < CALLS; i++) {
			struct denied call = call_number(i);

			outcomes[i] = outcome_of_call(&call);
		}
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

START_TEST(each_call_that_is_denied_fails_inside_and_by_that_alone)
{
	const size_t size = 2 * CALLS * sizeof(int);
	int *outside = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *inside = outside + CALLS;
	unsigned failed = 0;

	ck_assert_ptr_ne(outside, MAP_FAILED);
	make_calls(outside, false);
	make_calls(inside, true);
	for (size_t i = 0; i < CALLS; i++) {
		struct denied call = call_number(i);

		/* not of this architecture, or not known to libseccomp */
		if (seccomp_syscall_resolve_name(call.name) < 0)
			continue;
		if (i >= COUNT(denied) + COUNT(deadly) && is_traced())
			printf("not tried, as a sanitizer needs it: %s\n", call.name);
		else if (outside[i] == call.inside)
			printf("not tried, as it fails alike outside: %s\n", call.name);
		else if (inside[i] != call.inside)
			failed += printf("%s, call %zu: got %d inside, must be %d\n", call.name, i, inside[i], call.inside) > 0;
	}
	fflush(stdout);
	munmap(outside, size);
	ck_assert_uint_eq(failed, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sandbox calls");
	TCase *tests = tcase_create("sandbox calls");

	if (prctl(PR_GET_SECCOMP) < 0) {
		printf("cannot run: this kernel has no seccomp\n");
		return SKIPPED;
	}
	tcase_add_test(tests, each_call_that_is_denied_fails_inside_and_by_that_alone);
	suite_add_tcase(suite, tests);
	return check_main_run(suite);
}
