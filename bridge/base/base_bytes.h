/*
 * base/base_bytes.h - bytes that grow, up to a ceiling given at birth.
 *
 * Failure sticks: after one add has failed (ceiling, memory), every later
 * one does nothing, so a printer writes on and asks bytes_ok() once at its
 * end. What was there before a failed add is untouched.
 *
 *	0 .. len	what was added; data[len] is always NUL once data is set
 *	len .. room	reserved; room is never past the ceiling and the NUL
 */
#ifndef BRIDGE_BASE_BYTES_H
#define BRIDGE_BASE_BYTES_H

#include <stdarg.h>

#include "base/base_arena.h"

struct bytes {
	char *data;
	size_t len;
	size_t room;
	size_t ceiling;
	bool failed;
	struct arena *arena; /* NULL: from malloc, and bytes_done() frees */
};

void bytes_init(struct bytes *b, size_t ceiling);
void bytes_init_in(struct bytes *b, struct arena *arena, size_t ceiling);
void bytes_done(struct bytes *b);  /* wipes nothing; fine when never used */
void bytes_clear(struct bytes *b); /* len = 0, failure forgotten */

bool bytes_ok(const struct bytes *b);
struct str bytes_str(const struct bytes *b); /* valid until the next add */
/* Takes the data, NUL-ended; yours to base_free. malloc'd bytes only. */
char *bytes_take(struct bytes *b) MUST_CHECK;

void bytes_add(struct bytes *b, const void *more, size_t n);
void bytes_add_str(struct bytes *b, struct str s);
void bytes_add_text(struct bytes *b, const char *text);
/* bytes_add_char where there is no room yet, or where an add has failed. */
void bytes_add_char_slow(struct bytes *b, char c);
static inline void
bytes_add_char(struct bytes *b, char c)
{
	if (b->room - b->len <= 1 || b->failed) {
		bytes_add_char_slow(b, c);
		return;
	}
	b->data[b->len++] = c;
	b->data[b->len] = '\0';
}

void bytes_add_int(struct bytes *b, int64_t n);
void bytes_addf(struct bytes *b, const char *fmt, ...) PRINTF(2, 3);
void bytes_addv(struct bytes *b, const char *fmt, va_list ap) PRINTF(2, 0);
/* Room for n more bytes, to be written at data + len; NULL when it fails. */
char *bytes_reserve(struct bytes *b, size_t n);

/* "..." with the escapes of RFC 8259; s must be valid UTF-8. */
void bytes_add_json(struct bytes *b, struct str s);
/*
 * The shortest decimal text that reads back as the same double, as JSON
 * wants it. Infinity and NaN set `failed`: JSON has no word for them.
 */
void bytes_add_double(struct bytes *b, double d);

#endif
