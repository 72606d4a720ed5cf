/*
 * base/base_log_sink.c - where lines go: standard error, or journald.
 *
 * Never to be waited for. What is behind standard error tells how:
 *
 *	pipe	opened once more, without waiting: the flag would else be
 *		everybody's who shares it
 *	socket	sent with MSG_DONTWAIT
 *	file	written; a file is as slow as its disk
 *	other	(a terminal, or a pipe of another user's) written where it says
 *		that it has room, one line at a time: it has no room for two
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/base_log_line.h"

/* A burst's worth, where the system lets us: some thousand lines. */
#define PIPE_ROOM (1 << 20)

enum sink_kind { SINK_UNKNOWN, SINK_PIPE, SINK_SOCKET, SINK_FILE, SINK_OTHER };

/* Set under the lock, read without; what is open stays open. */
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;
static atomic_int kind = SINK_UNKNOWN;
static atomic_int pipe_fd = -1;
static atomic_int journal_fd = -1;
static atomic_int chosen = LOG_FORMAT_AUTO; /* AUTO: not yet */
static const char *journal_path = "/run/systemd/journal/socket";

static void
close_one(atomic_int *fd)
{
	int old = atomic_exchange(fd, -1);

	if (old != -1)
		close(old);
}

void
sink_forget(const char *journald)
{
	close_one(&pipe_fd);
	close_one(&journal_fd);
	atomic_store(&kind, SINK_UNKNOWN);
	atomic_store(&chosen, LOG_FORMAT_AUTO);
	journal_path = journald;
}

static void
open_stderr(void)
{
	struct stat st;
	int fd = -1;

	if (atomic_load(&kind) != SINK_UNKNOWN)
		return;
	if (fstat(STDERR_FILENO, &st) == -1) {
		atomic_store(&kind, SINK_OTHER);
		return;
	}
	if (S_ISFIFO(st.st_mode))
		fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd != -1)
		(void)fcntl(fd, F_SETPIPE_SZ, PIPE_ROOM);
	atomic_store(&pipe_fd, fd);
	atomic_store(&kind,
	    fd != -1                   ? SINK_PIPE
	        : S_ISSOCK(st.st_mode) ? SINK_SOCKET
	        : S_ISREG(st.st_mode)  ? SINK_FILE
	                               : SINK_OTHER);
}

static bool
open_journal(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd;

	if (atomic_load(&journal_fd) != -1)
		return true;
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", journal_path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return false;
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == -1) {
		close(fd);
		return false;
	}
	atomic_store(&journal_fd, fd);
	return true;
}

/* systemd names the stream it made: JOURNAL_STREAM=device:inode. */
static bool
is_journal(void)
{
	const char *told = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat st;

	if (told == NULL || fstat(STDERR_FILENO, &st) == -1)
		return false;
	snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino);
	return strcmp(told, own) == 0;
}

static enum log_format
choose(enum log_format wanted, bool *found)
{
	*found = true;
	if (wanted == LOG_FORMAT_AUTO && is_journal() && open_journal())
		return LOG_FORMAT_JOURNALD;
	if (wanted == LOG_FORMAT_AUTO)
		return isatty(STDERR_FILENO) ? LOG_FORMAT_TEXT
		                             : LOG_FORMAT_JSON;
	if (wanted == LOG_FORMAT_JOURNALD && !open_journal()) {
		*found = false;
		return LOG_FORMAT_JSON;
	}
	return wanted;
}

bool
log_set_format(enum log_format wanted)
{
	bool found;

	pthread_mutex_lock(&opening);
	open_stderr();
	atomic_store(&chosen, (int)choose(wanted, &found));
	pthread_mutex_unlock(&opening);
	return found;
}

enum log_format
sink_format(void)
{
	int format = atomic_load_explicit(&chosen, memory_order_acquire);

	if (format == LOG_FORMAT_AUTO) {
		(void)log_set_format(LOG_FORMAT_AUTO);
		format = atomic_load(&chosen);
	}
	return (enum log_format)format;
}

/* Until it is done, or would have to wait. */
static bool
put(ssize_t (*one)(const void *at, size_t len), const struct bytes *text)
{
	size_t done = 0;

	while (done < text->len) {
		ssize_t n = one(text->data + done, text->len - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			return false;
	}
	return true;
}

static ssize_t
to_pipe(const void *at, size_t len)
{
	return write(atomic_load_explicit(&pipe_fd, memory_order_relaxed), at,
	    len);
}

static ssize_t
to_socket(const void *at, size_t len)
{
	return send(STDERR_FILENO, at, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static ssize_t
to_journal(const void *at, size_t len)
{
	return send(atomic_load_explicit(&journal_fd, memory_order_relaxed), at,
	    len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static ssize_t
to_file(const void *at, size_t len)
{
	return write(STDERR_FILENO, at, len);
}

static ssize_t
to_other(const void *at, size_t len)
{
	static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	ssize_t n = -1;

	pthread_mutex_lock(&one);
	if (poll(&p, 1, 0) != 0)
		n = write(STDERR_FILENO, at, len);
	else
		errno = EAGAIN;
	pthread_mutex_unlock(&one);
	return n;
}

static ssize_t (*const ways[])(const void *at, size_t len) = {
	[SINK_UNKNOWN] = to_other,
	[SINK_PIPE] = to_pipe,
	[SINK_SOCKET] = to_socket,
	[SINK_FILE] = to_file,
	[SINK_OTHER] = to_other,
};

bool
sink_write(enum log_format format, const struct bytes *text)
{
	if (format == LOG_FORMAT_JOURNALD)
		return put(to_journal, text);
	return put(ways[atomic_load_explicit(&kind, memory_order_acquire)],
	    text);
}
