/* mapping/mapping_country.h - ISO 3166-1, and what people write. Private. */
#ifndef BRIDGE_MAPPING_COUNTRY_H
#define BRIDGE_MAPPING_COUNTRY_H

#include "base/base.h"

struct country {
	char alpha_2[3];
	int numeric; /* 0: it has none */
	/* Codes and names, folded, with bars between: "at|aut|austria". */
	const char *names;
};

/* Sorted by alpha_2. */
extern const struct country countries[];
extern const size_t country_count;

/*
 * By alpha-2, alpha-3, number or name; case, accents, marks and spaces make
 * no difference. NULL when no country is called that.
 */
const struct country *country_find(struct str text);

#endif
