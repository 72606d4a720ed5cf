/*
 * mapping/mapping_transform_value.c - between kinds of values: numbers,
 * booleans, text, JSON, tables, and what to do with what is absent.
 */
#include <stdlib.h>
#include <string.h>
#include <unicase.h>

#include "mapping/mapping_transform_tools.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Nothing the document has: absent, or a null that nobody asked to keep. */
static bool
is_missing(const struct value *v)
{
	return v->kind == VALUE_ABSENT || (v->kind == VALUE_NULL && !v->kept);
}

/*
 * A number as people write it, taken apart. Exact: what is kept are digits.
 *
 *	-$ 1,234.50	negative, whole "1,234" (with its groups), part "50"
 */
struct written {
	bool negative;
	struct str whole;
	struct str part; /* behind the decimal mark; at == NULL: none */
};

static const struct str currencies[] = { { "$", 1 }, { "€", 3 }, { "£", 2 },
	{ "¥", 2 }, { "₹", 3 }, { "₽", 3 }, { "₺", 3 }, { "₩", 3 },
	{ "₴", 3 }, { "₪", 3 }, { "₫", 3 }, { "₱", 3 }, { "R$", 2 },
	{ "US$", 3 }, { "kr", 2 }, { "zł", 3 } };

/* Takes one currency sign off the front or the end, with its blanks. */
static struct str
drop_currency(struct str s)
{
	for (size_t i = 0; i < COUNT_OF(currencies); i++) {
		struct str sign = currencies[i];

		if (str_starts(s, sign))
			return trim_blanks(str_skip(s, sign.len));
		if (s.len > sign.len &&
		    str_eq(str_skip(s, s.len - sign.len), sign))
			return trim_blanks(
			    (struct str){ s.at, s.len - sign.len });
	}
	return s;
}

static struct str
drop_sign(struct str s, bool *negative)
{
	if (s.len > 0 && (s.at[0] == '-' || s.at[0] == '+')) {
		*negative = s.at[0] == '-';
		return trim_blanks(str_skip(s, 1));
	}
	return s;
}

static size_t
count_digits(struct str s)
{
	size_t n = 0;

	while (n < s.len && is_digit(s.at[n]))
		n++;
	return n;
}

/*
 * The mark between groups at the front: ',' (or '.' where ',' is the decimal
 * mark), an apostrophe, or a space, also one that does not break. 0: none.
 */
static size_t
group_mark(struct str s, char decimal)
{
	static const struct str marks[] = { { " ", 1 }, { "'", 1 }, { "’", 3 },
		{ "\xC2\xA0", 2 }, { "\xE2\x80\xAF", 3 }, { ",", 1 },
		{ ".", 1 } };

	for (size_t i = 0; i < COUNT_OF(marks); i++)
		if (str_starts(s, marks[i]) && marks[i].at[0] != decimal)
			return marks[i].len;
	return 0;
}

/*
 * Length of the whole part: digits, or one to three of them and then groups
 * of exactly three behind one and the same mark. 0 when it is neither.
 */
static size_t
whole_length(struct str s, char decimal)
{
	size_t len = count_digits(s),
	       mark = group_mark(str_skip(s, len), decimal);
	struct str first = { s.at + len, mark };

	if (mark == 0)
		return len;
	if (len == 0 || len > 3)
		return 0;
	while (str_starts(str_skip(s, len), first)) {
		if (count_digits(str_skip(s, len + mark)) != 3)
			return 0;
		len += mark + 3;
	}
	return len;
}

/* False when the text is no number. */
static bool
read_written(struct str s, char decimal, struct written *w)
{
	*w = (struct written){ .part = STR_NONE };
	s = drop_sign(trim_blanks(s), &w->negative);
	s = drop_currency(s);
	if (!w->negative)
		s = drop_sign(s, &w->negative);
	w->whole = (struct str){ s.at, whole_length(s, decimal) };
	s = str_skip(s, w->whole.len);
	if (s.len == 0)
		return w->whole.len > 0;
	if (s.at[0] != decimal)
		return false;
	w->part = str_skip(s, 1);
	return w->part.len > 0 && count_digits(w->part) == w->part.len;
}

