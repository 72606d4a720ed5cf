/*
 * keeper/keeper_notify.h - what a service manager is told, and what it
 * hands over.
 *
 * systemd's protocol in plain: datagrams to $NOTIFY_SOCKET, sockets from
 * descriptor 3 on. Without a manager all of it does nothing.
 */
#ifndef BRIDGE_KEEPER_NOTIFY_H
#define BRIDGE_KEEPER_NOTIFY_H

#include "base/base.h"

struct notify;

/* Reads the environment; there is always one. */
struct notify *notify_new(void) MUST_CHECK;
void notify_free(struct notify *n); /* NULL is fine */

/* In ms, how often it wants to hear that we live; 0: it does not. */
int64_t notify_watchdog_ms(const struct notify *n);

/* Serving, and by what: "3 routes". Of a long one the beginning is told. */
void notify_ready(const struct notify *n, const char *status);
/* The settings are loaded again; ready is to follow, whatever comes of it. */
void notify_reloading(const struct notify *n);
void notify_stopping(const struct notify *n, const char *status);
void notify_alive(const struct notify *n);

/*
 * The sockets that were handed over to this process ($LISTEN_FDS), which from
 * here on no child inherits. Call once; how many, 0: none.
 */
#define SOCKETS_MAX 64
size_t sockets_given(int fds[SOCKETS_MAX]);

#endif
