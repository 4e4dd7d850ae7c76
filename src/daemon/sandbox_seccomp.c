#include "daemon/sandbox_seccomp.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* Not in every header. */
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif
#ifndef SHM_EXEC
#define SHM_EXEC 0100000
#endif
#define FAMILIES 64		/* of sockets: the kernel knows about 46 */

/* By name: what the architecture, or this libseccomp, does not know is passed over. */
static const char *const deadly[] = {
	/* the file system's tree, and its other names */
	"mount", "umount", "umount2", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr",
	"pivot_root", "chroot", "open_by_handle_at", "acct", "quotactl", "quotactl_fd", "swapon", "swapoff", "nfsservctl",
	/* the kernel */
	"init_module", "finit_module", "delete_module", "create_module", "kexec_load", "kexec_file_load", "reboot", "bpf",
	"iopl", "ioperm", "pciconfig_read", "pciconfig_write", "pciconfig_iobase", "perf_event_open", "userfaultfd", "uselib",
	"lookup_dcookie", "vm86", "vm86old", "modify_ldt", "syslog", "sethostname", "setdomainname", "vhangup",
	/* namespaces and keys */
	"unshare", "setns", "add_key", "request_key", "keyctl",
};

/* Other programs, other processes. */
static const char *const deadly_unless_traced[] = {
	"execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd",
};

static const struct {
	const char *name;
	int error;
} refused[] = {
	{ "settimeofday", EPERM }, { "stime", EPERM }, { "clock_settime", EPERM }, { "clock_settime64", EPERM }, { "clock_adjtime", EPERM },
	{ "clock_adjtime64", EPERM }, { "adjtimex", EPERM },
	{ "setuid", EPERM }, { "setuid32", EPERM }, { "setgid", EPERM }, { "setgid32", EPERM }, { "setreuid", EPERM },
	{ "setreuid32", EPERM }, { "setregid", EPERM }, { "setregid32", EPERM }, { "setresuid", EPERM }, { "setresuid32", EPERM },
	{ "setresgid", EPERM }, { "setresgid32", EPERM }, { "setgroups", EPERM }, { "setgroups32", EPERM }, { "setfsuid", EPERM },
	{ "setfsuid32", EPERM }, { "setfsgid", EPERM }, { "setfsgid32", EPERM }, { "capset", EPERM },
	{ "io_uring_setup", ENOSYS }, { "io_uring_enter", ENOSYS }, { "io_uring_register", ENOSYS },
	{ "fanotify_init", EPERM }, { "fanotify_mark", EPERM }, { "move_pages", EPERM }, { "migrate_pages", EPERM },
	/* one of them makes all readable memory executable */
	{ "personality", EPERM },
	/* its flags stand in memory, where no filter sees them: the C library takes clone instead */
	{ "clone3", ENOSYS },
};

static int add(scmp_filter_ctx filter, uint32_t action, const char *name)
{
	int number = seccomp_syscall_resolve_name(name), error;

	if (number == __NR_SCMP_ERROR)
		return 0;
	error = seccomp_rule_add(filter, action, number, 0);
	return error == -EDOM ? 0 : error;
}

/* The arguments that are numbers of 32 bits are compared as such: the kernel does not look at the others. */
static int add_argument(scmp_filter_ctx filter, uint32_t action, const char *name, unsigned argument, uint32_t mask, uint32_t value)
{
	struct scmp_arg_cmp compare = { .arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value };
	int number = seccomp_syscall_resolve_name(name), error;

	if (number == __NR_SCMP_ERROR)
		return 0;
	error = seccomp_rule_add_array(filter, action, number, 1, &compare);
	return error == -EDOM ? 0 : error;
}

static int deny_names(scmp_filter_ctx filter, bool traced)
{
	int error = 0;

	for (size_t i = 0; i < sizeof(deadly) / sizeof(*deadly) && !error; i++)
		error = add(filter, SCMP_ACT_KILL_PROCESS, deadly[i]);
	for (size_t i = 0; i < sizeof(deadly_unless_traced) / sizeof(*deadly_unless_traced) && !error && !traced; i++)
		error = add(filter, SCMP_ACT_KILL_PROCESS, deadly_unless_traced[i]);
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused) && !error; i++)
		error = add(filter, SCMP_ACT_ERRNO(refused[i].error), refused[i].name);
	return error;
}

