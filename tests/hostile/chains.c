/*
 * tests/hostile/chains.c - would the bridge trust these chains?
 *
 *	upstream_chain < CASES
 *
 * A case is a line, its fields apart by tabs: URL, TIME, ROOTS, LISTS, CHAIN.
 * The last three are PEM files: whom a target trusts (`ca`), its revocation
 * lists (`crl`), and what its server shows, its own certificate first. TIME
 * is Unix time. Of these, "-" is: nobody's name is asked for (suites of
 * chains may be of people, not of hosts), now, no lists.
 *
 * Each is verified as a handshake does, in the context that a target has.
 * Prints a line a case: "good", or what is wrong.
 */
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs/certs.h"
#include "upstream/upstream_target.h"

struct chain_case {
	char *url, *time, *roots, *lists, *chain;
};

/* What time it is for the bridge: the linker has it ask here (--wrap). */
static int64_t now_ms;

int64_t __wrap_clock_wall_ms(void);

int64_t
__wrap_clock_wall_ms(void)
{
	return now_ms;
}

static bool
is_said(const char *field)
{
	return strcmp(field, "-") != 0;
}

static int
but_for_the_name(int good, X509_STORE_CTX *chain)
{
	return good ||
	    X509_STORE_CTX_get_error(chain) == X509_V_ERR_HOSTNAME_MISMATCH;
}

/* What OpenSSL's handshake makes of a context, and of what was shown. */
static const char *
verify(SSL_CTX *tls, bool named, STACK_OF(X509) * shown)
{
	SSL_verify_cb asked = named ? SSL_CTX_get_verify_callback(tls)
	                            : but_for_the_name;
	X509_STORE_CTX *chain = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *rules;
	const char *wrong = "good";

	if (chain == NULL ||
	    X509_STORE_CTX_init(chain, SSL_CTX_get_cert_store(tls),
	        sk_X509_value(shown, 0), shown) != 1 ||
	    X509_STORE_CTX_set_default(chain, "ssl_server") != 1 ||
	    X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(chain),
	        SSL_CTX_get0_param(tls)) != 1)
		bug("out of memory for a chain");
	rules = X509_STORE_CTX_get0_param(chain);
	X509_VERIFY_PARAM_set_auth_level(rules,
	    SSL_CTX_get_security_level(tls));
	X509_VERIFY_PARAM_set_time(rules, (time_t)(now_ms / 1000));
	if (asked != NULL)
		X509_STORE_CTX_set_verify_cb(chain, asked);
	if (X509_verify_cert(chain) != 1)
		wrong = X509_verify_cert_error_string(
		    X509_STORE_CTX_get_error(chain));
	X509_STORE_CTX_free(chain);
	return wrong;
}

static SSL_CTX *
context_of(const struct chain_case *c, struct fault *why)
{
	const char *text = is_said(c->url) ? c->url : "https://nobody.test";
	struct tls_rules rules = { .ca = c->roots, .tls_min = TLS1_2_VERSION };
	const char *problem;
	struct url url;

	if (!url_parse(str_of(text), &url, &problem)) {
		fault_set(why, FAULT_SETTINGS, NULL, "%s", problem);
		return NULL;
	}
	if (is_said(c->lists))
		rules.crl = c->lists;
	return tls_context_new(&url, &rules, why);
}

static void
judge(const struct chain_case *c)
{
	struct fault why = { 0 };
	STACK_OF(X509) *shown = NULL;
	SSL_CTX *tls;

	now_ms = (is_said(c->time) ? atoll(c->time) : time(NULL)) * 1000;
	tls = context_of(c, &why);
	if (tls != NULL)
		shown = cert_list_read(c->chain, &why);
	puts(shown != NULL ? verify(tls, is_said(c->url), shown) : why.text);
	sk_X509_pop_free(shown, X509_free);
	SSL_CTX_free(tls);
}

static bool
read_case(char *line, struct chain_case *c)
{
	char **fields[] = { &c->url, &c->time, &c->roots, &c->lists,
		&c->chain };

	line[strcspn(line, "\n")] = '\0';
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		*fields[i] = strsep(&line, "\t");
	return c->chain != NULL && line == NULL;
}

int
main(void)
{
	struct chain_case c;
	char *line = NULL;
	size_t room = 0;
	int rc = 0;

	while (rc == 0 && getline(&line, &room, stdin) != -1) {
		if (read_case(line, &c))
			judge(&c);
		else
			rc = 2;
	}
	if (rc != 0)
		fprintf(stderr, "upstream_chain: not a case of five fields\n");
	free(line);
	return rc;
}
