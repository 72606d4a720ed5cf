/*
 * The short way of phone numbers says what libphonenumber says, of whatever it
 * takes. Called with a number it tries as many random variants:
 *
 *	build/test_mapping_phone_short 1000000
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/cmocka_all.h"
#include "mapping/mapping_phone_plan.h"
#include "support/phone_samples.h"

#define SAMPLE_MAX 80

static size_t variants = 6000;

static struct sample {
	char region[PHONE_REGION];
	char text[SAMPLE_MAX];
} samples[32768];
static size_t sample_count;

static void
keep_sample(const char *region, const char *text, void *unused)
{
	struct sample *s = &samples[sample_count];

	(void)unused;
	assert_true(sample_count < COUNT_OF(samples));
	assert_true(strlen(text) < SAMPLE_MAX / 2);
	snprintf(s->region, sizeof(s->region), "%s", region);
	snprintf(s->text, sizeof(s->text), "%s", text);
	sample_count++;
}

static int
make_samples(void **state)
{
	(void)state;
	assert_null(phone_problem());
	phone_samples(keep_sample, NULL);
	return 0;
}

/* Both ways of it; true when the short one took it. */
static bool
compare(const struct sample *s, bool assigned)
{
	char ours[PHONE_E164] = "", theirs[PHONE_E164] = "";
	/* a block of its own, for the sanitizer to see its end */
	size_t len = strlen(s->text);
	char *text = malloc(len > 0 ? len : 1);
	enum phone_result a = PHONE_NONE, b;
	bool taken;

	assert_non_null(text);
	memcpy(text, s->text, len);
	taken = phone_short(text, len, s->region, assigned, ours, &a);
	b = phone_e164_by_library(text, len, s->region, assigned, theirs);
	free(text);
	if (taken && (a != b || strcmp(ours, theirs) != 0))
		fail_msg("\"%s\" in \"%s\"%s: %d %s, the library %d %s",
		    s->text, s->region, assigned ? ", assigned" : "", (int)a,
		    ours, (int)b, theirs);
	return taken;
}

static void
the_examples_of_all_regions_are_the_library_s(void **state)
{
	size_t taken = 0, plain = 0;

	(void)state;
	assert_in_range(sample_count, 5000, COUNT_OF(samples));
	for (size_t i = 0; i < sample_count; i++) {
		bool odd = strpbrk(samples[i].text, "t;~*x#") != NULL;

		plain += !odd;
		taken += !odd && compare(&samples[i], i % 2 == 0);
	}
	/* all but the short ones of two digits */
	assert_in_range(taken, plain - plain / 100, plain);
}

/* A fixed sequence: the same on every run. */
static uint32_t
below(uint32_t *seed, size_t bound)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % (uint32_t)bound;
}

static void
insert(struct sample *s, uint32_t *seed, const char *what)
{
	size_t len = strlen(s->text), more = strlen(what);
	size_t at = below(seed, len + 1);

	if (len + more >= sizeof(s->text))
		return;
	memmove(s->text + at + more, s->text + at, len - at + 1);
	memcpy(s->text + at, what, more);
}

static void
insert_digit(struct sample *s, uint32_t *seed)
{
	char digit[] = { (char)('0' + below(seed, 10)), '\0' };

	insert(s, seed, digit);
}

static void
insert_mark(struct sample *s, uint32_t *seed)
{
	static const char *const marks[] = { " ", "-", ".", "(", ")", "/" };

	insert(s, seed, marks[below(seed, COUNT_OF(marks))]);
}

static void
insert_oddity(struct sample *s, uint32_t *seed)
{
	static const char *const odd[] = { "+", "x", "#", ";", "*", "~", "[",
		"\t", ",", "\xc2\xa0", "\xef\xbc\x91", "\xff", " ext. 5",
		"\xe2\x80\x91" };

	insert(s, seed, odd[below(seed, COUNT_OF(odd))]);
}

static void
change_digit(struct sample *s, uint32_t *seed)
{
	char *at = s->text + below(seed, strlen(s->text) + 1);

	if (*at >= '0' && *at <= '9')
		*at = (char)('0' + below(seed, 10));
}

static void
take_away(struct sample *s, uint32_t *seed)
{
	size_t len = strlen(s->text), at = below(seed, len + 1);

	if (at < len)
		memmove(s->text + at, s->text + at + 1, len - at);
}

/* A country code and no "+", which may be a national number, too. */
static void
drop_plus(struct sample *s, uint32_t *seed)
{
	(void)seed;
	if (s->text[0] == '+')
		memmove(s->text, s->text + 1, strlen(s->text));
}

static void
begin_otherwise(struct sample *s, uint32_t *seed)
{
	static const char *const starts[] = { "+", "00", "0", "1", "011",
		"0011", "8", "810", "(0)", "+0", "+1 ", "(+", "++", "00 0",
		"119" };
	const char *start = starts[below(seed, COUNT_OF(starts))];
	size_t len = strlen(s->text), skip = below(seed, 4), more;

	more = strlen(start);
	skip = skip < len ? skip : len;
	if (len - skip + more >= sizeof(s->text))
		return;
	memmove(s->text + more, s->text + skip, len - skip + 1);
	memcpy(s->text, start, more);
}

static void
move_abroad(struct sample *s, uint32_t *seed)
{
	memcpy(s->region, samples[below(seed, sample_count)].region,
	    sizeof(s->region));
	if (below(seed, 20) == 0)
		s->region[0] = '\0';
}

