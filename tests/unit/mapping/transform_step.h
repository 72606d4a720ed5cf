/*
 * tests/unit/mapping/transform_step.h - runs one step of a pipe by itself.
 *
 * Reads "phone('US', 'keep')", as the compiler does for literal arguments and
 * for paths into the row's body, and calls the row as the run does. Nothing of
 * either room is in between.
 */
#ifndef TESTS_TRANSFORM_STEP_H
#define TESTS_TRANSFORM_STEP_H

#include "unit/cmocka_all.h"
#include "mapping/mapping_transform.h"

#define STEP_WHERE "update.test"

/* What the step may use; tables are those the rows' examples name. */
struct step_room {
	struct arena *arena;
	struct mapping_input input;
};

struct step_read {
	const struct transform *row;
	struct value args[TRANSFORM_ARGS];
	struct str paths[TRANSFORM_ARGS]; /* at == NULL: it is a literal */
	size_t count;
};

static inline void
step_room_start(struct step_room *room, size_t ceiling)
{
	room->arena = arena_new(ceiling);
	room->input = (struct mapping_input){ .arena = room->arena };
}

static inline void
step_room_end(struct step_room *room)
{
	arena_free(room->arena);
}

/* A JSON text as a value; "" is absent. */
static inline struct value
json_value(struct arena *a, const char *json)
{
	struct fault why = { 0 };
	struct document *d;

	if (json[0] == '\0')
		return (struct value){ .kind = VALUE_ABSENT };
	d = decode_json(a, str_of(json), &decode_limits_default, &why);
	if (d == NULL)
		fail_msg("%s: %s", json, why.text);
	return value_of_node(d, doc_root(d));
}

/* The value's JSON, compact, in the arena; "" when it is left out. */
static inline struct str
value_json(struct arena *a, const struct value *v)
{
	struct bytes out;

	if (v->kind == VALUE_ABSENT || (v->kind == VALUE_NULL && !v->kept))
		return STR("");
	bytes_init_in(&out, a, 1 << 20);
	value_print(v, &out);
	assert_true(bytes_ok(&out));
	return bytes_str(&out);
}

static inline struct value
step_literal(struct str text)
{
	if (text.len >= 2 && text.at[0] == '\'')
		return value_string((struct str){ text.at + 1, text.len - 2 });
	if (str_eq(text, STR("true")) || str_eq(text, STR("false")))
		return value_boolean(text.at[0] == 't');
	return value_number(text);
}

/* The end of a literal: ',' and ')' inside of quotes are its own. */
static inline size_t
step_literal_end(struct str s)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (s.at[i] == '\'')
			quoted = !quoted;
		else if (!quoted && (s.at[i] == ',' || s.at[i] == ')'))
			break;
	}
	return i;
}

static inline void
step_argument(struct str text, struct step_read *step)
{
	assert_true(step->count < TRANSFORM_ARGS);
	step->paths[step->count] = STR_NONE;
	if (str_starts(text, STR("$"))) {
		step->paths[step->count] = text;
		step->args[step->count] = (struct value){
			.kind = VALUE_ABSENT
		};
	} else
		step->args[step->count] = step_literal(text);
	step->count++;
}

static inline void
step_parse(const char *text, struct step_read *step)
{
	struct str rest = str_of(text), name;

	memset(step, 0, sizeof(*step));
	str_cut(&rest, '(', &name);
	step->row = transform_find(name);
	if (step->row == NULL)
		fail_msg("%s: there is no such transform", text);
	while (rest.at != NULL && rest.len > 0) {
		size_t end = step_literal_end(rest);

		step_argument(str_trim((struct str){ rest.at, end }), step);
		rest = str_skip(rest, end + 1);
	}
}

/* What the paths select in the row's body. True when there are some. */
static inline bool
step_resolve(struct step_room *room, const struct step_read *step,
    struct value *args)
{
	struct value body = { .kind = VALUE_ABSENT };
	bool some = false;

