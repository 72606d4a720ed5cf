/* decode/decode_expat.c - an allocator for expat that takes from an arena. */
#include <string.h>

#include "decode/decode_expat.h"

static _Thread_local struct arena *lender;

/* In front of each block; keeps what is behind it 16-aligned. */
struct block {
	size_t size;
	size_t pad;
};

static void *
take(size_t size)
{
	struct block *b = size < SIZE_MAX - sizeof(*b)
	    ? arena_take(lender, sizeof(*b) + size)
	    : NULL;

	if (b == NULL)
		return NULL;
	b->size = size;
	return b + 1;
}

static void *
resize(void *p, size_t size)
{
	struct block *b = p, *larger;

	if (p == NULL)
		return take(size);
	b--;
	if (size <= b->size)
		return p;
	if (size >= SIZE_MAX - sizeof(*b))
		return NULL;
	larger = arena_grow(lender, b, sizeof(*b) + b->size, sizeof(*b) + size);
	if (larger == NULL)
		return NULL;
	larger->size = size;
	return larger + 1;
}

static void
let_be(void *p)
{
	(void)p;
}

XML_Parser
expat_open(struct arena *arena, const char *encoding)
{
	static const XML_Memory_Handling_Suite suite = { take, resize, let_be };

	lender = arena;
	return XML_ParserCreate_MM(encoding, &suite, EXPAT_BETWEEN);
}

void
expat_close(XML_Parser parser)
{
	XML_ParserFree(parser);
	lender = NULL;
}
