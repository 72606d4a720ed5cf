/* jsonpath/jsonpath_regex.c - I-Regexp to PCRE2, and matching. */
#include <string.h>

#include "jsonpath/jsonpath_regex.h"

/*
 * A dot takes eight bytes, and twice that when it has to be repeated; around
 * it all stand a few more.
 */
#define TRANSLATED_MAX (REGEX_PATTERN_MAX * 16 + 64)

/*
 * The DFA keeps the states it is in here, three ints each: the first size
 * does for any pattern people write, the last for all that compile.
 */
#define WORK_FIRST ((size_t)1 << 12)
#define WORK_LAST ((size_t)1 << 16)

/* Of a DFA run: calls it makes to itself, and KiB of heap for them. */
#define MATCH_CALLS_MAX 10000
#define MATCH_DEPTH_MAX 100
#define MATCH_HEAP_MAX 1024

/*
 * Where translating stands. States are counted as the matcher will have them,
 * those inside of a repetition as often as it may repeat them.
 */
struct source {
	const char *at;
	const char *end;
	struct bytes *out;
	bool atom;      /* something a quantifier may follow ... */
	bool group;     /* ... which is in parentheses, */
	size_t atom_at; /* its place in out, when it is not, */
	size_t weight;  /* and its states */
	unsigned open;  /* parentheses */
	size_t
	    states[REGEX_PATTERN_MAX + 1]; /* in each of them; [0]: outside */
};

