/* delivery/delivery_load.c - a route file, loaded and checked. */
#include <string.h>

#include "delivery/delivery_route.h"
#include "metrics/metrics.h"

static const struct name modes[] = {
	{ "relay", ROUTE_RELAY },
	{ "queue", ROUTE_QUEUE },
	{ "relay-or-queue", ROUTE_RELAY_OR_QUEUE },
	{ NULL, -1 },
};

static const struct name ambiguous[] = {
	{ "retry", AMBIGUOUS_RETRY },
	{ "dead-letter", AMBIGUOUS_DEAD },
	{ NULL, -1 },
};

static const struct name dead_letters[] = {
	{ "skip", DEAD_SKIP },
	{ "block", DEAD_BLOCK },
	{ NULL, -1 },
};

static const struct name methods[] = {
	{ "POST", 0 },
	{ "PUT", 1 },
	{ "PATCH", 2 },
	{ "GET", 3 },
	{ NULL, -1 },
};

const struct setting route_settings_table[] = {
	{ .name = "coalesce",
	    .kind = SETTING_BOOLEAN,
	    .at = offsetof(struct route_settings, coalesce),
	    .fallback = "false",
	    .help = "Waiting updates of one lead may go as one." },

	{ .name = "dedupe",
	    .kind = SETTING_TREE,
	    .at = offsetof(struct route_settings, dedupe),
	    .help = "What makes two events the same: \"id\", \"body\", "
	            "\"none\", or a list of paths." },

	{ .name = "handshake",
	    .kind = SETTING_TREE,
	    .at = offsetof(struct route_settings, handshake),
	    .rows = handshake_settings,
	    .help = "What the sender asks before it sends." },

	{ .name = "method",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct route_settings, method),
	    .fallback = "POST",
	    .help = "The HTTP method this route takes." },

	{ .name = "mode",
	    .kind = SETTING_NAME,
	    .at = offsetof(struct route_settings, mode),
	    .names = modes,
	    .fallback = "relay",
	    .help = "relay: the sender gets the API's answer. queue: 202, once "
	            "it is in the journal. relay-or-queue: the answer if it "
	            "comes in time, else 202." },

	{ .name = "on_ambiguous",
	    .kind = SETTING_NAME,
	    .at = offsetof(struct route_settings, on_ambiguous),
	    .names = ambiguous,
	    .fallback = "retry",
	    .help = "Where writes = \"append\" and an update may have been "
	            "applied: retry, or dead-letter." },

	{ .name = "on_dead_letter",
	    .kind = SETTING_NAME,
	    .at = offsetof(struct route_settings, on_dead_letter),
	    .names = dead_letters,
	    .fallback = "skip",
	    .help = "Whether a lead's later updates go on behind one that was "
	            "given up: skip, or block." },

	{ .name = "patience",
	    .kind = SETTING_DURATION,
	    .at = offsetof(struct route_settings, patience),
	    .min = 1000,
	    .max = 3600000,
	    .help = "How long the sender waits for an answer." },

	{ .name = "ping",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct route_settings, ping),
	    .help = "What tells a sender's test from an event: "
	            "\"json:type=ping\"; \"\" when nothing does." },

	{ .name = "public_url",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct route_settings, public_url),
	    .help = "Scheme and host the sender signed, behind a proxy." },

	{ .name = "rate",
	    .kind = SETTING_COUNT,
	    .at = offsetof(struct route_settings, rate),
	    .min = 0,
	    .max = 1000000,
	    .fallback = "0",
	    .help = "Proven events a second, over all workers; more get 429; "
	            "0: any number." },

	{ .name = "reply",
	    .kind = SETTING_TREE,
	    .at = offsetof(struct route_settings, reply),
	    .rows = reply_settings,
	    .shape = SETTING_NAMED,
	    .help = "What the sender is told, by what happened." },

	{ .name = "route",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct route_settings, path),
	    .required = true,
	    .help = "The path webhooks are posted to; {x} is a parameter." },

	{ .name = "secret",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct route_settings, secret),
	    .help = "Name of the sender's secret among the secrets." },

	{ .name = "sender",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct route_settings, sender),
	    .help = "Preset that says how the sender proves itself." },

	{ .name = "upstream",
	    .kind = SETTING_TEXT,
	    .at = offsetof(struct route_settings, upstream),
	    .required = true,
	    .help = "Name of the API among the upstreams." },

	{ .name = "verify",
	    .kind = SETTING_TREE,
	    .at = offsetof(struct route_settings, verify),
	    .rows = verify_settings,
	    .help = "How the sender proves itself, by hand." },

	{ .name = NULL },
};

