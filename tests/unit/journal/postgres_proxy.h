/*
 * tests/unit/journal/postgres_proxy.h - a wire that can be cut at a moment.
 *
 * Stands between the store and the server, on a socket of its own beside the
 * server's (port 7000). A cut is made once; then the wire is whole again.
 */
#ifndef TESTS_JOURNAL_POSTGRES_PROXY_H
#define TESTS_JOURNAL_POSTGRES_PROXY_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "unit/journal/postgres.h"

#define PROXY_PAIRS 16

enum cut {
	CUT_NOTHING,
	CUT_ANSWER,  /* what answers a COMMIT does not arrive */
	CUT_REQUEST, /* half of what ends in a COMMIT is sent */
	CUT_ALL,     /* nothing goes either way, until it is set back */
};

static struct {
	_Atomic enum cut cut;
	atomic_bool ends;
	int listener;
	pthread_t thread;
	int fds[PROXY_PAIRS][2]; /* the store's and the server's; -1 */
} proxy;

static inline struct sockaddr_un
proxy_address(int port)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/run/.s.PGSQL.%d",
	    postgres_folder, port);
	return at;
}

static inline void
proxy_drop(int *pair)
{
	close(pair[0]);
	close(pair[1]);
	pair[0] = pair[1] = -1;
}

static inline void
proxy_accept(void)
{
	struct sockaddr_un at = proxy_address(5432);
	int *pair = NULL;

	for (size_t i = 0; i < PROXY_PAIRS && pair == NULL; i++)
		if (proxy.fds[i][0] == -1)
			pair = proxy.fds[i];
	if (pair == NULL)
		bug("more connections than the proxy has room for");
	pair[0] = accept4(proxy.listener, NULL, NULL, SOCK_CLOEXEC);
	pair[1] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(pair[1], (struct sockaddr *)&at, sizeof(at)) == -1)
		proxy_drop(pair);
}

/* From one side of a pair to the other. */
static inline void
proxy_move(int *pair, int from)
{
	static char buf[1 << 20];
	ssize_t n = recv(pair[from], buf, sizeof(buf), 0);
	enum cut mine = from == 0 ? CUT_REQUEST : CUT_ANSWER;

	if (n > 0 && atomic_load(&proxy.cut) == mine &&
	    memmem(buf, (size_t)n, "COMMIT", 7) != NULL) {
		if (mine == CUT_REQUEST)
			send(pair[1], buf, (size_t)n / 2, MSG_NOSIGNAL);
		atomic_store(&proxy.cut, CUT_NOTHING);
		n = 0;
	}
	if (n <= 0 || send(pair[1 - from], buf, (size_t)n, MSG_NOSIGNAL) != n)
		proxy_drop(pair);
}

static inline void *
proxy_run(void *arg)
{
	(void)arg;
	while (!atomic_load(&proxy.ends)) {
		struct pollfd fds[1 + PROXY_PAIRS * 2];

		fds[0] = (struct pollfd){ proxy.listener, POLLIN, 0 };
		for (size_t i = 0; i < PROXY_PAIRS * 2; i++)
			fds[i + 1] = (struct pollfd){ proxy.fds[i / 2][i % 2],
				POLLIN, 0 };
		if (poll(fds, COUNT_OF(fds), 5) <= 0 ||
		    atomic_load(&proxy.cut) == CUT_ALL) {
			poll(NULL, 0, 1);
			continue;
		}
		for (size_t i = 0; i < PROXY_PAIRS * 2; i++)
			if (fds[i + 1].revents != 0 &&
			    proxy.fds[i / 2][i % 2] == fds[i + 1].fd)
				proxy_move(proxy.fds[i / 2], (int)(i % 2));
		if (fds[0].revents != 0)
			proxy_accept();
	}
	for (size_t i = 0; i < PROXY_PAIRS; i++)
		if (proxy.fds[i][0] != -1)
			proxy_drop(proxy.fds[i]);
	return NULL;
}

static inline void
proxy_start(void)
{
	struct sockaddr_un at = proxy_address(7000);

	memset(proxy.fds, -1, sizeof(proxy.fds));
	proxy.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(proxy.listener, (struct sockaddr *)&at, sizeof(at)) == -1 ||
	    listen(proxy.listener, 16) == -1 ||
	    pthread_create(&proxy.thread, NULL, proxy_run, NULL) != 0)
		bug("no proxy");
}

static inline void
proxy_end(void)
{
	atomic_store(&proxy.ends, true);
	pthread_join(proxy.thread, NULL);
	close(proxy.listener);
}

#endif
