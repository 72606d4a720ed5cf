/*
 * mapping/mapping_phone.h - phone numbers, by libphonenumber. Private.
 *
 * The library is C++ and sits in a module that is loaded at the first call of
 * any of these, best at load time: about 20 ms and 10 MiB, once a process.
 * Nothing of it, exceptions included, comes past this header. Any thread.
 */
#ifndef BRIDGE_MAPPING_PHONE_H
#define BRIDGE_MAPPING_PHONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PHONE_REGION 3 /* "US" and its NUL */
#define PHONE_E164 24  /* "+" and at most 17 digits, its NUL, some air */

enum phone_result {
	PHONE_OK,
	PHONE_NONE, /* not a number one could dial, or not there */
	PHONE_FULL, /* no memory, or no module */
};

#define PHONE_KINDS 10 /* fixed, mobile, toll free ... */

/* A regular expression over digits; "" matches nothing. */
struct phone_pattern {
	const char *text;
	uint32_t lengths; /* bit n: numbers of n digits may match */
};

/* A row of the library's tables: a region's, or that of a code without one. */
struct phone_row {
	const char *region; /* "US", "001" */
	unsigned code;
	bool main; /* among the regions of this code */
	struct phone_pattern international, national, leading, number;
	const char *transform;  /* of `national`: "268$1"; or "" */
	uint32_t local_lengths; /* of numbers for within their area only */
	struct phone_pattern kinds[PHONE_KINDS];
	size_t kind_count;
};

/* What the module holds; one symbol, phone_library. */
struct phone_library {
	bool (*region_known)(const char *region);
	enum phone_result (*e164)(const char *text, size_t len,
	    const char *region, bool assigned, char *out);
	/*
	 * All rows, in the library's order, each for the length of its call;
	 * false when take() said so or the tables cannot be read.
	 */
	bool (*rows)(bool (*take)(const struct phone_row *row, void *to),
	    void *to);
};
#ifdef __cplusplus
extern const struct phone_library phone_library;
#endif

/* Why the module cannot be used, or NULL when it can. Loads it. */
const char *phone_problem(void);

/* True for the two capital letters of a region that has phone numbers. */
bool phone_region_known(const char *region);

/*
 * The number in E.164 form. Possible: it has a length its region's numbers
 * have, so that numbers newer than the library's tables are not lost. With
 * `assigned` its prefix must be in use, too, as far as the tables know.
 * The region is where a number without "+" is at home; "" is nowhere.
 */
enum phone_result phone_e164(const char *text, size_t len, const char *region,
    bool assigned, char out[PHONE_E164]);

/*
 * The same by the library alone, a hundred times slower: the measure of the
 * short way, which is right where it says the same.
 */
enum phone_result phone_e164_by_library(const char *text, size_t len,
    const char *region, bool assigned, char out[PHONE_E164]);

#ifdef __cplusplus
}
#endif

#endif