static const config_setting_t *
member(const struct route *r, const char *name)
{
	return config_setting_get_member(settings_root(r->file), name);
}

static void
find_secret(const struct route *r, const struct secrets *secrets,
    struct verify_setup *setup, struct faults *all)
{
	const char *near;

	if (r->settings.secret == NULL)
		return;
	setup->secret = secrets_find(secrets, r->settings.secret);
	if (setup->secret != NULL)
		return;
	near = secrets_nearest(secrets, r->settings.secret);
	/* What stands there is not repeated: it may be the secret itself. */
	settings_fault(all, member(r, "secret"),
	    "secret: the settings have no secret of that name%s%s%s",
	    MEANT_ARG(near));
}

static void
load_ping(struct route *r, const config_setting_t *preset, struct faults *all)
{
	const char *text = r->settings.ping;

	if (text == NULL && preset != NULL)
		(void)config_setting_lookup_string(preset, "ping", &text);
	if (text == NULL || text[0] == '\0')
		return;
	r->ping = condition_new(text);
	if (r->ping == NULL)
		settings_fault(all, member(r, "ping"),
		    "ping: a place and a value are expected: "
		    "\"json:type=ping\", \"header:X-Event=ping\"");
}

static void
load_patience(struct route *r, const config_setting_t *preset,
    struct faults *all)
{
	struct sender_facts facts;

	r->patience_ms = r->settings.patience;
	if (r->patience_ms == 0 && preset != NULL &&
	    sender_facts_read(preset, r->settings.sender, &facts, all))
		r->patience_ms = facts.patience;
}

static void
check_handshake(const struct route *r, struct faults *all)
{
	const config_setting_t *at = member(r, "handshake");
	const char *conflict;

	if (r->handshake == NULL || r->verifier == NULL)
		return;
	conflict = handshake_conflict(r->handshake, r->verifier);
	if (conflict != NULL)
		settings_fault(all, at != NULL ? at : settings_root(r->file),
		    "handshake: %s", conflict);
}

/* What the preset says beside the proof, and the file in its place. */
static void
load_preset(struct route *r, const struct secrets *secrets,
    const struct secret *secret, struct faults *all)
{
	const config_setting_t *preset = NULL;
	struct handshake_setup setup = { .route = settings_root(r->file),
		.group = r->settings.handshake,
		.secrets = secrets,
		.secret = secret,
		.verifier = r->verifier };

	r->preset = verify_preset_open(r->settings.sender, all);
	if (r->preset != NULL)
		preset = settings_root(r->preset);
	setup.preset = preset != NULL
	    ? config_setting_get_member(preset, "handshake")
	    : NULL;
	r->handshake = handshake_new(&setup, all);
	check_handshake(r, all);
	r->reply = reply_map_new(preset != NULL
	        ? config_setting_get_member(preset, "reply")
	        : NULL,
	    r->settings.reply, all);
	load_ping(r, preset, all);
	load_patience(r, preset, all);
}

static void
load_verifier(struct route *r, const struct secrets *secrets,
    struct faults *all)
{
	struct verify_setup setup = { .route = settings_root(r->file),
		.sender = r->settings.sender,
		.group = r->settings.verify,
		.public_url = r->settings.public_url };
	struct verifier *v;

	if (secrets != NULL)
		find_secret(r, secrets, &setup, all);
	/* Without its secret only the scheme is checked. */
	setup.keyless = secrets == NULL ||
	    (setup.secret == NULL && r->settings.secret != NULL);
	v = verifier_new(&setup, all);
	if (setup.keyless)
		r->keyless = v;
	else
		r->verifier = v;
	load_preset(r, setup.keyless ? NULL : secrets, setup.secret, all);
}

static void
check_method(const struct route *r, struct faults *all)
{
	if (name_value(methods, str_of(r->settings.method)) == -1)
		settings_fault(all, member(r, "method"),
		    "method: one of \"POST\", \"PUT\", \"PATCH\", \"GET\" is "
		    "expected");
}

static void
find_target(struct route *r, const struct routes *all, struct faults *faults)
{
	struct nearest near;
	const char *found;

	nearest_start(&near, str_of(r->settings.upstream));
	for (size_t i = 0; i < all->target_count; i++) {
		const char *name = upstream_target_name(all->targets[i]);

		nearest_try(&near, name);
		if (strcmp(name, r->settings.upstream) == 0) {
			r->target = i;
			return;
		}
	}
	found = nearest_found(&near);
	settings_fault(faults, member(r, "upstream"),
	    "upstream: there is no upstream named '%s'%s%s%s",
	    r->settings.upstream, MEANT_ARG(found));
}

