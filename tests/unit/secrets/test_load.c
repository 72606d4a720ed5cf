/* tests/unit/secrets/test_load.c - where secrets come from, and who may not. */
#include <endian.h>
#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "unit/cmocka_all.h"

#include "secrets/secrets.h"

#define VALUE "hunter2-and-more"

/* A folder of its own for each test, and a settings file beside it. */
struct place {
	char folder[64];
	char settings[96];
	struct settings_file *file;
	struct secrets *secrets;
	struct faults all;
};

static int
setup(void **state)
{
	struct place *p = base_alloc(sizeof(*p));

	snprintf(p->folder, sizeof(p->folder), "/tmp/secrets-test-XXXXXX");
	if (mkdtemp(p->folder) == NULL)
		return -1;
	snprintf(p->settings, sizeof(p->settings), "%s/leadbridge.cfg",
	    p->folder);
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;
	char *command = base_print("rm -rf '%s'", p->folder);

	secrets_free(p->secrets);
	settings_close(p->file);
	faults_done(&p->all);
	(void)!system(command);
	base_free(command);
	base_free(p);
	return 0;
}

static const char *
in_folder(const struct place *p, const char *name)
{
	static char path[160];

	snprintf(path, sizeof(path), "%s/%s", p->folder, name);
	return path;
}