/* JSON's spelling: no groups, no zeros in front, a digit before the point. */
static void
add_whole(struct str whole, struct bytes *out)
{
	bool begun = false;

	for (size_t i = 0; i < whole.len; i++) {
		if (!is_digit(whole.at[i]) || (whole.at[i] == '0' && !begun))
			continue;
		bytes_add_char(out, whole.at[i]);
		begun = true;
	}
	if (!begun)
		bytes_add_char(out, '0');
}

static int
prepare_decimal(const struct transform_setup *s, void **out, struct fault *why)
{
	struct str mark;

	(void)out;
	if (s->arg_count > 0 &&
	    (!setup_text(s, 0, &mark) ||
	        (!str_eq(mark, STR(".")) && !str_eq(mark, STR(",")))))
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "the decimal mark is '.' or ','");
	return 0;
}

static int
read_number(const struct transform_call *c, const char *step,
    const struct value *v, struct written *w, struct fault *why)
{
	char decimal = c->arg_count > 0 ? c->args[0].text.at[0] : '.';
	struct str text;

	if (step_text(c, step, v, &text, why) == -1)
		return -1;
	if (!read_written(text, decimal, w))
		return step_fault(c, why,
		    "%s: the text is not a number with '%c' as decimal mark",
		    step, decimal);
	return 0;
}

static int
run_number(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct written w;
	struct bytes out;

	if (v->kind == VALUE_NUMBER)
		return 0;
	if (read_number(c, "number", v, &w, why) == -1)
		return -1;
	step_bytes(c, &out);
	if (w.negative)
		bytes_add_char(&out, '-');
	add_whole(w.whole, &out);
	if (w.part.at != NULL) {
		bytes_add_char(&out, '.');
		bytes_add_str(&out, w.part);
	}
	return step_give_number(c, "number", &out, v, why);
}

static bool
is_zeros(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] != '0')
			return false;
	return true;
}

static bool
has_exponent(struct str s)
{
	return memchr(s.at, 'e', s.len) != NULL ||
	    memchr(s.at, 'E', s.len) != NULL;
}

static int
run_integer(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct transform_call plain = *c;
	struct written w;
	struct bytes out;

	if (v->kind == VALUE_NUMBER) {
		plain.arg_count = 0; /* JSON's mark is the point */
		if (has_exponent(v->text))
			return step_fault(c, why,
			    "integer: the number has an exponent");
	}
	if (read_number(&plain, "integer", v, &w, why) == -1)
		return -1;
	if (!is_zeros(w.part))
		return step_fault(c, why,
		    "integer: the number has a fraction, and nothing is cut");
	step_bytes(c, &out);
	if (w.negative)
		bytes_add_char(&out, '-');
	add_whole(w.whole, &out);
	return step_give_number(c, "integer", &out, v, why);
}

/*
 * What forms, spreadsheets and people write, in the languages most of them
 * are in. A word that is yes in one and no in another is in neither list.
 */
