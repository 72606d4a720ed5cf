/* console/console_deliveries_summary_print.c - a summary, as it is read. */
#include <string.h>

#include "console/console_deliveries_summary.h"
#include "base/base.h"

static void
add_member(struct bytes *out, const char *name, const char *text)
{
	bytes_addf(out, ",\"%s\":", name);
	if (text[0] != '\0')
		shown_add_json(out, str_of(text));
	else
		bytes_add_text(out, "null");
}

static void
print_kind_json(const struct kind *k, struct bytes *out)
{
	int64_t status = str_number(str_of(k->parts[KIND_STATUS]), 999);

	bytes_addf(out, "{\"count\":%zu", k->count);
	add_member(out, "state", k->parts[KIND_STATE]);
	add_member(out, "route", k->parts[KIND_ROUTE]);
	add_member(out, "upstream", k->parts[KIND_UPSTREAM]);
	if (status >= 0)
		bytes_addf(out, ",\"status\":%d", (int)status);
	else
		add_member(out, "status", "");
	add_member(out, "reason", k->parts[KIND_REASON]);
	add_member(out, "oldest", k->oldest);
	add_member(out, "newest", k->newest);
	bytes_add_char(out, '}');
}

void
summary_print_json(const struct summary *s)
{
	struct bytes out;

	bytes_init(&out, SIZE_MAX / 2);
	bytes_addf(&out,
	    "{\"updates\":%zu,\"complete\":%s,\"others\":%zu,\"groups\":[",
	    s->updates, s->complete ? "true" : "false", s->others);
	for (size_t i = 0; i < s->kind_count; i++) {
		bytes_add_text(&out, i > 0 ? ",\n" : "\n");
		print_kind_json(&s->kinds[i], &out);
	}
	bytes_add_text(&out, s->kind_count > 0 ? "\n]}\n" : "]}\n");
	print_bytes(&out);
}

enum column { COUNT, WHAT, WHERE, TO, SINCE, UNTIL, ANSWER, WHY, COLUMNS };

static const char *const heads[COLUMNS] = { "count", "state", "route",
	"upstream", "oldest", "newest", "status", "reason" };

/* A line of the table; each is to be freed. */
struct line {
	char *cells[COLUMNS];
};

static char *
shown_cell(struct str text)
{
	struct bytes cell;

	bytes_init(&cell, SIZE_MAX / 2);
	shown_add(&cell, text.len > 0 ? text : STR("-"));
	return bytes_take(&cell);
}

static char *
time_cell(const char *time)
{
	struct bytes cell;

	bytes_init(&cell, 64);
	deliveries_add_time(&cell, str_of(time));
	return bytes_take(&cell);
}

static struct line
line_of(const struct kind *k)
{
	return (struct line){ {
	    [COUNT] = base_print("%zu", k->count),
	    [WHAT] = shown_cell(str_of(k->parts[KIND_STATE])),
	    [WHERE] = shown_cell(str_of(k->parts[KIND_ROUTE])),
	    [TO] = shown_cell(str_of(k->parts[KIND_UPSTREAM])),
	    [SINCE] = time_cell(k->oldest),
	    [UNTIL] = time_cell(k->newest),
	    [ANSWER] = shown_cell(str_of(k->parts[KIND_STATUS])),
	    [WHY] = shown_cell(str_of(k->parts[KIND_REASON])),
	} };
}

static void
print_line(const struct line *l, const size_t *widths, struct bytes *out)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		size_t blanks = widths[i] - utf8_count(str_of(l->cells[i]));

		if (i == COUNT) /* a number stands at the right */
			bytes_addf(out, "%*s", (int)blanks, "");
		bytes_add_text(out, l->cells[i]);
		if (i == COLUMNS - 1)
			bytes_add_char(out, '\n');
		else
			bytes_addf(out, "%*s", i == COUNT ? 2 : (int)blanks + 2,
			    "");
	}
}

