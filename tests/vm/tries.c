/*
 * tries - tries what a taken-over meter might, and what a meter needs, and prints a line for each: its name, then "works", the name of an
 * error, or "killed".  Run by the service manager under the properties of the meter's unit, it shows what these forbid.
 *
 * Arguments: paths of devices, tried too, under their own names.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int result(long ret)
{
	return ret < 0 ? errno : 0;
}

static int try_open(const char *path, int flags)
{
	return result(open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600));
}

static int open_internet(void) { return result(socket(AF_INET, SOCK_STREAM, 0)); }
static int open_internet_6(void) { return result(socket(AF_INET6, SOCK_DGRAM, 0)); }
static int open_netlink(void) { return result(socket(AF_NETLINK, SOCK_RAW, 0)); }
static int open_unix(void) { return result(socket(AF_UNIX, SOCK_STREAM, 0)); }
static int read_home(void) { return try_open("/home/secret", O_RDONLY); }
static int write_system(void) { return try_open("/etc/dinmeterd-try", O_WRONLY | O_CREAT); }
static int write_temporary(void) { return try_open("/tmp/dinmeterd-try", O_WRONLY | O_CREAT); }
static int write_tunable(void) { return try_open("/proc/sys/kernel/printk", O_WRONLY); }
static int write_attribute(void) { return try_open("/sys/power/state", O_WRONLY); }
static int write_cgroup(void) { return try_open("/sys/fs/cgroup/cgroup.procs", O_WRONLY); }
static int write_state(void) { return try_open("/var/lib/dinmeterd/try", O_WRONLY | O_CREAT); }
static int write_shared_memory(void) { return try_open("/dev/shm/dinmeterd-try", O_RDWR | O_CREAT); }
static int read_locks(void) { return try_open("/proc/locks", O_RDONLY); }
static int enter_user_namespace(void) { return result(unshare(CLONE_NEWUSER)); }
static int enter_mount_namespace(void) { return result(unshare(CLONE_NEWNS)); }
static int mount_something(void) { return result(mount("none", "/mnt", "tmpfs", 0, NULL)); }
static int change_root(void) { return result(chroot("/")); }
static int change_name(void) { return result(sethostname("tried", 5)); }
static int load_module(void) { return result(syscall(SYS_init_module, "", 0ul, "")) == ENOEXEC ? 0 : errno; }
static int change_personality(void) { return result(personality(PER_LINUX32)); }
static int lock_memory(void) { return result(mlockall(MCL_CURRENT | MCL_FUTURE)); }

static int set_clock(void)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	return result(settimeofday(&now, NULL));
}

static int map_writable_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

static int make_code_of_data(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return result(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static int make_set_id_file(void)
{
	int fd = open("/var/lib/dinmeterd/try", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? errno : result(fchmod(fd, 04755));
}

static int be_in_time(void)
{
	struct sched_param param = { .sched_priority = 20 };

	return result(sched_setscheduler(0, SCHED_FIFO, &param));
}

static const struct {
	const char *name;
	int (*try)(void);
} tries[] = {
	{ "internet", open_internet }, { "internet-6", open_internet_6 }, { "netlink", open_netlink }, { "home", read_home },
	{ "system", write_system }, { "tunable", write_tunable }, { "attribute", write_attribute }, { "cgroup", write_cgroup },
	{ "user-namespace", enter_user_namespace }, { "mount-namespace", enter_mount_namespace }, { "mount", mount_something },
	{ "root", change_root }, { "hostname", change_name }, { "module", load_module }, { "personality", change_personality },
	{ "clock", set_clock }, { "writable-code", map_writable_code }, { "code-of-data", make_code_of_data },
	{ "set-id-file", make_set_id_file },
	{ "unix", open_unix }, { "temporary", write_temporary }, { "state", write_state }, { "shared-memory", write_shared_memory },
	{ "locks", read_locks }, { "memory-lock", lock_memory }, { "real-time", be_in_time },
};

static void print(const char *name, int status)
{
	const char *error = WIFEXITED(status) ? strerrorname_np(WEXITSTATUS(status)) : NULL;

	if (!WIFEXITED(status))
		printf("%s killed\n", name);
	else if (!WEXITSTATUS(status))
		printf("%s works\n", name);
	else
		printf("%s %s\n", name, error ? error : "fails");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int n = (int)(sizeof(tries) / sizeof(*tries)), status;

	for (int i = 0; i < n + argc - 1; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return EXIT_FAILURE;
		if (!pid)
			_exit(i < n ? tries[i].try() : try_open(argv[i - n + 1], O_RDWR));
		if (waitpid(pid, &status, 0) != pid)
			return EXIT_FAILURE;
		print(i < n ? tries[i].name : argv[i - n + 1], status);
	}
	return EXIT_SUCCESS;
}
