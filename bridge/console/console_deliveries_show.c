/* console/console_deliveries_show.c - one delivery, whole. */
#include "console/console_deliveries.h"
#include "base/base.h"

static void
print_line(struct bytes *out, const char *name, struct str value)
{
	if (value.len == 0)
		return;
	bytes_addf(out, "%-11s", name);
	shown_add(out, value);
	bytes_add_char(out, '\n');
}

static void
print_item(const struct document *d, doc_node item, struct bytes *out)
{
	struct str status = client_text(d, item, "status");
	struct str reason = client_text(d, item, "reason");
	struct str lead = client_text(d, item, "lead");
	doc_node update = doc_member(d, item, STR("update"));
	doc_node due = doc_member(d, item, STR("due_ms"));

	bytes_addf(out, "\nupdate %lld: %.*s, attempts %lld",
	    (long long)client_number(d, item, "n"),
	    STR_ARG(client_text(d, item, "state")),
	    (long long)client_number(d, item, "attempts"));
	if (status.len > 0)
		bytes_addf(out, ", the API said %.*s", STR_ARG(status));
	if (doc_kind(d, due) == DOC_NUMBER)
		bytes_addf(out, ", next try in %lld s",
		    (long long)(client_number(d, item, "due_ms") + 999) / 1000);
	bytes_add_char(out, '\n');
	print_line(out, "  reason", reason);
	print_line(out, "  lead", lead);
	print_line(out, "  upstream", client_text(d, item, "upstream"));
	print_line(out, "  updated", client_text(d, item, "updated"));
	if (doc_kind(d, update) == DOC_OBJECT) {
		struct bytes json;

		bytes_init(&json, SIZE_MAX / 2);
		doc_print(d, update, &json);
		print_line(out, "  PATCH", bytes_str(&json));
		bytes_done(&json);
	}
}

/* Line by line, as it came; what a terminal would obey is written out. */
static void
print_event(const struct document *d, doc_node data, struct bytes *out)
{
	struct str rest = doc_text(d, doc_member(d, data, STR("event")));
	struct str line;

	if (rest.at == NULL && client_text(d, data, "event_base64").len > 0) {
		bytes_add_text(out,
		    "\nevent: it is no text; 'deliveries export' writes it\n");
		return;
	}
	if (rest.at == NULL) {
		bytes_add_text(out, "\nevent: it is not kept any more\n");
		return;
	}
	bytes_add_text(out, "\nevent:\n");
	while (str_cut(&rest, '\n', &line)) {
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		bytes_add_text(out, "  ");
		shown_add(out, line);
		bytes_add_char(out, '\n');
	}
}

static void
print_delivery(const struct client_answer *a, struct bytes *out)
{
	doc_node items = doc_member(a->doc, a->data, STR("items"));
	doc_node first = doc_first(a->doc, items);

	print_line(out, "delivery", client_text(a->doc, a->data, "delivery"));
	print_line(out, "route", client_text(a->doc, first, "route"));
	print_line(out, "proof", client_text(a->doc, first, "proof"));
	print_line(out, "received", client_text(a->doc, first, "received"));
	print_line(out, "note", client_text(a->doc, a->data, "note"));
	DOC_FOREACH (a->doc, items, item)
		print_item(a->doc, item, out);
	print_event(a->doc, a->data, out);
}

int
deliveries_show(struct client *c, const struct given *g)
{
	struct delivery_ids id = { 0 };
	struct client_answer a;
	struct bytes out;
	int code = deliveries_take(given_arg(g, 1), true, &id);

	if (code == EXIT_OK)
		code = deliveries_get(c, id.at[0], &a);
	base_free(id.at);
	if (code != EXIT_OK)
		return code;
	bytes_init(&out, SIZE_MAX / 2);
	if (given_json(g)) {
		doc_print(a.doc, a.data, &out);
		bytes_add_char(&out, '\n');
	} else {
		print_delivery(&a, &out);
	}
	print_bytes(&out);
	return EXIT_OK;
}
