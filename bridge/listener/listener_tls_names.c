/*
 * listener/listener_tls_names.c - whom a client asks for.
 *
 * RFC 9525: names are those of the subject's alternative names; a wildcard is
 * a whole label, the first, and stands for exactly one.
 */
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "listener/listener_tls.h"

/* Of a host; a longer one is nobody's. */
#define HOST_MAX 253

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_host(struct str name)
{
	if (str_starts(name, STR("*.")))
		name = str_skip(name, 2);
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] <= ' ' || name.at[i] > '~' || name.at[i] == '*')
			return false;
	return name.len > 0 && name.len <= HOST_MAX;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct tls_name *)a)->text,
	    ((const struct tls_name *)b)->text);
}

static void
sort(struct tls_names *n)
{
	if (n->count > 1)
		qsort(n->list, n->count, sizeof(*n->list), compare);
}

static void
add(struct tls_names *n, struct str name, SSL_CTX *tls)
{
	char *text = base_print("%.*s", STR_ARG(name));

	for (char *c = text; *c != '\0'; c++)
		*c = lower(*c);
	n->list = base_grow(n->list, n->count + 1, sizeof(*n->list));
	n->list[n->count++] = (struct tls_name){ text, tls };
}

static const struct tls_name *
find(const struct tls_names *n, const char *text)
{
	const struct tls_name key = { .text = (char *)(uintptr_t)text };

	if (n->count == 0)
		return NULL;
	return bsearch(&key, n->list, n->count, sizeof(*n->list), compare);
}

static void
drop_doubles(struct tls_names *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->count; i++)
		if (kept > 0 &&
		    strcmp(n->list[kept - 1].text, n->list[i].text) == 0)
			base_free(n->list[i].text);
		else
			n->list[kept++] = n->list[i];
	n->count = kept;
}

void
names_read(const X509 *own, struct tls_names *to)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(own, NID_subject_alt_name, NULL,
	    NULL);

	*to = (struct tls_names){ .list = NULL };
	for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(all, i);
		struct str name;

		if (g->type != GEN_DNS)
			continue;
		name.at = (const char *)ASN1_STRING_get0_data(g->d.dNSName);
		name.len = (size_t)ASN1_STRING_length(g->d.dNSName);
		if (is_host(name))
			add(to, name, NULL);
	}
	GENERAL_NAMES_free(all);
	sort(to);
	drop_doubles(to);
}

size_t
names_join(struct tls_names *table, const struct tls_names *more, SSL_CTX *tls)
{
	const size_t before = table->count;

	for (size_t i = 0; i < more->count; i++) {
		/* Those added here are not sorted yet, and each is new. */
		const struct tls_names known = { table->list, before };

		if (find(&known, more->list[i].text) == NULL)
			add(table, str_of(more->list[i].text), tls);
	}
	sort(table);
	return table->count - before;
}

bool
names_equal(const struct tls_names *a, const struct tls_names *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->list[i].text, b->list[i].text) != 0)
			return false;
	return true;
}

SSL_CTX *
names_find(const struct tls_names *table, const char *host)
{
	char text[HOST_MAX + 1];
	size_t len = strlen(host);
	const struct tls_name *found;
	char *dot;

	if (len == 0 || len >= sizeof(text))
		return NULL;
	for (size_t i = 0; i <= len; i++)
		text[i] = lower(host[i]);
	found = text[0] != '*' ? find(table, text) : NULL;
	dot = strchr(text, '.');
	if (found == NULL && dot != NULL && dot > text) {
		*--dot = '*';
		found = find(table, dot);
	}
	return found != NULL ? found->tls : NULL;
}

void
names_done(struct tls_names *n)
{
	for (size_t i = 0; i < n->count; i++)
		base_free(n->list[i].text);
	base_free(n->list);
	*n = (struct tls_names){ .list = NULL };
}
