/*
 * mapping/mapping_phone_plan.h - numbering plans, ready to be asked. Private.
 *
 * libphonenumber keeps what it knows as regular expressions over digits, and
 * asks them by way of ICU, at a hundred thousand instructions a number. Here
 * the same expressions are compiled once: most are a few digits as they stand
 * ("0", "00"), the others are PCRE2's. Made at load, read-only from then on.
 */
#ifndef BRIDGE_MAPPING_PHONE_PLAN_H
#define BRIDGE_MAPPING_PHONE_PLAN_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/base.h"
#include "mapping/mapping_phone.h"

/* The longest pattern that is nothing but digits has four of them. */
#define PHONE_LITERAL 8
#define PHONE_GROUPS 9

struct phone_rule {
	enum { RULE_NONE, RULE_LITERAL, RULE_PATTERN } kind;
	uint32_t lengths; /* bit n: numbers of n digits may match */
	size_t len;
	char literal[PHONE_LITERAL];
	pcre2_code *code;
	uint32_t groups;
};

/* What a national prefix with digits in it turns into: "9$1". */
struct phone_transform {
	size_t len;
	char digits[PHONE_LITERAL];
	uint32_t group; /* 0: there is no transform */
};

struct phone_plan {
	char region[4]; /* "US"; "001" is no region's */
	unsigned code;
	struct phone_rule international; /* "00" in front of a code */
	struct phone_rule national;      /* "0" in front of a number */
	struct phone_transform transform;
	struct phone_rule leading; /* of a region that shares its code */
	struct phone_rule number;  /* all of them, by and large */
	struct phone_rule kinds[PHONE_KINDS];
	size_t kind_count;
	struct phone_plan *next; /* of the same code, in the library's order */
};

/* False, for good, when the library's tables are none that we can read. */
bool phone_plans_make(const struct phone_library *library);

/*
 * NULL when there is none. Of a code it is the first one, whose lengths count
 * for all of them.
 */
const struct phone_plan *phone_plan_of_region(const char *region);
const struct phone_plan *phone_plan_of_code(unsigned code);

/* How digits are matched; start it with zeros and end it when done. */
struct phone_matcher {
	pcre2_match_data *data;
	bool failed; /* memory or one of PCRE2's limits: no answer counts */
};

void phone_matcher_end(struct phone_matcher *m);

/*
 * The digits that a rule takes off the front (`whole`: all of them or none),
 * or SIZE_MAX when it does not match. What it captured is in the matcher until
 * the next call.
 */
size_t phone_rule_match(struct phone_matcher *m, const struct phone_rule *r,
    struct str digits, bool whole);
/* A group of the last match that had any; empty when it has no part in it. */
struct str phone_rule_group(const struct phone_matcher *m,
    const struct phone_rule *r, struct str digits, uint32_t group);

/*
 * phone_e164() for what is plain: digits with marks between them, of a plan
 * that the tables have. False, and nothing said, when the library must look.
 */
bool phone_short(const char *text, size_t len, const char *region,
    bool assigned, char out[PHONE_E164], enum phone_result *result);

#endif
