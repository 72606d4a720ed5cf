/* secrets/secrets_kept.c - what can be read only once. */
#include <string.h>

#include "secrets/secrets.h"
#include "secrets/secrets_kept.h"

struct kept {
	struct kept *next;
	char *name;
	struct str value; /* secrets_alloc() */
};

/* Few: a variable each, and one passphrase. */
static struct kept *all;

static struct kept *
find(const char *name)
{
	struct kept *k = all;

	while (k != NULL && strcmp(k->name, name) != 0)
		k = k->next;
	return k;
}

struct str
kept_get(const char *name)
{
	const struct kept *k = find(name);

	return k != NULL ? k->value : STR_NONE;
}

bool
kept_put(const char *name, struct str value)
{
	char *block = secrets_alloc(value.len);
	struct kept *k = find(name);

	if (block == NULL)
		return false;
	memcpy(block, value.at, value.len);
	secrets_seal(block);
	if (k == NULL) {
		k = base_alloc(sizeof(*k));
		k->name = base_copy(name);
		k->next = all;
		all = k;
	}
	secrets_wipe((void *)(uintptr_t)k->value.at);
	k->value = (struct str){ block, value.len };
	return true;
}
