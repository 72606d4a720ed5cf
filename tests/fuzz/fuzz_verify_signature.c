/*
 * tests/fuzz/fuzz_verify_signature.c - requests of a stranger's making
 * against prepared verifiers.
 *
 *	byte 0		which verifier; bit 7: signed first (see below)
 *	line		value of the signature's header
 *	line		value of the other header (time, content type)
 *	line		what stands behind "/hooks/x?" in the target
 *	rest		body
 *
 * Nothing a stranger writes is ever let in: the secrets are longer than a
 * fuzzer guesses. A request that is signed first is let in as it is, and is
 * not once its body has changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/verify.h"

#define SECRET "4f1c8a02-9d3e-4b57-a6c1-fuzz-0b9e7d25c8f3"
#define WHSEC "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define NOW_MS INT64_C(1700000000000)
#define HMAC "type = \"hmac\"; "

struct target {
	const char *sender; /* a preset, or the inside of a verify group */
	const char *secret;
	const char *signature; /* header */
	const char *other;     /* header */
	bool in_body;          /* the body is signed byte by byte */
};

static const struct target targets[] = {
	{ "github", SECRET, "X-Hub-Signature-256", "X", true },
	{ "typeform", SECRET, "Typeform-Signature", "X", true },
	{ "stripe", SECRET, "Stripe-Signature", "X", true },
	{ "slack", SECRET, "X-Slack-Signature", "X-Slack-Request-Timestamp",
	    true },
	{ "standard-webhooks", WHSEC, "webhook-signature", "webhook-timestamp",
	    true },
	{ "hubspot", SECRET, "X-HubSpot-Signature-v3",
	    "X-HubSpot-Request-Timestamp", true },
	{ "hubspot-v2", SECRET, "X-HubSpot-Signature", "X", true },
	{ "sanity", SECRET, "sanity-webhook-signature", "X", true },
	{ "twitch", SECRET, "Twitch-Eventsub-Message-Signature",
	    "Twitch-Eventsub-Message-Timestamp", true },
	{ "twilio", SECRET, "X-Twilio-Signature", "Content-Type", false },
	{ "google-ads", SECRET, "X", "X-2", false },
	{ "wufoo", SECRET, "X", "X-2", false },
	{ "query-token", SECRET, "X", "X-2", false },
	{ "basic", SECRET, "Authorization", "X", false },
	{ "highlevel", NULL, "X-GHL-Signature", "X", false },
	{ HMAC "signature = \"header:X-{n}\";", SECRET, "X-1", "X-2", true },
	{ HMAC "signature = \"header:X\"; format = \"positional\"; "
	       "message = \"{timestamp}.{body}\";",
	    SECRET, "X", "Y", true },
	{ HMAC "signature = \"header:X, Y\"; format = \"kv\"; "
	       "timestamp_key = \"t\"; group_delimiter = \" \"; "
	       "message = \"{timestamp}.{body}\";",
	    SECRET, "X", "Y", true },
	{ HMAC "signature = \"form:s\"; format = \"pairs\"; "
	       "delimiter = \"&\"; signature_key = \"\"; "
	       "fields_only = true; message = \"{form:p}\";",
	    SECRET, "X", "Content-Type", false },
	{ HMAC "signature = \"json:a[0].s\"; timestamp = \"json:['t.u'][1]\"; "
	       "fields_only = true; message = \"{timestamp}{json:a[0].b.c}\";",
	    SECRET, "X", "Y", false },
	{ HMAC "signature = \"header:X\"; message = \"{url}{body}\"; "
	       "url_any_user = true; addresses = \"2001:db8::/32\";",
	    SECRET, "X", "Authorization", false },
	{ HMAC "signature = \"header:X\"; message = \"{url}{sorted_form}\";",
	    SECRET, "X", "Content-Type", false },
	/* Were its address believed, there would still be no signature. */
	{ HMAC "signature = \"header:None\"; addresses = \"2001:db8::/32\"; "
	       "front = \"198.51.100.0/24\";",
	    SECRET, "X-Forwarded-For", "x-forwarded-for", false },
};

static struct verifier *verifiers[COUNT_OF(targets)];

