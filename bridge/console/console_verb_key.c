/* console/console_verb_key.c - the keys of the key store. */
#include <string.h>

#include "console/console_admin_client.h"
#include "console/console_key.h"

static const struct option_row options[] = {
	OPTIONS_CLIENT,
	OPTION_OUTPUT,
	{ .name = "host",
	    .value = "HOST",
	    .help = "Where it may be sent, or none (add)." },
	{ .name = "no-probe", .help = "Do not ask the API first (rotate)." },
	{ .name = "no-reload",
	    .help = "Do not tell the running bridge (add, rotate, remove)." },
	{ .name = "old", .help = "All but the first value (remove)." },
	{ .name = "yes", .letter = 'y', .help = "Ask nothing (remove)." },
	{ .name = NULL },
};

/* Options of their own, beside those of every client. */
static const struct part {
	const char *name;
	unsigned args;
	enum key_store_use use;
	const char *takes;
	int (*run)(struct keyring *k);
} parts[] = {
	{ "add", 1, KEY_STORE_CHANGE, "host no-reload ", key_add },
	{ "list", 0, KEY_STORE_READ, "", key_list },
	{ "rotate", 1, KEY_STORE_CHANGE, "no-probe no-reload ", key_rotate },
	{ "remove", 1, KEY_STORE_CHANGE, "no-reload old yes ", key_remove },
	{ "probe", 1, KEY_STORE_READ, "", key_probe },
};

static const char *const own[] = { "host", "no-probe", "no-reload", "old",
	"yes" };

static const struct part *
find_part(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		if (strcmp(parts[i].name, name) == 0)
			return &parts[i];
	return NULL;
}

static int
unknown_part(const char *name)
{
	struct nearest near;
	const char *found;

	nearest_start(&near, str_of(name));
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		nearest_try(&near, parts[i].name);
	found = nearest_found(&near);
	/* Not repeated: it may be a key. */
	return complain(EXIT_USAGE,
	    "key: add, list, rotate, remove or probe is expected%s%s%s",
	    found != NULL ? "; did you mean '" : "", found != NULL ? found : "",
	    found != NULL ? "'?" : "");
}

static int
check_usage(const struct part *p, const struct given *g)
{
	size_t count = given_count(g) - 1;
	char word[32];

	if (count < p->args)
		return complain(EXIT_USAGE,
		    "key %s: the name of one is "
		    "expected",
		    p->name);
	if (count > p->args)
		return complain(EXIT_USAGE,
		    "key %s: too many arguments; a value is read from standard "
		    "input, never from the command line, where others see it",
		    p->name);
	for (size_t i = 0; i < COUNT_OF(own); i++) {
		snprintf(word, sizeof(word), "%s ", own[i]);
		if (given_flag(g, own[i]) && strstr(p->takes, word) == NULL)
			return complain(EXIT_USAGE,
			    "key %s: --%s does not go with it; see 'leadbridge "
			    "key --help'",
			    p->name, own[i]);
	}
	return EXIT_OK;
}

static int
run_part(const struct part *p, struct keyring *k, struct faults *all)
{
	const config_setting_t *group = config_setting_get_member(k->root,
	    "key_store");
	int code;

	if (group == NULL)
		return complain(EXIT_CANNOT,
		    "%s: there is no key_store = { file = ...; key = ...; } "
		    "in it",
		    k->settings);
	k->room = secrets_alloc(SECRET_ROOM);
	if (k->room == NULL)
		return complain(EXIT_CANNOT, "key: out of memory");
	k->store = key_store_open(group, k->settings, p->use, all);
	code = k->store != NULL ? p->run(k) : complain_faults(all, EXIT_CANNOT);
	key_store_close(k->store);
	secrets_wipe(k->room);
	return code;
}

static int
key(const struct given *g)
{
	const struct part *p = find_part(given_arg(g, 0));
	struct keyring k = { .given = g, .settings = given_config(g) };
	struct faults all = { 0 };
	struct settings_file *file;
	int code;

	if (p == NULL)
		return unknown_part(given_arg(g, 0));
	code = check_usage(p, g);
	if (code != EXIT_OK)
		return code;
	file = settings_open(k.settings, &all);
	if (file == NULL)
		return complain_faults(&all, EXIT_CANNOT);
	k.root = settings_root(file);
	code = run_part(p, &k, &all);
	settings_close(file);
	return code;
}

const struct verb verb_key = {
	.name = "key",
	.args = "add NAME | list | rotate NAME | remove NAME | probe NAME",
	.help = "Keep API keys and webhook secrets in an encrypted store.",
	.more =
	    "The store is the one that key_store of the settings names; add\n"
	    "makes it. A value is read from standard input, on a terminal\n"
	    "without showing it, behind the passphrase where that is asked "
	    "for\n"
	    "too. add binds a key to the host of the upstream that sends it, "
	    "or\n"
	    "to --host; none is for webhook secrets. rotate makes a new value\n"
	    "the first one once the API has accepted it, keeps the one before\n"
	    "beside it, and drops older ones; remove --old ends that. probe\n"
	    "asks the API to change nothing of a lead that there is not. A\n"
	    "running bridge is told to reload. Exit 1: refused, or there is "
	    "no\n"
	    "such key, or there is one; 3: the store cannot be opened, or the\n"
	    "API gave no verdict.\n",
	.example = "  leadbridge key add leadsail < new-key\n"
	           "  leadbridge key rotate leadsail\n"
	           "  leadbridge key list --output json\n",
	.options = options,
	.min_args = 1,
	.max_args = 3,
	.run = key,
};
