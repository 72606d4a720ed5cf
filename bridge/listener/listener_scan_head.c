/*
 * listener/listener_scan_head.c - the request line, headers and trailers.
 *
 * To add a header that matters: a row in `fields`, and its judge.
 */
#include <string.h>

#include "listener/listener_scan_steps.h"

/* Blank lines before a request: RFC 9112 2.2 wants at least one ignored. */
#define BLANK_LINES_MAX 2

static const struct method {
	struct str name;
	bool body;
} methods[] = {
	{ { "GET", 3 }, false },
	{ { "HEAD", 4 }, false },
	{ { "POST", 4 }, true },
	{ { "PUT", 3 }, true },
	{ { "PATCH", 5 }, true },
	{ { "DELETE", 6 }, true },
	{ { "OPTIONS", 7 }, true },
};
#define METHOD_HEAD 1

static void
word_add(struct scan *s, char c)
{
	if (c >= 'A' && c <= 'Z')
		c = (char)(c | 0x20);
	if (s->word_len < sizeof(s->word))
		s->word[s->word_len++] = c;
}

static bool
word_is(const struct scan *s, struct str word)
{
	return str_eq((struct str){ s->word, s->word_len }, word);
}

const char *
scan_at_start(struct scan *s, const char *at, const char *end)
{
	(void)end;
	if (*at == '\r' && s->blank_lines < BLANK_LINES_MAX)
		return scan_next(s, at, STEP_START_LF);
	if (!scan_is(*at, TOKEN))
		return scan_bad(s, at, SCAN_START);
	s->step = STEP_METHOD; /* which reads this byte, as the head's first */
	return at;
}

const char *
scan_at_start_lf(struct scan *s, const char *at, const char *end)
{
	(void)end;
	if (*at != '\n')
		return scan_bad(s, at, SCAN_LINE_END);
	s->blank_lines++;
	return scan_next(s, at, STEP_START);
}

/* Methods are compared with regard to case: they are kept as they came. */
const char *
scan_at_method(struct scan *s, const char *at, const char *end)
{
	for (; at < end && scan_is(*at, TOKEN); at++)
		if (s->word_len < sizeof(s->word))
			s->word[s->word_len++] = *at;
	if (at == end)
		return at;
	if (*at != ' ')
		return scan_bad(s, at, SCAN_METHOD);
	for (s->method = 0; s->method < COUNT_OF(methods); s->method++)
		if (word_is(s, methods[s->method].name))
			return scan_next(s, at, STEP_TARGET);
	return scan_bad(s, at, SCAN_METHOD_UNKNOWN);
}

#define DOTS_NONE 9 /* the segment holds something else */

static bool
dot_segment(const struct scan *s)
{
	return !s->in_query && (s->dots == 1 || s->dots == 2);
}

static void
segment_add(struct scan *s, char c)
{
	if (c == '/')
		s->dots = 0;
	else if (c == '.' && s->dots < DOTS_NONE)
		s->dots++;
	else
		s->dots = DOTS_NONE;
}

const char *
scan_at_target(struct scan *s, const char *at, const char *end)
{
	unsigned class = s->in_query ? QUERY : PATH;

	for (; at < end && scan_is(*at, class); at++) {
		if (!s->rooted && *at != '/')
			return scan_bad(s, at, SCAN_TARGET);
		s->rooted = true;
		if (*at == '%') {
			s->digits = s->code = 0;
			return scan_next(s, at, STEP_ESCAPE);
		}
		if (*at == '/' && dot_segment(s))
			return scan_bad(s, at, SCAN_TARGET_DOTS);
		segment_add(s, *at);
	}
	if (at == end)
		return at;
	if (!s->rooted || (*at != ' ' && *at != '?'))
		return scan_bad(s, at, SCAN_TARGET);
	if (dot_segment(s))
		return scan_bad(s, at, SCAN_TARGET_DOTS);
	if (*at == ' ') {
		s->digits = s->code = 0;
		return scan_next(s, at, STEP_VERSION);
	}
	s->in_query = true;
	return scan_next(s, at, STEP_TARGET);
}

/* Escaped dots count as dots; an escaped NUL ends texts in C programs. */
const char *
scan_at_escape(struct scan *s, const char *at, const char *end)
{
	(void)end;
	if (!scan_is(*at, HEX))
		return scan_bad(s, at, SCAN_TARGET_ESCAPE);
	s->code = s->code << 4 | (unsigned)hex_digit(*at);
	if (++s->digits < 2)
		return at + 1;
	if (s->code == 0)
		return scan_bad(s, at, SCAN_TARGET_ESCAPE);
	segment_add(s, s->code == '.' ? '.' : 'x');
	return scan_next(s, at, STEP_TARGET);
}

