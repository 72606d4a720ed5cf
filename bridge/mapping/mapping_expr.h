/*
 * mapping/mapping_expr.h - the parser of texts and holes. Private to the room.
 *
 *	text   = *( characters / "{{" / "}}" / "{" chain "}" )
 *	chain  = source *( "??" source ) *( "|" step )
 *	source = path / literal / name "(" [ literal ] ")" / "(" chain ")"
 *	step   = name [ "(" [ source *( "," source ) ] ")" ] [ "?" ]
 *
 * Blanks are free between the words of a hole. All faults are told: one of
 * meaning (no such transform) holds nothing up, one of form ends its hole.
 */
#ifndef BRIDGE_MAPPING_EXPR_H
#define BRIDGE_MAPPING_EXPR_H

#include "mapping/mapping_compile.h"

struct expr {
	struct compiler *c;
	const struct place *place;
	struct str text;
	size_t at;      /* 0 .. text.len; before it all is read */
	unsigned depth; /* of parentheses */
	bool failed;    /* some fault was told: there will be no program */
};

/* At the byte `at` of the text. */
void expr_fault(struct expr *e, size_t at, const char *fmt, ...) PRINTF(3, 4);
/* The place of that byte. */
struct place expr_place(const struct expr *e, size_t at);
void expr_skip_blanks(struct expr *e);
/* The byte at e->at, '\0' at the end. */
char expr_peek(const struct expr *e);
/* Skips blanks, then takes the word when it is there. */
bool expr_accept(struct expr *e, struct str word);
/* A name ([a-z_] then [a-z0-9_]); empty when there is none. */
struct str expr_name(struct expr *e);

/*
 * Both: NULL, with the fault added, where it cannot be read on. What they give
 * is of use only when nothing has failed.
 */
const struct chain *expr_chain(struct expr *e) MUST_CHECK;
struct source *expr_source(struct expr *e) MUST_CHECK; /* .._source.c */
/* A literal, when one stands here: 1; 0 when not; -1 with the fault. */
int expr_literal(struct expr *e, struct value *out) MUST_CHECK;

#endif
