/* console/console_verb_test.c - every sample of every mapping, compared. */
#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/console_file.h"
#include "console/console_outcome.h"
#include "console/console_verb.h"

#define SAMPLE_CEILING ((size_t)64 << 20)
#define NAME_LIMIT 1000

static const struct option_row options[] = {
	{ .name = NULL },
};

struct tally {
	size_t passed, failed;
};

/* Prints each place where two JSON values differ, with both sides. */
static void
print_difference(const char *place, json_t *want, json_t *got)
{
	const size_t flags = JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS;
	char *left = want != NULL ? json_dumps(want, flags) : NULL;
	char *right = got != NULL ? json_dumps(got, flags) : NULL;

	printf("    %s: expected %s, got %s\n", place[0] != '\0' ? place : ".",
	    left != NULL ? left : "nothing", right != NULL ? right : "nothing");
	free(left);
	free(right);
}

static void compare(const char *place, json_t *want, json_t *got);

static void
compare_objects(const char *place, json_t *want, json_t *got)
{
	const char *key;
	json_t *value;

	json_object_foreach (want, key, value) {
		char *inner = base_print("%s%s%s", place,
		    place[0] != '\0' ? "." : "", key);

		compare(inner, value, json_object_get(got, key));
		base_free(inner);
	}
	json_object_foreach (got, key, value) {
		char *inner = base_print("%s%s%s", place,
		    place[0] != '\0' ? "." : "", key);

		if (json_object_get(want, key) == NULL)
			compare(inner, NULL, value);
		base_free(inner);
	}
}

static void
compare_arrays(const char *place, json_t *want, json_t *got)
{
	size_t most = json_array_size(want);

	if (json_array_size(got) > most)
		most = json_array_size(got);
	for (size_t i = 0; i < most; i++) {
		char *inner = base_print("%s[%zu]", place, i);

		compare(inner, json_array_get(want, i), json_array_get(got, i));
		base_free(inner);
	}
}

/* jansson bounds the depth of what it loads, and so this recursion. */
static void
compare(const char *place, json_t *want, json_t *got)
{
	if (want != NULL && got != NULL && json_equal(want, got))
		return;
	if (json_is_object(want) && json_is_object(got))
		compare_objects(place, want, got);
	else if (json_is_array(want) && json_is_array(got))
		compare_arrays(place, want, got);
	else
		print_difference(place, want, got);
}

static struct str
outcome_text(const struct outcome *o, struct arena *arena)
{
	struct bytes out;

	bytes_init_in(&out, arena, (size_t)64 << 20);
	outcome_print(o, &out);
	return bytes_str(&out);
}

/* What the sample should make, and what it made; -1 with why. */
static int
load_both(const struct route *r, const char *sample, struct str text,
    struct arena *arena, json_t **want, json_t **got, struct fault *why)
{
	char *file = base_print("%.*s.expected.json",
	    (int)(strrchr(sample, '.') - sample), sample);
	struct str expected = file_read(file, SAMPLE_CEILING, why);
	struct request request;
	struct outcome outcome;
	struct str made;
	json_error_t error;
	int rc = -1;

	if (expected.at == NULL)
		goto out;
	*want = json_loadb(expected.at, expected.len, JSON_DECODE_ANY, &error);
	if (*want == NULL) {
		fault_at(why, FAULT_SETTINGS, file, (unsigned)error.line,
		    (unsigned)error.column, "%s", error.text);
		goto out;
	}
	if (sample_parse(text, sample, arena, &request, why) == -1)
		goto out;
	outcome_of(r, &request, arena, &outcome);
	made = outcome_text(&outcome, arena);
	*got = json_loadb(made.at, made.len, JSON_DECODE_ANY, NULL);
	rc = *got != NULL ? 0
	                  : fault_set(why, FAULT_INTERNAL, sample,
	                        "what it made is not JSON");

out:
	file_done(expected);
	base_free(file);
	return rc;
}

static void
test_sample(const struct route *r, const char *sample, struct tally *tally)
{
	struct arena *arena = arena_new((size_t)1 << 30);
	struct fault why = { 0 };
	struct str text = file_read(sample, SAMPLE_CEILING, &why);
	json_t *want = NULL, *got = NULL;
	bool loaded = text.at != NULL &&
	    load_both(r, sample, text, arena, &want, &got, &why) == 0;

	if (loaded && json_equal(want, got)) {
		tally->passed++;
		printf("ok    %s\n", sample);
	} else {
		tally->failed++;
		printf("FAIL  %s\n", sample);
		if (loaded)
			compare("", want, got);
		else
			printf("    %s: %s\n", why.where, why.text);
	}
	json_decref(want);
	json_decref(got);
	file_done(text);
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
