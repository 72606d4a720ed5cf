/*
 * mapping/mapping_run_print.c - the PATCH body, printed as it is found.
 *
 * A member's comma and key are printed before it is known whether the member
 * has a value; one that has none is taken back by cutting the text to where
 * it began. So absence needs no look ahead, however deep it is found.
 */
#include <string.h>

#include "mapping/mapping_run.h"

/*
 * Entries of all `each` of one update together. Forms have hundreds of
 * answers at most; past this it is an attack, or each over the wrong list.
 */
#define ENTRIES_CEILING 10000

/* Of a fault's text, kept for "; from $.a.path.of.usual.length". */
#define FROM_ROOM 100

void
map_cut(struct bytes *out, size_t len)
{
	out->len = len;
	if (out->data != NULL)
		out->data[len] = '\0';
}

static int
too_large(struct run *r, const char *where)
{
	return fault_set(r->why, FAULT_TOO_LARGE, where,
	    "the update is larger than %zu bytes, or than this request's "
	    "memory",
	    r->out->ceiling - r->start);
}

/* The contract takes an array here and nothing else. */
static bool
is_array_place(const struct node *n)
{
	return n->field != NULL &&
	    (n->field->types & ~(unsigned)LEAD_NULL) == LEAD_ARRAY;
}

/*
 * A path that could have selected several, and selected one, in an array's
 * place: the array then has one element. Anything else would make the type
 * depend on how many matches there were.
 */
static bool
is_list_of_one(const struct node *n, const struct result *res)
{
	return is_array_place(n) && n->kind == NODE_CHAIN &&
	    n->parts->chain->steps == NULL && res->from != NULL &&
	    res->from->kind == SOURCE_PATH && res->from->many &&
	    value_lead_type(&res->value) != LEAD_ARRAY;
}

/*
 * The source is what helps to mend the mapping, so a long reason (the list of
 * all statuses) is cut to leave room for it.
 */
static int
refuse(struct run *r, const struct node *n, const char *problem,
    struct str from)
{
	const size_t room = sizeof(r->why->text) - FROM_ROOM;
	size_t len = strlen(problem);
	const char *more = "";

	if (len > room) {
		len = room;
		while (len > 0 && problem[len - 1] != ' ')
			len--;
		more = "...";
	}
	return fault_set(r->why, FAULT_CONTRACT, n->where, "%.*s%s; from %.*s",
	    (int)len, problem, more, STR_ARG(from));
}

static int
check_contract(struct run *r, const struct node *n, const struct result *res,
    bool one)
{
	struct str from = res->from != NULL ? res->from->text : n->text;
	const char *problem;

	if (n->field == NULL)
		return 0;
	problem = lead_problem(n->field,
	    one ? LEAD_ARRAY : value_lead_type(&res->value), res->value.text);
	return problem != NULL ? refuse(r, n, problem, from) : 0;
}

static int
print_literal(struct run *r, const struct node *n)
{
	bytes_add_str(r->out, n->text);
	return 1;
}

/* A chain or a text. */
static int
print_computed(struct run *r, const struct node *n)
{
	struct result res;
	bool one, said;

	if (map_value(r, n, &res) == -1)
		return -1;
	if (value_is_missing(&res.value))
		return 0;
	if (res.value.kind == VALUE_LIST && res.value.matches) {
		if (n->kind != NODE_SPLICED && !is_array_place(n))
			return map_several(r, n->where, res.from,
			    res.value.count);
		/* As one match that is a list is the list. */
		if (value_pour(&res.value, r->in->arena) == -1)
			return map_no_memory(r, n->where);
	}
	one = is_list_of_one(n, &res);
	if (check_contract(r, n, &res, one) == -1)
		return -1;
	if (one)
		bytes_add_char(r->out, '[');
	said = value_print_said(&res.value, r->out);
	if (one)
		bytes_add_char(r->out, ']');
	return said ? 1 : 0; /* the caller takes "[]" back */
}

/*
 * The brackets come off what was printed from `open` on: compact JSON that
 * begins with '[' is a list. With nothing between them nothing is left.
 */
