/*
 * console/console_key_probe.c - does the API take a key?
 *
 * It is asked to change nothing of a lead that there is not: a PATCH of {},
 * the one operation the key is for. Who is refused the key is told 401 or
 * 403; who is not, 404 or that the update is empty.
 */
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "console/console_key.h"

#define PROBE_LEAD "leadbridge-key-probe"

static const struct {
	const char *name;
	int code;
} verdicts[KEY_VERDICTS] = {
	[KEY_ACCEPTED] = { "accepted", EXIT_OK },
	[KEY_REFUSED] = { "refused", EXIT_FAULTS },
	[KEY_UNCLEAR] = { "unclear", EXIT_CANNOT },
	[KEY_UNREACHABLE] = { "unreachable", EXIT_CANNOT },
};

const char *
key_verdict_name(enum key_verdict v)
{
	return verdicts[v].name;
}

int
key_verdict_code(enum key_verdict v)
{
	return verdicts[v].code;
}

/* Elements of a secret: a list's, or itself. */
static const config_setting_t *
source_of(const config_setting_t *secret, unsigned i)
{
	if (config_setting_is_list(secret))
		return config_setting_get_elem(secret, i);
	return i == 0 ? secret : NULL;
}

static bool
takes(const config_setting_t *source, const char *entry)
{
	const char *name = NULL;

	return config_setting_is_group(source) &&
	    config_setting_lookup_string(source, "store", &name) ==
	    CONFIG_TRUE &&
	    strcmp(name, entry) == 0;
}

static const config_setting_t *
group_of(const struct keyring *k, const char *name)
{
	const config_setting_t *g = config_setting_get_member(k->root, name);

	return g != NULL && config_setting_is_group(g) ? g : NULL;
}

const char *
key_user(const struct keyring *k, const char *entry)
{
	const config_setting_t *group = group_of(k, "secrets");
	const config_setting_t *secret, *source;

	for (unsigned i = 0; group != NULL &&
	     (secret = config_setting_get_elem(group, i)) != NULL;
	     i++)
		for (unsigned n = 0; (source = source_of(secret, n)) != NULL;
		     n++)
			if (takes(source, entry))
				return config_setting_name(secret);
	return NULL;
}

/* An upstream sends the first value of a secret: only that counts. */
static bool
sends(const struct keyring *k, const config_setting_t *upstream,
    const char *entry)
{
	const config_setting_t *secrets = group_of(k, "secrets"), *secret;
	const char *name = NULL;

	if (secrets == NULL || !config_setting_is_group(upstream) ||
	    config_setting_lookup_string(upstream, "api_key", &name) !=
	        CONFIG_TRUE)
		return false;
	secret = config_setting_get_member(secrets, name);
	return secret != NULL && source_of(secret, 0) != NULL &&
	    takes(source_of(secret, 0), entry);
}

/* The one secret that upstream_target_new() is to find. */
static struct secrets *
secrets_for(const config_setting_t *upstream, struct str value,
    struct fault *why)
{
	const char *name = NULL;

	(void)config_setting_lookup_string(upstream, "api_key", &name);
	return secrets_of(name, value, why);
}

static int
make_target(const config_setting_t *upstream, struct str value,
    struct key_targets *out)
{
	struct faults all = { 0 };
	struct fault why = { 0 };
	struct secrets *secrets = secrets_for(upstream, value, &why);
	struct upstream_target *t;

	if (secrets == NULL)
		return complain_fault(&why, EXIT_FAULTS);
	t = upstream_target_new(config_setting_name(upstream), upstream,
	    secrets, &all);
	secrets_free(secrets);
	if (t == NULL)
		return complain_faults(&all, EXIT_FAULTS);
	out->list[out->count++] = t;
	return EXIT_OK;
}

int
key_targets_make(const struct keyring *k, const char *entry, struct str value,
    struct key_targets *out)
{
	const config_setting_t *group = group_of(k, "upstreams"), *upstream;
	int code = EXIT_OK;

	*out = (struct key_targets){ 0 };
	if (group == NULL)
		return EXIT_OK;
	out->list = base_alloc(((size_t)config_setting_length(group) + 1) *
	    sizeof(struct upstream_target *));
	for (unsigned i = 0; code == EXIT_OK &&
	     (upstream = config_setting_get_elem(group, i)) != NULL;
	     i++)
		if (sends(k, upstream, entry))
			code = make_target(upstream, value, out);
	return code;
}

void
key_targets_done(struct key_targets *t)
{
	for (size_t i = 0; i < t->count; i++)
		upstream_target_free(t->list[i]);
	base_free(t->list);
	*t = (struct key_targets){ 0 };
}

