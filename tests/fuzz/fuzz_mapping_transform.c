/*
 * tests/fuzz/fuzz_mapping_transform.c - every transform on any text.
 *
 * The first byte picks the step, the rest is the text. A step gives a value
 * that is whole (UTF-8, a JSON number, what the contract takes) or a fault.
 */
#include <stdlib.h>
#include <string.h>

#include "mapping/mapping_phone.h"
#include "mapping/mapping_transform.h"

#define TEXT(s)                                                                \
	{                                                                      \
		.kind = VALUE_STRING, .text = { s, sizeof(s) - 1 }             \
	}
#define NUMBER(s)                                                              \
	{                                                                      \
		.kind = VALUE_NUMBER, .text = { s, sizeof(s) - 1 }             \
	}

static const struct step {
	const char *name;
	size_t count;
	struct value args[3];
	const char *field; /* whose contract the result must meet, or NULL */
} steps[] = {
	{ .name = "trim" },
	{ .name = "squeeze" },
	{ .name = "lower" },
	{ .name = "upper" },
	{ .name = "title" },
	{ .name = "digits" },
	{ .name = "given_name" },
	{ .name = "family_name" },
	{ .name = "phone", .count = 1, .args = { TEXT("US") } },
	{ .name = "phone", .count = 2, .args = { TEXT("GB"), TEXT("valid") } },
	{ .name = "phone" },
	{ .name = "country", .field = "country" },
	{ .name = "date", .field = "dateOfBirth" },
	{ .name = "date",
	    .count = 3,
	    .args = { TEXT("M/D/YYYY"), TEXT("D MMMM YYYY"), TEXT("ms") },
	    .field = "dateOfBirth" },
	{ .name = "datetime", .field = "deliveredAt" },
	{ .name = "datetime",
	    .count = 3,
	    .args = { TEXT("YYYY-MM-DD hh:mm A"), TEXT("s"),
	        TEXT("DD.MM.YYYY HH:mm:ss.SSS Z") },
	    .field = "deliveredAt" },
	{ .name = "number" },
	{ .name = "number", .count = 1, .args = { TEXT(",") } },
	{ .name = "integer", .field = "lastActivityAt" },
	{ .name = "boolean" },
	{ .name = "json" },
	{ .name = "split", .count = 1, .args = { TEXT(",") } },
	{ .name = "replace", .count = 2, .args = { TEXT("a"), TEXT("bb") } },
	{ .name = "truncate", .count = 1, .args = { NUMBER("3") } },
	{ .name = "unique" },
	{ .name = "sha256" },
};

static void
must(bool ok, const struct step *s, const char *what)
{
	if (!ok)
		bug("%s: %s", s->name, what);
}

/* The value's JSON is read back: what it holds is UTF-8 and numbers. */
static void
check_value(const struct step *s, const struct value *v, struct arena *a)
{
	struct fault why = { 0 };
	struct bytes out;

	if (v->kind == VALUE_ABSENT)
		return;
	bytes_init_in(&out, a, 1 << 22);
	value_print(v, &out);
	if (!bytes_ok(&out))
		return;
	must(decode_json(a, bytes_str(&out), &decode_limits_default, &why) !=
	            NULL ||
	        why.code == FAULT_BUSY,
	    s, "gave what is no JSON");
	if (s->field != NULL)
		must(lead_problem(lead_field_find(str_of(s->field)),
		         v->kind == VALUE_STRING ? LEAD_STRING : LEAD_NUMBER,
		         v->text) == NULL,
		    s, "gave what the contract refuses");
}

static void
check_phone(const struct step *s, struct str text)
{
	char fast[PHONE_E164] = "", slow[PHONE_E164] = "";

	must(phone_e164(text.at, text.len, "US", false, fast) ==
	        phone_e164_by_library(text.at, text.len, "US", false, slow),
	    s, "the short way decides otherwise");
	must(strcmp(fast, slow) == 0, s, "the short way gives another number");
}

static void
run_step(const struct step *s, struct str text)
{
	const struct transform *t = transform_find(str_of(s->name));
	struct arena *a = arena_new(1 << 22);
	struct mapping_input in = { .arena = a };
	struct transform_setup setup = { .args = s->args,
		.arg_count = s->count };
	struct transform_call call = { .args = s->args,
		.arg_count = s->count,
		.in = &in,
		.where = "update.x" };
	struct value v = value_string(text);
	struct fault why = { 0 };
	void *prepared = NULL;

	if (t->prepare != NULL)
		must(t->prepare(&setup, &prepared, &why) == 0, s, why.text);
	call.prepared = prepared;
	if (t->run(&call, &v, &why) == 0)
		check_value(s, &v, a);
	else
		must(why.code == FAULT_MAPPING || why.code == FAULT_BUSY, s,
		    "failed without a reason");
	if (t->release != NULL)
		t->release(prepared);
	if (strcmp(s->name, "phone") == 0)
		check_phone(s, text);
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str text;
	char *copy;

	if (len == 0)
		return 0;
	copy = malloc(len);
	if (copy == NULL)
		return 0;
	memcpy(copy, bytes + 1, len - 1);
	text = (struct str){ copy, len - 1 };
	if (utf8_valid(text))
		run_step(&steps[bytes[0] % COUNT_OF(steps)], text);
	free(copy);
	return 0;
}
