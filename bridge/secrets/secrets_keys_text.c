/* secrets/secrets_keys_text.c - reading and printing a key store's file. */
#include <ctype.h>
#include <string.h>

#include "secrets/secrets_keys_text.h"

#define FIRST_LINE "leadbridge keys 1"

/* Work and memory a file may ask for: 128 MiB to 1 GiB. */
#define LOG_N_MIN 17
#define LOG_N_MAX 20
#define R_ONLY 8
#define P_MAX 4

const char *
key_name_problem(const char *name)
{
	static const char marks[] = "._-";
	size_t len = strlen(name);

	if (len == 0 || len > KEYS_NAME_MAX)
		return "is 1 to 64 characters";
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) &&
		    (i == 0 || strchr(marks, name[i]) == NULL))
			return "is letters and digits, and . _ - behind the "
			       "first";
	return NULL;
}

const char *
key_host_problem(const char *host)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789"
	                              ".:-";
	size_t len = strlen(host);

	if (len == 0 || len > KEYS_HOST_MAX)
		return "is 1 to 253 characters";
	if (strspn(host, letters) != len || host[0] == '-' || host[0] == '.')
		return "is the bare name or address of a host, in lower case";
	return NULL;
}

struct reader {
	struct keys_text *t;
	struct str rest; /* of the text */
	struct str line; /* what is left of the line in hand */
	unsigned number;
	const char *file;
	struct fault *why;
};

static int
wrong(const struct reader *r, const char *what)
{
	return fault_at(r->why, FAULT_SETTINGS, r->file, r->number, 0,
	    "%s; it was changed or cut off: go back to a copy", what);
}

/* False at the end; a line that no line feed ends is no line. */
static bool
next_line(struct reader *r)
{
	const char *end = r->rest.len > 0
	    ? memchr(r->rest.at, '\n', r->rest.len)
	    : NULL;

	r->number++;
	if (end == NULL)
		return false;
	r->line = str_span(r->rest.at, end);
	r->rest = str_skip(r->rest, r->line.len + 1);
	return true;
}

/* The next word of the line, which is never empty. */
static bool
next_word(struct reader *r, struct str *word)
{
	return str_cut(&r->line, ' ', word) && word->len > 0;
}

static bool
at_line_end(const struct reader *r)
{
	return r->line.at == NULL;
}

static bool
next_is(struct reader *r, const char *text)
{
	struct str word;

	return next_word(r, &word) && str_eq(word, str_of(text));
}

static bool
next_hex(struct reader *r, unsigned char *out, size_t size)
{
	struct str word;

	if (!next_word(r, &word) || word.len != 2 * size)
		return false;
	for (size_t i = 0; i < word.len; i++)
		if (isupper((unsigned char)word.at[i]))
			return false;
	return hex_decode(word, out, size) == (int64_t)size;
}

static bool
next_number(struct reader *r, int64_t max, int64_t *out)
{
	struct str word;

	if (!next_word(r, &word))
		return false;
	*out = str_number(word, max);
	return *out >= 0;
}

static int
read_scrypt(struct reader *r)
{
	struct keys_text *t = r->t;
	int64_t n, size, p;

	if (!next_number(r, 99, &n) || !next_number(r, 99, &size) ||
	    !next_number(r, 99, &p) || !next_hex(r, t->salt, KEYS_SALT) ||
	    !at_line_end(r))
		return wrong(r, "'unlock scrypt LOG2N R P SALT' is expected");
	if (n < LOG_N_MIN || n > LOG_N_MAX || size != R_ONLY || p < 1 ||
	    p > P_MAX)
		return wrong(r,
		    "scrypt asks for more or less work than LOG2N 17 to 20, "
		    "R 8, P 1 to 4");
	t->unlock = KEYS_BY_SCRYPT;
	t->log_n = (unsigned)n;
	t->r = (unsigned)size;
	t->p = (unsigned)p;
	return 0;
}

static int
read_unlock(struct reader *r)
{
	struct str kind;

	if (!next_line(r) || !next_is(r, "unlock") || !next_word(r, &kind))
		return wrong(r, "'unlock key' or 'unlock scrypt' is expected");
	if (str_eq(kind, STR("scrypt")))
		return read_scrypt(r);
	r->t->unlock = KEYS_BY_KEY;
	if (!str_eq(kind, STR("key")) || !at_line_end(r))
		return wrong(r, "'unlock key' or 'unlock scrypt' is expected");
	return 0;
}

static int
read_head(struct reader *r)
{
	if (!next_line(r) || !str_eq(r->line, STR(FIRST_LINE)))
		return fault_at(r->why, FAULT_SETTINGS, r->file, r->number, 0,
		    "'" FIRST_LINE "' is expected; it is no key store, or "
		    "one of a later leadbridge");
	if (!next_line(r) || !next_is(r, "store") ||
	    !next_hex(r, r->t->id, KEYS_ID) || !at_line_end(r))
		return wrong(r, "'store ID' is expected");
	if (read_unlock(r) == -1)
		return -1;
	if (!next_line(r) || !next_is(r, "check") ||
	    !next_hex(r, r->t->check, KEYS_CHECK) || !at_line_end(r))
		return wrong(r, "'check CHECK' is expected");
	return 0;
}

static bool
next_text(struct reader *r, char *out, size_t room,
    const char *(*problem)(const char *text))
{
	struct str word;

	if (!next_word(r, &word) || word.len >= room ||
	    memchr(word.at, '\0', word.len) != NULL)
		return false;
	memcpy(out, word.at, word.len);
	out[word.len] = '\0';
	return problem(out) == NULL;
}

