/*
 * console/console_completion.h - what a shell completes, as the table of verbs
 * has it. Private.
 */
#ifndef BRIDGE_CONSOLE_COMPLETION_H
#define BRIDGE_CONSOLE_COMPLETION_H

#include "console/console_verb.h"

/* Scripts to be sourced, or to lie where the shell looks for them. */
void completion_bash(struct bytes *out);
void completion_zsh(struct bytes *out);

/* What may stand behind an option, or be an argument. */
enum completion_kind {
	COMPLETES_NOTHING, /* a text of the user's own */
	COMPLETES_WORDS,
	COMPLETES_FILES,
	COMPLETES_FOLDERS,
};

/* Of an option's value ("FILE", "text|json"); words, parted by spaces. */
enum completion_kind completion_of_value(const char *value,
    struct bytes *words);
/* Of a verb's arguments. */
enum completion_kind completion_of_args(const struct verb *v,
    struct bytes *words);

#endif
