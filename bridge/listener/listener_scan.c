/*
 * listener/listener_scan.c - a request, one byte after another.
 *
 * A row of `steps` for each place a byte can stand in. Sizes are metered
 * here, outside the steps, by cutting what they get to see: so a ceiling
 * strikes at the same byte however the request was cut.
 */
#include "listener/listener_scan_steps.h"

static const struct scan_verdict verdicts[SCAN_REASONS] = {
	[SCAN_OK] = { 200, "nothing is wrong" },
	[SCAN_START] = { 400, "the request does not begin with a method" },
	[SCAN_METHOD] = { 400, "the method is not a token and one space" },
	[SCAN_METHOD_UNKNOWN] = { 501, "the method is not known here" },
	[SCAN_TARGET] = { 400,
	    "the target is not a path and query as RFC 9112 writes them" },
	[SCAN_TARGET_ESCAPE] = { 400,
	    "the target holds a broken or forbidden percent escape" },
	[SCAN_TARGET_DOTS] = { 400, "the path holds a '.' or '..' segment" },
	[SCAN_TARGET_LONG] = { 414, "the request line is too long" },
	[SCAN_VERSION] = { 400, "the request line does not end in a version" },
	[SCAN_VERSION_UNKNOWN] = { 505,
	    "only HTTP/1.0 and HTTP/1.1 are spoken here" },
	[SCAN_LINE_END] = { 400, "a line does not end in CR LF" },
	[SCAN_FOLDED] = { 400, "a header line begins with white space" },
	[SCAN_NAME] = { 400, "a header name is not a token and a colon" },
	[SCAN_NAME_ALIKE] = { 400,
	    "a header is Content-Length or Transfer-Encoding but for its '-'" },
	[SCAN_VALUE] = { 400, "a header value holds a control character" },
	[SCAN_HEADERS_LARGE] = { 431, "the headers are too large" },
	[SCAN_HEADERS_MANY] = { 431, "there are too many headers" },
	[SCAN_HOST] = { 400, "Host is empty, malformed or there twice" },
	[SCAN_HOST_MISSING] = { 400, "Host is missing" },
	[SCAN_LENGTH] = { 400, "Content-Length is not a number" },
	[SCAN_LENGTH_TWICE] = { 400, "Content-Length is there twice" },
	[SCAN_CODING] = { 400, "Transfer-Encoding is empty or there twice" },
	[SCAN_CODING_UNKNOWN] = { 501,
	    "the only transfer coding known here is chunked" },
	[SCAN_CODING_OLD] = { 400, "HTTP/1.0 has no Transfer-Encoding" },
	[SCAN_FRAMED_TWICE] = { 400,
	    "both Content-Length and Transfer-Encoding are there" },
	[SCAN_EXPECT] = { 417, "the only expectation met is 100-continue" },
	[SCAN_BODY_UNWANTED] = { 400, "this method takes no body" },
	[SCAN_BODY_LARGE] = { 413, "the body is too large" },
	[SCAN_CHUNK_SIZE] = { 400, "a chunk size is not a hex number" },
	[SCAN_CHUNK_EXTENSION] = { 400, "a chunk extension is malformed" },
	[SCAN_CHUNK_END] = { 400, "a chunk does not end where it said" },
	[SCAN_CHUNK_EXTRA] = { 431,
	    "chunk extensions and trailers are too large" },
	[SCAN_LATE] = { 408, "the request did not arrive in time" },
	[SCAN_MEMORY] = { 503, "there is no memory for this request now" },
	[SCAN_FULL] = { 503, "too many bytes of requests are under way" },
	[SCAN_RATE] = { 429, "this address sends too many requests a second" },
	[SCAN_STOPPING] = { 503, "the bridge is stopping" },
	[SCAN_RENEWED] = { 503,
	    "other certificates of clients are asked for by now: connect "
	    "again" },
};

/* clang-format off */
const uint8_t scan_classes[256] = {
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x02, 0x1F, 0x02, 0x03, 0x1F, 0x1F, 0x1F, 0x1F,
	0x1E, 0x1E, 0x1F, 0x1F, 0x1E, 0x1F, 0x1F, 0x0E,
	0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F,
	0x3F, 0x3F, 0x1E, 0x1E, 0x02, 0x1E, 0x02, 0x0A,
	0x0E, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x1F,
	0x1F, 0x1F, 0x1F, 0x1F, 0x1F, 0x1F, 0x1F, 0x1F,
	0x1F, 0x1F, 0x1F, 0x1F, 0x1F, 0x1F, 0x1F, 0x1F,
	0x1F, 0x1F, 0x1F, 0x1A, 0x0A, 0x1A, 0x0B, 0x1F,
	0x0B, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x1F,
	0x1F, 0x1F, 0x1F, 0x1F, 0x1F, 0x1F, 0x1F, 0x1F,
	0x1F, 0x1F, 0x1F, 0x1F, 0x1F, 0x1F, 0x1F, 0x1F,
	0x1F, 0x1F, 0x1F, 0x0A, 0x0B, 0x0A, 0x1F, 0x00,
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
};
/* clang-format on */

bool
scan_refuse(struct scan *s, enum scan_reason reason)
{
	s->reason = reason;
	s->step = STEP_END;
	return false;
}

void
scan_end(struct scan *s)
{
	s->keep = false;
	s->step = STEP_END;
}

