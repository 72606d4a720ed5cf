/* mapping/mapping.c - a mapping's memory and its end. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mapping/mapping_program.h"

const char *const mapping_settings[] = { "empty", "events", "lead_id", "region",
	"tables", "update", "when", "writes", NULL };

/* In the order above. */
static const char *const setting_help[] = {
	"\"absent\": texts with nothing in them count as not sent.",
	"A path: each of its items is an event of its own, '@' in the mapping.",
	"The lead to update: 1 to 64 letters, digits, '_' and '-'.",
	"The country that national phone numbers are at home in, \"US\".",
	"Tables of the sender's words and ours, for the transform table.",
	"The update, in the shape of the lead.",
	"A condition, as in a filter of JSONPath; other events are ignored.",
	"\"set\" or \"append\": whether the same twice adds something twice.",
};
_Static_assert(COUNT_OF(setting_help) + 1 == COUNT_OF(mapping_settings),
    "a setting of a mapping is without help");

bool
mapping_setting_at(size_t i, struct mapping_word *out)
{
	if (i >= COUNT_OF(setting_help))
		return false;
	*out = (struct mapping_word){ mapping_settings[i], NULL,
		setting_help[i] };
	return true;
}

void
mapping_free(struct mapping *m)
{
	if (m == NULL)
		return;
	for (struct owned *o = m->owned; o != NULL; o = o->next)
		o->release(o->thing);
	jsonpath_family_free(m->family);
	arena_free(m->arena);
	base_free(m);
}

enum mapping_writes
mapping_writes(const struct mapping *m)
{
	return m->writes;
}

bool
mapping_names_delivery(const struct mapping *m)
{
	return m->names_delivery;
}

/*
 * The arena of a mapping has no ceiling of its own: the file it comes from
 * is the operator's, and has one.
 */
void *
mapping_take(struct mapping *m, size_t size)
{
	void *block = arena_take(m->arena, size);

	if (block == NULL)
		bug("no memory for a mapping");
	return memset(block, 0, size);
}

struct str
mapping_keep(struct mapping *m, struct str s)
{
	char *copy = mapping_take(m, s.len + 1);

	if (s.len > 0)
		memcpy(copy, s.at, s.len);
	return (struct str){ copy, s.len };
}

char *
mapping_keep_print(struct mapping *m, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		bug("%s: not a format", fmt);
	text = mapping_take(m, (size_t)len + 1);
	va_start(ap, fmt);
	vsnprintf(text, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return text;
}

void
mapping_own(struct mapping *m, void (*release)(void *), void *thing)
{
	struct owned *o;

	if (thing == NULL || release == NULL)
		return;
	o = mapping_take(m, sizeof(*o));
	*o = (struct owned){ release, thing, m->owned };
	m->owned = o;
}

static void
release_path(void *thing)
{
	jsonpath_free(thing);
}

static void
release_test(void *thing)
{
	jsonpath_test_free(thing);
}

void
mapping_own_path(struct mapping *m, struct jsonpath *p)
{
	jsonpath_join(m->family, p);
	mapping_own(m, release_path, p);
}

void
mapping_own_test(struct mapping *m, struct jsonpath_test *t)
{
	mapping_own(m, release_test, t);
}

static bool
is_integer(struct str number)
{
	if (number.len > 0 && number.at[0] == '-')
		number = str_skip(number, 1);
	for (size_t i = 0; i < number.len; i++)
		if (number.at[i] < '0' || number.at[i] > '9')
			return false;
	return number.len > 0;
}

enum lead_type
value_lead_type(const struct value *v)
{
	static const enum lead_type types[] = {
		[VALUE_NULL] = LEAD_NULL,
		[VALUE_FALSE] = LEAD_BOOLEAN,
		[VALUE_TRUE] = LEAD_BOOLEAN,
		[VALUE_NUMBER] = LEAD_NUMBER,
		[VALUE_STRING] = LEAD_STRING,
		[VALUE_NODE] = LEAD_OBJECT,
		[VALUE_LIST] = LEAD_ARRAY,
	};

	if (v->kind == VALUE_NUMBER && is_integer(v->text))
		return LEAD_INTEGER;
	if (v->kind == VALUE_NODE &&
	    doc_kind(v->document, v->node) == DOC_ARRAY)
		return LEAD_ARRAY;
	return types[v->kind];
}
