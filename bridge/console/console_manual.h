/*
 * console/console_manual.h - the manual's pages, made of the tables that the
 * program itself reads: verbs, settings, transforms, the contract. Private.
 *
 * Pages are mdoc(7). Text from a table is escaped here, so that no sentence
 * of a table is ever taken for a macro.
 */
#ifndef BRIDGE_CONSOLE_MANUAL_H
#define BRIDGE_CONSOLE_MANUAL_H

#include "settings/settings.h"

struct manual_page {
	const char *name;    /* "leadbridge.cfg" */
	const char *section; /* "5" */
	const char *about;   /* behind the name; no full stop */
	void (*print)(struct bytes *out);
};

void manual_program(struct bytes *out);
void manual_settings(struct bytes *out);
void manual_mapping(struct bytes *out);

/* A line of mdoc as it stands, its newline added. */
void mdoc(struct bytes *out, const char *line);
/* Sentences, filled; a sentence begins a line, as mdoc wants it. */
void mdoc_text(struct bytes *out, const char *text);
/* The same of --help: an empty line parts, an indented one is shown as is. */
void mdoc_paragraphs(struct bytes *out, const char *text);
/* Lines as they are, indented; the last may lack its newline. */
void mdoc_display(struct bytes *out, const char *text);
/* ".It Cm text" and the like; `macros` as they stand, text as one word. */
void mdoc_macro(struct bytes *out, const char *macros, const char *text);

/* A list of a table's rows, each with kind, default and help. */
void mdoc_settings(struct bytes *out, const struct setting *table);
/* A section for each group below the table, and below those. */
void mdoc_groups(struct bytes *out, const struct setting *table,
    const char *above);

#endif