enum meter { METER_NONE, METER_HEAD, METER_EXTRA };

static const struct {
	scan_step *read;
	enum scan_part part;
	enum meter meter;
} steps[STEPS] = {
	[STEP_START] = { scan_at_start, SCAN_SKIP, METER_NONE },
	[STEP_START_LF] = { scan_at_start_lf, SCAN_SKIP, METER_NONE },
	[STEP_METHOD] = { scan_at_method, SCAN_HEAD, METER_HEAD },
	[STEP_TARGET] = { scan_at_target, SCAN_HEAD, METER_HEAD },
	[STEP_ESCAPE] = { scan_at_escape, SCAN_HEAD, METER_HEAD },
	[STEP_VERSION] = { scan_at_version, SCAN_HEAD, METER_HEAD },
	[STEP_LINE_CR] = { scan_at_line_cr, SCAN_HEAD, METER_HEAD },
	[STEP_LINE_LF] = { scan_at_lf, SCAN_HEAD, METER_HEAD },
	[STEP_FIELD] = { scan_at_field, SCAN_HEAD, METER_HEAD },
	[STEP_NAME] = { scan_at_name, SCAN_HEAD, METER_HEAD },
	[STEP_BLANK] = { scan_at_blank, SCAN_HEAD, METER_HEAD },
	[STEP_VALUE] = { scan_at_value, SCAN_HEAD, METER_HEAD },
	[STEP_VALUE_LF] = { scan_at_lf, SCAN_HEAD, METER_HEAD },
	[STEP_HEAD_LF] = { scan_at_head_lf, SCAN_HEAD, METER_HEAD },
	[STEP_BODY] = { scan_at_body, SCAN_BODY, METER_NONE },
	[STEP_CHUNK_SIZE] = { scan_at_chunk_size, SCAN_SKIP, METER_NONE },
	[STEP_CHUNK_SIZE_LF] = { scan_at_chunk_size_lf, SCAN_SKIP, METER_NONE },
	[STEP_EXTENSION] = { scan_at_extension, SCAN_SKIP, METER_EXTRA },
	[STEP_EXTENSION_NAME] = { scan_at_extension_name, SCAN_SKIP,
	    METER_EXTRA },
	[STEP_EXTENSION_VALUE] = { scan_at_extension_value, SCAN_SKIP,
	    METER_EXTRA },
	[STEP_EXTENSION_WORD] = { scan_at_extension_word, SCAN_SKIP,
	    METER_EXTRA },
	[STEP_QUOTED] = { scan_at_quoted, SCAN_SKIP, METER_EXTRA },
	[STEP_QUOTED_ESCAPE] = { scan_at_quoted_escape, SCAN_SKIP,
	    METER_EXTRA },
	[STEP_QUOTED_END] = { scan_at_quoted_end, SCAN_SKIP, METER_EXTRA },
	[STEP_CHUNK_DATA] = { scan_at_chunk_data, SCAN_BODY, METER_NONE },
	[STEP_CHUNK_DATA_CR] = { scan_at_chunk_data_cr, SCAN_SKIP, METER_NONE },
	[STEP_CHUNK_DATA_LF] = { scan_at_chunk_data_lf, SCAN_SKIP, METER_NONE },
	[STEP_END] = { NULL, SCAN_SKIP, METER_NONE },
};

static enum scan_part
part_now(const struct scan *s)
{
	return s->in_trailer ? SCAN_SKIP : steps[s->step].part;
}

/* The meter that runs now, or NULL. */
static size_t *
meter_now(struct scan *s)
{
	enum meter meter = s->in_trailer ? METER_EXTRA : steps[s->step].meter;

	if (meter == METER_NONE)
		return NULL;
	return meter == METER_HEAD ? &s->head_len : &s->extra_len;
}

static enum scan_reason
meter_full(const struct scan *s, const size_t *meter)
{
	if (meter == &s->extra_len)
		return SCAN_CHUNK_EXTRA;
	return s->step <= STEP_LINE_LF ? SCAN_TARGET_LONG : SCAN_HEADERS_LARGE;
}

size_t
scan_feed(struct scan *s, const char *at, size_t n, enum scan_part *part)
{
	const char *from = at, *end = at + n;

	*part = part_now(s);
	while (at < end && s->step != STEP_END) {
		size_t *meter = meter_now(s);
		const char *stop = end, *to;

		if (at == from)
			*part = part_now(s);
		else if (*part != part_now(s))
			break;
		if (meter != NULL && *meter == s->limits.head) {
			scan_refuse(s, meter_full(s, meter));
			break;
		}
		if (meter != NULL && n > s->limits.head - *meter &&
		    (size_t)(end - at) > s->limits.head - *meter)
			stop = at + (s->limits.head - *meter);
		to = steps[s->step].read(s, at, stop);
		if (meter != NULL)
			*meter += (size_t)(to - at);
		at = to;
	}
	return (size_t)(at - from);
}

void
scan_start(struct scan *s, const struct scan_limits *limits)
{
	*s = (struct scan){ .limits = *limits };
}

bool
scan_over(const struct scan *s)
{
	return s->step == STEP_END;
}

bool
scan_past_head(const struct scan *s)
{
	return s->step > STEP_HEAD_LF || s->in_trailer;
}

const struct scan_verdict *
scan_verdict(enum scan_reason reason)
{
	return &verdicts[reason];
}
