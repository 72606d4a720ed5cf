/* listener/listener_socket.c - from "host:port" to a listening socket. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listener/listener.h"
#include "listener/listener_socket.h"

/* Of connections not accepted yet: a burst, or a pause for descriptors. */
#define BACKLOG 1024
#define PORT_MAX 65535

struct place {
	char host[256];
	unsigned port;
};

static int
place_read(const char *address, struct place *p, struct fault *why)
{
	const char *colon = strrchr(address, ':');
	struct str host = { address, 0 };
	int64_t port = -1;

	if (colon != NULL) {
		host = str_span(address, colon);
		port = str_number(str_of(colon + 1), PORT_MAX);
	}
	if (host.len > 1 && host.at[0] == '[' && host.at[host.len - 1] == ']')
		host = (struct str){ host.at + 1, host.len - 2 };
	else if (host.len > 0 && memchr(host.at, ':', host.len) != NULL)
		port = -1;
	if (port < 0 || host.len == 0 || host.len >= sizeof(p->host))
		return fault_set(why, FAULT_SETTINGS, address,
		    "an address to listen at is \"host:port\" or "
		    "\"[v6]:port\", as in \"127.0.0.1:8080\"");
	snprintf(p->host, sizeof(p->host), "%.*s", STR_ARG(host));
	p->port = (unsigned)port;
	return 0;
}

static bool
is_loopback(const struct place *p)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, p->host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, p->host, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	return strcmp(p->host, "localhost") == 0;
}

int
listener_check_address(const char *address, bool loopback, struct fault *why)
{
	struct place p;

	if (place_read(address, &p, why) == -1)
		return -1;
	if (loopback && !is_loopback(&p))
		return fault_set(why, FAULT_SETTINGS, address,
		    "has to be an address of this machine alone, such as "
		    "\"127.0.0.1:9180\"");
	return 0;
}

static struct addrinfo *
place_find(const struct place *p, const char *address, struct fault *why)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	char port[8];
	int error;

	snprintf(port, sizeof(port), "%u", p->port);
	error = getaddrinfo(p->host, port, &hints, &found);
	if (error != 0)
		fault_set(why, FAULT_SETTINGS, address,
		    "'%s' is no address of this machine: %s", p->host,
		    gai_strerror(error));
	return found;
}

static int
set_options(int fd, int family)
{
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == -1)
		return -1;
	if (family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == -1)
		return -1;
	/* Accepted sockets inherit it. */
	return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static int
port_of(int fd, unsigned *port)
{
	struct sockaddr_storage own;
	socklen_t len = sizeof(own);
	char text[8];

	if (getsockname(fd, (struct sockaddr *)&own, &len) == -1 ||
	    getnameinfo((struct sockaddr *)&own, len, NULL, 0, text,
	        sizeof(text), NI_NUMERICSERV) != 0)
		return -1;
	*port = (unsigned)str_number(str_of(text), PORT_MAX);
	return 0;
}

/*
 * SO_REUSEPORT lets a second program of ours have the port, and the kernel
 * then deals the connections out between the two. A socket without it finds
 * out; what comes between this look and the bind is not seen.
 */
static bool
is_taken(const struct addrinfo *at)
{
	int on = 1, fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool taken = false;

	if (fd == -1)
		return false;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    (at->ai_family != AF_INET6 ||
	        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) ==
	            0))
		taken = bind(fd, at->ai_addr, at->ai_addrlen) == -1 &&
		    errno == EADDRINUSE;
	close(fd);
	return taken;
}

/* The first socket of an address has it alone; the other workers share it. */
static int
bind_to(int fd, const struct addrinfo *at, bool first)
{
	if (first && is_taken(at)) {
		errno = EADDRINUSE;
		return -1;
	}
	return bind(fd, at->ai_addr, at->ai_addrlen);
}

int
socket_listen(const char *address, unsigned *port, struct fault *why)
{
	struct place p;
	struct addrinfo *found = NULL;
	int fd = -1;
	bool ok = false;

	if (place_read(address, &p, why) == -1)
		goto out;
	if (*port != 0)
		p.port = *port;
	found = place_find(&p, address, why);
	if (found == NULL)
		goto out;
	fd = socket(found->ai_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ok = fd != -1 && set_options(fd, found->ai_family) == 0 &&
	    bind_to(fd, found, *port == 0) == 0 && listen(fd, BACKLOG) == 0 &&
	    port_of(fd, port) == 0;
	if (!ok)
		fault_set(why, FAULT_SETTINGS, address, "cannot listen: %s%s",
		    strerror(errno),
		    errno == EADDRINUSE
		        ? "; another program has this port, choose another"
		        : "");

out:
	if (found != NULL)
		freeaddrinfo(found);
	if (!ok && fd != -1) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Host and port as the kernel writes them, whatever spelling was chosen. */
static bool
name_of(const struct sockaddr *at, socklen_t len, char *host, char *port)
{
	return getnameinfo(at, len, host, NI_MAXHOST, port, NI_MAXSERV,
	           NI_NUMERICHOST | NI_NUMERICSERV) == 0;
}

bool
listener_socket_at(int fd, const char *address)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];
	char own_host[NI_MAXHOST], own_port[NI_MAXSERV];
	struct sockaddr_storage own;
	socklen_t len = sizeof(own);
	struct addrinfo *found;
	struct fault why = { 0 };
	struct place p;
	bool same;

	if (place_read(address, &p, &why) == -1 || p.port == 0 ||
	    getsockname(fd, (struct sockaddr *)&own, &len) == -1 ||
	    !name_of((struct sockaddr *)&own, len, own_host, own_port))
		return false;
	found = place_find(&p, address, &why);
	if (found == NULL)
		return false;
	same = name_of(found->ai_addr, found->ai_addrlen, host, port) &&
	    strcmp(host, own_host) == 0 && strcmp(port, own_port) == 0;
	freeaddrinfo(found);
	return same;
}

int
socket_adopt(int fd, const char *address, unsigned *port, struct fault *why)
{
	int on = 1, listens = 0, own;
	socklen_t len = sizeof(listens);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == -1 ||
	    listens == 0)
		return fault_set(why, FAULT_SETTINGS, address,
		    "the socket that was handed over for it does not listen "
		    "(ListenStream=, and not Accept=yes)");
	own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own != -1 && fcntl(own, F_SETFL, O_NONBLOCK) == 0 &&
	    setsockopt(own, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 &&
	    port_of(own, port) == 0)
		return own;
	fault_set(why, FAULT_SETTINGS, address,
	    "the socket that was handed over for it cannot be used: %s",
	    strerror(errno));
	if (own != -1)
		close(own);
	return -1;
}
