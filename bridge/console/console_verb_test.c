/* console/console_verb_test.c - every sample of every mapping, compared. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "terminal/terminal.h"
#include "workshop/workshop.h"
#include "console/console_verb.h"

#define SAMPLE_CEILING ((size_t)64 << 20)
#define NAME_LIMIT 1000
/* When samples are received: 2026-01-31T09:30:00Z, so that tests repeat. */
#define SAMPLE_TIME_MS INT64_C(1769851800000)

static const struct option_row options[] = {
	{ .name = "output",
	    .letter = 'o',
	    .value = REPORT_FORMS,
	    .help = "How to print (default: text)." },
	{ .name = NULL },
};

/* One comparison: who is told, and the mapping's settings for its lines. */
struct bench {
	struct report *report;
	const struct settings_file *mapping;
};

/* A value of one of the two sides; DOC_NONE is "nothing". */
struct side {
	const struct document *document;
	doc_node node;
};

static struct side
member_of(struct side s, struct str key)
{
	return (struct side){ s.document, doc_member(s.document, s.node, key) };
}

static enum doc_kind
kind_of(struct side s)
{
	return doc_kind(s.document, s.node);
}

static void
print_side(struct side s, struct bytes *out)
{
	bytes_init(out, SAMPLE_CEILING);
	if (s.node == DOC_NONE)
		bytes_add_text(out, "nothing");
	else
		doc_print(s.document, s.node, out);
}

static void
tell(const struct bench *b, const char *place, struct side want,
    struct side got)
{
	const config_setting_t *at = mapping_place(b->mapping, place);
	bool top = at == settings_root(b->mapping);
	struct bytes expected, made;

	print_side(want, &expected);
	print_side(got, &made);
	report_find(b->report, RULE_DIFFERS,
	    top ? settings_path(b->mapping) : settings_where(at),
	    top ? 1 : settings_line(at), 0, "%s: expected %.*s, got %.*s",
	    place[0] != '\0' ? place : ".", STR_ARG(bytes_str(&expected)),
	    STR_ARG(bytes_str(&made)));
	bytes_done(&expected);
	bytes_done(&made);
}

static void compare(const struct bench *b, const char *place, struct side want,
    struct side got);

static void
compare_objects(const struct bench *b, const char *place, struct side want,
    struct side got)
{
	DOC_FOREACH (want.document, want.node, child) {
		struct str key = doc_key(want.document, child);
		char *inner = base_print("%s%s%.*s", place,
		    place[0] != '\0' ? "." : "", STR_ARG(key));

		compare(b, inner, (struct side){ want.document, child },
		    member_of(got, key));
		base_free(inner);
	}
	DOC_FOREACH (got.document, got.node, child) {
		struct str key = doc_key(got.document, child);
		char *inner = base_print("%s%s%.*s", place,
		    place[0] != '\0' ? "." : "", STR_ARG(key));

		if (member_of(want, key).node == DOC_NONE)
			compare(b, inner, member_of(want, key),
			    (struct side){ got.document, child });
		base_free(inner);
	}
}

static void
compare_arrays(const struct bench *b, const char *place, struct side want,
    struct side got)
{
	size_t most = doc_count(want.document, want.node);

	if (doc_count(got.document, got.node) > most)
		most = doc_count(got.document, got.node);
	for (size_t i = 0; i < most; i++) {
		char *inner = base_print("%s[%zu]", place, i);

		compare(b, inner,
		    (struct side){ want.document,
		        doc_item(want.document, want.node, i) },
		    (struct side){ got.document,
		        doc_item(got.document, got.node, i) });
		base_free(inner);
	}
}

/* Scalars: numbers by their exact value, texts by their characters. */
static bool
same(struct side want, struct side got)
{
	if (kind_of(want) != kind_of(got))
		return false;
	if (kind_of(want) == DOC_NUMBER)
		return number_compare(doc_number(want.document, want.node),
		           doc_number(got.document, got.node)) == 0;
	return kind_of(want) != DOC_STRING ||
	    str_eq(doc_text(want.document, want.node),
	        doc_text(got.document, got.node));
}

/*
 * Tells each place where the two differ. As deep as the documents, whose
 * ceiling decode has checked.
 */
static void
compare(const struct bench *b, const char *place, struct side want,
    struct side got)
{
	if (kind_of(want) == DOC_OBJECT && kind_of(got) == DOC_OBJECT)
		compare_objects(b, place, want, got);
	else if (kind_of(want) == DOC_ARRAY && kind_of(got) == DOC_ARRAY)
		compare_arrays(b, place, want, got);
	else if (!same(want, got))
		tell(b, place, want, got);
}