const char *
scan_at_version(struct scan *s, const char *at, const char *end)
{
	static const char shape[] = "HTTP/#.#";

	for (; at < end && shape[s->digits] != '\0'; at++, s->digits++) {
		bool digit = *at >= '0' && *at <= '9';

		if (shape[s->digits] == '#' ? !digit : *at != shape[s->digits])
			return scan_bad(s, at, SCAN_VERSION);
		if (digit)
			s->code = s->code << 4 | (unsigned)(*at - '0');
	}
	if (shape[s->digits] != '\0')
		return at;
	s->http_1_0 = s->code == 0x10;
	if (!s->http_1_0 && s->code != 0x11)
		return scan_bad(s, at, SCAN_VERSION_UNKNOWN);
	s->step = STEP_LINE_CR;
	return at;
}

const char *
scan_at_line_cr(struct scan *s, const char *at, const char *end)
{
	(void)end;
	if (*at == '\r')
		return scan_next(s, at, STEP_LINE_LF);
	return scan_bad(s, at, *at == '\n' ? SCAN_LINE_END : SCAN_VERSION);
}

/*
 * Headers; and trailers, which are held to the same grammar and dropped.
 * Values that matter are gathered, then judged at the end of their line.
 */

static bool
gather_word(struct scan *s, char c)
{
	word_add(s, c);
	return true;
}

static bool
judge_length(struct scan *s)
{
	struct str text = { s->word, s->word_len };
	int64_t n;

	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] < '0' || text.at[i] > '9')
			return scan_refuse(s, SCAN_LENGTH);
	if (text.len == 0 || text.len == sizeof(s->word))
		return scan_refuse(s, SCAN_LENGTH);
	if (s->has_length)
		return scan_refuse(s, SCAN_LENGTH_TWICE);
	n = str_number(text, INT64_MAX);
	s->content_length = n < 0 ? UINT64_MAX : (uint64_t)n;
	s->has_length = true;
	return true;
}

static bool
judge_coding(struct scan *s)
{
	if (s->word_len == 0 || s->has_coding)
		return scan_refuse(s, SCAN_CODING);
	s->has_coding = true;
	s->chunked = word_is(s, STR("chunked"));
	return s->chunked || scan_refuse(s, SCAN_CODING_UNKNOWN);
}

static bool
judge_expect(struct scan *s)
{
	s->expects_continue = word_is(s, STR("100-continue"));
	return s->expects_continue || scan_refuse(s, SCAN_EXPECT);
}

static bool
judge_connection(struct scan *s)
{
	s->says_close = s->says_close || word_is(s, STR("close"));
	s->word_len = 0;
	return true;
}

static bool
gather_connection(struct scan *s, char c)
{
	if (c == ',')
		return judge_connection(s);
	if (c != ' ' && c != '\t')
		word_add(s, c);
	return true;
}

static bool
gather_host(struct scan *s, char c)
{
	if (c == ' ' || c == '\t') {
		s->host_ended = true;
		return true;
	}
	if (s->host_ended || !scan_is(c, HOST))
		return scan_refuse(s, SCAN_HOST);
	word_add(s, c);
	return true;
}

static bool
judge_host(struct scan *s)
{
	if (s->has_host || s->word_len == 0)
		return scan_refuse(s, SCAN_HOST);
	s->has_host = true;
	return true;
}

static const struct field {
	struct str name;
	bool (*gather)(struct scan *s, char c);
	bool (*judge)(struct scan *s);
	bool no_tabs; /* legal around a value, and read in two ways */
	bool frames;  /* says where the request ends */
} fields[] = {
	{ { "content-length", 14 }, gather_word, judge_length, true, true },
	{ { "transfer-encoding", 17 }, gather_word, judge_coding, true, true },
	{ { "expect", 6 }, gather_word, judge_expect, true, false },
	{ { "connection", 10 }, gather_connection, judge_connection, false,
	    false },
	{ { "host", 4 }, gather_host, judge_host, false, false },
	{ { "", 0 }, NULL, NULL, false, false }, /* all others */
};
#define FIELD_OTHER (COUNT_OF(fields) - 1)

const char *
scan_at_field(struct scan *s, const char *at, const char *end)
{
	(void)end;
	if (*at == '\r')
		return scan_next(s, at, STEP_HEAD_LF);
	if (*at == ' ' || *at == '\t')
		return scan_bad(s, at, SCAN_FOLDED);
	if (!scan_is(*at, TOKEN))
		return scan_bad(s, at, *at == '\n' ? SCAN_LINE_END : SCAN_NAME);
	if (s->fields == SCAN_FIELDS_MAX)
		return scan_bad(s, at, SCAN_HEADERS_MANY);
	s->fields++;
	s->word_len = 0;
	s->step = STEP_NAME;
	return at;
}

