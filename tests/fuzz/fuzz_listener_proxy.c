/*
 * tests/fuzz/fuzz_listener_proxy.c - PROXY headers of any bytes.
 *
 * Read as the listener does: never a byte behind the header, and never past
 * its ceiling. What is accepted is then written again from what was read, and
 * has to be read the same; and no beginning of it may be taken for all of it.
 */
#include <assert.h>
#include <string.h>

#include "listener/listener_proxy.h"

/* The header's length; 0 when there is none, or not all of it. */
static size_t
measure(const char *text, size_t size)
{
	size_t n = 0, want;

	while ((want = proxy_length(text, n)) > n) {
		assert(want <= PROXY_MAX);
		if (want > size)
			return 0;
		n = want;
	}
	assert(want == 0 || want == n);
	return want;
}

static void
check_beginnings(const char *text, size_t n)
{
	struct net_address client;

	for (size_t i = 0; i < n; i++) {
		size_t want = proxy_length(text, i);

		assert(want > i && want <= n);
		assert(proxy_read(text, i, &client) == PROXY_BAD);
	}
}

/* As version 1 has it, with the client where it belongs. */
static void
check_again(const struct net_address *client)
{
	char line[256], address[NET_TEXT_SIZE];
	struct net_address again;
	struct bytes out = { .data = line,
		.room = sizeof(line),
		.ceiling = sizeof(line) - 1 };
	const char *other = net_is_ipv4(client) ? "1.2.3.4" : "::1";

	net_print(client, address);
	/* An IPv4 address that came as IPv6 is written as the former. */
	bytes_addf(&out, "PROXY TCP%c %s %s 1 2\r\n",
	    net_is_ipv4(client) ? '4' : '6', address, other);
	if (!net_is_ipv4(client) && strchr(address, '.') != NULL)
		return; /* "::1.2.3.4": dots, and no IPv4 */
	assert(measure(line, out.len) == out.len);
	assert(proxy_read(line, out.len, &again) == PROXY_CLIENT);
	assert(memcmp(client, &again, sizeof(again)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct net_address client = { { 0 } };
	enum proxy_verdict verdict;
	size_t n;

	if (size > 2 * PROXY_MAX)
		return 0;
	n = measure(text, size);
	if (n == 0)
		return 0;
	verdict = proxy_read(text, n, &client);
	check_beginnings(text, n);
	if (verdict == PROXY_CLIENT)
		check_again(&client);
	return 0;
}
