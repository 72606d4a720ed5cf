/*
 * verify/verify_build.c - a verifier, from a preset and a verify group.
 *
 * Strict on purpose: a scheme that would let a changed body or a replayed
 * time through is refused when files load, not noticed in an incident.
 */
#include <string.h>

#include "verify/verify_build.h"

/* All texts of a settings file (at most 1 MiB), several times over. */
#define OWN_CEILING ((size_t)8 << 20)

/* The nearest setting to blame: the option, its group, sender, the route. */
static const config_setting_t *
place_of(const struct building *b, const char *option)
{
	const config_setting_t *group = b->setup->group, *found = NULL;

	if (group != NULL && config_setting_is_group(group))
		found = config_setting_get_member(group, option);
	if (found == NULL)
		found = group;
	if (found == NULL && b->setup->route != NULL)
		found = config_setting_get_member(b->setup->route, "sender");
	return found != NULL ? found : b->setup->route;
}

bool
refuse(const struct building *b, const char *option, const char *fmt, ...)
{
	const config_setting_t *place = place_of(b, option);
	struct bytes text;
	va_list ap;

	bytes_init(&text, 1024);
	if (b->setup->sender != NULL && b->setup->group == NULL)
		bytes_addf(&text, "sender '%s': ", b->setup->sender);
	else if (option[0] != '\0')
		bytes_addf(&text, "verify.%s: ", option);
	va_start(ap, fmt);
	bytes_addv(&text, fmt, ap);
	va_end(ap);
	if (place != NULL)
		settings_fault(b->all, place, "%s", bytes_str(&text).at);
	else
		faults_add(b->all, NULL, 0, "%s", bytes_str(&text).at);
	bytes_done(&text);
	return false;
}

static struct str
keep(const struct building *b, const char *text)
{
	return option_keep(b->v->own, text);
}

bool
is_misread(const struct building *b, const char *option)
{
	return option_is_misread(b->setup->group, option);
}

static bool
read_place(const struct building *b, const char *option, const char *text,
    struct place *to)
{
	if (text == NULL)
		return true;
	if (place_parse(keep(b, text), to))
		return true;
	return refuse(b, option,
	    "a place like \"header:X-Name\" or \"query:name\" is expected");
}

/* "X-{n}" is for signatures: a token has one place. */
static bool
read_signature_place(const struct building *b, const char *text)
{
	struct verifier *v = b->v;

	if (!place_parse_signature(keep(b, text), &v->signature) ||
	    (v->signature.kind == PLACE_NUMBERED && !scheme_is_signed(v->type)))
		return refuse(b, "signature",
		    "a place like \"header:X-Name\" or \"query:name\" is "
		    "expected");
	if (scheme_is_signed(v->type) && place_in_body(&v->signature) &&
	    !b->options.fields_only)
		return refuse(b, "signature",
		    "a signature cannot stand in the body it signs; "
		    "fields_only = true is for senders that sign fields of it");
	return true;
}

static bool
find_signature(const struct building *b)
{
	struct verifier *v = b->v;
	const char *where = b->options.signature;

	if (where == NULL && v->type == SCHEME_BASIC)
		where = "header:Authorization";
	if (where != NULL)
		return read_signature_place(b, where);
	if (is_misread(b, "signature"))
		return false;
	return refuse(b, "signature",
	    "is missing: where does the %s stand? \"header:X-Name\"",
	    scheme_is_signed(v->type) ? "signature" : "token");
}

static bool
build_delimiters(const struct building *b)
{
	const struct options *o = &b->options;
	const char *group = o->group_delimiter;
	struct verifier *v = b->v;
	bool ok = true;

	v->delimiter = o->delimiter[0];
	if (strlen(o->delimiter) != 1)
		ok = refuse(b, "delimiter", "one character is expected");
	if (group == NULL)
		return ok;
	v->group_delimiter = group[0];
	if (v->format != FORMAT_KV && v->format != FORMAT_POSITIONAL)
		return refuse(b, "group_delimiter",
		    "is for format = \"kv\" and \"positional\" only");
	if (strlen(group) != 1 || v->group_delimiter == v->delimiter)
		return refuse(b, "group_delimiter",
		    "one character is expected, another than delimiter");
	return ok;
}

static bool
build_signature(const struct building *b)
{
	const struct options *o = &b->options;
	struct verifier *v = b->v;
	bool ok;

	v->encoding = (enum signature_encoding)o->encoding;
	v->format = (enum signature_format)o->format;
	v->prefix = keep(b, o->prefix);
	v->signature_key = keep(b, o->signature_key);
	ok = find_signature(b);
	return build_delimiters(b) && ok;
}

/* "192.0.2.0/24, 2001:db8::/32" */
static bool
read_ranges(const struct building *b, const char *option, const char *text,
    struct net_ranges *to)
{
	struct str wrong;