static enum key_verdict
verdict_of(int status)
{
	static const int accepted[] = { 200, 400, 404, 409, 422 };

	if (status == 401 || status == 403)
		return KEY_REFUSED;
	for (size_t i = 0; i < COUNT_OF(accepted); i++)
		if (status == accepted[i])
			return KEY_ACCEPTED;
	return KEY_UNCLEAR;
}

/* The answer's body is the API's own, and is not shown. */
static void
on_answer(void *arg, const struct upstream_answer *a)
{
	struct key_proof *out = arg;

	out->status = a->status;
	if (a->outcome == UPSTREAM_ANSWERED) {
		out->verdict = verdict_of(a->status);
		return;
	}
	out->verdict = KEY_UNREACHABLE;
	snprintf(out->reason, sizeof(out->reason), "%s: %s",
	    upstream_outcome_name(a->outcome),
	    a->reason != NULL ? a->reason : "");
}

void
key_prove(const struct upstream_target *t, struct key_proof *out)
{
	struct event_base *base = event_base_new();
	struct upstream_pool *pool;

	*out = (struct key_proof){ .upstream = upstream_target_name(t),
		.verdict = KEY_UNREACHABLE };
	if (base == NULL)
		bug("no event loop for a question");
	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_LEVEL_ERROR);
	pool = upstream_pool_new(base, t);
	(void)upstream_patch(pool, STR(PROBE_LEAD), STR("{}"), STR_NONE,
	    on_answer, out);
	/* Ends when nothing is left to happen, or by the idle timeout. */
	while (out->status == 0 && out->reason[0] == '\0')
		if (event_base_loop(base, EVLOOP_ONCE) != 0)
			break;
	upstream_pool_free(pool);
	event_base_free(base);
}

static void
say(const struct key_proof *p)
{
	if (p->status != 0)
		fprintf(stderr, "upstream %s: %s (it answers %d)\n",
		    p->upstream, key_verdict_name(p->verdict), p->status);
	else
		fprintf(stderr, "upstream %s: %s (%s)\n", p->upstream,
		    key_verdict_name(p->verdict), p->reason);
}

enum key_verdict
key_prove_all(const struct key_targets *t)
{
	enum key_verdict all = KEY_ACCEPTED;

	for (size_t i = 0; i < t->count; i++) {
		struct key_proof p;

		key_prove(t->list[i], &p);
		say(&p);
		if (all == KEY_ACCEPTED)
			all = p.verdict;
	}
	return all;
}

static void
print_proofs(const char *name, const struct key_targets *t,
    enum key_verdict *all)
{
	struct bytes out;

	bytes_init(&out, (size_t)1 << 20);
	bytes_addf(&out, "{\"name\":\"%s\",\"upstreams\":[", name);
	for (size_t i = 0; i < t->count; i++) {
		struct key_proof p;

		key_prove(t->list[i], &p);
		bytes_add_text(&out, i > 0 ? ",{\"name\":" : "{\"name\":");
		bytes_add_json(&out, str_of(p.upstream));
		bytes_addf(&out, ",\"verdict\":\"%s\",\"status\":%d",
		    key_verdict_name(p.verdict), p.status);
		bytes_add_text(&out, ",\"reason\":");
		bytes_add_json(&out, str_of(p.reason));
		bytes_add_char(&out, '}');
		if (*all == KEY_ACCEPTED)
			*all = p.verdict;
	}
	bytes_add_text(&out, "]}\n");
	print_bytes(&out);
}

int
key_probe(struct keyring *k)
{
	const char *name = given_arg(k->given, 1);
	size_t i = key_store_find(k->store, name, 0);
	enum key_verdict all = KEY_ACCEPTED;
	struct key_targets targets;
	struct fault why = { 0 };
	size_t len;
	int code;

	if (i == SIZE_MAX)
		return key_unknown(k, name);
	len = key_store_value(k->store, i, k->room, &why);
	if (len == 0)
		return complain_fault(&why, EXIT_FAULTS);
	code = key_targets_make(k, name, (struct str){ k->room, len },
	    &targets);
	if (code == EXIT_OK && targets.count == 0)
		code = complain(EXIT_CANNOT,
		    "key probe: no upstream of %s sends '%s'; there is nobody "
		    "to ask",
		    k->settings, name);
	if (code == EXIT_OK && given_json(k->given))
		print_proofs(name, &targets, &all);
	else if (code == EXIT_OK)
		all = key_prove_all(&targets);
	key_targets_done(&targets);
	return code != EXIT_OK ? code : key_verdict_code(all);
}
