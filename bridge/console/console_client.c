/* console/console_client.c - the admin endpoint, from the other side. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "console/console_client.h"
#include "program/program.h"
#include "terminal/terminal.h"
#include "console/console_post.h"
#include "base/base.h"
#include "secrets/secrets.h"

#define ANSWER_ARENA ((size_t)1 << 30)
#define TOKEN_CEILING 4096

/* An event of a body limit of any size is an answer, too. */
static const struct decode_limits answer_limits = { .depth = 200,
	.values = 10000000 };

struct client {
	struct settings_file *file;
	struct secrets *secrets;
	char *url; /* as it is shown */
	struct post_url at;
	const char *ca;
	char *token;         /* "Bearer ...", or NULL */
	struct arena *arena; /* of the answer in hand */
	struct post_answer answer;
	int taken;            /* a refusal that the caller tells; 0: none */
	const char *settings; /* the file, for faults; NULL: --to */
};

static int
open_settings(struct client *c, const struct given *g,
    struct admin_settings *admin)
{
	struct faults all = { 0 };

	c->settings = given_config(g);
	c->file = settings_open(c->settings, &all);
	if (c->file == NULL ||
	    !settings_read(config_setting_get_member(settings_root(c->file),
	                       "admin"),
	        "admin", admin_settings_table, admin, &all))
		return complain_faults(&all, EXIT_CANNOT);
	return EXIT_OK;
}

static void
set_token(struct client *c, struct str value)
{
	c->token = base_print("Bearer %.*s", STR_ARG(value));
}

static int
token_of_file(struct client *c, const char *path)
{
	struct fault why = { 0 };
	struct str text = file_read(path, TOKEN_CEILING, &why);

	if (text.at == NULL)
		return complain_fault(&why, EXIT_CANNOT);
	set_token(c, str_trim(text));
	explicit_bzero((void *)(uintptr_t)text.at, text.len);
	file_done(text);
	return EXIT_OK;
}

static int
token_of_settings(struct client *c, const char *name)
{
	struct faults all = { 0 };
	const struct secret *secret;

	c->secrets = secrets_load(config_setting_get_member(settings_root(
	                                                        c->file),
	                              "secrets"),
	    c->settings, &all);
	if (c->secrets == NULL) {
		complain(EXIT_CANNOT,
		    "the admin token is a secret of the settings; where they "
		    "may not all be read, --token-file FILE takes it alone");
		return complain_faults(&all, EXIT_CANNOT);
	}
	secret = secrets_find(c->secrets, name);
	if (secret == NULL)
		return complain(EXIT_CANNOT,
		    "%s: admin.token: there is no secret of that name",
		    c->settings);
	set_token(c, secret_value(secret, 0));
	return EXIT_OK;
}

static int
find_bridge(struct client *c, const struct given *g)
{
	struct admin_settings admin = { 0 };
	const char *to = given_option(g, "to");
	struct fault why = { 0 };
	int code;

	if (to == NULL || given_option(g, "config") != NULL) {
		code = open_settings(c, g, &admin);
		if (code != EXIT_OK)
			return code;
	}
	c->url = to != NULL
	    ? base_copy(to)
	    : base_print("%s://%s",
	          admin.certificate != NULL ? "https" : "http", admin.address);
	if (post_url_parse(c->url, &c->at, &why) == -1)
		return complain_fault(&why, EXIT_USAGE);
	if (given_option(g, "token-file") != NULL)
		return token_of_file(c, given_option(g, "token-file"));
	return admin.token != NULL ? token_of_settings(c, admin.token)
	                           : EXIT_OK;
}

struct client *
client_open(const struct given *g, int *code)
{
	struct client *c = base_alloc(sizeof(*c));

	signal(SIGPIPE, SIG_IGN);
	c->ca = given_option(g, "ca");
	c->arena = arena_new(ANSWER_ARENA);
	*code = find_bridge(c, g);
	if (*code == EXIT_OK)
		return c;
	client_close(c);
	return NULL;
}

void
client_close(struct client *c)
{
	if (c == NULL)
		return;
	post_answer_done(&c->answer);
	if (c->token != NULL)
		explicit_bzero(c->token, strlen(c->token));
	base_free(c->token);
	base_free(c->url);
	arena_free(c->arena);
	secrets_free(c->secrets);
	settings_close(c->file);
	base_free(c);
}

