/* mapping/mapping_phone_short.c - the numbers that need no library. */
#include <string.h>

#include "mapping/mapping_phone_plan.h"

/* Digits of the library: of a national number, of a country code. */
#define NATIONAL_MIN 2
#define NATIONAL_MAX 17
#define CODE_MAX 3

/* A country code, a prefix for it and a number; who writes more is odd. */
#define TYPED_MAX 24
/* Two transforms may add to them: at the home of a number, and at its code. */
#define DIGITS_MAX (TYPED_MAX + 2 * PHONE_LITERAL)

struct number {
	size_t len;
	char at[DIGITS_MAX];
};

/* What somebody typed, without the marks. */
struct typed {
	bool plus;
	size_t len;
	char digits[TYPED_MAX];
};

enum length { LENGTH_OTHER, LENGTH_POSSIBLE, LENGTH_LONG };

/*
 * Digits, marks that people put between them, and a "+" in front of the first.
 * False when there is anything else. Two digits are a number to the library
 * only where no mark is beside them: they are not plain, either.
 */
static bool
read_typed(const char *text, size_t len, struct typed *t)
{
	t->plus = false;
	t->len = 0;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c >= '0' && c <= '9') {
			if (t->len == TYPED_MAX)
				return false;
			t->digits[t->len++] = c;
		} else if (c == '+') {
			if (t->plus || t->len > 0)
				return false;
			t->plus = true;
		} else if (c == '\0' || strchr(" -.()/", c) == NULL) {
			return false;
		}
	}
	return t->len > NATIONAL_MIN;
}

static struct str
number_str(const struct number *n)
{
	return (struct str){ n->at, n->len };
}

static void
drop(struct number *n, size_t count)
{
	n->len -= count;
	memmove(n->at, n->at + count, n->len);
}

/* What TestNumberLength() of the library says, as far as it matters here. */
static enum length
length_of(const struct phone_plan *p, size_t len)
{
	uint32_t bit = BIT(len < 31 ? len : 31);

	if ((p->number.lengths & bit) != 0)
		return LENGTH_POSSIBLE;
	return p->number.lengths < bit ? LENGTH_LONG : LENGTH_OTHER;
}

static bool
matches(struct phone_matcher *m, const struct phone_rule *r,
    const struct number *n)
{
	return phone_rule_match(m, r, number_str(n), true) != SIZE_MAX;
}

/* "00" and its like, unless a 0 is behind it: no country code begins so. */
static bool
strip_international(struct phone_matcher *m, const struct phone_plan *home,
    struct number *n)
{
	size_t taken = phone_rule_match(m, &home->international, number_str(n),
	    false);

	if (taken == SIZE_MAX || (taken < n->len && n->at[taken] == '0'))
		return false;
	drop(n, taken);
	return true;
}

/* The shortest country code the digits begin with; NULL when they do not. */
static const struct phone_plan *
strip_code(struct number *n)
{
	unsigned code = 0;

	for (size_t i = 0; i < CODE_MAX && i < n->len; i++) {
		const struct phone_plan *found;

		code = code * 10 + (unsigned)(n->at[i] - '0');
		if (code == 0)
			return NULL;
		found = phone_plan_of_code(code);
		if (found != NULL) {
			drop(n, i + 1);
			return found;
		}
	}
	return NULL;
}

/* Its digits, then the group, then what was not matched. */
static void
transform(const struct phone_transform *t, struct str group, struct str rest,
    struct number *n)
{
	memcpy(n->at, t->digits, t->len);
	memcpy(n->at + t->len, group.at, group.len);
	memcpy(n->at + t->len + group.len, rest.at, rest.len);
	n->len = t->len + group.len + rest.len;
}

/*
 * Takes off a national prefix ("0"), or puts an area code where one can be
 * told ("268$1"), unless that makes a number of this plan into none.
 */
static void
strip_national(struct phone_matcher *m, const struct phone_plan *p,
    struct number *n)
{
	struct number was = *n;
	struct str group;
	size_t taken;

	if (n->len == 0)
		return;
	taken = phone_rule_match(m, &p->national, number_str(n), false);
	if (taken == SIZE_MAX)
		return;
	group = phone_rule_group(m, &p->national, number_str(&was),
	    p->transform.group);
	if (group.len > 0)
		transform(&p->transform, group,
		    str_skip(number_str(&was), taken), n);
	else
		drop(n, taken);
	if (matches(m, &p->number, &was) && !matches(m, &p->number, n))
		*n = was;
}

