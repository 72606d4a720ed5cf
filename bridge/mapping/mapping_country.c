/* mapping/mapping_country.c - which country somebody meant. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>

#include "mapping/mapping_country.h"

/* The longest name of the table has 51 bytes; accents are left to come off. */
#define TEXT_MAX 128

/* A name as struct country has its names. */
struct key {
	char text[TEXT_MAX + 8];
	size_t len;
};

static void
key_add(struct key *k, struct str s)
{
	if (k->len + s.len <= sizeof(k->text)) {
		memcpy(k->text + k->len, s.at, s.len);
		k->len += s.len;
	}
}

static bool
is_plain(uint32_t cp)
{
	if (cp < 0x80)
		return (cp >= '0' && cp <= '9') || (cp >= 'a' && cp <= 'z');
	return uc_is_general_category(cp, UC_LETTER) ||
	    uc_is_general_category(cp, UC_NUMBER);
}

/* Letters and digits; "&" behind one is "and". All else does not count. */
static void
add_plain(struct key *k, struct str s)
{
	uint32_t cp;

	for (size_t n; (n = utf8_get(s, &cp)) > 0; s = str_skip(s, n)) {
		if (cp == '&' && k->len > 0)
			key_add(k, STR("and"));
		else if (is_plain(cp))
			key_add(k, (struct str){ s.at, n });
	}
}

/* What add_plain makes of a folded text; false when it is more than ASCII. */
static bool
fold_ascii(struct str text, struct key *k)
{
	struct str s = str_trim(text);

	if (s.len > 4 && str_eq_nocase((struct str){ s.at, 4 }, STR("the ")))
		s = str_skip(s, 4);
	k->len = 0;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if ((unsigned char)c >= 0x80)
			return false;
		if (c >= 'A' && c <= 'Z')
			c = (char)(c | 0x20);
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			key_add(k, (struct str){ &c, 1 });
		else if (c == '&' && k->len > 0)
			key_add(k, STR("and"));
	}
	return true;
}

/* The same of any text. False when memory is short. */
static bool
fold_unicode(struct str text, struct key *k)
{
	uint8_t room[TEXT_MAX * 4], *folded;
	size_t len = sizeof(room);
	struct str s;

	folded = u8_casefold((const uint8_t *)text.at, text.len, NULL,
	    UNINORM_NFKD, room, &len);
	if (folded == NULL)
		return false;
	s = str_trim((struct str){ (const char *)folded, len });
	if (str_starts(s, STR("the ")))
		s = str_skip(s, 4);
	k->len = 0;
	add_plain(k, s);
	if (folded != room)
		free(folded);
	return true;
}

/* False when the text is too long for a name, or memory is short. */
static bool
fold(struct str text, struct key *k)
{
	return text.len <= TEXT_MAX &&
	    (fold_ascii(text, k) || fold_unicode(text, k));
}

/* Every code of letters and every name, sorted; made once, and stays. */
struct entry {
	struct str key;
	const struct country *country;
};

static struct entry *entries;
static size_t entry_count;

static void
add_entry(struct str key, const struct country *c)
{
	entries = base_grow(entries, entry_count + 1, sizeof(*entries));
	entries[entry_count++] = (struct entry){ key, c };
}

static int
by_key(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;

	return str_cmp(one->key, other->key);
}

static void
make_entries(void)
{
	for (size_t i = 0; i < country_count; i++) {
		const struct country *c = &countries[i];
		struct str names = str_of(c->names), name;

		while (str_cut(&names, '|', &name))
			add_entry(name, c);
	}
	qsort(entries, entry_count, sizeof(*entries), by_key);
}

static const struct country *
find_number(int64_t number)
{
	for (size_t i = 0; number > 0 && i < country_count; i++)
		if (countries[i].numeric == number)
			return &countries[i];
	return NULL;
}

const struct country *
country_find(struct str text)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int64_t number = str_number(text, 999);
	const struct entry *found;
	struct entry wanted;
	struct key k;

	if (number != -1)
		return find_number(number);
	if (!fold(text, &k))
		return NULL;
	pthread_once(&once, make_entries);
	wanted.key = (struct str){ k.text, k.len };
	found = bsearch(&wanted, entries, entry_count, sizeof(*entries),
	    by_key);
	return found != NULL ? found->country : NULL;
}
