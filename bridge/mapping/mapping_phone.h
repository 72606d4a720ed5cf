/*
 * mapping/mapping_phone.h - phone numbers, by libphonenumber. Private.
 *
 * The library is C++ and sits in a module that is loaded at the first call of
 * any of these, best at load time: about 15 ms and 4 MiB, once a process.
 * Nothing of it, exceptions included, comes past this header. Any thread.
 */
#ifndef BRIDGE_MAPPING_PHONE_H
#define BRIDGE_MAPPING_PHONE_H

#include <stdbool.h>
#include <stddef.h>

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

/* What the module holds; one symbol, phone_library. */
struct phone_library {
	bool (*region_known)(const char *region);
	enum phone_result (*e164)(const char *text, size_t len,
	    const char *region, bool assigned, char *out);
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

/* The same without the short way for North American numbers; for its test. */
enum phone_result phone_e164_by_library(const char *text, size_t len,
    const char *region, bool assigned, char out[PHONE_E164]);

#ifdef __cplusplus
}
#endif

#endif
