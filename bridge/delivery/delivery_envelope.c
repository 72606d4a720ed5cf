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

/*
 * An object or an array that ends where the text does, by its brackets outside
 * of strings: what was cut off has not all of them.
 */
static bool
is_whole(struct str text)
{
	size_t open = 0;
	bool quoted = false;

	text = str_trim(text);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (c == '"')
			quoted = !quoted;
		else if (quoted)
			i += c == '\\';
		else if (c == '{' || c == '[')
			open++;
		else if (open == 0)
			return false;
		else if ((c == '}' || c == ']') && --open == 0)
			return i + 1 == text.len;
	}
	return false;
}

enum envelope_word
envelope_word(struct str body, struct arena *arena)
{
	const struct document *d;
	struct fault why = { 0 };

	if (str_starts(body, STR("{\"success\":true")))
		return is_whole(body) ? ENVELOPE_FINE : ENVELOPE_BROKEN;
	d = decode_json(arena, body, &decode_limits_default, &why);
	if (d == NULL)
		return why.code == FAULT_BODY && !is_whole(body)
		    ? ENVELOPE_BROKEN
		    : ENVELOPE_FINE;
	return doc_kind(d, doc_member(d, doc_root(d), STR("success"))) ==
	        DOC_FALSE
	    ? ENVELOPE_DECLINES
	    : ENVELOPE_FINE;
}
