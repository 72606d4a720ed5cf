/* journal/journal_postgres_values.c - parameters, and columns of answers. */
#include <arpa/inet.h>
#include <string.h>

#include "journal/journal_postgres.h"

/* What a statement may carry: groups are far below it (see GROUP_BYTES). */
#define PARAM_MOST ((size_t)512 << 20)

void
pg_params_done(struct pg_params *p)
{
	for (size_t i = 0; i < PG_PARAMS; i++)
		bytes_done(&p->buf[i]);
}

void
pg_clear(struct pg_params *p)
{
	p->count = 0;
}

static struct bytes *
next_param(struct pg_params *p)
{
	struct bytes *b = &p->buf[p->count];

	if (p->count == PG_PARAMS)
		bug("more parameters than there is room for");
	if (b->ceiling == 0)
		bytes_init(b, PARAM_MOST);
	bytes_clear(b);
	p->absent[p->count++] = false;
	return b;
}

static struct bytes *
this_param(struct pg_params *p)
{
	return &p->buf[p->count - 1];
}

static void
put4(struct bytes *b, uint32_t v)
{
	uint32_t net = htonl(v);

	bytes_add(b, &net, sizeof(net));
}

static void
put8(struct bytes *b, int64_t v)
{
	put4(b, (uint32_t)((uint64_t)v >> 32));
	put4(b, (uint32_t)(uint64_t)v);
}

static uint32_t
clamp4(int64_t v)
{
	if (v > INT32_MAX)
		v = INT32_MAX;
	if (v < INT32_MIN)
		v = INT32_MIN;
	return (uint32_t)(int32_t)v;
}

void
pg_add_bool(struct pg_params *p, bool v)
{
	bytes_add_char(next_param(p), v ? 1 : 0);
}

void
pg_add_int4(struct pg_params *p, int64_t v)
{
	put4(next_param(p), clamp4(v));
}

void
pg_add_int8(struct pg_params *p, int64_t v)
{
	put8(next_param(p), v);
}

/* A NUL is UTF-8, and no text to PostgreSQL. */
static size_t
text_bad(struct str s)
{
	const char *nul = s.len > 0 ? memchr(s.at, '\0', s.len) : NULL;
	size_t bad = utf8_bad(s);

	return nul != NULL && (size_t)(nul - s.at) < bad ? (size_t)(nul - s.at)
	                                                 : bad;
}

static void
put_text(struct bytes *b, struct str s)
{
	while (s.len > 0) {
		size_t good = text_bad(s);

		bytes_add(b, s.at, good);
		if (good == s.len)
			return;
		bytes_add_char(b, '?');
		s = str_skip(s, good + 1);
	}
}

void
pg_add_text(struct pg_params *p, struct str s)
{
	struct bytes *b = next_param(p);

	p->absent[p->count - 1] = s.at == NULL;
	put_text(b, s);
}

void
pg_add_uuid(struct pg_params *p, const unsigned char id[16])
{
	bytes_add(next_param(p), id, 16);
}

/* The server's form: dimensions, may hold NULL, type, size, first index. */
void
pg_add_array(struct pg_params *p, int type, size_t count)
{
	struct bytes *b = next_param(p);

	put4(b, count > 0);
	put4(b, 1);
	put4(b, (uint32_t)type);
	if (count == 0)
		return;
	put4(b, clamp4((int64_t)count));
	put4(b, 1);
}

void
pg_each_int2(struct pg_params *p, int v)
{
	uint16_t net = htons((uint16_t)(int16_t)v);

	put4(this_param(p), sizeof(net));
	bytes_add(this_param(p), &net, sizeof(net));
}

void
pg_each_int4(struct pg_params *p, int64_t v)
{
	put4(this_param(p), 4);
	put4(this_param(p), clamp4(v));
}

void
pg_each_int8(struct pg_params *p, int64_t v)
{
	put4(this_param(p), 8);
	put8(this_param(p), v);
}

#define NULL_LENGTH UINT32_MAX /* -1 */

void
pg_each_bytes(struct pg_params *p, struct str s)
{
	if (s.at == NULL) {
		put4(this_param(p), NULL_LENGTH);
		return;
	}
	put4(this_param(p), clamp4((int64_t)s.len));
	bytes_add(this_param(p), s.at, s.len);
}

/* What is put in a bad byte's place is as long: the length is known before. */
void
pg_each_text(struct pg_params *p, struct str s)
{
	if (s.at == NULL) {
		put4(this_param(p), NULL_LENGTH);
		return;
	}
	put4(this_param(p), clamp4((int64_t)s.len));
	put_text(this_param(p), s);
}

void
pg_each_uuid(struct pg_params *p, const void *id)
{
	pg_each_bytes(p, (struct str){ id, 16 });
}

bool
pg_uuid(const char *text, unsigned char id[16])
{
	char hex[33];
	size_t n = 0;

	if (strlen(text) != JOURNAL_ID_SIZE - 1)
		return false;
	for (size_t i = 0; i < JOURNAL_ID_SIZE - 1; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i] != '-')
				return false;
			continue;
		}
		hex[n++] = text[i];
	}
	return hex_decode((struct str){ hex, n }, id, 16) == 16;
}

bool
pg_is_null(const PGresult *r, int row, int column)
{
	return PQgetisnull(r, row, column) != 0;
}

static uint32_t
get4(const char *at)
{
	uint32_t net;

	memcpy(&net, at, sizeof(net));
	return ntohl(net);
}

int64_t
pg_int(const PGresult *r, int row, int column)
{
	const char *at = PQgetvalue(r, row, column);

	if (PQgetlength(r, row, column) == 4)
		return (int32_t)get4(at);
	if (PQgetlength(r, row, column) == 8)
		return (int64_t)((uint64_t)get4(at) << 32 | get4(at + 4));
	return 0;
}

struct str
pg_text(const PGresult *r, int row, int column)
{
	if (pg_is_null(r, row, column))
		return STR_NONE;
	return (struct str){ PQgetvalue(r, row, column),
		(size_t)PQgetlength(r, row, column) };
}

void
pg_id(const PGresult *r, int row, int column, char out[JOURNAL_ID_SIZE])
{
	out[0] = '\0';
	if (PQgetlength(r, row, column) == 16)
		journal_id_text((const void *)PQgetvalue(r, row, column), out);
}
