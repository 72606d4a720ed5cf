/*
 * trace/trace_parent.c - W3C Trace Context, read and printed.
 *
 * Nothing that a stranger wrote is passed on but what fits the grammar: a
 * traceparent is always printed anew.
 */
#include <string.h>

#include "trace/trace.h"

#define PARENT_LEN (TRACE_PARENT_SIZE - 1)
#define MEMBERS_MAX 32
#define KEY_MAX 256
#define TENANT_MAX 241
#define SYSTEM_MAX 14
#define VALUE_MAX 256

static bool
is_zero(const unsigned char *at, size_t n)
{
	while (n > 0 && at[n - 1] == 0)
		n--;
	return n == 0;
}

/* Lower case only, as the grammar has it. */
static bool
read_hex(struct str text, size_t at, unsigned char *out, size_t n)
{
	for (size_t i = 0; i < 2 * n; i++)
		if (text.at[at + i] >= 'A' && text.at[at + i] <= 'F')
			return false;
	return hex_decode((struct str){ text.at + at, 2 * n }, out, n) ==
	    (int64_t)n;
}

bool
trace_parent_parse(struct str text, struct trace_context *out)
{
	unsigned char version;

	if (text.len < PARENT_LEN || text.at[2] != '-' || text.at[35] != '-' ||
	    text.at[52] != '-')
		return false;
	if (!read_hex(text, 0, &version, 1) || version == 0xFF ||
	    !read_hex(text, 3, out->trace, TRACE_ID_SIZE) ||
	    !read_hex(text, 36, out->span, TRACE_SPAN_SIZE) ||
	    !read_hex(text, 53, &out->flags, 1))
		return false;
	/* Of a later version, what follows is not ours to read. */
	if (text.len > PARENT_LEN &&
	    (version == 0 || text.at[PARENT_LEN] != '-'))
		return false;
	if (version != 0)
		out->flags &= TRACE_SAMPLED;
	return !is_zero(out->trace, TRACE_ID_SIZE) &&
	    !is_zero(out->span, TRACE_SPAN_SIZE);
}

static char *
put_hex(char *at, const unsigned char *from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		*at++ = "0123456789abcdef"[from[i] >> 4];
		*at++ = "0123456789abcdef"[from[i] & 15];
	}
	return at;
}

void
trace_parent_print(const struct trace_context *c, char out[TRACE_PARENT_SIZE])
{
	char *at = out;

	*at++ = '0';
	*at++ = '0';
	*at++ = '-';
	at = put_hex(at, c->trace, TRACE_ID_SIZE);
	*at++ = '-';
	at = put_hex(at, c->span, TRACE_SPAN_SIZE);
	*at++ = '-';
	at = put_hex(at, &c->flags, 1);
	*at = '\0';
}

static bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_mark(char c)
{
	return c == '_' || c == '-' || c == '*' || c == '/';
}

static bool
is_key(struct str key, size_t most, bool digit_first)
{
	if (key.len == 0 || key.len > most ||
	    !(is_lower(key.at[0]) || (digit_first && is_digit(key.at[0]))))
		return false;
	for (size_t i = 1; i < key.len; i++)
		if (!is_lower(key.at[i]) && !is_digit(key.at[i]) &&
		    !is_mark(key.at[i]))
			return false;
	return true;
}

/* "vendor", or "tenant@vendor". */
static bool
is_vendor(struct str key)
{
	struct str system = key, tenant;

	(void)str_cut(&system, '@', &tenant);
	if (tenant.len == key.len)
		return is_key(key, KEY_MAX, false);
	return is_key(tenant, TENANT_MAX, true) &&
	    is_key(system, SYSTEM_MAX, false);
}

/* Its end was trimmed: a value may not end with a space. */
static bool
is_value(struct str value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.at[i] < ' ' || value.at[i] > '~' ||
		    value.at[i] == ',' || value.at[i] == '=')
			return false;
	return value.len > 0 && value.len <= VALUE_MAX;
}

static struct str
trim(struct str s)
{
	while (s.len > 0 && (*s.at == ' ' || *s.at == '\t'))
		s = str_skip(s, 1);
	while (s.len > 0 && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* An empty one is fine, and counts for nothing. */
static bool
is_member(struct str member, size_t *count)
{
	struct str value = member, key;

	if (member.len == 0)
		return true;
	(void)str_cut(&value, '=', &key);
	return key.len < member.len && is_vendor(key) && is_value(value) &&
	    ++*count <= MEMBERS_MAX;
}

bool
trace_state_valid(struct str text)
{
	struct str rest = text, member;
	size_t count = 0;

	if (text.len > TRACE_STATE_MAX)
		return false;
	while (str_cut(&rest, ',', &member))
		if (!is_member(trim(member), &count))
			return false;
	return count > 0;
}

static const struct str parent_name = { "traceparent", 11 };
static const struct str state_name = { "tracestate", 10 };

/* Several fields are one, as RFC 9110 5.3 puts them together. */
static struct str
join_states(const struct request *r, struct arena *arena)
{
	struct bytes all;

	bytes_init_in(&all, arena, TRACE_STATE_MAX + 1);
	for (size_t i = 0; i < r->header_count; i++) {
		if (!str_eq_nocase(r->headers[i].name, state_name))
			continue;
		if (all.len > 0)
			bytes_add_char(&all, ',');
		bytes_add_str(&all, r->headers[i].value);
	}
	return bytes_ok(&all) ? bytes_str(&all) : STR_NONE;
}

static struct str
state_of(const struct request *r, struct arena *arena)
{
	size_t count = request_header_count(r, state_name);
	struct str state = STR_NONE;

	if (count == 1)
		state = request_header(r, state_name);
	else if (count > 1)
		state = join_states(r, arena);
	return state.at != NULL && trace_state_valid(state) ? state : STR_NONE;
}

bool
trace_of_request(const struct request *r, struct arena *arena,
    struct trace_context *out, struct str *state)
{
	*state = STR_NONE;
	if (request_header_count(r, parent_name) != 1 ||
	    !trace_parent_parse(request_header(r, parent_name), out))
		return false;
	*state = state_of(r, arena);
	return true;
}

/* The 8-4-4-4-12 digits of a UUID without its dashes. */
bool
trace_of_delivery(const char *id, struct trace_context *out)
{
	char digits[2 * TRACE_ID_SIZE];
	size_t n = 0;

	*out = (struct trace_context){ .flags = 0 };
	if (!str_is_uuid(str_of(id)))
		return false;
	for (; *id != '\0'; id++)
		if (*id != '-')
			digits[n++] = *id;
	if (hex_decode((struct str){ digits, n }, out->trace, TRACE_ID_SIZE) !=
	    TRACE_ID_SIZE)
		return false;
	memcpy(out->span, out->trace + TRACE_ID_SIZE - TRACE_SPAN_SIZE,
	    TRACE_SPAN_SIZE);
	return !is_zero(out->span, TRACE_SPAN_SIZE);
}
