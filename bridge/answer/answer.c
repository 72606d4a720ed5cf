/*
 * answer/answer.c - reads one HTTP answer, strictly.
 *
 *	status line, fields, empty line		again for every 1xx
 *	then one of:
 *	  nothing				204, 304, Content-Length: 0
 *	  sized					Content-Length
 *	  chunk line, chunk data, CRLF ...	Transfer-Encoding: chunked
 *	    trailer fields, empty line
 *	  until the stream ends			Connection: close, asked or said
 *
 * Each part is a row of `parts`; it takes what it can from the input and
 * names the next part. Lines that lie whole in the input are read in place.
 */
#include <string.h>

#include "answer/answer.h"

/* Nobody sends more in earnest; each costs a little work. */
#define FIELDS_MAX 100
/* Servers send one or two (103 early hints); a flood is an attack. */
#define INTERIMS_MAX 8
/* A chunk-size line with its extension, and all extensions of an answer. */
#define CHUNK_LINE_MAX ((size_t)256)
#define EXTENSIONS_MAX ((size_t)4096)
/* Digits of a chunk size: 15 of them cannot overflow an int64_t. */
#define CHUNK_DIGITS_MAX ((size_t)15)

enum part {
	PART_STATUS,
	PART_FIELDS,
	PART_SIZED,
	PART_UNTIL_CLOSE,
	PART_CHUNK_SIZE,
	PART_CHUNK_DATA,
	PART_CHUNK_END,
	PART_TRAILERS,
	PARTS
};

/* Always false, so that callers can return it. */
static bool
bad(struct answer_reader *r, const char *problem)
{
	r->verdict = VERDICT_BAD;
	r->problem = problem;
	return false;
}

static void
whole(struct answer_reader *r)
{
	r->verdict = VERDICT_WHOLE;
}

static void
too_long(struct answer_reader *r)
{
	if (r->status < 300) {
		bad(r, "the answer's body is larger than the limit");
		return;
	}
	bytes_clear(&r->body);
	r->content_type.there = false;
	r->reusable = false;
	r->cut = true;
	whole(r);
}

void
answer_reader_again(struct answer_reader *r, struct answer_limits limits)
{
	struct bytes line = r->line, body = r->body;

	*r = (struct answer_reader){ .limits = limits,
		.room = limits.headers,
		.extensions = EXTENSIONS_MAX,
		.length = -1,
		.line = line,
		.body = body };
	bytes_clear(&r->line);
	bytes_clear(&r->body);
	r->line.ceiling = limits.headers + CHUNK_LINE_MAX;
	r->body.ceiling = limits.body;
}

void
answer_reader_init(struct answer_reader *r, struct answer_limits limits)
{
	*r = (struct answer_reader){ 0 };
	answer_reader_again(r, limits);
}

void
answer_reader_shrink(struct answer_reader *r, size_t most)
{
	if (r->line.room > most)
		bytes_done(&r->line);
	if (r->body.room > most)
		bytes_done(&r->body);
}

void
answer_reader_done(struct answer_reader *r)
{
	bytes_done(&r->line);
	bytes_done(&r->body);
}

/* RFC 9110: tchar. */
static const bool token_chars[256] = { ['!'] = true,
	['#' ... '\''] = true,
	['*'] = true,
	['+'] = true,
	['-'] = true,
	['.'] = true,
	['0' ... '9'] = true,
	['A' ... 'Z'] = true,
	['^' ... 'z'] = true, /* with _ and ` */
	['|'] = true,
	['~'] = true };

static bool
is_token(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!token_chars[(unsigned char)s.at[i]])
			return false;
	return s.len > 0;
}

/* NUL, a bare CR, every control but the tab. */
static const bool controls[256] = { [0 ... '\t' - 1] = true,
	['\t' + 1 ... ' ' - 1] = true,
	[0x7f] = true };

static bool
is_clean(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (controls[(unsigned char)s.at[i]])
			return false;
	return true;
}

