/*
 * test_mapping_samples.c - the mappings that come with the bridge do what
 * their samples say: mappings/<name>/samples/<case>.http, as captured, gives
 * <case>.expected.json. An update, a list of them, or {"error": ...}.
 */
#include "unit/cmocka_all.h"

#include <glob.h>
#include <stdio.h>

#include "mapping/mapping.h"

#define HEADERS_MAX 32

static struct str
read_file(struct arena *arena, const char *path)
{
	FILE *f = fopen(path, "rb");
	struct bytes all;
	char part[4096];
	size_t got;

	if (f == NULL)
		fail_msg("%s: cannot be read", path);
	bytes_init_in(&all, arena, (size_t)1 << 20);
	while ((got = fread(part, 1, sizeof(part), f)) > 0)
		bytes_add(&all, part, got);
	fclose(f);
	return bytes_str(&all);
}

static struct str
take_line(struct str *rest)
{
	struct str line;

	assert_true(str_cut(rest, '\n', &line));
	assert_true(line.len > 0 && line.at[line.len - 1] == '\r');
	line.len--;
	return line;
}

/* A request as it lay on the wire; its length must be what it says. */
static void
parse_request(struct str raw, struct header *headers, struct request *out)
{
	struct str line = take_line(&raw), method;

	*out = (struct request){ .headers = headers, .peer = STR("192.0.2.7") };
	assert_true(str_cut(&line, ' ', &method));
	assert_true(str_cut(&line, ' ', &out->target));
	assert_true(str_eq(line, STR("HTTP/1.1")));
	out->query = out->target;
	if (!str_cut(&out->query, '?', &out->path)) {
		out->path = out->target;
		out->query = STR_NONE;
	}
	while ((line = take_line(&raw)).len > 0) {
		struct header *h = &headers[out->header_count++];

		assert_true(out->header_count < HEADERS_MAX);
		assert_true(str_cut(&line, ':', &h->name));
		h->value = str_trim(line);
	}
	out->body = raw;
	line = request_header(out, STR("Content-Length"));
	assert_int_equal(str_number(line, 1 << 20), raw.len);
	assert_true(request_header(out, STR("Host")).len > 0);
}

static int
print_updates(const struct mapping *m, const struct mapping_input *in,
    struct bytes *out, struct fault *why)
{
	struct mapping_events events;

	if (mapping_split(m, in, &events, why) == -1)
		return -1;
	if (events.batch || events.count == 0)
		bytes_add_char(out, '[');
	for (size_t i = 0; i < events.count; i++) {
		struct mapping_update u;

		if (mapping_run(m, in, events.at[i], &u, why) == -1)
			return -1;
		if (u.skipped)
			continue;
		bytes_addf(out, "%s{\"leadId\":\"%.*s\",\"update\":%.*s}",
		    out->len > 1 ? "," : "", STR_ARG(u.lead_id),
		    STR_ARG(u.body));
	}
	if (events.batch || events.count == 0)
		bytes_add_char(out, ']');
	return 0;
}

static void
print_fault(const struct fault *why, struct bytes *out)
{
	struct bytes detail;

	bytes_init(&detail, 1024);
	fault_print(why, &detail);
	bytes_addf(out, "{\"error\":{\"code\":\"%s\",\"details\":[",
	    fault_kind(why->code)->name);
	bytes_add_json(out, bytes_str(&detail));
	bytes_add_text(out, "]}}");
	bytes_done(&detail);
}

/* Member order and white space make no difference; numbers go by value. */
static bool
same_json(struct arena *arena, struct str a, struct str b)
{
	struct bytes both;
	struct document *d;
	doc_node root;

	bytes_init_in(&both, arena, (size_t)4 << 20);
	bytes_addf(&both, "[%.*s,%.*s]", STR_ARG(a), STR_ARG(b));
	d = decode_json(arena, bytes_str(&both), &decode_limits_default, NULL);
	if (d == NULL)
		return false;
	root = doc_root(d);
	return doc_equal(d, doc_item(d, root, 0), doc_item(d, root, 1));
}

