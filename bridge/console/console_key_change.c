/* console/console_key_change.c - keys that come, take over, and go. */
#include <ctype.h>
#include <openssl/crypto.h>
#include <string.h>

#include "console/console_client.h"
#include "console/console_key.h"

int
key_unknown(const struct keyring *k, const char *name)
{
	const char *near = key_store_nearest(k->store, name);

	return complain(EXIT_FAULTS, "%s: there is no key '%s'%s%s%s",
	    key_store_path(k->store), name, MEANT_ARG(near));
}

/* A value from standard input to k->room; its length, or 0: said. */
static size_t
ask_value(struct keyring *k, const char *name)
{
	char *prompt = base_print("Value of %s", name);
	struct fault why = { 0 };
	size_t len = secrets_ask(prompt, true, k->room, &why);

	base_free(prompt);
	if (len == 0)
		complain_fault(&why, EXIT_FAULTS);
	return len;
}

/*
 * A running bridge takes the store as it is now. That there is none is no
 * failure of ours: its next start does the same.
 */
static int
tell_bridge(const struct keyring *k)
{
	struct client_answer answer;
	struct client *c;
	int code;

	if (given_flag(k->given, "no-reload"))
		return EXIT_OK;
	c = client_open(k->given, &code);
	if (c != NULL)
		code = client_post(c, "/reload", STR("{}"), &answer);
	client_close(c);
	if (code == EXIT_OK)
		return EXIT_OK;
	return complain(code == EXIT_FAULTS ? EXIT_FAULTS : EXIT_OK,
	    "%s is written; a running bridge goes on with what it had until "
	    "it is told to reload, or starts again",
	    key_store_path(k->store));
}

/* What became of the name, then the bridge is told. */
static int
finish(const struct keyring *k, const char *name, const char *what)
{
	size_t i = key_store_find(k->store, name, 0);
	size_t values = key_store_values(k->store, name);
	struct key_entry e = { .host = "" };
	struct fault why = { 0 };

	if (key_store_save(k->store, &why) == -1)
		return complain_fault(&why, EXIT_CANNOT);
	if (i != SIZE_MAX)
		e = key_store_entry(k->store, i);
	if (given_json(k->given))
		printf("{\"name\":\"%s\",\"did\":\"%s\",\"version\":%lld,"
		       "\"values\":%zu}\n",
		    name, what, (long long)e.version, values);
	else if (values == 0)
		printf("%s: %s\n", name, what);
	else
		printf("%s: %s; version %lld is first%s%s\n", name, what,
		    (long long)e.version,
		    values > 1 ? ", and the one before "
		                 "is kept beside it"
		               : "",
		    e.host[0] != '\0' ? "" : "; it is sent nowhere");
	return tell_bridge(k);
}

/* Where --host does not tell, the upstreams that send it do. */
static int
host_of_targets(const struct keyring *k, const char *name,
    const struct key_targets *t, char *out, size_t room)
{
	for (size_t i = 0; i < t->count; i++) {
		const char *host = upstream_target_host(t->list[i]);

		if (i > 0 && strcmp(out, host) != 0)
			return complain(EXIT_USAGE,
			    "key add: '%s' is sent to %s and to %s; --host "
			    "says which one it is for",
			    name, out, host);
		snprintf(out, room, "%s", host);
	}
	if (t->count > 0)
		return EXIT_OK;
	return complain(EXIT_USAGE,
	    "key add: no upstream of %s sends '%s' yet; --host HOST says where "
	    "it may be sent, --host none that it is a webhook's secret",
	    k->settings, name);
}

