/* console/console_verb_send.c - signs and posts a sample to a bridge. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "terminal/terminal.h"
#include "workshop/workshop.h"
#include "console/console_post.h"
#include "program/program.h"
#include "console/console_verb.h"

#define SAMPLE_CEILING ((size_t)64 << 20)

static const struct option_row options[] = {
	OPTION_CONFIG,
	{ .name = "sender",
	    .value = "NAME",
	    .help = "Sign as this sender; no mapping is needed then." },
	{ .name = "secret-file",
	    .value = "FILE",
	    .help = "With --sender: the secret's file, instead of -c's." },
	{ .name = "new-id",
	    .help = "As an event that the bridge has not seen yet." },
	{ .name = "to",
	    .value = "URL",
	    .help = "Where the bridge is; its path, if any, replaces the "
	            "route's." },
	{ .name = "ca",
	    .value = "FILE",
	    .help = "Certificates to trust instead of the system's." },
	{ .name = NULL },
};

/* "mappings/x/mapping.cfg:9: email: refused; from $.email" */
static void
print_blamed(void *arg, const struct blamed *one)
{
	(void)arg;
	if (one->file != NULL)
		fprintf(stderr, "%s:%u: ", one->file, one->line);
	if (one->field.at == NULL)
		fputs("refused; the answer names no field of a lead\n", stderr);
	else if (one->source.at == NULL)
		fprintf(stderr, "%.*s: refused; this event did not set it\n",
		    STR_ARG(one->field));
	else
		fprintf(stderr, "%.*s: refused; from %.*s\n",
		    STR_ARG(one->field), STR_ARG(one->source));
}

/* Of a refused update, what in the mapping wrote its fields. */
static void
print_blame(const struct route *r, const struct request *request,
    const struct post_answer *answer, struct arena *arena)
{
	struct blame *b = blame_new(answer->body, arena, print_blamed, NULL);
	struct outcome outcome;

	if (b == NULL)
		return;
	outcome_watched(r, request, arena, blame_watch(b), &outcome);
	blame_rest(b);
}

static int
print_answer(const struct post_answer *answer)
{
	int status = answer->status;

	fprintf(stderr, "HTTP %d %s\n", status, http_reason(status));
	printf("%.*s\n", STR_ARG(answer->body));
	return status >= 200 && status < 300 ? EXIT_OK : EXIT_FAULTS;
}

/* The URL's own path, else the sample's if it is the route's, else that. */
static struct str
choose_target(const struct post_url *url, const struct route *r,
    const struct request *sample)
{
	struct str path = str_of(route_path(r));

	if (url->target.len > 1)
		return url->target;
	if (str_eq(sample->path, path) ||
	    memchr(path.at, '{', path.len) != NULL)
		return sample->target;
	return path;
}

/* r: the route it is for, or NULL. */
static int
post(const struct given *g, const struct post_url *url, const struct route *r,
    const struct request *request, struct arena *arena)
{
	struct post_answer answer;
	struct fault why = { 0 };
	int code;

	if (post_send(url, given_option(g, "ca"), request, &answer, &why) ==
	    -1) {
		code = complain_fault(&why, EXIT_CANNOT);
	} else {
		code = print_answer(&answer);
		if (r != NULL)
			print_blame(r, request, &answer, arena);
	}
	post_answer_done(&answer);
	return code;
}

/* With --new-id another one. -1 with why. */
static int
renew(const struct given *g, const struct verifier *v, struct request *sample,
    struct arena *arena, struct fault *why)
{
	if (!given_flag(g, "new-id"))
		return 0;
	return sample_renew(sample,
	    v != NULL ? verifier_delivery_id(v, sample, arena) : STR_NONE,
	    arena, why);
}

static int
post_sample(const struct given *g, const struct route *r, struct str text,
    struct arena *arena)
{
	const char *file = given_arg(g, 1);
	struct request sample, request;
	struct fault why = { 0 };
	struct post_url url;

