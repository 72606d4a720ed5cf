/*
 * sandbox/sandbox_store.c - leads in memory, and how an update changes one.
 *
 * A lead is the object GET answers with: leadId, then its fields. The
 * published contract does not say how every field merges; what is written
 * here is what its other pages imply, one row a field.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lead/lead.h"
#include "sandbox/sandbox_parts.h"

struct store {
	json_t *leads; /* id -> lead */
	bool any;
	unsigned notes; /* made so far; numbers their ids */
};

/* What the API adds to a note of its own accord. */
struct stamp {
	char created[40];
	unsigned *notes;
};

struct store *
store_new(const char *const *ids, bool any)
{
	struct store *s = base_alloc(sizeof(*s));

	s->any = any;
	s->leads = json_object();
	if (s->leads == NULL)
		goto fail;
	for (; ids != NULL && *ids != NULL; ids++)
		if (json_object_set_new(s->leads, *ids,
		        json_pack("{s:s}", "leadId", *ids)) == -1)
			goto fail;
	return s;
fail:
	store_free(s);
	return NULL;
}

void
store_free(struct store *s)
{
	if (s == NULL)
		return;
	json_decref(s->leads);
	base_free(s);
}

json_t *
store_copy(const struct store *s, struct str id)
{
	json_t *lead;

	if (!lead_id_valid(id))
		return NULL;
	lead = json_object_getn(s->leads, id.at, id.len);
	if (lead != NULL)
		return json_incref(lead);
	if (!s->any)
		return NULL;
	return json_pack("{s:s%}", "leadId", id.at, id.len);
}

/* The lead's own array of that name, made when it is not there. */
static json_t *
list_of(json_t *lead, const char *name)
{
	json_t *list = json_object_get(lead, name);

	if (json_is_array(list))
		return list;
	list = json_array();
	if (json_object_set_new(lead, name, list) == -1)
		return NULL;
	return list;
}

static size_t
find_answer(const json_t *answers, const json_t *key)
{
	size_t i;

	for (i = 0; i < json_array_size(answers); i++)
		if (json_equal(json_object_get(json_array_get(answers, i),
		                   "key"),
		        key))
			break;
	return i;
}

static enum update
delete_answers(json_t *lead, const json_t *keys, const struct stamp *stamp)
{
	json_t *answers = json_object_get(lead, "questionnaire");

	(void)stamp;
	for (size_t i = 0; i < json_array_size(keys); i++) {
		size_t at = find_answer(answers, json_array_get(keys, i));

		if (at < json_array_size(answers) &&
		    json_array_remove(answers, at) == -1)
			return UPDATE_BUSY;
	}
	return UPDATE_DONE;
}

static enum update
merge_answers(json_t *lead, const json_t *update, const struct stamp *stamp)
{
	json_t *answers = list_of(lead, "questionnaire");

	(void)stamp;
	for (size_t i = 0; i < json_array_size(update); i++) {
		json_t *answer = json_array_get(update, i);
		size_t at = find_answer(answers,
		    json_object_get(answer, "key"));

		if (at == STORE_ITEMS_MAX)
			return UPDATE_FULL;
		if ((at < json_array_size(answers)
		            ? json_array_set(answers, at, answer)
		            : json_array_append(answers, answer)) == -1)
			return UPDATE_BUSY;
	}
	return answers != NULL ? UPDATE_DONE : UPDATE_BUSY;
}

/* A note is an object, or a text alone; what it says of itself stays. */
static json_t *
stamped_note(json_t *note, const struct stamp *stamp)
{
	json_t *made = json_pack("{s:o, s:s, s:s}", "id",
	    json_sprintf("note_%u", ++*stamp->notes), "createdAt",
	    stamp->created, "createdBy", "api");

	if (made == NULL)
		return NULL;
	if ((json_is_string(note) ? json_object_set(made, "text", note)
	                          : json_object_update(made, note)) == 0)
		return made;
	json_decref(made);
	return NULL;
}

static enum update
append_notes(json_t *lead, const json_t *update, const struct stamp *stamp)
{
	json_t *notes = list_of(lead, "notes");

	if (notes == NULL)
		return UPDATE_BUSY;
	if (json_array_size(update) > STORE_ITEMS_MAX - json_array_size(notes))
		return UPDATE_FULL;
	for (size_t i = 0; i < json_array_size(update); i++)
		if (json_array_append_new(notes,
		        stamped_note(json_array_get(update, i), stamp)) == -1)
			return UPDATE_BUSY;
	return UPDATE_DONE;
}

/*
 * Fields that do not simply replace what was there, in the order in which
 * they act: an answer deleted and given in one update is there afterwards.
 */
static const struct merge {
	const char *field;
	enum update (*merge)(json_t *lead, const json_t *update,
	    const struct stamp *stamp);
} merges[] = {
	{ "deleteQuestionnaireKeys", delete_answers },
	{ "questionnaire", merge_answers },
	{ "notes", append_notes },
};

static bool
is_merged(const char *field)
{
	for (size_t i = 0; i < COUNT_OF(merges); i++)
		if (strcmp(merges[i].field, field) == 0)
			return true;
	return false;
}

static enum update
merge(json_t *lead, json_t *update, const struct stamp *stamp)
{
	const char *field;
	json_t *value;

	for (size_t i = 0; i < COUNT_OF(merges); i++) {
		enum update done;

		value = json_object_get(update, merges[i].field);
		if (value == NULL)
			continue;
		done = merges[i].merge(lead, value, stamp);
		if (done != UPDATE_DONE)
			return done;
	}
	json_object_foreach (update, field, value)
		if (!is_merged(field) &&
		    json_object_set(lead, field, value) == -1)
			return UPDATE_BUSY;
	return UPDATE_DONE;
}

static void
print_time(int64_t ms, char *out, size_t size)
{
	time_t seconds = ms / 1000;
	struct tm tm;
	char text[24] = "1970-01-01T00:00:00";

	if (gmtime_r(&seconds, &tm) != NULL)
		strftime(text, sizeof(text), "%FT%T", &tm);
	snprintf(out, size, "%s.%03dZ", text, (int)(ms % 1000));
}

enum update
store_update(struct store *s, struct str id, const json_t *update,
    int64_t now_ms)
{
	struct stamp stamp = { .notes = &s->notes };
	json_t *old = store_copy(s, id);
	json_t *lead = NULL, *parts = NULL;
	enum update done = UPDATE_UNKNOWN;

	if (old == NULL)
		goto out;
	done = UPDATE_FULL;
	if (json_object_size(s->leads) >= STORE_LEADS_MAX &&
	    json_object_getn(s->leads, id.at, id.len) == NULL)
		goto out;
	done = UPDATE_BUSY;
	lead = json_deep_copy(old);
	parts = json_deep_copy(update);
	if (lead == NULL || parts == NULL)
		goto out;
	print_time(now_ms, stamp.created, sizeof(stamp.created));
	done = merge(lead, parts, &stamp);
	if (done == UPDATE_DONE &&
	    json_object_setn(s->leads, id.at, id.len, lead) == -1)
		done = UPDATE_BUSY;
out:
	json_decref(parts);
	json_decref(lead);
	json_decref(old);
	return done;
}