static unsigned
field_named(const struct scan *s)
{
	unsigned i = 0;

	while (i < FIELD_OTHER && !word_is(s, fields[i].name))
		i++;
	return i;
}

/*
 * Content_Length, Transfer--Encoding: programs that take '_' for '-', as CGI
 * does, would see a length where we see none.
 */
static bool
word_is_like(const struct scan *s, struct str name)
{
	size_t k = 0;

	for (size_t i = 0; i < s->word_len; i++) {
		char c = s->word[i] == '_' ? '-' : s->word[i];

		if (c == '-' && k > 0 && name.at[k - 1] == '-')
			continue;
		if (k == name.len || c != name.at[k])
			return false;
		k++;
	}
	return k == name.len;
}

static bool
is_alike(const struct scan *s)
{
	for (unsigned i = 0; i < FIELD_OTHER; i++)
		if (fields[i].frames && word_is_like(s, fields[i].name))
			return true;
	return false;
}

const char *
scan_at_name(struct scan *s, const char *at, const char *end)
{
	for (; at < end && scan_is(*at, TOKEN); at++)
		word_add(s, *at);
	if (at == end)
		return at;
	if (*at != ':')
		return scan_bad(s, at, SCAN_NAME);
	s->field = s->in_trailer ? (unsigned)FIELD_OTHER : field_named(s);
	if (s->field == FIELD_OTHER && !s->in_trailer && is_alike(s))
		return scan_bad(s, at, SCAN_NAME_ALIKE);
	s->word_len = 0;
	s->host_ended = false;
	return scan_next(s, at, STEP_BLANK);
}

const char *
scan_at_blank(struct scan *s, const char *at, const char *end)
{
	bool tabs = !fields[s->field].no_tabs;

	while (at < end && (*at == ' ' || (*at == '\t' && tabs)))
		at++;
	if (at < end)
		s->step = STEP_VALUE;
	return at;
}

const char *
scan_at_value(struct scan *s, const char *at, const char *end)
{
	const struct field *field = &fields[s->field];

	if (field->gather == NULL)
		at = scan_run(at, end, VALUE);
	else
		for (; at < end && scan_is(*at, VALUE); at++)
			if (!field->gather(s, *at))
				return at;
	if (at == end)
		return at;
	if (*at != '\r')
		return scan_bad(s, at,
		    *at == '\n' ? SCAN_LINE_END : SCAN_VALUE);
	while (s->word_len > 0 && s->word[s->word_len - 1] == ' ')
		s->word_len--;
	if (field->judge != NULL && !field->judge(s))
		return at;
	return scan_next(s, at, STEP_VALUE_LF);
}

const char *
scan_at_lf(struct scan *s, const char *at, const char *end)
{
	(void)end;
	if (*at != '\n')
		return scan_bad(s, at, SCAN_LINE_END);
	return scan_next(s, at, STEP_FIELD);
}

static enum scan_reason
head_problem(const struct scan *s)
{
	if (!s->http_1_0 && !s->has_host)
		return SCAN_HOST_MISSING;
	if (s->http_1_0 && s->has_coding)
		return SCAN_CODING_OLD;
	if (s->has_coding && s->has_length)
		return SCAN_FRAMED_TWICE;
	if (!methods[s->method].body && (s->chunked || s->content_length > 0))
		return SCAN_BODY_UNWANTED;
	if (s->content_length > s->limits.body)
		return SCAN_BODY_LARGE;
	return SCAN_OK;
}

const char *
scan_at_head_lf(struct scan *s, const char *at, const char *end)
{
	bool body = s->chunked || s->content_length > 0;
	enum scan_reason problem;

	(void)end;
	if (*at != '\n')
		return scan_bad(s, at, SCAN_LINE_END);
	if (s->in_trailer)
		return scan_next(s, at, STEP_END);
	problem = head_problem(s);
	if (problem != SCAN_OK)
		return scan_bad(s, at, problem);
	s->keep = !s->says_close && !s->http_1_0;
	s->expects_continue = s->expects_continue && body && !s->http_1_0;
	s->left = s->content_length;
	s->digits = 0;
	if (s->chunked)
		return scan_next(s, at, STEP_CHUNK_SIZE);
	return scan_next(s, at, body ? STEP_BODY : STEP_END);
}

bool
scan_is_head_method(const struct scan *s)
{
	return s->method == METHOD_HEAD;
}