	if (post_url_parse(given_option(g, "to"), &url, &why) == -1)
		return complain_fault(&why, EXIT_USAGE);
	if (sample_parse(text, file, arena, &sample, &why) == -1 ||
	    renew(g, route_verifier(r), &sample, arena, &why) == -1 ||
	    sign_sample(r, &sample, choose_target(&url, r, &sample), arena,
	        &request, &why) == -1)
		return complain_fault(&why, EXIT_FAULTS);
	return post(g, &url, r, &request, arena);
}

static int
send_from(const struct given *g, const struct secrets *secrets,
    struct faults *all)
{
	char *file = mapping_file(given_arg(g, 0));
	struct route *r = route_open(file, secrets, all);
	struct arena *arena = arena_new((size_t)1 << 30);
	struct fault why = { 0 };
	struct str text = file_read(given_arg(g, 1), SAMPLE_CEILING, &why);
	int code;

	if (r == NULL)
		code = complain_faults(all, EXIT_FAULTS);
	else if (text.at == NULL)
		code = complain_fault(&why, EXIT_CANNOT);
	else
		code = post_sample(g, r, text, arena);
	file_done(text);
	arena_free(arena);
	route_close(r);
	base_free(file);
	return code;
}

static int
send_by_mapping(const struct given *g)
{
	struct settings_file *file = NULL;
	struct faults all = { 0 };
	struct secrets *secrets;
	int code;

	secrets = program_secrets(given_config(g), &file, &all);
	if (secrets == NULL)
		code = complain_faults(&all, EXIT_FAULTS);
	else
		code = send_from(g, secrets, &all);
	secrets_free(secrets);
	settings_close(file);
	return code;
}

/* A secrets group of one name, whose value the file holds. */
static struct settings_file *
group_of_file(const char *sender, const char *path, struct faults *all)
{
	struct settings_file *file;
	struct bytes text;

	bytes_init(&text, 65536);
	bytes_addf(&text, "secrets = { %s = { file = \"", sender);
	for (; *path != '\0'; path++) {
		if (*path == '"' || *path == '\\')
			bytes_add_char(&text, '\\');
		bytes_add_char(&text, *path);
	}
	bytes_add_text(&text, "\"; }; };");
	file = settings_parse(bytes_str(&text), "--secret-file", all);
	bytes_done(&text);
	return file;
}

/* NULL without a fault where nothing says where secrets are. */
static struct secrets *
sender_secrets(const struct given *g, struct settings_file **file,
    struct faults *all)
{
	const char *alone = given_option(g, "secret-file");

	if (alone == NULL && !given_flag(g, "config") &&
	    access(given_config(g), F_OK) != 0)
		return NULL;
	if (alone == NULL)
		return program_secrets(given_config(g), file, all);
	*file = group_of_file(given_option(g, "sender"), alone, all);
	if (*file == NULL)
		return NULL;
	return secrets_load(config_setting_get_member(settings_root(*file),
	                        "secrets"),
	    "--secret-file", all);
}

/* The URL's own path, else that of a request as captured. */
static int
post_signed(const struct given *g, const struct post_url *url,
    const struct verifier *v, struct str text, struct arena *arena)
{
	const char *file = given_arg(g, 0);
	struct request sample, request;
	struct str target = url->target;
	struct fault why = { 0 };

	if (sample_parse(text, file, arena, &sample, &why) == -1 ||
	    renew(g, v, &sample, arena, &why) == -1)
		return complain_fault(&why, EXIT_FAULTS);
	if (target.len <= 1)
		target = sample.target;
	if (sign_by(v, &sample, target, arena, &request, &why) == -1)
		return complain_fault(&why, EXIT_FAULTS);
	return post(g, url, NULL, &request, arena);
}

/* What is signed as the address: where it goes, without the path. */
static struct verifier *
sender_verifier(const struct given *g, const struct post_url *url,
    const struct secret *secret, struct faults *all)
{
	const char *to = given_option(g, "to");
	char *origin = base_print("%.*s", (int)(strlen(to) - url->target.len),
	    to);
	struct verify_setup setup = { .sender = given_option(g, "sender"),
		.secret = secret,
		.public_url = origin };
	struct verifier *v = verifier_new(&setup, all);

	base_free(origin);
	return v;
}

