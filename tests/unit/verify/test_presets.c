/*
 * tests/unit/verify/test_presets.c - every preset: it loads, signs, checks,
 * and refuses what was changed on the way.
 */
#include <dirent.h>

#include "unit/verify/with_verifier.h"

/* What a preset needs besides a plain secret. */
struct need {
	const char *name;
	const char *secret;
	const char *body;
	const char *content_type;
};

#define WHSEC "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define PLAIN "a-plain-secret"
#define BODY "{\"event_id\":\"evt_01\",\"name\":\"Zo\xc3\xab\"}"
#define FORM "application/x-www-form-urlencoded"

static const struct need needs[] = {
	{ "google-ads", PLAIN, "{\"google_key\":\"" PLAIN "\",\"a\":1}", NULL },
	{ "standard-webhooks", WHSEC, BODY, NULL },
	{ "svix", WHSEC, BODY, NULL },
	{ "twilio", PLAIN, "To=%2B1800&From=%2B1415", FORM },
	{ "wufoo", PLAIN, "Field1=Jane&HandshakeKey=" PLAIN, FORM },
	{ "zoho", PLAIN, "{\"token\":\"" PLAIN "\",\"ids\":[\"1\"]}", NULL },
	{ NULL, PLAIN, BODY, "application/json" },
};

/* Public keys: nobody but the sender can sign. */
struct asymmetric {
	const char *name;
	const char *secret; /* NULL: the preset has the key */
};

static const struct asymmetric asymmetrics[] = {
	{ "discord",
	    "79b5562e8fe654f94078b112e8a98ba7"
	    "901f853ae695bed7e0e3910bad049664" },
	{ "highlevel", NULL },
	{ "standard-webhooks-ed25519",
	    "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=" },
};

static const struct asymmetric *
asymmetric_find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(asymmetrics); i++)
		if (strcmp(asymmetrics[i].name, name) == 0)
			return &asymmetrics[i];
	return NULL;
}

static const struct need *
need_find(const char *name)
{
	const struct need *n = needs;

	while (n->name != NULL && strcmp(n->name, name) != 0)
		n++;
	return n;
}

static void
names_are_sorted_and_the_files_of_the_folder(void **state)
{
	DIR *folder = opendir(TOP "/mappings/senders");
	const char *name, *before = "";
	size_t presets = 0, files = 0;
	struct dirent *e;

	(void)state;
	assert_non_null(folder);
	while ((e = readdir(folder)) != NULL)
		files += strstr(e->d_name, ".cfg") != NULL;
	closedir(folder);
	for (; (name = verify_preset_name(presets)) != NULL; presets++) {
		assert_true(strcmp(before, name) < 0);
		before = name;
	}
	assert_true(presets > 0);
	assert_int_equal(presets, files);
	assert_null(verify_preset_name(presets + 1));
}

static void
round_trip(const char *name)
{
	const struct need *n = need_find(name);
	struct fault why = { 0 };
	struct bench b;

	bench_start(&b);
	b.request.body = str_of(n->body);
	bench_target(&b, STR("/hooks/x?tenant=acme"));
	if (n->content_type != NULL)
		bench_header(&b, "Content-Type", n->content_type);
	bench_verifier(&b, name, NULL, n->secret, "https://x.example");
	if (bench_sign(&b, &why) == -1)
		fail_msg("%s: %s", name, why.text);
	if (bench_check(&b) != VERIFY_OK)
		fail_msg("%s: does not check what it signed", name);
	bench_done(&b);
}

static void
other_secret(const char *name)
{
	static const char other_whsec
	    [] = "whsec_BBECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
	const struct need *n = need_find(name);
	bool whsec = strcmp(n->secret, WHSEC) == 0;
	struct bench b;

	bench_start(&b);
	b.request.body = str_of(n->body);
	if (n->content_type != NULL)
		bench_header(&b, "Content-Type", n->content_type);
	bench_verifier(&b, name, NULL, n->secret, "https://x.example");
	assert_int_equal(bench_sign(&b, NULL), 0);
	bench_verifier(&b, name, NULL, whsec ? other_whsec : "another",
	    "https://x.example");
	if (bench_check(&b) != VERIFY_FORGED)
		fail_msg("%s: takes another secret's signature", name);
	bench_done(&b);
}

static void
unsigned_is_refused(const char *name)
{
	const struct need *n = need_find(name);
	struct bench b;

	bench_start(&b);
	bench_verifier(&b, name, NULL, n->secret, "https://x.example");
	if (bench_check(&b) != VERIFY_MISSING)
		fail_msg("%s: takes what is not signed", name);
	bench_done(&b);
}

static void
every_preset_checks_what_it_signs(void **state)
{
	const char *name;
	size_t i, count = 0;

	(void)state;
	for (i = 0; (name = verify_preset_name(i)) != NULL; i++) {
		if (asymmetric_find(name) != NULL)
			continue;
		round_trip(name);
		other_secret(name);
		unsigned_is_refused(name);
		count++;
	}
	print_message("%zu presets signed and checked, %zu are asymmetric\n",
	    count, i - count);
	assert_int_equal(i - count, COUNT_OF(asymmetrics));
}

static void
asymmetric_presets_load_and_do_not_sign(void **state)
{
	struct bench b;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(asymmetrics); i++) {
		const struct asymmetric *a = &asymmetrics[i];
		struct fault why = { 0 };

		bench_start(&b);
		bench_verifier(&b, a->name, NULL, a->secret, NULL);
		assert_result(&b, VERIFY_MISSING);
		assert_int_equal(bench_sign(&b, &why), -1);
		assert_int_equal(why.code, FAULT_UNSIGNED);
		assert_non_null(strstr(why.text, "private key"));
		bench_done(&b);
	}
}

