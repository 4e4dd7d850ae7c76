/*
 * Inside the sandbox: what the daemon needs goes on, what it must not do fails.  Each try is made twice, by a process without the
 * sandbox, which shows that it is the sandbox that forbids, and by one inside.  System calls by themselves are those of test_sandbox_calls.c.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/sandbox.h"
#include "lib/check_main.h"

#define SKIPPED 77

static char base[64] = "/tmp/dinmeterd-sandbox.XXXXXX";
static struct config config;
static char config_file[128];

static const char *in_base(const char *name)
{
	static char path[4][256];
	static unsigned next;
	char *place = path[next++ % 4];

	snprintf(place, sizeof(path[0]), "%s/%s", base, name);
	return place;
}

static int result(long ret)
{
	return ret < 0 ? errno : 0;
}

static int open_once(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600), error = result(fd);

	if (fd >= 0)
		close(fd);
	return error;
}

/* errno of a try in a process of its own, 0 = it worked; or -signal that ended it. */
static int outcome(int (*try)(void), bool inside)
{
	pid_t pid = fork();
	int status, error = -1;

	ck_assert(pid >= 0);
	if (!pid) {
		if (inside)
			sandbox_enter(&config, config_file, true);
		_exit(try() & 0xFF);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status))
		error = WEXITSTATUS(status);
	else if (WIFSIGNALED(status))
		error = -WTERMSIG(status);
	return error;
}

static int do_nothing(void)
{
	return 0;
}

/* A configuration without hardware, its files in directories of their own; beside them a file that is nobody's business. */
static void set_up(void)
{
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(base));
	ck_assert(!mkdir(in_base("conf"), 0755) && !mkdir(in_base("link"), 0755) && !mkdir(in_base("recordings"), 0755));
	config_defaults(&config);
	snprintf(config.adc.source, sizeof(config.adc.source), "comtrade");
	snprintf(config.adc.recording, sizeof(config.adc.recording), "%s", in_base("recordings/day.cfg"));
	snprintf(config.modbus.device, sizeof(config.modbus.device), "pty:%s", in_base("link/meter"));
	snprintf(config.store_path, sizeof(config.store_path), "%s", in_base("state"));
	snprintf(config.control_socket, sizeof(config.control_socket), "%s", in_base("run/control"));
	snprintf(config.capture.path, sizeof(config.capture.path), "%s", in_base("captures"));
	snprintf(config.capture.on_alerts, sizeof(config.capture.on_alerts), "all");
	snprintf(config_file, sizeof(config_file), "%s", in_base("conf/meter.conf"));
	for (int i = 0; i < 3; i++) {
		static const char *const files[] = { "secret", "conf/meter.conf", "recordings/day.cfg" };

		fd = open(in_base(files[i]), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		ck_assert_int_ge(fd, 0);
		close(fd);
	}
	ck_assert_int_eq(outcome(do_nothing, true), 0);
}

static void tear_down(void)
{
	pid_t pid = fork();

	if (!pid)
		execlp("rm", "rm", "-rf", base, (char *)NULL);
	waitpid(pid, NULL, 0);
	snprintf(base, sizeof(base), "/tmp/dinmeterd-sandbox.XXXXXX");
}

/* What is needed. */

static int use_state(void)
{
	char text[8] = "";
	int fd = open(in_base("state/a"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, "kept", 4) != 4 || fdatasync(fd) || pread(fd, text, 4, 0) != 4 || ftruncate(fd, 0) || close(fd))
		return errno;
	if (mkdir(in_base("state/aside"), 0700) || rename(in_base("state/a"), in_base("state/aside/b")) ||
	    unlink(in_base("state/aside/b")) || rmdir(in_base("state/aside")))
		return errno;
	return 0;
}

static int use_captures(void)
{
	int error = open_once(in_base("captures/x.dat"), O_WRONLY | O_CREAT);

	return error ? error : result(unlink(in_base("captures/x.dat")));
}

static int use_shared_memory(void)
{
	char path[64];
	int error;

	snprintf(path, sizeof(path), "/dev/shm/dinmeterd-sandbox-%d", (int)getpid());
	error = open_once(path, O_RDWR | O_CREAT);
	return error ? error : result(unlink(path));
}

