/*
 * tests/fuzz/fuzz_mapping_text.c - any text as a mapping, and as a hole.
 *
 * The first byte chooses: '=' makes the rest the text of one field, all else
 * is a whole mapping file. What compiles is run on a fixed event; the result
 * must be JSON, whatever the mapping was.
 */
#include <assert.h>
#include <stdint.h>

#include "mapping/mapping.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libconfig leaks its text buffer when a file ends inside a string. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfig";
}

static const char event[] =
    "{\"event_type\":\"form_response\",\"id\":\"lead_1\",\"n\":1,\"null\":null,"
    "\"text\":\"Zo\\u00eb\",\"a\":[1,\"two\",[3],{\"b\":4}],\"empty\":[],"
    "\"form\":{\"email\":\"a@example.com\",\"phone\":\"+12024561414\"},"
    "\"answers\":[{\"ref\":\"name\",\"text\":\"Laura Diaz\"},"
    "{\"ref\":\"dob\",\"date\":\"1988-05-14\"},{\"ref\":\"ok\",\"yes\":true}]}";

/* A file with the one field; quotes and backslashes as libconfig has them. */
static void
wrap_text(struct str text, struct bytes *out)
{
	bytes_add_text(out,
	    "lead_id = \"{$.id}\"; update: { customFields: { each = \"$\"; "
	    "as = \"");
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '"' || text.at[i] == '\\')
			bytes_add_char(out, '\\');
		bytes_add_char(out, text.at[i]);
	}
	bytes_add_text(out,
	    "\"; }; }; tables: { stage = ( (\"two\", 2), (\"*\", \"x\") ); };");
}

static void
check_body(struct arena *arena, struct str body)
{
	static const struct decode_limits deep = { 1000, 100000 };
	struct fault why = { 0 };

	if (decode_json(arena, body, &deep, &why) == NULL)
		assert(why.code != FAULT_BODY);
}

static void
run(const struct mapping *m, struct arena *arena)
{
	struct fault why = { 0 };
	struct request request = { .peer = STR("192.0.2.1"),
		.query = STR("x=1") };
	struct mapping_input in = { .request = &request,
		.sender = STR("fuzz"),
		.received_ms = 1,
		.arena = arena };
	struct mapping_events events;

	in.document = decode_json(arena, str_of(event), &decode_limits_default,
	    &why);
	assert(in.document != NULL);
	if (mapping_split(m, &in, &events, &why) == -1) {
		assert(why.code != FAULT_NONE);
		return;
	}
	for (size_t i = 0; i < events.count && i < 3; i++) {
		struct mapping_update u;
		struct fault not = { 0 };

		if (mapping_run(m, &in, events.at[i], &u, &not ) == -1)
			assert(not .code != FAULT_NONE && not .text[0] != '\0');
		else if (!u.skipped) {
			assert(lead_id_valid(u.lead_id));
			check_body(arena, u.body);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct arena *arena = arena_new((size_t)16 << 20);
	struct settings_file *file;
	struct faults all = { 0 };
	struct mapping *m = NULL;
	struct bytes wrapped;

	bytes_init(&wrapped, (size_t)1 << 20);
	if (str_starts(text, STR("="))) {
		wrap_text(str_skip(text, 1), &wrapped);
		text = bytes_str(&wrapped);
	}
	file = settings_parse(text, "fuzz.cfg", &all);
	if (file != NULL)
		m = mapping_compile(settings_root(file), &all);
	/* either a mapping or a reason, never both, never neither */
	assert((m != NULL) == (all.count == 0));
	for (size_t i = 0; i < all.kept; i++)
		if (all.excerpts[i] != NULL)
			assert(all.list[i].column > 0 &&
			    utf8_valid(str_of(all.excerpts[i])));
	if (m != NULL)
		run(m, arena);
	mapping_free(m);
	settings_close(file);
	faults_done(&all);
	bytes_done(&wrapped);
	arena_free(arena);
	return 0;
}