static bool
next_host(struct reader *r, char *out, size_t room)
{
	if (str_starts(r->line, STR("- "))) {
		struct str dash;

		out[0] = '\0';
		return str_cut(&r->line, ' ', &dash);
	}
	return next_text(r, out, room, key_host_problem);
}

static bool
next_sealed(struct reader *r, struct keys_line *l)
{
	unsigned char room[SECRET_MAX + KEYS_TAG];
	struct str word;
	int64_t len;

	if (!next_word(r, &word))
		return false;
	len = base64_decode(word, false, room, sizeof(room));
	if (len <= (int64_t)KEYS_TAG)
		return false;
	l->sealed = base_alloc((size_t)len);
	l->sealed_len = (size_t)len;
	memcpy(l->sealed, room, (size_t)len);
	return true;
}

/* Of a name there is one host, and each version once. */
static bool
fits_others(const struct keys_text *t, const struct keys_line *l)
{
	size_t values = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct keys_line *other = &t->lines[i];

		if (strcmp(other->name, l->name) != 0)
			continue;
		if (other->version == l->version ||
		    strcmp(other->host, l->host) != 0)
			return false;
		values++;
	}
	return values < SECRET_VALUES_MAX;
}

static struct keys_line *
add_line(struct keys_text *t)
{
	t->lines = base_grow(t->lines, t->count + 1, sizeof(t->lines[0]));
	memset(&t->lines[t->count], 0, sizeof(t->lines[0]));
	return &t->lines[t->count];
}

static int
read_entry(struct reader *r)
{
	struct keys_line *l;

	if (r->t->count == KEYS_ENTRIES_MAX)
		return wrong(r, "there are more than 1024 entries");
	l = add_line(r->t);
	if (!next_text(r, l->name, sizeof(l->name), key_name_problem) ||
	    !next_number(r, INT32_MAX, &l->version) || l->version == 0 ||
	    !next_host(r, l->host, sizeof(l->host)) ||
	    !next_number(r, INT64_MAX / 10, &l->added_s) ||
	    !next_hex(r, l->nonce, KEYS_NONCE) || !fits_others(r->t, l))
		return wrong(r, "this entry is none, or of one value twice");
	if (!next_sealed(r, l))
		return wrong(r, "this entry holds no sealed value");
	r->t->count++; /* from here on keys_text_done() frees it */
	return at_line_end(r) ? 0 : wrong(r, "this entry goes on too long");
}

static int
read_end(struct reader *r)
{
	if (!next_hex(r, r->t->end_nonce, KEYS_NONCE) ||
	    !next_hex(r, r->t->end_tag, KEYS_TAG) || !at_line_end(r))
		return wrong(r, "'end NONCE TAG' is expected");
	if (r->rest.len > 0)
		return wrong(r, "something stands behind its last line");
	return 0;
}

int
keys_text_read(struct keys_text *t, struct str text, const char *file,
    struct fault *why)
{
	struct reader r = { .t = t, .rest = text, .file = file, .why = why };
	struct str word;

	*t = (struct keys_text){ 0 };
	if (read_head(&r) == -1)
		return -1;
	for (;;) {
		t->end = text.len - r.rest.len;
		if (!next_line(&r) || !next_word(&r, &word))
			return wrong(&r, "its last line, 'end', is missing");
		if (str_eq(word, STR("end")))
			return read_end(&r);
		if (!str_eq(word, STR("entry")))
			return wrong(&r, "'entry' or 'end' is expected");
		if (read_entry(&r) == -1)
			return -1;
	}
}

void
keys_text_done(struct keys_text *t)
{
	for (size_t i = 0; i < t->count; i++)
		base_free(t->lines[i].sealed);
	base_free(t->lines);
	t->lines = NULL;
	t->count = 0;
}

static void
print_hex(struct bytes *out, const char *before, const void *data, size_t n)
{
	bytes_add_text(out, before);
	bytes_add_hex(out, data, n);
}

/* "NAME VERSION HOST ADDED" */
static void
print_clear(const struct keys_line *l, struct bytes *out)
{
	bytes_addf(out, "%s %lld %s %lld", l->name, (long long)l->version,
	    l->host[0] != '\0' ? l->host : "-", (long long)l->added_s);
}

void
keys_line_print(const struct keys_text *t, const struct keys_line *l,
    struct bytes *out)
{
	print_hex(out, "", t->id, KEYS_ID);
	bytes_add_char(out, ' ');
	print_clear(l, out);
}

void
keys_text_print(const struct keys_text *t, struct bytes *out)
{
	print_hex(out, FIRST_LINE "\nstore ", t->id, KEYS_ID);
	if (t->unlock == KEYS_BY_SCRYPT) {
		bytes_addf(out, "\nunlock scrypt %u %u %u", t->log_n, t->r,
		    t->p);
		print_hex(out, " ", t->salt, KEYS_SALT);
	} else {
		bytes_add_text(out, "\nunlock key");
	}
	print_hex(out, "\ncheck ", t->check, KEYS_CHECK);
	bytes_add_char(out, '\n');
	for (size_t i = 0; i < t->count; i++) {
		const struct keys_line *l = &t->lines[i];

		bytes_add_text(out, "entry ");
		print_clear(l, out);
		print_hex(out, " ", l->nonce, KEYS_NONCE);
		bytes_add_char(out, ' ');
		bytes_add_base64(out, l->sealed, l->sealed_len, false);
		bytes_add_char(out, '\n');
	}
}

void
keys_text_print_end(const struct keys_text *t, struct bytes *out)
{
	print_hex(out, "end ", t->end_nonce, KEYS_NONCE);
	print_hex(out, " ", t->end_tag, KEYS_TAG);
	bytes_add_char(out, '\n');
}
