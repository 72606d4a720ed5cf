/* tests/unit/secrets/with_store.h - a key store in a folder of its own. */
#ifndef TESTS_WITH_STORE_H
#define TESTS_WITH_STORE_H

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/cmocka_all.h"

#include "secrets/secrets.h"

#define KEY "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER_KEY                                                              \
	"ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define VALUE "hunter2-and-more"
#define BY_FILE                                                                \
	"key_store = { file = \"keys\"; key = { file = \"unlock\"; }; };"

struct place {
	char folder[64];
	char settings[96];
	struct settings_file *file;
	struct key_store *store;
	struct secrets *secrets;
	struct faults all;
	struct fault why;
};

static inline const char *
in_folder(const struct place *p, const char *name)
{
	static char path[160];

	snprintf(path, sizeof(path), "%s/%s", p->folder, name);
	return path;
}

static inline void
write_file(const struct place *p, const char *name, const void *data,
    size_t len)
{
	FILE *f = fopen(in_folder(p, name), "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	fclose(f);
	assert_int_equal(chmod(in_folder(p, name), 0600), 0);
}

/* Yours to base_free. */
static inline char *
read_file(const struct place *p, const char *name)
{
	FILE *f = fopen(in_folder(p, name), "rb");
	char *text = base_alloc(1 << 20);

	assert_non_null(f);
	text[fread(text, 1, (1 << 20) - 1, f)] = '\0';
	fclose(f);
	return text;
}

static inline int
setup(void **state)
{
	struct place *p = base_alloc(sizeof(*p));

	snprintf(p->folder, sizeof(p->folder), "/tmp/keys-test-XXXXXX");
	if (mkdtemp(p->folder) == NULL)
		return -1;
	snprintf(p->settings, sizeof(p->settings), "%s/leadbridge.cfg",
	    p->folder);
	write_file(p, "unlock", KEY "\n", sizeof(KEY));
	*state = p;
	return 0;
}

/* All that was opened, so that the next one starts anew. */
static inline void
forget(struct place *p)
{
	key_store_close(p->store);
	secrets_free(p->secrets);
	settings_close(p->file);
	faults_done(&p->all);
	p->store = NULL;
	p->secrets = NULL;
	p->file = NULL;
	p->all = (struct faults){ 0 };
	p->why = (struct fault){ 0 };
}

static inline int
teardown(void **state)
{
	struct place *p = *state;
	char *command = base_print("rm -rf '%s'", p->folder);

	forget(p);
	(void)!system(command);
	base_free(command);
	base_free(p);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static inline struct key_store *
open_as(struct place *p, const char *settings, enum key_store_use use)
{
	forget(p);
	p->file = settings_parse(str_of(settings), p->settings, &p->all);
	assert_non_null(p->file);
	p->store = key_store_open(config_setting_get_member(settings_root(
	                                                        p->file),
	                              "key_store"),
	    p->settings, use, &p->all);
	return p->store;
}

static inline void
put(struct place *p, const char *name, const char *host, const char *value)
{
	if (key_store_put(p->store, name, host, str_of(value), 1700000000,
	        &p->why) == -1)
		fail_msg("%s", p->why.text);
}

/* A store on disk with these, opened to be read. */
static inline void
make_store(struct place *p)
{
	assert_non_null(open_as(p, BY_FILE, KEY_STORE_CHANGE));
	put(p, "typeform", "", "form-secret");
	put(p, "leadsail", "api.example.com", VALUE "-old");
	put(p, "leadsail", "api.example.com", VALUE);
	assert_int_equal(key_store_save(p->store, &p->why), 0);
	assert_non_null(open_as(p, BY_FILE, KEY_STORE_READ));
}

static inline void
assert_value_is(struct place *p, const char *name, size_t nth, const char *want)
{
	char *room = secrets_alloc(SECRET_ROOM);
	size_t i = key_store_find(p->store, name, nth), len;

	assert_int_not_equal(i, SIZE_MAX);
	len = key_store_value(p->store, i, room, &p->why);
	assert_str(((struct str){ room, len }), want);
	secrets_wipe(room);
}

/* One fault, that says so; and no value, no key is in it. */
static inline void
assert_fault(struct place *p, const char *part)
{
	struct bytes text;

	bytes_init(&text, 10000);
	faults_print(&p->all, &text);
	if (p->all.count != 1 || strstr(bytes_str(&text).at, part) == NULL)
		fail_msg("wanted one fault with '%s', got:\n%.*s", part,
		    STR_ARG(bytes_str(&text)));
	assert_null(strstr(bytes_str(&text).at, VALUE));
	assert_null(strstr(bytes_str(&text).at, KEY));
	bytes_done(&text);
}

static inline void
assert_refused(struct place *p, const char *settings, const char *fault)
{
	assert_null(open_as(p, settings, KEY_STORE_READ));
	assert_fault(p, fault);
}

#endif
