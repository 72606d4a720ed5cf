/* console/console_bridge.h - a loaded program, running. Private. */
#ifndef BRIDGE_CONSOLE_BRIDGE_H
#define BRIDGE_CONSOLE_BRIDGE_H

#include "console/console_program.h"

struct bridge;

/* Starts listeners and admin endpoint; the program must outlive it. */
struct bridge *bridge_start(const struct program *p,
    struct fault *why) MUST_CHECK;
unsigned bridge_port(const struct bridge *b, size_t i);
/* Not ready from now on; drains, ends the threads. NULL is fine. */
void bridge_stop(struct bridge *b);

#endif
