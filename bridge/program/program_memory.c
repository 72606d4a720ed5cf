/* program/program_memory.c - how much memory this process may take. */
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "program/program_memory.h"

/* Where each version keeps its tree and its figure, and how a line begins. */
static const struct tree {
	const char *folder, *file;
	const char *line; /* of /proc/self/cgroup, up to the path */
} trees[] = {
	{ "", "memory.max", "0::" },
	{ "/unified", "memory.max", "0::" },
	{ "/memory", "memory.limit_in_bytes", ":memory:" },
};

static int64_t
lower(int64_t a, int64_t b)
{
	return b > 0 && (a == 0 || b < a) ? b : a;
}

static int64_t
machine_memory(void)
{
	struct sysinfo machine;

	return sysinfo(&machine) == 0
	    ? (int64_t)machine.totalram * machine.mem_unit
	    : 0;
}

/* A figure alone in a file; 0: it is not there, or "max". */
static int64_t
read_figure(const char *path)
{
	FILE *f = fopen(path, "re");
	char text[32];
	int64_t n = -1;

	if (f == NULL)
		return 0;
	if (fgets(text, sizeof(text), f) != NULL)
		n = str_number(str_trim(str_of(text)), INT64_MAX);
	fclose(f);
	return n > 0 ? n : 0;
}

/* The group's path by its line, "/system.slice/leadbridge.service"; or false */
static bool
find_group(const char *own, const struct tree *t, char *path, size_t room)
{
	FILE *f = fopen(own, "re");
	bool found = false;

	if (f == NULL)
		return false;
	while (!found && fgets(path, (int)room, f) != NULL) {
		const char *at = strstr(path, t->line);

		if (at == NULL || (t->line[0] != ':' && at != path))
			continue;
		at += strlen(t->line);
		memmove(path, at, strlen(at) + 1);
		path[strcspn(path, "\n")] = '\0';
		found = true;
	}
	fclose(f);
	return found;
}

/* From the group up: each of them counts. */
static int64_t
lowest(const char *groups, const struct tree *t, char *path)
{
	int64_t least = 0;

	for (;;) {
		char *file = base_print("%s%s%s/%s", groups, t->folder, path,
		    t->file);
		char *end = strrchr(path, '/');

		least = lower(least, read_figure(file));
		base_free(file);
		if (end == NULL)
			return least;
		*end = '\0';
	}
}

int64_t
memory_allowed(const char *groups, const char *own)
{
	int64_t least = machine_memory();
	char path[4096];

	if (groups == NULL)
		groups = "/sys/fs/cgroup";
	if (own == NULL)
		own = "/proc/self/cgroup";
	for (size_t i = 0; i < COUNT_OF(trees); i++)
		if (find_group(own, &trees[i], path, sizeof(path)))
			least = lower(least, lowest(groups, &trees[i], path));
	return least;
}
