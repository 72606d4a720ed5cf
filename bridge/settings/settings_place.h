/*
 * settings/settings_place.h - where a setting stands, to the character.
 * Private.
 */
#ifndef BRIDGE_SETTINGS_PLACE_H
#define BRIDGE_SETTINGS_PLACE_H

#include "settings/settings.h"

/* The file the setting stands in, to be opened. Yours to base_free; or NULL. */
char *settings_file_of(const config_setting_t *s) MUST_CHECK;
/*
 * The text of the file the setting stands in, read again, or kept where it
 * came from memory. base_free(text.at) frees it; empty when it is gone.
 */
struct str settings_text(const config_setting_t *s) MUST_CHECK;

/* Points into the text of the file; at == NULL: not found. */
struct spot {
	const char *name;  /* NULL: an element of a list has none */
	const char *value; /* its first character */
};

/*
 * The setting in the text of the file it stands in. By names and places from
 * the outermost group down, not by libconfig's line, which for an element of
 * a list may be the line behind it.
 */
bool place_find(struct str text, const config_setting_t *s, struct spot *out);
/*
 * The byte `at` of the string that is written at `value`, in the text; NULL
 * when what is written there is not `string`.
 */
const char *place_in_string(struct str text, const char *value,
    struct str string, size_t at);

/* Line and column of a byte of the text, both from 1. */
void place_count(struct str text, const char *at, unsigned *line,
    unsigned *column);
/* Adds the byte's line and a line below it with a mark under the byte. */
void place_excerpt(struct str text, const char *at, struct bytes *out);

#endif
