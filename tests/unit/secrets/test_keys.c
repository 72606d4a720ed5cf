/* tests/unit/secrets/test_keys.c - the key store: kept, found, changed. */
#include <fcntl.h>
#include <sys/file.h>

#include "unit/secrets/with_store.h"

static void
what_was_stored_is_read_again(void **state)
{
	struct place *p = *state;
	struct key_entry e;

	make_store(p);
	assert_int_equal(key_store_count(p->store), 3);
	assert_value_is(p, "leadsail", 0, VALUE);
	assert_value_is(p, "leadsail", 1, VALUE "-old");
	assert_value_is(p, "typeform", 0, "form-secret");
	e = key_store_entry(p->store, key_store_find(p->store, "leadsail", 0));
	assert_string_equal(e.host, "api.example.com");
	assert_int_equal(e.version, 2);
	assert_int_equal(e.added_s, 1700000000);
	e = key_store_entry(p->store, key_store_find(p->store, "typeform", 0));
	assert_string_equal(e.host, "");
	assert_int_equal(key_store_find(p->store, "leadsail", 2), SIZE_MAX);
	assert_int_equal(key_store_find(p->store, "other", 0), SIZE_MAX);
	assert_string_equal(key_store_nearest(p->store, "typefrom"),
	    "typeform");
}

