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

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool
alike(struct str a, size_t i, struct str b, size_t j)
{
	return fold(a.at[i - 1]) == fold(b.at[j - 1]);
}

/*
 * Edits from a to b: insert, delete, replace, swap of neighbours. Case, and
 * '-' against '_', cost nothing. Rows i, i - 1 and i - 2 are kept.
 */
static size_t
edits(struct str a, struct str b)
{
	size_t rows[3][WORD_MAX + 1];

	for (size_t i = 0; i <= a.len; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];
		const size_t *two_above = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			if (i == 0) {
				row[j] = j;
				continue;
			}
			row[j] = least(least(above[j], row[j - 1]) + 1,
			    above[j - 1] + !alike(a, i, b, j));
			if (i > 1 && j > 1 && alike(a, i, b, j - 1) &&
			    alike(a, i - 1, b, j))
				row[j] = least(row[j], two_above[j - 2] + 1);
		}
	}
	return rows[a.len % 3][b.len];
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
