/* console/console_deliveries_item.c - an update in a line, for people. */
#include <stdio.h>

#include "console/console_deliveries.h"
#include "base/base.h"

void
deliveries_add_time(struct bytes *out, struct str time)
{
	char text[21];

	snprintf(text, sizeof(text), "%.*sZ",
	    (int)(time.len < 19 ? time.len : 19), time.at);
	if (time.len > 10)
		text[10] = ' ';
	shown_add(out, str_of(text));
}

bool
deliveries_is_stranded(const struct document *d, doc_node item)
{
	return doc_kind(d, doc_member(d, item, STR("stranded"))) == DOC_TRUE;
}

struct str
deliveries_reason(const struct document *d, doc_node item)
{
	/* How its last try ended is over: there will be no other. */
	if (deliveries_is_stranded(d, item))
		return STR("stranded: the settings do not name its upstream");
	return client_text(d, item, "reason");
}

static void
add_update(const struct document *d, doc_node item, struct bytes *out)
{
	shown_add(out, client_text(d, item, "delivery"));
	bytes_addf(out, "/%lld", (long long)client_number(d, item, "n"));
}

static void
add_attempts(const struct document *d, doc_node item, struct bytes *out)
{
	bytes_addf(out, "attempts %lld",
	    (long long)client_number(d, item, "attempts"));
}

static void
add_text_or_dash(struct bytes *out, struct str text)
{
	shown_add(out, text.len > 0 ? text : STR("-"));
}

static void
add_lead(const struct document *d, doc_node item, struct bytes *out)
{
	add_text_or_dash(out, client_text(d, item, "lead"));
}

static void
add_route(const struct document *d, doc_node item, struct bytes *out)
{
	shown_add(out, client_text(d, item, "route"));
}

/* Those that are not of one width anyway. */
static void (*const columns[ITEM_COLUMNS])(const struct document *d,
    doc_node item, struct bytes *out) = {
	[ITEM_UPDATE] = add_update,
	[ITEM_ATTEMPTS] = add_attempts,
	[ITEM_LEAD] = add_lead,
	[ITEM_ROUTE] = add_route,
};

void
deliveries_measure(const struct document *d, doc_node item,
    struct item_widths *w)
{
	struct bytes cell;

	bytes_init(&cell, SIZE_MAX / 2);
	for (size_t i = 0; i < ITEM_COLUMNS; i++) {
		size_t width;

		bytes_clear(&cell);
		columns[i](d, item, &cell);
		width = utf8_count(bytes_str(&cell));
		if (w->of[i] < width)
			w->of[i] = width;
	}
	bytes_done(&cell);
}

/* Blanks behind what was added from there on. */
static void
pad(struct bytes *out, size_t from, size_t width)
{
	size_t used = utf8_count(
	    (struct str){ bytes_str(out).at + from, out->len - from });

	bytes_addf(out, "%*s", (int)(width > used ? width - used : 0), "");
}

static void
add_column(const struct document *d, doc_node item, enum item_column which,
    const struct item_widths *w, struct bytes *out)
{
	size_t from = out->len;

	columns[which](d, item, out);
	pad(out, from, w->of[which]);
}

static void
add_padded(struct bytes *out, struct str text, size_t width)
{
	size_t from = out->len;

	add_text_or_dash(out, text);
	pad(out, from, width);
}

void
deliveries_print_item(const struct document *d, doc_node item,
    const struct item_widths *w, struct bytes *out)
{
	struct str reason = deliveries_reason(d, item);

	deliveries_add_time(out, client_text(d, item, "received"));
	bytes_add_text(out, "  ");
	add_column(d, item, ITEM_UPDATE, w, out);
	bytes_add_text(out, "  ");
	add_padded(out, client_text(d, item, "state"), 7);
	bytes_add_text(out, "  ");
	add_column(d, item, ITEM_ATTEMPTS, w, out);
	bytes_add_text(out, "  ");
	add_padded(out, client_text(d, item, "status"), 3);
	bytes_add_text(out, "  ");
	add_column(d, item, ITEM_LEAD, w, out);
	bytes_add_text(out, "  ");
	if (reason.len > 0) {
		add_column(d, item, ITEM_ROUTE, w, out);
		bytes_add_text(out, "  ");
		shown_add(out, reason);
	} else {
		add_route(d, item, out);
	}
	bytes_add_char(out, '\n');
}