static int make_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", config.control_socket);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) || chmod(address.sun_path, 0660) || listen(fd, 1))
		return errno;
	error = result(unlink(address.sun_path));
	close(fd);
	return error;
}

static int make_terminal(void)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), far;
	char name[64];

	if (fd < 0 || grantpt(fd) || unlockpt(fd) || ptsname_r(fd, name, sizeof(name)))
		return errno;
	far = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (far < 0 || symlink(name, in_base("link/beside")) || rename(in_base("link/beside"), in_base("link/meter")) ||
	    unlink(in_base("link/meter")))
		return errno;
	close(far);
	close(fd);
	return 0;
}

static int read_again(void)
{
	int error = open_once(config_file, O_RDONLY);

	return error ? error : open_once(in_base("recordings/day.cfg"), O_RDONLY);
}

static int look_at_process(void)
{
	int error = open_once("/proc/locks", O_RDONLY);

	if (!error)
		error = open_once("/proc/sys/kernel/random/boot_id", O_RDONLY);
	return error;
}

static void *name_itself(void *unused)
{
	(void)unused;
	pause();
	return NULL;
}

/* Threads are made by clone, as clone3 is refused, and named by another through /proc. */
static int start_thread(void)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, name_itself, NULL);

	if (!error)
		error = pthread_setname_np(thread, "named");
	return error;
}

/* The C library loads the modules of nsswitch.conf. */
static int find_group(void)
{
	errno = 0;
	return getgrnam("root") ? 0 : errno ? errno : ENOENT;
}

static const struct {
	const char *what;
	int (*try)(void);
} needed[] = {
	{ "the state directory", use_state }, { "captures", use_captures }, { "shared memory", use_shared_memory },
	{ "the control socket", make_socket }, { "a pseudo-terminal and its link", make_terminal },
	{ "configuration and recording", read_again }, { "locks and boot in /proc", look_at_process }, { "a thread and its name", start_thread },
	{ "a group", find_group },
};

START_TEST(what_the_daemon_needs_works_inside)
{
	ck_assert_msg(!outcome(needed[_i].try, false), "%s: cannot be tried here", needed[_i].what);
	ck_assert_int_eq(outcome(needed[_i].try, true), 0);
}
END_TEST

START_TEST(a_configuration_behind_a_symbolic_link_is_read_again)
{
	ck_assert(!mkdir(in_base("kept"), 0755));
	ck_assert(!rename(config_file, in_base("kept/meter.conf")) && !symlink("../kept/meter.conf", config_file));
	ck_assert_int_eq(outcome(read_again, true), 0);
}
END_TEST

/* What is not. */

static int read_others_file(void)
{
	return open_once(in_base("secret"), O_RDONLY);
}

static int write_beside(void)
{
	return open_once(in_base("new"), O_WRONLY | O_CREAT);
}

static int make_directory_beside(void)
{
	int error = result(mkdir(in_base("directory"), 0700));

	rmdir(in_base("directory"));
	return error;
}

static int remove_beside(void)
{
	int error = result(unlink(in_base("secret")));

	open_once(in_base("secret"), O_WRONLY | O_CREAT);
	return error;
}

static int empty_beside(void)
{
	return result(truncate(in_base("secret"), 0));
}

static int write_configuration(void)
{
	return open_once(config_file, O_WRONLY);
}

static int list_root(void)
{
	return open_once("/", O_RDONLY | O_DIRECTORY);
}