	if (text == NULL ||
	    net_ranges_parse(keep(b, text), b->v->own, to, &wrong))
		return true;
	return refuse(b, option,
	    "'%.*s': an address like 192.0.2.7, or a range like 192.0.2.0/24 "
	    "or 2001:db8::/32 with nothing behind its prefix, is expected (at "
	    "most %d)",
	    STR_ARG(wrong), NET_RANGES_MAX);
}

static bool
build_addresses(const struct building *b)
{
	struct verifier *v = b->v;
	const struct options *o = &b->options;
	bool ok = read_ranges(b, "addresses", o->addresses, &v->addresses);

	ok &= read_ranges(b, "front", o->front, &v->front);
	if (v->type == SCHEME_IP && o->addresses == NULL &&
	    !is_misread(b, "addresses"))
		return refuse(b, "addresses",
		    "is missing: which addresses does the sender send from? "
		    "\"192.0.2.0/24\"");
	return ok;
}

static bool
build_clients(const struct building *b)
{
	struct verifier *v = b->v;
	const char *text = b->options.client_name;

	if (text == NULL && v->type == SCHEME_CLIENT &&
	    !is_misread(b, "client_name"))
		return refuse(b, "client_name",
		    "is missing: which name is in the sender's certificate? "
		    "\"sender.example.com\"");
	if (text == NULL || clients_parse(keep(b, text), v->own, &v->clients))
		return true;
	return refuse(b, "client_name",
	    "'%s': names of certificates, one or several with a comma between "
	    "them, are expected (at most %d)",
	    text, CLIENTS_MAX);
}

static bool
add_id_place(const struct building *b, struct str text, size_t i)
{
	struct verifier *v = b->v;
	struct place *to = i == 0 ? &v->delivery_id : &v->other_ids[i - 1];

	if (i > OTHER_IDS)
		return refuse(b, "delivery_id", "has more than %d places",
		    OTHER_IDS + 1);
	if (!place_parse(text, to) || to->kind == PLACE_QUERY)
		return refuse(b, "delivery_id",
		    "a place like \"header:X\", \"json:a.b\" or \"form:x\" "
		    "is expected, or several, as in \"header:X, json:a.b\"");
	v->other_id_count = i;
	return true;
}

static bool
build_delivery_id(const struct building *b)
{
	const char *option = b->options.delivery_id;
	struct str rest = option != NULL ? keep(b, option) : STR_NONE, text;

	for (size_t i = 0; place_cut(&rest, &text); i++)
		if (!add_id_place(b, text, i))
			return false;
	return true;
}

static bool
build_time(const struct building *b)
{
	const struct options *o = &b->options;
	struct verifier *v = b->v;
	bool ok = read_place(b, "timestamp", o->timestamp, &v->timestamp);

	if (v->format == FORMAT_KV)
		v->timestamp_key = keep(b, o->timestamp_key);
	else if (o->timestamp_key != NULL)
		ok = refuse(b, "timestamp_key", "is for format = \"kv\" only");
	if (time_is_beside(v) && v->timestamp.kind != PLACE_NOWHERE)
		ok = refuse(b, "timestamp",
		    "the time stands in one place: here, or at "
		    "timestamp_key, or first in the format positional");
	v->unit = (enum time_unit)o->timestamp_unit;
	v->enforce = o->timestamp_enforce;
	v->past_ms = o->tolerance;
	v->future_ms = o->tolerance_future > 0 ? o->tolerance_future
	                                       : o->tolerance;
	return ok;
}

/* The route's own path written into the address would stand there twice. */
static bool
ends_with_route(const struct building *b, struct str url)
{
	const char *route = NULL;
	struct str path;

	if (b->setup->route == NULL ||
	    config_setting_lookup_string(b->setup->route, "route", &route) !=
	        CONFIG_TRUE)
		return false;
	path = str_of(route);
	return path.len > 1 && url.len > path.len &&
	    str_eq(str_skip(url, url.len - path.len), path);
}

static bool
build_url(const struct building *b)
{
	struct verifier *v = b->v;
	const char *given = b->setup->public_url, *problem;
	struct str url;

	if (!recipe_has(&v->message, PART_URL))
		return true;
	v->any_port = b->options.url_any_port;
	v->any_user = b->options.url_any_user;
	v->decode_url = b->options.url_decode != 0;
	if (given == NULL && b->options.front != NULL)
		return true; /* the front says */
	if (given == NULL)
		return refuse(b, "message",
		    "the sender signs the address it posts to; say which, "
		    "with public_url = \"https://hooks.example.com\"");
	problem = url_problem(str_of(given));
	if (problem != NULL)
		return refuse(b, "message", "public_url: %s", problem);
	if (ends_with_route(b, str_of(given)))
		return refuse(b, "message",
		    "public_url: the path comes from the request; write what "
		    "stands before it, \"https://hooks.example.com\"");
	url = keep(b, given);
	while (url.at[url.len - 1] == '/')
		url.len--;
	v->bases[v->base_count++] = url;
	if (v->any_port) {
		url = url_other_port(url, v->own);
		if (url.at != NULL)
			v->bases[v->base_count++] = url;
	}
	return true;
}

