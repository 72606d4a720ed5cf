/* console/console_against.h - what is written, against what runs. Private. */
#ifndef BRIDGE_CONSOLE_AGAINST_H
#define BRIDGE_CONSOLE_AGAINST_H

#include "program/program.h"
#include "console/console_verb.h"

/*
 * Asks the bridge that runs (OPTIONS_CLIENT) and adds what takes a restart to
 * the program's warnings. An exit code; what went wrong was said.
 */
int against_running(const struct given *g, struct program *p) MUST_CHECK;

#endif
