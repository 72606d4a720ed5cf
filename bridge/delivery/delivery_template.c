/* delivery/delivery_template.c - the body of a reply, filled. */
#include <string.h>

#include "delivery/delivery_envelope.h"
#include "delivery/delivery_template.h"

#define BODY_CEILING ((size_t)1 << 20)

struct fill {
	const struct template_facts *facts;
	const struct answer *instead;
	struct envelope envelope;
	bool read; /* the envelope was looked at */
	char status[8];
};

static struct str
of_envelope(struct fill *f, struct str name)
{
	if (!f->read &&
	    !envelope_read(f->instead->body, f->facts->arena, &f->envelope))
		f->envelope.document = NULL;
	f->read = true;
	return f->envelope.document != NULL ? envelope_text(&f->envelope, name)
	                                    : STR_NONE;
}

static struct str
fill_code(struct fill *f)
{
	return of_envelope(f, STR("code"));
}

static struct str
fill_delivery(struct fill *f)
{
	return f->facts->delivery;
}

static struct str
fill_lead(struct fill *f)
{
	return f->facts->lead;
}

static struct str
fill_message(struct fill *f)
{
	return of_envelope(f, STR("message"));
}

static struct str
fill_status(struct fill *f)
{
	struct bytes b = { .data = f->status,
		.room = sizeof(f->status),
		.ceiling = sizeof(f->status) - 1 };

	bytes_add_int(&b, f->instead->status);
	return bytes_str(&b);
}

static const struct placeholder {
	const char *name;
	struct str (*value)(struct fill *f);
} placeholders[] = {
	{ "code", fill_code },
	{ "delivery", fill_delivery },
	{ "lead", fill_lead },
	{ "message", fill_message },
	{ "status", fill_status },
};

static const struct placeholder *
find_placeholder(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(placeholders); i++)
		if (str_eq(str_of(placeholders[i].name), name))
			return &placeholders[i];
	return NULL;
}

/* As it stands between the quotes of a JSON string. */
static void
add_json(struct bytes *out, struct str s)
{
	size_t quote = out->len;

	bytes_add_json(out, s);
	if (!bytes_ok(out))
		return;
	out->len -= 2;
	memmove(out->data + quote, out->data + quote + 1, out->len - quote);
	out->data[out->len] = '\0';
}

/* U+FFFE and U+FFFF. */
static bool
is_no_character(struct str s, size_t i)
{
	return s.len - i >= 3 && memcmp(s.at + i, "\xef\xbf", 2) == 0 &&
	    (unsigned char)s.at[i + 2] >= 0xbe;
}

/*
 * Of XML 1.0, where no control character can stand but white space, and not
 * all of Unicode.
 */
static void
add_xml(struct bytes *out, struct str s)
{
	static const char specials[] = "&<>\"'";
	static const char *const entities[] = { "&amp;", "&lt;", "&gt;",
		"&quot;", "&#39;" };

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];
		const char *special = memchr(specials, c, sizeof(specials) - 1);

		if (special != NULL) {
			bytes_add_text(out, entities[special - specials]);
		} else if (is_no_character(s, i)) {
			bytes_add_char(out, ' ');
			i += 2;
		} else {
			bytes_add_char(out, c < ' ' ? ' ' : s.at[i]);
		}
	}
}

static const struct kind {
	const char *type; /* "+x": whatever ends so */
	void (*add)(struct bytes *out, struct str s);
} kinds[] = {
	{ "application/json", add_json },
	{ "application/xml", add_xml },
	{ "text/html", add_xml },
	{ "text/plain", bytes_add_str },
	{ "text/xml", add_xml },
	{ "+json", add_json },
	{ "+xml", add_xml },
};

/* NULL: nobody knows how to escape for it. */
static const struct kind *
find_kind(const char *type)
{
	struct str rest = str_of(type != NULL ? type : kinds[0].type), media;

	if (!str_cut(&rest, ';', &media))
		return NULL;
	media = str_trim(media);
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct str name = str_of(kinds[i].type), end = media;

		if (name.at[0] == '+' && media.len > name.len)
			end = str_skip(media, media.len - name.len);
		if (str_eq_nocase(end, name))
			return &kinds[i];
	}
	return NULL;
}