static void
die(const char *sender)
{
	fprintf(stderr, "fuzz_verify_signature: %s\n", sender);
	abort();
}

static struct verifier *
make_verifier(const struct target *t)
{
	struct verify_setup setup = {
		.public_url = "https://hooks.example.com"
	};
	char *text = base_print("verify: { %s };", t->sender);
	bool by_hand = strchr(t->sender, '=') != NULL;
	struct settings_file *file = NULL;
	struct secrets *secrets = NULL;
	struct faults all = { 0 };
	struct verifier *v;

	if (by_hand) {
		file = settings_parse(str_of(text), "x", &all);
		setup.group = config_setting_get_member(settings_root(file),
		    "verify");
	} else {
		setup.sender = t->sender;
	}
	if (t->secret != NULL) {
		secrets = secrets_of("s", str_of(t->secret), NULL);
		setup.secret = secrets_find(secrets, "s");
	}
	v = verifier_new(&setup, &all);
	if (v == NULL)
		die(all.count > 0 ? all.list[0].text : t->sender);
	secrets_free(secrets);
	settings_close(file);
	faults_done(&all);
	base_free(text);
	return v;
}

static void
make_verifiers(void)
{
	for (size_t i = 0; i < COUNT_OF(targets); i++)
		verifiers[i] = make_verifier(&targets[i]);
}

static struct str
take_line(struct str *rest)
{
	struct str line = STR_NONE;

	if (rest->at != NULL)
		(void)str_cut(rest, '\n', &line);
	return line;
}

static void
set_target(struct request *r, struct str query, struct arena *arena)
{
	struct bytes target;

	bytes_init_in(&target, arena, (size_t)1 << 20);
	bytes_add_text(&target, "/hooks/x?");
	bytes_add_str(&target, query);
	r->target = bytes_str(&target);
	r->path = STR("/hooks/x");
	r->query = str_skip(r->target, sizeof("/hooks/x?") - 1);
}

/* Signs, checks, changes the body, checks again. */
static void
run_signed(size_t i, struct request r, struct arena *arena)
{
	struct header headers[VERIFY_HEADERS_MAX];
	struct bytes body;
	size_t count = 0;

	r.headers = headers;
	r.header_count = 0;
	if (verifier_sign(verifiers[i], &r, arena, headers, COUNT_OF(headers),
	        &count, &r.target, NULL) == -1)
		return;
	r.header_count = count;
	if (verifier_check(verifiers[i], &r, arena) != VERIFY_OK)
		die(targets[i].sender);
	bytes_init_in(&body, arena, r.body.len + 1);
	bytes_add_str(&body, r.body);
	bytes_add_char(&body, 'x');
	if (!bytes_ok(&body))
		return;
	r.body = bytes_str(&body);
	if (verifier_check(verifiers[i], &r, arena) != VERIFY_FORGED)
		die(targets[i].sender);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data + 1, size > 0 ? size - 1 : 0 };
	struct header headers[4];
	struct request r = { .method = STR("POST"),
		.headers = headers,
		.header_count = COUNT_OF(headers),
		.peer = STR("198.51.100.7"),
		.received_ms = NOW_MS };
	struct arena *arena;
	size_t i;

	if (verifiers[0] == NULL)
		make_verifiers();
	if (size == 0)
		return 0;
	arena = arena_new((size_t)4 << 20);
	i = (data[0] & 0x7f) % COUNT_OF(targets);
	headers[0] = (struct header){ str_of(targets[i].signature),
		take_line(&rest) };
	headers[1] = (struct header){ str_of(targets[i].other),
		take_line(&rest) };
	headers[2] = (struct header){ STR("webhook-id"), STR("msg_1") };
	headers[3] = (struct header){ STR("Twitch-Eventsub-Message-Id"),
		STR("msg_1") };
	set_target(&r, take_line(&rest), arena);
	r.body = rest.at != NULL ? rest : STR("");

	if (verifier_check(verifiers[i], &r, arena) == VERIFY_OK)
		die(targets[i].sender);
	if ((data[0] & 0x80) != 0 && targets[i].in_body)
		run_signed(i, r, arena);
	arena_free(arena);
	return 0;
}
