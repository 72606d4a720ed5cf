/* Names, countries and phone numbers beyond the rows' own examples. */
#include <pthread.h>
#include <stdio.h>

#include "unit/mapping/transform_step.h"
#include "mapping/mapping_country.h"
#include "mapping/mapping_phone.h"

static void
names_split_as_people_mean_them(void **state)
{
	static const struct {
		const char *full, *given, *family;
	} names[] = {
		{ "\"Ann\"", "\"Ann\"", "" },
		{ "\"\"", "", "" },
		{ "\" Ann  Lee \"", "\"Ann\"", "\"Lee\"" },
		{ "\"Mr. and\"", "\"and\"", "" },
		{ "\"Mr\"", "\"Mr\"", "" },
		{ "\"Dr. Prof. Ann Lee MD PhD\"", "\"Ann\"", "\"Lee\"" },
		{ "\"Sammy Davis Jr.\"", "\"Sammy\"", "\"Davis\"" },
		{ "\"Sammy Davis, Jr., M.D.\"", "\"Sammy\"", "\"Davis\"" },
		{ "\"DAVIS JR, SAMMY\"", "\"SAMMY\"", "\"DAVIS\"" },
		{ "\"Davis, Sammy Jr.\"", "\"Sammy\"", "\"Davis\"" },
		{ "\"Davis,\"", "\"Davis\"", "" },
		{ "\", Ann\"", "\"Ann\"", "" },
		{ "\"Vincent van Gogh\"", "\"Vincent\"", "\"van Gogh\"" },
		{ "\"Maria de los Angeles\"", "\"Maria\"",
		    "\"de los Angeles\"" },
		{ "\"Ursula von der Leyen\"", "\"Ursula\"",
		    "\"von der Leyen\"" },
		{ "\"Osama bin Zayd\"", "\"Osama\"", "\"bin Zayd\"" },
		{ "\"de la Cruz, Juan Carlos\"", "\"Juan Carlos\"",
		    "\"de la Cruz\"" },
		{ "\"De Niro\"", "\"De\"", "\"Niro\"" },
		{ "\"O'Neil-Smith, Zoë\"", "\"Zoë\"", "\"O'Neil-Smith\"" },
		{ "\"Jr. Sr.\"", "\"Jr.\"", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		step_expect(names[i].full, "given_name", names[i].given);
		step_expect(names[i].full, "family_name", names[i].family);
	}
}

static void
a_name_has_at_most_32_words(void **state)
{
	char fits[70] = "\"", over[70];

	(void)state;
	for (int i = 0; i < 32; i++)
		memcpy(fits + 1 + i * 2, "a ", 2);
	memcpy(fits + 64, "\"", 2);
	step_expect(fits, "family_name", "\"a\"");
	snprintf(over, sizeof(over), "%.64s b\"", fits);
	step_expect(over, "family_name", "!more than 32 words");
}

static void
countries_are_sorted_and_no_name_is_two_of_them(void **state)
{
	(void)state;
	assert_in_range(country_count, 249, 300);
	for (size_t i = 0; i < country_count; i++) {
		struct str names = str_of(countries[i].names), name;

		assert_true(i == 0 ||
		    strcmp(countries[i - 1].alpha_2, countries[i].alpha_2) < 0);
		assert_ptr_equal(country_find(str_of(countries[i].alpha_2)),
		    &countries[i]);
		while (str_cut(&names, '|', &name))
			assert_ptr_equal(country_find(name), &countries[i]);
	}
}

static void
what_is_part_of_a_name_or_two_names_is_none(void **state)
{
	(void)state;
	assert_null(country_find(STR("britain|england")));
	assert_null(country_find(STR("||")));
	assert_null(country_find(STR("the ")));
	assert_null(country_find(STR("land")));
	assert_null(country_find(STR("000")));
	assert_null(country_find(STR("999")));
	assert_null(country_find(STR("&")));
	assert_null(country_find(STR_NONE));
}

static struct str
read_file(const char *path, char *room, size_t size)
{
	FILE *file = fopen(path, "r");
	size_t n;

	if (file == NULL)
		return STR_NONE;
	n = fread(room, 1, size, file);
	fclose(file);
	return (struct str){ room, n };
}

/* Every name and code of Debian's iso-codes gives that country. */
static void
countries_agree_with_iso_codes(void **state)
{
	static const char *const members[] = { "name", "common_name",
		"official_name", "alpha_2", "alpha_3", "numeric" };
	static char room[1 << 17];
	struct str text = read_file("/usr/share/iso-codes/json/iso_3166-1.json",
	    room, sizeof(room));
	struct arena *a = arena_new(1 << 22);
	struct fault why = { 0 };
	struct document *d;
	size_t checked = 0;

	(void)state;
	if (text.at == NULL) {
		print_message("skipped: iso-codes is not installed\n");
		arena_free(a);
		skip();
	}
	d = decode_json(a, text, &decode_limits_default, &why);
	assert_non_null(d);
	DOC_FOREACH (d, doc_member(d, doc_root(d), STR("3166-1")), row) {
		struct str code = doc_text(d,
		    doc_member(d, row, STR("alpha_2")));

		for (size_t i = 0; i < COUNT_OF(members); i++) {
			doc_node n = doc_member(d, row, str_of(members[i]));
			const struct country *found;

			if (n == DOC_NONE)
				continue;
			found = country_find(doc_text(d, n));
			if (found == NULL)
				fail_msg("%.*s is not found",
				    STR_ARG(doc_text(d, n)));
			assert_str(code, found->alpha_2);
		}
		checked++;
	}
	assert_true(checked >= 249);
	arena_free(a);
}

/* A fixed sequence: the same on every run. */
static uint32_t
next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16;
}

