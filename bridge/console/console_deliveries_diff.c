/* console/console_deliveries_diff.c - what differs between two updates. */
#include "console/console_deliveries.h"
#include "base/base.h"

static void
print_side(const struct document *d, char side, struct str path, doc_node n,
    struct bytes *out)
{
	struct bytes json;

	if (doc_kind(d, n) == DOC_ABSENT)
		return;
	bytes_init(&json, SIZE_MAX / 2);
	doc_print(d, n, &json);
	bytes_addf(out, "    %c ", side);
	shown_add(out, path);
	bytes_add_text(out, ": ");
	shown_add(out, bytes_str(&json));
	bytes_add_char(out, '\n');
	bytes_done(&json);
}

static void diff(const struct document *d, struct str path, doc_node was,
    doc_node now, struct bytes *out);

/* Of a member: its path is the object's, a dot, and its key. */
static void
diff_member(const struct document *d, struct str path, doc_node child,
    doc_node was, doc_node now, struct bytes *out)
{
	struct bytes name;

	bytes_init(&name, SIZE_MAX / 2);
	if (path.len > 0) {
		bytes_add_str(&name, path);
		bytes_add_char(&name, '.');
	}
	bytes_add_str(&name, doc_key(d, child));
	diff(d, bytes_str(&name), was, now, out);
	bytes_done(&name);
}

static void
diff_objects(const struct document *d, struct str path, doc_node was,
    doc_node now, struct bytes *out)
{
	DOC_FOREACH (d, was, child)
		diff_member(d, path, child, child,
		    doc_member(d, now, doc_key(d, child)), out);
	DOC_FOREACH (d, now, child)
		if (doc_kind(d, doc_member(d, was, doc_key(d, child))) ==
		    DOC_ABSENT)
			diff_member(d, path, child, DOC_NONE, child, out);
}

/* Updates are as deep as the contract, no deeper. */
static void
diff(const struct document *d, struct str path, doc_node was, doc_node now,
    struct bytes *out)
{
	if (doc_kind(d, was) == DOC_OBJECT && doc_kind(d, now) == DOC_OBJECT) {
		diff_objects(d, path, was, now, out);
	} else if (!doc_equal(d, was, now)) {
		print_side(d, '-', path, was, out);
		print_side(d, '+', path, now, out);
	}
}

void
deliveries_print_diff(const struct document *d, doc_node was, doc_node now,
    struct bytes *out)
{
	if (doc_kind(d, was) != DOC_OBJECT) {
		DOC_FOREACH (d, now, child)
			diff_member(d, STR(""), child, DOC_NONE, child, out);
		return;
	}
	diff(d, STR(""), was, now, out);
}
