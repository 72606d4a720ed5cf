/*
 * What a form costs that is refused: no more than what was read of it, and
 * that ends soon behind the ceiling it went over. The rest of the body is
 * memory that cannot be read: whoever looks at it is stopped by the machine.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "unit/decode/body_bench.h"

#define TYPE "multipart/form-data; boundary=b"
#define HEAD "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n"
#define PART HEAD "\r\n1\r\n"
#define ARENA ((size_t)256 << 10)

/* The first `open` bytes of a body of `len`, up to the next page's end. */
struct fenced {
	char *at;
	size_t len;
};

static struct fenced
fence(struct str text, size_t open)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct fenced f = { .len = text.len };
	size_t shut = (open + page - 1) / page * page;

	f.at = mmap(NULL, f.len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(f.at != MAP_FAILED);
	memcpy(f.at, text.at, text.len);
	assert_true(shut < f.len);
	assert_int_equal(mprotect(f.at + shut, f.len - shut, PROT_NONE), 0);
	return f;
}

/* Refused as too large, in a small arena and without a look past `open`. */
static void
assert_stops(struct str text, size_t open)
{
	struct fenced f = fence(text, open);
	struct arena *arena = arena_new(ARENA);
	struct fault why = { 0 };

	assert_null(decode_body(arena, STR(TYPE), (struct str){ f.at, f.len },
	    &decode_limits_default, &why));
	assert_int_equal(why.code, FAULT_TOO_LARGE);
	arena_free(arena);
	munmap(f.at, f.len);
}

static void
add_times(struct bytes *to, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bytes_add_text(to, text);
}

static void
reads_no_part_past_the_last_allowed(void **state)
{
	struct bytes body;

	(void)state;
	bytes_init(&body, (size_t)1 << 20);
	add_times(&body, PART, 10000);
	bytes_add_text(&body, "--b--\r\n");
	assert_true(bytes_ok(&body));
	assert_stops(bytes_str(&body), 1001 * (sizeof(PART) - 1));
	bytes_done(&body);
}

static void
reads_no_header_past_its_ceiling(void **state)
{
	struct bytes body;

	(void)state;
	bytes_init(&body, (size_t)2 << 20);
	bytes_add_text(&body, HEAD "X: ");
	add_times(&body, "0123456789abcdef", 65536);
	bytes_add_text(&body, "\r\n\r\n1\r\n--b--\r\n");
	assert_true(bytes_ok(&body));
	assert_stops(bytes_str(&body), 3 * 8192);
	bytes_done(&body);
}

static void
reads_no_more_headers_than_allowed(void **state)
{
	struct bytes body;

	(void)state;
	bytes_init(&body, (size_t)2 << 20);
	bytes_add_text(&body, HEAD);
	add_times(&body, "X: y\r\n", 100000);
	bytes_add_text(&body, "\r\n1\r\n--b--\r\n");
	assert_true(bytes_ok(&body));
	assert_stops(bytes_str(&body), 4096);
	bytes_done(&body);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_no_part_past_the_last_allowed),
		cmocka_unit_test(reads_no_header_past_its_ceiling),
		cmocka_unit_test(reads_no_more_headers_than_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
