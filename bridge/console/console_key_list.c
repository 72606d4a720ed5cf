/* console/console_key_list.c - what the key store holds, but for values. */
#include "console/console_key.h"

/* "3d", "5h", "2m": the largest unit that fits. */
static void
print_age(struct bytes *out, int64_t seconds)
{
	static const struct {
		int64_t of;
		char letter;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t i = 0;

	if (seconds < 0)
		seconds = 0;
	while (i + 1 < COUNT_OF(units) && seconds < units[i].of)
		i++;
	bytes_addf(out, "%lld%c", (long long)(seconds / units[i].of),
	    units[i].letter);
}

static void
print_text(const struct key_entry *e, bool first, int64_t age,
    const char *print, struct bytes *out)
{
	struct bytes old;

	bytes_init(&old, 64);
	print_age(&old, age);
	bytes_addf(out, "%-20s %7lld  %-6s  %-28s %6.*s  %s\n", e->name,
	    (long long)e->version, first ? "first" : "beside",
	    e->host[0] != '\0' ? e->host : "(sent nowhere)",
	    STR_ARG(bytes_str(&old)), print);
	bytes_done(&old);
}

static void
print_json(const struct key_entry *e, bool first, int64_t age,
    const char *print, struct bytes *out)
{
	bytes_addf(out,
	    "{\"name\":\"%s\",\"version\":%lld,\"first\":%s,\"host\":", e->name,
	    (long long)e->version, first ? "true" : "false");
	if (e->host[0] != '\0')
		bytes_add_json(out, str_of(e->host));
	else
		bytes_add_text(out, "null");
	bytes_addf(out,
	    ",\"added\":%lld,\"age_seconds\":%lld,\"fingerprint\":\"%s\"}",
	    (long long)e->added_s, (long long)age, print);
}

int
key_list(struct keyring *k)
{
	int64_t now = clock_wall_ms() / 1000;
	bool json = given_json(k->given);
	struct fault why = { 0 };
	struct bytes out;
	char print[17];

	bytes_init(&out, (size_t)4 << 20);
	bytes_add_text(&out,
	    json ? "["
	         : "NAME                 VERSION  USE     HOST             "
	           "               AGE  FINGERPRINT\n");
	for (size_t i = 0; i < key_store_count(k->store); i++) {
		struct key_entry e = key_store_entry(k->store, i);
		bool first = key_store_find(k->store, e.name, 0) == i;

		if (key_store_fingerprint(k->store, i, print, &why) == -1) {
			bytes_done(&out);
			return complain_fault(&why, EXIT_FAULTS);
		}
		if (json && i > 0)
			bytes_add_char(&out, ',');
		(json ? print_json : print_text)(&e, first, now - e.added_s,
		    print, &out);
	}
	bytes_add_text(&out, json ? "]\n" : "");
	print_bytes(&out);
	return EXIT_OK;
}
