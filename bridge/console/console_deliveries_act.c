/* console/console_deliveries_act.c - retry and drop. */
#include <string.h>

#include "console/console_deliveries.h"
#include "base/base.h"

/* Deliveries a request: an answer's fields are shown, and it has a ceiling. */
#define BATCH 100

struct action {
	const char *path, *verb; /* "Retry" */
	bool always_asks;
};

struct tally {
	size_t acted, updates, left; /* left: could not be acted on */
	bool printed;
};

static void
print_change(const struct document *d, doc_node change, struct bytes *out)
{
	struct str refused = client_text(d, change, "refused");
	struct str was = client_text(d, change, "lead");
	struct str now = client_text(d, change, "new_lead");
	size_t before;

	bytes_add_text(out, "  ");
	if (client_text(d, change, "n").len > 0)
		bytes_addf(out, "update %lld",
		    (long long)client_number(d, change, "n"));
	else
		bytes_add_text(out, "another update");
	bytes_add_text(out, ", lead ");
	shown_add(out, was.len > 0 ? was : STR("-"));
	if (!str_eq(was, now) && now.len > 0) {
		bytes_add_text(out, " -> ");
		shown_add(out, now);
	}
	if (refused.len > 0) {
		bytes_add_text(out, ": ");
		shown_add(out, refused);
		bytes_add_char(out, '\n');
		return;
	}
	bytes_add_char(out, '\n');
	before = out->len;
	deliveries_print_diff(d, doc_member(d, change, STR("update")),
	    doc_member(d, change, STR("new_update")), out);
	if (out->len == before)
		bytes_add_text(out, "    no field differs\n");
}

static void
print_result(const struct document *d, doc_node one, struct bytes *out)
{
	struct str result = client_text(d, one, "result");
	struct str reason = client_text(d, one, "reason");

	shown_add(out, client_text(d, one, "delivery"));
	bytes_add_text(out, "  ");
	for (size_t i = 0; i < result.len; i++)
		bytes_add_char(out, result.at[i] == '_' ? ' ' : result.at[i]);
	if (reason.len > 0) {
		bytes_add_text(out, ": ");
		shown_add(out, reason);
	}
	bytes_add_char(out, '\n');
	DOC_FOREACH (d, doc_member(d, one, STR("changes")), change)
		print_change(d, change, out);
}

static void
take_results(const struct client_answer *a, bool json, size_t asked,
    struct tally *t)
{
	doc_node all = doc_member(a->doc, a->data, STR("deliveries"));
	size_t acted = (size_t)client_number(a->doc, a->data, "acted");
	struct bytes out;

	bytes_init(&out, SIZE_MAX / 2);
	DOC_FOREACH (a->doc, all, one) {
		if (!json) {
			print_result(a->doc, one, &out);
			continue;
		}
		bytes_add_text(&out, t->printed ? ",\n" : "\n");
		doc_print(a->doc, one, &out);
		t->printed = true;
	}
	print_bytes(&out);
	t->acted += acted;
	t->updates += (size_t)client_number(a->doc, a->data, "updates");
	t->left += asked > acted ? asked - acted : 0;
}

static void
print_body(const struct given *g, const struct delivery_ids *ids, size_t from,
    size_t count, struct bytes *out)
{
	bytes_add_text(out, "{\"ids\":[");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			bytes_add_char(out, ',');
		/* An argument may be anything; the bridge says what it is. */
		shown_add_json(out, str_of(ids->at[from + i]));
	}
	bytes_add_char(out, ']');
	if (given_flag(g, "dry-run"))
		bytes_add_text(out, ",\"dry_run\":true");
	if (given_flag(g, "as-stored"))
		bytes_add_text(out, ",\"remap\":false");
	if (given_option(g, "upstream") != NULL) {
		bytes_add_text(out, ",\"upstream\":");
		shown_add_json(out, str_of(given_option(g, "upstream")));
	}
	bytes_add_char(out, '}');
}

static int
act_all(struct client *c, const struct given *g, const struct action *what,
    const struct delivery_ids *ids, struct tally *t)
{
	int code = EXIT_OK;

	for (size_t i = 0; i < ids->count && code == EXIT_OK; i += BATCH) {
		size_t count = ids->count - i < BATCH ? ids->count - i : BATCH;
		struct client_answer a;
		struct bytes body;

		bytes_init(&body, 65536);
		print_body(g, ids, i, count, &body);
		code = client_post(c, what->path, bytes_str(&body), &a);
		bytes_done(&body);
		if (code == EXIT_OK)
			take_results(&a, given_json(g), count, t);
	}
	return code;
}

static bool
confirmed(const struct given *g, const struct action *what,
    const struct delivery_ids *ids)
{
	char question[80];

	if (given_flag(g, "dry-run") || (!ids->by_filter && !what->always_asks))
		return true;
	snprintf(question, sizeof(question), "%s %zu %s?", what->verb,
	    ids->count, ids->count == 1 ? "delivery" : "deliveries");
	return client_confirm(g, question);
}

static int
act_found(struct client *c, const struct given *g, const struct action *what,
    const struct delivery_ids *ids)
{
	struct tally t = { 0 };
	bool json = given_json(g);
	int code;

	if (ids->count == 0) {
		fprintf(stderr, "There is nothing of that kind.\n");
		if (json)
			printf("[]\n");
		return EXIT_OK;
	}
	if (!confirmed(g, what, ids))
		return EXIT_FAULTS;
	if (json)
		printf("[");
	code = act_all(c, g, what, ids, &t);
	if (json)
		printf("\n]\n");
	else
		fprintf(stderr, "%zu of %zu deliveries, %zu updates.\n",
		    t.acted, ids->count, t.updates);
	return code == EXIT_OK && t.left > 0 ? EXIT_FAULTS : code;
}

static int
act(struct client *c, const struct given *g, const struct action *what)
{
	struct delivery_ids ids;
	int code = deliveries_find(c, g, 1, &ids);

	if (code == EXIT_OK)
		code = act_found(c, g, what, &ids);
	base_free(ids.at);
	return code;
}

int
deliveries_retry(struct client *c, const struct given *g)
{
	static const struct action retry = { "/deliveries/retry", "Retry",
		false };

	return act(c, g, &retry);
}

int
deliveries_drop(struct client *c, const struct given *g)
{
	static const struct action drop = { "/deliveries/drop", "Drop", true };

	return act(c, g, &drop);
}
