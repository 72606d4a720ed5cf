/*
 * listener/listener_scan_steps.h - what the files of the scanner share.
 *
 * A step reads as far as its place goes, moves ->step on, and returns where
 * it stopped. It is given at least one byte; what it may not read ends the
 * request with a reason.
 */
#ifndef BRIDGE_LISTENER_SCAN_STEPS_H
#define BRIDGE_LISTENER_SCAN_STEPS_H

#include "listener/listener_scan.h"

/* What a byte may be part of. PATH and QUERY hold '%', checked apart. */
#define TOKEN BIT(0)
#define VALUE BIT(1)
#define PATH BIT(2)
#define QUERY BIT(3) /* with what senders' query strings hold unescaped */
#define HOST BIT(4)
#define HEX BIT(5)

/* The places a byte can stand in. Those of the head come first, in order. */
enum step {
	STEP_START,
	STEP_START_LF,
	STEP_METHOD,
	STEP_TARGET,
	STEP_ESCAPE,
	STEP_VERSION,
	STEP_LINE_CR,
	STEP_LINE_LF,
	STEP_FIELD,
	STEP_NAME,
	STEP_BLANK,
	STEP_VALUE,
	STEP_VALUE_LF,
	STEP_HEAD_LF,
	STEP_BODY,
	STEP_CHUNK_SIZE,
	STEP_CHUNK_SIZE_LF,
	STEP_EXTENSION,
	STEP_EXTENSION_NAME,
	STEP_EXTENSION_VALUE,
	STEP_EXTENSION_WORD,
	STEP_QUOTED,
	STEP_QUOTED_ESCAPE,
	STEP_QUOTED_END,
	STEP_CHUNK_DATA,
	STEP_CHUNK_DATA_CR,
	STEP_CHUNK_DATA_LF,
	STEP_END,
	STEPS
};

typedef const char *scan_step(struct scan *s, const char *at, const char *end);

/* listener_scan.c */
extern const uint8_t scan_classes[256];

static inline bool
scan_is(char c, unsigned class)
{
	return (scan_classes[(unsigned char)c] & class) != 0;
}

static inline const char *
scan_run(const char *at, const char *end, unsigned class)
{
	while (at < end && scan_is(*at, class))
		at++;
	return at;
}

static inline const char *
scan_next(struct scan *s, const char *at, enum step step)
{
	s->step = step;
	return at + 1;
}

static inline const char *
scan_bad(struct scan *s, const char *at, enum scan_reason reason)
{
	scan_refuse(s, reason);
	return at;
}

/* listener_scan_head.c: the request line, headers and trailers */
scan_step scan_at_start, scan_at_start_lf, scan_at_method, scan_at_target,
    scan_at_escape, scan_at_version, scan_at_line_cr, scan_at_field,
    scan_at_name, scan_at_blank, scan_at_value, scan_at_lf, scan_at_head_lf;

/* listener_scan_body.c: bodies and chunks */
scan_step scan_at_body, scan_at_chunk_size, scan_at_chunk_size_lf,
    scan_at_extension, scan_at_extension_name, scan_at_extension_value,
    scan_at_extension_word, scan_at_quoted, scan_at_quoted_escape,
    scan_at_quoted_end, scan_at_chunk_data, scan_at_chunk_data_cr,
    scan_at_chunk_data_lf;

#endif