static void
print_table(const struct summary *s)
{
	size_t rows = s->kind_count + 1, widths[COLUMNS] = { 0 };
	struct line *lines = base_alloc(rows * sizeof(*lines));
	struct bytes out;

	bytes_init(&out, SIZE_MAX / 2);
	for (size_t i = 0; i < COLUMNS; i++)
		lines[0].cells[i] = base_copy(heads[i]);
	for (size_t i = 1; i < rows; i++)
		lines[i] = line_of(&s->kinds[i - 1]);
	for (size_t i = 0; i < rows * COLUMNS; i++) {
		size_t len = utf8_count(
		    str_of(lines[i / COLUMNS].cells[i % COLUMNS]));

		if (widths[i % COLUMNS] < len)
			widths[i % COLUMNS] = len;
	}
	for (size_t i = 0; i < rows; i++)
		print_line(&lines[i], widths, &out);
	for (size_t i = 0; i < rows * COLUMNS; i++)
		base_free(lines[i / COLUMNS].cells[i % COLUMNS]);
	base_free(lines);
	print_bytes(&out);
}

/* What means nothing else to a shell. */
static const char shell_plain[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-_.,:/";

/* As a shell takes it. */
static void
add_argument(struct bytes *out, const char *name, const char *value)
{
	bool plain = value[0] != '\0';

	for (const char *at = value; *at != '\0'; at++)
		plain = plain && strchr(shell_plain, *at) != NULL;
	bytes_addf(out, " --%s ", name);
	if (plain) {
		bytes_add_text(out, value);
		return;
	}
	bytes_add_char(out, '\'');
	for (struct str rest = str_of(value), part;
	     str_cut(&rest, '\'', &part);) {
		if (part.at != value)
			bytes_add_text(out, "'\\''");
		shown_add(out, part);
	}
	bytes_add_char(out, '\'');
}

/* What is of this kind, where this was asked. */
static void
add_command(struct bytes *out, const struct given *g, const struct kind *k,
    const char *verb)
{
	static const char *const same[] = { "config", "to", "ca", "token-file",
		"lead", "since", "before" };

	bytes_addf(out, "  leadbridge deliveries %s", verb);
	for (size_t i = 0; i < COUNT_OF(same); i++)
		if (given_flag(g, same[i]))
			add_argument(out, same[i], given_option(g, same[i]));
	if (k->parts[KIND_UPSTREAM][0] != '\0')
		add_argument(out, "upstream", k->parts[KIND_UPSTREAM]);
	/* Of a stranded one, retry finds out what may be sent anew. */
	if (!k->stranded || strcmp(verb, "list") == 0)
		add_argument(out, "state", k->parts[KIND_STATE]);
	add_argument(out, "route", k->parts[KIND_ROUTE]);
	bytes_add_char(out, '\n');
}

static void
say_what_next(const struct given *g, const struct summary *s)
{
	const struct kind *k = &s->kinds[0];
	struct bytes out;

	bytes_init(&out, SIZE_MAX / 2);
	if (s->others > 0)
		bytes_addf(&out,
		    "%zu more updates are of other kinds than these %d; "
		    "--state, --route and --since leave fewer.\n",
		    s->others, KINDS_MOST);
	bytes_addf(&out, "%zu update%s. The most frequent, one by one:\n",
	    s->updates, s->updates == 1 ? "" : "s");
	add_command(&out, g, k, "list");
	if (k->stranded || strcmp(k->parts[KIND_STATE], "dead") == 0 ||
	    strcmp(k->parts[KIND_STATE], "refused") == 0) {
		bytes_add_text(&out, "What a retry would send of them:\n");
		add_command(&out, g, k, "retry --dry-run");
	}
	fputs(bytes_str(&out).at, stderr);
	bytes_done(&out);
}

void
summary_print_text(const struct summary *s, const struct given *g)
{
	if (s->kind_count == 0) {
		fputs(given_flag(g, "state")
		        ? "There is nothing of that kind.\n"
		        : "Nothing waits, for the API or for a person.\n",
		    stderr);
		return;
	}
	print_table(s);
	fflush(stdout); /* what next stands below */
	if (!s->complete)
		fprintf(stderr,
		    "These are the newest %zu only: --limit N counts more, "
		    "--before TIME those behind.\n",
		    s->updates);
	say_what_next(g, s);
}
