/*
 * confine/confine_calls.c - the system calls of a bridge, on x86-64 and arm64.
 *
 * A row is a reason. What is here is what the bridge and its libraries were
 * seen to call (strace over the tests), and what the same library functions
 * call on other kernels. To let a library do more: a word in a row. A call
 * with a door to more than a bridge needs has a condition instead.
 */
#include <linux/netlink.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "confine/confine_parts.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41 /* names for memory, as newer libcs give them */
#endif

const struct call_row call_rows[] = {
	/* files: which ones is Landlock's matter */
	{ CALL_ALLOW,
	    "open openat close close_range read readv pread64 preadv preadv2 "
	    "write writev pwrite64 pwritev pwritev2 lseek dup dup2 dup3 "
	    "fcntl" },
	{ CALL_ALLOW,
	    "stat fstat lstat newfstatat statx statfs fstatfs access faccessat "
	    "faccessat2 readlink readlinkat getdents64 getcwd fgetxattr" },
	/* the journal's */
	{ CALL_ALLOW,
	    "fsync fdatasync sync_file_range fallocate ftruncate flock "
	    "fadvise64 rename renameat renameat2 unlink unlinkat fchmod "
	    "fchown msync" },
	/* memory; executable memory has conditions below */
	{ CALL_ALLOW,
	    "brk munmap mremap madvise mincore mlock mlock2 munlock "
	    "membarrier" },
	/* loops and their wakes */
	{ CALL_ALLOW,
	    "poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl "
	    "epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd "
	    "signalfd4 timerfd_create timerfd_settime timerfd_gettime pipe "
	    "pipe2" },
	/* sockets; not listen: those that listen were made before */
	{ CALL_ALLOW,
	    "connect bind accept accept4 getsockname getpeername getsockopt "
	    "setsockopt sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg "
	    "shutdown" },
	/* threads, and what they wait for */
	{ CALL_ALLOW,
	    "exit exit_group futex futex_waitv set_robust_list "
	    "get_robust_list set_tid_address rseq sched_yield "
	    "sched_getaffinity sched_getparam sched_getscheduler gettid" },
	/* who and where it is; getrlimit's way to change has a condition */
	{ CALL_ALLOW,
	    "getpid getppid getuid geteuid getgid getegid getresuid getresgid "
	    "getgroups getpgrp getpgid getsid getrlimit getrusage sysinfo "
	    "uname getcpu times umask capget" },
	{ CALL_ALLOW,
	    "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait "
	    "rt_sigsuspend rt_sigpending sigaltstack restart_syscall pause" },
	{ CALL_ALLOW,
	    "clock_gettime clock_getres clock_nanosleep nanosleep "
	    "gettimeofday time getrandom" },

	/* another program, or into another process */
	{ CALL_KILL,
	    "execve execveat process_vm_readv process_vm_writev "
	    "pidfd_getfd kcmp" },
	{ CALL_KILL_BUT_SANITIZER, "ptrace" },
	/* out of, or into, a box; another root */
	{ CALL_KILL,
	    "unshare setns mount umount2 pivot_root chroot move_mount "
	    "open_tree fsopen fsconfig fsmount fspick mount_setattr" },
	/* the kernel itself */
	{ CALL_KILL,
	    "init_module finit_module delete_module kexec_load "
	    "kexec_file_load bpf perf_event_open userfaultfd reboot swapon "
	    "swapoff iopl ioperm" },
	/* the machine's keys and clock */
	{ CALL_KILL,
	    "add_key request_key keyctl settimeofday clock_settime "
	    "clock_adjtime adjtimex sethostname setdomainname" },

	{ CALL_SANITIZER, "prctl wait4 getdents" },
	{ CALL_ALLOW, NULL },
};

#define WHOLE UINT32_MAX
#define WRITE_EXEC (PROT_WRITE | PROT_EXEC)
#define SPACES                                                                 \
	((uint64_t)(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |             \
	    CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET))
#define KIND 0xf /* of a socket's type; the rest are its flags */

#define WHEN(call, at, bits, is)                                               \
	{                                                                      \
		.name = (call), .argument = (at), .mask = (bits),              \
		.value = (is),                                                 \
	}
#define SOCKET_OF(domain, kind)                                                \
	{                                                                      \
		.name = "socket", .mask = WHOLE, .value = (domain),            \
		.argument2 = 1, .mask2 = KIND, .value2 = (kind),               \
	}
/* A row for each of the two kinds that are not raw. */
#define SOCKET(domain)                                                         \
	SOCKET_OF(domain, SOCK_STREAM), SOCKET_OF(domain, SOCK_DGRAM)
#define IOCTL(request) WHEN("ioctl", 1, WHOLE, request)
#define PRCTL(what) WHEN("prctl", 0, WHOLE, what)

const struct call_condition call_conditions[] = {
	/* Never writable and executable at once, nor one after the other. */
	WHEN("mmap", 2, WRITE_EXEC, 0),
	WHEN("mmap", 2, WRITE_EXEC, PROT_WRITE),
	WHEN("mmap", 2, WRITE_EXEC, PROT_EXEC),
	WHEN("mprotect", 2, PROT_EXEC, 0),

	/* Threads, no processes. What clone3 asks for cannot be seen: it is
	 * not there, and clone() is used. */
	WHEN("clone", 0, CLONE_THREAD | SPACES, CLONE_THREAD),
	{ .name = "clone", .mask = SPACES, .sanitizer = true },

	SOCKET(AF_UNIX),
	SOCKET(AF_INET),
	SOCKET(AF_INET6),
	/* getaddrinfo() looks which addresses there are. */
	{ .name = "socket",
	    .mask = WHOLE,
	    .value = AF_NETLINK,
	    .argument2 = 2,
	    .mask2 = WHOLE,
	    .value2 = NETLINK_ROUTE },
	WHEN("socketpair", 0, WHOLE, AF_UNIX),

	IOCTL(FIONBIO),
	IOCTL(FIONREAD),
	IOCTL(TIOCOUTQ),
	IOCTL(TCGETS),     /* isatty() */
	IOCTL(TIOCGWINSZ), /* a stream of stdio's */
	IOCTL(SIOCGIFINDEX),
	IOCTL(SIOCGIFNAME),

	PRCTL(PR_SET_NAME),
	PRCTL(PR_GET_NAME),
	PRCTL(PR_SET_VMA),

	/* Limits are read, not set. */
	WHEN("prlimit64", 2, UINT64_MAX, 0),
	{ .name = NULL },
};