static int
host_given(const char *given, char *out, size_t room)
{
	const char *problem;

	if (strcmp(given, "none") == 0) {
		out[0] = '\0';
		return EXIT_OK;
	}
	snprintf(out, room, "%s", given);
	for (char *c = out; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	problem = strlen(given) < room ? key_host_problem(out)
	                               : "is 1 to 253 characters";
	if (problem != NULL)
		return complain(EXIT_USAGE, "key add: --host %s", problem);
	return EXIT_OK;
}

static int
find_host(const struct keyring *k, const char *name, struct str value,
    char *out, size_t room)
{
	const char *given = given_option(k->given, "host");
	struct key_targets targets;
	int code;

	if (given != NULL)
		return host_given(given, out, room);
	code = key_targets_make(k, name, value, &targets);
	if (code == EXIT_OK)
		code = host_of_targets(k, name, &targets, out, room);
	key_targets_done(&targets);
	return code;
}

int
key_add(struct keyring *k)
{
	const char *name = given_arg(k->given, 1);
	const char *problem = key_name_problem(name);
	struct fault why = { 0 };
	char host[256] = "";
	struct str value;
	int code;

	if (problem != NULL)
		return complain(EXIT_USAGE, "key add: a name %s", problem);
	if (key_store_find(k->store, name, 0) != SIZE_MAX)
		return complain(EXIT_FAULTS,
		    "%s: there is a key '%s'; 'leadbridge key rotate %s' gives "
		    "it a new value",
		    key_store_path(k->store), name, name);
	value = (struct str){ k->room, ask_value(k, name) };
	if (value.len == 0)
		return EXIT_FAULTS;
	code = find_host(k, name, value, host, sizeof(host));
	if (code != EXIT_OK)
		return code;
	if (key_store_put(k->store, name, host, value, clock_wall_ms() / 1000,
	        &why) == -1)
		return complain_fault(&why, EXIT_FAULTS);
	return finish(k, name, "added");
}

/* A rotation that changes nothing is a slip: the old value was pasted. */
static bool
is_known(struct keyring *k, const char *name, struct str value)
{
	char *old = secrets_alloc(SECRET_ROOM);
	struct fault why = { 0 };
	bool same = false;
	size_t i, len;

	for (size_t n = 0; old != NULL && !same &&
	     (i = key_store_find(k->store, name, n)) != SIZE_MAX;
	     n++) {
		len = key_store_value(k->store, i, old, &why);
		same = len == value.len &&
		    CRYPTO_memcmp(old, value.at, len) == 0;
	}
	secrets_wipe(old);
	return same;
}

/* The new value has to be taken by all that will send it. */
static int
prove(const struct keyring *k, const char *name, struct str value)
{
	struct key_targets targets;
	enum key_verdict verdict = KEY_ACCEPTED;
	int code;

	if (given_flag(k->given, "no-probe"))
		return EXIT_OK;
	code = key_targets_make(k, name, value, &targets);
	if (code == EXIT_OK)
		verdict = key_prove_all(&targets);
	key_targets_done(&targets);
	if (code != EXIT_OK || verdict == KEY_ACCEPTED)
		return code;
	return complain(key_verdict_code(verdict),
	    "key rotate: '%s' stays as it was: the new value is not proven%s",
	    name,
	    verdict == KEY_REFUSED ? ""
	                           : "; --no-probe stores it all the same");
}

int
key_rotate(struct keyring *k)
{
	const char *name = given_arg(k->given, 1);
	size_t i = key_store_find(k->store, name, 0);
	struct fault why = { 0 };
	struct str value;
	char host[256];
	int code;

	if (i == SIZE_MAX)
		return key_unknown(k, name);
	snprintf(host, sizeof(host), "%s", key_store_entry(k->store, i).host);
	value = (struct str){ k->room, ask_value(k, name) };
	if (value.len == 0)
		return EXIT_FAULTS;
	if (is_known(k, name, value))
		return complain(EXIT_FAULTS,
		    "key rotate: '%s' has this value already", name);
	code = prove(k, name, value);
	if (code != EXIT_OK)
		return code;
	(void)key_store_drop(k->store, name, 1);
	if (key_store_put(k->store, name, host, value, clock_wall_ms() / 1000,
	        &why) == -1)
		return complain_fault(&why, EXIT_FAULTS);
	return finish(k, name, "rotated");
}

static bool
confirm(const struct keyring *k, const char *name, bool old)
{
	const char *user = key_user(k, name);
	char *question = old
	    ? base_print("Remove all values of '%s' but the first?", name)
	    : base_print("Remove '%s'?%s%s%s", name,
	          user != NULL ? " The bridge does not start without it: "
	                         "secrets."
	                       : "",
	          user != NULL ? user : "", user != NULL ? " takes it." : "");
	bool yes = client_confirm(k->given, question);

	base_free(question);
	return yes;
}

int
key_remove(struct keyring *k)
{
	const char *name = given_arg(k->given, 1);
	bool old = given_flag(k->given, "old");

	if (key_store_find(k->store, name, 0) == SIZE_MAX)
		return key_unknown(k, name);
	if (!confirm(k, name, old))
		return EXIT_FAULTS;
	if (key_store_drop(k->store, name, old ? 1 : 0) == 0) {
		printf("%s: it has no old value\n", name);
		return EXIT_OK;
	}
	return finish(k, name, old ? "its old values are removed" : "removed");
}
