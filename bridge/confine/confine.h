/*
 * confine/confine.h - what the process may still do, once it has all it needs.
 *
 * Called once, by the thread that is still the only one, after the sockets are
 * bound and before anything of a stranger's is read. In this order:
 *
 *	umask		077: what is made is the bridge's own
 *	user		root becomes the user of the settings, for good
 *	no new		no program it could start gains a right
 *	  privileges
 *	Landlock	files to read, folders to write, TCP ports; signals
 *			and abstract sockets of others are out of reach
 *	seccomp		the system calls a bridge makes, and no others
 *
 * What the kernel does not have is left out and named; only a user that
 * cannot be had is a fault. All of it is inherited by threads, and none of it
 * can be undone. The console works out the rules (program_confine.h): this
 * room knows the kernel, and nothing of settings.
 */
#ifndef BRIDGE_CONFINE_H
#define BRIDGE_CONFINE_H

#include <sys/types.h>

#include "base/base.h"

/* A file, or a folder with all below it. One that is not there is skipped. */
struct confine_path {
	const char *path;
	bool write; /* of a folder: files are made, changed and removed, too */
};

struct confine_rules {
	const char *user;  /* NULL: the one that started it */
	const char *group; /* NULL: the user's own */
	const struct confine_path *paths;
	size_t path_count;
	const uint16_t *ports; /* TCP; no port is bound from here on */
	size_t port_count;
	bool any_port; /* which are needed is not known: ports are ignored */
	bool bare;     /* umask and user, and nothing else */
	/* A socket without a file (NOTIFY_SOCKET=@...) has to be reached. */
	bool abstract_sockets;
};

/* What is in force, or could be. */
struct confine_state {
	int landlock;      /* the kernel's ABI; 0: it has none, or it is off */
	bool files;        /* Landlock 1, Linux 5.13 */
	bool ports;        /* Landlock 4, Linux 6.7 */
	bool scopes;       /* Landlock 6, Linux 6.12 */
	bool system_calls; /* seccomp */
	char missing[400]; /* what is not, and why; "": nothing */
};

/*
 * -1 with why: the user or group cannot be had, nothing was confined, and
 * the process is not to go on. Else 0, and *state says what is in force.
 */
int confine_apply(const struct confine_rules *r, struct confine_state *state,
    struct fault *why) MUST_CHECK;
/* The same without doing it: what this kernel has. */
void confine_probe(struct confine_state *state);
/*
 * Root looks at files as the user that it will be: what that one may not read
 * now cannot be read by a reload either. With one thread; confine_undress is
 * root again. Who is not root stays what it is. -1 with why when user or
 * group cannot be had.
 */
struct confine_guise {
	bool worn;
	gid_t group; /* before */
	gid_t *groups;
	int count;
};
int confine_dress(struct confine_guise *g, const char *user, const char *group,
    struct fault *why) MUST_CHECK;
void confine_undress(struct confine_guise *g); /* also when not worn */
/* True for a build with a sanitizer, whose filter lets its runtime live. */
bool confine_is_loose(void);

#endif
