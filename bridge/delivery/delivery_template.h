/*
 * delivery/delivery_template.h - the body of a reply, with {placeholders}.
 *
 * {status}, {code}, {message}, {delivery}, {lead}. A brace before anything
 * else stands for itself, so JSON may be written as it is; "{{" is a brace in
 * any case. What is filled in is escaped as the content type wants it.
 */
#ifndef BRIDGE_DELIVERY_TEMPLATE_H
#define BRIDGE_DELIVERY_TEMPLATE_H

#include "base/base.h"
#include "settings/settings.h"

struct template_facts {
	struct str delivery; /* the delivery's id, as it is logged */
	struct str lead;     /* STR_NONE: none, or those of a batch */
	struct arena *arena;
};

/*
 * What is wrong with a body of this type is added at the setting; `what`
 * names it. NULL type: JSON.
 */
bool template_check(const config_setting_t *at, const char *what,
    const char *body, const char *type, struct faults *all);
/*
 * The body, filled from the facts and from the answer that it takes the place
 * of: an envelope, whose code and message are empty where it is none. at ==
 * NULL when the arena is full.
 */
struct str template_fill(const char *body, const char *type,
    const struct template_facts *facts, const struct answer *instead);

#endif
