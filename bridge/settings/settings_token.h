/*
 * settings/settings_token.h - the words of a libconfig file. Private.
 *
 * libconfig keeps neither columns nor numbers as they were written: where
 * those matter, the text is read once more. Only files that libconfig took
 * come here.
 */
#ifndef BRIDGE_SETTINGS_TOKEN_H
#define BRIDGE_SETTINGS_TOKEN_H

#include "base/base.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NAME, /* also true and false */
	TOKEN_NUMBER,
	TOKEN_STRING,  /* one of several that may stand side by side */
	TOKEN_INCLUDE, /* @include, to the end of its line */
	TOKEN_MARK,    /* one character of = : ; , { } ( ) [ ] */
};

struct token {
	enum token_kind kind;
	struct str text; /* as written, with the quotes of a string */
};

/* Takes the next word off the rest; blanks and comments are none. */
struct token token_next(struct str *rest);

#endif
