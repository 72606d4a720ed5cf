/* upstream/upstream_pins.c - SHA-256 of public keys, as RFC 7469 writes them.
 */
#include <stdio.h>
#include <string.h>

#include "upstream/upstream_pins.h"

#define PREFIX "sha256/"

static bool
parse(const char *text, unsigned char pin[CERT_PIN_SIZE])
{
	struct str s = str_of(text);

	return text != NULL && str_starts(s, STR(PREFIX)) &&
	    base64_decode(str_skip(s, strlen(PREFIX)), false, pin,
	        CERT_PIN_SIZE) == CERT_PIN_SIZE;
}

bool
pins_read(const config_setting_t *list, const char *what, struct pins *to,
    struct faults *all)
{
	size_t before = all->count;
	int count = 0;

	*to = (struct pins){ .count = 0 };
	if (list == NULL)
		return true;
	if (config_setting_is_array(list) || config_setting_is_list(list))
		count = config_setting_length(list);
	if (count == 0)
		settings_fault(all, list,
		    "%s.pins: a list [ \"" PREFIX "...\" ] is expected", what);
	to->list = base_alloc((size_t)count * sizeof(*to->list));
	for (int i = 0; i < count; i++)
		if (parse(config_setting_get_string_elem(list, i),
		        to->list[to->count]))
			to->count++;
		else
			settings_fault(all, list,
			    "%s.pins: number %d is no pin: \"" PREFIX
			    "\" and the SHA-256 of a public key (SPKI, in DER) "
			    "in base64, 44 characters, are expected",
			    what, i + 1);
	if (all->count == before)
		return true;
	pins_done(to);
	return false;
}

void
pins_done(struct pins *p)
{
	base_free(p->list);
	*p = (struct pins){ .count = 0 };
}

void
pin_print(const X509 *x, char text[PIN_TEXT_SIZE])
{
	unsigned char pin[CERT_PIN_SIZE];
	unsigned char base64[PIN_TEXT_SIZE - sizeof(PREFIX) + 1];

	text[0] = '\0';
	if (x == NULL || !cert_pin(x, pin))
		return;
	EVP_EncodeBlock(base64, pin, sizeof(pin));
	snprintf(text, PIN_TEXT_SIZE, PREFIX "%s", (const char *)base64);
}

static bool
holds(const struct pins *p, const unsigned char pin[CERT_PIN_SIZE])
{
	for (size_t i = 0; i < p->count; i++)
		if (memcmp(p->list[i], pin, CERT_PIN_SIZE) == 0)
			return true;
	return false;
}

bool
pins_hold(const struct pins *p, const STACK_OF(X509) * chain)
{
	unsigned char pin[CERT_PIN_SIZE];

	for (int i = 0; i < sk_X509_num(chain); i++)
		if (cert_pin(sk_X509_value(chain, i), pin) && holds(p, pin))
			return true;
	return false;
}
