/*
 * decode/decode_part.h - the headers of one part of multipart/form-data.
 * Private to this room.
 */
#ifndef BRIDGE_DECODE_PART_H
#define BRIDGE_DECODE_PART_H

#include "decode/decode_pairs.h"
#include "decode/decode_text.h"

/*
 * Ceilings of a part's headers. Senders write two or three, of some 200
 * bytes; a long file name in percent escapes comes to a few thousand.
 */
#define PART_HEADERS 16
#define PART_HEADER_BYTES ((size_t)8 << 10)

struct part {
	const char *start;    /* of its headers, for faults */
	struct str name;      /* as sent, without quotes */
	struct str file;      /* its name as sent; STR_NONE: a text, no file */
	struct str file_utf8; /* the one of filename*, or STR_NONE */
	struct str type;      /* Content-Type, or STR_NONE */
	enum charset charset; /* of that type */
	struct str body;
};

/*
 * Reads the headers of a part, which begin at *at, and moves it behind the
 * empty line that ends them. `line` is what begins a delimiter: "--" and the
 * boundary. -1 with the fault in p->why.
 */
int part_read_headers(const struct pairs *p, struct str line, const char **at,
    const char *end, struct part *out) MUST_CHECK;

#endif
