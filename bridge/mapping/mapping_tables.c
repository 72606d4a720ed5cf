/*
 * mapping/mapping_tables.c - the tables of a mapping file.
 *
 *	tables: { stage = ( ("Hot", "qualified"), ("*", "pending") ); };
 */
#include <stdlib.h>

#include "mapping/mapping_compile.h"

static struct place
table_place(struct compiler *c, const config_setting_t *at,
    const config_setting_t *table)
{
	return (struct place){ .at = at,
		.where = mapping_keep_print(c->m, "tables.%s",
		    config_setting_name(table)) };
}

/* A row, and where it stands. */
struct keyed {
	struct mapping_table_row row;
	const config_setting_t *at;
	int number;
};

/* A key is compared as text, so 1 and "1" are the same row. */
static bool
read_key(struct compiler *c, struct place *p, struct str *key)
{
	struct value v;

	return compile_scalar(c, p, &v) && value_text(&v, key);
}

static void
read_row(struct compiler *c, struct place *p, struct mapping_table *t,
    struct keyed *row)
{
	const config_setting_t *at = p->at;

	if (!config_setting_is_list(at) || config_setting_length(at) != 2) {
		place_fault(c, p, "a row (\"from\", \"to\") is expected");
		return;
	}
	p->at = config_setting_get_elem(at, 0);
	if (!read_key(c, p, &row->row.key))
		return;
	p->at = config_setting_get_elem(at, 1);
	if (!compile_scalar(c, p, &row->row.value))
		return;
	row->at = at;
	t->count++;
}

static int
by_key(const void *a, const void *b)
{
	const struct keyed *one = a, *other = b;
	int order = str_cmp(one->row.key, other->row.key);

	return order != 0
	    ? order
	    : (one->number > other->number) - (one->number < other->number);
}

/* Sorted, so that a table of every postcode is checked in no time. */
static void
check_keys(struct compiler *c, struct place *p, struct keyed *rows,
    size_t count)
{
	qsort(rows, count, sizeof(rows[0]), by_key);
	for (size_t i = 1; i < count; i++) {
		if (!str_eq(rows[i].row.key, rows[i - 1].row.key))
			continue;
		p->at = rows[i].at;
		place_fault(c, p, "the row '%.*s' is there twice",
		    STR_ARG(rows[i].row.key));
	}
}

/* "*" stands apart: it is what all other keys get. */
static void
settle_rows(struct compiler *c, struct mapping_table *t,
    const struct keyed *all)
{
	size_t count = t->count;
	struct mapping_table_row *rows = mapping_take(c->m,
	    (count + 1) * sizeof(*rows));

	t->rows = rows;
	t->count = 0;
	for (size_t i = 0; i < count; i++)
		if (str_eq(all[i].row.key, STR("*"))) {
			rows[count] = all[i].row;
			t->rest = &rows[count].value;
		} else
			rows[t->count++] = all[i].row;
}

static void
read_table(struct compiler *c, const config_setting_t *from,
    struct mapping_table *t)
{
	struct place p = table_place(c, from, from);
	struct keyed *all;
	size_t good;
	int count;

	t->name = config_setting_name(from);
	if (!config_setting_is_list(from) || config_setting_length(from) == 0) {
		place_fault(c, &p,
		    "a list of rows ( (\"from\", \"to\"), ... ) "
		    "is expected");
		return;
	}
	count = config_setting_length(from);
	all = base_alloc((size_t)count * sizeof(*all));
	for (int i = 0; i < count; i++) {
		all[t->count].number = i;
		p.at = config_setting_get_elem(from, (unsigned)i);
		read_row(c, &p, t, &all[t->count]);
	}
	good = t->count;
	settle_rows(c, t, all);
	check_keys(c, &p, all, good);
	base_free(all);
}

void
compile_tables(struct compiler *c, const config_setting_t *tables)
{
	struct mapping *m = c->m;
	struct place p = { .at = tables, .where = "tables" };

	if (tables == NULL)
		return;
	if (!config_setting_is_group(tables)) {
		place_fault(c, &p, "a group of tables is expected");
		return;
	}
	m->table_count = (size_t)config_setting_length(tables);
	m->tables = mapping_take(m, m->table_count * sizeof(m->tables[0]));
	c->used = mapping_take(m, m->table_count * sizeof(c->used[0]));
	for (size_t i = 0; i < m->table_count; i++)
		read_table(c, config_setting_get_elem(tables, (unsigned)i),
		    &m->tables[i]);
}

/* A table nobody reads is nearly always a name written wrong. */
void
compile_tables_end(struct compiler *c, const config_setting_t *tables)
{
	for (size_t i = 0; i < c->m->table_count; i++) {
		const config_setting_t *from = config_setting_get_elem(tables,
		    (unsigned)i);
		struct place p = table_place(c, from, from);

		if (!c->used[i])
			place_fault(c, &p, "this table is never used");
	}
}

const struct mapping_table *
compile_table_find(struct compiler *c, const struct place *p, struct str name)
{
	struct nearest near;

	nearest_start(&near, name);
	for (size_t i = 0; i < c->m->table_count; i++) {
		const struct mapping_table *t = &c->m->tables[i];

		if (str_eq(str_of(t->name), name)) {
			c->used[i] = true;
			return t;
		}
		nearest_try(&near, t->name);
	}
	place_fault(c, p, "there is no table '%.*s'%s", STR_ARG(name),
	    did_you_mean(c, nearest_found(&near)));
	return NULL;
}
