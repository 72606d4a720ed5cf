/*
 * listener/listener_handshake.h - why a handshake failed: OpenSSL's words, and
 * ours for its hundreds of reasons. Quiet. Private to this room.
 */
#ifndef BRIDGE_LISTENER_HANDSHAKE_H
#define BRIDGE_LISTENER_HANDSHAKE_H

#include <openssl/ssl.h>

#include "metrics/metrics.h"

struct handshake_failure {
	enum metric_handshake reason;
	/*
	 * For the log: a text that stays. NULL: its peer only left, or showed a
	 * certificate that was refused, which has a line of its own.
	 */
	const char *text;
};

/* By the latest error of OpenSSL's, which is left where it is. */
struct handshake_failure handshake_failure(void);

#endif