static int open_network(void)
{
	return result(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int open_network_6(void)
{
	return result(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

/* The kernel looks at 32 bits of the family, and so must the filter. */
static int open_network_in_disguise(void)
{
	return result(syscall(SYS_socket, (1ul << 32) | AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int open_netlink(void)
{
	return result(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static int run_program(void)
{
	return result(execl("/bin/true", "true", (char *)NULL));
}

static int run_program_by_fd(void)
{
	int fd = open("/bin/true", O_PATH | O_CLOEXEC);

	return result(syscall(SYS_execveat, fd, "", (char *[]){ NULL }, (char *[]){ NULL }, AT_EMPTY_PATH));
}

static int trace(void)
{
	return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int mount_something(void)
{
	mount("none", in_base("nowhere"), "tmpfs", 0, NULL);
	return 0;
}

static int make_namespace(void)
{
	unshare(CLONE_NEWNS);
	return 0;
}

static int make_user_namespace(void)
{
	unshare(CLONE_NEWUSER);
	return 0;
}

static int clone_namespace(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);

	if (!pid)
		_exit(0);
	return 0;
}

static int clone_in_the_new_way(void)
{
	return result(syscall(SYS_clone3, NULL, 0)) == ENOSYS ? ENOSYS : 0;
}

static int map_writable_code(void)
{
	return result(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
}

static int make_code_of_data(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return result(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static int load_module(void)
{
	syscall(SYS_init_module, "", 0ul, "");
	return 0;
}

static int load_bpf(void)
{
	syscall(SYS_bpf, 0, NULL, 0);
	return 0;
}

static int signal_parent(void)
{
	return result(kill(getppid(), 0));
}

static int set_id_bit(void)
{
	int fd = open(in_base("state/set"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? 0 : result(fchmod(fd, 04700));
}

/* Inside: errno, or -signal.  Outside: 0, where the try needs no privilege. */
static const struct {
	const char *what;
	int (*try)(void);
	int inside;
	bool landlock;
	int version;		/* of Landlock, at least */
	bool traced_may;	/* a sanitizer's build needs it */
} forbidden[] = {
	{ "a file beside its own", read_others_file, EACCES, true, 1, true },
	{ "a new file beside its own", write_beside, EACCES, true, 1, false },
	{ "a new directory beside its own", make_directory_beside, EACCES, true, 1, false },
	{ "removing a file beside its own", remove_beside, EACCES, true, 1, false },
	{ "emptying a file beside its own", empty_beside, EACCES, true, 3, false },
	{ "writing its configuration", write_configuration, EACCES, true, 1, false },
	{ "listing the root directory", list_root, EACCES, true, 1, true },
	{ "a signal to another process", signal_parent, EPERM, true, 6, false },
	{ "an Internet socket", open_network, EAFNOSUPPORT, false, 0, false },
	{ "an Internet socket of version 6", open_network_6, EAFNOSUPPORT, false, 0, false },
	{ "an Internet socket with high bits set", open_network_in_disguise, EAFNOSUPPORT, false, 0, false },
	{ "a netlink socket", open_netlink, EAFNOSUPPORT, false, 0, false },
	{ "another program", run_program, -SIGSYS, false, 0, true },
	{ "another program by its descriptor", run_program_by_fd, -SIGSYS, false, 0, true },
	{ "tracing", trace, -SIGSYS, false, 0, true },
	{ "a mount", mount_something, -SIGSYS, false, 0, false },
	{ "a mount namespace", make_namespace, -SIGSYS, false, 0, false },
	{ "a user namespace", make_user_namespace, -SIGSYS, false, 0, false },
	{ "a process in a user namespace", clone_namespace, -SIGSYS, false, 0, false },
	{ "memory to write and run", map_writable_code, -SIGSYS, false, 0, false },
	{ "data made code", make_code_of_data, EPERM, false, 0, false },
	{ "a module of the kernel", load_module, -SIGSYS, false, 0, false },
	{ "a program in the kernel", load_bpf, -SIGSYS, false, 0, false },
	{ "a file that runs as its owner", set_id_bit, EPERM, false, 0, false },
	{ "flags that no filter can see", clone_in_the_new_way, ENOSYS, false, 0, false },
};

static bool is_traced(void)
{
	struct sandbox_plan *plan = malloc(sizeof(*plan));
	bool traced;

	ck_assert_ptr_nonnull(plan);
	sandbox_make_plan(plan, &config, config_file, true);
	traced = plan->calls.traced;
	free(plan);
	return traced;
}

START_TEST(what_it_must_not_do_fails_inside)
{
	int version = sandbox_landlock_version(), outside = outcome(forbidden[_i].try, false);

	if (forbidden[_i].landlock ? version < forbidden[_i].version : prctl(PR_GET_SECCOMP) < 0) {
		printf("not tried, as this kernel cannot forbid it: %s\n", forbidden[_i].what);
		return;
	}
	if (forbidden[_i].traced_may && is_traced()) {
		printf("not tried, as a sanitizer needs it: %s\n", forbidden[_i].what);
		return;
	}
	ck_assert_msg(!outside, "%s: cannot be tried here: %d", forbidden[_i].what, outside);
	outside = outcome(forbidden[_i].try, true);
	ck_assert_msg(outside == forbidden[_i].inside, "%s: got %d inside, must be %d", forbidden[_i].what, outside, forbidden[_i].inside);
}
END_TEST

/* A type that no socket has: the kernel looks at the family first, and at all else later. */
#define NO_TYPE 15
#define FAMILIES 46

/* How many families there are, but for local ones, of sockets or of pairs. */
static int count_families(bool pair)
{
	int fds[2], n = 0;

	for (int family = 0; family < FAMILIES; family++) {
		int ret = pair ? socketpair(family, NO_TYPE, 0, fds) : socket(family, NO_TYPE, 0);

		n += family != AF_UNIX && (ret >= 0 || errno != EAFNOSUPPORT);
	}
	return n;
}

static int count_sockets(void)
{
	return count_families(false);
}

static int count_pairs(void)
{
	return count_families(true);
}

START_TEST(no_family_of_sockets_but_local_ones_is_there_inside)
{
	if (prctl(PR_GET_SECCOMP) < 0) {
		printf("not tried: this kernel has no seccomp\n");
		return;
	}
	ck_assert_int_gt(outcome(count_sockets, false), AF_INET6);
	ck_assert_int_gt(outcome(count_pairs, false), AF_INET6);
	ck_assert_int_eq(outcome(count_sockets, true), 0);
	ck_assert_int_eq(outcome(count_pairs, true), 0);
}
END_TEST

/* Which device is tried: what this machine has. */
static const char *device;

static int open_device(void)
{
	return open_once(device, O_RDONLY | O_NONBLOCK);
}

static const char *const devices[] = {
	"/dev/mem", "/dev/kmsg", "/dev/[hsv]d[a-z]", "/dev/mmcblk0", "/dev/loop[0-9]", "/dev/loop-control", "/dev/fuse", "/dev/net/tun",
	"/dev/hpet", "/dev/cpu/0/cpuid",
};

START_TEST(devices_that_the_configuration_does_not_name_cannot_be_opened)
{
	unsigned tried = 0;

	if (sandbox_landlock_version() < 0 || is_traced()) {
		printf("not tried: devices are not forbidden by this kernel, or to this build\n");
		return;
	}
	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++) {
		glob_t found;

		if (glob(devices[i], 0, NULL, &found))
			continue;
		device = found.gl_pathv[0];
		if (!outcome(open_device, false)) {
			ck_assert_msg(outcome(open_device, true) == EACCES, "%s can be opened", device);
			tried++;
		}
		globfree(&found);
	}
	printf("tried %u devices\n", tried);
	ck_assert(tried || geteuid());
}
END_TEST

static int have_raw_io(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return errno;
	return data[0].effective & 1u << CAP_SYS_RAWIO ? 0 : EPERM;
}

/* With hardware /dev is open to it, but what reaches into the machine needs a privilege that is given up. */
START_TEST(with_hardware_root_does_not_read_the_machine_s_memory)
{
	snprintf(config.adc.source, sizeof(config.adc.source), "iio");
	ck_assert_int_eq(outcome(have_raw_io, true), EPERM);
	device = "/dev/mem";
	ck_assert_int_ne(outcome(open_device, true), 0);
}
END_TEST

/* The device null under another name: what is made after the start is a file of its own. */
START_TEST(a_device_that_is_plugged_in_later_can_be_opened)
{
	char path[64];
	pid_t pid;
	int status, inside[2], made[2];

	snprintf(path, sizeof(path), "/dev/dinmeterd-sandbox-%d", (int)getpid());
	if (mknod(path, S_IFCHR | 0600, 1 << 8 | 3)) {
		printf("not tried: no device can be made: %s\n", strerror(errno));
		return;
	}
	unlink(path);
	snprintf(config.modbus.device, sizeof(config.modbus.device), "/dev/ttyS0");
	ck_assert(!pipe(inside) && !pipe(made));
	pid = fork();
	if (!pid) {
		sandbox_enter(&config, config_file, true);
		_exit(write(inside[1], "", 1) != 1 || read(made[0], path + sizeof(path) - 1, 1) != 1 || open_once(path, O_RDWR | O_NOCTTY));
	}
	ck_assert_int_eq(read(inside[0], path + sizeof(path) - 1, 1), 1);
	ck_assert(!mknod(path, S_IFCHR | 0600, 1 << 8 | 3));
	ck_assert_int_eq(write(made[1], "", 1), 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	unlink(path);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* An iiod server on the network. */

static int connect_to_it(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(1) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* nobody is there, which is told by the network */
	return fd < 0 || !connect(fd, (const struct sockaddr *)&address, sizeof(address)) || errno != ECONNREFUSED;
}

static int serve_the_network(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? errno : result(bind(fd, (const struct sockaddr *)&address, sizeof(address)));
}

START_TEST(a_converter_on_the_network_can_be_reached_and_nothing_served_there)
{
	snprintf(config.adc.source, sizeof(config.adc.source), "iio");
	snprintf(config.adc.uri, sizeof(config.adc.uri), "ip:127.0.0.1");
	ck_assert_int_eq(outcome(connect_to_it, true), 0);
	ck_assert_int_eq(outcome(serve_the_network, false), 0);
	if (sandbox_landlock_version() >= 4)
		ck_assert_int_eq(outcome(serve_the_network, true), EACCES);
}
END_TEST

/* A kernel that has no Landlock, or no seccomp, is one whose calls for it are not there. */

#define LANDLOCK_CREATE_RULESET 444	/* on every architecture */

static bool lacks_landlock, lacks_seccomp;

static int lack(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, lacks_landlock ? LANDLOCK_CREATE_RULESET : UINT32_MAX, 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, lacks_seccomp ? SYS_seccomp : UINT32_MAX, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, lacks_seccomp ? SYS_prctl : UINT32_MAX, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_SECCOMP, 2, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(*code), .filter = code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) ? -1 : 0;
}

/* A try inside, on such a kernel; the log goes to a file. */
static int outcome_without(int (*try)(void))
{
	pid_t pid = fork();
	int status;

	ck_assert(pid >= 0);
	if (!pid) {
		int log = open(in_base("log"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		if (dup2(log, STDERR_FILENO) < 0 || lack())
			_exit(0xFF);
		log_set_level(LOG_NOTICE);
		sandbox_enter(&config, config_file, true);
		_exit(try() & 0xFF);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

static unsigned lines_with(const char *words)
{
	FILE *file = fopen(in_base("log"), "re");
	char line[256];
	unsigned n = 0;

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file))
		n += strstr(line, words) != NULL;
	fclose(file);
	return n;
}

START_TEST(what_the_kernel_has_no_means_for_is_said_once_and_the_rest_holds)
{
	bool landlock = !(_i & 1) && sandbox_landlock_version() > 0, seccomp = !(_i & 2);

	if (prctl(PR_GET_SECCOMP) < 0 || is_traced()) {
		printf("not tried: calls cannot be taken away here, or from this build\n");
		return;
	}
	lacks_landlock = _i & 1;
	lacks_seccomp = _i & 2;
	ck_assert_int_eq(outcome_without(use_state), 0);
	ck_assert_uint_eq(lines_with("Landlock is not in this kernel"), !landlock);
	ck_assert_uint_eq(lines_with("system calls are not protected: seccomp is "), !seccomp);
	ck_assert_uint_eq(lines_with("files and devices by Landlock"), landlock && seccomp);
	ck_assert_int_eq(outcome_without(read_others_file), landlock ? EACCES : 0);
	ck_assert_int_eq(outcome_without(open_network), seccomp ? EAFNOSUPPORT : 0);
}
END_TEST

/* CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, IPC_LOCK, SYS_NICE, SYS_RESOURCE */
#define KEPT (1ull << 0 | 1ull << 1 | 1ull << 2 | 1ull << 3 | 1ull << 14 | 1ull << 23 | 1ull << 24)

/* A line of numbers of the process's status. */
static unsigned long long status_of(const char *name)
{
	char line[128];
	unsigned long long value = ~0ull;
	FILE *status = fopen("/proc/self/status", "re");

	while (status && fgets(line, sizeof(line), status))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			value = strtoull(line + strlen(name) + 1, NULL, 16);
	if (status)
		fclose(status);
	return value;
}

/* All are handed to other programs. */
static bool hand_on_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return false;
	for (int i = 0; i < 2; i++)
		data[i].inheritable = data[i].permitted;
	if (syscall(SYS_capset, &header, data))
		return false;
	for (unsigned c = 0; c < 64; c++)
		if (data[c / 32].permitted & 1u << c % 32 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, c, 0, 0))
			return false;
	return true;
}

START_TEST(privileges_of_root_are_given_up_but_for_those_of_files_and_time)
{
	unsigned long long had = status_of("CapPrm");
	pid_t pid = fork();
	int status;

	ck_assert(pid >= 0);
	if (!pid) {
		if (!hand_on_capabilities() || status_of("CapAmb") != had || status_of("CapInh") != had)
			_exit(1);
		sandbox_enter(&config, config_file, true);
		if (status_of("CapEff") != (had & KEPT) || status_of("CapPrm") != (had & KEPT))
			_exit(2);
		if (status_of("CapInh") || status_of("CapAmb"))
			_exit(3);
		_exit(status_of("NoNewPrivs") == 1 ? 0 : 4);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(every_place_and_path_has_room_in_the_plan)
{
	struct sandbox_plan *plan = malloc(sizeof(*plan));

	ck_assert_ptr_nonnull(plan);
	snprintf(config.display.device, sizeof(config.display.device), "/dev/lcd");
	snprintf(config.outputs.led[LED_ALARM], sizeof(config.outputs.led[0]), "alarm");
	snprintf(config.outputs.contact[CONTACT_ALARM].chip, sizeof(config.outputs.contact[0].chip), "gpiochip0");
	sandbox_make_plan(plan, &config, config_file, true);
	ck_assert_uint_lt(plan->places, SANDBOX_PLACES);
	ck_assert_uint_lt(plan->paths, SANDBOX_PATHS);
	free(plan);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sandbox");
	TCase *tests = tcase_create("sandbox");

	if (sandbox_landlock_version() < 0 && prctl(PR_GET_SECCOMP) < 0) {
		printf("cannot run: this kernel has neither Landlock nor seccomp\n");
		return SKIPPED;
	}
	log_set_level(LOG_WARNING);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, what_the_daemon_needs_works_inside, 0, sizeof(needed) / sizeof(*needed));
	tcase_add_test(tests, a_configuration_behind_a_symbolic_link_is_read_again);
	tcase_add_loop_test(tests, what_it_must_not_do_fails_inside, 0, sizeof(forbidden) / sizeof(*forbidden));
	tcase_add_test(tests, no_family_of_sockets_but_local_ones_is_there_inside);
	tcase_add_test(tests, devices_that_the_configuration_does_not_name_cannot_be_opened);
	tcase_add_test(tests, with_hardware_root_does_not_read_the_machine_s_memory);
	tcase_add_test(tests, a_device_that_is_plugged_in_later_can_be_opened);
	tcase_add_test(tests, a_converter_on_the_network_can_be_reached_and_nothing_served_there);
	tcase_add_loop_test(tests, what_the_kernel_has_no_means_for_is_said_once_and_the_rest_holds, 0, 4);
	tcase_add_test(tests, privileges_of_root_are_given_up_but_for_those_of_files_and_time);
	tcase_add_test(tests, every_place_and_path_has_room_in_the_plan);
	suite_add_tcase(suite, tests);
	return check_main_run(suite);
}