static bool
build_message(const struct building *b)
{
	struct fault why = { 0 };
	bool ok;

	b->v->body_escaped = b->options.body_escaped;
	if (is_misread(b, "message"))
		return false;
	if (recipe_parse(str_of(b->options.message), b->v->own, &b->v->message,
	        &why) == -1)
		return refuse(b, "message", "%s", why.text);
	ok = read_place(b, "body_hash", b->options.body_hash, &b->v->body_hash);
	if (ok) /* or it would seem to sign no body */
		ok = check_coverage(b);
	return build_url(b) && ok;
}

static bool
build_user(const struct building *b)
{
	const char *user = b->options.user;

	if (b->v->type != SCHEME_BASIC)
		return true;
	if (user == NULL || user[0] == '\0' || strchr(user, ':') != NULL)
		return refuse(b, "user",
		    "the user name of HTTP Basic is expected, without a ':'");
	b->v->user = keep(b, user);
	return true;
}

static bool
build_keys(const struct building *b)
{
	const struct secret *secret = b->setup->secret;
	const char *public_key = b->options.public_key;
	enum key_form form = (enum key_form)b->options.key;
	struct fault why = { 0 };

	if (scheme_is_public(b->v->type) && public_key != NULL &&
	    secret == NULL) {
		if (keys_make_public(b->v, public_key, form, &why) == -1)
			return refuse(b, "public_key", "%s", why.text);
		return true;
	}
	if (secret == NULL)
		return refuse(b, "type",
		    "proof needs a secret; write secret = \"NAME\", one of "
		    "the names among secrets");
	if (keys_make(b->v, secret, form, &why) == -1)
		return refuse(b, "key", "secret '%s': %s", secret_name(secret),
		    why.text);
	return true;
}

/* No early way out: all that is wrong is said at once. */
static bool
build(const struct building *b)
{
	struct verifier *v = b->v;
	bool ok;

	v->type = (enum scheme_type)b->options.type;
	v->hash = &hashes[b->options.digest];
	ok = check_fit(b);
	ok &= build_delivery_id(b);
	if (v->type == SCHEME_NONE)
		return ok;
	ok &= build_addresses(b);
	ok &= build_clients(b);
	if (v->type == SCHEME_IP || v->type == SCHEME_CLIENT)
		return ok;
	ok &= build_signature(b);
	ok &= build_user(b);
	if (scheme_is_signed(v->type)) {
		ok &= build_time(b);
		ok &= build_message(b);
	}
	ok &= check_front(b);
	return (b->setup->keyless || build_keys(b)) && ok;
}

static bool
unknown_sender(const struct building *b)
{
	struct nearest near;
	const char *name, *found;

	nearest_start(&near, str_of(b->setup->sender));
	for (size_t i = 0; (name = verify_preset_name(i)) != NULL; i++)
		nearest_try(&near, name);
	found = nearest_found(&near);
	return refuse(b, "sender", "there is no sender of that name%s%s%s",
	    MEANT_ARG(found));
}

/* Opens the preset, if one is named; false with the fault added. */
static bool
open_preset(const struct building *b, struct settings_file **file)
{
	const char *sender = b->setup->sender;
	const struct preset *preset;
	char *name;

	if (sender == NULL && b->setup->group == NULL)
		return refuse(b, "",
		    "who may send? write sender = \"NAME\" or a verify "
		    "group; verify: { type = \"none\"; } lets everybody in");
	if (sender == NULL)
		return true;
	preset = preset_find(sender);
	if (preset == NULL)
		return unknown_sender(b);
	name = base_print("senders/%s.cfg", sender);
	*file = settings_parse(str_of(preset->text), name, b->all);
	base_free(name);
	return *file != NULL;
}

struct verifier *
verifier_new(const struct verify_setup *setup, struct faults *all)
{
	struct building b = { .setup = setup, .all = all };
	struct settings_file *preset = NULL;
	struct arena *own = arena_new(OWN_CEILING);
	bool ok = false;

	b.v = arena_take(own, sizeof(*b.v));
	if (b.v == NULL)
		bug("an arena holds no verifier");
	*b.v = (struct verifier){ .own = own };
	if (!open_preset(&b, &preset))
		goto out;
	ok = options_read(preset != NULL ? settings_root(preset) : NULL,
	    setup->sender, setup->group, &b.options, all);
	/* Also when it is not: all that is wrong is said at once. */
	if (b.options.type >= 0)
		ok = build(&b) && ok;

out:
	settings_close(preset);
	if (!ok) {
		verifier_free(b.v);
		b.v = NULL;
	}
	return b.v;
}

void
verifier_free(struct verifier *v)
{
	if (v == NULL)
		return;
	keys_free(v);
	arena_free(v->own);
}
