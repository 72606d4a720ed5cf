/*
 * verify/verify_cover.c - what a scheme has to sign, so that nothing which is
 * believed can be changed on the way.
 */
#include "verify/verify_build.h"

bool
check_fit(const struct building *b)
{
	const config_setting_t *group = b->setup->group;
	int count = group != NULL ? config_setting_length(group) : 0;
	bool ok = true;

	for (int i = 0; i < count; i++) {
		const char *name = config_setting_name(
		    config_setting_get_elem(group, (unsigned)i));

		if (!option_fits(name, b->v->type))
			ok = refuse(b, name,
			    "means nothing for this type; it would be "
			    "ignored");
	}
	return ok;
}

/* Everything that is believed has to be signed. */
static bool
check_time_covered(const struct building *b)
{
	const struct recipe *t = &b->v->message;
	bool timed = b->v->timestamp.kind != PLACE_NOWHERE ||
	    time_is_beside(b->v);
	bool named = timed || b->options.timestamp != NULL ||
	    b->options.timestamp_key != NULL || is_misread(b, "timestamp") ||
	    is_misread(b, "timestamp_key");
	bool in_body = place_in_body(&b->v->timestamp) &&
	    recipe_has(t, PART_BODY);

	if (timed && !in_body && !recipe_has(t, PART_TIMESTAMP))
		return refuse(b, "message",
		    "{timestamp} is not in it: anybody could change the time");
	if (!named && recipe_has(t, PART_TIMESTAMP))
		return refuse(b, "message",
		    "{timestamp} is in it, but nothing says where that "
		    "stands: timestamp, or timestamp_key");
	return true;
}

static bool
check_secret_covered(const struct building *b)
{
	bool there = recipe_has(&b->v->message, PART_SECRET);

	if (b->v->type == SCHEME_DIGEST && !there)
		return refuse(b, "message",
		    "{secret} is not in it: anybody could sign");
	if (scheme_is_public(b->v->type) && there)
		return refuse(b, "message",
		    "a scheme of public keys has no {secret}");
	return true;
}

/* All that is read in the body is of one kind, and some of it is signed. */
static bool
check_fields(const struct building *b, bool whole)
{
	struct verifier *v = b->v;
	bool form = recipe_has(&v->message, PART_FORM);
	bool json = recipe_has(&v->message, PART_JSON);
	enum place_kind kind = form ? PLACE_FORM : PLACE_JSON;

	if (whole || (!form && !json))
		return refuse(b, "fields_only",
		    whole ? "means nothing: the message signs all of the body"
		          : "{form:x} or {json:x} is not in the message: it "
		            "signs nothing of the body");
	if ((form && json) ||
	    (place_in_body(&v->signature) && v->signature.kind != kind) ||
	    (place_in_body(&v->timestamp) && v->timestamp.kind != kind))
		return refuse(b, "fields_only",
		    "a body is a form or JSON: message, signature and "
		    "timestamp have to read the same");
	v->fields = kind;
	return true;
}

/*
 * All of the body is signed, or, said aloud, only fields of it. A form's
 * fields are all of it; what is no form then needs its hash signed.
 */
static bool
check_body_covered(const struct building *b)
{
	const struct verifier *v = b->v;
	const struct recipe *t = &v->message;
	bool whole = recipe_has(t, PART_BODY) ||
	    (recipe_has(t, PART_SORTED_FORM) &&
	        (v->body_hash.kind == PLACE_NOWHERE ||
	            (v->body_hash.kind == PLACE_QUERY &&
	                recipe_has(t, PART_URL))));

	if (b->options.fields_only)
		return check_fields(b, whole);
	if (!whole)
		return refuse(b, "message",
		    "{body} is not in it: anybody could change the body");
	return true;
}

bool
check_coverage(const struct building *b)
{
	const struct verifier *v = b->v;
	const struct recipe *t = &v->message;
	bool ok = check_body_covered(b);

	ok &= check_time_covered(b);
	if (b->options.delivery_id == NULL && !is_misread(b, "delivery_id") &&
	    recipe_has(t, PART_ID))
		ok = refuse(b, "message",
		    "{id} is in it, but delivery_id does not say where that "
		    "stands");
	if (place_in_body(&v->delivery_id) && recipe_has(t, PART_ID))
		ok = refuse(b, "message",
		    "{id} is a header, but delivery_id stands in the body; "
		    "write {json:x} or {form:x}");
	ok &= check_secret_covered(b);
	if (v->signature.kind == PLACE_QUERY && recipe_has(t, PART_URL))
		ok = refuse(b, "signature",
		    "a signature cannot stand in the address it signs");
	return ok;
}

/* The headers of a front are for whom it speaks, and for {url}. */
bool
check_front(const struct building *b)
{
	const struct verifier *v = b->v;

	if (b->options.front == NULL || b->options.addresses != NULL ||
	    (recipe_has(&v->message, PART_URL) && b->setup->public_url == NULL))
		return true;
	return refuse(b, "front",
	    "would be ignored: it goes with addresses, or with a {url} in the "
	    "message in place of public_url");
}
