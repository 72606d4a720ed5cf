/* base/base_forward.c - X-Forwarded-For and Forwarded (RFC 7239), backwards. */
#include <string.h>

#include "base/base.h"

const struct name forward_names[] = {
	{ "x-forwarded-for", FORWARD_X },
	{ "forwarded", FORWARD_RFC7239 },
	{ "none", FORWARD_NONE },
	{ NULL, -1 },
};

static const struct str headers[] = {
	[FORWARD_X] = { "X-Forwarded-For", 15 },
	[FORWARD_RFC7239] = { "Forwarded", 9 },
};

/*
 * Takes the last of "a, b, c". A comma within quotes is not looked for: no
 * address has one, and what is cut there is no address either.
 */
static struct str
take_last(struct str *list)
{
	size_t start = list->len;
	struct str last;

	while (start > 0 && list->at[start - 1] != ',')
		start--;
	last = str_trim(str_skip(*list, start));
	list->len = start > 0 ? start - 1 : 0;
	return last;
}

/* "192.0.2.7", "192.0.2.7:80", "2001:db8::7", "[2001:db8::7]:80". */
static bool
read_node(struct str text, struct net_address *to)
{
	struct str host = text;

	if (text.len > 0 && text.at[0] == '[') {
		text = str_skip(text, 1);
		return str_cut(&text, ']', &host) && text.at != NULL &&
		    net_parse(host, to) && (text.len == 0 || text.at[0] == ':');
	}
	if (net_parse(text, to))
		return true;
	return str_cut(&text, ':', &host) && text.at != NULL &&
	    str_number(text, 65535) >= 0 && net_parse(host, to);
}

static struct str
unquoted(struct str s)
{
	if (s.len < 2 || s.at[0] != '"' || s.at[s.len - 1] != '"')
		return s;
	return (struct str){ s.at + 1, s.len - 2 };
}

/* The one "for" of "for=192.0.2.7;proto=https;by=...". */
static bool
read_element(struct str element, struct net_address *to)
{
	struct str pair, name, found = STR_NONE;

	while (str_cut(&element, ';', &pair)) {
		if (!str_cut(&pair, '=', &name) ||
		    !str_eq_nocase(str_trim(name), STR("for")))
			continue;
		if (found.at != NULL || pair.at == NULL)
			return false;
		found = str_trim(pair);
	}
	return found.at != NULL && read_node(unquoted(found), to);
}

bool
forward_client(const struct request *r, enum forward header,
    const struct net_ranges *trusted, struct net_address *client)
{
	for (size_t i = r->header_count; header != FORWARD_NONE && i > 0; i--) {
		struct str list = r->headers[i - 1].value;

		if (!str_eq_nocase(r->headers[i - 1].name, headers[header]))
			continue;
		while (list.len > 0) {
			struct str last = take_last(&list);
			struct net_address a;

			if (header == FORWARD_X ? !read_node(last, &a)
			                        : !read_element(last, &a))
				return false;
			if (!net_ranges_hold(trusted, &a)) {
				*client = a;
				return true;
			}
		}
	}
	return false;
}
