/*
 * tries - tries what a taken-over meter might, and what a meter needs, and prints a line for each: its name, then "works", the name of an
 * error, or "killed".  Run by the service manager under the properties of the meter's unit, it shows what these forbid.
 *
 * Arguments: paths of devices, tried too, under their own names; or "--only" and what alone is tried, names and paths.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
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
static int write_var(void) { return try_open("/var/dinmeterd-try", O_WRONLY | O_CREAT); }
static int read_others_temporary(void) { return try_open("/tmp/secret", O_RDONLY); }
static int find_first_process(void) { return result(access("/proc/1", F_OK)); }
static int gain_rights(void) { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) ? EPERM : 0; }
static int be_traced(void) { return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL)); }
static int make_keyring(void) { return result(syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, NULL)); }
static int change_user(void) { return result(syscall(SYS_setuid, getuid())); }
static int chown_file(void) { return result(fchown(open("/dev/shm", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600), (uid_t)-1, (gid_t)-1)); }
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
	int fd = open("/dev/shm", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	return fd < 0 ? errno : result(fchmod(fd, 04755));
}

static int be_in_time(void)
{
	struct sched_param param = { .sched_priority = 20 };

	return result(sched_setscheduler(0, SCHED_FIFO, &param));
}

static int make_namespace(void)
{
	static const int kinds[] = { CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!unshare(kinds[i]))
			return 0;
	return errno;
}

/* Fails where the process has such a namespace of its own, apart from the first process. */
static int share_namespace(const char *kind)
{
	char path[64];
	struct stat own, first;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	if (stat(path, &own))
		return errno;
	snprintf(path, sizeof(path), "/proc/1/ns/%s", kind);
	if (stat(path, &first))
		return errno;
	return own.st_ino == first.st_ino ? 0 : EXDEV;
}

static int share_mounts(void) { return share_namespace("mnt"); }
static int share_network(void) { return share_namespace("net"); }

static int send_to_itself(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? errno : result(sendto(fd, "", 1, 0, (const struct sockaddr *)&address, sizeof(address)));
}

/* By the gate of 32-bit programs. */
static int call_by_other_gate(void)
{
#ifdef __x86_64__
	long ret = 20;		/* getpid */

	__asm__ volatile("int $0x80" : "+a"(ret) : : "memory", "r8", "r9", "r10", "r11");
	return ret < 0 ? (int)-ret : 0;
#else
	return ENOSYS;
#endif
}

static int read_kernel_log(void)
{
	char text[64];

	return result(klogctl(3 /* SYSLOG_ACTION_READ_ALL */, text, sizeof(text)));
}

static int map_shared_code(void)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600), error;

	if (id < 0)
		return errno;
	error = shmat(id, NULL, SHM_EXEC) == (void *)-1 ? errno : 0;
	shmctl(id, IPC_RMID, NULL);
	return error;
}

static int prepare_calls(void)
{
	unsigned long context = 0;

	return result(syscall(SYS_io_setup, 1, &context));
}

/* Names no file, which only who may do it is told. */
static int swap(void)
{
	return swapon("/nowhere", 0) && errno == ENOENT ? 0 : errno;
}

static int have_capability(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return errno;
	return data[0].permitted || data[1].permitted ? 0 : EPERM;
}

static int let_others(const struct stat *status)
{
	return status->st_mode & 07 ? 0 : EACCES;
}

static int make_file_for_all(void)
{
	int fd = open("/dev/shm", O_RDWR | O_TMPFILE | O_CLOEXEC, 0666);
	struct stat status;

	return fd < 0 || fstat(fd, &status) ? errno : let_others(&status);
}

/* One that the service manager has made, whose path it tells. */
static int show_directory(const char *variable)
{
	const char *path = getenv(variable);
	struct stat status;

	return !path ? ENOENT : stat(path, &status) ? errno : let_others(&status);
}

static int show_state(void) { return show_directory("STATE_DIRECTORY"); }
static int show_run(void) { return show_directory("RUNTIME_DIRECTORY"); }
static int show_configuration(void) { return show_directory("CONFIGURATION_DIRECTORY"); }

static const struct {
	const char *name;
	int (*try)(void);
} tries[] = {
	{ "internet", open_internet }, { "internet-6", open_internet_6 }, { "netlink", open_netlink }, { "home", read_home },
	{ "system", write_system }, { "tunable", write_tunable }, { "attribute", write_attribute }, { "cgroup", write_cgroup },
	{ "user-namespace", enter_user_namespace }, { "mount-namespace", enter_mount_namespace }, { "mount", mount_something },
	{ "root", change_root }, { "hostname", change_name }, { "module", load_module }, { "personality", change_personality },
	{ "clock", set_clock }, { "writable-code", map_writable_code }, { "code-of-data", make_code_of_data },
	{ "set-id-file", make_set_id_file }, { "var", write_var }, { "others-temporary", read_others_temporary },
	{ "first-process", find_first_process }, { "new-rights", gain_rights }, { "any-capability", have_capability },
	{ "tracing", be_traced }, { "keys", make_keyring }, { "other-user", change_user }, { "any-namespace", make_namespace },
	{ "host-mounts", share_mounts }, { "host-network", share_network }, { "datagram", send_to_itself },
	{ "other-gate", call_by_other_gate }, { "kernel-log", read_kernel_log }, { "shared-code", map_shared_code },
	{ "prepared-calls", prepare_calls }, { "swap", swap }, { "file-for-all", make_file_for_all }, { "state-for-all", show_state },
	{ "run-for-all", show_run }, { "configuration-for-all", show_configuration },
	{ "unix", open_unix }, { "temporary", write_temporary }, { "state", write_state }, { "shared-memory", write_shared_memory },
	{ "locks", read_locks }, { "owner", chown_file }, { "memory-lock", lock_memory }, { "real-time", be_in_time },
};

#define TRIES ((int)(sizeof(tries) / sizeof(*tries)))

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

/* Of a name that is none of the table's, as of a device's path: its number is that of no try. */
static int find(const char *name)
{
	int i = 0;

	while (i < TRIES && strcmp(tries[i].name, name))
		i++;
	return i;
}

static bool run(int i, const char *name)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return false;
	if (!pid)
		_exit(i < TRIES ? tries[i].try() : try_open(name, O_RDWR));
	if (waitpid(pid, &status, 0) != pid)
		return false;
	print(name, status);
	return true;
}

int main(int argc, char **argv)
{
	bool only = argc > 1 && !strcmp(argv[1], "--only"), done = true;

	for (int i = 0; i < TRIES && !only && done; i++)
		done = run(i, tries[i].name);
	for (int i = 1 + only; i < argc && done; i++)
		done = run(find(argv[i]), argv[i]);
	return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
