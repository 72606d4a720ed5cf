/*
 * verify/verify_url.c - the address the sender signed.
 *
 * It is the public one, and behind a proxy only the operator knows it, or the
 * proxy, where it is trusted; the Host header is the sender's own word and no
 * proof of anything. Where a sender is known to write one address in two
 * ways, both are tried.
 */
#include <string.h>

#include "verify/verify_scheme.h"

struct origin {
	struct str scheme; /* "https://" */
	struct str host;
	struct str port; /* with its colon; may be empty */
	struct str path; /* may be empty */
};

static bool
split_origin(struct str url, struct origin *o)
{
	size_t end = 0, colon;

	o->scheme = str_starts(url, STR("https://")) ? STR("https://")
	    : str_starts(url, STR("http://"))        ? STR("http://")
	                                             : STR_NONE;
	if (o->scheme.at == NULL)
		return false;
	url = str_skip(url, o->scheme.len);
	while (end < url.len && url.at[end] != '/')
		end++;
	o->path = str_skip(url, end);
	/* From behind, and not into "[::1]". */
	for (colon = end; colon > 0; colon--)
		if (url.at[colon - 1] == ':' || url.at[colon - 1] == ']')
			break;
	if (colon == 0 || url.at[colon - 1] == ']')
		colon = end;
	else
		colon--;
	o->host = (struct str){ url.at, colon };
	o->port = (struct str){ url.at + colon, end - colon };
	return o->host.len > 0;
}

const char *
url_problem(struct str url)
{
	struct origin o;

	if (!split_origin(url, &o))
		return "an address like \"https://hooks.example.com\" is "
		       "expected";
	if (memchr(o.host.at, '@', o.host.len + o.port.len) != NULL)
		return "a user or password does not belong here";
	for (size_t i = 0; i < url.len; i++) {
		if (url.at[i] <= ' ' || url.at[i] == 0x7f)
			return "it holds a blank or a control character";
		if (url.at[i] == '?' || url.at[i] == '#')
			return "the query comes from the request; leave it out";
	}
	if (o.port.len > 0 && str_number(str_skip(o.port, 1), 65535) <= 0)
		return "the port is not a number from 1 to 65535";
	return NULL;
}

static struct str
join(struct str a, struct str b, struct str c, struct arena *arena)
{
	struct bytes url;

	bytes_init_in(&url, arena, a.len + b.len + c.len);
	bytes_add_str(&url, a);
	bytes_add_str(&url, b);
	bytes_add_str(&url, c);
	return bytes_ok(&url) ? bytes_str(&url) : STR_NONE;
}

struct str
url_other_port(struct str public_url, struct arena *own)
{
	struct origin o;
	struct str usual, start;

	if (!split_origin(public_url, &o))
		return STR_NONE;
	usual = str_eq(o.scheme, STR("https://")) ? STR(":443") : STR(":80");
	start = str_span(public_url.at, o.host.at + o.host.len);
	if (str_eq(o.port, usual))
		return join(start, STR(""), o.path, own);
	return o.port.len == 0 ? join(start, usual, o.path, own) : STR_NONE;
}

/*
 * HubSpot signs its address with these escapes, and no others, decoded.
 * (HubSpot's page on validating requests, version 3 of the signature.)
 */
static struct str
decode_some(struct str url, struct arena *arena)
{
	static const char decoded[] = ":/?@!$'()*,;";
	struct bytes out;

	bytes_init_in(&out, arena, url.len);
	for (size_t i = 0; i < url.len; i++) {
		bool whole = url.at[i] == '%' && url.len - i > 2;
		int high = whole ? hex_digit(url.at[i + 1]) : -1;
		int low = whole ? hex_digit(url.at[i + 2]) : -1;
		int c = high != -1 && low != -1 ? high << 4 | low : 0;

		if (c != 0 && strchr(decoded, c) != NULL)
			i += 2;
		else
			c = (unsigned char)url.at[i];
		bytes_add_char(&out, (char)c);
	}
	return bytes_ok(&out) ? bytes_str(&out) : STR_NONE;
}

