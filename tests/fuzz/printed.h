/* What the decoders' fuzz targets share: a document printed is read as JSON. */
#ifndef FUZZ_PRINTED_H
#define FUZZ_PRINTED_H

#include <assert.h>

#include "decode/decode.h"

#define CEILING ((size_t)64 << 20)

/* Printed and read again, it prints the same. */
static inline void
check_printed(struct arena *arena, const struct document *d)
{
	struct bytes once, twice;
	struct document *again;

	bytes_init(&once, CEILING);
	bytes_init(&twice, CEILING);
	doc_print(d, doc_root(d), &once);
	assert(bytes_ok(&once));
	again = decode_json(arena, bytes_str(&once), &decode_limits_default,
	    NULL);
	assert(again != NULL);
	doc_print(again, doc_root(again), &twice);
	assert(str_eq(bytes_str(&once), bytes_str(&twice)));
	bytes_done(&once);
	bytes_done(&twice);
}

#endif
