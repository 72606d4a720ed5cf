/* console/console_verb_send.c - signs and posts a sample to a bridge. */
#include <string.h>

#include "console/console_file.h"
#include "console/console_post.h"
#include "console/console_program.h"
#include "console/console_sign.h"
#include "console/console_verb.h"

#define SAMPLE_CEILING ((size_t)64 << 20)

static const struct option_row options[] = {
	OPTION_CONFIG,
	{ .name = "to",
	    .value = "URL",
	    .help = "Where the bridge is; its path, if any, replaces the "
	            "route's." },
	{ .name = "ca",
	    .value = "FILE",
	    .help = "Certificates to trust instead of the system's." },
	{ .name = NULL },
};

static int
print_answer(struct post_answer *answer)
{
	int status = answer->status;

	fprintf(stderr, "HTTP %d %s\n", status, http_reason(status));
	printf("%.*s\n", STR_ARG(answer->body));
	bytes_done(&answer->raw);
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

static int
post_sample(const struct given *g, const struct route *r, struct str text,
    struct arena *arena)
{
	const char *file = given_arg(g, 1);
	struct request sample, request;
	struct post_answer answer;
	struct fault why = { 0 };
	struct post_url url;

	if (post_url_parse(given_option(g, "to"), &url, &why) == -1)
		return complain_fault(&why, EXIT_USAGE);
	if (sample_parse(text, file, arena, &sample, &why) == -1 ||
	    sign_sample(r, &sample, choose_target(&url, r, &sample), arena,
	        &request, &why) == -1)
		return complain_fault(&why, EXIT_FAULTS);
	if (post_send(&url, given_option(g, "ca"), &request, &answer, &why) ==
	    -1) {
		bytes_done(&answer.raw);
		return complain_fault(&why, EXIT_CANNOT);
	}
	return print_answer(&answer);
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
send_sample(const struct given *g)
{
	const char *config = given_option(g, "config");
	struct settings_file *file = NULL;
	struct faults all = { 0 };
	struct secrets *secrets;
	int code;

	if (given_option(g, "to") == NULL)
		return complain(EXIT_USAGE,
		    "send: --to URL is needed; see 'leadbridge send --help'");
	secrets = program_secrets(config != NULL ? config : PROGRAM_FILE, &file,
	    &all);
	if (secrets == NULL)
		code = complain_faults(&all, EXIT_FAULTS);
	else
		code = send_from(g, secrets, &all);
	secrets_free(secrets);
	settings_close(file);
	return code;
}

const struct verb verb_send = {
	.name = "send",
	.args = "MAPPING SAMPLE",
	.help = "Sign a sample as its sender would and post it to a bridge.",
	.more = "The mapping names the sender and the secret; the settings "
	        "file\n"
	        "(-c) has the secret. The answer's status goes to standard\n"
	        "error, its body to standard output; exit 0 for 2xx, else 1.\n",
	.options = options,
	.min_args = 2,
	.max_args = 2,
	.run = send_sample,
};
