/*
 * tests/hostile/timing.c - does the time of a refusal tell how much of a
 * forged signature was right, or whether a name or key in it is known?
 *
 *	verify_timing SAMPLES [mutant]
 *
 * For each scheme, two signatures that are wrong in one character, the first
 * or the last one, are checked in random order, SAMPLES times each. Then, for
 * each way to say whose a request is, one of somebody known and one of nobody
 * ("source:..."). Prints a line for each: its name, Welch's t of the two means
 * in cycles (of the fastest four fifths; what is slower was interrupted), the
 * means. |t| past 4.5 is a leak. "mutant" compares as a plain loop does, up to
 * the first byte that differs, and turns away without a look whom it does not
 * know: the same measurement has to find that.
 *
 * In this process, since a network only adds noise: what is not seen here is
 * seen nowhere.
 */
#include <dlfcn.h>
#include <math.h>
#include <sched.h>
#include <time.h>

#include <openssl/crypto.h>

#include "unit/verify/with_verifier.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define KEPT 0.8
#define TEXT_MAX 512

static int (*compare)(const void *, const void *, size_t);
static bool mutant;

/* The library's own, or what a careless program would have in its place. */
int
CRYPTO_memcmp(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *x = a, *y = b;

	if (!mutant)
		return compare(a, b, n);
	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return 1;
	return 0;
}

static uint64_t
ticks(void)
{
#if defined(__x86_64__)
	uint32_t low, high;

	__asm__ volatile("lfence\n\trdtsc\n\tlfence"
	                 : "=a"(low), "=d"(high)
	                 :
	                 : "memory");
	return (uint64_t)high << 32 | low;
#else
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
#endif
}

static uint64_t
dice(void)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	return x ^= x << 17;
}

static const struct scheme {
	const char *name;
	const char *sender; /* or NULL */
	const char *group;  /* or NULL */
	const char *secret;
} schemes[] = {
	{ "hmac-sha256-hex", NULL,
	    "type = \"hmac\"; signature = \"header:X-Sign\";", SECRET },
	{ "typeform", "typeform", NULL, SECRET },
	{ "github", "github", NULL, SECRET },
	{ "intercom", "intercom", NULL, SECRET },
	{ "slack", "slack", NULL, SECRET },
};

/*
 * Whose it is: two verifiers, and two texts of which each verifier knows one.
 * Both are refused, and neither the texts nor the verifiers count for what is
 * measured. A third text is turned away at once, for it has not the form.
 * Without texts: what each verifier signs, wrong in its last character.
 */
static const struct source {
	const char *name;
	const char *groups[2];
	const char *secrets[2][3];
	const char *header;
	const char *texts[3];
} sources[] = {
#define DIGITS                                                                 \
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HMAC "type = \"hmac\"; signature = \"header:X-Sign\"; "
#define OTHER "another-secret-of-the-same-route"
	/* leadbridge:wrong-password, egdirbdael:wrong-password */
	{ "source:basic-user",
	    { "type = \"basic\"; user = \"leadbridge\";",
	        "type = \"basic\"; user = \"egdirbdael\";" },
	    { { SECRET }, { SECRET } }, "Authorization",
	    { "Basic bGVhZGJyaWRnZTp3cm9uZy1wYXNzd29yZA==",
	        "Basic ZWdkaXJiZGFlbDp3cm9uZy1wYXNzd29yZA==",
	        "Basi  ZWdkaXJiZGFlbDp3cm9uZy1wYXNzd29yZA==" } },
	{ "source:key-name",
	    { HMAC "format = \"pairs\"; signature_key = \"key_one\";",
	        HMAC "format = \"pairs\"; signature_key = \"key_two\";" },
	    { { SECRET }, { SECRET } }, "X-Sign",
	    { "key_one|" DIGITS, "key_two|" DIGITS, "key_two-" DIGITS } },
	{ "source:one-of-two-secrets", { HMAC, HMAC },
	    { { SECRET, OTHER },
	        { "fedcba9876543210fedcba9876543210", OTHER } },
	    "X-Sign", { NULL } },
#undef OTHER
#undef HMAC
#undef DIGITS
};

/* Two forgeries of one signature, and the text of the request they go into. */
struct forgeries {
	char text[2][TEXT_MAX];
	char *sent;
	size_t len;
};

static bool
is_forged(struct bench *b, const struct forgeries *f, unsigned which)
{
	memcpy(f->sent, f->text[which], f->len);
	return bench_check(b) == VERIFY_FORGED;
}

/* Another of its kind: to decode a digit may take what a letter does not. */
static char
neighbour(char c)
{
	if (strchr("0aA", c) != NULL)
		return (char)(c + 1);
	return (char)(c - 1);
}

/* One character changed: the first from one end that makes it a forgery. */
static void
forge(struct bench *b, struct forgeries *f, unsigned which)
{
	for (size_t i = 0; i < f->len; i++) {
		char *c = &f->text[which][which == 0 ? i : f->len - 1 - i];
		char was = *c;

		*c = neighbour(was);
		if (is_forged(b, f, which))
			return;
		*c = was;
	}
	fail_msg("no forgery of it");
}