/* What a sender has to be told, for a reason that its file gives. */
static const struct {
	const char *name, *outcome;
	int status; /* 0: as it is */
} replies[] = {
	/* 4xx is final to Google: what may pass is told as "not now". */
	{ "google-ads", "upstream_401", 503 },
	{ "google-ads", "upstream_402", 503 },
	{ "google-ads", "upstream_403", 503 },
	{ "google-ads", "upstream_404", 503 },
	{ "google-ads", "upstream_408", 503 },
	{ "google-ads", "upstream_425", 503 },
	{ "google-ads", "upstream_429", 503 },
	{ "google-ads", "upstream_400", 0 },
	{ "google-ads", "upstream_422", 0 },
	{ "google-ads", "contract", 0 },
	{ "google-ads", "delivered", 200 },
	/* What switches a webhook off is never told. */
	{ "typeform", "upstream_404", 422 },
	{ "typeform", "upstream_410", 422 },
	{ "activecampaign", "upstream_410", 422 },
	{ "intercom", "upstream_410", 422 },
	{ "standard-webhooks", "upstream_410", 422 },
	{ "standard-webhooks-ed25519", "upstream_410", 422 },
	{ "svix", "upstream_410", 422 },
	/* HubSpot never sends again after these. */
	{ "hubspot", "upstream_401", 503 },
	{ "hubspot-v1", "upstream_403", 503 },
	{ "hubspot-v2", "upstream_404", 503 },
	{ "hubspot-v3", "upstream_401", 503 },
	{ "elementor", "delivered", 200 },
	{ "salesforce-outbound", "delivered", 200 },
	{ "twilio", "delivered", 200 },
};

static int
reply_status(const config_setting_t *preset, const char *outcome)
{
	const config_setting_t *reply = config_setting_get_member(preset,
	    "reply");
	int status = 0;

	reply = reply != NULL ? config_setting_get_member(reply, outcome)
	                      : NULL;
	if (reply == NULL)
		return 0;
	if (config_setting_is_group(reply))
		(void)config_setting_lookup_int(reply, "status", &status);
	else
		status = config_setting_get_int(reply);
	return status;
}

static void
senders_are_told_what_they_need(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(replies); i++) {
		struct faults all = { 0 };
		struct settings_file *f = verify_preset_open(replies[i].name,
		    &all);
		int got;

		assert_non_null(f);
		got = reply_status(settings_root(f), replies[i].outcome);
		if (got != replies[i].status)
			fail_msg("%s: %s is told as %d", replies[i].name,
			    replies[i].outcome, got);
		settings_close(f);
	}
}

/* A test is told from an event, and an event is no test. */
static void
pings_are_known(void **state)
{
	static const struct {
		const char *name, *test, *event;
	} rows[] = {
		{ "google-ads", "{\"is_test\":true}", "{\"is_test\":false}" },
		{ "tiktok", "{\"event\":\"tiktok.ping\"}",
		    "{\"event\":\"lead.new\",\"content\":"
		    "\"{\\\"event\\\":\\\"tiktok.ping\\\"}\"}" },
		{ "intercom", "{\"topic\":\"ping\"}",
		    "{\"topic\":\"contact.user.created\"}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct faults all = { 0 };
		struct settings_file *f = verify_preset_open(rows[i].name,
		    &all);
		struct condition *ping;
		const char *text = NULL;
		struct bench b;

		assert_true(config_setting_lookup_string(settings_root(f),
		    "ping", &text));
		ping = condition_new(text);
		assert_non_null(ping);
		bench_start(&b);
		b.request.body = str_of(rows[i].test);
		assert_true(condition_holds(ping, &b.request, b.scratch));
		b.request.body = str_of(rows[i].event);
		assert_false(condition_holds(ping, &b.request, b.scratch));
		bench_done(&b);
		condition_free(ping);
		settings_close(f);
	}
}

static void
a_token_of_the_body_is_not_put_there(void **state)
{
	struct fault why = { 0 };
	struct bench b;

	(void)state;
	bench_start(&b);
	bench_verifier(&b, "google-ads", NULL, PLAIN, NULL);
	assert_int_equal(bench_sign(&b, &why), -1);
	assert_non_null(strstr(why.text, "'google_key' stands in the body"));
	assert_null(strstr(why.text, PLAIN));
	bench_done(&b);
}

static void
signing_needs_room_for_its_headers(void **state)
{
	struct header headers[2];
	struct fault why = { 0 };
	struct str target = STR("untouched");
	size_t count = 77;
	struct bench b;

	(void)state;
	bench_start(&b);
	bench_verifier(&b, "svix", NULL, WHSEC, NULL);
	assert_int_equal(verifier_sign(b.verifier, &b.request, b.arena, headers,
	                     COUNT_OF(headers), &count, &target, &why),
	    -1);
	assert_int_equal(count, 77);
	assert_str(target, "untouched");
	bench_done(&b);
}

static void
a_query_token_is_escaped(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b);
	bench_verifier(&b, "query-token", NULL, "a b&c=d", NULL);
	assert_int_equal(bench_sign(&b, NULL), 0);
	assert_str(b.request.target, "/hooks/x?token=a%20b%26c%3Dd");
	assert_result(&b, VERIFY_OK);
	bench_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_sorted_and_the_files_of_the_folder),
		cmocka_unit_test(every_preset_checks_what_it_signs),
		cmocka_unit_test(asymmetric_presets_load_and_do_not_sign),
		cmocka_unit_test(senders_are_told_what_they_need),
		cmocka_unit_test(pings_are_known),
		cmocka_unit_test(a_token_of_the_body_is_not_put_there),
		cmocka_unit_test(signing_needs_room_for_its_headers),
		cmocka_unit_test(a_query_token_is_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
