/*
 * console/console_verb.h - a verb is a file and a line. Private.
 *
 * To add one: write console_verb_<name>.c with its struct verb, declare it
 * below, add a line to the table in console.c. Help, usage and completion
 * follow from the row.
 */
#ifndef BRIDGE_CONSOLE_VERB_H
#define BRIDGE_CONSOLE_VERB_H

#include "terminal/terminal.h"

/* The i-th of the table; NULL past the end. */
const struct verb *verb_at(size_t i);

extern const struct verb verb_completion, verb_manual;
extern const struct verb verb_check, verb_coverage, verb_deliveries, verb_demo,
    verb_doctor, verb_explain, verb_forget, verb_journal, verb_key, verb_map,
    verb_new, verb_query, verb_reload, verb_run, verb_sandbox, verb_schema,
    verb_send, verb_senders, verb_test, verb_transforms, verb_version;

#endif
