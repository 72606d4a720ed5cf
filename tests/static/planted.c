/*
 * tests/static/planted.c - faults that every tool has to find.
 *
 * One that finds nothing here looks at nothing: static.py asks this first. It
 * is in no build.
 */
#include <stdlib.h>
#include <string.h>

long planted(long start);

long
planted(long start)
{
	long *list = malloc(2 * sizeof(*list));

	if (list == NULL)
		return -1;
	memset(list, '0', 2 * sizeof(*list)); /* the digit, not 0: for tidy */
	list[0] += start;
	return list[0] + list[1]; /* nobody frees it: for the others */
}
