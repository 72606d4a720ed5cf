/*
 * tests/fuzz/fuzz_secrets_keys.c - a key store's file of a stranger's making.
 *
 * What is read, printed and read again is printed the same; what is not read
 * says why.
 */
#include <stdlib.h>

#include "secrets/secrets_keys_text.h"

static void
print(const struct keys_text *t, struct bytes *out)
{
	bytes_init(out, 2 * KEYS_FILE_MAX);
	keys_text_print(t, out);
	keys_text_print_end(t, out);
	if (!bytes_ok(out))
		abort();
}

static void
check_same(const struct keys_text *t)
{
	struct fault why = { 0 };
	struct keys_text again;
	struct bytes first, second;

	print(t, &first);
	if (keys_text_read(&again, bytes_str(&first), "f", &why) == -1)
		abort();
	print(&again, &second);
	if (!str_eq(bytes_str(&first), bytes_str(&second)) ||
	    again.count != t->count)
		abort();
	keys_text_done(&again);
	bytes_done(&first);
	bytes_done(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fault why = { 0 };
	struct keys_text t;
	int rc = keys_text_read(&t, (struct str){ (const char *)data, size },
	    "f", &why);

	if ((rc == 0) != (why.code == FAULT_NONE))
		abort();
	if (rc == 0)
		check_same(&t);
	keys_text_done(&t);
	return 0;
}
