/* confine/confine.c - the order of the steps, and what is lacking. */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "confine/confine_parts.h"

#define LINUX_FILES "5.13"
#define LINUX_PORTS "6.7"
#define LINUX_SCOPES "6.12"
#define ABI_PORTS 4
#define ABI_SCOPES 6

void
confine_lacks(struct confine_state *state, const char *fmt, ...)
{
	size_t len = strlen(state->missing);
	va_list ap;

	if (len > 0 && len + 3 < sizeof(state->missing)) {
		memcpy(state->missing + len, "; ", 3);
		len += 2;
	}
	va_start(ap, fmt);
	vsnprintf(state->missing + len, sizeof(state->missing) - len, fmt, ap);
	va_end(ap);
}

/* ThreadSanitizer keeps a thread of its own from the start. */
#ifdef THREAD_SANITIZER
#define THREADS 2
#else
#define THREADS 1
#endif

/*
 * Landlock holds for the thread that asks, and for those it starts: one that
 * runs already would stay outside, and share its memory with the others.
 */
static void
look_for_threads(struct confine_state *state)
{
	DIR *tasks = opendir("/proc/self/task");
	const struct dirent *d;
	int count = 0;

	while (tasks != NULL && (d = readdir(tasks)) != NULL)
		count += d->d_name[0] != '.';
	if (tasks != NULL)
		closedir(tasks);
	if (count > THREADS)
		confine_lacks(state, "threads that ran before are outside: %d",
		    count - THREADS);
}

static void
note_landlock(struct confine_state *state)
{
	state->landlock = landlock_abi();
	state->files = state->landlock > 0;
	state->ports = state->landlock >= ABI_PORTS;
	state->scopes = state->landlock >= ABI_SCOPES;
	if (!state->files)
		confine_lacks(state,
		    "files: Landlock is not there (%s; Linux " LINUX_FILES
		    ", and \"landlock\" in the boot's lsm=)",
		    strerror(errno));
	if (state->files && !state->ports)
		confine_lacks(state, "TCP ports: Linux " LINUX_PORTS);
	if (state->files && !state->scopes)
		confine_lacks(state, "signals: Linux " LINUX_SCOPES);
}

void
confine_probe(struct confine_state *state)
{
	*state = (struct confine_state){ .landlock = 0 };
	note_landlock(state);
	state->system_calls = seccomp_is_there();
	if (!state->system_calls)
		confine_lacks(state, "system calls: no seccomp filters (%s)",
		    strerror(errno));
}

int
confine_apply(const struct confine_rules *r, struct confine_state *state,
    struct fault *why)
{
	confine_probe(state);
	umask(077);
	if (confine_user(r->user, r->group, why) == -1)
		return -1;
	if (r->bare) {
		*state = (struct confine_state){ .landlock = state->landlock };
		return 0;
	}
	look_for_threads(state);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) {
		confine_lacks(state, "no new privileges: %s", strerror(errno));
		state->files = state->ports = state->scopes = false;
		state->system_calls = false;
		return 0;
	}
	if (state->files)
		confine_landlock(r, state);
	if (state->system_calls)
		confine_system_calls(state);
	return 0;
}

bool
confine_is_loose(void)
{
#ifdef ADDRESS_SANITIZER
	return true;
#else
	return false;
#endif
}
