/* journal/journal_postgres_marks.c - where a claim begins to look. */
#include <string.h>

#include "journal/journal_postgres.h"

/* Of the database's clock, but for look_us. */
struct pg_marks {
	char target[JOURNAL_NAME_MAX + 1];
	int64_t low[PG_MARKS]; /* as claim() brought them */
	int64_t clock_ms;      /* when it did */
	int64_t soon_ms;       /* due by what was sent since */
	int64_t look_us;       /* when everything is to be looked at */
	bool whole;            /* a claim that does is under way */
};

/* Which of a claim's marks is when a lane that was tried is due next. */
#define LOW_NEXT 2

/* Looking at everything may take one part in so many of the time. */
#define LOOK_SHARE 1000

int64_t
pg_look_again_us(int64_t took_us)
{
	int64_t rest_us = took_us < PG_LOOK_MOST_US ? took_us * LOOK_SHARE
	                                            : PG_LOOK_MOST_US;

	if (rest_us < PG_LOOK_LEAST_US)
		return PG_LOOK_LEAST_US;
	return rest_us < PG_LOOK_MOST_US ? rest_us : PG_LOOK_MOST_US;
}

static struct pg_marks *
find_marks(const struct pg_store *s, struct str target)
{
	for (size_t i = 0; i < s->mark_count; i++)
		if (str_eq(str_of(s->marks[i].target), target))
			return &s->marks[i];
	return NULL;
}

/* Targets are upstreams of the settings: a few. */
static struct pg_marks *
make_marks(struct pg_store *s, struct str target)
{
	struct pg_marks *m = find_marks(s, target);

	if (m != NULL || target.len > JOURNAL_NAME_MAX)
		return m;
	s->marks = base_grow(s->marks, s->mark_count + 1, sizeof(*s->marks));
	m = &s->marks[s->mark_count++];
	*m = (struct pg_marks){ .soon_ms = INT64_MAX };
	memcpy(m->target, target.at, target.len);
	return m;
}

void
pg_add_marks(struct pg_store *s, struct str target)
{
	struct pg_marks *m = make_marks(s, target);
	int64_t now_us = clock_mono_us();

	if (m == NULL || now_us >= m->look_us) {
		for (int i = 0; i < PG_MARKS; i++)
			pg_add_int8(&s->params, 0);
		if (m == NULL)
			return;
		/* If it comes to nothing, it took too long. */
		m->look_us = now_us + PG_LOOK_MOST_US;
		m->whole = true;
	} else {
		if (m->soon_ms < m->low[LOW_NEXT])
			m->low[LOW_NEXT] = m->soon_ms;
		for (int i = 0; i < PG_MARKS; i++)
			pg_add_int8(&s->params, m->low[i]);
	}
	m->soon_ms = INT64_MAX;
}

void
pg_read_marks(struct pg_store *s, struct str target, const PGresult *r, int row,
    int column)
{
	struct pg_marks *m = find_marks(s, target);

	if (m == NULL)
		return;
	/* It may start no call, and has not looked. */
	if (pg_is_null(r, row, column)) {
		m->look_us = m->whole ? 0 : m->look_us;
		return;
	}
	for (int i = 0; i < PG_MARKS; i++)
		m->low[i] = pg_int(r, row, column + i);
	m->clock_ms = pg_int(r, row, column + PG_MARKS);
	if (m->whole)
		m->look_us = clock_mono_us() +
		    pg_look_again_us(pg_int(r, row, column + PG_MARKS + 1));
	m->whole = false;
}

/* Since it was asked the time, the database's clock has only gone on. */
void
pg_note_due(struct pg_store *s, struct str target, int64_t in_ms)
{
	struct pg_marks *m = find_marks(s, target);

	if (m != NULL && in_ms < m->soon_ms - m->clock_ms)
		m->soon_ms = m->clock_ms + in_ms;
}

void
pg_marks_doubt(struct pg_store *s)
{
	for (size_t i = 0; i < s->mark_count; i++)
		s->marks[i].look_us = 0;
}

void
pg_marks_done(struct pg_store *s)
{
	base_free(s->marks);
}
