/*
 * tests/unit/base/test_net.c - addresses, networks, and whom proxies speak for.
 */
#include <string.h>

#include "base/base.h"
#include "unit/cmocka_all.h"

static struct arena *arena;

static int
start(void **state)
{
	(void)state;
	arena = arena_new((size_t)1 << 20);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static bool
holds(const struct net_ranges *all, const char *text)
{
	struct net_address a;

	return net_parse(str_of(text), &a) && net_ranges_hold(all, &a);
}

struct range_row {
	const char *ranges;
	const char *address;
	bool holds;
};

static const struct range_row ranges[] = {
	{ "192.0.2.7", "192.0.2.7", true },
	{ "192.0.2.7", "192.0.2.8", false },
	{ "192.0.2.7", "::ffff:192.0.2.7", true },
	{ "::ffff:192.0.2.7", "192.0.2.7", true },
	{ "192.0.2.0/24", "192.0.2.255", true },
	{ "192.0.2.0/24", "192.0.3.0", false },
	{ "192.0.2.64/26", "192.0.2.127", true },
	{ "192.0.2.64/26", "192.0.2.128", false },
	{ "192.0.2.64/26", "192.0.2.63", false },
	{ "128.0.0.0/1", "255.0.0.1", true },
	{ "128.0.0.0/1", "127.255.255.255", false },
	{ "128.0.0.0/1", "2001:db8::1", false },
	{ "192.0.2.7/32", "192.0.2.7", true },
	{ "2001:db8::/32", "2001:DB8:ffff::1", true },
	{ "2001:db8::/32", "2001:db9::1", false },
	{ "2001:db8::/33", "2001:db8:8000::", false },
	{ "2001:db8::1/128", "2001:db8::1", true },
	{ "::1", "::1", true },
	{ "::1", "127.0.0.1", false },
	{ " 192.0.2.7 ,\t198.51.100.0/24,2001:db8::/32", "198.51.100.9", true },
	{ "192.0.2.7, 198.51.100.0/24", "203.0.113.1", false },
	/* No addresses at all. */
	{ "192.0.2.7", "", false },
	{ "192.0.2.7", "192.0.2.7:80", false },
	{ "192.0.2.7", "192.0.2.7 ", false },
	{ "192.0.2.7", "192.0.2.07", false },
	{ "192.0.2.7", "example.com", false },
	{ "fe80::/10", "fe80::1%eth0", false },
	{ "2001:db8::/32",
	    "2001:db8:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
	    false },
};

static void
ranges_hold_what_they_say(void **state)
{
	struct net_ranges all;
	struct str wrong;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ranges); i++) {
		const struct range_row *r = &ranges[i];

		assert_true(
		    net_ranges_parse(str_of(r->ranges), arena, &all, &wrong));
		if (holds(&all, r->address) != r->holds)
			fail_msg("'%s' and '%s'", r->ranges, r->address);
	}
}

static void
a_range_is_whole_or_refused(void **state)
{
	static const char *const rows[][2] = {
		{ "", "" },
		{ "192.0.2.7,", "" },
		{ "192.0.2", "192.0.2" },
		{ "192.0.2.256", "192.0.2.256" },
		{ "192.0.2.7/", "192.0.2.7/" },
		{ "192.0.2.0/33", "192.0.2.0/33" },
		{ "192.0.2.0/-1", "192.0.2.0/-1" },
		{ "192.0.2.0/24/1", "192.0.2.0/24/1" },
		{ "192.0.2.1/24", "192.0.2.1/24" },
		{ "::1, 192.0.2.129/25", "192.0.2.129/25" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "::/0", "::/0" },
		{ "2001:db8::/129", "2001:db8::/129" },
		{ "2001:db8::1/64", "2001:db8::1/64" },
		{ "hooks.example.com", "hooks.example.com" },
	};
	struct net_ranges all;
	struct str wrong;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (net_ranges_parse(str_of(rows[i][0]), arena, &all, &wrong))
			fail_msg("'%s' is taken", rows[i][0]);
		assert_true(str_eq(wrong, str_of(rows[i][1])));
	}
}

static void
a_list_of_ranges_has_an_end(void **state)
{
	struct bytes text;
	struct net_ranges all;
	struct str wrong;

	(void)state;
	bytes_init(&text, 10000);
	bytes_add_text(&text, "192.0.2.1");
	for (int i = 1; i < NET_RANGES_MAX; i++)
		bytes_addf(&text, ",10.0.0.%d", i);
	assert_true(net_ranges_parse(bytes_str(&text), arena, &all, &wrong));
	assert_int_equal(all.count, NET_RANGES_MAX);
	bytes_add_text(&text, ",192.0.2.2");
	assert_false(net_ranges_parse(bytes_str(&text), arena, &all, &wrong));
	bytes_done(&text);
}