static const struct name booleans[] = {
	{ "true", 1 },
	{ "yes", 1 },
	{ "y", 1 },
	{ "on", 1 },
	{ "1", 1 },
	{ "checked", 1 },
	{ "t", 1 },
	{ "agree", 1 },
	{ "agreed", 1 },
	{ "i agree", 1 },
	{ "accept", 1 },
	{ "accepted", 1 },
	{ "i accept", 1 },
	{ "consent", 1 },
	{ "i consent", 1 },
	{ "granted", 1 },
	{ "opt-in", 1 },
	{ "opted in", 1 },
	{ "subscribed", 1 },
	{ "si", 1 },
	{ "sí", 1 },
	{ "sì", 1 },
	{ "oui", 1 },
	{ "ja", 1 },
	{ "sim", 1 },
	{ "tak", 1 },
	{ "ano", 1 },
	{ "evet", 1 },
	{ "да", 1 },
	{ "так", 1 },
	{ "はい", 1 },
	{ "是", 1 },
	{ "네", 1 },
	{ "false", 0 },
	{ "no", 0 },
	{ "n", 0 },
	{ "off", 0 },
	{ "0", 0 },
	{ "unchecked", 0 },
	{ "f", 0 },
	{ "disagree", 0 },
	{ "i disagree", 0 },
	{ "decline", 0 },
	{ "declined", 0 },
	{ "denied", 0 },
	{ "refused", 0 },
	{ "opt-out", 0 },
	{ "opted out", 0 },
	{ "unsubscribed", 0 },
	{ "non", 0 },
	{ "nein", 0 },
	{ "nee", 0 },
	{ "nej", 0 },
	{ "nei", 0 },
	{ "não", 0 },
	{ "nao", 0 },
	{ "nie", 0 },
	{ "ne", 0 },
	{ "hayır", 0 },
	{ "нет", 0 },
	{ "ні", 0 },
	{ "いいえ", 0 },
	{ "否", 0 },
	{ "아니요", 0 },
	{ NULL, -1 },
};

static bool
is_ascii(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] >= 0x80)
			return false;
	return true;
}

static bool
same_folded(struct str a, struct str b)
{
	int order = 1;

	return u8_casecmp((const uint8_t *)a.at, a.len, (const uint8_t *)b.at,
	           b.len, NULL, NULL, &order) == 0 &&
	    order == 0;
}

/* In any case, Unicode's where the word needs it. */
static int
known_boolean(struct str word)
{
	bool ascii = is_ascii(word);

	for (const struct name *n = booleans; n->text != NULL; n++) {
		struct str known = str_of(n->text);

		if (ascii ? str_eq_nocase(word, known)
		          : same_folded(word, known))
			return n->value;
	}
	return -1;
}

/* The mapping's own word for yes, then its own for no. */
static int
own_boolean(const struct transform_call *c, struct str word)
{
	struct str own;

	for (size_t i = 0; i < c->arg_count; i++)
		if (value_text(&c->args[i], &own) && str_eq_nocase(word, own))
			return i == 0;
	return -1;
}

static int
run_boolean(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct str word;
	int yes;

	if (v->kind == VALUE_TRUE || v->kind == VALUE_FALSE)
		return 0;
	if (step_text(c, "boolean", v, &word, why) == -1)
		return -1;
	word = trim_blanks(word);
	yes = own_boolean(c, word);
	if (yes == -1)
		yes = known_boolean(word);
	if (yes == -1)
		return step_fault(c, why,
		    "boolean: the text is neither a word for yes nor for no; "
		    "name others as boolean('I agree', 'No thanks')");
	*v = value_boolean(yes == 1);
	return 0;
}

static int
run_string(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct str text;

	if (!value_text(v, &text))
		return step_fault(c, why, "string: %s has no text",
		    value_kind_name(v));
	*v = value_string(text);
	return 0;
}

static int
run_json(const struct transform_call *c, struct value *v, struct fault *why)
{
	struct fault inner = { 0 };
	struct document *d;
	struct str text;

	if (step_text(c, "json", v, &text, why) == -1)
		return -1;
	d = decode_json(c->in->arena, text, &decode_limits_default, &inner);
	if (d != NULL) {
		*v = value_of_node(d, doc_root(d));
		return 0;
	}
	if (inner.code == FAULT_BUSY)
		return step_full(c, "json", why);
	return step_fault(c, why,
	    "json: the text is not JSON (line %u, column %u)", inner.line,
	    inner.column);
}

static int
run_default(const struct transform_call *c, struct value *v, struct fault *why)
{
	(void)why;
	if (is_missing(v))
		*v = c->args[0];
	return 0;
}