static struct str
trim_blanks(struct str s)
{
	while (s.len > 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
		s = str_skip(s, 1);
	while (s.len > 0 && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static bool
line_too_long(struct answer_reader *r)
{
	if (r->part == PART_CHUNK_END)
		return bad(r, "a chunk of the answer is longer than its size");
	if (r->part == PART_CHUNK_SIZE)
		return bad(r, "a chunk's size line is too long");
	return bad(r, "the answer's headers are larger than the limit");
}

/* The line with its LF, in place when it came in one piece. */
static bool
gather_line(struct answer_reader *r, struct str piece, bool ended,
    struct str *line)
{
	if (r->line_taken)
		bytes_clear(&r->line);
	r->line_taken = ended;
	if (ended && r->line.len == 0) {
		*line = piece;
		return true;
	}
	bytes_add_str(&r->line, piece);
	if (!bytes_ok(&r->line))
		return bad(r, "no memory for the answer");
	*line = bytes_str(&r->line);
	return ended;
}

/*
 * Takes one line, and its CRLF off it. False when more bytes are needed, or
 * when the verdict fell. The line is valid until the next call.
 */
static bool
take_line(struct answer_reader *r, struct str *in, struct str *line)
{
	const char *lf = memchr(in->at, '\n', in->len);
	size_t n = lf != NULL ? (size_t)(lf - in->at) + 1 : in->len;
	struct str piece = { in->at, n };

	if (n > r->room)
		return line_too_long(r);
	r->room -= n;
	*in = str_skip(*in, n);
	if (!gather_line(r, piece, lf != NULL, line))
		return false;
	if (line->len < 2 || line->at[line->len - 2] != '\r')
		return bad(r, "a line of the answer ends without CR LF");
	line->len -= 2;
	if (!is_clean(*line))
		return bad(r, "a control character in the answer's headers");
	return true;
}

/* "HTTP/1.1 200 OK": takes the version off. */
static bool
cut_version(struct answer_reader *r, struct str *line)
{
	if (str_starts(*line, STR("HTTP/1.0 ")))
		r->old = true;
	else if (!str_starts(*line, STR("HTTP/1.1 ")))
		return bad(r, "the answer is not HTTP/1.1");
	*line = str_skip(*line, 9);
	return true;
}

static bool
read_status(struct answer_reader *r, struct str line)
{
	struct str digits = { line.at, line.len < 3 ? line.len : 3 };
	int64_t status = str_number(digits, 599);

	if (digits.len != 3 || status < 100 ||
	    (line.len > 3 && line.at[3] != ' '))
		return bad(r, "the answer's status is not a number 100 to 599");
	r->status = (int)status;
	return true;
}

/*
 * Junk without an end of line (another protocol, a bare page) is refused by
 * its first bytes, not waited for.
 */
static bool
prefix_fits(const struct answer_reader *r, struct str in)
{
	static const char prefix[] = "HTTP/1.";
	size_t seen = r->line_taken ? 0 : r->line.len;
	size_t n = sizeof(prefix) - 1;

	if (seen >= n)
		return true;
	n -= seen;
	return memcmp(prefix + seen, in.at, in.len < n ? in.len : n) == 0;
}

static void
part_status(struct answer_reader *r, struct str *in)
{
	struct str line;

	if (!prefix_fits(r, *in)) {
		bad(r, "the answer is not HTTP/1.1");
		return;
	}
	if (take_line(r, in, &line) && cut_version(r, &line) &&
	    read_status(r, line))
		r->part = PART_FIELDS;
}

static bool
field_length(struct answer_reader *r, struct str value)
{
	if (r->length >= 0)
		return bad(r, "the answer has more than one Content-Length");
	r->length = str_number(value, INT64_MAX);
	if (r->length < 0)
		return bad(r, "the answer's Content-Length is not a number");
	return true;
}

static bool
field_encoding(struct answer_reader *r, struct str value)
{
	if (r->chunked)
		return bad(r, "the answer has more than one Transfer-Encoding");
	if (!str_eq_nocase(value, STR("chunked")))
		return bad(r, "the answer's Transfer-Encoding is not chunked");
	r->chunked = true;
	return true;
}

static bool
field_connection(struct answer_reader *r, struct str value)
{
	struct str word;

	while (str_cut(&value, ',', &word))
		if (str_eq_nocase(trim_blanks(word), STR("close")))
			r->close = true;
	return true;
}

static void
keep_text(struct answer_text *text, struct str value, size_t max)
{
	if (text->there || value.len > max)
		return;
	if (value.len > 0)
		memcpy(text->at, value.at, value.len);
	text->len = value.len;
	text->there = true;
}

static bool
field_type(struct answer_reader *r, struct str value)
{
	keep_text(&r->content_type, value, ANSWER_TYPE_MAX);
	return true;
}

static bool
field_retry(struct answer_reader *r, struct str value)
{
	keep_text(&r->retry_after, value, ANSWER_RETRY_MAX);
	return true;
}

static const struct field {
	struct str name;
	bool (*take)(struct answer_reader *r, struct str value);
} known_fields[] = {
	{ { "Content-Length", 14 }, field_length },
	{ { "Content-Type", 12 }, field_type },
	{ { "Transfer-Encoding", 17 }, field_encoding },
	{ { "Connection", 10 }, field_connection },
	{ { "Retry-After", 11 }, field_retry },
};

/* Checks "name: value" and takes it apart. */
static bool
split_field(struct answer_reader *r, struct str line, struct str *name,
    struct str *value)
{
	if (++r->fields > FIELDS_MAX)
		return bad(r, "the answer has more than 100 header fields");
	if (line.at[0] == ' ' || line.at[0] == '\t')
		return bad(r, "the answer has a folded header line");
	*value = line;
	str_cut(value, ':', name);
	if (value->at == NULL || !is_token(*name))
		return bad(r, "a header field of the answer has no valid name");
	*value = trim_blanks(*value);
	return true;
}

static bool
read_field(struct answer_reader *r, struct str line)
{
	struct str name, value;

	if (!split_field(r, line, &name, &value))
		return false;
	for (size_t i = 0; i < COUNT_OF(known_fields); i++)
		if (str_eq_nocase(name, known_fields[i].name))
			return known_fields[i].take(r, value);
	return true;
}

/* A 1xx is over; the answer itself is still to come. */
static void
end_interim(struct answer_reader *r)
{
	if (r->status == 101)
		bad(r, "the answer switches protocols (101), unasked");
	else if (r->length >= 0 || r->chunked)
		bad(r, "an interim answer (1xx) announces a body");
	else if (++r->interims > INTERIMS_MAX)
		bad(r, "more than 8 interim answers (1xx)");
	if (r->verdict == VERDICT_BAD)
		return;
	r->content_type.there = false;
	r->retry_after.there = false;
	r->part = PART_STATUS;
}

/* 204 and 304 end with their headers, whatever these announce. */
static void
end_bodiless(struct answer_reader *r)
{
	/* A body announced for it may follow all the same: never reuse. */
	if (r->length > 0 || r->chunked)
		r->reusable = false;
	whole(r);
}

static void
begin_sized(struct answer_reader *r)
{
	if (r->length > (int64_t)r->limits.body) {
		too_long(r);
		return;
	}
	r->left = (size_t)r->length;
	r->part = PART_SIZED;
	if (r->left == 0)
		whole(r);
	else if (bytes_reserve(&r->body, r->left) == NULL)
		bad(r, "no memory for the answer");
}

static void
begin_chunk_line(struct answer_reader *r)
{
	r->room = CHUNK_LINE_MAX;
	r->part = PART_CHUNK_SIZE;
}

static void
begin_body(struct answer_reader *r)
{
	bool last = r->old || r->close || r->limits.last;

	r->reusable = !last;
	if (r->chunked && r->length >= 0)
		bad(r, "the answer has Content-Length and Transfer-Encoding");
	else if (r->chunked && r->old)
		bad(r, "an HTTP/1.0 answer has Transfer-Encoding");
	else if (r->status == 204 || r->status == 304)
		end_bodiless(r);
	else if (r->chunked)
		begin_chunk_line(r);
	else if (r->length >= 0)
		begin_sized(r);
	else if (last)
		r->part = PART_UNTIL_CLOSE;
	else
		bad(r, "the answer does not say where its body ends");
}

static void
part_fields(struct answer_reader *r, struct str *in)
{
	struct str line;

	if (!take_line(r, in, &line))
		return;
	if (line.len > 0)
		(void)read_field(r, line);
	else if (r->status < 200)
		end_interim(r);
	else
		begin_body(r);
}

/* Adds at most `most` bytes of the input to the body; returns how many. */
static size_t
take_body(struct answer_reader *r, struct str *in, size_t most)
{
	size_t n = in->len < most ? in->len : most;

	if (n > r->limits.body - r->body.len) {
		too_long(r);
		return 0;
	}
	bytes_add(&r->body, in->at, n);
	if (!bytes_ok(&r->body))
		bad(r, "no memory for the answer");
	*in = str_skip(*in, n);
	return n;
}

static void
part_sized(struct answer_reader *r, struct str *in)
{
	r->left -= take_body(r, in, r->left);
	if (r->left == 0 && r->verdict == VERDICT_MORE)
		whole(r);
}

/*
 * The bytes up to the limit are taken first, so that the place where an
 * endless body is refused does not hang on how it was cut.
 */
static void
part_until_close(struct answer_reader *r, struct str *in)
{
	size_t room = r->limits.body - r->body.len;

	take_body(r, in, room);
	if (in->len > 0 && r->verdict == VERDICT_MORE)
		too_long(r);
}

/* "1a;name=value": -1 when it is not a size, or is followed by junk. */
static int64_t
chunk_size(struct str line, size_t *digits)
{
	int64_t size = 0;
	size_t n = 0;

	while (n < line.len && hex_digit(line.at[n]) >= 0) {
		if (n == CHUNK_DIGITS_MAX)
			return -1;
		size = size * 16 + hex_digit(line.at[n++]);
	}
	if (n == 0 || (n < line.len && line.at[n] != ';'))
		return -1;
	*digits = n;
	return size;
}

static void
part_chunk_size(struct answer_reader *r, struct str *in)
{
	struct str line;
	size_t digits = 0;
	int64_t size;

	if (!take_line(r, in, &line))
		return;
	size = chunk_size(line, &digits);
	if (size < 0) {
		bad(r, "a chunk of the answer has no valid size");
	} else if (line.len - digits > r->extensions) {
		bad(r, "the answer's chunk extensions are too long");
	} else if (size > (int64_t)(r->limits.body - r->body.len)) {
		too_long(r);
	} else {
		r->extensions -= line.len - digits;
		r->left = (size_t)size;
		r->room = r->limits.headers;
		r->part = size > 0 ? PART_CHUNK_DATA : PART_TRAILERS;
	}
}

static void
part_chunk_data(struct answer_reader *r, struct str *in)
{
	r->left -= take_body(r, in, r->left);
	if (r->left > 0)
		return;
	r->room = 2; /* CR LF and nothing else */
	r->part = PART_CHUNK_END;
}

static void
part_chunk_end(struct answer_reader *r, struct str *in)
{
	struct str line;

	if (take_line(r, in, &line))
		begin_chunk_line(r);
}

/* Trailers are checked as fields are, and dropped. */
static void
part_trailers(struct answer_reader *r, struct str *in)
{
	struct str line, name, value;

	if (!take_line(r, in, &line))
		return;
	if (line.len == 0)
		whole(r);
	else
		(void)split_field(r, line, &name, &value);
}

static void (*const parts[PARTS])(struct answer_reader *r, struct str *in) = {
	[PART_STATUS] = part_status,
	[PART_FIELDS] = part_fields,
	[PART_SIZED] = part_sized,
	[PART_UNTIL_CLOSE] = part_until_close,
	[PART_CHUNK_SIZE] = part_chunk_size,
	[PART_CHUNK_DATA] = part_chunk_data,
	[PART_CHUNK_END] = part_chunk_end,
	[PART_TRAILERS] = part_trailers,
};

size_t
answer_reader_feed(struct answer_reader *r, const char *at, size_t len)
{
	struct str in = { at, len };

	if (len > 0)
		r->started = true;
	while (r->verdict == VERDICT_MORE && in.len > 0)
		parts[r->part](r, &in);
	return len - in.len;
}

void
answer_reader_end(struct answer_reader *r)
{
	if (r->verdict != VERDICT_MORE)
		return;
	if (r->part == PART_UNTIL_CLOSE)
		whole(r);
	else if (!r->started)
		bad(r, "the connection was closed without an answer");
	else
		bad(r, "the connection was closed within the answer");
}
