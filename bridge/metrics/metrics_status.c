/*
 * metrics/metrics_status.c - HTTP statuses, as values of a label.
 *
 * An API may answer anything from 200 to 599, and a series of each would be as
 * many series as the API likes: those that mean something to whoever looks
 * are told apart, the rest is "other".
 */
#include <string.h>

#include "metrics/metrics_table.h"

const char *const metric_statuses[METRIC_STATUSES] = { "other", "200", "201",
	"202", "204", "301", "302", "303", "307", "308", "400", "401", "402",
	"403", "404", "405", "406", "408", "409", "410", "411", "413", "414",
	"415", "421", "422", "423", "425", "428", "429", "431", "500", "501",
	"502", "503", "504", "520", "521", "522", "523", "524" };

unsigned
metric_status(int status)
{
	const char text[] = { (char)('0' + status / 100 % 10),
		(char)('0' + status / 10 % 10), (char)('0' + status % 10),
		'\0' };

	if (status < 100 || status > 999)
		return 0;
	for (unsigned i = 1; i < METRIC_STATUSES; i++)
		if (strcmp(metric_statuses[i], text) == 0)
			return i;
	return 0;
}
