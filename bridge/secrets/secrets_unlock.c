/* secrets/secrets_unlock.c - what unlocks a key store, read. */
#include <string.h>

#include "secrets/secrets_keys_seal.h"
#include "secrets/secrets_kept.h"
#include "secrets/secrets_source.h"

struct unlock_settings {
	bool ask;
	const char *credential;
	const char *file;
};

#define ROW_CREDENTIAL                                                         \
	{                                                                      \
		.name = "credential", .kind = SETTING_TEXT,                    \
		.at = offsetof(struct unlock_settings, credential),            \
		.help = "Name of a systemd credential (LoadCredential=).",     \
	}
#define ROW_FILE                                                               \
	{                                                                      \
		.name = "file", .kind = SETTING_TEXT,                          \
		.at = offsetof(struct unlock_settings, file),                  \
		.help = "A file only the bridge's user can read.",             \
	}

const struct setting key_store_key_settings[] = {
	ROW_CREDENTIAL,
	ROW_FILE,
	{ .name = NULL },
};

const struct setting key_store_passphrase_settings[] = {
	{ .name = "ask",
	    .kind = SETTING_BOOLEAN,
	    .at = offsetof(struct unlock_settings, ask),
	    .fallback = "false",
	    .help = "Ask on the terminal; elsewhere it is the first line of "
	            "standard input." },
	ROW_CREDENTIAL,
	ROW_FILE,
	{ .name = NULL },
};

static bool asks_no_more;

void
secrets_ask_no_more(void)
{
	asks_no_more = true;
}

/* A reload does not ask again: what was asked is kept. */
static size_t
ask(const struct reading *r)
{
	static const char name[] = "passphrase of the key store";
	struct str kept = kept_get(name);
	struct fault why = { 0 };
	size_t len;

	if (kept.at != NULL) {
		memcpy(r->into, kept.at, kept.len);
		return kept.len;
	}
	if (asks_no_more) {
		settings_fault(r->all, r->group,
		    "%s: ask: it was not told at the start, and a bridge that "
		    "runs asks nobody; restart it, or name file or credential",
		    r->what);
		return 0;
	}
	len = secrets_ask("Passphrase of the key store", false, r->into, &why);
	if (len > 0 && kept_put(name, (struct str){ r->into, len }))
		return len;
	settings_fault(r->all, r->group, "%s: %s: %s", r->what, why.where,
	    len > 0 ? "no memory to keep it in" : why.text);
	return 0;
}

static size_t
read_from(const struct reading *r, const struct unlock_settings *s)
{
	if (s->file != NULL)
		return secret_read_file(r, s->file);
	if (s->credential != NULL)
		return secret_read_credential(r, s->credential);
	return ask(r);
}

/* In place: 32 bytes as they are, or written in hex or base64. */
static size_t
decode_key(const struct reading *r, size_t len)
{
	struct str text = str_trim((struct str){ r->into, len });
	unsigned char key[KEYS_UNLOCK];
	bool ok;

	if (len == KEYS_UNLOCK)
		return len;
	ok = text.len == 2 * KEYS_UNLOCK
	    ? hex_decode(text, key, sizeof(key)) == sizeof(key)
	    : base64_decode(text, false, key, sizeof(key)) == sizeof(key);
	explicit_bzero(r->into, SECRET_ROOM);
	if (ok)
		memcpy(r->into, key, sizeof(key));
	else
		settings_fault(r->all, r->group,
		    "%s: 32 random bytes are expected, as they are, in hex or "
		    "in base64; 'openssl rand -hex 32' makes some",
		    r->what);
	explicit_bzero(key, sizeof(key));
	return ok ? sizeof(key) : 0;
}

size_t
keys_unlock_read(const config_setting_t *group, const char *settings,
    bool passphrase, char *into, struct faults *all)
{
	const struct reading r = { .group = group,
		.what = passphrase ? "key_store.passphrase" : "key_store.key",
		.settings = settings,
		.into = into,
		.raw = !passphrase,
		.all = all };
	struct unlock_settings s = { .file = NULL };
	size_t len;

	if (!settings_read(group, r.what,
	        passphrase ? key_store_passphrase_settings
	                   : key_store_key_settings,
	        &s, all))
		return 0;
	if ((s.file != NULL) + (s.credential != NULL) + s.ask != 1) {
		settings_fault(all, group,
		    "%s: one of %sfile, credential is "
		    "expected",
		    r.what, passphrase ? "ask, " : "");
		return 0;
	}
	len = read_from(&r, &s);
	return passphrase || len == 0 ? len : decode_key(&r, len);
}
