/*
 * sandbox/sandbox_check.c - is this body a lead update?
 *
 * The contract is lead's; this file puts jansson's values before it, and
 * adds the little that a merge needs to know of an array's items.
 */
#include "lead/lead.h"
#include "sandbox/sandbox_parts.h"

/* A field's name in a problem: a stranger's may be long, and is cut. */
#define NAME_MAX_BYTES 64

void
problems_add(struct problems *all, const char *fmt, ...)
{
	struct bytes text;
	va_list ap;

	if (all->count++ >= PROBLEMS_MAX)
		return;
	bytes_init(&text, 512);
	va_start(ap, fmt);
	bytes_addv(&text, fmt, ap);
	va_end(ap);
	if (all->count > 1)
		bytes_add_char(all->out, ',');
	bytes_add_json(all->out, bytes_str(&text));
	bytes_done(&text);
}

static enum lead_type
type_of(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return LEAD_OBJECT;
	case JSON_ARRAY:
		return LEAD_ARRAY;
	case JSON_STRING:
		return LEAD_STRING;
	case JSON_INTEGER:
		return LEAD_INTEGER;
	case JSON_REAL:
		return LEAD_NUMBER;
	case JSON_TRUE:
	case JSON_FALSE:
		return LEAD_BOOLEAN;
	case JSON_NULL:
		break;
	}
	return LEAD_NULL;
}

static void
check_value(const struct lead_field *f, json_t *v, struct problems *all)
{
	struct bytes number;
	struct str text = STR_NONE;
	const char *problem;

	bytes_init(&number, 64);
	if (json_is_string(v)) {
		text.at = json_string_value(v);
		text.len = json_string_length(v);
	} else if (json_is_number(v)) {
		/* 3.0 prints as 3, and is an integer to JSON Schema too. */
		print_json(v, false, &number);
		text = bytes_str(&number);
	}
	problem = lead_problem(f, type_of(v), text);
	if (problem != NULL)
		problems_add(all, "%s: %s", f->name, problem);
	bytes_done(&number);
}

static const char *
answer_problem(const json_t *item)
{
	return json_is_string(json_object_get(item, "key"))
	    ? NULL
	    : "must be an object with a \"key\" that is a string";
}

static const char *
key_problem(const json_t *item)
{
	return json_is_string(item) ? NULL : "must be a string";
}

static const char *
note_problem(const json_t *item)
{
	return json_is_string(item) || json_is_object(item)
	    ? NULL
	    : "must be an object or a string";
}

/* Arrays whose items the API has to look into, to merge them. */
static const struct item_rule {
	const char *field;
	const char *(*problem)(const json_t *item);
} item_rules[] = {
	{ "deleteQuestionnaireKeys", key_problem },
	{ "questionnaire", answer_problem },
	{ "notes", note_problem },
};

static void
check_items(const json_t *update, const struct item_rule *rule,
    struct problems *all)
{
	const json_t *list = json_object_get(update, rule->field);
	size_t size = json_array_size(list);

	if (size > STORE_ITEMS_MAX) {
		problems_add(all, "%s: must have at most %d items", rule->field,
		    STORE_ITEMS_MAX);
		return;
	}
	for (size_t i = 0; i < size; i++) {
		const char *problem = rule->problem(json_array_get(list, i));

		if (problem != NULL)
			problems_add(all, "%s[%zu]: %s", rule->field, i,
			    problem);
	}
}

static void
unknown_field(struct str name, struct problems *all)
{
	const char *near = lead_field_nearest(name);
	size_t cut = name.len;

	if (cut > NAME_MAX_BYTES)
		for (cut = NAME_MAX_BYTES; cut > 0; cut--)
			if (((unsigned char)name.at[cut] & 0xc0) != 0x80)
				break;
	problems_add(all, "%.*s: is not a field of a lead%s%s%s", (int)cut,
	    name.at, MEANT_ARG(near));
}

static void
check_fields(json_t *update, struct problems *all)
{
	const char *key;
	size_t key_len;
	json_t *value;

	json_object_keylen_foreach(update, key, key_len, value)
	{
		struct str name = { key, key_len };
		const struct lead_field *f = lead_field_find(name);

		if (f == NULL)
			unknown_field(name, all);
		else
			check_value(f, value, all);
	}
	for (size_t i = 0; i < COUNT_OF(item_rules); i++)
		check_items(update, &item_rules[i], all);
}

/* jansson's own text quotes what it stumbled over, so it is not passed on. */
static const struct name unreadables[] = {
	{ "a key stands twice in one object", json_error_duplicate_key },
	{ "a number is out of range", json_error_numeric_overflow },
	{ "is nested too deeply", json_error_stack_overflow },
	{ "is not UTF-8", json_error_invalid_utf8 },
	{ NULL, -1 },
};

static void
unreadable(const json_error_t *error, struct problems *all)
{
	const char *words;

	if (json_error_code(error) == json_error_out_of_memory)
		return;
	words = name_text(unreadables, (int)json_error_code(error));

	problems_add(all, "body: %s (line %d, column %d)",
	    words != NULL ? words : "is not valid JSON", error->line,
	    error->column);
}

json_t *
check_body(struct str body, struct problems *all)
{
	json_error_t error = { 0 }; /* not set where no memory is left */
	size_t before = all->count;
	json_t *update = json_loadb(body.at != NULL ? body.at : "", body.len,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

	if (update == NULL)
		unreadable(&error, all);
	else if (!json_is_object(update))
		problems_add(all, "body: must be an object");
	else
		check_fields(update, all);
	if (all->count == before)
		return update;
	json_decref(update);
	return NULL;
}
