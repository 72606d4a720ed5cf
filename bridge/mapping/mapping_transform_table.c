/* mapping/mapping_transform_table.c - the tables of the mapping. */
#include <stdlib.h>

#include "mapping/mapping_transform_tools.h"

/* A table's rows by key, found in a few steps however long the table is. */
struct index {
	const struct mapping_table *table;
	const struct mapping_table_row *rows[];
};

static int
by_key(const void *a, const void *b)
{
	const struct mapping_table_row *const *one = a, *const *other = b;

	return str_cmp((*one)->key, (*other)->key);
}

static const struct mapping_table *
find_table(const struct transform_setup *s, struct str name,
    struct nearest *near)
{
	nearest_start(near, name);
	for (size_t i = 0; i < s->table_count; i++) {
		if (str_eq(name, str_of(s->tables[i].name)))
			return &s->tables[i];
		nearest_try(near, s->tables[i].name);
	}
	return NULL;
}

static int
prepare_table(const struct transform_setup *s, void **out, struct fault *why)
{
	const struct mapping_table *table;
	struct nearest near;
	struct index *made;
	struct str name;

	if (!setup_text(s, 0, &name))
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "table: takes the name of a table, as in table('stage')");
	table = find_table(s, name, &near);
	if (table == NULL)
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "there is no table '%.*s'%s%s%s", STR_ARG(name),
		    MEANT_ARG(nearest_found(&near)));
	made = base_alloc(sizeof(*made) + table->count * sizeof(made->rows[0]));
	made->table = table;
	for (size_t i = 0; i < table->count; i++)
		made->rows[i] = &table->rows[i];
	qsort(made->rows, table->count, sizeof(made->rows[0]), by_key);
	*out = made;
	return 0;
}

/* What the row of a key gives, or the row "*"; NULL without either. */
static const struct value *
find_row(const struct index *in, struct str key)
{
	struct mapping_table_row wanted = { .key = key };
	const struct mapping_table_row *sought = &wanted, **found;

	found = bsearch(&sought, in->rows, in->table->count,
	    sizeof(in->rows[0]), by_key);
	return found != NULL ? &(*found)->value : in->table->rest;
}

static int
run_table(const struct transform_call *c, struct value *v, struct fault *why)
{
	const struct index *in = c->prepared;
	const struct value *found;
	struct str key;

	if (!value_text(v, &key))
		return step_fault(c, why,
		    "table: %s cannot be looked up in table '%s'",
		    value_kind_name(v), in->table->name);
	found = find_row(in, key);
	if (found == NULL)
		return step_fault(c, why,
		    "table: table '%s' has no row for this value, and no "
		    "row \"*\" for the rest",
		    in->table->name);
	*v = *found;
	return 0;
}

const struct value *
transform_table_row(const struct transform *t, const void *prepared,
    const struct value *v)
{
	struct str key;

	if (t->run != run_table || !value_text(v, &key))
		return NULL;
	return find_row(prepared, key);
}

const struct transform transforms_table[] = {
	{ .name = "table",
	    .min_args = 1,
	    .max_args = 1,
	    .flags = TRANSFORM_LITERAL_ARGS,
	    .takes = "any scalar",
	    .gives = "any value",
	    .help = "Looks the value up in a table of the mapping; the row "
	            "\"*\" is for all the rest.",
	    .examples = EXAMPLES({ "\"Hot\"", "table('stage')",
	                             "\"qualified\"" },
	        { "\"hot\"", "table('stage')", "\"pending\"" },
	        { "1", "table('closed')", "\"one\"" },
	        { "true", "table('closed')", "\"yes\"" },
	        { "\"2\"", "table('closed')", "!has no row for this value" },
	        { "[]", "table('stage')", "!cannot be looked up" },
	        { "1", "table('stag')", "!did you mean 'stage'" }),
	    .prepare = prepare_table,
	    .release = base_free,
	    .run = run_table },

	{ .name = NULL },
};
