/*
 * test_mapping_tell.c - who watches a run is told of the event's own nodes:
 * what json has read out of a text is no part of it, wherever it is laid.
 */
#include "unit/mapping/one_mapping.h"

struct heard {
	const struct document *event;
	size_t fields, nodes;
	doc_node raw; /* the text that json reads */
	bool raw_told;
};

static void
hear(void *context, const struct mapping_told *told)
{
	struct heard *h = context;

	if (told->kind == MAPPING_TOLD_FAULT)
		fail_msg("%s: %.*s", told->where, STR_ARG(told->text));
	h->fields += told->kind == MAPPING_TOLD_FIELD;
	for (size_t i = 0; i < told->node_count; i++) {
		if (doc_kind(h->event, told->nodes[i]) == DOC_ABSENT)
			fail_msg("%s: %.*s has a node that the event has not",
			    told->where, STR_ARG(told->text));
		h->nodes++;
		h->raw_told |= told->nodes[i] == h->raw;
	}
}

/* Runs the mapping once, and hears what is told of it. */
static struct heard
listen(const char *mapping, const char *json)
{
	struct compiled c = compile(mapping);
	struct arena *arena = arena_new((size_t)1 << 20);
	struct heard h = { 0 };
	struct mapping_watch watch = { hear, &h };
	struct mapping_input in = { .arena = arena, .watch = &watch };
	struct mapping_update u;
	struct fault why = { 0 };

	in.document = decode_json(arena, str_of(json), &decode_limits_default,
	    &why);
	assert_non_null(in.document);
	h.event = in.document;
	h.raw = doc_member(in.document, 0, STR("raw"));
	if (mapping_run(c.mapping, &in, DOC_NONE, &u, &why) == -1)
		fail_msg("%s", why.text);
	arena_free(arena);
	drop(&c);
	return h;
}

#define RAW "{\"raw\":\"[{\\\"n\\\":\\\"a\\\"},{\\\"n\\\":\\\"b\\\"}]\"}"

static void
items_of_a_text_are_no_nodes_of_the_event(void **state)
{
	struct heard h = listen("lead_id = \"l\"; update: { tags: {"
	                        " each = \"$.raw | json\"; as = \"{@.n}\"; };"
	                        " };",
	    RAW);

	(void)state;
	assert_int_equal(h.fields, 4); /* lead_id, what each goes over, a, b */
	assert_int_equal(h.nodes, 1);
	assert_true(h.raw_told);
}

/* The first text is laid behind the event, and one of its items behind that. */
static void
nor_are_those_of_a_text_in_a_text(void **state)
{
	struct heard h = listen("lead_id = \"l\"; update: { customFields: {"
	                        " r = { each = \"$.raw | json\"; as: {"
	                        " a = { each = \"@.t | json\"; as = \"{@}\"; };"
	                        " b = \"{@.n}\"; }; }; }; };",
	    "{\"raw\":\"[{\\\"n\\\":\\\"a\\\",\\\"t\\\":\\\"[1]\\\"}]\"}");

	(void)state;
	assert_int_equal(h.fields, 5);
	assert_int_equal(h.nodes, 1);
	assert_true(h.raw_told);
}

static void
the_rest_of_a_text_is_no_node_of_the_event(void **state)
{
	struct heard h = listen("lead_id = \"l\"; update: { customFields: {"
	                        " r = \"{remainder($.raw | json)}\"; }; };",
	    "{\"raw\":\"{\\\"n\\\":1,\\\"m\\\":2}\"}");

	(void)state;
	assert_int_equal(h.fields, 2);
	assert_int_equal(h.nodes, 0);
}

static void
the_rest_of_the_event_is_told(void **state)
{
	struct heard h = listen("lead_id = \"l\"; update: { customFields: {"
	                        " r = \"{remainder()}\"; }; };",
	    RAW);

	(void)state;
	assert_int_equal(h.nodes, 1);
	assert_true(h.raw_told);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_of_a_text_are_no_nodes_of_the_event),
		cmocka_unit_test(nor_are_those_of_a_text_in_a_text),
		cmocka_unit_test(the_rest_of_a_text_is_no_node_of_the_event),
		cmocka_unit_test(the_rest_of_the_event_is_told),
	};

	return cmocka_run_group_tests_name("mapping tell", tests, NULL, NULL);
}