static void
the_file_is_ours_alone_and_holds_no_value(void **state)
{
	struct place *p = *state;
	struct stat st;
	char *text;

	make_store(p);
	text = read_file(p, "keys");
	assert_non_null(strstr(text, "entry leadsail 2 api.example.com "));
	assert_non_null(strstr(text, "entry typeform 1 - "));
	assert_null(strstr(text, "hunter2"));
	assert_null(strstr(text, "aHVudGVyM")); /* base64 of it */
	assert_int_equal(stat(in_folder(p, "keys"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(access(in_folder(p, "keys.new"), F_OK), -1);
	base_free(text);
}

/* The same value is sealed otherwise each time: no nonce is used twice. */
static void
no_nonce_comes_twice(void **state)
{
	struct place *p = *state;
	char seen[64][25], *text, *at;
	size_t count = 0;

	assert_non_null(open_as(p, BY_FILE, KEY_STORE_CHANGE));
	for (int i = 0; i < 8; i++)
		put(p, "a", "", "same");
	for (int i = 0; i < 4; i++) {
		assert_int_equal(key_store_save(p->store, &p->why), 0);
		text = read_file(p, "keys");
		at = strstr(text, "\nend ");
		snprintf(seen[count++], 25, "%s", at + 5);
		base_free(text);
	}
	text = read_file(p, "keys");
	for (at = text; (at = strstr(at, " 1700000000 ")) != NULL; at++)
		snprintf(seen[count++], 25, "%s", at + 12);
	base_free(text);
	assert_int_equal(count, 12);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(seen[i], seen[k]);
}

static void
a_name_holds_eight_values_of_one_host(void **state)
{
	struct place *p = *state;

	assert_non_null(open_as(p, BY_FILE, KEY_STORE_CHANGE));
	for (int i = 0; i < 8; i++)
		put(p, "a", "h", "v");
	assert_int_equal(key_store_put(p->store, "a", "h", STR("v"), 1,
	                     &p->why),
	    -1);
	assert_non_null(strstr(p->why.text, "it is full"));
	p->why = (struct fault){ 0 };
	assert_int_equal(key_store_drop(p->store, "a", 1), 7);
	assert_int_equal(key_store_put(p->store, "a", "other", STR("v"), 1,
	                     &p->why),
	    -1);
	assert_non_null(strstr(p->why.text, "bound to another host"));
	/* What was refused changed nothing. */
	assert_int_equal(key_store_values(p->store, "a"), 1);
}

static void
versions_go_up_and_the_newest_is_first(void **state)
{
	struct place *p = *state;

	assert_non_null(open_as(p, BY_FILE, KEY_STORE_CHANGE));
	put(p, "a", "", "1");
	put(p, "a", "", "2");
	assert_int_equal(key_store_drop(p->store, "a", 1), 1);
	put(p, "a", "", "3");
	assert_int_equal(key_store_save(p->store, &p->why), 0);
	assert_non_null(open_as(p, BY_FILE, KEY_STORE_READ));
	assert_int_equal(key_store_entry(p->store, 0).version, 3);
	assert_int_equal(key_store_entry(p->store, 1).version, 2);
	assert_value_is(p, "a", 0, "3");
}

static void
fingerprints_tell_same_from_other_and_are_of_this_store(void **state)
{
	struct place *p = *state;
	char one[17], same[17], other[17], elsewhere[17];

	assert_non_null(open_as(p, BY_FILE, KEY_STORE_CHANGE));
	put(p, "a", "", VALUE);
	put(p, "b", "", VALUE);
	put(p, "c", "", "another");
	assert_int_equal(key_store_fingerprint(p->store, 2, one, &p->why), 0);
	assert_int_equal(key_store_fingerprint(p->store, 1, same, &p->why), 0);
	assert_int_equal(key_store_fingerprint(p->store, 0, other, &p->why), 0);
	assert_string_equal(one, same);
	assert_string_not_equal(one, other);
	assert_int_equal(strspn(one, "0123456789abcdef"), 16);
	write_file(p, "unlock", OTHER_KEY, 64);
	assert_non_null(open_as(p, BY_FILE, KEY_STORE_CHANGE));
	put(p, "a", "", VALUE);
	assert_int_equal(key_store_fingerprint(p->store, 0, elsewhere, &p->why),
	    0);
	assert_string_not_equal(one, elsewhere);
}

static void
an_unlock_key_is_raw_hex_or_base64(void **state)
{
	struct place *p = *state;
	static const unsigned char raw[32] = { 0x00, 0x11, 0x22, 0x33, 0x44,
		0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee,
		0xff, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
		0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
	static const char
	    base64[] = "ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8=\n";

	make_store(p); /* in hex */
	write_file(p, "unlock", raw, sizeof(raw));
	assert_non_null(open_as(p, BY_FILE, KEY_STORE_READ));
	write_file(p, "unlock", base64, sizeof(base64) - 1);
	assert_non_null(open_as(p, BY_FILE, KEY_STORE_READ));
	write_file(p, "unlock", "0011", 4);
	assert_refused(p, BY_FILE,
	    "key_store.key: 32 random bytes are expected");
	assert_int_equal(unlink(in_folder(p, "unlock")), 0);
	assert_refused(p, BY_FILE, "unlock cannot be opened");
}

static void
a_raw_key_may_end_in_a_newline(void **state)
{
	struct place *p = *state;
	char raw[32];

	memset(raw, 'k', sizeof(raw));
	raw[31] = '\n';
	write_file(p, "unlock", raw, sizeof(raw));
	make_store(p);
	assert_value_is(p, "leadsail", 0, VALUE);
}

#define BY_WORDS                                                               \
	"key_store = { file = \"keys\"; passphrase = { file = \"words\"; }; "  \
	"};"

static void
a_passphrase_unlocks_through_scrypt(void **state)
{
	struct place *p = *state;
	char *text;

	write_file(p, "words", "correct horse\n", 14);
	assert_non_null(open_as(p, BY_WORDS, KEY_STORE_CHANGE));
	put(p, "a", "", VALUE);
	assert_int_equal(key_store_save(p->store, &p->why), 0);
	text = read_file(p, "keys");
	assert_non_null(strstr(text, "\nunlock scrypt 17 8 1 "));
	base_free(text);
	assert_non_null(open_as(p, BY_WORDS, KEY_STORE_READ));
	assert_value_is(p, "a", 0, VALUE);
	write_file(p, "words", "correct house\n", 14);
	assert_refused(p, BY_WORDS, "it is not unlocked by this passphrase");
	assert_refused(p, BY_FILE, "it was made with a passphrase");
	assert_refused(p,
	    "key_store = { file = \"keys\"; passphrase = { ask = true; file = "
	    "\"words\"; }; };",
	    "key_store.passphrase: one of ask, file, credential");
}

static void
a_key_is_no_passphrase(void **state)
{
	struct place *p = *state;

	make_store(p);
	write_file(p, "words", KEY, 64);
	assert_refused(p, BY_WORDS, "it was made with a key, not a passphrase");
}

/* settings, and what is said of them */
static const struct {
	const char *settings, *fault;
} wrong_settings[] = {
	{ "key_store = { file = \"keys\"; };", "one of key, passphrase" },
	{ "key_store = { key = { file = \"unlock\"; }; };", "key_store.file" },
	{ "key_store = { file = \"keys\"; key = {}; };",
	    "key_store.key: one of file, credential" },
	{ "key_store = { file = \"keys\"; key = { env = \"X\"; }; };",
	    "key_store.key" },
	{ "key_store = { file = \"keys\"; key = { file = \"unlock\"; }; "
	  "passphrase = { ask = true; }; };",
	    "one of key, passphrase" },
	{ "key_store = { fil = \"keys\"; file = \"keys\"; key = { file = "
	  "\"unlock\"; }; };",
	    "did you mean 'file'" },
	{ "key_store = { file = \"nothing\"; key = { file = \"unlock\"; }; };",
	    "there is none yet; 'leadbridge key add" },
};

static void
wrong_settings_are_faults(void **state)
{
	struct place *p = *state;

	make_store(p);
	for (size_t i = 0; i < COUNT_OF(wrong_settings); i++) {
		assert_refused(p, wrong_settings[i].settings,
		    wrong_settings[i].fault);
	}
}

static void
one_writer_at_a_time(void **state)
{
	struct place *p = *state;
	int fd;

	make_store(p);
	fd = open(in_folder(p, "keys.lock"), O_RDWR | O_CLOEXEC);
	assert_int_not_equal(fd, -1);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_null(open_as(p, BY_FILE, KEY_STORE_CHANGE));
	assert_fault(p, "another 'leadbridge key' is changing it");
	assert_non_null(open_as(p, BY_FILE, KEY_STORE_READ));
	close(fd);
	assert_non_null(open_as(p, BY_FILE, KEY_STORE_CHANGE));
}

/* A writer that was killed left it behind; a link in its place is no way in. */
static void
what_a_killed_writer_left_is_no_hindrance(void **state)
{
	struct place *p = *state;
	char *text, *to;

	make_store(p);
	write_file(p, "victim", "untouched", 9);
	to = base_copy(in_folder(p, "victim"));
	assert_int_equal(symlink(to, in_folder(p, "keys.new")), 0);
	assert_non_null(open_as(p, BY_FILE, KEY_STORE_CHANGE));
	put(p, "b", "", "v");
	assert_int_equal(key_store_save(p->store, &p->why), 0);
	assert_non_null(open_as(p, BY_FILE, KEY_STORE_READ));
	assert_value_is(p, "b", 0, "v");
	text = read_file(p, "victim");
	assert_string_equal(text, "untouched");
	base_free(text);
	base_free(to);
}

static void
a_store_others_may_read_or_a_link_is_refused(void **state)
{
	struct place *p = *state;
	char *to;

	make_store(p);
	assert_int_equal(chmod(in_folder(p, "keys"), 0644), 0);
	assert_refused(p, BY_FILE, "chmod 600");
	to = base_copy(in_folder(p, "moved"));
	assert_int_equal(rename(in_folder(p, "keys"), to), 0);
	assert_int_equal(chmod(to, 0600), 0);
	assert_int_equal(symlink(to, in_folder(p, "keys")), 0);
	assert_refused(p, BY_FILE, "symbolic link");
	base_free(to);
}

/* What root changes stays the bridge's, whose the folder is. */
static void
root_leaves_it_to_its_owner(void **state)
{
	struct place *p = *state;
	struct stat st;

	if (geteuid() != 0) {
		print_message("skipped: only root gives a file away\n");
		skip();
	}
	assert_int_equal(chown(p->folder, 12345, 12345), 0);
	make_store(p);
	assert_int_equal(stat(in_folder(p, "keys"), &st), 0);
	assert_int_equal(st.st_uid, 12345);
	assert_int_equal(chown(in_folder(p, "keys"), 23456, 1), 0);
	make_store(p);
	assert_int_equal(stat(in_folder(p, "keys"), &st), 0);
	assert_int_equal(st.st_uid, 23456);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void
a_failed_write_leaves_the_old_store(void **state)
{
	struct place *p = *state;
	char *was, *is;

	make_store(p);
	was = read_file(p, "keys");
	/* A folder cannot be replaced by a file. */
	assert_non_null(open_as(p, BY_FILE, KEY_STORE_CHANGE));
	assert_int_equal(mkdir(in_folder(p, "keys.new"), 0700), 0);
	put(p, "b", "", "v");
	assert_int_equal(key_store_save(p->store, &p->why), -1);
	assert_non_null(strstr(p->why.text, "cannot be written"));
	is = read_file(p, "keys");
	assert_string_equal(was, is);
	base_free(was);
	base_free(is);
}

static struct secrets *
load(struct place *p, const char *settings)
{
	forget(p);
	p->file = settings_parse(str_of(settings), p->settings, &p->all);
	assert_non_null(p->file);
	p->secrets = secrets_load(config_setting_get_member(settings_root(
	                                                        p->file),
	                              "secrets"),
	    p->settings, &p->all);
	return p->secrets;
}

static void
secrets_take_all_values_of_an_entry(void **state)
{
	struct place *p = *state;
	const struct secret *s;

	make_store(p);
	write_file(p, "third", "3", 1);
	assert_non_null(load(p,
	    BY_FILE " secrets = { a = { store = \"leadsail\"; }; "
	            "b = ( { store = \"leadsail\"; }, { file = \"third\"; } ); "
	            "c = { store = \"typeform\"; }; "
	            "d = { file = \"third\"; }; };"));
	s = secrets_find(p->secrets, "a");
	assert_int_equal(secret_count(s), 2);
	assert_str(secret_value(s, 0), VALUE);
	assert_str(secret_value(s, 1), VALUE "-old");
	assert_string_equal(secret_host(s, 0), "api.example.com");
	s = secrets_find(p->secrets, "b");
	assert_int_equal(secret_count(s), 3);
	assert_str(secret_value(s, 2), "3");
	assert_null(secret_host(s, 2));
	assert_string_equal(secret_host(secrets_find(p->secrets, "c"), 0), "");
	assert_null(secret_host(secrets_find(p->secrets, "d"), 0));
}

static const struct {
	const char *secrets, *fault;
} wrong_secrets[] = {
	{ "a = { store = \"leadsale\"; };",
	    "secrets.a: the key store has no entry 'leadsale'; did you mean "
	    "'leadsail'?" },
	{ "a = { store = \"leadsail\"; file = \"x\"; };",
	    "one of file, env, credential, store" },
	{ "a = ( { store = \"leadsail\"; }, { store = \"leadsail\"; }, "
	  "{ store = \"leadsail\"; }, { store = \"leadsail\"; }, "
	  "{ store = \"leadsail\"; } );",
	    "1 to 8 values" },
};

static void
wrong_secrets_are_faults(void **state)
{
	struct place *p = *state;

	make_store(p);
	for (size_t i = 0; i < COUNT_OF(wrong_secrets); i++) {
		char *text = base_print(BY_FILE " secrets = { %s };",
		    wrong_secrets[i].secrets);

		assert_null(load(p, text));
		assert_fault(p, wrong_secrets[i].fault);
		base_free(text);
	}
	assert_null(load(p, "secrets = { a = { store = \"leadsail\"; }; };"));
	assert_fault(p, "there is no key_store = { ... } in these settings");
}

/* One fault, the store's, however many secrets are in it. */
static void
a_store_that_does_not_open_is_one_fault(void **state)
{
	struct place *p = *state;

	make_store(p);
	write_file(p, "unlock", OTHER_KEY, 64);
	assert_null(load(p,
	    BY_FILE " secrets = { a = { store = \"leadsail\"; }; "
	            "b = { store = \"typeform\"; }; };"));
	assert_fault(p, "it is not unlocked by this key");
}

/* Where no secret is in it, it need not even be there. */
static void
a_store_nobody_needs_is_not_opened(void **state)
{
	struct place *p = *state;

	write_file(p, "key", VALUE, strlen(VALUE));
	assert_non_null(
	    load(p, BY_FILE " secrets = { a = { file = \"key\"; }; };"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_stored_is_read_again),
		TEST(the_file_is_ours_alone_and_holds_no_value),
		TEST(no_nonce_comes_twice),
		TEST(a_name_holds_eight_values_of_one_host),
		TEST(versions_go_up_and_the_newest_is_first),
		TEST(fingerprints_tell_same_from_other_and_are_of_this_store),
		TEST(an_unlock_key_is_raw_hex_or_base64),
		TEST(a_raw_key_may_end_in_a_newline),
		TEST(a_passphrase_unlocks_through_scrypt),
		TEST(a_key_is_no_passphrase),
		TEST(wrong_settings_are_faults),
		TEST(one_writer_at_a_time),
		TEST(what_a_killed_writer_left_is_no_hindrance),
		TEST(a_store_others_may_read_or_a_link_is_refused),
		TEST(root_leaves_it_to_its_owner),
		TEST(a_failed_write_leaves_the_old_store),
		TEST(secrets_take_all_values_of_an_entry),
		TEST(wrong_secrets_are_faults),
		TEST(a_store_that_does_not_open_is_one_fault),
		TEST(a_store_nobody_needs_is_not_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
