/* jsonpath/jsonpath_program.c - the memory a compiled path lives in. */
#include <string.h>

#include "jsonpath/jsonpath_program.h"
#include "jsonpath/jsonpath_regex.h"

/* A path of four names fits; a long filter takes two or three. */
#define CHUNK_SIZE ((size_t)504)

struct chunk {
	struct chunk *next;
	size_t size;
	size_t used;
	uint64_t bytes[];
};

void *
program_take(struct program *p, size_t size)
{
	struct chunk *c = p->chunks;
	char *at;

	size = (size + 7) & ~(size_t)7;
	if (c == NULL || c->size - c->used < size) {
		size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;

		c = base_alloc(sizeof(*c) + room);
		c->size = room;
		c->next = p->chunks;
		p->chunks = c;
	}
	at = (char *)c->bytes + c->used;
	c->used += size;
	return at;
}

struct str
program_copy(struct program *p, struct str s)
{
	char *copy = program_take(p, s.len + 1);

	if (s.len > 0)
		memcpy(copy, s.at, s.len);
	return (struct str){ copy, s.len };
}

void
program_done(struct program *p)
{
	while (p->regexes != NULL) {
		struct regex *r = p->regexes;

		p->regexes = r->next;
		regex_free(r);
	}
	while (p->chunks != NULL) {
		struct chunk *c = p->chunks;

		p->chunks = c->next;
		base_free(c);
	}
}
