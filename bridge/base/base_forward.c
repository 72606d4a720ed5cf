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

/* It stands for itself, within quotes. */
static bool
is_escaped(struct str text, size_t at)
{
	size_t slashes = 0;

	while (slashes < at && text.at[at - slashes - 1] == '\\')
		slashes++;
	return slashes % 2 == 1;
}

/*
 * Takes the last of "a, b, c". A comma within quotes parts nothing: a proxy may
 * quote the Host it was called with, which is a stranger's. Read from behind,
 * where the quotes are the proxy's, nothing further left can open one.
 */
static struct str
take_last(struct str *list)
{
	size_t start = list->len;
	bool quoted = false;
	struct str last;

	while (start > 0 && (quoted || list->at[start - 1] != ',')) {
		start--;
		if (list->at[start] == '"' && !is_escaped(*list, start))
			quoted = !quoted;
	}
	last = str_trim(str_skip(*list, start));
	list->len = start > 0 ? start - 1 : 0;
	return last;
}

static bool
is_hidden(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') || c == '.' || c == '_' || c == '-';
}

/* Digits; or a name that RFC 7239 lets a proxy give it, as in "_hidden". */
static bool
is_port(struct str s)
{
	if (s.len < 2 || s.at[0] != '_')
		return str_number(s, 65535) >= 0;
	for (size_t i = 1; i < s.len; i++)
		if (!is_hidden(s.at[i]))
			return false;
	return true;
}

/* "192.0.2.7", "192.0.2.7:80", "2001:db8::7", "[2001:db8::7]:80". */
static bool
read_node(struct str text, struct net_address *to)
{
	struct str host = text;

	if (text.len > 0 && text.at[0] == '[') {
		text = str_skip(text, 1);
		return str_cut(&text, ']', &host) && text.at != NULL &&
		    net_parse(host, to) &&
		    (text.len == 0 ||
		        (text.at[0] == ':' && is_port(str_skip(text, 1))));
	}
	if (net_parse(text, to))
		return true;
	return str_cut(&text, ':', &host) && text.at != NULL && is_port(text) &&
	    net_parse(host, to);
}

static struct str
unquoted(struct str s)
{
	if (s.len < 2 || s.at[0] != '"' || s.at[s.len - 1] != '"')
		return s;
	return (struct str){ s.at + 1, s.len - 2 };
}

/* Cuts "a=b" off the front of "a=b;c=d"; a ';' within quotes is of the value.
 */
static bool
cut_pair(struct str *element, struct str *pair)
{
	bool quoted = false;
	size_t n = 0;

	if (element->len == 0)
		return false;
	while (n < element->len && (quoted || element->at[n] != ';')) {
		if (element->at[n] == '"' && !is_escaped(*element, n))
			quoted = !quoted;
		n++;
	}
	*pair = (struct str){ element->at, n };
	*element = str_skip(*element, n < element->len ? n + 1 : n);
	return true;
}

/* The one "for" of "for=192.0.2.7;proto=https;by=...". */
static bool
read_element(struct str element, struct net_address *to)
{
	struct str pair, name, found = STR_NONE;

	while (cut_pair(&element, &pair)) {
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
