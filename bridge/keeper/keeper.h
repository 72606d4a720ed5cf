/*
 * keeper/keeper.h - the main thread while the bridge runs.
 *
 * It serves nothing. It waits for signals, for asks of the admin endpoint and
 * for the time to look: has a certificate's or a secret's file changed, does
 * every thread still come round. It loads the settings again, and it ends the
 * bridge.
 */
#ifndef BRIDGE_KEEPER_H
#define BRIDGE_KEEPER_H

#include <signal.h>

#include "keeper/keeper_bridge.h"
#include "keeper/keeper_measure.h"
#include "keeper/keeper_notify.h"

struct keeper_setup {
	struct bridge *bridge;
	struct program *program; /* that it runs; is let go of */
	const char *path;        /* of its settings */
	const char *level;       /* of the log, in place of theirs; or NULL */
	const sigset_t *signals; /* blocked: SIGTERM, SIGINT, SIGHUP */
	struct asks *asks;
	const struct notify *notify;
	struct files *files; /* from before they were loaded; its own */
};

/* Until a signal ends the bridge; drained, not stopped, when it returns. */
void keeper_run(const struct keeper_setup *setup);

/*
 * When files that changed are loaded: once they rest, and after that, while
 * what they hold is refused, whenever they change, and later and later where
 * they do not. Pure, for tests.
 */
struct keeper_again {
	int64_t wait_ms; /* behind the last refusal; 0: there was none */
	int64_t next_ms; /* of a clock that never jumps */
};
bool again_due(const struct keeper_again *a, bool moved, int64_t now_ms);
void again_refused(struct keeper_again *a, int64_t now_ms);

#endif
