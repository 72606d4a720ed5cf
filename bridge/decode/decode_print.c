/* decode/decode_print.c - documents as text again. */
#include "decode/decode_tape.h"

/* One entry; kinds not named here print nothing of their own. */
static void
print_entry(const struct entry *entries, const struct entry *e,
    struct bytes *out)
{
	switch (e->kind) {
	case DOC_NUMBER:
		bytes_add_str(out, entry_text(e));
		break;
	case ENTRY_KEY:
		bytes_add_json(out, entry_text(e));
		bytes_add_char(out, ':');
		break;
	case DOC_STRING:
		bytes_add_json(out, entry_text(e));
		break;
	case DOC_ARRAY:
		bytes_add_char(out, '[');
		break;
	case DOC_OBJECT:
		bytes_add_char(out, '{');
		break;
	case ENTRY_END:
		bytes_add_char(out,
		    entries[e->len].kind == DOC_OBJECT ? '}' : ']');
		break;
	default: /* null, false and true are called what they are */
		bytes_add_text(out, doc_kind_name((enum doc_kind)e->kind));
		break;
	}
}

void
doc_print(const struct document *d, doc_node n, struct bytes *out)
{
	const struct entry *e = d->entries;
	bool comma = false; /* a value stands before, in the same container */
	uint32_t stop;

	if (doc_kind(d, n) == DOC_ABSENT)
		return;
	stop = entry_after(e, n);
	for (uint32_t i = n; i < stop; i++) {
		bool opens = e[i].kind == DOC_ARRAY || e[i].kind == DOC_OBJECT;

		if (comma && e[i].kind != ENTRY_END)
			bytes_add_char(out, ',');
		print_entry(e, &e[i], out);
		comma = !opens && e[i].kind != ENTRY_KEY;
	}
}

/* A name selector in the one form RFC 9535 calls normal. */
static void
print_name(struct str name, struct bytes *out)
{
	static const char letters[UINT8_MAX + 1] = {
		['\b'] = 'b',
		['\t'] = 't',
		['\n'] = 'n',
		['\f'] = 'f',
		['\r'] = 'r',
		['\''] = '\'',
		['\\'] = '\\',
	};

	bytes_add_text(out, "['");
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.at[i];

		if (letters[c] != '\0')
			bytes_addf(out, "\\%c", letters[c]);
		else if (c < 0x20)
			bytes_addf(out, "\\u%04x", c);
		else
			bytes_add_char(out, name.at[i]);
	}
	bytes_add_text(out, "']");
}

/* The child of a container that is n, or that n is in. */
static doc_node
child_around(const struct document *d, doc_node box, doc_node n, size_t *index)
{
	*index = 0;
	DOC_FOREACH (d, box, child) {
		if (n < entry_after(d->entries, child))
			return child;
		++*index;
	}
	return DOC_NONE;
}

void
doc_print_path(const struct document *d, doc_node n, struct bytes *out)
{
	doc_node at = doc_root(d);

	if (doc_kind(d, n) == DOC_ABSENT)
		return;
	bytes_add_char(out, '$');
	while (at != n) {
		size_t index;
		doc_node child = child_around(d, at, n, &index);

		if (child == DOC_NONE)
			return;
		if (doc_kind(d, at) == DOC_OBJECT)
			print_name(doc_key(d, child), out);
		else
			bytes_addf(out, "[%zu]", index);
		at = child;
	}
}
