/*
 * listener/listener_scan.h - judges one HTTP/1.1 request, byte by byte.
 *
 * Bytes go in as they arrive, in pieces of any size; the verdict does not
 * depend on where they were cut. Where RFC 9112 leaves a choice, the strict
 * one is made: what two parsers could read in two ways is refused. Nothing
 * is allocated or copied: the caller keeps the bytes of the parts it wants.
 *
 *	part		bytes
 *	SCAN_HEAD	request line and headers, the empty line included
 *	SCAN_BODY	the body, freed from its chunks
 *	SCAN_SKIP	of no further use: blank lines before a request,
 *			sizes and extensions of chunks, trailers
 *
 * Private to this room.
 */
#ifndef BRIDGE_LISTENER_SCAN_H
#define BRIDGE_LISTENER_SCAN_H

#include "base/base.h"

/* Headers and trailers of one request, together. */
#define SCAN_FIELDS_MAX 100

enum scan_part { SCAN_SKIP, SCAN_HEAD, SCAN_BODY };

/* What is wrong with a request; a row each in listener_scan.c. */
enum scan_reason {
	SCAN_OK,
	SCAN_START,
	SCAN_METHOD,
	SCAN_METHOD_UNKNOWN,
	SCAN_TARGET,
	SCAN_TARGET_ESCAPE,
	SCAN_TARGET_DOTS,
	SCAN_TARGET_LONG,
	SCAN_VERSION,
	SCAN_VERSION_UNKNOWN,
	SCAN_LINE_END,
	SCAN_FOLDED,
	SCAN_NAME,
	SCAN_NAME_ALIKE,
	SCAN_VALUE,
	SCAN_HEADERS_LARGE,
	SCAN_HEADERS_MANY,
	SCAN_HOST,
	SCAN_HOST_MISSING,
	SCAN_LENGTH,
	SCAN_LENGTH_TWICE,
	SCAN_CODING,
	SCAN_CODING_UNKNOWN,
	SCAN_CODING_OLD,
	SCAN_FRAMED_TWICE,
	SCAN_EXPECT,
	SCAN_BODY_UNWANTED,
	SCAN_BODY_LARGE,
	SCAN_CHUNK_SIZE,
	SCAN_CHUNK_EXTENSION,
	SCAN_CHUNK_END,
	SCAN_CHUNK_EXTRA,
	SCAN_LATE,     /* not the scanner's: the deadline passed */
	SCAN_MEMORY,   /* not the scanner's: no room for the request */
	SCAN_FULL,     /* not the scanner's: too much is under way */
	SCAN_RATE,     /* not the scanner's: too many of one address */
	SCAN_STOPPING, /* not the scanner's: too late to serve it */
	SCAN_RENEWED,  /* ... and: other clients are let in by now */
	SCAN_REASONS
};

struct scan_verdict {
	int status;       /* HTTP */
	const char *text; /* a clause, for the sender and the log */
};
const struct scan_verdict *scan_verdict(enum scan_reason reason);

struct scan_limits {
	size_t head; /* bytes; also for extensions and trailers together */
	size_t body; /* bytes */
};

struct scan {
	struct scan_limits limits;
	enum scan_reason reason; /* SCAN_OK until it is bad */
	unsigned step;
	size_t head_len;
	size_t extra_len; /* chunk extensions and trailers */
	unsigned fields;

	char word[24]; /* lower case; a longer word fills it and fits none */
	size_t word_len;
	unsigned field; /* the header being read */
	unsigned method;
	unsigned blank_lines;
	unsigned digits; /* of a chunk size, an escape or the version */
	unsigned code;   /* of the escape being read */
	unsigned dots;   /* in a path segment of dots only */

	uint64_t content_length;
	uint64_t left; /* of the body or the chunk */
	uint64_t body_len;

	/* Told once the head is whole (left == the body's length then). */
	bool http_1_0;
	bool keep; /* the connection, after the answer; not of HTTP/1.0 */
	bool expects_continue;
	bool chunked;

	bool rooted, in_query, in_trailer;
	bool has_length, has_coding, has_host, host_ended;
	bool says_close;
};

void scan_start(struct scan *s, const struct scan_limits *limits);
/*
 * Reads bytes of one part, and returns how many: at least one, unless
 * n == 0 or the request is over. What is not read is the next call's, or
 * the next request's.
 */
size_t scan_feed(struct scan *s, const char *at, size_t n,
    enum scan_part *part) MUST_CHECK;
/* Complete, or bad: ->reason tells. */
bool scan_over(const struct scan *s);
/* The head is whole (or the request is over). */
bool scan_past_head(const struct scan *s);
bool scan_is_head_method(const struct scan *s); /* HEAD: no body back */
/* Ends it where it is, as good as it was: what is left is not read. */
void scan_end(struct scan *s);
/* Ends it as bad, also for a reason seen from outside. Always false. */
bool scan_refuse(struct scan *s, enum scan_reason reason);

#endif
