/* verify/verify_token.c - which parts of a request are secrets themselves. */
#include <string.h>

#include "verify/verify_scheme.h"

/* A signature is of one request only; a token opens every other one too. */
static bool
is_token(const struct verifier *v)
{
	return v != NULL &&
	    (v->type == SCHEME_TOKEN || v->type == SCHEME_BASIC);
}

bool
verifier_is_token_header(const struct verifier *v, struct str name)
{
	struct str rest, one;

	if (!is_token(v) ||
	    (v->signature.kind != PLACE_HEADER &&
	        v->signature.kind != PLACE_HEADERS))
		return false;
	rest = v->signature.name;
	while (str_cut(&rest, ',', &one))
		if (str_eq_nocase(str_trim(one), name))
			return true;
	return false;
}

bool
verifier_is_token_query(const struct verifier *v, struct str name)
{
	return is_token(v) && v->signature.kind == PLACE_QUERY &&
	    str_eq(v->signature.name, name);
}

static void
overwrite(struct str secret)
{
	if (secret.len > 0)
		memset((void *)(uintptr_t)secret.at, '*', secret.len);
}

static void
forget_query(const struct verifier *v, struct str rest, struct arena *arena)
{
	struct str value, name;

	while (str_cut(&rest, '&', &value)) {
		(void)str_cut(&value, '=', &name);
		if (percent_decode(arena, name, true, &name) == 0 &&
		    verifier_is_token_query(v, name))
			overwrite(value);
	}
}

void
verifier_forget_token(const struct verifier *v, const struct request *r,
    struct arena *arena)
{
	if (!is_token(v))
		return;
	for (size_t i = 0; i < r->header_count; i++)
		if (verifier_is_token_header(v, r->headers[i].name))
			overwrite(r->headers[i].value);
	forget_query(v, r->query, arena);
}

struct str
verifier_body_token(const struct verifier *v, const struct request *r,
    struct arena *arena)
{
	struct str value;

	if (!is_token(v) || !place_in_body(&v->signature) ||
	    place_read(&v->signature, r, arena, &value) != VERIFY_OK)
		return STR_NONE;
	return value;
}
