/* base/base_names.c - name tables, and the name somebody may have meant. */
#include <string.h>

#include "base/base.h"

int
name_value(const struct name *table, struct str text)
{
	while (table->text != NULL && !str_eq(str_of(table->text), text))
		table++;
	return table->text != NULL ? table->value : -1;
}

const char *
name_text(const struct name *table, int value)
{
	while (table->text != NULL && table->value != value)
		table++;
	return table->text;
}

static char
fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '-' ? '_' : c;
}

#define WORD_MAX 48

/* Levenshtein over one row; case and '-' against '_' cost nothing. */
static size_t
edits(struct str a, struct str b)
{
	size_t row[WORD_MAX + 1];

	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t cost = diagonal +
			    (fold(a.at[i - 1]) != fold(b.at[j - 1]));

			diagonal = row[j];
			if (row[j] + 1 < cost)
				cost = row[j] + 1;
			if (row[j - 1] + 1 < cost)
				cost = row[j - 1] + 1;
			row[j] = cost;
		}
	}
	return row[b.len];
}

void
nearest_start(struct nearest *n, struct str word)
{
	*n = (struct nearest){ .word = word,
		.distance = word.len < 3 ? 1 : word.len / 3 };
}

void
nearest_try(struct nearest *n, const char *candidate)
{
	struct str other = str_of(candidate);
	size_t distance;

	if (n->word.len > WORD_MAX || other.len > WORD_MAX)
		return;
	distance = edits(n->word, other);
	if (distance < n->distance ||
	    (distance == n->distance && n->best == NULL)) {
		n->distance = distance;
		n->best = candidate;
	}
}

const char *
nearest_found(const struct nearest *n)
{
	return n->best;
}
