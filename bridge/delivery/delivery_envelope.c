/* delivery/delivery_envelope.c - the API's envelope, read. */
#include "delivery/delivery_envelope.h"

bool
envelope_read(struct str body, struct arena *arena, struct envelope *out)
{
	struct fault why = { 0 };
	const struct document *d = decode_json(arena, body,
	    &decode_limits_default, &why);

	if (d == NULL)
		return false;
	out->document = d;
	out->error = doc_member(d, doc_root(d), STR("error"));
	return true;
}

struct str
envelope_text(const struct envelope *e, struct str name)
{
	return doc_text(e->document, doc_member(e->document, e->error, name));
}

bool
envelope_declines(struct str body, struct arena *arena)
{
	struct envelope e;

	if (str_starts(body, STR("{\"success\":true")) ||
	    !envelope_read(body, arena, &e))
		return false;
	return doc_kind(e.document,
	           doc_member(e.document, doc_root(e.document),
	               STR("success"))) == DOC_FALSE;
}
