/* base/base_bytes.c - bytes that grow up to a ceiling. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

void
bytes_init(struct bytes *b, size_t ceiling)
{
	*b = (struct bytes){ .ceiling = ceiling };
}

void
bytes_init_in(struct bytes *b, struct arena *arena, size_t ceiling)
{
	*b = (struct bytes){ .ceiling = ceiling, .arena = arena };
}

void
bytes_done(struct bytes *b)
{
	if (b->arena == NULL)
		free(b->data);
	bytes_init_in(b, b->arena, b->ceiling);
}

void
bytes_clear(struct bytes *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

bool
bytes_ok(const struct bytes *b)
{
	return !b->failed;
}

struct str
bytes_str(const struct bytes *b)
{
	return (struct str){ b->data != NULL ? b->data : "", b->len };
}

char *
bytes_take(struct bytes *b)
{
	char *data = b->data;

	if (b->arena != NULL)
		bug("bytes_take: these bytes belong to an arena");
	if (data == NULL)
		data = base_copy("");
	b->data = NULL;
	bytes_done(b);
	return data;
}

/* Room for n more and the NUL. */
static bool
make_room(struct bytes *b, size_t n)
{
	size_t want, room;
	char *grown;

	if (b->failed)
		return false;
	/* Past it already, where the ceiling came down below the room. */
	if (b->len > b->ceiling || n > b->ceiling - b->len) {
		b->failed = true;
		return false;
	}
	want = b->len + n + 1;
	if (want <= b->room)
		return true;
	room = b->room > 0 ? b->room * 2 : 64;
	if (room < want)
		room = want;
	if (room - 1 > b->ceiling)
		room = b->ceiling + 1;
	if (b->arena != NULL)
		grown = arena_grow(b->arena, b->data, b->room, room);
	else
		grown = realloc(b->data, room);
	if (grown == NULL) {
		b->failed = true;
		return false;
	}
	b->data = grown;
	b->room = room;
	return true;
}

char *
bytes_reserve(struct bytes *b, size_t n)
{
	return make_room(b, n) ? b->data + b->len : NULL;
}

void
bytes_add(struct bytes *b, const void *more, size_t n)
{
	if ((n >= b->room - b->len || b->failed) && !make_room(b, n))
		return;
	short_copy(b->data + b->len, more, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void
bytes_add_str(struct bytes *b, struct str s)
{
	bytes_add(b, s.at, s.len);
}

void
bytes_add_text(struct bytes *b, const char *text)
{
	bytes_add(b, text, strlen(text));
}

void
bytes_add_char_slow(struct bytes *b, char c)
{
	bytes_add(b, &c, 1);
}

void
bytes_add_int(struct bytes *b, int64_t n)
{
	char text[21];
	char *at = text + sizeof(text);
	uint64_t left = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

	do {
		*--at = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (n < 0)
		*--at = '-';
	bytes_add(b, at, (size_t)(text + sizeof(text) - at));
}

void
bytes_addv(struct bytes *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0 || !make_room(b, (size_t)n)) {
		b->failed = true;
		return;
	}
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
}

void
bytes_addf(struct bytes *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	bytes_addv(b, fmt, ap);
	va_end(ap);
}

static void
add_escape(struct bytes *b, unsigned char c)
{
	static const char short_forms[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	static const char digits[] = "0123456789abcdef";
	char text[6] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };

	for (const char *p = short_forms; *p != '\0'; p += 2)
		if ((unsigned char)p[0] == c) {
			text[1] = p[1];
			bytes_add(b, text, 2);
			return;
		}
	bytes_add(b, text, sizeof(text));
}

/* What has escapes, the first of them at stop. */
static __attribute__((noinline)) void
add_escaped(struct bytes *b, const char *from, const char *stop,
    const char *end)
{
	uint64_t seen = 0;

	bytes_add_char(b, '"');
	bytes_add(b, from, (size_t)(stop - from));
	while (stop < end) {
		add_escape(b, (unsigned char)*stop);
		from = stop + 1;
		stop = json_stop(from, end, &seen);
		bytes_add(b, from, (size_t)(stop - from));
	}
	bytes_add_char(b, '"');
}

void
bytes_add_json(struct bytes *b, struct str s)
{
	const char *from = s.len > 0 ? s.at : "", *end = from + s.len;
	uint64_t seen = 0;
	const char *stop = json_stop(from, end, &seen);
	char *to;

	if (stop < end) {
		add_escaped(b, from, stop, end);
		return;
	}
	if ((s.len + 2 >= b->room - b->len || b->failed) &&
	    !make_room(b, s.len + 2))
		return;
	to = b->data + b->len;
	*to++ = '"';
	short_copy(to, from, s.len);
	memcpy(to + s.len, "\"", 2); /* and the NUL */
	b->len += s.len + 2;
}

void
bytes_add_double(struct bytes *b, double d)
{
	char text[32];

	if (!isfinite(d)) {
		b->failed = true;
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	bytes_add_text(b, text);
}
