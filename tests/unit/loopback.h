/* unit/loopback.h - a server of a test's own, on a free port of 127.0.0.1. */
#ifndef UNIT_LOOPBACK_H
#define UNIT_LOOPBACK_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "unit/cmocka_all.h"

/* A listening socket that does not block; *port is where. */
static inline int
loopback_listen(int backlog, uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

#endif
