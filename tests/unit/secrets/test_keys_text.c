/* tests/unit/secrets/test_keys_text.c - the key store's file, read strictly. */
#include "unit/cmocka_all.h"

#include "secrets/secrets_keys_text.h"

#define HEAD                                                                   \
	"leadbridge keys 1\n"                                                  \
	"store 00112233445566778899aabbccddeeff\n"
#define BY_KEY "unlock key\n"
#define CHECK "check ffeeddccbbaa99887766554433221100\n"
#define NONCE "0102030405060708090a0b0c"
#define SEALED "AAECAwQFBgcICQoLDA0ODxA="
#define ENTRY(clear) "entry " clear " " NONCE " " SEALED "\n"
#define END "end " NONCE " 00112233445566778899aabbccddeeff\n"
#define START HEAD BY_KEY CHECK
#define SALT "scrypt 17 8 1 00112233445566778899aabbccddeeff\n"

static void
it_is_printed_as_it_was_read(void **state)
{
	static const char *const texts[] = {
		START END,
		START ENTRY("a 1 - 0") END,
		START ENTRY("a 2 api.example.com 1700000000")
		    ENTRY("a 1 api.example.com 1") ENTRY("B.c_d-9 7 ::1 5") END,
		HEAD "unlock " SALT CHECK END,
		HEAD
		"unlock scrypt 20 8 4 00112233445566778899aabbccddeeff\n" CHECK
		    END,
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct fault why = { 0 };
		struct keys_text t;
		struct bytes out;

		if (keys_text_read(&t, str_of(texts[i]), "f", &why) == -1)
			fail_msg("%s\n%s", texts[i], why.text);
		bytes_init(&out, KEYS_FILE_MAX);
		keys_text_print(&t, &out);
		assert_int_equal(out.len, t.end);
		keys_text_print_end(&t, &out);
		assert_str(bytes_str(&out), texts[i]);
		bytes_done(&out);
		keys_text_done(&t);
	}
}

static void
what_an_entry_is_bound_to_is_its_clear_text(void **state)
{
	struct fault why = { 0 };
	struct keys_text t;
	struct bytes out;

	(void)state;
	assert_int_equal(keys_text_read(&t,
	                     STR(START ENTRY("a 3 h 5") ENTRY("b 1 - 6") END),
	                     "f", &why),
	    0);
	bytes_init(&out, 1000);
	keys_line_print(&t, &t.lines[0], &out);
	assert_str(bytes_str(&out), "00112233445566778899aabbccddeeff a 3 h 5");
	bytes_clear(&out);
	keys_line_print(&t, &t.lines[1], &out);
	assert_str(bytes_str(&out), "00112233445566778899aabbccddeeff b 1 - 6");
	bytes_done(&out);
	keys_text_done(&t);
}

