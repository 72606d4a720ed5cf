/* keeper/keeper_notify.c - what a service manager is told, and hands over.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "keeper/keeper_notify.h"

#define FIRST_FD 3
/* A line of `systemctl status`; the whole of it is in the log. */
#define STATUS_MOST 240

struct notify {
	int fd; /* -1: nobody wants to know */
	struct sockaddr_un to;
	socklen_t to_len;
	int64_t watchdog_ms;
};

/* A variable that holds a number of this process, or -1. */
static int64_t
number_of(const char *name)
{
	const char *text = getenv(name);

	return text != NULL ? str_number(str_of(text), INT64_MAX) : -1;
}

/* A path, or, behind '@', a name without one. */
static bool
read_address(struct notify *n, const char *text)
{
	size_t len = strlen(text);

	if ((text[0] != '/' && text[0] != '@') || len < 2 ||
	    len >= sizeof(n->to.sun_path))
		return false;
	n->to.sun_family = AF_UNIX;
	memcpy(n->to.sun_path, text, len);
	n->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (text[0] == '@')
		n->to.sun_path[0] = '\0';
	return true;
}

/* Of another process, where a pid is said, the watchdog is none of ours. */
static int64_t
read_watchdog(void)
{
	int64_t us = number_of("WATCHDOG_USEC"),
	        pid = number_of("WATCHDOG_PID");

	if (us <= 0 || (getenv("WATCHDOG_PID") != NULL && pid != getpid()))
		return 0;
	return us >= 1000 ? us / 1000 : 1;
}

struct notify *
notify_new(void)
{
	struct notify *n = base_alloc(sizeof(*n));
	const char *address = getenv("NOTIFY_SOCKET");

	n->fd = -1;
	if (address == NULL)
		return n;
	if (!read_address(n, address)) {
		log_event(LOG_LEVEL_WARNING, "no service manager", "reason",
		    "NOTIFY_SOCKET is no address of a socket", NULL);
		return n;
	}
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* Whom it knows by now it may talk to when it is confined, too. */
	if (n->fd != -1)
		(void)connect(n->fd, (const struct sockaddr *)&n->to,
		    n->to_len);
	n->watchdog_ms = read_watchdog();
	return n;
}

void
notify_free(struct notify *n)
{
	if (n == NULL)
		return;
	if (n->fd != -1)
		close(n->fd);
	base_free(n);
}

int64_t
notify_watchdog_ms(const struct notify *n)
{
	return n->fd != -1 ? n->watchdog_ms : 0;
}

/* Lost is lost: what it is told is told again, or looked for elsewhere. */
static void
tell(const struct notify *n, const char *text)
{
	if (n->fd != -1)
		(void)sendto(n->fd, text, strlen(text),
		    MSG_NOSIGNAL | MSG_DONTWAIT,
		    (const struct sockaddr *)&n->to, n->to_len);
}

/* Cut between two characters: what is no UTF-8 would not be shown at all. */
static void
tell_status(const struct notify *n, const char *state, const char *status)
{
	struct str shown = str_of(status);
	char text[STATUS_MOST + 64];

	if (shown.len > STATUS_MOST)
		shown.len = STATUS_MOST;
	shown.len = utf8_bad(shown);
	snprintf(text, sizeof(text), "%s\nSTATUS=%.*s\n", state,
	    STR_ARG(shown));
	tell(n, text);
}

void
notify_ready(const struct notify *n, const char *status)
{
	tell_status(n, "READY=1", status);
}

/* The time tells this reload's "ready" from one before. */
void
notify_reloading(const struct notify *n)
{
	char text[96];

	snprintf(text, sizeof(text),
	    "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=Reloading\n",
	    (long long)clock_mono_us());
	tell(n, text);
}

void
notify_stopping(const struct notify *n, const char *status)
{
	tell_status(n, "STOPPING=1", status);
}

void
notify_alive(const struct notify *n)
{
	tell(n, "WATCHDOG=1");
}

size_t
sockets_given(int fds[SOCKETS_MAX])
{
	int64_t count = number_of("LISTEN_FDS");

	if (count <= 0 || number_of("LISTEN_PID") != getpid())
		return 0;
	if (count > SOCKETS_MAX)
		count = SOCKETS_MAX;
	for (int i = 0; i < (int)count; i++) {
		fds[i] = FIRST_FD + i;
		(void)fcntl(fds[i], F_SETFD, FD_CLOEXEC);
	}
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
	return (size_t)count;
}