static void
write_bytes(const struct place *p, const char *name, const void *data,
    size_t len, mode_t mode)
{
	FILE *f = fopen(in_folder(p, name), "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	fclose(f);
	assert_int_equal(chmod(in_folder(p, name), mode), 0);
}

static void
write_file(const struct place *p, const char *name, const char *text,
    mode_t mode)
{
	write_bytes(p, name, text, strlen(text), mode);
}

/* Loads secrets = { <text> }. */
static struct secrets *
load(struct place *p, const char *text)
{
	char *all = base_print("secrets = { %s };\n", text);

	p->file = settings_parse(str_of(all), p->settings, &p->all);
	base_free(all);
	assert_non_null(p->file);
	p->secrets = secrets_load(config_setting_get_member(settings_root(
	                                                        p->file),
	                              "secrets"),
	    p->settings, &p->all);
	return p->secrets;
}

static void
assert_one_fault(struct place *p, const char *part)
{
	struct bytes text;

	bytes_init(&text, 10000);
	faults_print(&p->all, &text);
	if (p->all.count != 1 || strstr(bytes_str(&text).at, part) == NULL)
		fail_msg("wanted one fault with '%s', got:\n%s", part,
		    bytes_str(&text).at);
	/* The place is the settings file, and the value is nowhere. */
	assert_string_equal(p->all.list[0].where, p->settings);
	assert_int_equal(p->all.list[0].line, 1);
	assert_null(strstr(bytes_str(&text).at, VALUE));
	bytes_done(&text);
}

static void
assert_refused(struct place *p, const char *text, const char *part)
{
	assert_null(load(p, text));
	assert_one_fault(p, part);
}

static void
assert_value(const struct place *p, const char *name, size_t i,
    const char *want)
{
	const struct secret *s = secrets_find(p->secrets, name);

	assert_non_null(s);
	assert_string_equal(secret_name(s), name);
	assert_str(secret_value(s, i), want);
}

static void
no_group_is_no_secrets(void **state)
{
	struct place *p = *state;

	p->secrets = secrets_load(NULL, p->settings, &p->all);
	assert_non_null(p->secrets);
	assert_null(secrets_find(p->secrets, "any"));
	assert_null(secrets_nearest(p->secrets, "any"));
	assert_int_equal(p->all.count, 0);
}

static void
an_empty_group_is_no_secrets(void **state)
{
	struct place *p = *state;

	assert_non_null(load(p, ""));
	assert_null(secrets_find(p->secrets, "any"));
}

static void
a_file_beside_the_settings_is_read(void **state)
{
	struct place *p = *state;

	write_file(p, "key", VALUE "\n", 0600);
	assert_non_null(load(p, "a = { file = \"key\"; };"));
	assert_int_equal(secret_count(secrets_find(p->secrets, "a")), 1);
	assert_value(p, "a", 0, VALUE);
}

/* The kernel refuses to write where we may not: no signal to catch. */
static void
a_loaded_value_cannot_be_written(void **state)
{
	struct place *p = *state;
	struct str value;
	int ends[2];

	write_file(p, "key", VALUE, 0600);
	assert_non_null(load(p, "a = { file = \"key\"; };"));
	value = secret_value(secrets_find(p->secrets, "a"), 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(read(ends[0], (void *)(uintptr_t)value.at, 1), -1);
	assert_int_equal(errno, EFAULT);
	close(ends[0]);
	close(ends[1]);
	assert_str(value, VALUE);
}

static void
one_newline_is_stripped_and_no_more(void **state)
{
	struct place *p = *state;

	write_file(p, "bare", "v1", 0600);
	write_file(p, "crlf", "v2\r\n", 0400);
	write_file(p, "spaces", " v3 \n", 0600);
	assert_non_null(load(p,
	    "a = { file = \"bare\"; }; b = { file = \"crlf\"; };"
	    "c = { file = \"spaces\"; };"));
	assert_value(p, "a", 0, "v1");
	assert_value(p, "b", 0, "v2");
	assert_value(p, "c", 0, " v3 ");
}

static void
two_newlines_are_refused(void **state)
{
	struct place *p = *state;

	write_file(p, "key", VALUE "\n\n", 0600);
	assert_refused(p, "a = { file = \"key\"; };", "control character");
}

static void
a_list_holds_several_values_in_order(void **state)
{
	struct place *p = *state;

	write_file(p, "new", "new-value\n", 0600);
	write_file(p, "old", "old-value\n", 0600);
	assert_non_null(
	    load(p, "a = ( { file = \"new\"; }, { file = \"old\"; } );"));
	assert_int_equal(secret_count(secrets_find(p->secrets, "a")), 2);
	assert_value(p, "a", 0, "new-value");
	assert_value(p, "a", 1, "old-value");
}

static void
a_list_is_neither_empty_nor_endless(void **state)
{
	struct place *p = *state;

	assert_null(load(p, "a = ();"));
	assert_one_fault(p, "1 to 8 values");
	settings_close(p->file);
	faults_done(&p->all);
	p->all = (struct faults){ 0 };
	assert_null(load(p, "a = ( {}, {}, {}, {}, {}, {}, {}, {}, {} );"));
	assert_one_fault(p, "1 to 8 values");
}

static void
the_environment_is_read(void **state)
{
	struct place *p = *state;

	setenv("SECRETS_TEST", VALUE, 1);
	assert_non_null(load(p, "a = { env = \"SECRETS_TEST\"; };"));
	assert_value(p, "a", 0, VALUE);
	unsetenv("SECRETS_TEST");
}

static void
an_unset_variable_is_a_fault(void **state)
{
	unsetenv("SECRETS_TEST");
	assert_refused(*state, "a = { env = \"SECRETS_TEST\"; };",
	    "secrets.a: the environment variable SECRETS_TEST is not set");
}

static void
an_empty_variable_is_a_fault(void **state)
{
	setenv("SECRETS_EMPTY", "", 1);
	assert_refused(*state, "a = { env = \"SECRETS_EMPTY\"; };",
	    "SECRETS_EMPTY is empty");
	unsetenv("SECRETS_EMPTY");
}

/* What the variable's bytes are in /proc/PID/environ, they are there. */
static void
a_variable_is_wiped_and_read_again_all_the_same(void **state)
{
	struct place *p = *state;
	static char variable[] = "SECRETS_WIPED=" VALUE;

	assert_int_equal(putenv(variable), 0);
	assert_non_null(load(p,
	    "a = { env = \"SECRETS_WIPED\"; }; b = { env = "
	    "\"SECRETS_WIPED\"; };"));
	assert_value(p, "a", 0, VALUE);
	assert_value(p, "b", 0, VALUE);
	assert_string_equal(variable, "SECRETS_WIPED=");
	for (size_t i = 14; i < sizeof(variable); i++)
		assert_int_equal(variable[i], 0);
	secrets_free(p->secrets);
	settings_close(p->file);
	/* A reload. */
	assert_non_null(load(p, "a = { env = \"SECRETS_WIPED\"; };"));
	assert_value(p, "a", 0, VALUE);
	secrets_free(p->secrets);
	settings_close(p->file);
	/* Somebody gave it another value. */
	setenv("SECRETS_WIPED", "another", 1);
	assert_non_null(load(p, "a = { env = \"SECRETS_WIPED\"; };"));
	assert_value(p, "a", 0, "another");
	unsetenv("SECRETS_WIPED");
}

static void
a_credential_of_systemd_is_read(void **state)
{
	struct place *p = *state;

	write_file(p, "hub", VALUE, 0400);
	setenv("CREDENTIALS_DIRECTORY", p->folder, 1);
	assert_non_null(load(p, "a = { credential = \"hub\"; };"));
	assert_value(p, "a", 0, VALUE);
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void
a_credential_needs_systemd(void **state)
{
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_refused(*state, "a = { credential = \"hub\"; };",
	    "LoadCredential=hub:PATH");
}

static void
a_credential_is_not_a_path(void **state)
{
	struct place *p = *state;

	setenv("CREDENTIALS_DIRECTORY", p->folder, 1);
	assert_refused(p, "a = { credential = \"../hub\"; };", "not a path");
	settings_close(p->file);
	p->file = NULL;
	faults_done(&p->all);
	p->all = (struct faults){ 0 };
	assert_refused(p, "a = { credential = \"..\"; };", "not a path");
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void
an_absent_file_is_a_fault(void **state)
{
	assert_refused(*state, "a = { file = \"nowhere\"; };",
	    "nowhere cannot be opened: No such file or directory");
}

static void
an_absent_folder_is_a_fault(void **state)
{
	assert_refused(*state, "a = { file = \"no/where\"; };",
	    "/no cannot be opened: No such file or directory");
}

static void
a_file_others_may_read_is_refused(void **state)
{
	struct place *p = *state;
	static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0610, 0601,
		0644 };

	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		write_file(p, "key", VALUE, modes[i]);
		assert_refused(p, "a = { file = \"key\"; };", "chmod 600");
		settings_close(p->file);
		p->file = NULL;
		faults_done(&p->all);
		p->all = (struct faults){ 0 };
	}
}

static void
a_symbolic_link_is_refused(void **state)
{
	struct place *p = *state;
	char to[160];

	write_file(p, "key", VALUE, 0600);
	snprintf(to, sizeof(to), "%s/key", p->folder);
	assert_int_equal(symlink(to, in_folder(p, "link")), 0);
	assert_refused(p, "a = { file = \"link\"; };", "symbolic link");
}

static void
what_is_no_regular_file_is_refused(void **state)
{
	struct place *p = *state;

	assert_int_equal(mkfifo(in_folder(p, "pipe"), 0600), 0);
	assert_refused(p, "a = { file = \"pipe\"; };", "not a regular file");
}

static void
a_file_of_somebody_else_is_refused(void **state)
{
	struct place *p = *state;

	if (geteuid() != 0) {
		print_message("skipped: only root gives a file away\n");
		skip();
	}
	write_file(p, "key", VALUE, 0600);
	assert_int_equal(chown(in_folder(p, "key"), 12345, 0), 0);
	assert_refused(p, "a = { file = \"key\"; };", "belongs to user 12345");
}

static void
a_folder_others_may_change_is_refused(void **state)
{
	struct place *p = *state;

	write_file(p, "key", VALUE, 0600);
	assert_int_equal(chmod(p->folder, 0777), 0);
	assert_refused(p, "a = { file = \"key\"; };",
	    "anybody can replace files in");
}

static void
a_sticky_folder_is_fine(void **state)
{
	struct place *p = *state;

	write_file(p, "key", VALUE, 0600);
	assert_int_equal(chmod(p->folder, 01777), 0);
	assert_non_null(load(p, "a = { file = \"key\"; };"));
}

/* What systemd does for LoadCredential= and a service's user. */
static void
give_access(const struct place *p, uint16_t tag, uint32_t id)
{
	struct {
		struct posix_acl_xattr_header head;
		struct posix_acl_xattr_entry entries[5];
	} acl = {
		.head = { htole32(POSIX_ACL_XATTR_VERSION) },
		.entries = {
			{ htole16(ACL_USER_OBJ), htole16(ACL_READ),
			    htole32((uint32_t)ACL_UNDEFINED_ID) },
			{ htole16(ACL_USER), htole16(ACL_READ),
			    htole32(geteuid()) },
			{ htole16(ACL_GROUP_OBJ), 0,
			    htole32((uint32_t)ACL_UNDEFINED_ID) },
			{ htole16(ACL_MASK), htole16(ACL_READ),
			    htole32((uint32_t)ACL_UNDEFINED_ID) },
			{ htole16(ACL_OTHER), 0,
			    htole32((uint32_t)ACL_UNDEFINED_ID) },
		},
	};

	if (tag == ACL_USER)
		acl.entries[1].e_id = htole32(id);
	if (tag == ACL_GROUP_OBJ)
		acl.entries[2].e_perm = htole16(ACL_READ);
	if (setxattr(in_folder(p, "key"), "system.posix_acl_access", &acl,
	        sizeof(acl), 0) == -1) {
		print_message("no access lists here: %s\n", strerror(errno));
		skip();
	}
}

static void
an_access_list_for_us_alone_is_fine(void **state)
{
	struct place *p = *state;
	struct stat st;

	write_file(p, "key", VALUE, 0400);
	give_access(p, ACL_USER, geteuid());
	assert_int_equal(stat(in_folder(p, "key"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0440);
	assert_non_null(load(p, "a = { file = \"key\"; };"));
}

static void
an_access_list_for_somebody_else_is_refused(void **state)
{
	struct place *p = *state;

	write_file(p, "key", VALUE, 0400);
	give_access(p, ACL_USER, 54321);
	assert_refused(p, "a = { file = \"key\"; };", "chmod 600");
}

static void
an_access_list_for_a_group_is_refused(void **state)
{
	struct place *p = *state;

	write_file(p, "key", VALUE, 0400);
	give_access(p, ACL_GROUP_OBJ, 0);
	assert_refused(p, "a = { file = \"key\"; };", "chmod 600");
}

static void
an_empty_file_is_refused(void **state)
{
	struct place *p = *state;

	write_file(p, "key", "\n", 0600);
	assert_refused(p, "a = { file = \"key\"; };", "is empty");
}

static void
control_characters_are_refused(void **state)
{
	struct place *p = *state;

	write_bytes(p, "key", "a\0b", 3, 0600);
	assert_refused(p, "a = { file = \"key\"; };", "control character");
}

static void
length_ends_at_4096(void **state)
{
	struct place *p = *state;
	char text[4100];

	memset(text, 'a', sizeof(text));
	text[4096] = '\n';
	write_bytes(p, "key", text, 4097, 0600);
	assert_non_null(load(p, "a = { file = \"key\"; };"));
	assert_int_equal(secret_value(secrets_find(p->secrets, "a"), 0).len,
	    4096);
}

static void
longer_than_4096_is_refused(void **state)
{
	struct place *p = *state;
	char text[4100];

	memset(text, 'a', sizeof(text));
	write_bytes(p, "key", text, 4097, 0600);
	assert_refused(p, "a = { file = \"key\"; };", "longer than 4096");
}

static void
a_value_in_the_file_is_refused(void **state)
{
	assert_refused(*state, "a = { value = \"" VALUE "\"; };",
	    "does not stand in a settings file");
}

static void
a_bare_value_in_the_file_is_refused(void **state)
{
	assert_refused(*state, "a = \"" VALUE "\";",
	    "does not stand in a settings file");
}

static void
unknown_names_are_faults(void **state)
{
	assert_refused(*state, "a = { fil = \"key\"; };",
	    "did you mean 'file'?");
}

static void
exactly_one_source_is_expected(void **state)
{
	assert_refused(*state, "a = { file = \"key\"; env = \"X\"; };",
	    "one of file, env, credential");
}

static void
all_faults_are_told_at_once(void **state)
{
	struct place *p = *state;

	assert_null(load(p, "a = {}; b = { env = \"SECRETS_TEST\"; }; c = 1;"));
	assert_int_equal(p->all.count, 3);
}

static void
the_nearest_name_is_found(void **state)
{
	struct place *p = *state;

	write_file(p, "key", VALUE, 0600);
	assert_non_null(load(p, "leadsail = { file = \"key\"; };"));
	assert_string_equal(secrets_nearest(p->secrets, "leadsale"),
	    "leadsail");
	assert_null(secrets_nearest(p->secrets, "typeform"));
}

static void
a_secret_can_be_made_in_memory(void **state)
{
	struct place *p = *state;
	struct fault why = { 0 };

	p->secrets = secrets_of("demo", STR(VALUE), &why);
	assert_non_null(p->secrets);
	assert_value(p, "demo", 0, VALUE);
	assert_null(secrets_of("demo", STR(""), &why));
	assert_string_equal(why.text, "the secret is empty");
	why = (struct fault){ 0 };
	assert_null(secrets_of("demo", STR("a\nb"), &why));
	assert_int_equal(why.code, FAULT_SETTINGS);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_group_is_no_secrets),
		TEST(an_empty_group_is_no_secrets),
		TEST(a_file_beside_the_settings_is_read),
		TEST(a_loaded_value_cannot_be_written),
		TEST(one_newline_is_stripped_and_no_more),
		TEST(two_newlines_are_refused),
		TEST(a_list_holds_several_values_in_order),
		TEST(a_list_is_neither_empty_nor_endless),
		TEST(the_environment_is_read),
		TEST(an_unset_variable_is_a_fault),
		TEST(an_empty_variable_is_a_fault),
		TEST(a_variable_is_wiped_and_read_again_all_the_same),
		TEST(a_credential_of_systemd_is_read),
		TEST(a_credential_needs_systemd),
		TEST(a_credential_is_not_a_path),
		TEST(an_absent_file_is_a_fault),
		TEST(an_absent_folder_is_a_fault),
		TEST(a_file_others_may_read_is_refused),
		TEST(a_symbolic_link_is_refused),
		TEST(what_is_no_regular_file_is_refused),
		TEST(a_file_of_somebody_else_is_refused),
		TEST(a_folder_others_may_change_is_refused),
		TEST(a_sticky_folder_is_fine),
		TEST(an_access_list_for_us_alone_is_fine),
		TEST(an_access_list_for_somebody_else_is_refused),
		TEST(an_access_list_for_a_group_is_refused),
		TEST(an_empty_file_is_refused),
		TEST(control_characters_are_refused),
		TEST(length_ends_at_4096),
		TEST(longer_than_4096_is_refused),
		TEST(a_value_in_the_file_is_refused),
		TEST(a_bare_value_in_the_file_is_refused),
		TEST(unknown_names_are_faults),
		TEST(exactly_one_source_is_expected),
		TEST(all_faults_are_told_at_once),
		TEST(the_nearest_name_is_found),
		TEST(a_secret_can_be_made_in_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
