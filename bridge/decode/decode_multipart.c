/*
 * decode/decode_multipart.c - multipart/form-data (RFC 7578).
 *
 *	--b CRLF
 *	headers CRLF		part_read_headers
 *	CRLF
 *	bytes			up to CRLF --b, the next delimiter
 *	CRLF --b-- [CRLF]
 *
 * Two passes: all parts are found first, since the one named _charset_ says
 * how the others' texts are written, wherever it stands. Nothing is copied;
 * a file is read once, for its hash.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "decode/decode_part.h"

/* Forms have dozens of fields; what builds a list here is no form. */
#define PARTS_MAX 1000
#define PARTS_FIRST 16
#define BOUNDARY_MAX 70 /* RFC 2046 */

struct multipart {
	struct pairs pairs;
	struct str mark; /* CR LF - - boundary */
	struct part *parts;
	uint32_t count, room;
	enum charset charset; /* of what does not say otherwise */
};

static bool
is_boundary(struct str s)
{
	static const char others[] = "'()+_,-./:=? ";

	if (s.len == 0 || s.len > BOUNDARY_MAX || s.at[s.len - 1] == ' ')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') &&
		    memchr(others, c, sizeof(others) - 1) == NULL)
			return false;
	}
	return true;
}

static int
make_mark(struct multipart *m, const struct body *body)
{
	struct str boundary = param_of(body->params, STR("boundary"));
	struct str before = STR("\r\n--");
	char *mark;

	if (!is_boundary(boundary))
		return fault_set(m->pairs.why, FAULT_BODY, "content-type",
		    "the boundary is missing, or is not 1 to 70 of the "
		    "characters of RFC 2046");
	mark = arena_take(m->pairs.arena, before.len + boundary.len);
	if (mark == NULL)
		return pairs_trouble(&m->pairs, TAPE_NO_MEMORY);
	memcpy(mark, before.at, before.len);
	memcpy(mark + before.len, boundary.at, boundary.len);
	m->mark = (struct str){ mark, before.len + boundary.len };
	return 0;
}

/* NULL: there is no more room, and the fault says which. */
static struct part *
add_part(struct multipart *m, const char *at)
{
	size_t size = m->room * sizeof(m->parts[0]);
	struct part *larger;

	if (m->count == PARTS_MAX) {
		pairs_too_large(&m->pairs, at,
		    "there are more than 1000 parts");
		return NULL;
	}
	if (m->count == m->room) {
		larger = arena_grow(m->pairs.arena, m->parts, size,
		    size > 0 ? size * 2 : PARTS_FIRST * sizeof(*larger));
		if (larger == NULL) {
			pairs_trouble(&m->pairs, TAPE_NO_MEMORY);
			return NULL;
		}
		m->parts = larger;
		m->room = m->room > 0 ? m->room * 2 : PARTS_FIRST;
	}
	return &m->parts[m->count++];
}

/*
 * A part from behind its delimiter's line; moves *at behind the delimiter
 * that ends it. The CRLF of the empty line may be that of the delimiter.
 */
static int
read_part(struct multipart *m, const char **at, const char *end)
{
	const char *bytes, *stop;
	struct part *part;

	m->pairs.pair = *at;
	part = add_part(m, *at);
	if (part == NULL ||
	    part_read_headers(&m->pairs, str_skip(m->mark, 2), at, end, part) ==
	        -1)
		return -1;
	bytes = *at;
	stop = memmem(bytes - 2, (size_t)(end - bytes) + 2, m->mark.at,
	    m->mark.len);
	if (stop == NULL)
		return pairs_refuse(&m->pairs, end,
		    "the body ends without its last boundary");
	part->body = str_span(bytes, stop > bytes ? stop : bytes);
	*at = stop + m->mark.len;
	return 0;
}

static int
read_end(const struct multipart *m, struct str rest)
{
	if (rest.len == 0 || str_eq(rest, STR("\r\n")))
		return 0;
	return pairs_refuse(&m->pairs, rest.at,
	    "there are bytes behind the last boundary");
}

static int
read_parts(struct multipart *m, struct str text)
{
	struct str first = str_skip(m->mark, 2), rest;
	const char *at, *end;

	/* Some old clients begin with the CRLF of the delimiter. */
	if (str_starts(text, m->mark))
		first = m->mark;
	if (!str_starts(text, first))
		return pairs_refuse(&m->pairs, text.at,
		    "the body does not begin with its boundary");
	at = text.at + first.len;
	end = text.at + text.len;
	for (;;) {
		rest = str_span(at, end);
		if (str_starts(rest, STR("--")))
			return read_end(m, str_skip(rest, 2));
		if (!str_starts(rest, STR("\r\n")))
			return pairs_refuse(&m->pairs, at,
			    "CR LF, or -- at the end, is expected behind a "
			    "boundary");
		at += 2;
		if (read_part(m, &at, end) == -1)
			return -1;
	}
}

