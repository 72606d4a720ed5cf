/* delivery/delivery_merge.c - note ids, and several updates as one. */
#include "decode/decode.h"
#include "delivery/delivery_merge.h"

static const struct document *
read_body(struct str body, struct arena *arena)
{
	struct fault why = { 0 };

	return decode_json(arena, body, &decode_limits_default, &why);
}

static bool
lacks_id(const struct document *d, doc_node note)
{
	return doc_kind(d, note) == DOC_OBJECT &&
	    doc_member(d, note, STR("id")) == DOC_NONE;
}

static void
print_note(const struct document *d, doc_node note, const char *delivery,
    unsigned n, unsigned place, struct bytes *out)
{
	if (!lacks_id(d, note)) {
		doc_print(d, note, out);
		return;
	}
	bytes_addf(out, "{\"id\":\"%s-%u-%u\"", delivery, n, place);
	DOC_FOREACH (d, note, member) {
		bytes_add_char(out, ',');
		bytes_add_json(out, doc_key(d, member));
		bytes_add_char(out, ':');
		doc_print(d, member, out);
	}
	bytes_add_char(out, '}');
}

static void
print_notes(const struct document *d, doc_node notes, const char *delivery,
    unsigned n, struct bytes *out)
{
	unsigned place = 0;

	bytes_add_char(out, '[');
	DOC_FOREACH (d, notes, note) {
		if (place > 0)
			bytes_add_char(out, ',');
		print_note(d, note, delivery, n, place++, out);
	}
	bytes_add_char(out, ']');
}

static void
print_key(struct bytes *out, bool first, struct str key)
{
	bytes_add_char(out, first ? '{' : ',');
	bytes_add_json(out, key);
	bytes_add_char(out, ':');
}

bool
merge_note_ids(struct str body, const char *delivery, unsigned n,
    struct arena *arena, struct bytes *out)
{
	const struct document *d;
	doc_node notes;
	bool wanted = false, first = true;

	/* Most updates have none: do not read them for it. */
	if (memmem(body.at, body.len, "\"notes\"", 7) == NULL)
		return false;
	d = read_body(body, arena);
	if (d == NULL)
		return false;
	notes = doc_member(d, doc_root(d), STR("notes"));
	if (doc_kind(d, notes) != DOC_ARRAY)
		return false;
	DOC_FOREACH (d, notes, note)
		wanted |= lacks_id(d, note);
	if (!wanted)
		return false;
	DOC_FOREACH (d, doc_root(d), member) {
		print_key(out, first, doc_key(d, member));
		if (member == notes)
			print_notes(d, notes, delivery, n, out);
		else
			doc_print(d, member, out);
		first = false;
	}
	bytes_add_char(out, '}');
	return true;
}

static bool
is_scalar(const struct document *d, doc_node n)
{
	enum doc_kind kind = doc_kind(d, n);

	return kind != DOC_ARRAY && kind != DOC_OBJECT;
}

/* True where `later` names an object or a list that an earlier one names. */
static bool
collides(const struct document *const *all, size_t count,
    const struct document *later)
{
	DOC_FOREACH (later, doc_root(later), member)
		for (size_t i = 0; i < count; i++) {
			doc_node mine = doc_member(all[i], doc_root(all[i]),
			    doc_key(later, member));

			if (mine != DOC_NONE &&
			    !(is_scalar(all[i], mine) &&
			        is_scalar(later, member)))
				return true;
		}
	return false;
}

static bool
is_named_later(const struct document *const *all, size_t from, size_t count,
    struct str key)
{
	for (size_t i = from; i < count; i++)
		if (doc_member(all[i], doc_root(all[i]), key) != DOC_NONE)
			return true;
	return false;
}

static void
print_merged(const struct document *const *all, size_t count, struct bytes *out)
{
	bool first = true;

	for (size_t i = 0; i < count; i++)
		DOC_FOREACH (all[i], doc_root(all[i]), member) {
			struct str key = doc_key(all[i], member);

			if (is_named_later(all, i + 1, count, key))
				continue;
			print_key(out, first, key);
			doc_print(all[i], member, out);
			first = false;
		}
	bytes_add_text(out, first ? "{}" : "}");
}

size_t
merge_updates(const struct str *bodies, size_t count, struct arena *arena,
    struct bytes *out)
{
	const struct document **all = arena_take(arena, count * sizeof(*all));
	size_t merged = 0;

	while (all != NULL && merged < count) {
		all[merged] = read_body(bodies[merged], arena);
		if (all[merged] == NULL || collides(all, merged, all[merged]))
			break;
		merged++;
	}
	if (merged > 1) {
		print_merged(all, merged, out);
		return merged;
	}
	bytes_add_str(out, bodies[0]);
	return 1;
}
