/* mapping/mapping_timezone_names.c - the zones that there are. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mapping/mapping_timezone_names.h"

#define ZONE_FILE "/usr/share/zoneinfo/tzdata.zi"
/* Ten times what it has; a file past this is not that one. */
#define FILE_CEILING ((size_t)1 << 20)

static int
by_name(const void *a, const void *b)
{
	const char *const *one = a, *const *other = b;

	return strcasecmp(*one, *other);
}

/* "Z NAME ..." is a zone, "L ZONE NAME" another name of one. */
static struct str
name_of_line(struct str line)
{
	struct str rest = line, word = STR_NONE;
	size_t words = str_starts(line, STR("Z ")) ? 2
	    : str_starts(line, STR("L "))          ? 3
	                                           : 0;

	for (size_t i = 0; i < words; i++)
		if (!str_cut(&rest, ' ', &word))
			return STR_NONE;
	return word;
}

/* The names of the text one behind the other, each ended; how many. */
static size_t
gather_names(struct str text, struct bytes *out)
{
	struct str line, name;
	size_t count = 0;

	while (str_cut(&text, '\n', &line)) {
		name = name_of_line(line);
		if (name.len == 0)
			continue;
		bytes_add_str(out, name);
		bytes_add_char(out, '\0');
		count++;
	}
	return count;
}

struct zone_names
zone_names_read(const char *path)
{
	struct zone_names z = { NULL, NULL, 0 };
	FILE *f = fopen(path, "re");
	struct bytes names;
	const char *next;
	char *text;

	if (f == NULL)
		return z;
	text = base_alloc(FILE_CEILING);
	bytes_init(&names, FILE_CEILING);
	z.count = gather_names((struct str){ text,
	                           fread(text, 1, FILE_CEILING, f) },
	    &names);
	fclose(f);
	base_free(text);
	z.list = base_alloc((z.count + 1) * sizeof(z.list[0]));
	z.text = bytes_take(&names);
	next = z.text;
	for (size_t i = 0; i < z.count; i++) {
		z.list[i] = next;
		next += strlen(next) + 1;
	}
	qsort(z.list, z.count, sizeof(z.list[0]), by_name);
	return z;
}

void
zone_names_done(struct zone_names *z)
{
	base_free(z->list);
	base_free(z->text);
	*z = (struct zone_names){ NULL, NULL, 0 };
}

struct str
zone_names_find(const struct zone_names *z, struct str name)
{
	size_t low = 0, high = z->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		struct str one = str_of(z->list[middle]);
		size_t len = one.len < name.len ? one.len : name.len;
		int order = strncasecmp(name.at, one.at, len);

		if (order == 0)
			order = (name.len > one.len) - (name.len < one.len);
		if (order == 0)
			return one;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return STR_NONE;
}

static struct zone_names machine; /* stays to the end of the process */

static void
read_machine(void)
{
	machine = zone_names_read(ZONE_FILE);
}

const struct zone_names *
zone_names(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, read_machine);
	return &machine;
}