/* What the journal knows it by. */
static void
check_name(const struct route *r, const char *setting, const char *text,
    struct faults *all)
{
	if (r->settings.mode != ROUTE_RELAY && text != NULL &&
	    strlen(text) > JOURNAL_NAME_MAX)
		settings_fault(all, member(r, setting),
		    "%s: longer than the %d bytes that a journal keeps of it; "
		    "shorten it, or relay",
		    setting, JOURNAL_NAME_MAX);
}

/* What the journal has to know of the route's updates. */
static void
load_journal(struct route *r, bool journalled, struct faults *all)
{
	const struct route_settings *s = &r->settings;

	r->dedupe = dedupe_new(s->dedupe, all);
	if (s->mode != ROUTE_RELAY && !journalled)
		settings_fault(all, member(r, "mode"),
		    "mode: \"%s\" needs a journal; say where it is in the "
		    "settings: journal = { url = \"sqlite:journal.db\"; };",
		    name_text(modes, s->mode));
	check_name(r, "route", s->path, all);
	check_name(r, "upstream", s->upstream, all);
	if (r->mapping == NULL)
		return;
	if (mapping_writes(r->mapping) == MAPPING_APPEND && s->coalesce)
		settings_fault(all, member(r, "coalesce"),
		    "coalesce: updates that append cannot be merged");
	if (mapping_writes(r->mapping) == MAPPING_APPEND &&
	    s->on_ambiguous == AMBIGUOUS_DEAD)
		r->journal_flags |= JOURNAL_ONCE;
	if (s->on_dead_letter == DEAD_BLOCK)
		r->journal_flags |= JOURNAL_BLOCKS;
	if (s->coalesce)
		r->journal_flags |= JOURNAL_COALESCE;
}

struct route *
route_load(const char *file, const struct secrets *secrets,
    const struct routes *among, struct faults *all)
{
	struct route *r = base_alloc(sizeof(*r));
	size_t before = all->count;
	const config_setting_t *root;
	struct bytes proof;

	r->file = settings_open_shown(file, all);
	if (r->file == NULL)
		goto out;
	root = settings_root(r->file);
	settings_read_with(root, "", route_settings_table, mapping_settings,
	    &r->settings, all);
	if (r->settings.path != NULL && route_compile_path(r, all))
		r->metric = metrics_name(METRIC_ROUTES, r->settings.path);
	r->rate = route_rate_new(r->settings.rate);
	check_method(r, all);
	load_verifier(r, secrets, all);
	if (among != NULL && r->settings.upstream != NULL)
		find_target(r, among, all);
	r->mapping = mapping_compile(root, all);
	load_journal(r, among == NULL || among->journalled, all);
	bytes_init(&proof, (size_t)1 << 20);
	if (r->mapping != NULL && r->verifier != NULL &&
	    verifier_in_body(r->verifier, &proof))
		mapping_refuse_rest(r->mapping, bytes_str(&proof),
		    "would send the sender's secret, which is in the body; "
		    "map the other members by name",
		    all);
	bytes_done(&proof);
out:
	if (all->count > before) {
		route_close(r);
		r = NULL;
	}
	return r;
}

struct route *
route_open(const char *file, const struct secrets *secrets, struct faults *all)
{
	return route_load(file, secrets, NULL, all);
}

void
route_close(struct route *r)
{
	if (r == NULL)
		return;
	metrics_unname(METRIC_ROUTES, r->metric);
	verifier_free(r->verifier);
	verifier_free(r->keyless);
	handshake_free(r->handshake);
	condition_free(r->ping);
	dedupe_free(r->dedupe);
	reply_map_free(r->reply);
	route_rate_free(r->rate);
	settings_close(r->preset);
	mapping_free(r->mapping);
	settings_close(r->file);
	base_free(r->segments);
	base_free(r);
}

const char *
route_path(const struct route *r)
{
	return r->settings.path;
}

const char *
route_method(const struct route *r)
{
	return r->settings.method;
}

const char *
route_sender(const struct route *r)
{
	return r->settings.sender;
}

int64_t
route_patience(const struct route *r)
{
	return r->patience_ms;
}

const struct mapping *
route_mapping(const struct route *r)
{
	return r->mapping;
}

const struct verifier *
route_verifier(const struct route *r)
{
	return r->verifier;
}

struct str
route_delivery_id(const struct route *r, const struct request *request,
    struct arena *arena)
{
	const struct verifier *v = r->verifier != NULL ? r->verifier
	                                               : r->keyless;

	return v != NULL ? verifier_delivery_id(v, request, arena) : STR_NONE;
}