static void
an_address_is_printed_as_it_is_read(void **state)
{
	static const char *const rows[][2] = {
		{ "192.0.2.7", "192.0.2.7" },
		{ "::ffff:192.0.2.7", "192.0.2.7" },
		{ "2001:DB8::0:7", "2001:db8::7" },
		{ "::1", "::1" },
		{ "::", "::" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "1111:2222:3333:4444:5555:6666:7777:8888",
		    "1111:2222:3333:4444:5555:6666:7777:8888" },
	};
	char text[NET_TEXT_SIZE];
	struct net_address a;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_true(net_parse(str_of(rows[i][0]), &a));
		assert_int_equal(net_print(&a, text), strlen(rows[i][1]));
		assert_string_equal(text, rows[i][1]);
	}
	assert_false(net_parse(STR("192.0.2.7\0"), &a));
	assert_false(net_parse(STR_NONE, &a));
}

struct forward_row {
	enum forward header;
	const char *names[3], *values[3];
	const char *client; /* NULL: none is told */
};

#define XFF "X-Forwarded-For"
#define FWD "Forwarded"

/* 10.0.0.0/8 and 2001:db8::/32 are ours. */
static const struct forward_row forwards[] = {
	{ FORWARD_X, { XFF }, { "192.0.2.7" }, "192.0.2.7" },
	{ FORWARD_X, { "x-FORWARDED-for" }, { "192.0.2.7" }, "192.0.2.7" },
	{ FORWARD_X, { XFF }, { "203.0.113.1, 192.0.2.7" }, "192.0.2.7" },
	{ FORWARD_X, { XFF }, { "203.0.113.1,192.0.2.7 , 10.1.2.3" },
	    "192.0.2.7" },
	{ FORWARD_X, { XFF, XFF }, { "203.0.113.1", "192.0.2.7,10.0.0.1" },
	    "192.0.2.7" },
	{ FORWARD_X, { XFF, "X", XFF }, { "192.0.2.7", "y", "10.0.0.1" },
	    "192.0.2.7" },
	{ FORWARD_X, { XFF }, { "192.0.2.7:40000" }, "192.0.2.7" },
	{ FORWARD_X, { XFF }, { "[2001:db9::7]:40000" }, "2001:db9::7" },
	{ FORWARD_X, { XFF }, { "[2001:db9::7]" }, "2001:db9::7" },
	{ FORWARD_X, { XFF }, { "2001:db9::7" }, "2001:db9::7" },
	/* Behind what is no address, nobody is looked for. */
	{ FORWARD_X, { XFF }, { "192.0.2.7, unknown" }, NULL },
	{ FORWARD_X, { XFF }, { "192.0.2.7, " }, NULL },
	{ FORWARD_X, { XFF }, { "192.0.2.7, [2001:db9::7" }, NULL },
	{ FORWARD_X, { XFF }, { "[2001:db9::7]x" }, NULL },
	{ FORWARD_X, { XFF }, { "192.0.2.7:x" }, NULL },
	{ FORWARD_X, { XFF }, { "192.0.2.7:70000" }, NULL },
	{ FORWARD_X, { XFF }, { "10.0.0.1, 2001:db8::1" }, NULL },
	{ FORWARD_X, { XFF }, { "" }, NULL },
	/* Never the other header. */
	{ FORWARD_X, { FWD }, { "for=192.0.2.7" }, NULL },
	{ FORWARD_RFC7239, { XFF }, { "192.0.2.7" }, NULL },
	{ FORWARD_NONE, { XFF, FWD }, { "192.0.2.7", "for=192.0.2.7" }, NULL },
	{ FORWARD_RFC7239, { FWD }, { "for=192.0.2.7" }, "192.0.2.7" },
	{ FORWARD_RFC7239, { FWD },
	    { "for=203.0.113.1, For=\"192.0.2.7:80\"; proto=https" },
	    "192.0.2.7" },
	{ FORWARD_RFC7239, { FWD },
	    { "proto=http;for=\"[2001:db9::7]:80\";by=10.0.0.1" },
	    "2001:db9::7" },
	{ FORWARD_RFC7239, { FWD, FWD },
	    { "for=192.0.2.7", "by=_x;for=10.0.0.9" }, "192.0.2.7" },
	{ FORWARD_RFC7239, { FWD }, { "for=192.0.2.7, for=_hidden" }, NULL },
	{ FORWARD_RFC7239, { FWD }, { "for=192.0.2.7, by=10.0.0.1" }, NULL },
	{ FORWARD_RFC7239, { FWD }, { "for=192.0.2.7;for=192.0.2.8" }, NULL },
	{ FORWARD_RFC7239, { FWD }, { "for" }, NULL },
	/* What a proxy quotes may be a stranger's. */
	{ FORWARD_RFC7239, { FWD },
	    { "for=192.0.2.7;host=\"a,for=203.0.113.9;x=\"" }, "192.0.2.7" },
	{ FORWARD_RFC7239, { FWD },
	    { "for=192.0.2.7;host=\"a;for=203.0.113.9;x=\";proto=http" },
	    "192.0.2.7" },
	{ FORWARD_RFC7239, { FWD },
	    { "host=\"\\\",for=203.0.113.9;x=\\\\\";for=192.0.2.7" },
	    "192.0.2.7" },
	{ FORWARD_RFC7239, { FWD }, { "for=\"203.0.113.9, for=192.0.2.7" },
	    "192.0.2.7" },
	{ FORWARD_RFC7239, { FWD },
	    { "for=192.0.2.7;x=\"y, for=10.0.0.9;host=\"a,b\"" }, "192.0.2.7" },
	{ FORWARD_RFC7239, { FWD }, { "host=\"for=203.0.113.9\"" }, NULL },
	/* A port may be hidden where the address is not. */
	{ FORWARD_RFC7239, { FWD }, { "for=\"192.0.2.7:_gazonk\"" },
	    "192.0.2.7" },
	{ FORWARD_RFC7239, { FWD }, { "for=\"[2001:db9::7]:_a.b-c\"" },
	    "2001:db9::7" },
	{ FORWARD_RFC7239, { FWD }, { "for=\"192.0.2.7:_\"" }, NULL },
	{ FORWARD_RFC7239, { FWD }, { "for=\"192.0.2.7:_a b\"" }, NULL },
	{ FORWARD_RFC7239, { FWD }, { "for=\"[2001:db9::7]:x\"" }, NULL },
	{ FORWARD_RFC7239, { FWD }, { "for=\"[fe80::7%25eth0]\"" }, NULL },
	{ FORWARD_RFC7239, { FWD }, { "for=unknown" }, NULL },
	{ FORWARD_RFC7239, { FWD }, { "for=\"::ffff:192.0.2.7\"" },
	    "192.0.2.7" },
	{ FORWARD_RFC7239, { FWD }, { "for=\"" }, NULL },
};

