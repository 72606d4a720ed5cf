/* console/console_verb_key.c - the keys of the key store. */
#include "console/console_client.h"
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

enum { ADD, LIST, ROTATE, REMOVE, PROBE };

static const struct verb_part parts[] = {
	[ADD] = { "add", 1, 1, "host no-reload" },
	[LIST] = { "list", 0, 0, "" },
	[ROTATE] = { "rotate", 1, 1, "no-probe no-reload" },
	[REMOVE] = { "remove", 1, 1, "no-reload old yes" },
	[PROBE] = { "probe", 1, 1, "" },
	{ .name = NULL },
};

static const struct act {
	enum key_store_use use;
	int (*run)(struct keyring *k);
} acts[] = {
	[ADD] = { KEY_STORE_CHANGE, key_add },
	[LIST] = { KEY_STORE_READ, key_list },
	[ROTATE] = { KEY_STORE_CHANGE, key_rotate },
	[REMOVE] = { KEY_STORE_CHANGE, key_remove },
	[PROBE] = { KEY_STORE_READ, key_probe },
};

static int
run_act(const struct act *act, struct keyring *k, struct faults *all)
{
	const config_setting_t *group = config_setting_get_member(k->root,
	    "key_store");
	int code;

	if (group == NULL)
		return complain(EXIT_CANNOT,
		    "%s: there is no key_store = { file = ...; key = ...; } "
		    "in it; a secret that is a file is changed by writing the "
		    "file, which a running bridge then takes by itself",
		    k->settings);
	k->room = secrets_alloc(SECRET_ROOM);
	if (k->room == NULL)
		return complain(EXIT_CANNOT, "key: out of memory");
	k->store = key_store_open(group, k->settings, act->use, all);
	code = k->store != NULL ? act->run(k)
	                        : complain_faults(all, EXIT_CANNOT);
	key_store_close(k->store);
	secrets_wipe(k->room);
	return code;
}

static int
key(const struct given *g)
{
	struct keyring k = { .given = g, .settings = given_config(g) };
	struct faults all = { 0 };
	struct settings_file *file;
	int code;

	file = settings_open(k.settings, &all);
	if (file == NULL)
		return complain_faults(&all, EXIT_CANNOT);
	k.root = settings_root(file);
	code = run_act(&acts[given_part(g)], &k, &all);
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
	.max_args = 2,
	.parts = parts,
	.surplus = "a value is read from standard input, never from the "
	           "command line, where others see it",
	.run = key,
};
