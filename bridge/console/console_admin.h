/* console/console_admin.h - the admin endpoint. Private. */
#ifndef BRIDGE_CONSOLE_ADMIN_H
#define BRIDGE_CONSOLE_ADMIN_H

#include <stdatomic.h>

#include "base/base.h"

/*
 * GET /healthz: the process lives. GET /readyz: it takes webhooks (503
 * before start and while draining). GET /metrics: Prometheus text.
 */
struct admin {
	atomic_bool ready;
};

struct service admin_service(struct admin *a);

#endif
