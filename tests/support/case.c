/* tests/support/case.c - what the runners of case folders share. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "case.h"

const char *
case_path(const char *folder, const char *name)
{
	static char paths[4][4096];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

bool
case_has(const char *folder, const char *name)
{
	return access(case_path(folder, name), R_OK) == 0;
}

struct str
case_read(const char *folder, const char *name)
{
	FILE *f = fopen(case_path(folder, name), "rb");
	struct bytes all;
	char part[4096];
	size_t got, len;

	if (f == NULL) {
		perror(case_path(folder, name));
		exit(2);
	}
	bytes_init(&all, (size_t)16 << 20);
	while ((got = fread(part, 1, sizeof(part), f)) > 0)
		bytes_add(&all, part, got);
	fclose(f);
	len = all.len;
	return (struct str){ bytes_take(&all), len };
}

static int
differ(const char *folder, const char *name, struct str want, struct str got)
{
	printf("%s/%s\n--- expected\n%.*s\n--- got\n%.*s\n", folder, name,
	    STR_ARG(want), STR_ARG(got));
	return 1;
}

int
case_compare_text(const char *folder, const char *name, const char *got)
{
	struct str file = case_read(folder, name);
	struct str want = file, have = str_of(got != NULL ? got : "");
	int bad = 0;

	while (want.len > 0 && want.at[want.len - 1] == '\n')
		want.len--;
	while (have.len > 0 && have.at[have.len - 1] == '\n')
		have.len--;
	if (!str_eq(want, have))
		bad = differ(folder, name, want, have);
	free((void *)(uintptr_t)file.at);
	return bad;
}

int
case_compare_json(const char *folder, const char *name, struct str got)
{
	const size_t flags = JSON_DECODE_ANY;
	struct str file = case_read(folder, name);
	json_t *want = json_loadb(file.at, file.len, flags, NULL);
	json_t *have = json_loadb(got.at, got.len, flags, NULL);
	int bad = 0;

	if (want == NULL || have == NULL || !json_equal(want, have))
		bad = differ(folder, name, file, got);
	json_decref(want);
	json_decref(have);
	free((void *)(uintptr_t)file.at);
	return bad;
}
