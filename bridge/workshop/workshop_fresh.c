/* workshop/workshop_fresh.c - a sample as another event of its sender's. */
#include <string.h>
#include <sys/random.h>

#include "workshop/workshop_fresh.h"

static bool
is_between(char c, char from, char to)
{
	return c >= from && c <= to;
}

/* One of the same kind; a hexadecimal digit stays one, and none is 0. */
static char
renew_char(char c, unsigned char random)
{
	if (is_between(c, '0', '9'))
		return (char)('1' + random % 9);
	if (is_between(c, 'a', 'f'))
		return (char)('a' + random % 6);
	if (is_between(c, 'A', 'F'))
		return (char)('A' + random % 6);
	if (is_between(c, 'g', 'z'))
		return (char)('g' + random % 20);
	if (is_between(c, 'G', 'Z'))
		return (char)('G' + random % 20);
	return c;
}

/* The last 20 characters: what stands in front may be of a kind ("evt_"). */
#define RENEWED 20

static struct str
renew_id(struct str id, struct arena *arena)
{
	size_t kept = id.len > RENEWED ? id.len - RENEWED : 0;
	unsigned char random[RENEWED];
	char *fresh = arena_take(arena, id.len + 1);

	if (fresh == NULL || getrandom(random, sizeof(random), 0) == -1)
		return STR_NONE;
	memcpy(fresh, id.at, kept);
	for (size_t i = kept; i < id.len; i++)
		fresh[i] = renew_char(id.at[i], random[i - kept]);
	return (struct str){ fresh, id.len };
}

static bool
is_word(struct str text, size_t i)
{
	char c = i < text.len ? text.at[i] : ' ';

	return is_between(c, '0', '9') || is_between(c, 'a', 'z') ||
	    is_between(c, 'A', 'Z');
}

/* How often the id was there. */
static size_t
replace(struct str *text, struct str id, struct str fresh, struct arena *arena)
{
	struct str copy = arena_copy(arena, *text);
	char *out = (char *)(uintptr_t)copy.at, *at;
	size_t from = 0, found = 0;

	if (out == NULL)
		return 0;
	while (from < copy.len &&
	    (at = memmem(out + from, copy.len - from, id.at, id.len)) != NULL) {
		size_t start = (size_t)(at - out);

		from = start + id.len;
		if ((start > 0 && is_word(copy, start - 1)) ||
		    is_word(copy, from))
			continue;
		memcpy(at, fresh.at, fresh.len);
		found++;
	}
	*text = copy;
	return found;
}

int
sample_renew(struct request *sample, struct str id, struct arena *arena,
    struct fault *why)
{
	struct header *headers = arena_take(arena,
	    (sample->header_count + 1) * sizeof(*headers));
	struct str fresh;
	size_t found = 0;

	if (id.at == NULL || id.len == 0)
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "the sample has no id of its sender's to be renewed");
	fresh = renew_id(id, arena);
	if (headers == NULL || fresh.at == NULL)
		return fault_set(why, FAULT_BUSY, NULL, "out of memory");
	for (size_t i = 0; i < sample->header_count; i++) {
		headers[i] = sample->headers[i];
		found += replace(&headers[i].value, id, fresh, arena);
	}
	sample->headers = headers;
	found += replace(&sample->body, id, fresh, arena);
	if (found == 0)
		return fault_set(why, FAULT_SETTINGS, NULL,
		    "the sample's id is not written as it reads, and cannot "
		    "be renewed");
	return 0;
}