static void
the_last_that_is_not_ours_is_the_client(void **state)
{
	struct net_ranges ours;
	struct str wrong;

	(void)state;
	assert_true(net_ranges_parse(STR("10.0.0.0/8, 2001:db8::/32"), arena,
	    &ours, &wrong));
	for (size_t i = 0; i < COUNT_OF(forwards); i++) {
		const struct forward_row *row = &forwards[i];
		struct header headers[3];
		struct request r = { .headers = headers };
		struct net_address found = { { 0 } }, want = found;
		bool told = row->client != NULL;

		for (size_t k = 0; k < 3 && row->names[k] != NULL; k++)
			headers[r.header_count++] = (struct header){
				str_of(row->names[k]), str_of(row->values[k])
			};
		if (told)
			assert_true(net_parse(str_of(row->client), &want));
		if (forward_client(&r, row->header, &ours, &found) != told ||
		    memcmp(&found, &want, sizeof(found)) != 0)
			fail_msg("row %zu: '%s'", i, row->values[0]);
	}
}

#define SECOND 1000000

static void
a_bucket_gives_its_burst_and_then_its_rate(void **state)
{
	struct rate_limit limit = rate_limit_of(10, 3);
	struct rate r = { 0 };
	int64_t now = 7 * SECOND;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rate_wait(&r, limit, now), 0);
		rate_take(&r, limit, now);
	}
	assert_int_equal(rate_wait(&r, limit, now), SECOND / 10);
	assert_int_equal(rate_wait(&r, limit, now + SECOND / 10 - 1), 1);
	now += SECOND / 10;
	assert_int_equal(rate_wait(&r, limit, now), 0);
	rate_take(&r, limit, now);
	assert_int_equal(rate_wait(&r, limit, now), SECOND / 10);
	/* However long it rests, no more than its burst. */
	now += 3600 * (int64_t)SECOND;
	for (int i = 0; i < 3; i++)
		rate_take(&r, limit, now);
	assert_true(rate_wait(&r, limit, now) > 0);
}

static void
a_bucket_without_a_limit_is_full(void **state)
{
	struct rate_limit limit = rate_limit_of(0, 0);
	struct rate r = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(rate_wait(&r, limit, 5), 0);
		rate_take(&r, limit, 5);
	}
	assert_int_equal(rate_limit_of(20, 0).burst, 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
		TEST(ranges_hold_what_they_say),
		TEST(a_range_is_whole_or_refused),
		TEST(a_list_of_ranges_has_an_end),
		TEST(an_address_is_printed_as_it_is_read),
		TEST(the_last_that_is_not_ours_is_the_client),
		TEST(a_bucket_gives_its_burst_and_then_its_rate),
		TEST(a_bucket_without_a_limit_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
