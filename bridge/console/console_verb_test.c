/* console/console_verb_test.c - every sample of every mapping, compared. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/console_file.h"
#include "console/console_outcome.h"
#include "console/console_verb.h"

#define SAMPLE_CEILING ((size_t)64 << 20)
#define NAME_LIMIT 1000
/* When samples are received: 2026-01-31T09:30:00Z, so that tests repeat. */
#define SAMPLE_TIME_MS INT64_C(1769851800000)

static const struct option_row options[] = {
	{ .name = NULL },
};

struct tally {
	size_t passed, failed;
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
print_side(const char *label, struct side s)
{
	struct bytes out;

	bytes_init(&out, SAMPLE_CEILING);
	if (s.node == DOC_NONE)
		bytes_add_text(&out, "nothing");
	else
		doc_print(s.document, s.node, &out);
	printf("%s%.*s", label, STR_ARG(bytes_str(&out)));
	bytes_done(&out);
}

static size_t compare(const char *place, struct side want, struct side got);

static size_t
compare_objects(const char *place, struct side want, struct side got)
{
	size_t differ = 0;

	DOC_FOREACH (want.document, want.node, child) {
		struct str key = doc_key(want.document, child);
		char *inner = base_print("%s%s%.*s", place,
		    place[0] != '\0' ? "." : "", STR_ARG(key));

		differ += compare(inner, (struct side){ want.document, child },
		    member_of(got, key));
		base_free(inner);
	}
	DOC_FOREACH (got.document, got.node, child) {
		struct str key = doc_key(got.document, child);
		char *inner = base_print("%s%s%.*s", place,
		    place[0] != '\0' ? "." : "", STR_ARG(key));

		if (member_of(want, key).node == DOC_NONE)
			differ += compare(inner, member_of(want, key),
			    (struct side){ got.document, child });
		base_free(inner);
	}
	return differ;
}

static size_t
compare_arrays(const char *place, struct side want, struct side got)
{
	size_t most = doc_count(want.document, want.node), differ = 0;

	if (doc_count(got.document, got.node) > most)
		most = doc_count(got.document, got.node);
	for (size_t i = 0; i < most; i++) {
		char *inner = base_print("%s[%zu]", place, i);

		differ += compare(inner,
		    (struct side){ want.document,
		        doc_item(want.document, want.node, i) },
		    (struct side){ got.document,
		        doc_item(got.document, got.node, i) });
		base_free(inner);
	}
	return differ;
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
 * Prints each place where the two differ, and returns how many there are.
 * As deep as the documents, whose ceiling decode has checked.
 */
static size_t
compare(const char *place, struct side want, struct side got)
{
	if (kind_of(want) == DOC_OBJECT && kind_of(got) == DOC_OBJECT)
		return compare_objects(place, want, got);
	if (kind_of(want) == DOC_ARRAY && kind_of(got) == DOC_ARRAY)
		return compare_arrays(place, want, got);
	if (same(want, got))
		return 0;
	printf("    %s: ", place[0] != '\0' ? place : ".");
	print_side("expected ", want);
	print_side(", got ", got);
	putchar('\n');
	return 1;
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

/* The number of differences, all printed; -1 with why. */
static int64_t
test_against(const struct route *r, const char *sample, struct str text,
    struct str expected, struct arena *arena, struct fault *why)
{
	const struct document *want, *got;

	want = decode_json(arena, expected, &decode_limits_default, why);
	if (want == NULL)
		return -1;
	got = run_sample(r, sample, text, arena, why);
	if (got == NULL)
		return -1;
	return (int64_t)compare("", (struct side){ want, doc_root(want) },
	    (struct side){ got, doc_root(got) });
}

static char *
expected_file(const char *sample)
{
	return base_print("%.*s.expected.json",
	    (int)(strrchr(sample, '.') - sample), sample);
}

static void
test_sample(const struct route *r, const char *sample, struct tally *tally)
{
	struct arena *arena = arena_new((size_t)1 << 30);
	char *file = expected_file(sample);
	struct fault why = { 0 };
	struct str text = file_read(sample, SAMPLE_CEILING, &why);
	struct str expected = file_read(file, SAMPLE_CEILING, &why);
	int64_t differ = -1;

	if (text.at != NULL && expected.at != NULL)
		differ = test_against(r, sample, text, expected, arena, &why);
	if (differ == -1)
		printf("    %s%s%s\n", why.where,
		    why.where[0] != '\0' ? ": " : "", why.text);
	printf("%s  %s\n", differ == 0 ? "ok  " : "FAIL", sample);
	tally->passed += differ == 0;
	tally->failed += differ != 0;
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
	const struct route *route;
	struct tally *tally;
};

static void
visit_sample(const char *path, const char *name, void *arg)
{
	struct visit *v = arg;

	if (is_sample(name))
		test_sample(v->route, path, v->tally);
}

static void
test_mapping(const char *folder, struct tally *tally)
{
	char *file = base_print("%s/mapping.cfg", folder);
	char *samples = base_print("%s/samples", folder);
	struct faults all = { 0 };
	struct visit v = { route_open(file, NULL, &all), tally };

	if (v.route == NULL) {
		tally->failed++;
		printf("FAIL  %s\n", file);
		complain_faults(&all, EXIT_FAULTS);
	} else if (each_entry(samples, visit_sample, &v) == 0) {
		tally->failed++;
		printf("FAIL  %s: has no samples\n", folder);
	}
	route_close((struct route *)(uintptr_t)v.route);
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

static int
test(const struct given *g)
{
	struct tally tally = { 0 };
	size_t i = 0;

	do {
		const char *folder = given_arg(g, i);

		if (folder == NULL)
			folder = "mappings";
		if (has_mapping(folder))
			test_mapping(folder, &tally);
		else if (each_entry(folder, visit_folder, &tally) == 0)
			return complain(EXIT_CANNOT, "%s: no mapping is there",
			    folder);
	} while (given_arg(g, ++i) != NULL);
	printf("%zu passed, %zu failed\n", tally.passed, tally.failed);
	if (tally.passed + tally.failed == 0)
		return complain(EXIT_CANNOT, "no mapping with samples found");
	return tally.failed > 0 ? EXIT_FAULTS : EXIT_OK;
}

const struct verb verb_test = {
	.name = "test",
	.args = "[FOLDER...]",
	.help = "Run all samples of mappings against what they should make.",
	.more = "A folder is a mapping's, or one of several (default:\n"
	        "mappings). Each samples/NAME.http (or .json, .form) is\n"
	        "compared with samples/NAME.expected.json.\n",
	.options = options,
	.max_args = 1000,
	.run = test,
};
