/* listener/listener_scan_body.c - bodies, chunks and their extensions. */
#include "listener/listener_scan_steps.h"

#define CHUNK_DIGITS_MAX 16

static const char *
take(struct scan *s, const char *at, const char *end, enum step after)
{
	size_t n = (size_t)(end - at);

	if (n > s->left)
		n = (size_t)s->left;
	s->left -= n;
	s->body_len += n;
	if (s->left == 0)
		s->step = after;
	return at + n;
}

const char *
scan_at_body(struct scan *s, const char *at, const char *end)
{
	return take(s, at, end, STEP_END);
}

/* Behind a size, an extension's name or its value. */
static const char *
extension_or_end(struct scan *s, const char *at)
{
	if (*at == ';')
		return scan_next(s, at, STEP_EXTENSION);
	if (*at == '\r')
		return scan_next(s, at, STEP_CHUNK_SIZE_LF);
	return scan_bad(s, at,
	    *at == '\n' ? SCAN_LINE_END : SCAN_CHUNK_EXTENSION);
}

const char *
scan_at_chunk_size(struct scan *s, const char *at, const char *end)
{
	for (; at < end && scan_is(*at, HEX); at++) {
		if (s->digits++ == CHUNK_DIGITS_MAX)
			return scan_bad(s, at, SCAN_CHUNK_SIZE);
		s->left = s->left << 4 | (unsigned)hex_digit(*at);
	}
	if (at == end)
		return at;
	if (s->digits == 0 || (*at != ';' && *at != '\r'))
		return scan_bad(s, at,
		    *at == '\n' ? SCAN_LINE_END : SCAN_CHUNK_SIZE);
	if (s->left > s->limits.body - s->body_len)
		return scan_bad(s, at, SCAN_BODY_LARGE);
	return extension_or_end(s, at);
}

const char *
scan_at_chunk_size_lf(struct scan *s, const char *at, const char *end)
{
	(void)end;
	if (*at != '\n')
		return scan_bad(s, at, SCAN_LINE_END);
	s->in_trailer = s->left == 0;
	return scan_next(s, at, s->in_trailer ? STEP_FIELD : STEP_CHUNK_DATA);
}

const char *
scan_at_extension(struct scan *s, const char *at, const char *end)
{
	(void)end;
	if (!scan_is(*at, TOKEN))
		return scan_bad(s, at, SCAN_CHUNK_EXTENSION);
	return scan_next(s, at, STEP_EXTENSION_NAME);
}

const char *
scan_at_extension_name(struct scan *s, const char *at, const char *end)
{
	at = scan_run(at, end, TOKEN);
	if (at == end)
		return at;
	if (*at == '=')
		return scan_next(s, at, STEP_EXTENSION_VALUE);
	return extension_or_end(s, at);
}

const char *
scan_at_extension_value(struct scan *s, const char *at, const char *end)
{
	(void)end;
	if (*at == '"')
		return scan_next(s, at, STEP_QUOTED);
	if (!scan_is(*at, TOKEN))
		return scan_bad(s, at, SCAN_CHUNK_EXTENSION);
	return scan_next(s, at, STEP_EXTENSION_WORD);
}

const char *
scan_at_extension_word(struct scan *s, const char *at, const char *end)
{
	at = scan_run(at, end, TOKEN);
	return at < end ? extension_or_end(s, at) : at;
}

const char *
scan_at_quoted(struct scan *s, const char *at, const char *end)
{
	while (at < end && scan_is(*at, VALUE) && *at != '"' && *at != '\\')
		at++;
	if (at == end)
		return at;
	if (!scan_is(*at, VALUE))
		return scan_bad(s, at, SCAN_CHUNK_EXTENSION);
	return scan_next(s, at,
	    *at == '"' ? STEP_QUOTED_END : STEP_QUOTED_ESCAPE);
}

const char *
scan_at_quoted_escape(struct scan *s, const char *at, const char *end)
{
	(void)end;
	if (!scan_is(*at, VALUE))
		return scan_bad(s, at, SCAN_CHUNK_EXTENSION);
	return scan_next(s, at, STEP_QUOTED);
}

const char *
scan_at_quoted_end(struct scan *s, const char *at, const char *end)
{
	(void)end;
	return extension_or_end(s, at);
}

const char *
scan_at_chunk_data(struct scan *s, const char *at, const char *end)
{
	return take(s, at, end, STEP_CHUNK_DATA_CR);
}

const char *
scan_at_chunk_data_cr(struct scan *s, const char *at, const char *end)
{
	(void)end;
	if (*at != '\r')
		return scan_bad(s, at, SCAN_CHUNK_END);
	return scan_next(s, at, STEP_CHUNK_DATA_LF);
}

const char *
scan_at_chunk_data_lf(struct scan *s, const char *at, const char *end)
{
	(void)end;
	if (*at != '\n')
		return scan_bad(s, at, SCAN_CHUNK_END);
	s->digits = 0;
	return scan_next(s, at, STEP_CHUNK_SIZE);
}