static int
run_required(const struct transform_call *c, struct value *v, struct fault *why)
{
	if (is_missing(v))
		return step_fault(c, why,
		    "required: the event does not have it");
	return 0;
}

static int
run_null_if(const struct transform_call *c, struct value *v, struct fault *why)
{
	(void)why;
	for (size_t i = 0; i < c->arg_count; i++)
		if (value_equal(v, &c->args[i])) {
			*v = (struct value){ .kind = VALUE_NULL };
			return 0;
		}
	return 0;
}

static int
run_keep_null(const struct transform_call *c, struct value *v,
    struct fault *why)
{
	(void)c;
	(void)why;
	v->kept = true;
	return 0;
}

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
	if (table == NULL && nearest_found(&near) != NULL)
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "there is no table '%.*s'; did you mean '%s'?",
		    STR_ARG(name), nearest_found(&near));
	if (table == NULL)
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "there is no table '%.*s'", STR_ARG(name));
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

const struct transform transforms_value[] = {
	{ .name = "boolean",
	    .max_args = 2,
	    .flags = TRANSFORM_LITERAL_ARGS,
	    .takes = "any scalar",
	    .gives = "a boolean",
	    .help = "Reads true, yes, on, 1, checked, agree, sí, oui, ja and "
	            "more such words, and their opposites, in any case, and "
	            "the words given for yes and for no.",
	    .examples = EXAMPLES({ "\"Yes\"", "boolean", "true" },
	        { "\" off \"", "boolean", "false" }, { "1", "boolean", "true" },
	        { "false", "boolean", "false" },
	        { "\"i agree\"", "boolean('I agree', 'No thanks')", "true" },
	        { "\"No thanks\"", "boolean('I agree', 'No thanks')", "false" },
	        { "\"no\"", "boolean('I agree', 'No thanks')", "false" },
	        { "\"Sí\"", "boolean", "true" },
	        { "\"DA\"", "boolean", "!neither" },
	        { "\"ДА\"", "boolean", "true" },
	        { "\"NÃO\"", "boolean", "false" },
	        { "\"Opted out\"", "boolean", "false" },
	        { "\"maybe\"", "boolean", "!neither" },
	        { "2", "boolean", "!neither" },
	        { "\"\"", "boolean", "!neither" },
	        { "[]", "boolean", "!was given an array" }),
	    .run = run_boolean },

	{ .name = "default",
	    .min_args = 1,
	    .max_args = 1,
	    .flags = TRANSFORM_SEES_ABSENT | TRANSFORM_TAKES_LIST,
	    .takes = "any value",
	    .gives = "any value",
	    .help = "Stands in for what is absent or null.",
	    .examples = EXAMPLES({ "", "default('x')", "\"x\"" },
	        { "null", "default(0)", "0" },
	        { "\"\"", "default('x')", "\"\"" },
	        { "[]", "default('x')", "[]" }),
	    .run = run_default },

	{ .name = "integer",
	    .max_args = 1,
	    .flags = TRANSFORM_LITERAL_ARGS,
	    .takes = "text",
	    .gives = "an integer",
	    .help = "Reads a whole number as people write it, with '.' or "
	            "another mark before decimals.",
	    .examples = EXAMPLES({ "\"1,234\"", "integer", "1234" },
	        { "\"007\"", "integer", "7" }, { "\"-5.00\"", "integer", "-5" },
	        { "5.0", "integer", "5" },
	        { "\"1.234\"", "integer(',')", "1234" },
	        { "5.0", "integer(',')", "5" },
	        { "5e0", "integer", "!has an exponent" },
	        { "\"5.5\"", "integer", "!has a fraction" },
	        { "\"five\"", "integer", "!not a number" },
	        { "\"\"", "integer", "!not a number" }),
	    .prepare = prepare_decimal,
	    .run = run_integer },

	{ .name = "json",
	    .takes = "text",
	    .gives = "any value",
	    .help = "Reads JSON that came as text.",
	    .examples = EXAMPLES({ "\"{\\\"a\\\":[1,2.50]}\"", "json",
	                             "{\"a\":[1,2.50]}" },
	        { "\"7\"", "json", "7" },
	        { "\"{\"", "json", "!not JSON (line 1" }),
	    .run = run_json },

	{ .name = "keep_null",
	    .flags = TRANSFORM_SEES_ABSENT | TRANSFORM_TAKES_LIST,
	    .takes = "any value",
	    .gives = "any value",
	    .help = "Lets null through, also inside an object, which clears "
	            "what is there; what is absent stays absent.",
	    .examples = EXAMPLES({ "null", "keep_null", "null" },
	        { "", "keep_null", "" }, { "1", "keep_null", "1" }),
	    .run = run_keep_null },

	{ .name = "null_if",
	    .min_args = 1,
	    .max_args = TRANSFORM_ARGS,
	    .takes = "any scalar",
	    .gives = "any value",
	    .help = "Makes a value null when it equals one of those given, so "
	            "that it is left out.",
	    .examples = EXAMPLES({ "\"N/A\"", "null_if('', 'N/A')", "" },
	        { "\"\"", "null_if('', 'N/A')", "" },
	        { "\"n/a\"", "null_if('', 'N/A')", "\"n/a\"" },
	        { "0.0", "null_if(0)", "" },
	        { "\"0\"", "null_if(0)", "\"0\"" }),
	    .run = run_null_if },

	{ .name = "number",
	    .max_args = 1,
	    .flags = TRANSFORM_LITERAL_ARGS,
	    .takes = "text",
	    .gives = "a number",
	    .help = "Reads a number as people write it, with '.' or another "
	            "mark before decimals, exactly.",
	    .examples = EXAMPLES({ "\"1,234.50\"", "number", "1234.50" },
	        { "\"$1,234.50\"", "number", "1234.50" },
	        { "\"-$ 0.10\"", "number", "-0.10" },
	        { "\"€-5\"", "number", "-5" },
	        { "\"1.234,50 €\"", "number(',')", "1234.50" },
	        { "\"1 234 567,8\"", "number(',')", "1234567.8" },
	        { "\"1'234\"", "number", "1234" },
	        { "\".5\"", "number", "0.5" }, { "\"00012\"", "number", "12" },
	        { "19.990", "number", "19.990" },
	        { "\"1,23\"", "number", "!not a number" },
	        { "\"1,234 567\"", "number", "!not a number" },
	        { "\"1234,567\"", "number", "!not a number" },
	        { "\"5.\"", "number", "!not a number" },
	        { "\"--5\"", "number", "!not a number" },
	        { "\"$\"", "number", "!not a number" },
	        { "\"1e5\"", "number", "!not a number" },
	        { "\"5\"", "number(';')", "!'.' or ','" },
	        { "true", "number", "!was given a boolean" }),
	    .prepare = prepare_decimal,
	    .run = run_number },

	{ .name = "required",
	    .flags = TRANSFORM_SEES_ABSENT | TRANSFORM_TAKES_LIST,
	    .takes = "any value",
	    .gives = "any value",
	    .help = "Refuses the event when the value is absent or null.",
	    .examples = EXAMPLES({ "", "required", "!does not have it" },
	        { "null", "required", "!does not have it" },
	        { "\"\"", "required", "\"\"" }, { "[1]", "required", "[1]" }),
	    .run = run_required },

	{ .name = "string",
	    .takes = "any scalar",
	    .gives = "text",
	    .help = "Makes text of a number or a boolean, as it was written.",
	    .examples = EXAMPLES({ "1.50", "string", "\"1.50\"" },
	        { "true", "string", "\"true\"" },
	        { "\"a\"", "string", "\"a\"" },
	        { "{}", "string", "!an object has no text" }),
	    .run = run_string },

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
