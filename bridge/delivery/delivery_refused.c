/* delivery/delivery_refused.c - fields the API refused, long after. */
#include <string.h>

#include "delivery/delivery_life.h"
#include "delivery/delivery_refused.h"

/* Behind the names, where not all find room. */
static const char more[] = ", ...";

struct telling {
	const struct refused_update *update;
	unsigned *lines; /* NULL: nothing is logged */
	char *names;     /* the end of the reason, and its room */
	size_t room;
};

static unsigned *
lines_of(struct refusals *all, const char *id)
{
	unsigned n = 0;

	while (n < REFUSALS && strcmp(all->last[n].id, id) != 0)
		n++;
	if (n == REFUSALS) {
		n = all->next++ % REFUSALS;
		memcpy(all->last[n].id, id, sizeof(all->last[n].id));
		all->last[n].lines = 0;
	}
	return &all->last[n].lines;
}

/* The lists of a path are as long as the methods it has. */
static bool
is_named(const char *names, struct str field)
{
	struct str rest = str_of(names), name;

	while (str_cut(&rest, ',', &name)) {
		if (str_starts(name, STR(": ")))
			name = str_skip(name, 2);
		if (str_eq(str_trim(name), field))
			return true;
	}
	return false;
}

static void
add_name(struct telling *t, struct str field)
{
	size_t used = strlen(t->names);

	if (field.at == NULL || is_named(t->names, field) ||
	    is_named(t->names, STR("...")))
		return;
	if (used + 2 + field.len + sizeof(more) <= t->room)
		snprintf(t->names + used, t->room - used, "%s%.*s",
		    used == 0 ? ": " : ", ", STR_ARG(field));
	else if (used > 0)
		snprintf(t->names + used, t->room - used, "%s", more);
}

static void
on_blamed(void *arg, const struct blamed *one)
{
	struct telling *t = arg;

	add_name(t, one->field);
	if (t->lines != NULL && *t->lines < BLAME_LINES) {
		++*t->lines;
		blame_log(t->update->id, t->update->route, one);
	}
}

/* Of a path, one a method: which of them it was, the item does not say. */
static void
look_up(struct blame *b, const struct routes *all, const char *path)
{
	for (size_t i = 0; all != NULL && i < all->count; i++)
		if (strcmp(route_path(all->list[i]), path) == 0)
			blame_lookup(b, route_mapping(all->list[i]));
}

void
refused_tell(const struct refused_update *u, char *reason, size_t room)
{
	size_t used = strlen(reason);
	struct telling t = { .update = u,
		.names = reason + used,
		.room = room - used };
	struct blame *b = blame_new(u->answer, u->scratch, on_blamed, &t);

	if (b == NULL)
		return;
	if (u->log != NULL && log_wants(LOG_LEVEL_WARNING))
		t.lines = lines_of(u->log, u->id);
	look_up(b, u->routes, u->route);
	blame_rest(b);
}