/*
 * The code of the home in front, without "+" or "00": "1 415 555 2671". It is
 * one where the number is none of the plan with it, and is without.
 */
static bool
strip_own_code(struct phone_matcher *m, const struct phone_plan *home,
    struct number *n)
{
	struct number without = *n;

	if (strip_code(&without) != phone_plan_of_code(home->code))
		return false;
	strip_national(m, home, &without);
	if (length_of(home, n->len) != LENGTH_LONG &&
	    (matches(m, &home->number, n) ||
	        !matches(m, &home->number, &without)))
		return false;
	*n = without;
	return true;
}

/* True when it is a number of some kind (fixed, mobile, ...) of the plan. */
static bool
has_kind(struct phone_matcher *m, const struct phone_plan *p,
    const struct number *n)
{
	uint32_t bit = BIT(n->len);

	if (!matches(m, &p->number, n))
		return false;
	for (size_t i = 0; i < p->kind_count; i++)
		if ((p->kinds[i].lengths & bit) != 0 &&
		    matches(m, &p->kinds[i], n))
			return true;
	return false;
}

/*
 * True when the prefix is in use. Where regions share a code, the first one
 * decides whose leading digits these are, or who has such numbers.
 */
static bool
is_assigned(struct phone_matcher *m, const struct phone_plan *first,
    const struct number *n)
{
	for (const struct phone_plan *p = first; p != NULL; p = p->next) {
		if (p->leading.kind != RULE_NONE) {
			if (phone_rule_match(m, &p->leading, number_str(n),
			        false) != SIZE_MAX)
				return has_kind(m, p, n);
		} else if (has_kind(m, p, n)) {
			return true;
		}
	}
	return false;
}

/* As IsPossibleNumberWithReason() and, with assigned, IsValidNumber() say. */
static enum phone_result
check(struct phone_matcher *m, const struct phone_plan *first, bool assigned,
    const struct number *n)
{
	if (n->len < NATIONAL_MIN || n->len > NATIONAL_MAX ||
	    length_of(first, n->len) != LENGTH_POSSIBLE)
		return PHONE_NONE;
	if (assigned && !is_assigned(m, first, n))
		return PHONE_NONE;
	return PHONE_OK;
}

/*
 * As Parse() finds the plan and the national number. NULL when there is none,
 * or (with *odd) when the library has yet another way to look at it.
 */
static const struct phone_plan *
read_number(struct phone_matcher *m, const struct typed *t,
    const struct phone_plan *home, struct number *n, bool *odd)
{
	const struct phone_plan *plan = home;
	struct number stripped;
	enum length length;

	memcpy(n->at, t->digits, t->len);
	n->len = t->len;
	if (t->plus || (home != NULL && strip_international(m, home, n))) {
		plan = strip_code(n);
		*odd = plan == NULL && t->plus;
	} else if (home != NULL && strip_own_code(m, home, n)) {
		plan = phone_plan_of_code(home->code);
	}
	if (plan == NULL || n->len < NATIONAL_MIN)
		return NULL;
	stripped = *n;
	strip_national(m, plan, &stripped);
	length = length_of(plan, stripped.len);
	if (length == LENGTH_POSSIBLE || length == LENGTH_LONG)
		*n = stripped;
	return plan;
}

static void
print(unsigned code, const struct number *n, char out[PHONE_E164])
{
	char *at = out;

	*at++ = '+';
	for (unsigned unit = 100; unit > 0; unit /= 10)
		if (code >= unit)
			*at++ = (char)('0' + code / unit % 10);
	memcpy(at, n->at, n->len);
	at[n->len] = '\0';
}

bool
phone_short(const char *text, size_t len, const char *region, bool assigned,
    char out[PHONE_E164], enum phone_result *result)
{
	const struct phone_plan *home = phone_plan_of_region(region), *plan;
	struct phone_matcher m = { 0 };
	struct typed t;
	struct number n;
	bool odd = false;

	if (!read_typed(text, len, &t))
		return false;
	*result = PHONE_NONE;
	plan = read_number(&m, &t, home, &n, &odd);
	if (plan != NULL) {
		plan = phone_plan_of_code(plan->code);
		*result = check(&m, plan, assigned, &n);
	}
	phone_matcher_end(&m);
	if (odd || m.failed)
		return false;
	if (*result == PHONE_OK)
		print(plan->code, &n, out);
	return true;
}
