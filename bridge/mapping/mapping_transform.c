/* mapping/mapping_transform.c - the registry, and the common tools. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unictype.h>

#include "mapping/mapping_transform_tools.h"

static const struct transform *const files[] = {
	transforms_text,
	transforms_title,
	transforms_list,
	transforms_lookup,
	transforms_value,
	transforms_number,
	transforms_boolean,
	transforms_table,
	transforms_people,
	transforms_time,
	transforms_path,
	transforms_slug,
	transforms_web,
};

static const struct transform **sorted; /* NULL-ended */
static size_t sorted_count;

static int
by_name(const void *a, const void *b)
{
	const struct transform *const *one = a, *const *other = b;

	return strcmp((*one)->name, (*other)->name);
}

/* Once a process; the few pointers stay. */
static void
sort_rows(void)
{
	for (size_t i = 0; i < COUNT_OF(files); i++)
		for (const struct transform *t = files[i]; t->name != NULL;
		     t++) {
			sorted = base_grow(sorted, sorted_count + 2,
			    sizeof(*sorted));
			sorted[sorted_count++] = t;
		}
	qsort(sorted, sorted_count, sizeof(*sorted), by_name);
	sorted[sorted_count] = NULL;
}

const struct transform *
transform_at(size_t i)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, sort_rows);
	return i < sorted_count ? sorted[i] : NULL;
}

const struct transform *
transform_find(struct str name)
{
	const struct transform *t;

	for (size_t i = 0; (t = transform_at(i)) != NULL; i++)
		if (str_eq(name, str_of(t->name)))
			return t;
	return NULL;
}

const char *
transform_nearest(struct str name)
{
	const struct transform *t;
	struct nearest near;

	nearest_start(&near, name);
	for (size_t i = 0; (t = transform_at(i)) != NULL; i++)
		nearest_try(&near, t->name);
	return nearest_found(&near);
}

int
step_fault(const struct transform_call *c, struct fault *why, const char *fmt,
    ...)
{
	char text[sizeof(why->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return fault_set(why, FAULT_MAPPING, c->where, "%s", text);
}

int
step_full(const struct transform_call *c, const char *step, struct fault *why)
{
	return fault_set(why, FAULT_BUSY, c->where,
	    "%s: no memory left for this event", step);
}

int
step_text(const struct transform_call *c, const char *step,
    const struct value *v, struct str *text, struct fault *why)
{
	if (v->kind != VALUE_STRING && v->kind != VALUE_NUMBER)
		return step_fault(c, why, "%s: takes text, and was given %s",
		    step, value_kind_name(v));
	*text = v->text;
	return 0;
}

int
step_arg_text(const struct transform_call *c, const char *step, size_t i,
    struct str *text, struct fault *why)
{
	const struct value *v = &c->args[i];

	if (v->kind != VALUE_STRING && v->kind != VALUE_NUMBER)
		return step_fault(c, why, "%s: argument %zu is %s, not text",
		    step, i + 1, value_kind_name(v));
	*text = v->text;
	return 0;
}

int
step_arg_int(const struct transform_call *c, const char *step, size_t i,
    int64_t min, int64_t max, int64_t *n, struct fault *why)
{
	bool number = c->args[i].kind == VALUE_NUMBER;
	struct str text = number ? c->args[i].text : STR_NONE;
	bool negative = text.len > 0 && text.at[0] == '-';
	int64_t got = str_number(str_skip(text, negative), INT32_MAX);

	if (got != -1 && negative)
		got = -got;
	else if (got == -1)
		got = INT64_MIN;
	if (got < min || got > max)
		return step_fault(c, why,
		    "%s: argument %zu must be a whole number, %lld to %lld",
		    step, i + 1, (long long)min, (long long)max);
	*n = got;
	return 0;
}

void
step_bytes(const struct transform_call *c, struct bytes *out)
{
	bytes_init_in(out, c->in->arena, SIZE_MAX / 4);
}

int
step_give(const struct transform_call *c, const char *step,
    const struct bytes *out, struct value *v, struct fault *why)
{
	if (!bytes_ok(out))
		return step_full(c, step, why);
	*v = value_string(bytes_str(out));
	return 0;
}

int
step_give_number(const struct transform_call *c, const char *step,
    const struct bytes *out, struct value *v, struct fault *why)
{
	if (!bytes_ok(out))
		return step_full(c, step, why);
	*v = value_number(bytes_str(out));
	return 0;
}

bool
value_is_list(const struct value *v)
{
	return v->kind == VALUE_LIST ||
	    (v->kind == VALUE_NODE &&
	        doc_kind(v->document, v->node) == DOC_ARRAY);
}

struct value
value_list(const struct value *items, size_t count)
{
	return (
	    struct value){ .kind = VALUE_LIST, .items = items, .count = count };
}

int
step_items(const struct transform_call *c, const char *step,
    const struct value *v, struct value **items, size_t *count,
    struct fault *why)
{
	if (value_is_list(v)) {
		if (value_items(v, c->in->arena, items, count, NULL) == 0)
			return 0;
		return step_full(c, step, why);
	}
	*items = arena_take(c->in->arena, sizeof(**items));
	if (*items == NULL)
		return step_full(c, step, why);
	**items = *v;
	*count = 1;
	return 0;
}

bool
is_ascii(struct str s)
{
	const uint64_t past = UINT64_C(0x8080808080808080);

	for (; s.len >= 8; s = str_skip(s, 8))
		if ((short_load8(s.at) & past) != 0)
			return false;
	return short_ascii(s.at, s.len);
}

bool
setup_text(const struct transform_setup *s, size_t i, struct str *text)
{
	if (s->args[i].kind != VALUE_STRING && s->args[i].kind != VALUE_NUMBER)
		return false;
	*text = s->args[i].text;
	return true;
}

static bool
is_single(char c)
{
	return (unsigned char)c < 0x80;
}

/* Of the characters that are one byte. */
static bool
is_single_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Nearly all characters that are looked at are one byte. */
size_t
blank_at(struct str s)
{
	uint32_t cp;
	size_t n;

	if (s.len == 0 || is_single(s.at[0]))
		return s.len > 0 && is_single_blank(s.at[0]);
	n = utf8_get(s, &cp);
	if (cp == 0x200B || cp == 0xFEFF || uc_is_property_white_space(cp))
		return n;
	return 0;
}

/* Bytes of the character at the front. */
static size_t
character(struct str s)
{
	uint32_t cp;

	return is_single(s.at[0]) ? 1 : utf8_get(s, &cp);
}

/* As blank_at(), of the character at the end of a text that is not empty. */
static size_t
blank_before_end(struct str s)
{
	size_t n = 1;

	if (is_single(s.at[s.len - 1]))
		return is_single_blank(s.at[s.len - 1]);
	while (n < s.len && ((unsigned char)s.at[s.len - n] & 0xC0) == 0x80)
		n++;
	return blank_at(str_skip(s, s.len - n));
}

bool
take_word(struct str *rest, struct str *word)
{
	size_t n;

	while ((n = blank_at(*rest)) > 0)
		*rest = str_skip(*rest, n);
	*word = (struct str){ rest->at, 0 };
	while (rest->len > 0 && blank_at(*rest) == 0) {
		n = character(*rest);
		word->len += n;
		*rest = str_skip(*rest, n);
	}
	return word->len > 0;
}

struct str
trim_blanks(struct str s)
{
	size_t n;

	while ((n = blank_at(s)) > 0)
		s = str_skip(s, n);
	while (s.len > 0 && (n = blank_before_end(s)) > 0)
		s.len -= n;
	return s;
}