/* Memory that can be written and run; a library that is loaded late for the C library has code, never both. */
static int deny_code(scmp_filter_ctx filter)
{
	const uint32_t both = PROT_WRITE | PROT_EXEC;
	int error = add_argument(filter, SCMP_ACT_KILL_PROCESS, "mmap", 2, both, both);

	if (!error)
		error = add_argument(filter, SCMP_ACT_KILL_PROCESS, "mmap2", 2, both, both);
	if (!error)
		error = add_argument(filter, SCMP_ACT_ERRNO(EPERM), "mprotect", 2, PROT_EXEC, PROT_EXEC);
	if (!error)
		error = add_argument(filter, SCMP_ACT_ERRNO(EPERM), "pkey_mprotect", 2, PROT_EXEC, PROT_EXEC);
	if (!error)
		error = add_argument(filter, SCMP_ACT_KILL_PROCESS, "shmat", 2, SHM_EXEC, SHM_EXEC);
	return error;
}

static int deny_namespaces(scmp_filter_ctx filter)
{
	static const uint32_t flags[] = {
		CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET,
	};
	int error = 0;

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags) && !error; i++)
		error = add_argument(filter, SCMP_ACT_KILL_PROCESS, "clone", 0, flags[i], flags[i]);
	return error;
}

static bool may_have(const struct sandbox_calls *calls, uint32_t family)
{
	switch (family) {
	case AF_UNIX:
		return true;
	case AF_INET:
	case AF_INET6:
		return calls->network;
	case AF_NETLINK:
		return calls->network || calls->netlink;
	default:
		return false;
	}
}

static int deny_sockets(scmp_filter_ctx filter, const struct sandbox_calls *calls)
{
	int error = 0;

	for (uint32_t family = 0; family < FAMILIES && !error; family++) {
		if (may_have(calls, family))
			continue;
		error = add_argument(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), "socket", 0, UINT32_MAX, family);
		if (!error)
			error = add_argument(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), "socketpair", 0, UINT32_MAX, family);
	}
	return error;
}

/* Files of devices, files that give their owner's rights away, keys typed into somebody's terminal. */
static int deny_others(scmp_filter_ctx filter)
{
	static const uint32_t types[] = { S_IFCHR, S_IFBLK };
	static const struct {
		const char *name;
		unsigned argument;
	} modes[] = { { "chmod", 1 }, { "fchmod", 1 }, { "fchmodat", 2 }, { "fchmodat2", 2 } };
	int error = add_argument(filter, SCMP_ACT_ERRNO(EPERM), "ioctl", 1, UINT32_MAX, TIOCSTI);

	for (size_t i = 0; i < sizeof(types) / sizeof(*types) && !error; i++) {
		error = add_argument(filter, SCMP_ACT_ERRNO(EPERM), "mknod", 1, S_IFMT, types[i]);
		if (!error)
			error = add_argument(filter, SCMP_ACT_ERRNO(EPERM), "mknodat", 2, S_IFMT, types[i]);
	}
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes) && !error; i++) {
		error = add_argument(filter, SCMP_ACT_ERRNO(EPERM), modes[i].name, modes[i].argument, S_ISUID, S_ISUID);
		if (!error)
			error = add_argument(filter, SCMP_ACT_ERRNO(EPERM), modes[i].name, modes[i].argument, S_ISGID, S_ISGID);
	}
	return error;
}

int sandbox_seccomp_enter(const struct sandbox_calls *calls)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int error;

	if (!filter)
		return -ENOMEM;
	/* a sanitizer may have a thread of its own by now */
	error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!error)
		error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!error)
		error = deny_names(filter, calls->traced);
	if (!error)
		error = deny_code(filter);
	if (!error)
		error = deny_namespaces(filter);
	if (!error)
		error = deny_sockets(filter, calls);
	if (!error)
		error = deny_others(filter);
	if (!error)
		error = seccomp_load(filter);
	seccomp_release(filter);
	return error;
}
