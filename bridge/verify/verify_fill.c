/* verify/verify_fill.c - a token, put where it stands in a sender's body. */
#include "verify/verify_scheme.h"

struct filling {
	const struct place *place;
	struct str body;
	struct str token;
	struct arena *arena;
	struct bytes *out;
	struct fault *why;
};

/* What stands in the body from its start up to `at`, or from there on. */
static struct str
before(struct str body, const char *at)
{
	return str_span(body.at, at);
}

static struct str
behind(struct str body, const char *at)
{
	return str_span(at, body.at + body.len);
}

static int
no_memory(const struct filling *f)
{
	return fault_set(f->why, FAULT_BUSY, NULL,
	    "no memory to put the token into the body");
}

/* The member that an object lacks, behind its brace. */
static int
add_member(struct filling *f, struct str object, struct str path)
{
	const char *inside = object.at + 1;
	struct str rest = str_trim((struct str){ inside, object.len - 1 });
	struct bytes made;

	bytes_add_str(f->out, before(f->body, inside));
	bytes_init_in(&made, f->arena, (size_t)1 << 20);
	json_path_print(str_skip(path, str_starts(path, STR("."))), f->token,
	    &made);
	if (!bytes_ok(&made))
		return no_memory(f);
	/* Without the braces of an object of its own. */
	bytes_add(f->out, made.data + 1, made.len - 2);
	if (!str_starts(rest, STR("}")))
		bytes_add_char(f->out, ',');
	bytes_add_str(f->out, behind(f->body, inside));
	return 0;
}

static int
fill_json(struct filling *f)
{
	struct str value, left;
	enum verify_result result = json_path_span(f->body, f->place->name,
	    f->arena, &value, &left);

	if (result == VERIFY_MALFORMED)
		return fault_set(f->why, FAULT_UNSIGNED, NULL,
		    "the body is no JSON, or has '%.*s' twice",
		    STR_ARG(f->place->name));
	if (result != VERIFY_OK)
		return fault_set(f->why, FAULT_UNSIGNED, NULL,
		    "this sender's token is the JSON member '%.*s', and the "
		    "body has no object to put it into",
		    STR_ARG(f->place->name));
	if (left.len > 0)
		return add_member(f, value, left);
	bytes_add_str(f->out, before(f->body, value.at));
	bytes_add_json(f->out, f->token);
	bytes_add_str(f->out, behind(f->body, value.at + value.len));
	return 0;
}

static int
fill_form(struct filling *f)
{
	form_put(f->body, f->place->name, f->token, f->arena, f->out);
	return 0;
}

static int
fill(struct filling *f, const struct request *r)
{
	bool form = request_is_form(r);

	if (f->place->kind == PLACE_JSON && !form)
		return fill_json(f);
	if (f->place->kind == PLACE_FORM && form)
		return fill_form(f);
	return fault_set(f->why, FAULT_UNSIGNED, NULL,
	    "this sender's token is %s '%.*s', and the body is %s form",
	    form ? "the JSON member" : "the form's field",
	    STR_ARG(f->place->name), form ? "a" : "no");
}

int
verifier_fill(const struct verifier *v, const struct request *r,
    struct arena *arena, struct str *body, struct fault *why)
{
	struct bytes token, out;
	struct filling f = { .place = &v->signature,
		.body = r->body,
		.arena = arena,
		.out = &out,
		.why = why };

	if (v->type != SCHEME_TOKEN || !place_in_body(&v->signature))
		return 0;
	bytes_init_in(&token, arena, (size_t)16 << 10);
	bytes_add_str(&token, v->prefix);
	bytes_add_str(&token, v->keys[0].secret);
	f.token = bytes_str(&token);
	bytes_init_in(&out, arena, SIZE_MAX / 4);
	if (fill(&f, r) == -1)
		return -1;
	if (!bytes_ok(&token) || !bytes_ok(&out))
		return no_memory(&f);
	*body = bytes_str(&out);
	return 0;
}

bool
verify_place_said(const char *place, const struct request *r,
    struct arena *arena)
{
	struct place p;
	struct str value;

	return place_parse(str_of(place), &p) &&
	    (!place_in_body(&p) ||
	        request_is_form(r) == (p.kind == PLACE_FORM)) &&
	    place_read(&p, r, arena, &value) == VERIFY_OK;
}