/* What the trusted front was asked for: "https://hooks.example.com". */
static enum verify_result
forwarded_base(const struct verifier *v, const struct request *r,
    struct arena *arena, struct str *base)
{
	static const struct place scheme_at = { PLACE_HEADER,
		{ "X-Forwarded-Proto", sizeof("X-Forwarded-Proto") - 1 } };
	static const struct place host_at = { PLACE_HEADER,
		{ "X-Forwarded-Host", sizeof("X-Forwarded-Host") - 1 } };
	struct str scheme, host;
	enum verify_result result;

	if (!is_fronted(v, r))
		return VERIFY_STRANGER;
	result = place_header(&scheme_at, r, &scheme);
	if (result == VERIFY_OK)
		result = place_header(&host_at, r, &host);
	if (result != VERIFY_OK)
		return result;
	/* Of several proxies nobody says which one the sender saw. */
	if (memchr(host.at, ',', host.len) != NULL ||
	    memchr(host.at, '/', host.len) != NULL)
		return VERIFY_MALFORMED;
	*base = join(scheme, STR("://"), host, arena);
	return base->at != NULL && url_problem(*base) == NULL
	    ? VERIFY_OK
	    : VERIFY_MALFORMED;
}

/* As it stands in an address: what would end it there is escaped. */
static void
add_user(struct bytes *url, struct str user)
{
	for (size_t i = 0; i < user.len; i++) {
		const struct str c = { user.at + i, 1 };

		if (c.at[0] != '\0' && strchr("!$&'()*+,;=:", c.at[0]) != NULL)
			bytes_add_char(url, c.at[0]);
		else
			bytes_add_percent(url, c);
	}
}

/* The same address with the user and password the sender proves itself by. */
static struct str
with_user(struct str base, const struct request *r, struct arena *arena)
{
	struct str text = request_header(r, STR("Authorization")), scheme;
	unsigned char *plain;
	struct bytes url;
	struct origin o;
	int64_t len;

	if (!str_cut(&text, ' ', &scheme) || text.at == NULL ||
	    !str_eq_nocase(scheme, STR("Basic")) || !split_origin(base, &o))
		return STR_NONE;
	text = str_trim(text);
	plain = arena_take(arena, text.len);
	len = plain != NULL ? base64_decode(text, false, plain, text.len) : -1;
	if (len <= 0)
		return STR_NONE;
	bytes_init_in(&url, arena, base.len + 3 * (size_t)len + 1);
	bytes_add_str(&url, o.scheme);
	add_user(&url, (struct str){ (const char *)plain, (size_t)len });
	bytes_add_char(&url, '@');
	bytes_add_str(&url, str_skip(base, o.scheme.len));
	return bytes_ok(&url) ? bytes_str(&url) : STR_NONE;
}

#define BASES_MAX 4

/* All ways to write what stands before the target. */
static enum verify_result
gather_bases(const struct verifier *v, const struct request *r,
    struct arena *arena, struct str bases[BASES_MAX], size_t *count)
{
	size_t plain;

	*count = v->base_count;
	for (size_t i = 0; i < v->base_count; i++)
		bases[i] = v->bases[i];
	if (v->base_count == 0) {
		enum verify_result result = forwarded_base(v, r, arena,
		    &bases[0]);

		if (result != VERIFY_OK)
			return result;
		*count = 1;
		if (v->any_port)
			bases[1] = url_other_port(bases[0], arena);
		*count += v->any_port && bases[1].at != NULL;
	}
	plain = *count;
	for (size_t i = 0; v->any_user && i < plain; i++) {
		bases[*count] = with_user(bases[i], r, arena);
		*count += bases[*count].at != NULL;
	}
	return VERIFY_OK;
}

enum verify_result
urls_make(const struct verifier *v, const struct request *r, struct str target,
    struct arena *arena, struct urls *to)
{
	struct str bases[BASES_MAX];
	size_t count;
	enum verify_result result = gather_bases(v, r, arena, bases, &count);

	to->count = 0;
	for (size_t i = 0; result == VERIFY_OK && i < count; i++) {
		struct str plain = join(bases[i], target, STR(""), arena);
		struct str decoded = v->decode_url && plain.at != NULL
		    ? decode_some(plain, arena)
		    : plain;

		if (decoded.at == NULL)
			return VERIFY_MALFORMED;
		to->list[to->count++] = decoded;
		if (!str_eq(plain, decoded))
			to->list[to->count++] = plain;
	}
	return result;
}
