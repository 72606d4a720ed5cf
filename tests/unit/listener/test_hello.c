/*
 * tests/unit/listener/test_hello.c - what a client says of its hello's length,
 * cut into whatever pieces.
 */
#include <string.h>

#include "listener/listener_hello.h"
#include "unit/cmocka_all.h"

#define REC "\x16\x03\x01"

struct row {
	const char *name;
	struct str bytes; /* and then zeros, `more` of them */
	size_t more;
	bool fits;
};

static const struct row rows[] = {
	{ "a short one", { REC "\0\4\1\0\2\0", 9 }, 512, true },
	{ "the longest", { REC "\0\4\1\0\x40\0", 9 }, 0, true },
	{ "one byte more", { REC "\0\4\1\0\x40\1", 9 }, 0, false },
	{ "as OpenSSL allows", { REC "\0\4\1\2\1\x40", 9 }, 0, false },
	{ "any type of message", { REC "\0\4\xb\2\1\x40", 9 }, 0, false },
	{ "a header over two records", { REC "\0\1\1" REC "\0\3\2\1\x40", 14 },
	    0, false },
	{ "a header over records with nothing between",
	    { REC "\0\2\1\2" REC "\0\0" REC "\0\2\1\x40", 19 }, 0, false },
	{ "a change of ciphers between",
	    { REC "\0\4\1\0\0\0"
	          "\x14\3\3\0\1\1" REC "\0\4\1\2\1\x40",
	        24 },
	    0, false },
	{ "a second message in a record",
	    { REC "\0\xa\1\0\0\2\xff\xff\1\2\1\x40", 15 }, 0, false },
	{ "a message over two records is skipped as one",
	    { REC "\0\6\1\0\0\6\xff\xff" REC "\0\4\xff\xff\xff\xff", 20 }, 0,
	    true },
	{ "what is encrypted is not looked at", { "\x17\3\3\0\4\1\2\1\x40", 9 },
	    0, true },
	{ "no TLS", { "GET / HTTP/1.1\r\n\r\n", 18 }, 0, true },
};

static bool
fits_in_pieces(const struct row *row, size_t piece)
{
	static char bytes[1024];
	struct hello h = { .record = { .have = 0 } };
	size_t len = row->bytes.len + row->more, n;

	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, row->bytes.at, row->bytes.len);
	for (size_t i = 0; i < len; i += n) {
		n = len - i < piece ? len - i : piece;
		if (!hello_fits(&h, bytes + i, n))
			return false;
	}
	return true;
}

static void
test_the_length_is_seen_however_it_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (size_t piece = 1; piece < 32; piece++)
			if (fits_in_pieces(&rows[i], piece) != rows[i].fits)
				fail_msg("%s, %zu at a time", rows[i].name,
				    piece);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_length_is_seen_however_it_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