/* `place` is of the text's first byte, or of the header it comes from. */
static int
to_utf8(const struct multipart *m, struct str raw, enum charset charset,
    const char *place, struct str *out)
{
	struct str text = STR_NONE;
	size_t bad;

	if (text_utf8(m->pairs.arena, raw, charset, &text) == -1)
		return pairs_trouble(&m->pairs, TAPE_NO_MEMORY);
	bad = utf8_bad(text);
	if (bad < text.len)
		return pairs_refuse(&m->pairs,
		    place == raw.at ? place + bad : place,
		    "this is not UTF-8; send it so, or say its charset");
	*out = text;
	return 0;
}

static int
add_member(struct multipart *m, struct branch *file, enum branch_kind kind,
    struct str key, struct str text)
{
	struct branch *b;
	enum tape_trouble trouble;

	trouble = branch_add(&m->pairs.tree, file, kind, key, &b);
	if (trouble != TAPE_FINE)
		return pairs_trouble(&m->pairs, trouble);
	b->text = text;
	return 0;
}

/* What is told of a file, in the order of its members. */
struct told {
	struct str name, type;
	char size[24];
	struct str hash;
};

/* A fingerprint of what is public to its sender: nothing secret passes here. */
static int
print_sha256(struct multipart *m, struct str data, struct str *hex)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	struct bytes text;

	bytes_init_in(&text, m->pairs.arena, 2 * sizeof(hash));
	if (EVP_Digest(data.at, data.len, hash, &len, EVP_sha256(), NULL) == 1)
		bytes_add_hex(&text, hash, len);
	if (len == 0 || !bytes_ok(&text))
		return pairs_trouble(&m->pairs, TAPE_NO_MEMORY);
	*hex = bytes_str(&text);
	return 0;
}

static struct told *
tell_file(struct multipart *m, const struct part *part)
{
	struct told *t = arena_take(m->pairs.arena, sizeof(*t));

	if (t == NULL) {
		pairs_trouble(&m->pairs, TAPE_NO_MEMORY);
		return NULL;
	}
	*t = (struct told){ .name = part->file_utf8 };
	if (t->name.at == NULL &&
	    to_utf8(m, part->file, m->charset, part->start, &t->name) == -1)
		return NULL;
	if (to_utf8(m, part->type, m->charset, part->start, &t->type) == -1)
		return NULL;
	snprintf(t->size, sizeof(t->size), "%zu", part->body.len);
	return print_sha256(m, part->body, &t->hash) == 0 ? t : NULL;
}

/* {"filename":"...","type":"..." or null,"size":0,"sha256":"..."} */
static int
put_file(struct multipart *m, const struct part *part, struct str key)
{
	const struct told *t = tell_file(m, part);
	struct branch *file;

	if (t == NULL || pairs_put(&m->pairs, key, BRANCH_FILE, &file) == -1)
		return -1;
	if (add_member(m, file, BRANCH_TEXT, STR("filename"), t->name) == -1 ||
	    add_member(m, file, t->type.at != NULL ? BRANCH_TEXT : BRANCH_NULL,
	        STR("type"), t->type) == -1 ||
	    add_member(m, file, BRANCH_NUMBER, STR("size"), str_of(t->size)) ==
	        -1)
		return -1;
	return add_member(m, file, BRANCH_TEXT, STR("sha256"), t->hash);
}

static int
put_text(struct multipart *m, const struct part *part, struct str key)
{
	enum charset charset = part->charset;
	struct branch *b;
	struct str text = STR_NONE;

	if (charset == CHARSET_UNSAID)
		charset = m->charset;
	if (!charset_is_simple(charset))
		return pairs_refuse(&m->pairs, part->start,
		    "the charset of this part is not read");
	if (to_utf8(m, part->body, charset, part->body.at, &text) == -1 ||
	    pairs_put(&m->pairs, key, BRANCH_TEXT, &b) == -1)
		return -1;
	b->text = text;
	return 0;
}

static bool
is_file(const struct part *part)
{
	return part->file.at != NULL || part->file_utf8.at != NULL;
}

/* RFC 7578 section 4.6. */
static int
find_charset(struct multipart *m)
{
	for (uint32_t i = 0; i < m->count; i++) {
		const struct part *part = &m->parts[i];

		if (!str_eq(part->name, STR("_charset_")) || is_file(part))
			continue;
		m->charset = charset_named(part->body);
		if (!charset_is_simple(m->charset))
			return pairs_refuse(&m->pairs, part->body.at,
			    "the charset that _charset_ names is not read");
	}
	return 0;
}

static int
put_parts(struct multipart *m)
{
	for (uint32_t i = 0; i < m->count; i++) {
		const struct part *part = &m->parts[i];
		struct str key = STR_NONE;

		m->pairs.pair = part->start;
		if (to_utf8(m, part->name, m->charset, part->start, &key) == -1)
			return -1;
		if ((is_file(part) ? put_file : put_text)(m, part, key) == -1)
			return -1;
	}
	return 0;
}

struct document *
body_multipart(struct arena *arena, const struct body *body,
    const struct decode_limits *limits, struct fault *why)
{
	struct multipart m = { .charset = body->charset };
	struct str text = body->text.at != NULL ? body->text : STR("");

	if (pairs_start(&m.pairs, arena, "body", text, limits, why) == -1 ||
	    make_mark(&m, body) == -1 || read_parts(&m, text) == -1 ||
	    find_charset(&m) == -1 || put_parts(&m) == -1)
		return NULL;
	return pairs_finish(&m.pairs);
}
