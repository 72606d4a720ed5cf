/*
 * decode/decode_part.c - RFC 7578 section 4, strictly: what two readers
 * could read in two ways is refused.
 */
#include <string.h>

#include "decode/decode_part.h"

struct part_reader {
	const struct pairs *pairs;
	struct part *part;
	unsigned seen; /* BIT of the rows in `headers` that came */
};

static int
refuse(const struct part_reader *r, const char *place, const char *what)
{
	return pairs_refuse(r->pairs, place, what);
}

/* RFC 9110's tokens: letters, digits and these. */
static bool
is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* Empty where none begins. */
static struct str
take_token(struct str *rest)
{
	size_t n = 0;
	struct str token;

	while (n < rest->len && is_token_char(rest->at[n]))
		n++;
	token = (struct str){ rest->at, n };
	*rest = str_skip(*rest, n);
	return token;
}

static bool
take_char(struct str *rest, char c)
{
	if (rest->len == 0 || rest->at[0] != c)
		return false;
	*rest = str_skip(*rest, 1);
	return true;
}

static void
skip_blanks(struct str *rest)
{
	while (take_char(rest, ' ') || take_char(rest, '\t'))
		;
}

/* True when the byte at i escapes the one behind it. */
static bool
is_escape(struct str s, size_t i)
{
	return s.at[i] == '\\' && s.len - i > 1 &&
	    (s.at[i + 1] == '"' || s.at[i + 1] == '\\');
}

/*
 * Between quotes, from behind the first. A backslash escapes a quote or a
 * backslash and else is itself: browsers write %22 for a quote and paths of
 * Windows as they are.
 */
static int
take_quoted(const struct part_reader *r, struct str *rest, struct str *out)
{
	size_t n = 0, end = 0;
	char *to;

	while (end < rest->len && rest->at[end] != '"')
		end += is_escape(*rest, end) ? 2 : 1;
	if (end >= rest->len)
		return refuse(r, rest->at, "a quote is not closed");
	*out = (struct str){ rest->at, end };
	*rest = str_skip(*rest, end + 1);
	if (end == 0 || memchr(out->at, '\\', end) == NULL)
		return 0;
	to = arena_take(r->pairs->arena, end);
	if (to == NULL)
		return pairs_trouble(r->pairs, TAPE_NO_MEMORY);
	for (size_t i = 0; i < end; i++) {
		i += is_escape(*out, i);
		to[n++] = out->at[i];
	}
	*out = (struct str){ to, n };
	return 0;
}

/* RFC 5987: utf-8'en'%e2%82%ac, here as UTF-8. */
static int
read_extended(const struct part_reader *r, struct str value, struct str *out)
{
	struct arena *arena = r->pairs->arena;
	struct str rest = value, name, language, text;
	enum charset charset;

	if (!str_cut(&rest, '\'', &name) || !str_cut(&rest, '\'', &language) ||
	    rest.at == NULL)
		return refuse(r, value.at,
		    "filename* is written utf-8''name, in percent escapes");
	charset = charset_named(name);
	if (!charset_is_simple(charset))
		return refuse(r, value.at,
		    "filename* is not in utf-8 or iso-8859-1");
	if (escape_bad(rest) < rest.len)
		return refuse(r, value.at, "filename* has a broken escape");
	if (percent_decode(arena, rest, false, &text) == -1 ||
	    text_utf8(arena, text, charset, &text) == -1)
		return pairs_trouble(r->pairs, TAPE_NO_MEMORY);
	if (!utf8_valid(text))
		return refuse(r, value.at, "filename* is not UTF-8");
	*out = text;
	return 0;
}

/* A parameter of Content-Disposition; those unknown here are let be. */
static int
set_param(const struct part_reader *r, struct str name, struct str value)
{
	struct part *part = r->part;
	struct str *to = NULL, text = value;

	if (str_eq_nocase(name, STR("name")))
		to = &part->name;
	else if (str_eq_nocase(name, STR("filename")))
		to = &part->file;
	else if (str_eq_nocase(name, STR("filename*")))
		to = &part->file_utf8;
	if (to == NULL)
		return 0;
	if (to->at != NULL)
		return refuse(r, name.at, "a parameter stands twice");
	if (to == &part->file_utf8 && read_extended(r, value, &text) == -1)
		return -1;
	*to = text;
	return 0;
}