static int
send_signed(const struct given *g, const struct post_url *url,
    const struct secret *secret)
{
	struct faults all = { 0 };
	struct verifier *v = sender_verifier(g, url, secret, &all);
	struct arena *arena = arena_new((size_t)1 << 30);
	struct fault why = { 0 };
	struct str text = file_read(given_arg(g, 0), SAMPLE_CEILING, &why);
	int code;

	if (v == NULL)
		code = complain_faults(&all, EXIT_FAULTS);
	else if (text.at == NULL)
		code = complain_fault(&why, EXIT_CANNOT);
	else
		code = post_signed(g, url, v, text, arena);
	file_done(text);
	arena_free(arena);
	verifier_free(v);
	return code;
}

static int
send_by_sender(const struct given *g)
{
	const char *sender = given_option(g, "sender");
	struct settings_file *file = NULL;
	struct secrets *secrets = NULL;
	const struct secret *secret = NULL;
	struct faults all = { 0 };
	struct fault why = { 0 };
	struct post_url url;
	bool known = verify_preset_text(sender) != NULL;
	int code;

	if (post_url_parse(given_option(g, "to"), &url, &why) == -1)
		return complain_fault(&why, EXIT_USAGE);
	if (known)
		secrets = sender_secrets(g, &file, &all);
	if (secrets != NULL)
		secret = secrets_find(secrets, sender);
	if (all.count > 0)
		code = complain_faults(&all, EXIT_FAULTS);
	else if (known && secret == NULL)
		code = complain(EXIT_FAULTS,
		    "send: the secret of '%s' is needed: --secret-file FILE, "
		    "or -c FILE, where secrets has that name",
		    sender);
	else
		code = send_signed(g, &url, secret);
	secrets_free(secrets);
	settings_close(file);
	return code;
}

static int
send_sample(const struct given *g)
{
	bool by_sender = given_flag(g, "sender");
	int code;

	signal(SIGPIPE, SIG_IGN);
	if (given_option(g, "to") == NULL)
		return complain(EXIT_USAGE,
		    "send: --to URL is needed, where the bridge listens, such "
		    "as https://localhost:8443; see 'leadbridge send --help'");
	if (given_count(g) != (by_sender ? 1 : 2))
		return complain(EXIT_USAGE,
		    "send: MAPPING and SAMPLE are needed, or --sender NAME "
		    "and SAMPLE alone; see 'leadbridge send --help'");
	if (!by_sender && given_flag(g, "secret-file"))
		return complain(EXIT_USAGE,
		    "send: --secret-file goes with --sender; a mapping names "
		    "a secret of the settings file");
	code = by_sender ? kind_check_sample(&verb_send, given_arg(g, 0))
	                 : kind_check_samples(&verb_send, g);
	if (code != EXIT_OK)
		return code;
	return by_sender ? send_by_sender(g) : send_by_mapping(g);
}

const struct verb verb_send = {
	.name = "send",
	.args = "[MAPPING] SAMPLE",
	.help = "Sign a sample as its sender would and post it to a bridge.",
	.more = "The mapping names the sender and the secret; the settings "
	        "file\n"
	        "(-c) has the secret. The answer's status goes to standard\n"
	        "error, its body to standard output; exit 0 for 2xx, else 1.\n"
	        "Of an update that is refused, it says which line of the\n"
	        "mapping wrote the field, and from what. A queued route takes\n"
	        "an event once: the same sample again is answered as the "
	        "first\n"
	        "was, and nothing is sent, but with --new-id.\n"
	        "With --sender there is no mapping: the secret is that of\n"
	        "--secret-file, or the settings' of the sender's name, and "
	        "the\n"
	        "path that of the URL, or of a sample NAME.http.\n",
	.example = "  leadbridge send --to http://localhost:8080 "
	           "mappings/typeform mappings/typeform/samples/response.http\n"
	           "  leadbridge send --to "
	           "http://localhost:8080/hooks/typeform --sender typeform "
	           "--secret-file typeform.secret event.json\n",
	.options = options,
	.min_args = 1,
	.max_args = 2,
	.run = send_sample,
};
