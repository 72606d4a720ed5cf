/* admin/admin_person.c - is an event a certain person's? */
#include "admin/admin_person.h"

#include "decode/decode.h"
#include "delivery/delivery.h"

static bool
is_email(struct str value, struct str email)
{
	return str_eq_nocase(str_trim(value), email);
}

/* Documents are at most 64 deep (decode_limits_default). */
static bool
in_document(const struct document *d, doc_node n, struct str email)
{
	if (doc_kind(d, n) == DOC_STRING)
		return is_email(doc_text(d, n), email);
	DOC_FOREACH (d, n, child)
		if (in_document(d, child, email))
			return true;
	return false;
}

bool
person_in_update(struct str body, struct str email, struct arena *arena)
{
	struct fault why = { 0 };
	const struct document *d = body.len > 0
	    ? decode_json(arena, body, &decode_limits_default, &why)
	    : NULL;

	return d != NULL && in_document(d, doc_root(d), email);
}

/* Of characters that go on in an address. */
static bool
goes_on(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' ||
	    c == '+';
}

static bool
in_bytes(struct str text, struct str email)
{
	for (size_t i = 0; i + email.len <= text.len; i++) {
		struct str here = { text.at + i, email.len };
		size_t end = i + email.len;

		if (str_eq_nocase(here, email) &&
		    (i == 0 || !goes_on(text.at[i - 1])) &&
		    (end == text.len || !goes_on(text.at[end])))
			return true;
	}
	return false;
}

static bool
in_request(const struct request *r, struct str email, struct arena *arena)
{
	struct fault why = { 0 };
	const struct document *d = decode_query(arena, r->query,
	    &decode_limits_default, &why);

	if (d == NULL ? in_bytes(r->target, email)
	              : in_document(d, doc_root(d), email))
		return true;
	for (size_t i = 0; i < r->header_count; i++)
		if (is_email(r->headers[i].value, email))
			return true;
	why = (struct fault){ 0 };
	d = route_decode(r, arena, &why);
	return d != NULL ? in_document(d, doc_root(d), email)
	                 : in_bytes(r->body, email);
}

bool
person_in_event(struct str event, struct str email, struct arena *arena)
{
	struct fault why = { 0 };
	struct request r;

	if (event.len == 0)
		return false;
	if (sample_parse(event, "event.http", arena, &r, &why) == -1)
		return in_bytes(event, email);
	return in_request(&r, email, arena);
}