static int
read_disposition(const struct part_reader *r, struct str value)
{
	struct str rest = value, name, text = STR_NONE;

	if (!str_eq_nocase(take_token(&rest), STR("form-data")))
		return refuse(r, value.at, "a part is form-data");
	for (skip_blanks(&rest); rest.len > 0; skip_blanks(&rest)) {
		if (!take_char(&rest, ';'))
			return refuse(r, rest.at, "a semicolon is expected");
		skip_blanks(&rest);
		name = take_token(&rest);
		if (name.len == 0 || !take_char(&rest, '='))
			return refuse(r, rest.at,
			    "a parameter and its = are expected");
		if (!take_char(&rest, '"')) {
			text = take_token(&rest);
			if (text.len == 0)
				return refuse(r, rest.at,
				    "a word, or text in quotes, is expected");
		} else if (take_quoted(r, &rest, &text) == -1) {
			return -1;
		}
		if (set_param(r, name, text) == -1)
			return -1;
	}
	if (r->part->name.at == NULL)
		return refuse(r, value.at, "the part has no name");
	return 0;
}

static int
read_type(const struct part_reader *r, struct str value)
{
	struct str params = value, type = STR("");

	r->part->type = value;
	str_cut(&params, ';', &type);
	r->part->charset = charset_named(param_of(params, STR("charset")));
	if (str_eq_nocase((struct str){ type.at, type.len < 10 ? 0 : 10 },
	        STR("multipart/")))
		return refuse(r, value.at, "parts within a part are not read");
	return 0;
}

static int
read_transfer(const struct part_reader *r, struct str value)
{
	static const char *const plain[] = { "7bit", "8bit", "binary" };

	for (size_t i = 0; i < COUNT_OF(plain); i++)
		if (str_eq_nocase(value, str_of(plain[i])))
			return 0;
	return refuse(r, value.at,
	    "Content-Transfer-Encoding is not 7bit, 8bit or binary");
}

struct part_header {
	const char *name;
	int (*read)(const struct part_reader *r, struct str value);
};

/* Others are let be, as RFC 7578 section 4.8 asks. */
static const struct part_header headers[] = {
	{ "Content-Disposition", read_disposition },
	{ "Content-Type", read_type },
	{ "Content-Transfer-Encoding", read_transfer },
};

static int
read_known(struct part_reader *r, struct str name, struct str value)
{
	for (unsigned i = 0; i < COUNT_OF(headers); i++) {
		if (!str_eq_nocase(name, str_of(headers[i].name)))
			continue;
		if ((r->seen & BIT(i)) != 0)
			return refuse(r, name.at, "this header stands twice");
		r->seen |= BIT(i);
		return headers[i].read(r, value);
	}
	return 0;
}

static int
read_header(struct part_reader *r, struct str line)
{
	struct str rest = line, name = take_token(&rest);

	if (name.len == 0 || !take_char(&rest, ':'))
		return refuse(r, rest.at,
		    "a header, its name and a colon, is expected");
	for (size_t i = 0; i < rest.len; i++) {
		unsigned char c = (unsigned char)rest.at[i];

		if ((c < ' ' && c != '\t') || c == 0x7F)
			return refuse(r, rest.at + i,
			    "a control character in a header");
	}
	rest = str_trim(rest);
	/* Even of an empty value the place is known. */
	return read_known(r, name, rest);
}

/* The line at `at`, without its CRLF. */
static int
take_line(const struct part_reader *r, const char **at, const char *end,
    struct str *line)
{
	const char *from = *at, *start = r->part->start;
	const char *stop = end;
	const char *lf;

	if ((size_t)(end - start) > PART_HEADER_BYTES)
		stop = start + PART_HEADER_BYTES;
	lf = stop > from ? memchr(from, '\n', (size_t)(stop - from)) : NULL;
	if (lf == NULL && stop != end)
		return pairs_too_large(r->pairs, start,
		    "the headers of a part are longer than 8192 bytes");
	if (lf == NULL)
		return refuse(r, end, "the body ends in a part's headers");
	if (lf == from || lf[-1] != '\r')
		return refuse(r, lf, "a line ends in CR LF, not in LF alone");
	*line = str_span(from, lf - 1);
	*at = lf + 1;
	return 0;
}

int
part_read_headers(const struct pairs *p, struct str delimiter, const char **at,
    const char *end, struct part *out)
{
	struct part_reader r = { .pairs = p, .part = out };
	struct str line = STR_NONE;

	*out = (struct part){ .start = *at };
	for (unsigned n = 0;; n++) {
		if (take_line(&r, at, end, &line) == -1)
			return -1;
		if (line.len == 0)
			break;
		if (str_starts(line, delimiter))
			return refuse(&r, line.at,
			    "a boundary stands in a part's headers");
		if (n == PART_HEADERS)
			return pairs_too_large(p, line.at,
			    "a part has more than 16 headers");
		if (read_header(&r, line) == -1)
			return -1;
	}
	if (out->name.at == NULL)
		return refuse(&r, out->start,
		    "the part has no Content-Disposition");
	return 0;
}
