/*
 * keeper/keeper_bridge.h - a loaded program, running.
 *
 * What the settings say is a snapshot: read-only, counted, swapped whole by
 * bridge_renew, freed when the last delivery that began with it has ended.
 * All calls are for one thread.
 */
#ifndef BRIDGE_KEEPER_BRIDGE_H
#define BRIDGE_KEEPER_BRIDGE_H

#include "admin/admin.h"
#include "program/program.h"

struct bridge;

struct bridge_setup {
	struct program *program; /* the bridge holds it itself */
	struct asks *asks; /* where a reload is asked for; NULL: nowhere */
	/* Sockets of a service manager, for addresses they are bound to. */
	const int *sockets;
	size_t socket_count;
};

/* Starts listeners, admin endpoint and journal. */
struct bridge *bridge_start(const struct bridge_setup *setup,
    struct fault *why) MUST_CHECK;
unsigned bridge_port(const struct bridge *b, size_t i);
/*
 * Serves by another program from now on; -1 with why, and nothing changed.
 * What it says of sockets, threads and journal stays as it is: fixed.
 */
int bridge_renew(struct bridge *b, struct program *p,
    struct fault *why) MUST_CHECK;
const struct fixed *bridge_fixed(const struct bridge *b);
bool bridge_has_journal(const struct bridge *b);
/*
 * True when every thread has come round since this was last asked: the
 * workers' loops at any time, the journal's thread within some seconds.
 */
bool bridge_beats(struct bridge *b);
/*
 * Not ready from now on; takes nothing new, and ends what it has within that
 * time. Said again, with less, it hurries. Through when the descriptor is
 * readable; bridge_stop then does not wait.
 */
void bridge_drain(struct bridge *b, int64_t drain_ms);
int bridge_drained_fd(const struct bridge *b);
/* Drains as the settings say, if nobody did; ends the threads. NULL is fine. */
void bridge_stop(struct bridge *b);

#endif