static void
take_any_digits(struct sample *s, uint32_t *seed)
{
	size_t len = below(seed, 28);

	for (size_t i = 0; i < len; i++)
		s->text[i] = (char)('0' + below(seed, 10));
	s->text[len] = '\0';
}

static struct sample
variant(uint32_t *seed)
{
	static void (*const changes[])(struct sample *,
	    uint32_t *) = { insert_digit, insert_mark, insert_mark,
		change_digit, change_digit, change_digit, take_away, take_away,
		drop_plus, drop_plus, begin_otherwise, move_abroad,
		take_any_digits, insert_oddity };
	struct sample s = samples[below(seed, sample_count)];

	for (uint32_t n = below(seed, 4); n > 0; n--)
		changes[below(seed, COUNT_OF(changes))](&s, seed);
	return s;
}

static void
their_variants_are_the_library_s(void **state)
{
	uint32_t seed = 1;
	size_t taken = 0;

	(void)state;
	for (size_t i = 0; i < variants; i++) {
		struct sample s = variant(&seed);

		taken += compare(&s, below(&seed, 2) == 0);
	}
	assert_in_range(taken, variants / 2, variants);
}

/* What stands out among them, by name. */
static void
each_way_to_write_a_number_has_its_answer(void **state)
{
	static const struct {
		const char *region, *text;
		const char *number; /* NULL: it is none */
		bool assigned;
	} cases[] = {
		{ "CH", "(044) 668-18.00", "+41446681800", true },
		{ "CH", "0041 44 668 18 00", "+41446681800", true },
		{ "CH", "+41 (0)44 668 18 00", "+41446681800", true },
		{ "CH", "41446681800", "+41446681800", true },
		{ "CH", "00041446681800", NULL, false }, /* no code is 0 */
		{ "CH", "+0041446681800", "+41446681800", true },
		{ "CH", "0041", NULL, false },
		{ "CH", "+41", NULL, false },
		{ "CH", "117", NULL, false },
		{ "", "+41 44 668 18 00", "+41446681800", true },
		{ "", "044 668 18 00", NULL, false },
		{ "US", "1 415 555 2671", "+14155552671", true },
		{ "US", "555 123 4567", "+15551234567", false },
		{ "US", "555 123 4567", NULL, true },
		{ "US", "011 44 20 7946 0018", "+442079460018", true },
		{ "CX", "0011 1 415 555 2671", "+14155552671", true },
		{ "RU", "8 10 41 44 668 18 00", "+41446681800", true },
		{ "RU", "8 (912) 345-67-89", "+79123456789", true },
		{ "IT", "06 698 12345", "+390669812345", true }, /* 0 stays */
		{ "DE", "030/123456", "+4930123456", true },
		/* an area code from where one is at home */
		{ "AG", "460 1234", "+12684601234", true },
		{ "SM", "886377", "+3780549886377", true },
		{ "GG", "250123", "+441481250123", true },
		{ "AR", "011 15-2345-6789", "+5491123456789", true },
		{ "BR", "0 15 11 91234 5678", "+5511912345678", true },
		/* codes that regions share, or that are of none */
		{ "US", "+1 268 460 1234", "+12684601234", true },
		{ "TA", "+290 8999", "+2908999", true },
		{ "", "+800 1234 5678", "+80012345678", true },
		{ "", "+882 1234567", "+8821234567", false },
		{ "", "+882 1234567", NULL, true },
		/* not plain: the library's */
		{ "CH", "044 668 18 00 ext. 7", "+41446681800", true },
		{ "US", "1-800-FLOWERS", "+18003569377", true },
		{ "CH",
		    "044\xc2\xa0"
		    "668 18 00",
		    "+41446681800", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char out[PHONE_E164] = "untouched";
		enum phone_result result = phone_e164(cases[i].text,
		    strlen(cases[i].text), cases[i].region, cases[i].assigned,
		    out);
		const char *number = cases[i].number;

		if ((result == PHONE_OK) != (number != NULL) ||
		    strcmp(out, number != NULL ? number : "untouched") != 0)
			fail_msg("\"%s\" in \"%s\": %d %s", cases[i].text,
			    cases[i].region, (int)result, out);
	}
}

/* What is longer than any number, or no number, is left to the library. */
static void
what_is_not_plain_is_not_taken(void **state)
{
	static const char *const texts[] = { "", "+", " ", "12", "1-2",
		"+41446681800+", "++41446681800", "44+6681800", "44x6681800",
		"1234567890123456789012345", "044 668 18 00 x 1", "\xff" };
	enum phone_result result = PHONE_FULL;
	char out[PHONE_E164] = "untouched";

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (phone_short(texts[i], strlen(texts[i]), "CH", false, out,
		        &result))
			fail_msg("\"%s\" was taken", texts[i]);
	assert_false(
	    phone_short("044\0006681800", 11, "CH", false, out, &result));
	assert_int_equal(result, PHONE_FULL);
	assert_string_equal(out, "untouched");
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples_of_all_regions_are_the_library_s),
		cmocka_unit_test(their_variants_are_the_library_s),
		cmocka_unit_test(each_way_to_write_a_number_has_its_answer),
		cmocka_unit_test(what_is_not_plain_is_not_taken),
	};

	if (argc > 1)
		variants = strtoul(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, make_samples, NULL);
}