/* A sample is posted to a path: it has to be the route's, by its method. */
static int
check_target(const struct route *r, const char *sample,
    const struct request *request, struct arena *arena, struct fault *why)
{
	struct header params[ROUTE_PARAMS];
	struct str path = str_of(route_path(r));

	if (strstr(sample, ".http") == NULL)
		return 0;
	if (!str_eq(request->method, str_of(route_method(r))))
		return fault_set(why, FAULT_SETTINGS, sample,
		    "is sent by %.*s, the route takes %s",
		    STR_ARG(request->method), route_method(r));
	if (!str_eq(request->path, path) &&
	    route_params(r, request->path, arena, params) == 0)
		return fault_set(why, FAULT_SETTINGS, sample,
		    "is sent to %.*s, the route is %s", STR_ARG(request->path),
		    route_path(r));
	return 0;
}

/* What the sample makes, as a document; NULL with why. */
static const struct document *
run_sample(const struct route *r, const char *sample, struct str text,
    struct arena *arena, struct fault *why)
{
	struct request request;
	struct outcome outcome;
	struct bytes out;

	if (sample_parse(text, sample, arena, &request, why) == -1 ||
	    check_target(r, sample, &request, arena, why) == -1)
		return NULL;
	request.received_ms = SAMPLE_TIME_MS;
	outcome_of(r, &request, arena, &outcome);
	bytes_init_in(&out, arena, SAMPLE_CEILING);
	outcome_print(&outcome, &out);
	return decode_json(arena, bytes_str(&out), &decode_limits_default, why);
}

/* Tells the differences; -1 with why when there was no comparing, and where. */
static int
test_against(const struct bench *b, const struct route *r, const char *sample,
    struct str text, struct str expected, struct arena *arena,
    struct fault *why, bool *in_expected)
{
	const struct document *want, *got;

	want = decode_json(arena, expected, &decode_limits_default, why);
	if (want == NULL)
		return -1;
	*in_expected = false;
	got = run_sample(r, sample, text, arena, why);
	if (got == NULL)
		return -1;
	compare(b, "", (struct side){ want, doc_root(want) },
	    (struct side){ got, doc_root(got) });
	return 0;
}

static char *
expected_file(const char *sample)
{
	return base_print("%.*s.expected.json",
	    (int)(strrchr(sample, '.') - sample), sample);
}

/* A fault of the sample, or of the file that is compared with. */
static void
tell_fault(struct report *report, const char *sample, const char *expected,
    bool in_expected, const struct fault *why)
{
	report_find(report, RULE_UNREADABLE, in_expected ? expected : sample,
	    why->line, why->column, "%s%s%s", why->where,
	    why->where[0] != '\0' ? ": " : "", why->text);
}

static void
test_sample(const struct bench *b, const struct route *r, const char *folder,
    const char *sample)
{
	struct arena *arena = arena_new((size_t)1 << 30);
	char *file = expected_file(sample);
	struct fault why = { 0 };
	struct str text = file_read(sample, SAMPLE_CEILING, &why);
	struct str expected = file_read(file, SAMPLE_CEILING, &why);
	bool in_expected = text.at != NULL;

	report_case(b->report, folder, sample);
	if (text.at == NULL || expected.at == NULL ||
	    test_against(b, r, sample, text, expected, arena, &why,
	        &in_expected) == -1)
		tell_fault(b->report, sample, file, in_expected, &why);
	report_case_end(b->report);
	file_done(text);
	file_done(expected);
	base_free(file);
	arena_free(arena);
}

static int
visible(const struct dirent *e)
{
	return e->d_name[0] != '.' && strlen(e->d_name) < NAME_LIMIT;
}

static bool
is_sample(const char *name)
{
	struct str s = str_of(name);

	if (strstr(name, ".expected.json") != NULL)
		return false;
	return (s.len > 5 && strcmp(name + s.len - 5, ".http") == 0) ||
	    (s.len > 5 && strcmp(name + s.len - 5, ".json") == 0) ||
	    (s.len > 5 && strcmp(name + s.len - 5, ".form") == 0);
}