static bool
run_sample(const struct mapping *m, const char *path)
{
	struct arena *arena = arena_new((size_t)16 << 20);
	char *stem = base_print("%.*s", (int)strlen(path) - 5, path);
	char *expected = base_print("%s.expected.json", stem);
	struct header headers[HEADERS_MAX];
	struct request request;
	struct mapping_input in = { .request = &request,
		.sender = STR("test"),
		.arena = arena };
	struct fault why = { 0 };
	struct bytes got;
	bool same;

	parse_request(read_file(arena, path), headers, &request);
	bytes_init(&got, (size_t)4 << 20);
	in.document = decode_body(arena,
	    request_header(&request, STR("Content-Type")), request.body,
	    &decode_limits_default, &why);
	if (in.document == NULL || print_updates(m, &in, &got, &why) == -1) {
		bytes_clear(&got);
		print_fault(&why, &got);
	}
	same = same_json(arena, read_file(arena, expected), bytes_str(&got));
	if (!same)
		print_message("%s differs, got\n%.*s\n", expected,
		    STR_ARG(bytes_str(&got)));
	bytes_done(&got);
	base_free(stem);
	base_free(expected);
	arena_free(arena);
	return same;
}

static void
run_mapping(const char *name)
{
	char *path = base_print("%s/mappings/%s/mapping.cfg", TOP, name);
	char *pattern = base_print("%s/mappings/%s/samples/*.http", TOP, name);
	struct faults all = { 0 };
	struct settings_file *file = settings_open(path, &all);
	struct mapping *m = NULL;
	struct bytes words;
	glob_t samples;
	unsigned wrong = 0;

	bytes_init(&words, (size_t)1 << 20);
	if (file != NULL)
		m = mapping_compile(settings_root(file), &all);
	faults_print(&all, &words);
	if (m == NULL)
		fail_msg("%s", bytes_str(&words).at);
	assert_int_equal(glob(pattern, 0, NULL, &samples), 0);
	assert_true(samples.gl_pathc >= 3);
	for (size_t i = 0; i < samples.gl_pathc; i++)
		wrong += !run_sample(m, samples.gl_pathv[i]);
	assert_int_equal(wrong, 0);
	globfree(&samples);
	mapping_free(m);
	settings_close(file);
	faults_done(&all);
	bytes_done(&words);
	base_free(path);
	base_free(pattern);
}

static void
typeform(void **state)
{
	(void)state;
	run_mapping("typeform");
}

static void
hubspot(void **state)
{
	(void)state;
	run_mapping("hubspot");
}

static void
form(void **state)
{
	(void)state;
	run_mapping("form");
}

static void
generic(void **state)
{
	(void)state;
	run_mapping("generic");
}

/* "```" opens and closes; a block of settings is marked cfg. */
static bool
take_block(struct str *rest, struct str *block)
{
	static const char open[] = "```cfg\n";
	const char *at = memmem(rest->at, rest->len, open, strlen(open));
	const char *end;

	if (at == NULL)
		return false;
	at += strlen(open);
	*rest = str_span(at, rest->at + rest->len);
	end = memmem(at, rest->len, "```", 3);
	assert_non_null(end);
	*block = str_span(at, end);
	*rest = str_span(end + 3, rest->at + rest->len);
	return true;
}

static bool
has(struct str text, const char *word)
{
	return memmem(text.at, text.len, word, strlen(word)) != NULL;
}

static bool
compiles(struct str block)
{
	char *text = base_print("%.*s%s%s", STR_ARG(block),
	    has(block, "lead_id ") ? "" : "lead_id = \"lead_1\";\n",
	    has(block, "update:") ? "" : "update: { firstName = \"x\"; };\n");
	struct faults all = { 0 };
	struct settings_file *f = settings_parse(str_of(text),
	    "mappings/README.md", &all);
	struct mapping *m = NULL;
	struct bytes words;
	bool ok;

	if (f != NULL)
		m = mapping_compile(settings_root(f), &all);
	bytes_init(&words, (size_t)1 << 20);
	faults_print(&all, &words);
	if (m == NULL)
		print_message("%s\n%s", text, bytes_str(&words).at);
	ok = m != NULL;
	bytes_done(&words);
	mapping_free(m);
	settings_close(f);
	faults_done(&all);
	base_free(text);
	return ok;
}

/* What the page teaches has to be true: all its examples compile. */
static void
the_page_compiles(void **state)
{
	struct arena *arena = arena_new((size_t)4 << 20);
	struct str rest = read_file(arena, TOP "/mappings/README.md"), block;
	unsigned blocks = 0, bad = 0;

	(void)state;
	while (take_block(&rest, &block)) {
		blocks++;
		bad += !compiles(block);
	}
	assert_true(blocks >= 8);
	assert_int_equal(bad, 0);
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(typeform),
		cmocka_unit_test(hubspot),
		cmocka_unit_test(form),
		cmocka_unit_test(generic),
		cmocka_unit_test(the_page_compiles),
	};

	return cmocka_run_group_tests_name("mapping samples", tests, NULL,
	    NULL);
}