/*
 * Takes the text up to the next placeholder, whose name is absent behind the
 * last one. Of "{{", one brace is text.
 */
static void
take_piece(struct str *rest, struct str *text, struct str *name)
{
	const char *from = rest->at, *end = from + rest->len;

	*name = STR_NONE;
	for (const char *at = from; at < end; at++) {
		const char *close = at + 1;

		if (*at != '{')
			continue;
		if (close < end && *close == '{') {
			*text = str_span(from, close);
			*rest = str_span(close + 1, end);
			return;
		}
		while (close < end &&
		    ((*close >= 'a' && *close <= 'z') || *close == '_'))
			close++;
		if (close == at + 1 || close == end || *close != '}')
			continue;
		*text = str_span(from, at);
		*name = str_span(at + 1, close);
		*rest = str_span(close + 1, end);
		return;
	}
	*text = *rest;
	*rest = str_span(end, end);
}

struct str
template_fill(const char *body, const char *type,
    const struct template_facts *facts, const struct answer *instead)
{
	struct str rest = str_of(body), text, name;
	const struct kind *kind = find_kind(type);
	struct fill f = { .facts = facts, .instead = instead };
	struct bytes out;

	if (memchr(rest.at, '{', rest.len) == NULL)
		return rest;
	bytes_init_in(&out, facts->arena, BODY_CEILING);
	while (rest.len > 0) {
		take_piece(&rest, &text, &name);
		bytes_add_str(&out, text);
		if (name.at != NULL && kind != NULL)
			kind->add(&out, find_placeholder(name)->value(&f));
	}
	if (!bytes_ok(&out))
		return STR_NONE;
	return out.len > 0 ? bytes_str(&out) : STR("");
}

static void
unknown_placeholder(const config_setting_t *at, const char *what,
    struct str name, struct faults *all)
{
	struct nearest near;
	const char *found;

	nearest_start(&near, name);
	for (size_t i = 0; i < COUNT_OF(placeholders); i++)
		nearest_try(&near, placeholders[i].name);
	found = nearest_found(&near);
	settings_fault(all, at,
	    "%s: body: there is no placeholder {%.*s}%s%s%s; write {{ for a "
	    "brace that is none",
	    what, STR_ARG(name), MEANT_ARG(found));
}

/* What would be sent is JSON, if it says so: a placeholder needs its quotes. */
static void
check_json(const config_setting_t *at, const char *what, const char *body,
    const char *type, struct faults *all)
{
	struct template_facts facts = { .delivery = STR("x"),
		.lead = STR("x"),
		.arena = arena_new((size_t)16 << 20) };
	struct answer instead = { .status = 400,
		.body = STR("{\"error\":{\"code\":\"x\",\"message\":\"x\"}}") };
	struct str filled = template_fill(body, type, &facts, &instead);
	struct fault why = { 0 };

	if (filled.at != NULL &&
	    decode_json(facts.arena, filled, &decode_limits_default, &why) ==
	        NULL)
		settings_fault(all, at,
		    "%s: body: is not JSON once it is filled in: %s (column "
		    "%u); placeholders of text stand in quotes, and another "
		    "type has to be said",
		    what, why.text, why.column);
	arena_free(facts.arena);
}

bool
template_check(const config_setting_t *at, const char *what, const char *body,
    const char *type, struct faults *all)
{
	struct str rest = str_of(body), text, name;
	const struct kind *kind = find_kind(type);
	size_t before = all->count, holes = 0;

	while (rest.len > 0) {
		take_piece(&rest, &text, &name);
		if (name.at == NULL)
			continue;
		holes++;
		if (find_placeholder(name) == NULL)
			unknown_placeholder(at, what, name, all);
	}
	if (holes > 0 && kind == NULL)
		settings_fault(all, at,
		    "%s: type: placeholders are escaped for JSON, XML, HTML "
		    "and text/plain; this is none of them",
		    what);
	if (holes > 0 && all->count == before && kind != NULL &&
	    kind->add == add_json)
		check_json(at, what, body, type, all);
	return all->count == before;
}