	for (size_t i = 0; i < step->count; i++) {
		struct fault why = { 0 };
		struct jsonpath_scope scope;
		struct jsonpath *path;

		args[i] = step->args[i];
		if (step->paths[i].at == NULL)
			continue;
		assert_non_null(step->row->body);
		if (!some)
			body = json_value(room->arena, step->row->body);
		some = true;
		path = jsonpath_compile(step->paths[i], 0, NULL, &why);
		assert_non_null(path);
		scope = (struct jsonpath_scope){ body.document, DOC_NONE,
			room->arena, NULL };
		args[i] = value_of_node(body.document,
		    jsonpath_one(path, &scope));
		jsonpath_free(path);
	}
	return some;
}

static inline int
step_call(struct step_room *room, const struct step_read *step, struct value *v,
    struct fault *why)
{
	static const struct mapping_table_row stage[] = {
		{ { "Hot", 3 },
		    { .kind = VALUE_STRING, .text = { "qualified", 9 } } },
		{ { "Cold", 4 },
		    { .kind = VALUE_STRING, .text = { "no_contact", 10 } } },
		{ { "*", 1 },
		    { .kind = VALUE_STRING, .text = { "pending", 7 } } },
	};
	static const struct mapping_table_row closed[] = {
		{ { "true", 4 },
		    { .kind = VALUE_STRING, .text = { "yes", 3 } } },
		{ { "1", 1 }, { .kind = VALUE_STRING, .text = { "one", 3 } } },
	};
	static const struct mapping_table tables[] = {
		{ "stage", stage, 2, &stage[2].value },
		{ "closed", closed, 2, NULL },
	};
	struct transform_setup setup = { .args = step->args,
		.arg_count = step->count,
		.tables = tables,
		.table_count = COUNT_OF(tables) };
	const struct transform *row = step->row;
	struct value args[TRANSFORM_ARGS];
	bool paths = step_resolve(room, step, args);
	void *prepared = NULL;
	size_t compared = 0;
	int rc;

	if (row->prepare != NULL &&
	    (!paths || (row->flags & TRANSFORM_MIXED_ARGS)) &&
	    row->prepare(&setup, &prepared, why) == -1)
		return -1;
	rc = row->run(&(struct transform_call){ args, step->count, prepared,
	                  &room->input, STEP_WHERE, NULL, NULL, &compared },
	    v, why);
	if (row->release != NULL)
		row->release(prepared);
	return rc;
}

/* One step on a value, as a mapping would run it. */
static inline int
step_run(struct step_room *room, const char *text, struct value *v,
    struct fault *why)
{
	struct step_read step;

	step_parse(text, &step);
	if ((v->kind == VALUE_ABSENT || (v->kind == VALUE_NULL && !v->kept)) &&
	    (step.row->flags & TRANSFORM_SEES_ABSENT) == 0)
		return 0;
	return step_call(room, &step, v, why);
}

/* Checks JSON in, step, JSON out ("" absent, "!words" a fault). */
static inline void
step_expect(const char *in, const char *text, const char *out)
{
	struct step_room room;
	struct fault why = { 0 };
	struct value v, want;
	int rc;

	step_room_start(&room, 1 << 20);
	v = json_value(room.arena, in);
	rc = step_run(&room, text, &v, &why);
	if (out[0] == '!') {
		if (rc == 0 || strstr(why.text, out + 1) == NULL)
			fail_msg("%s | %s: %s", in, text,
			    rc == 0 ? "no fault" : why.text);
	} else if (rc == -1) {
		fail_msg("%s | %s: %s", in, text, why.text);
	} else {
		struct str got = value_json(room.arena, &v);

		want = json_value(room.arena, out);
		want.kept = true; /* an example that says null means it */
		if (!str_eq(got, value_json(room.arena, &want)))
			fail_msg("%s | %s: %.*s, not %s", in, text,
			    STR_ARG(got), out);
	}
	step_room_end(&room);
}

#endif