/* A text that is none, the line of the fault, and what it says. */
static const struct {
	const char *text;
	unsigned line;
	const char *says;
} wrong[] = {
	{ "", 1, "it is no key store" },
	{ "leadbridge keys 1", 1, "it is no key store" },
	{ "leadbridge keys 2\n" BY_KEY CHECK END, 1, "a later leadbridge" },
	{ "\n" START END, 1, "it is no key store" },
	{ "leadbridge keys 1\nstore 0011\n" BY_KEY CHECK END, 2, "'store ID'" },
	{ "leadbridge keys 1\nstore 00112233445566778899AABBCCDDEEFF\n" BY_KEY
	        CHECK END,
	    2, "'store ID'" },
	{ HEAD CHECK END, 3, "'unlock key' or 'unlock scrypt'" },
	{ HEAD "unlock key now\n" CHECK END, 3, "'unlock key'" },
	{ HEAD "unlock scrypt 17 8 1\n" CHECK END, 3, "LOG2N R P SALT" },
	{ HEAD
	    "unlock scrypt 16 8 1 00112233445566778899aabbccddeeff\n" CHECK END,
	    3, "more or less work" },
	{ HEAD
	    "unlock scrypt 21 8 1 00112233445566778899aabbccddeeff\n" CHECK END,
	    3, "more or less work" },
	{ HEAD "unlock scrypt 17 16 1 00112233445566778899aabbccddeeff\n" CHECK
	        END,
	    3, "more or less work" },
	{ HEAD
	    "unlock scrypt 17 8 0 00112233445566778899aabbccddeeff\n" CHECK END,
	    3, "more or less work" },
	{ HEAD
	    "unlock scrypt 17 8 5 00112233445566778899aabbccddeeff\n" CHECK END,
	    3, "more or less work" },
	{ HEAD BY_KEY END, 4, "'check CHECK'" },
	{ START, 5, "its last line, 'end', is missing" },
	{ START "\n" END, 5, "its last line, 'end', is missing" },
	{ START "entri\n" END, 5, "'entry' or 'end'" },
	{ START "entry\n" END, 5, "this entry is none" },
	{ START ENTRY("a 1 -") END, 5, "this entry is none" },
	{ START ENTRY("a  1 - 0") END, 5, "this entry is none" },
	{ START ENTRY("a 0 - 0") END, 5, "this entry is none" },
	{ START ENTRY("a x - 0") END, 5, "this entry is none" },
	{ START ENTRY("a 1 -x 0") END, 5, "this entry is none" },
	{ START ENTRY("a 1 Host 0") END, 5, "this entry is none" },
	{ START ENTRY("a 1 - -1") END, 5, "this entry is none" },
	{ START ENTRY("a/b 1 - 0") END, 5, "this entry is none" },
	{ START ENTRY(".a 1 - 0") END, 5, "this entry is none" },
	{ START ENTRY("a 9999999999 - 0") END, 5, "this entry is none" },
	{ START ENTRY("a 1 - 0") ENTRY("a 1 - 0") END, 6, "twice" },
	{ START ENTRY("a 1 - 0") ENTRY("a 2 h 0") END, 6, "twice" },
	{ START "entry a 1 - 0 " NONCE "\n" END, 5, "no sealed value" },
	{ START "entry a 1 - 0 " NONCE " AAECAwQFBgcICQoLDA0ODw==\n" END, 5,
	    "no sealed value" },
	{ START "entry a 1 - 0 " NONCE " ?AECAwQFBgcICQoLDA0ODxA=\n" END, 5,
	    "no sealed value" },
	{ START "entry a 1 - 0 " NONCE " " SEALED " x\n" END, 5, "too long" },
	{ START "end " NONCE "\n", 5, "'end NONCE TAG'" },
	{ START "end " NONCE " 00\n", 5, "'end NONCE TAG'" },
	{ START END "\n", 5, "stands behind its last line" },
	{ START END END, 5, "stands behind its last line" },
};

static void
what_is_none_says_where_and_why(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct fault why = { 0 };
		struct keys_text t;

		if (keys_text_read(&t, str_of(wrong[i].text), "f", &why) == 0)
			fail_msg("it is none:\n%s", wrong[i].text);
		keys_text_done(&t);
		if (why.line != wrong[i].line ||
		    strstr(why.text, wrong[i].says) == NULL)
			fail_msg("%s\nwanted line %u '%s', got %u '%s'",
			    wrong[i].text, wrong[i].line, wrong[i].says,
			    why.line, why.text);
	}
}

static void
a_nul_within_is_no_end(void **state)
{
	static const char text[] = START ENTRY("a\0b 1 - 0") END;
	struct fault why = { 0 };
	struct keys_text t;

	(void)state;
	assert_int_equal(keys_text_read(&t,
	                     ((struct str){ text, sizeof(text) - 1 }), "f",
	                     &why),
	    -1);
	keys_text_done(&t);
}

static void
names_and_hosts_have_their_letters(void **state)
{
	char name[66];

	(void)state;
	memset(name, 'a', 65);
	name[65] = '\0';
	assert_non_null(key_name_problem(name));
	assert_null(key_name_problem(name + 1));
	assert_non_null(key_name_problem(""));
	assert_non_null(key_name_problem("-a"));
	assert_non_null(key_name_problem("a b"));
	assert_null(key_name_problem("1"));
	assert_null(key_host_problem("api.example.com"));
	assert_null(key_host_problem("::1"));
	assert_non_null(key_host_problem("API.example.com"));
	assert_non_null(key_host_problem("api.example.com/"));
	assert_non_null(key_host_problem("-"));
	assert_non_null(key_host_problem(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_printed_as_it_was_read),
		cmocka_unit_test(what_an_entry_is_bound_to_is_its_clear_text),
		cmocka_unit_test(what_is_none_says_where_and_why),
		cmocka_unit_test(a_nul_within_is_no_end),
		cmocka_unit_test(names_and_hosts_have_their_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