/* Calls back for every entry of a folder, by name. */
static size_t
each_entry(const char *folder,
    void (*visit)(const char *path, const char *name, void *arg), void *arg)
{
	struct dirent **list;
	int count = scandir(folder, &list, visible, alphasort);

	if (count < 0)
		return 0;
	for (int i = 0; i < count; i++) {
		char *path = base_print("%s/%s", folder, list[i]->d_name);

		visit(path, list[i]->d_name, arg);
		base_free(path);
		free(list[i]);
	}
	free(list);
	return (size_t)count;
}

struct visit {
	struct bench bench;
	const struct route *route;
	const char *folder;
};

static void
visit_sample(const char *path, const char *name, void *arg)
{
	struct visit *v = arg;

	if (is_sample(name))
		test_sample(&v->bench, v->route, v->folder, path);
}

/* The faults of a mapping: findings for machines, lines for people. */
static void
tell_mapping(struct report *report, const char *file, struct faults *all)
{
	for (size_t i = 0; i < all->kept; i++) {
		const struct fault *f = &all->list[i];
		bool whole = strlen(f->where) + 1 < sizeof(f->where);

		report_find(report, RULE_MAPPING,
		    whole && f->where[0] != '\0' ? f->where : file, f->line,
		    f->column, "%s", f->text);
	}
	report_case_end(report);
	complain_faults(all, EXIT_FAULTS);
}

static void
test_mapping(const char *folder, struct report *report)
{
	char *file = base_print("%s/mapping.cfg", folder);
	char *samples = base_print("%s/samples", folder);
	struct faults all = { 0 };
	struct route *r = route_open(file, NULL, &all);
	struct settings_file *mapping = r != NULL ? settings_open(file, &all)
	                                          : NULL;
	struct visit v = { { report, mapping }, r, folder };

	if (mapping == NULL) {
		report_case(report, folder, file);
		tell_mapping(report, file, &all);
	} else if (each_entry(samples, visit_sample, &v) == 0) {
		report_case(report, folder, file);
		report_find(report, RULE_EMPTY, file, 1, 0, "has no samples");
		report_case_end(report);
	}
	settings_close(mapping);
	route_close(r);
	base_free(samples);
	base_free(file);
}

static bool
has_mapping(const char *folder)
{
	char *file = base_print("%s/mapping.cfg", folder);
	bool there = access(file, R_OK) == 0;

	base_free(file);
	return there;
}

static void
visit_folder(const char *path, const char *name, void *arg)
{
	(void)name;
	if (has_mapping(path))
		test_mapping(path, arg);
}

/* All folders that were named; EXIT_CANNOT when one has no mapping. */
static int
test_folders(const struct given *g, struct report *report)
{
	size_t i = 0;

	do {
		const char *folder = given_arg(g, i);

		if (folder == NULL)
			folder = "mappings";
		if (has_mapping(folder))
			test_mapping(folder, report);
		else if (each_entry(folder, visit_folder, report) == 0)
			return complain(EXIT_CANNOT, "%s: no mapping is there",
			    folder);
	} while (given_arg(g, ++i) != NULL);
	report_print(report);
	if (report->count == 0)
		return complain(EXIT_CANNOT, "no mapping with samples found");
	return report->failed > 0 ? EXIT_FAULTS : EXIT_OK;
}

/* A file is no folder, whatever is in it. */
static int
check_folders(const struct given *g)
{
	int code = EXIT_OK;

	for (size_t i = 0; i < given_count(g) && code == EXIT_OK; i++)
		if (!has_mapping(given_arg(g, i)))
			code = kind_check_folder(&verb_test, given_arg(g, i));
	return code;
}

static int
test(const struct given *g)
{
	struct report report;
	int code = check_folders(g);

	if (code != EXIT_OK)
		return code;
	report_start(&report, given_option(g, "output"));
	code = test_folders(g, &report);
	report_done(&report);
	return code;
}

const struct verb verb_test = {
	.name = "test",
	.args = "[FOLDER...]",
	.help = "Run all samples of mappings against what they should make.",
	.more =
	    "A folder is a mapping's, or one of several (default:\n"
	    "mappings). Each samples/NAME.http (or .json, .form) is\n"
	    "compared with samples/NAME.expected.json, which 'map -o json'\n"
	    "prints. What differs stands with the mapping's line. --output\n"
	    "junit, json and sarif are for machines; exit codes are the\n"
	    "same.\n",
	.example = "  leadbridge test mappings --output junit > results.xml\n",
	.options = options,
	.max_args = 1000,
	.run = test,
};
