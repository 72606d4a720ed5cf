/*
 * console/console.h - what a person can ask for: the verbs.
 *
 * Exit codes: 0 ok, 1 found faults, 2 usage, 3 cannot run, 78 run refuses its
 * settings.
 */
#ifndef BRIDGE_CONSOLE_H
#define BRIDGE_CONSOLE_H

/* argv as main has it; returns the exit code. */
int console_run(int argc, char **argv);

#endif
