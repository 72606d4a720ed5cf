/* secrets/secrets_keys.c - the key store: its entries, opened and changed. */
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "secrets/secrets_keys_file.h"
#include "secrets/secrets_keys_seal.h"
#include "secrets/secrets_source.h"

struct key_store_options {
	const char *file;
	const config_setting_t *key;
	const config_setting_t *passphrase;
};

/* Alphabetical. */
const struct setting key_store_settings[] = {
	{ .name = "file",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct key_store_options, file),
	    .required = true,
	    .help = "The store; 'leadbridge key add' makes it." },
	{ .name = "key",
	    .kind = SETTING_TREE,
	    .at = offsetof(struct key_store_options, key),
	    .rows = key_store_key_settings,
	    .help = "Where the 32 bytes are that unlock it: file or "
	            "credential." },
	{ .name = "passphrase",
	    .kind = SETTING_TREE,
	    .at = offsetof(struct key_store_options, passphrase),
	    .rows = key_store_passphrase_settings,
	    .help = "Or where its passphrase is: file, credential or ask." },
	{ .name = NULL },
};

/* All that is secret, in one block of secrets_alloc(). */
struct vault {
	struct keys_seal seal;
	unsigned char unlock[KEYS_UNLOCK];
	char room[SECRET_ROOM]; /* what was read; a value, for its print */
};

struct key_store {
	char *path;
	int lock; /* -1: not to be changed */
	struct keys_text text;
	struct vault *vault;
};

/* A store being opened, and where its faults go. */
struct opening {
	struct key_store *store;
	const config_setting_t *group;
	const char *settings;
	struct key_store_options options;
	struct faults *all;
};

static bool
fail(const struct opening *o, const struct fault *why)
{
	if (why->line != 0)
		settings_fault(o->all, o->group, "key_store: %s:%u: %s",
		    why->where, why->line, why->text);
	else
		settings_fault(o->all, o->group, "key_store: %s%s%s",
		    why->where, why->where[0] != '\0' ? ": " : "", why->text);
	return false;
}

static bool
no_crypto(const struct opening *o)
{
	settings_fault(o->all, o->group,
	    "key_store: OpenSSL cannot; is there memory for it?");
	return false;
}

static bool
read_options(struct opening *o)
{
	if (!settings_read(o->group, "key_store", key_store_settings,
	        &o->options, o->all))
		return false;
	if ((o->options.key != NULL) != (o->options.passphrase != NULL))
		return true;
	settings_fault(o->all, o->group,
	    "key_store: one of key, passphrase is expected");
	return false;
}

/* To the key that unlocks it. What the text says of scrypt is there by now. */
static bool
take_unlock(const struct opening *o, size_t len)
{
	struct vault *v = o->store->vault;
	struct str words = { v->room, len };

	if (o->options.passphrase != NULL)
		return keys_stretch(&o->store->text, words, v->unlock);
	memcpy(v->unlock, v->room, sizeof(v->unlock));
	return true;
}

static bool
unlock(const struct opening *o)
{
	struct vault *v = o->store->vault;
	bool words = o->options.passphrase != NULL;
	size_t len = keys_unlock_read(words ? o->options.passphrase
	                                    : o->options.key,
	    o->settings, words, v->room, o->all);
	bool ok = len > 0 && take_unlock(o, len) &&
	    keys_seal_make(&v->seal, v->unlock);

	explicit_bzero(v->unlock, sizeof(v->unlock));
	explicit_bzero(v->room, sizeof(v->room));
	return ok || (len > 0 && no_crypto(o));
}

/* A new one, with nothing in it. */
static bool
begin(const struct opening *o)
{
	struct keys_text *t = &o->store->text;

	if (RAND_bytes(t->id, (int)KEYS_ID) != 1 ||
	    RAND_bytes(t->salt, (int)KEYS_SALT) != 1)
		return no_crypto(o);
	if (o->options.passphrase != NULL) {
		t->unlock = KEYS_BY_SCRYPT;
		t->log_n = 17;
		t->r = 8;
		t->p = 1;
	}
	if (!unlock(o))
		return false;
	memcpy(t->check, o->store->vault->seal.check, KEYS_CHECK);
	return true;
}

/* Clear text of an entry, NUL-ended. */
static struct bytes
clear_of(const struct keys_text *t, const struct keys_line *l)
{
	struct bytes clear;

	bytes_init(&clear, 4096);
	keys_line_print(t, l, &clear);
	if (!bytes_ok(&clear))
		bug("an entry of the key store does not fit");
	return clear;
}

static bool
open_line(const struct key_store *s, const struct keys_line *l, char *into)
{
	struct bytes clear = clear_of(&s->text, l);
	bool ok = keys_seal_open(&s->vault->seal, bytes_str(&clear), l->nonce,
	    (struct str){ (const char *)l->sealed, l->sealed_len }, into);

	bytes_done(&clear);
	return ok;
}

