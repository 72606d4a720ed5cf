/* workshop/workshop_scaffold.c - what `new` makes of a sender. */
#include <string.h>

#include "terminal/terminal.h"
#include "workshop/workshop_scaffold.h"
#include "workshop/workshop_sign.h"

#define PUBLIC_URL "https://hooks.example.com"

/* The secrets that samples are signed with, by how a preset reads its key. */
static const struct {
	const char *key; /* in the preset's text */
	const char *secret;
} sample_secrets[] = {
	{ "\"whsec\"", "whsec_dGVzdF9zZWNyZXRfMDEyMzQ1Njc4OWFi" },
	{ "", "test_secret_0123456789" },
};

static struct str
sample_secret(const char *sender)
{
	const char *text = verify_preset_text(sender);
	size_t i = 0;

	while (strstr(text, sample_secrets[i].key) == NULL)
		i++;
	return str_of(sample_secrets[i].secret);
}

void
scaffold_start(struct scaffold *s, const char *sender)
{
	*s = (struct scaffold){ .sender = sender,
		.arena = arena_new((size_t)64 << 20) };
}

void
scaffold_done(struct scaffold *s)
{
	folder_done(&s->folder);
	verifier_free(s->verifier);
	secrets_free(s->secrets);
	arena_free(s->arena);
}

void
scaffold_open_verifier(struct scaffold *s)
{
	struct fault why = { 0 };
	struct faults all = { 0 };
	struct verify_setup setup = { .sender = s->sender,
		.public_url = PUBLIC_URL };
	struct bytes path;

	bytes_init_in(&path, s->arena, SCAFFOLD_TEXT);
	bytes_addf(&path, "/hooks/%s", s->sender);
	s->path = bytes_str(&path);
	s->secrets = secrets_of(s->sender, sample_secret(s->sender), &why);
	setup.secret = secrets_find(s->secrets, s->sender);
	s->verifier = verifier_new(&setup, &all);
	faults_done(&all);
}

/* What a route has to say besides, by what stands in its preset. */
static const struct {
	const char *preset, *line;
} route_extras[] = {
	{ "kind = \"hub\"",
	    "# The verify token typed in at the sender's; a secret of its "
	    "own.\n"
	    "handshake: { secret = \"verify-token\"; };\n" },
};

/* Its address, which only the route can know. */
static bool
signs_address(const char *sender)
{
	struct faults all = { 0 };
	struct settings_file *f = verify_preset_open(sender, &all);
	const char *message = f != NULL
	    ? verify_option(settings_root(f), "message")
	    : NULL;
	bool signs = message != NULL && strstr(message, "{url}") != NULL;

	settings_close(f);
	faults_done(&all);
	return signs;
}

static void
add_extras(const char *sender, struct bytes *out)
{
	const char *preset = verify_preset_text(sender);

	if (signs_address(sender))
		bytes_add_text(out, "public_url = \"" PUBLIC_URL "\";\n");
	for (size_t i = 0; i < COUNT_OF(route_extras); i++)
		if (strstr(preset, route_extras[i].preset) != NULL)
			bytes_add_text(out, route_extras[i].line);
}

void
scaffold_print_head(const struct scaffold *s, struct bytes *out)
{
	bytes_addf(out,
	    "route    = \"/hooks/%s\";\nsender   = \"%s\";\n"
	    "secret   = \"%s\";\n",
	    s->sender, s->sender, s->sender);
	add_extras(s->sender, out);
}

static void
print_request(const struct request *r, struct bytes *out)
{
	bytes_addf(out, "%.*s %.*s HTTP/1.1\n", STR_ARG(r->method),
	    STR_ARG(r->target));
	for (size_t i = 0; i < r->header_count; i++)
		bytes_addf(out, "%.*s: %.*s\n", STR_ARG(r->headers[i].name),
		    STR_ARG(r->headers[i].value));
	bytes_add_char(out, '\n');
	bytes_add_str(out, r->body);
}

/* Headers that may hold a secret; proof is made anew. */
static const char *const secret_headers[] = { "X-Webhook-Token",
	"Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key" };
/* Likewise of an address. */
static const char *const secret_params[] = { "token", "access_token", "key",
	"api_key", "apikey", "secret", "signature" };

static bool
is_among(struct str name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq_nocase(name, str_of(list[i])))
			return true;
	return false;
}

void
scaffold_drop_proof(struct request *r)
{
	struct header *headers = (struct header *)(uintptr_t)r->headers;
	size_t n = 0;

	for (size_t i = 0; i < r->header_count; i++)
		if (!is_among(headers[i].name, secret_headers,
		        COUNT_OF(secret_headers)))
			headers[n++] = headers[i];
	r->header_count = n;
}

int
scaffold_fill(struct scaffold *s, struct request *r, struct fault *why)
{
	struct bytes place;

	if (s->verifier == NULL)
		return 0;
	bytes_init_in(&place, s->arena, SCAFFOLD_TEXT);
	s->in_body = verifier_in_body(s->verifier, &place);
	return verifier_fill(s->verifier, r, s->arena, &r->body, why);
}

int
scaffold_retarget(const struct scaffold *s, struct request *r,
    struct fault *why)
{
	struct str rest = r->query, param;
	struct bytes target;
	char mark = '?';

	bytes_init_in(&target, s->arena, SCAFFOLD_TEXT);
	bytes_add_str(&target, s->path);
	while (str_cut(&rest, '&', &param)) {
		struct str whole = param, name;

		str_cut(&param, '=', &name);
		if (is_among(name, secret_params, COUNT_OF(secret_params)))
			continue;
		bytes_addf(&target, "%c%.*s", mark, STR_ARG(whole));
		mark = '&';
	}
	if (!bytes_ok(&target))
		return fault_set(why, FAULT_BUSY, NULL, "out of memory");
	sample_set_target(r, bytes_str(&target));
	return 0;
}

static struct request
signed_if_can(struct scaffold *s, const struct request *sample)
{
	struct request sent = *sample;
	struct fault why = { 0 };

	if (s->verifier != NULL &&
	    sign_by(s->verifier, sample, sample->target, s->arena, &sent,
	        &why) == 0)
		return sent;
	s->is_unsigned = true;
	return *sample;
}

struct str
scaffold_sample(struct scaffold *s, const struct request *r)
{
	struct request sent = signed_if_can(s, r);
	struct bytes out;

	bytes_init_in(&out, s->arena, SCAFFOLD_TEXT);
	print_request(&sent, &out);
	return bytes_str(&out);
}

int
scaffold_end(struct scaffold *s, struct fault *why)
{
	if (folder_end(&s->folder, why) == -1)
		return -1;
	if (s->is_unsigned)
		fprintf(stderr,
		    "The samples are not signed: only %s has the "
		    "key.\n",
		    s->sender);
	fprintf(stderr,
	    "Next: put the secret and the upstream that mapping.cfg names "
	    "into the settings, then\n"
	    "  leadbridge test %s\n  leadbridge check -c leadbridge.cfg\n",
	    s->folder.path);
	return 0;
}
