/* base/base_date.c - dates as HTTP has them. */
#include <string.h>
#include <time.h>

#include "base/base_http.h"

int64_t
http_date(struct str text)
{
	/* The first is the one that is sent nowadays. */
	static const char *const forms[] = { "%a, %d %b %Y %H:%M:%S GMT",
		"%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y" };
	char room[40];

	if (text.at == NULL || text.len >= sizeof(room))
		return -1;
	memcpy(room, text.at, text.len);
	room[text.len] = '\0';
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(room, forms[i], &tm);

		if (end != NULL && *end == '\0')
			return (int64_t)timegm(&tm);
	}
	return -1;
}

bool
http_retry_after(struct str value, int64_t now_ms, int64_t *ms)
{
	int64_t seconds = 0, date;
	size_t i = 0;

	value = str_trim(value);
	for (; i < value.len && value.at[i] >= '0' && value.at[i] <= '9'; i++)
		if (seconds < INT32_MAX)
			seconds = seconds * 10 + (value.at[i] - '0');
	if (i > 0 && i == value.len) {
		*ms = seconds * 1000;
		return true;
	}
	date = http_date(value);
	*ms = date * 1000 - now_ms;
	return date >= 0;
}