static int
pour(struct run *r, size_t open, int printed)
{
	size_t len = r->out->len - open;

	if (printed != 1 || !bytes_ok(r->out) || r->out->data[open] != '[')
		return printed;
	memmove(r->out->data + open, r->out->data + open + 1, len - 2);
	map_cut(r->out, r->out->len - 2);
	return len > 2;
}

static int
print_spliced(struct run *r, const struct node *n)
{
	size_t open = r->out->len;

	return pour(r, open, print_computed(r, n));
}

/*
 * One element of a group or list behind its comma, or no trace of it.
 * `open` is where the first element begins; `key` has the comma in front.
 */
static int
print_element(struct run *r, size_t open, struct str key, const struct node *n)
{
	size_t mark = r->out->len;
	int printed;

	bytes_add_str(r->out, mark > open ? key : str_skip(key, 1));
	printed = map_print(r, n);
	if (printed != 1)
		map_cut(r->out, mark);
	else if (!bytes_ok(r->out))
		return too_large(r, n->where);
	return printed == -1 ? -1 : 0;
}

/* Closes what began at `open`; what holds nothing is nothing. */
static int
close_with(struct run *r, size_t open, char close)
{
	if (r->out->len == open) {
		map_cut(r->out, open - 1);
		return 0;
	}
	bytes_add_char(r->out, close);
	return 1;
}

static int
print_members(struct run *r, const struct node *n, char first, char last)
{
	size_t open;

	bytes_add_char(r->out, first);
	if (!bytes_ok(r->out))
		return too_large(r, n->where);
	open = r->out->len;
	for (const struct member *m = n->members; m != NULL; m = m->next)
		if (print_element(r, open, m->key, m->node) == -1)
			return -1;
	return close_with(r, open, last);
}

int
map_print_group(struct run *r, const struct node *n)
{
	return print_members(r, n, '{', '}');
}

static int
print_group(struct run *r, const struct node *n)
{
	int wanted = map_when(r, n->when, n->where);

	return wanted == 1 ? map_print_group(r, n) : wanted;
}

static int
print_list(struct run *r, const struct node *n)
{
	return print_members(r, n, '[', ']');
}

static int
print_items(struct run *r, const struct node *n,
    const struct jsonpath_nodes *items)
{
	doc_node outer = r->scope.current;
	size_t open;
	int rc = 0;

	bytes_add_char(r->out, '[');
	if (!bytes_ok(r->out))
		return too_large(r, n->where);
	open = r->out->len;
	for (size_t i = 0; i < items->count && rc == 0; i++) {
		r->scope.current = items->at[i];
		rc = print_element(r, open, STR(","), n->as);
	}
	r->scope.current = outer;
	return rc == -1 ? -1 : close_with(r, open, ']');
}

static int
print_each(struct run *r, const struct node *n)
{
	struct jsonpath_nodes items;
	int wanted = map_when(r, n->when, n->where), rc;
	size_t open = r->out->len;

	if (wanted != 1)
		return wanted;
	if (map_each_items(r, n, &items) == -1)
		return -1;
	r->entries += items.count;
	if (r->entries > ENTRIES_CEILING)
		return fault_set(r->why, FAULT_TOO_LARGE, n->where,
		    "%.*s goes over more than %d items", STR_ARG(n->text),
		    ENTRIES_CEILING);
	rc = print_items(r, n, &items);
	return n->poured ? pour(r, open, rc) : rc;
}

int
map_print(struct run *r, const struct node *n)
{
	static int (*const kinds[NODE_KINDS])(struct run * r,
	    const struct node *n) = {
		[NODE_LITERAL] = print_literal,
		[NODE_CHAIN] = print_computed,
		[NODE_SPLICED] = print_spliced,
		[NODE_TEXT] = print_computed,
		[NODE_GROUP] = print_group,
		[NODE_LIST] = print_list,
		[NODE_EACH] = print_each,
	};

	return kinds[n->kind](r, n);
}
