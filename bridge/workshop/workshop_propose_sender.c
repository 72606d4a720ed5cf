/* workshop/workshop_propose_sender.c - who sent this, by its proof. */
#include <string.h>

#include "workshop/workshop_propose.h"
#include "verify/verify.h"

#define FALLBACK "generic"

/* True when text has the name in it, in any case. */
static bool
mentions(struct str text, struct str name)
{
	for (size_t i = 0; i + name.len <= text.len; i++)
		if (str_eq_nocase((struct str){ text.at + i, name.len }, name))
			return true;
	return false;
}

/*
 * The value of the first header of "header:X, Y" that is there; *rank is its
 * place among them. STR_NONE for other places.
 */
static struct str
header_of(const struct request *r, const char *place, size_t *rank)
{
	struct str rest = str_of(place), name;

	*rank = 0;
	if (!str_starts(rest, STR("header:")))
		return STR_NONE;
	rest = str_skip(rest, strlen("header:"));
	for (; str_cut(&rest, ',', &name); (*rank)++) {
		struct str value = request_header(r, str_trim(name));

		if (value.at != NULL)
			return value;
	}
	return STR_NONE;
}

/*
 * What the proof that a preset looks for is worth; 0: it is not there. A
 * header's name is a sender's own; a member of a body may be anybody's.
 */
static int
proof_score(const struct request *r, const config_setting_t *preset,
    struct arena *arena)
{
	const char *place = verify_option(preset, "signature");
	const char *prefix = verify_option(preset, "prefix");
	struct str value;
	size_t rank;

	if (place == NULL) { /* the type basic knows its header */
		place = "header:Authorization";
		prefix = "Basic ";
	}
	if (strncmp(place, "json:", 5) == 0 || strncmp(place, "form:", 5) == 0)
		return verify_place_said(place, r, arena) ? 3 : 0;
	value = header_of(r, place, &rank);
	if (value.at == NULL ||
	    (prefix != NULL && !str_starts(value, str_of(prefix))))
		return 0;
	return rank == 0 ? 10 : 9;
}

/* Presets of no sender's own: nearer than a sender who proves likewise. */
static bool
is_general(const char *name)
{
	static const char *const general[] = { FALLBACK, "basic", "query-token",
		"token" };

	for (size_t i = 0; i < COUNT_OF(general); i++)
		if (strcmp(name, general[i]) == 0)
			return true;
	return false;
}

/* How well a preset fits; 0: the proof it looks for is not there. */
static int
score_of(const char *name, const struct request *r, struct arena *arena)
{
	struct faults all = { 0 };
	struct settings_file *f = verify_preset_open(name, &all);
	struct str agent = request_header(r, STR("User-Agent"));
	int score = f != NULL ? proof_score(r, settings_root(f), arena) : 0;

	if (score > 0) {
		const char *id = verify_option(settings_root(f), "delivery_id");

		if (id != NULL && id[0] != '\0')
			score += verify_place_said(id, r, arena) ? 4 : -1;
		if (mentions(agent, str_of(name)))
			score += 2;
		if (is_general(name))
			score++;
	}
	settings_close(f);
	faults_done(&all);
	return score;
}

const char *
propose_sender(const struct request *r, struct arena *arena, struct bytes *ties)
{
	const char *best = FALLBACK, *name;
	int most = 0;

	for (size_t i = 0; (name = verify_preset_name(i)) != NULL; i++) {
		int score = score_of(name, r, arena);

		if (score > most) {
			most = score;
			best = name;
		}
	}
	for (size_t i = 0; (name = verify_preset_name(i)) != NULL; i++)
		if (name != best && most > 0 &&
		    score_of(name, r, arena) + 1 >= most)
			bytes_addf(ties, "%s%s", ties->len > 0 ? ", " : "",
			    name);
	return best;
}