static char
peek(const struct source *s)
{
	return s->at < s->end ? *s->at : '\0';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Adds the last atom's states so many times, stopping past the ceiling. */
static void
add_states(struct source *s, size_t times)
{
	size_t *sum = &s->states[s->open];
	size_t more;

	if (__builtin_mul_overflow(s->weight, times, &more) ||
	    more > REGEX_STATES_MAX)
		more = REGEX_STATES_MAX + 1;
	if (*sum <= REGEX_STATES_MAX)
		*sum += more;
}

static void
begin_atom(struct source *s)
{
	s->atom = true;
	s->group = false;
	s->atom_at = s->out->len;
	s->weight = 1;
	add_states(s, 1);
}

/* A character that stands for itself, whatever PCRE2 thinks of it. */
static void
put_literal(struct source *s, char c)
{
	bool plain = is_digit(c) || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || (unsigned char)c <= ' ' ||
	    (unsigned char)c >= 0x7F;

	if (!plain)
		bytes_add_char(s->out, '\\');
	bytes_add_char(s->out, c);
}

/* What is left of a character of several bytes. */
static void
put_rest(struct source *s)
{
	while (s->at < s->end && ((unsigned char)*s->at & 0xC0) == 0x80)
		bytes_add_char(s->out, *s->at++);
}

static const struct category {
	char major;
	const char *minor;
} categories[] = {
	{ 'L', "lmotu" },
	{ 'M', "cen" },
	{ 'N', "dlo" },
	{ 'P', "cdefios" },
	{ 'Z', "lps" },
	{ 'S', "ckmo" },
	{ 'C', "cfno" },
};

/* At the p or P of \p{L} or \P{Lu}. */
static bool
take_category(struct source *s)
{
	const char *from = s->at++;
	size_t i = 0;

	if (peek(s) != '{')
		return false;
	s->at++;
	while (i < COUNT_OF(categories) && categories[i].major != peek(s))
		i++;
	if (i == COUNT_OF(categories))
		return false;
	s->at++;
	if (peek(s) != '\0' && strchr(categories[i].minor, peek(s)) != NULL)
		s->at++;
	if (peek(s) != '}')
		return false;
	s->at++;
	bytes_add_char(s->out, '\\');
	bytes_add_str(s->out, str_span(from, s->at));
	return true;
}

/* Behind a backslash: SingleCharEsc of the RFC. */
static bool
take_escape(struct source *s)
{
	char c = peek(s);

	if (c == '\0' || strchr("()*+-.?[\\]^nrt{|}", c) == NULL)
		return false;
	s->at++;
	bytes_add_char(s->out, '\\');
	bytes_add_char(s->out, c);
	return true;
}

/* One end of a range in a class, or a character alone. */
static bool
take_class_char(struct source *s)
{
	char c;

	if (s->at == s->end || *s->at == '-' || *s->at == '[' || *s->at == ']')
		return false;
	c = *s->at++;
	if (c == '\\')
		return take_escape(s);
	put_literal(s, c);
	put_rest(s);
	return true;
}

static bool
take_class_item(struct source *s)
{
	if (s->end - s->at > 1 && s->at[0] == '\\' &&
	    (s->at[1] == 'p' || s->at[1] == 'P')) {
		s->at++;
		return take_category(s);
	}
	if (!take_class_char(s))
		return false;
	if (s->end - s->at < 2 || s->at[0] != '-' || s->at[1] == ']')
		return true;
	bytes_add_char(s->out, *s->at++);
	return take_class_char(s);
}

/* At the '['. A '-' stands for itself only as the first or the last one. */
static bool
take_class(struct source *s)
{
	size_t items = 0;

	begin_atom(s);
	bytes_add_char(s->out, *s->at++);
	if (peek(s) == '^')
		bytes_add_char(s->out, *s->at++);
	for (; peek(s) != ']'; items++) {
		bool last = s->end - s->at > 1 && s->at[1] == ']';

		if (peek(s) == '-' && (items == 0 || last)) {
			put_literal(s, *s->at++);
			continue;
		}
		if (!take_class_item(s))
			return false;
	}
	bytes_add_char(s->out, *s->at++);
	return items > 0;
}

/*
 * The atom once more, any number of times: X+ is written XX*, and X{2,}
 * X{2}X*. The matcher would count how often it went through the shorter
 * forms, and each count were a state of its own.
 */
static void
repeat_atom(struct source *s, size_t len)
{
	char *room = bytes_reserve(s->out, len);

	if (room == NULL)
		return;
	memcpy(room, s->out->data + s->atom_at, len);
	s->out->len += len;
	bytes_add_char(s->out, '*');
	add_states(s, 1);
}

static struct str
take_digits(struct source *s)
{
	const char *from = s->at;

	while (is_digit(peek(s)))
		s->at++;
	return str_span(from, s->at);
}

/* {n}, {n,} or {n,m}; whether PCRE2 takes the numbers is left to it. */
static bool
take_range(struct source *s, size_t atom_len)
{
	const char *from = s->at++;
	struct str low = take_digits(s), high = low;
	int64_t times;

	if (peek(s) == ',') {
		s->at++;
		high = take_digits(s);
	}
	if (low.len == 0 || peek(s) != '}')
		return false;
	s->at++;
	if (high.len > 0 || s->group) {
		bytes_add_str(s->out, str_span(from, s->at));
	} else {
		bytes_addf(s->out, "{%.*s}", STR_ARG(low));
		repeat_atom(s, atom_len);
	}
	times = str_number(high.len > 0 ? high : low, REGEX_STATES_MAX);
	if (times != 0)
		add_states(s, times > 0 ? (size_t)times - 1 : SIZE_MAX);
	return true;
}

static bool
take_quantifier(struct source *s)
{
	size_t atom_len = s->out->len - s->atom_at;

	if (!s->atom)
		return false;
	s->atom = false;
	if (*s->at == '{')
		return take_range(s, atom_len);
	if (*s->at == '+' && !s->group)
		repeat_atom(s, atom_len);
	else
		bytes_add_char(s->out, *s->at);
	s->at++;
	return true;
}

static bool
take_group_sign(struct source *s)
{
	bool opens = *s->at++ == '(';

	if (!opens && s->open == 0)
		return false;
	bytes_add_text(s->out, opens ? "(?:" : ")");
	s->atom = !opens;
	s->group = !opens;
	if (opens) {
		s->states[++s->open] = 1;
	} else {
		s->weight = s->states[s->open--];
		add_states(s, 1);
	}
	return true;
}

static bool
take_backslash(struct source *s)
{
	begin_atom(s);
	s->at++;
	if (peek(s) == 'p' || peek(s) == 'P')
		return take_category(s);
	return take_escape(s);
}

/* A character of several bytes is one atom. */
static void
take_literal(struct source *s)
{
	begin_atom(s);
	put_literal(s, *s->at++);
	put_rest(s);
}

/*
 * A dot is any character but a line's end. '^' and '$' go through as they
 * are, as in the RFC's own mapping to PCRE (section 5.4): there they mean the
 * subject's ends.
 */
static bool
take_one(struct source *s)
{
	char c = *s->at;

	if (c == '(' || c == ')')
		return take_group_sign(s);
	if (c == '*' || c == '+' || c == '?' || c == '{')
		return take_quantifier(s);
	if (c == '[')
		return take_class(s);
	if (c == '\\')
		return take_backslash(s);
	if (c == ']' || c == '}')
		return false;
	if (c != '.' && c != '|' && c != '^' && c != '$') {
		take_literal(s);
		return true;
	}
	begin_atom(s);
	s->atom = c != '|';
	s->at++;
	if (c == '.')
		bytes_add_text(s->out, "[^\\n\\r]");
	else
		bytes_add_char(s->out, c);
	return true;
}

enum translation { TRANSLATED, NO_I_REGEXP, TOO_LARGE };

static enum translation
translate(struct str pattern, bool whole, struct bytes *out, size_t *states)
{
	struct source s = { .at = pattern.at,
		.end = pattern.at + pattern.len,
		.out = out };

	/* The matcher is anchored: it looks at each character once. */
	bytes_add_text(out, whole ? "(?:" : "(?s:.*)(?:");
	while (s.at < s.end)
		if (!take_one(&s))
			return NO_I_REGEXP;
	if (s.open > 0)
		return NO_I_REGEXP;
	bytes_add_text(out, whole ? ")\\z" : ")");
	*states = s.states[0] + 2;
	return bytes_ok(out) && *states <= REGEX_STATES_MAX ? TRANSLATED
	                                                    : TOO_LARGE;
}

/* Errors of PCRE2 about a pattern that is right but more than it takes. */
static bool
is_too_large(int error)
{
	return error == PCRE2_ERROR_QUANTIFIER_TOO_BIG ||
	    error == PCRE2_ERROR_PATTERN_TOO_LARGE ||
	    error == PCRE2_ERROR_PATTERN_TOO_COMPLICATED ||
	    error == PCRE2_ERROR_PATTERN_STRING_TOO_LONG ||
	    error == PCRE2_ERROR_PARENTHESES_NEST_TOO_DEEP ||
	    error == PCRE2_ERROR_HEAP_FAILED;
}

/* False when it is too large; what PCRE2 cannot read leaves code NULL. */
static bool
compile(struct regex *r, struct str text)
{
	PCRE2_SIZE offset;
	int error;

	r->code = pcre2_compile((PCRE2_SPTR)text.at, text.len,
	    PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_ANCHORED |
	        PCRE2_DOLLAR_ENDONLY | PCRE2_NO_AUTO_CAPTURE,
	    &error, &offset, NULL);
	return r->code != NULL || !is_too_large(error);
}

struct regex *
regex_new(struct str pattern, bool whole)
{
	struct regex *r;
	struct bytes text;
	enum translation done;

	if (pattern.len > REGEX_PATTERN_MAX)
		return NULL;
	r = base_alloc(sizeof(*r));
	bytes_init(&text, TRANSLATED_MAX);
	done = translate(pattern, whole, &text, &r->states);
	if (done == TRANSLATED && !compile(r, bytes_str(&text)))
		done = TOO_LARGE;
	bytes_done(&text);
	if (done != TOO_LARGE)
		return r;
	regex_free(r);
	return NULL;
}

void
regex_free(struct regex *r)
{
	if (r == NULL)
		return;
	pcre2_code_free(r->code);
	base_free(r);
}

static void *
take_from_arena(PCRE2_SIZE size, void *arena)
{
	return arena_take(arena, size);
}

static void
leave_in_arena(void *block, void *arena)
{
	(void)block, (void)arena;
}

static bool
scratch_ready(struct regex_scratch *s, struct arena *arena)
{
	pcre2_general_context *memory;

	if (s->work != NULL)
		return true;
	memory = pcre2_general_context_create(take_from_arena, leave_in_arena,
	    arena);
	if (memory == NULL)
		return false;
	s->data = pcre2_match_data_create(1, memory);
	s->limits = pcre2_match_context_create(memory);
	if (s->data == NULL || s->limits == NULL)
		return false;
	pcre2_set_match_limit(s->limits, MATCH_CALLS_MAX);
	pcre2_set_depth_limit(s->limits, MATCH_DEPTH_MAX);
	pcre2_set_heap_limit(s->limits, MATCH_HEAP_MAX);
	s->work = arena_take(arena, WORK_FIRST * sizeof(s->work[0]));
	s->work_room = WORK_FIRST;
	return s->work != NULL;
}

static bool
scratch_grow(struct regex_scratch *s, struct arena *arena)
{
	size_t had = s->work_room * sizeof(s->work[0]);
	int *work = arena_grow(arena, s->work, had, had * 4);

	if (work == NULL)
		return false;
	s->work = work;
	s->work_room *= 4;
	return true;
}

enum regex_result
regex_run(const struct regex *r, struct str subject,
    struct regex_scratch *scratch, struct arena *arena)
{
	int rc;

	if (r->code == NULL)
		return REGEX_NO;
	if (!scratch_ready(scratch, arena))
		return REGEX_NO_MEMORY;
	for (;;) {
		rc = pcre2_dfa_match(r->code, (PCRE2_SPTR)subject.at,
		    subject.len, 0, PCRE2_DFA_SHORTEST | PCRE2_NO_UTF_CHECK,
		    scratch->data, scratch->limits, scratch->work,
		    scratch->work_room);
		if (rc != PCRE2_ERROR_DFA_WSSIZE ||
		    scratch->work_room >= WORK_LAST)
			break;
		if (!scratch_grow(scratch, arena))
			return REGEX_NO_MEMORY;
	}
	if (rc >= 0)
		return REGEX_YES;
	if (rc == PCRE2_ERROR_NOMATCH)
		return REGEX_NO;
	return rc == PCRE2_ERROR_NOMEMORY ? REGEX_NO_MEMORY : REGEX_TOO_COSTLY;
}
