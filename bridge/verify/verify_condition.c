/* verify/verify_condition.c - a place, and what has to stand there. */
#include "verify/verify_scheme.h"

bool
condition_parse(struct str text, struct condition *to)
{
	struct str place;

	if (!str_cut(&text, '=', &place) || text.at == NULL || text.len == 0)
		return false;
	to->value = text;
	return place_parse(place, &to->place);
}

bool
condition_holds(const struct condition *c, const struct request *r,
    struct arena *arena)
{
	struct str value = STR_NONE;

	return place_read(&c->place, r, arena, &value) == VERIFY_OK &&
	    str_eq(value, c->value);
}

struct condition *
condition_new(const char *text)
{
	struct condition *c = base_alloc(sizeof(*c));

	if (condition_parse(str_of(text), c))
		return c;
	base_free(c);
	return NULL;
}

void
condition_free(struct condition *c)
{
	base_free(c);
}
