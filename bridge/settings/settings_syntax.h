/*
 * settings/settings_syntax.h - the first thing in a file that its grammar does
 * not take. Private.
 */
#ifndef BRIDGE_SETTINGS_SYNTAX_H
#define BRIDGE_SETTINGS_SYNTAX_H

#include "base/base.h"

struct syntax_fault {
	const char *at; /* its place in the text */
	char text[160]; /* what is wrong, and what is written instead */
};

/*
 * False where nothing is found that libconfig would refuse: it knows more,
 * such as numbers that are too large. Of what stands in the file only names
 * of settings are repeated.
 */
bool syntax_find(struct str text, struct syntax_fault *out) MUST_CHECK;

#endif
