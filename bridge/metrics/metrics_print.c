/* metrics/metrics_print.c - the table as Prometheus text. */
#include <stdio.h>

#include "metrics/metrics_table.h"

static const char *const kinds[] = { "counter", "gauge", "histogram" };

/* One series: its row, and its labels by number. */
struct series {
	const struct metric_row *row;
	unsigned name, value;
	metric_cell *cells;
};

/* A file's name may hold anything; the text has to be UTF-8. */
static void
add_value(struct bytes *out, struct str s)
{
	bool good = utf8_valid(s);

	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (c == '\\' || c == '"')
			bytes_add_char(out, '\\');
		if (c == '\n')
			bytes_add_text(out, "\\n");
		else if (!good && (unsigned char)c >= 0x80)
			bytes_add_char(out, '?');
		else
			bytes_add_char(out, c);
	}
}

void
metric_label_print(const char *label, const char *value, struct bytes *out)
{
	bytes_add_text(out, label);
	bytes_add_text(out, "=\"");
	add_value(out, str_of(value));
	bytes_add_char(out, '"');
}

/* A '{' before the first, a ',' before each behind it. */
static void
start_label(struct bytes *out, char *before)
{
	bytes_add_char(out, *before);
	*before = ',';
}

/* name_suffix{labels,le="..."} and a space; le NULL: none. */
static void
start_sample(const struct series *s, const char *suffix, const char *le,
    struct bytes *out)
{
	const struct metric_row *row = s->row;
	char before = '{';

	bytes_add_text(out, row->name);
	bytes_add_text(out, suffix);
	if (row->names != METRIC_NAMES_NONE) {
		start_label(out, &before);
		metric_name_print(row->names, s->name, out);
	}
	if (row->label != NULL) {
		start_label(out, &before);
		metric_label_print(row->label, row->values[s->value], out);
	}
	if (le != NULL) {
		start_label(out, &before);
		metric_label_print("le", le, out);
	}
	bytes_add_text(out, before == ',' ? "} " : " ");
}

static int64_t
cell(const struct series *s, unsigned i)
{
	return atomic_load_explicit(&s->cells[i], memory_order_relaxed);
}

static void
print_histogram(const struct series *s, struct bytes *out)
{
	const struct metric_row *row = s->row;
	int64_t count = 0, sum = cell(s, row->bound_count + 1);
	char le[32];

	for (unsigned i = 0; i < row->bound_count; i++) {
		count += cell(s, i);
		snprintf(le, sizeof(le), "%g", (double)row->bounds[i] / 1e6);
		start_sample(s, "_bucket", le, out);
		bytes_addf(out, "%lld\n", (long long)count);
	}
	count += cell(s, row->bound_count);
	start_sample(s, "_bucket", "+Inf", out);
	bytes_addf(out, "%lld\n", (long long)count);
	start_sample(s, "_sum", NULL, out);
	bytes_addf(out, "%lld.%06lld\n", (long long)(sum / 1000000),
	    (long long)(sum % 1000000));
	start_sample(s, "_count", NULL, out);
	bytes_addf(out, "%lld\n", (long long)count);
}

static bool
is_silent(const struct series *s)
{
	unsigned width = metric_width(s->row);

	for (unsigned i = 0; i < width; i++)
		if (cell(s, i) != 0)
			return false;
	return true;
}

static void
print_series(const struct series *s, struct bytes *out)
{
	/*
	 * "other" is of interest when something is counted there; but among
	 * fields it is what has no field, which is as common as the rest.
	 */
	bool needless = s->row->sparse ||
	    (s->row->names != METRIC_NAMES_NONE &&
	        s->row->names != METRIC_FIELDS && s->name == 0);

	if (needless && is_silent(s))
		return;
	if (s->row->kind == HISTOGRAM) {
		print_histogram(s, out);
		return;
	}
	start_sample(s, "", NULL, out);
	bytes_addf(out, "%lld\n", (long long)cell(s, 0));
}

static void
print_row(const struct metric_row *row, struct bytes *out)
{
	struct series s = { .row = row };
	bool named = row->names != METRIC_NAMES_NONE;
	unsigned names = named ? metric_name_count(row->names) : 1;

	bytes_addf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help,
	    row->name, kinds[row->kind]);
	for (s.name = 0; s.name < names; s.name++)
		for (s.value = 0; s.value < row->value_count; s.value++) {
			s.cells = metric_cells(row,
			    named ? metric_of(s.name, s.value) : s.value);
			print_series(&s, out);
		}
}

void
metrics_print(struct bytes *out)
{
	metrics_set(METRIC_LOG_DROPPED, 0, log_dropped());
	for (enum metric m = 0; m < METRICS; m++)
		print_row(&metric_rows[m], out);
	bytes_addf(out,
	    "# HELP leadbridge_build_info The version running.\n"
	    "# TYPE leadbridge_build_info gauge\n"
	    "leadbridge_build_info{version=\"%s\"} 1\n",
	    BRIDGE_VERSION);
	process_print(out);
}