static void
forge_both(struct bench *b, struct forgeries *f)
{
	struct fault why = { 0 };
	struct header *h;

	assert_int_equal(bench_sign(b, &why), 0);
	h = &b->headers[b->request.header_count - 1];
	f->len = h->value.len;
	assert_true(f->len < TEXT_MAX);
	f->sent = arena_take(b->arena, f->len);
	assert_non_null(f->sent);
	for (unsigned i = 0; i < 2; i++)
		memcpy(f->text[i], h->value.at, f->len);
	h->value.at = f->sent;
	forge(b, f, 0);
	forge(b, f, 1);
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct moments {
	double n, mean, m2;
};

static void
moments_add(struct moments *m, double x)
{
	double d = x - m->mean;

	m->n++;
	m->mean += d / m->n;
	m->m2 += d * (x - m->mean);
}

/* What took longer than most of both is left out of both. */
static void
tell(const char *name, double *const took[2], const size_t count[2])
{
	size_t all = count[0] + count[1];
	double *sorted = base_alloc(all * sizeof(*sorted));
	struct moments m[2] = { 0 };
	double most;

	memcpy(sorted, took[0], count[0] * sizeof(*sorted));
	memcpy(sorted + count[0], took[1], count[1] * sizeof(*sorted));
	qsort(sorted, all, sizeof(*sorted), by_size);
	most = sorted[(size_t)((double)(all - 1) * KEPT)];
	base_free(sorted);
	for (unsigned i = 0; i < 2; i++)
		for (size_t k = 0; k < count[i]; k++)
			if (took[i][k] <= most)
				moments_add(&m[i], took[i][k]);
	printf("%s %.2f %.1f %.1f\n", name,
	    (m[0].mean - m[1].mean) /
	        sqrt(m[0].m2 / (m[0].n - 1) / m[0].n +
	            m[1].m2 / (m[1].n - 1) / m[1].n),
	    m[0].mean, m[1].mean);
}

/* Two kinds of times, and how many there are of each. */
struct times {
	double *took[2];
	size_t count[2], samples;
};

static void
times_start(struct times *t, size_t samples)
{
	*t = (struct times){ { base_alloc(samples * sizeof(**t->took)),
		                 base_alloc(samples * sizeof(**t->took)) },
		{ 0, 0 }, samples };
}

static bool
times_miss(const struct times *t)
{
	return t->count[0] < t->samples || t->count[1] < t->samples;
}

/* One more, of that kind or, where there are enough, of none. */
static void
times_add(struct times *t, unsigned kind, struct bench *b, char *sent,
    const char *text, size_t len)
{
	uint64_t since;
	bool refused;
	double took;

	memcpy(sent, text, len);
	since = ticks();
	refused = bench_check(b) != VERIFY_OK;
	took = (double)(ticks() - since);
	assert_true(refused);
	if (t->count[kind] < t->samples)
		t->took[kind][t->count[kind]++] = took;
}

static void
times_tell(struct times *t, const char *name)
{
	tell(name, t->took, t->count);
	base_free(t->took[0]);
	base_free(t->took[1]);
}

static void
measure_scheme(const struct scheme *s, size_t samples)
{
	struct forgeries f;
	struct times t;
	struct bench b;

	bench_start(&b);
	bench_verifier(&b, s->sender, s->group, s->secret, NULL);
	forge_both(&b, &f);
	times_start(&t, samples);
	while (times_miss(&t)) {
		unsigned which = dice() >> 40 & 1;

		times_add(&t, which, &b, f.sent, f.text[which], f.len);
	}
	times_tell(&t, s->name);
	bench_done(&b);
}

/* One of the two verifiers, and the header of its request. */
static void
begin_source(struct bench *b, const struct source *s, unsigned which,
    struct forgeries *f)
{
	const char *secrets[3] = { s->secrets[which][0], s->secrets[which][1],
		NULL };

	bench_start(b);
	bench_secrets(b, secrets);
	bench_verifier(b, NULL, s->groups[which], NULL, NULL);
	if (s->texts[0] == NULL) {
		forge_both(b, f); /* the second one is wanted */
		return;
	}
	f->len = strlen(s->texts[which]);
	memcpy(f->text[1], s->texts[which], f->len);
	bench_header(b, s->header, s->texts[which]);
	f->sent = arena_take(b->arena, f->len);
	assert_non_null(f->sent);
	b->headers[b->request.header_count - 1].value.at = f->sent;
}

static void
measure_source(const struct source *s, size_t samples)
{
	struct forgeries f[2];
	struct bench b[2];
	struct times t;

	begin_source(&b[0], s, 0, &f[0]);
	begin_source(&b[1], s, 1, &f[1]);
	assert_int_equal(f[0].len, f[1].len);
	times_start(&t, samples);
	while (times_miss(&t)) {
		unsigned whose = dice() >> 40 & 1, at = dice() >> 40 & 1;
		const char *text = f[whose].text[1];

		if (mutant && whose != at && s->texts[2] != NULL)
			text = s->texts[2];
		times_add(&t, whose != at, &b[at], f[at].sent, text, f[0].len);
	}
	times_tell(&t, s->name);
	bench_done(&b[0]);
	bench_done(&b[1]);
}

/* The counter of one processor is not another's. */
static void
stay_here(void)
{
	cpu_set_t here;
	int cpu = sched_getcpu();

	CPU_ZERO(&here);
	CPU_SET(cpu >= 0 ? (unsigned)cpu : 0, &here);
	(void)sched_setaffinity(0, sizeof(here), &here);
}

int
main(int argc, char **argv)
{
	int64_t samples = argc > 1 ? str_number(str_of(argv[1]), 100000000)
	                           : -1;

	if (samples < 100 || argc > 3 ||
	    (argc == 3 && strcmp(argv[2], "mutant") != 0)) {
		fprintf(stderr, "Usage: verify_timing SAMPLES [mutant]\n");
		return 2;
	}
	mutant = argc == 3;
	*(void **)&compare = dlsym(RTLD_NEXT, "CRYPTO_memcmp");
	if (compare == NULL)
		return 3;
	stay_here();
	for (size_t i = 0; i < COUNT_OF(schemes); i++)
		measure_scheme(&schemes[i], (size_t)samples);
	for (size_t i = 0; i < COUNT_OF(sources); i++)
		measure_source(&sources[i], (size_t)samples);
	return 0;
}