/* Other case, marks in between, now and then another letter. */
static struct str
disguise(struct str name, uint32_t *seed, char room[128])
{
	static const char marks[] = " \t.,'-()&&|";
	size_t len = 0;

	if (next_random(seed) % 4 == 0)
		len = (size_t)snprintf(room, 128, "The ");
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];

		if (next_random(seed) % 8 == 0 && len < 100)
			room[len++] = marks[next_random(seed) %
			    (sizeof(marks) - 1)];
		if (next_random(seed) % 50 == 0)
			c = 'q';
		if (c >= 'a' && next_random(seed) % 2 == 0)
			c = (char)(c - 'a' + 'A');
		room[len++] = c;
	}
	return (struct str){ room, len };
}

/* A soft hyphen does not count, but it takes the name the long way. */
static void
names_in_ascii_fold_as_all_others_do(void **state)
{
	uint32_t seed = 11;
	size_t found = 0, tried = 0;

	(void)state;
	for (size_t i = 0; i < country_count; i++) {
		struct str names = str_of(countries[i].names), name;

		while (str_cut(&names, '|', &name)) {
			char room[130];
			struct str s = disguise(name, &seed, room);
			const struct country *ascii = country_find(s);

			memcpy(room + s.len, "\xc2\xad", 2);
			s.len += 2;
			if (ascii != country_find(s))
				fail_msg("%.*s is two countries", STR_ARG(s));
			found += ascii != NULL;
			tried++;
		}
	}
	assert_in_range(found, tried / 2, tried - 1);
}

static void
phone_regions_are_those_with_numbers(void **state)
{
	(void)state;
	assert_true(phone_region_known("US"));
	assert_true(phone_region_known("DE"));
	assert_false(phone_region_known("ZZ"));
	assert_false(phone_region_known("us"));
	assert_false(phone_region_known(""));
}

static void
phone_takes_no_more_than_the_library(void **state)
{
	char text[256], out[PHONE_E164] = "untouched";

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "4155552671", 10);
	assert_int_equal(phone_e164(text, 250, "US", false, out), PHONE_OK);
	assert_string_equal(out, "+14155552671");
	memcpy(out, "untouched", 10);
	assert_int_equal(phone_e164(text, 251, "US", false, out), PHONE_NONE);
	assert_string_equal(out, "untouched");
	assert_int_equal(phone_e164("", 0, "US", false, out), PHONE_NONE);
	assert_int_equal(phone_e164("\xff\xfe", 2, "US", false, out),
	    PHONE_NONE);
	assert_int_equal(phone_e164("4155\0"
	                            "552671",
	                     11, "US", true, out),
	    PHONE_NONE);
}

static void *
call_often(void *wrong)
{
	for (int i = 0; i < 200; i++) {
		char out[PHONE_E164];

		if (phone_e164("020 7946 0018", 13, "GB", true, out) !=
		        PHONE_OK ||
		    strcmp(out, "+442079460018") != 0)
			*(int *)wrong = 1;
	}
	return NULL;
}

static void
phone_may_be_asked_on_any_thread(void **state)
{
	pthread_t threads[4];
	int wrong[4] = { 0 };

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, call_often,
		                     &wrong[i]),
		    0);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(wrong[i], 0);
	}
}

/* The region comes from the event: it is looked at then, and not repeated. */
static void
a_region_may_come_with_the_event(void **state)
{
	struct value region = value_string(STR("GB"));
	struct step_room room;
	struct fault why = { 0 };
	struct value v = value_string(STR("020 7946 0018"));
	struct value computed = { .kind = VALUE_ABSENT };
	struct transform_setup setup = { .args = &computed, .arg_count = 1 };
	struct transform_call call = { .args = &region,
		.arg_count = 1,
		.where = STEP_WHERE };
	const struct transform *phone = transform_find(STR("phone"));
	void *prepared = NULL;

	(void)state;
	step_room_start(&room, 1 << 16);
	call.in = &room.input;
	assert_int_equal(phone->prepare(&setup, &prepared, &why), 0);
	call.prepared = prepared;
	assert_int_equal(phone->run(&call, &v, &why), 0);
	assert_str(v.text, "+442079460018");
	v = value_string(STR("12"));
	assert_int_equal(phone->run(&call, &v, &why), -1);
	assert_string_equal(why.text,
	    "phone: is not a phone number in the region given");
	why = (struct fault){ 0 };
	region = value_string(STR("Atlantis"));
	assert_int_equal(phone->run(&call, &v, &why), -1);
	assert_null(strstr(why.text, "Atlantis"));
	/* an event without one is a mapping without one */
	region = (struct value){ .kind = VALUE_ABSENT };
	v = value_string(STR("+442079460018"));
	assert_int_equal(phone->run(&call, &v, &why), 0);
	phone->release(prepared);
	step_room_end(&room);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_split_as_people_mean_them),
		cmocka_unit_test(a_name_has_at_most_32_words),
		cmocka_unit_test(
		    countries_are_sorted_and_no_name_is_two_of_them),
		cmocka_unit_test(what_is_part_of_a_name_or_two_names_is_none),
		cmocka_unit_test(countries_agree_with_iso_codes),
		cmocka_unit_test(names_in_ascii_fold_as_all_others_do),
		cmocka_unit_test(phone_regions_are_those_with_numbers),
		cmocka_unit_test(phone_takes_no_more_than_the_library),
		cmocka_unit_test(phone_may_be_asked_on_any_thread),
		cmocka_unit_test(a_region_may_come_with_the_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