/* The file is not as it was written: names the entry, if it is one. */
static bool
blame(const struct opening *o)
{
	const struct key_store *s = o->store;
	struct fault why = { 0 };

	for (size_t i = 0; i < s->text.count; i++)
		if (!open_line(s, &s->text.lines[i], s->vault->room))
			fault_at(&why, FAULT_SETTINGS, s->path,
			    KEYS_FIRST_ENTRY + (unsigned)i, 0,
			    "the entry '%s' is not as it was sealed; it was "
			    "changed or exchanged: go back to a copy",
			    s->text.lines[i].name);
	explicit_bzero(s->vault->room, SECRET_ROOM);
	fault_set(&why, FAULT_SETTINGS, s->path,
	    "entries were taken out, added or moved since it was written: go "
	    "back to a copy");
	return fail(o, &why);
}

static bool
verify(const struct opening *o, struct str before_end)
{
	struct key_store *s = o->store;
	struct keys_text *t = &s->text;
	struct fault why = { 0 };

	if (CRYPTO_memcmp(t->check, s->vault->seal.check, KEYS_CHECK) != 0) {
		fault_set(&why, FAULT_SETTINGS, s->path,
		    "it is not unlocked by this %s: it is another store's, or "
		    "the first lines of the file were changed",
		    t->unlock == KEYS_BY_SCRYPT ? "passphrase" : "key");
		return fail(o, &why);
	}
	return keys_seal_open(&s->vault->seal, before_end, t->end_nonce,
	           (struct str){ (const char *)t->end_tag, KEYS_TAG },
	           s->vault->room) ||
	    blame(o);
}

static bool
open_text(const struct opening *o, struct str text)
{
	struct key_store *s = o->store;
	struct fault why = { 0 };
	bool words = o->options.passphrase != NULL;

	if (keys_text_read(&s->text, text, s->path, &why) == -1)
		return fail(o, &why);
	if ((s->text.unlock == KEYS_BY_SCRYPT) != words) {
		fault_set(&why, FAULT_SETTINGS, s->path,
		    words ? "it was made with a key, not a passphrase: write "
		            "key = ... in key_store"
		          : "it was made with a passphrase: write passphrase "
		            "= ... in key_store");
		return fail(o, &why);
	}
	return unlock(o) && verify(o, (struct str){ text.at, s->text.end });
}

static bool
open_file(const struct opening *o, enum key_store_use use)
{
	struct fault why = { 0 };
	struct bytes text;
	bool absent = false, ok = false;

	bytes_init(&text, KEYS_FILE_MAX);
	if (keys_file_read(o->store->path, o->group, &text, &absent, o->all) ==
	    0) {
		ok = open_text(o, bytes_str(&text));
	} else if (absent && use == KEY_STORE_CHANGE) {
		ok = begin(o);
	} else if (absent) {
		fault_set(&why, FAULT_SETTINGS, o->store->path,
		    "there is none yet; 'leadbridge key add NAME' makes it");
		fail(o, &why);
	}
	bytes_done(&text);
	return ok;
}

static bool
prepare(struct opening *o, enum key_store_use use)
{
	struct key_store *s = o->store;
	struct fault why = { 0 };

	if (!read_options(o))
		return false;
	s->path = settings_beside(o->settings, o->options.file);
	s->vault = secrets_alloc(sizeof(*s->vault));
	if (s->vault == NULL)
		return no_crypto(o);
	if (use == KEY_STORE_READ)
		return true;
	s->lock = keys_file_lock(s->path, &why);
	return s->lock != -1 || fail(o, &why);
}

struct key_store *
key_store_open(const config_setting_t *group, const char *settings,
    enum key_store_use use, struct faults *all)
{
	struct key_store *s = base_alloc(sizeof(*s));
	struct opening o = { .store = s,
		.group = group,
		.settings = settings,
		.all = all };

	s->lock = -1;
	if (prepare(&o, use) && open_file(&o, use))
		return s;
	key_store_close(s);
	return NULL;
}

void
key_store_close(struct key_store *s)
{
	if (s == NULL)
		return;
	if (s->lock != -1)
		close(s->lock);
	keys_text_done(&s->text);
	secrets_wipe(s->vault);
	base_free(s->path);
	base_free(s);
}

const char *
key_store_path(const struct key_store *s)
{
	return s->path;
}

size_t
key_store_count(const struct key_store *s)
{
	return s->text.count;
}

struct key_entry
key_store_entry(const struct key_store *s, size_t i)
{
	const struct keys_line *l = &s->text.lines[i];

	return (struct key_entry){ l->name, l->host, l->version, l->added_s };
}

size_t
key_store_find(const struct key_store *s, const char *name, size_t nth)
{
	for (size_t i = 0; i < s->text.count; i++)
		if (strcmp(s->text.lines[i].name, name) == 0 && nth-- == 0)
			return i;
	return SIZE_MAX;
}