static int
nobody_there(const struct client *c, const struct fault *why)
{
	return complain(EXIT_CANNOT,
	    "no bridge answers at %s (%s); is it running? The address is "
	    "%s%s",
	    c->url, why->text,
	    c->settings != NULL ? "admin.address of " : "that of --to",
	    c->settings != NULL ? c->settings : "");
}

/* "404 Resource not found: there is no such delivery in the journal" */
static int
say_refusal(const struct client *c, const struct document *d)
{
	doc_node error = doc_member(d, doc_root(d), STR("error"));
	doc_node details = doc_member(d, error, STR("details"));
	struct str detail = doc_text(d, doc_item(d, details, 0));
	struct bytes text;
	int status = c->answer.status;

	bytes_init(&text, 4096);
	shown_add(&text, client_text(d, error, "message"));
	if (detail.len > 0) {
		bytes_add_text(&text, ": ");
		shown_add(&text, detail);
	}
	complain(EXIT_OK, "%s: %d: %.*s%s", c->url, status,
	    STR_ARG(bytes_str(&text)),
	    status == 401 && c->token == NULL
	        ? " (--token-file FILE, or admin.token of the settings)"
	        : "");
	bytes_done(&text);
	return status == 401 || status == 403 || status == 503 ? EXIT_CANNOT
	                                                       : EXIT_FAULTS;
}

static int
read_answer(struct client *c, struct client_answer *out)
{
	struct fault why = { 0 };
	const struct document *d = decode_json(c->arena, c->answer.body,
	    &answer_limits, &why);

	if (d == NULL ||
	    doc_kind(d, doc_member(d, doc_root(d), STR("success"))) ==
	        DOC_ABSENT)
		return complain(EXIT_CANNOT,
		    "%s: what answers there is no leadbridge's admin endpoint",
		    c->url);
	if (c->answer.status == c->taken) {
		*out = (struct client_answer){ .doc = d,
			.data = doc_member(d, doc_root(d), STR("error")) };
		return EXIT_FAULTS;
	}
	if (c->answer.status != 200)
		return say_refusal(c, d);
	*out = (struct client_answer){ .doc = d,
		.data = doc_member(d, doc_root(d), STR("data")) };
	return EXIT_OK;
}

static int
ask(struct client *c, const struct request *r, struct client_answer *out)
{
	struct fault why = { 0 };

	arena_reset(c->arena);
	post_answer_done(&c->answer);
	if (post_send(&c->at, c->ca, r, &c->answer, &why) == -1)
		return nobody_there(c, &why);
	return read_answer(c, out);
}

int
client_get(struct client *c, struct str target, struct client_answer *out)
{
	const struct header headers[] = { { STR("Authorization"),
	    str_of(c->token) } };
	const struct request r = { .method = STR("GET"),
		.target = target,
		.headers = headers,
		.header_count = c->token != NULL ? 1 : 0,
		.body = STR("") };

	return ask(c, &r, out);
}

int
client_post(struct client *c, const char *path, struct str body,
    struct client_answer *out)
{
	const struct header headers[] = {
		{ STR("Content-Type"), STR("application/json") },
		{ STR("Authorization"), str_of(c->token) },
	};
	const struct request r = { .method = STR("POST"),
		.target = str_of(path),
		.headers = headers,
		.header_count = c->token != NULL ? 2 : 1,
		.body = body };

	return ask(c, &r, out);
}

int
client_try(struct client *c, const char *path, struct str body, int taken,
    struct client_answer *out)
{
	int code;

	*out = (struct client_answer){ .doc = NULL };
	c->taken = taken;
	code = client_post(c, path, body, out);
	c->taken = 0;
	return code;
}

struct str
client_text(const struct document *d, doc_node object, const char *name)
{
	doc_node n = doc_member(d, object, str_of(name));
	struct str text = doc_text(d, n);

	if (text.at == NULL)
		text = doc_number(d, n);
	return text.at != NULL ? text : STR("");
}

int64_t
client_number(const struct document *d, doc_node object, const char *name)
{
	int64_t n = 0;

	(void)doc_integer(d, doc_member(d, object, str_of(name)), &n);
	return n;
}

bool
client_confirm(const struct given *g, const char *question)
{
	char line[16] = "";

	if (given_flag(g, "yes"))
		return true;
	if (!isatty(STDIN_FILENO)) {
		complain(EXIT_OK,
		    "%s Nobody is at a terminal to say so: -y does", question);
		return false;
	}
	fprintf(stderr, "%s [y/N] ", question);
	return fgets(line, sizeof(line), stdin) != NULL &&
	    (line[0] == 'y' || line[0] == 'Y');
}
