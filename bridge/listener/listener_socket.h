/*
 * listener/listener_socket.h - listening sockets.
 * Private to this room.
 */
#ifndef BRIDGE_LISTENER_SOCKET_H
#define BRIDGE_LISTENER_SOCKET_H

#include "base/base.h"

/*
 * A socket that listens at "host:port" or "[v6]:port", shared by all that
 * ask for the same (SO_REUSEPORT). *port: 0 takes the address's own, any
 * other goes before it; what it became is stored there. -1 with why.
 */
int socket_listen(const char *address, unsigned *port,
    struct fault *why) MUST_CHECK;

/*
 * A descriptor of our own for a socket that is open already: -1 with why when
 * it does not listen at the address. *port as above.
 */
int socket_adopt(int fd, const char *address, unsigned *port,
    struct fault *why) MUST_CHECK;

#endif