size_t
key_store_values(const struct key_store *s, const char *name)
{
	size_t n = 0;

	while (key_store_find(s, name, n) != SIZE_MAX)
		n++;
	return n;
}

const char *
key_store_nearest(const struct key_store *s, const char *name)
{
	struct nearest near;

	nearest_start(&near, str_of(name));
	for (size_t i = 0; i < s->text.count; i++)
		nearest_try(&near, s->text.lines[i].name);
	return nearest_found(&near);
}

size_t
key_store_drop(struct key_store *s, const char *name, size_t nth)
{
	struct keys_text *t = &s->text;
	size_t dropped = 0, i;

	while ((i = key_store_find(s, name, nth)) != SIZE_MAX) {
		base_free(t->lines[i].sealed);
		t->count--;
		memmove(&t->lines[i], &t->lines[i + 1],
		    (t->count - i) * sizeof(t->lines[0]));
		dropped++;
	}
	return dropped;
}

size_t
key_store_value(const struct key_store *s, size_t i, char *into,
    struct fault *why)
{
	const struct keys_line *l = &s->text.lines[i];

	if (open_line(s, l, into))
		return l->sealed_len - KEYS_TAG;
	fault_set(why, FAULT_SETTINGS, s->path,
	    "the entry '%s' cannot be opened", l->name);
	return 0;
}

int
key_store_fingerprint(const struct key_store *s, size_t i, char out[17],
    struct fault *why)
{
	char *room = s->vault->room;
	size_t len = key_store_value(s, i, room, why);
	bool ok = len > 0 &&
	    keys_fingerprint(&s->vault->seal, (struct str){ room, len }, out);

	explicit_bzero(room, SECRET_ROOM);
	return ok ? 0
	          : fault_set(why, FAULT_INTERNAL, s->path,
	                "OpenSSL makes no fingerprint");
}

/* Makes room for a line before all others of the store. */
static struct keys_line *
insert_first(struct keys_text *t)
{
	t->lines = base_grow(t->lines, t->count + 1, sizeof(t->lines[0]));
	memmove(t->lines + 1, t->lines, t->count * sizeof(t->lines[0]));
	t->count++;
	memset(t->lines, 0, sizeof(t->lines[0]));
	return t->lines;
}

/* -1 with why where it does not fit in; else its line, not sealed yet. */
static int
make_line(const struct key_store *s, const char *name, const char *host,
    struct keys_line *l, struct fault *why)
{
	size_t nth = 0, i;

	for (; (i = key_store_find(s, name, nth)) != SIZE_MAX; nth++) {
		if (strcmp(s->text.lines[i].host, host) != 0)
			return fault_set(why, FAULT_SETTINGS, s->path,
			    "'%s' is bound to another host", name);
		if (s->text.lines[i].version > l->version)
			l->version = s->text.lines[i].version;
	}
	if (s->text.count == KEYS_ENTRIES_MAX || nth == SECRET_VALUES_MAX)
		return fault_set(why, FAULT_SETTINGS, s->path,
		    "it is full: %zu values, %zu of a name", KEYS_ENTRIES_MAX,
		    SECRET_VALUES_MAX);
	snprintf(l->name, sizeof(l->name), "%s", name);
	snprintf(l->host, sizeof(l->host), "%s", host);
	l->version++;
	return 0;
}

int
key_store_put(struct key_store *s, const char *name, const char *host,
    struct str value, int64_t now_s, struct fault *why)
{
	struct keys_line l = { .added_s = now_s };
	struct bytes clear;
	bool ok;

	if (make_line(s, name, host, &l, why) == -1)
		return -1;
	clear = clear_of(&s->text, &l);
	l.sealed_len = value.len + KEYS_TAG;
	l.sealed = base_alloc(l.sealed_len);
	ok = keys_seal_close(&s->vault->seal, bytes_str(&clear), value, l.nonce,
	    l.sealed);
	bytes_done(&clear);
	if (!ok) {
		base_free(l.sealed);
		return fault_set(why, FAULT_BUSY, s->path,
		    "OpenSSL cannot seal the value");
	}
	*insert_first(&s->text) = l;
	return 0;
}

int
key_store_save(struct key_store *s, struct fault *why)
{
	struct bytes text;
	int rc = -1;

	if (s->lock == -1)
		bug("a key store that was opened to be read is written");
	bytes_init(&text, KEYS_FILE_MAX);
	keys_text_print(&s->text, &text);
	if (!bytes_ok(&text) ||
	    !keys_seal_close(&s->vault->seal, bytes_str(&text), STR(""),
	        s->text.end_nonce, s->text.end_tag)) {
		fault_set(why, FAULT_BUSY, s->path, "it cannot be sealed");
	} else {
		keys_text_print_end(&s->text, &text);
		rc = keys_file_write(s->path, bytes_str(&text), why);
	}
	bytes_done(&text);
	return rc;
}
