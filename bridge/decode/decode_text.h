/*
 * decode/decode_text.h - what a content type says of a text. Private to
 * this room.
 */
#ifndef BRIDGE_DECODE_TEXT_H
#define BRIDGE_DECODE_TEXT_H

#include "decode/decode.h"

enum charset {
	CHARSET_UNSAID,
	CHARSET_UTF8, /* of which ASCII is a part */
	CHARSET_LATIN1,
	CHARSET_WINDOWS_1252,
	CHARSET_UTF16, /* by its byte order mark */
	CHARSET_UTF16BE,
	CHARSET_UTF16LE,
	CHARSET_OTHER, /* nobody reads it */
};

/* A body, and what its content type says of it. */
struct body {
	struct str text;
	struct str params; /* of the content type */
	enum charset charset;
};

/* STR_NONE is UNSAID. */
enum charset charset_named(struct str name);
/* A parameter of a content type, or STR_NONE; the first of that name. */
struct str param_of(struct str params, struct str name);
/* Offset of the first % without two hex digits behind it, or s.len. */
size_t escape_bad(struct str s);
/* Bytes that text_utf8 takes: UTF-8 itself, or one byte a character. */
bool charset_is_simple(enum charset charset);
/*
 * The text as UTF-8, in the arena unless it is the text itself: what is
 * said to be UTF-8, or nothing, comes through unchecked. -1: no memory.
 */
int text_utf8(struct arena *arena, struct str text, enum charset charset,
    struct str *out) MUST_CHECK;

/* The decoders of one kind of body each. */
struct document *body_form(struct arena *arena, const struct body *body,
    const struct decode_limits *limits, struct fault *why) MUST_CHECK;
struct document *body_multipart(struct arena *arena, const struct body *body,
    const struct decode_limits *limits, struct fault *why) MUST_CHECK;
struct document *body_xml(struct arena *arena, const struct body *body,
    const struct decode_limits *limits, struct fault *why) MUST_CHECK;

#endif
