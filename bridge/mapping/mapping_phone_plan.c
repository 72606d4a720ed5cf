/* mapping/mapping_phone_plan.c - the library's tables, compiled. */
#include <string.h>

#include "mapping/mapping_phone_plan.h"

/* Country codes have one to three digits, regions two letters. */
#define CODES 1000
#define LETTERS 26

static struct phone_plan *by_code[CODES];
static struct phone_plan *by_region[LETTERS * LETTERS];

static bool
is_digits(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
	return true;
}

/* False when PCRE2 does not take what ICU did: then nothing is ours. */
static bool
make_rule(struct phone_rule *r, struct phone_pattern from)
{
	struct str text = str_of(from.text);
	PCRE2_SIZE offset;
	int error;

	r->lengths = from.lengths;
	if (text.len == 0)
		return true;
	if (text.len <= PHONE_LITERAL && is_digits(text)) {
		r->kind = RULE_LITERAL;
		r->len = text.len;
		memcpy(r->literal, text.at, text.len);
		return true;
	}
	r->kind = RULE_PATTERN;
	r->code = pcre2_compile((PCRE2_SPTR)text.at, text.len,
	    PCRE2_ANCHORED | PCRE2_DOLLAR_ENDONLY, &error, &offset, NULL);
	return r->code != NULL &&
	    pcre2_pattern_info(r->code, PCRE2_INFO_CAPTURECOUNT, &r->groups) ==
	    0 &&
	    r->groups <= PHONE_GROUPS;
}

/*
 * Digits and a group behind them. The library transforms where the second
 * group has a part in the match, the first where there is no second.
 */
static bool
make_transform(struct phone_transform *t, const struct phone_rule *national,
    const char *text)
{
	struct str s = str_of(text), digits;
	int64_t group;

	if (s.len == 0)
		return true;
	if (!str_cut(&s, '$', &digits) || !is_digits(digits) ||
	    digits.len > PHONE_LITERAL)
		return false;
	group = str_number(s, PHONE_GROUPS);
	if (group < 1 || group != (national->groups < 2 ? national->groups : 2))
		return false;
	t->group = (uint32_t)group;
	t->len = digits.len;
	memcpy(t->digits, digits.at, digits.len);
	return true;
}

/* What is for within an area is no full number, and shorter than some. */
static bool
make_plan(struct phone_plan *p, const struct phone_row *row)
{
	p->kind_count = row->kind_count;
	for (size_t i = 0; i < row->kind_count; i++)
		if (!make_rule(&p->kinds[i], row->kinds[i]))
			return false;
	return row->local_lengths < row->number.lengths &&
	    (row->local_lengths & row->number.lengths) == 0 &&
	    make_rule(&p->number, row->number) &&
	    make_rule(&p->leading, row->leading) &&
	    make_rule(&p->international, row->international) &&
	    make_rule(&p->national, row->national) &&
	    make_transform(&p->transform, &p->national, row->transform);
}

static struct phone_plan **
region_slot(const char *region)
{
	unsigned first = (unsigned char)region[0] - (unsigned)'A';
	unsigned second;

	if (first >= LETTERS)
		return NULL;
	second = (unsigned char)region[1] - (unsigned)'A';
	if (second >= LETTERS || region[2] != '\0')
		return NULL;
	return &by_region[first * LETTERS + second];
}

/* The main one of a code goes to the front, the others to the end. */
static void
add_to_code(struct phone_plan *p, bool main)
{
	struct phone_plan **at = &by_code[p->code];

	while (*at != NULL && !main)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
}

/* An "international" of nothing would match every number. */
static bool
take_row(const struct phone_row *row, void *unused)
{
	struct phone_plan **slot = region_slot(row->region);
	struct phone_plan *p;

	(void)unused;
	if (row->code == 0 || row->code >= CODES ||
	    row->kind_count > PHONE_KINDS ||
	    strlen(row->region) >= sizeof(p->region))
		return false;
	p = base_alloc(sizeof(*p));
	p->code = row->code;
	add_to_code(p, row->main);
	memcpy(p->region, row->region, strlen(row->region));
	if (!make_plan(p, row))
		return false;
	if (slot == NULL)
		return true;
	if (p->international.kind == RULE_NONE || *slot != NULL)
		return false;
	*slot = p;
	return true;
}

bool
phone_plans_make(const struct phone_library *library)
{
	return library->rows(take_row, NULL);
}

const struct phone_plan *
phone_plan_of_region(const char *region)
{
	struct phone_plan **slot = region_slot(region);

	return slot != NULL ? *slot : NULL;
}

const struct phone_plan *
phone_plan_of_code(unsigned code)
{
	return code < CODES ? by_code[code] : NULL;
}

void
phone_matcher_end(struct phone_matcher *m)
{
	if (m->data != NULL)
		pcre2_match_data_free(m->data);
}

static size_t
match_literal(const struct phone_rule *r, struct str digits, bool whole)
{
	if (digits.len < r->len || (whole && digits.len > r->len) ||
	    !short_same(digits.at, r->literal, r->len))
		return SIZE_MAX;
	return r->len;
}

static size_t
match_pattern(struct phone_matcher *m, const struct phone_rule *r,
    struct str digits, bool whole)
{
	uint32_t options = PCRE2_NO_UTF_CHECK;
	int found;

	if (m->data == NULL)
		m->data = pcre2_match_data_create(PHONE_GROUPS + 1, NULL);
	if (m->data == NULL) {
		m->failed = true;
		return SIZE_MAX;
	}
	if (whole)
		options |= PCRE2_ENDANCHORED;
	found = pcre2_match(r->code, (PCRE2_SPTR)digits.at, digits.len, 0,
	    options, m->data, NULL);
	if (found < 0) {
		m->failed |= found != PCRE2_ERROR_NOMATCH;
		return SIZE_MAX;
	}
	return pcre2_get_ovector_pointer(m->data)[1];
}

size_t
phone_rule_match(struct phone_matcher *m, const struct phone_rule *r,
    struct str digits, bool whole)
{
	if (r->kind == RULE_NONE)
		return SIZE_MAX;
	if (r->kind == RULE_LITERAL)
		return match_literal(r, digits, whole);
	return match_pattern(m, r, digits, whole);
}

struct str
phone_rule_group(const struct phone_matcher *m, const struct phone_rule *r,
    struct str digits, uint32_t group)
{
	const PCRE2_SIZE *at;

	if (r->kind != RULE_PATTERN || group == 0 || group > r->groups)
		return STR("");
	at = pcre2_get_ovector_pointer(m->data) + 2 * group;
	if (at[0] == PCRE2_UNSET)
		return STR("");
	return str_span(digits.at + at[0], digits.at + at[1]);
}
