/*
 * console/console_client.h - the admin endpoint, from the other side:
 * for the verbs that ask a running bridge. Private.
 *
 * Address and token are those of the settings file, or --to and --token-file.
 * What goes wrong is said here, and comes back as an exit code.
 */
#ifndef BRIDGE_CONSOLE_CLIENT_H
#define BRIDGE_CONSOLE_CLIENT_H

#include "console/console_verb.h"
#include "decode/decode.h"

/* Rows of every verb that is a client. */
#define OPTIONS_CLIENT                                                         \
	OPTION_CONFIG,                                                         \
	    { .name = "to",                                                    \
		    .value = "URL",                                            \
		    .help = "The admin endpoint, instead of the settings'." }, \
	    { .name = "ca",                                                    \
		    .value = "FILE",                                           \
		    .help = "Certificates to trust instead of the "            \
		            "system's." },                                     \
	{                                                                      \
		.name = "token-file", .value = "FILE",                         \
		.help = "The admin token, instead of the settings'.",          \
	}

struct client;

/* An answer's "data"; valid until the client asks again. */
struct client_answer {
	const struct document *doc;
	doc_node data;
};

/* NULL with an exit code when the settings do not tell where it is. */
struct client *client_open(const struct given *g, int *code) MUST_CHECK;
void client_close(struct client *c); /* NULL is fine */

/*
 * An exit code. EXIT_OK: answer is there. A refusal is said, and is
 * EXIT_FAULTS; EXIT_CANNOT: no bridge answers, or it may not be asked.
 */
int client_get(struct client *c, struct str target,
    struct client_answer *out) MUST_CHECK;
int client_post(struct client *c, const char *path, struct str body,
    struct client_answer *out) MUST_CHECK;

/*
 * As client_post, but for a refusal of that status, which the caller tells:
 * EXIT_FAULTS, and the answer's data is what stands in "error". In all other
 * cases of EXIT_FAULTS its doc is NULL.
 */
int client_try(struct client *c, const char *path, struct str body, int taken,
    struct client_answer *out) MUST_CHECK;

/* Of an object: the text of a string or number; "" when there is none. */
struct str client_text(const struct document *d, doc_node object,
    const char *name);
int64_t client_number(const struct document *d, doc_node object,
    const char *name); /* 0: none */

/*
 * Asks on the terminal; -y (`yes`) answers. False: no, or nobody is there to
 * ask, which is said.
 */
bool client_confirm(const struct given *g, const char *question);

#endif
