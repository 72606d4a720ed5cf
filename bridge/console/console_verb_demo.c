/* console/console_verb_demo.c - the main job, end to end, on this machine. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "console/console_demo.h"
#include "terminal/terminal.h"
#include "workshop/workshop.h"
#include "console/console_post.h"
#include "console/console_verb.h"
#include "sandbox/sandbox.h"

#define API_KEY "demo-api-key-5d1e"
#define FORM_SECRET "demo-typeform-secret"
#define LEAD "lead_abc123"

static const struct option_row options[] = {
	{ .name = "dir",
	    .value = "DIR",
	    .help = "Keep certificates, settings and mapping there (default: "
	            "a temporary folder)." },
	{ .name = NULL },
};

/* The stage: a folder, a sandbox, a bridge in front of it. */
struct demo {
	char *dir;
	bool temporary;
	struct sandbox *sandbox;
	struct program *program;
	struct bridge *bridge;
	struct arena *arena;
	struct route *route;
	struct secrets *secrets;
	struct settings_file *file;
	unsigned done, failed;
};

/* One webhook: what is changed in the sample, and what must come of it. */
struct act {
	const char *title;
	const char *find, *put; /* in the body, before signing; or NULL */
	bool forge;             /* change the signed body afterwards */
	int status;
	const char *code; /* the envelope's error code; NULL: success */
	bool sent;        /* a PATCH goes out */
};

static const struct act acts[] = {
	{ .title = "A signed webhook: verified, mapped, sent, relayed",
	    .status = 200,
	    .sent = true },
	{ .title = "The same with a forged body: refused",
	    .forge = true,
	    .status = 401,
	    .code = "UNAUTHORIZED" },
	{ .title = "An update outside the API's contract: refused here",
	    .find = DEMO_EMAIL,
	    .put = "not-an-address",
	    .status = 422,
	    .code = "VALIDATION_ERROR" },
	{ .title = "A lead the API does not know: its answer, as 422 for this "
	           "sender",
	    .find = LEAD,
	    .put = "lead_nobody",
	    .status = 422,
	    .code = "NOT_FOUND",
	    .sent = true },
};

static int
write_beside(const struct demo *d, const char *name, const char *text,
    mode_t mode, struct fault *why)
{
	char *path = base_print("%s/%s", d->dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	size_t len = strlen(text);
	int rc = 0;

	if (fd == -1 || fchmod(fd, mode) == -1 ||
	    write(fd, text, len) != (ssize_t)len)
		rc = fault_set(why, FAULT_SETTINGS, path,
		    "cannot be written: %s", strerror(errno));
	if (fd != -1)
		close(fd);
	base_free(path);
	return rc;
}

static int
write_settings(const struct demo *d, struct fault *why)
{
	char *text = base_print(
	    "workers   = 1;\n"
	    "listen    = ( { address = \"127.0.0.1:0\";\n"
	    "                certificate = \"server.pem\"; key = "
	    "\"server.key\"; } );\n"
	    "admin     = { address = \"127.0.0.1:0\"; };\n"
	    "log       = { level = \"error\"; };\n"
	    /* The sandbox is in this process, too. */
	    "confine   = \"off\";\n"
	    "upstreams = { leadsail = { url = \"https://localhost:%u\"; "
	    "api_key = \"leadsail\";\n"
	    "                           ca = \"dev-ca.pem\"; }; };\n"
	    "secrets   = { leadsail = { file = \"leadsail.key\"; };\n"
	    "              typeform = { file = \"typeform.secret\"; }; };\n"
	    "routes    = \"typeform.cfg\";\n",
	    sandbox_port(d->sandbox));
	int rc = write_beside(d, "leadbridge.cfg", text, 0644, why);

	base_free(text);
	if (rc == 0)
		rc = write_beside(d, "leadsail.key", API_KEY "\n", 0600, why);
	if (rc == 0)
		rc = write_beside(d, "typeform.secret", FORM_SECRET "\n", 0600,
		    why);
	if (rc == 0)
		rc = write_beside(d, "typeform.cfg", demo_mapping, 0644, why);
	return rc;
}

static int
start_sandbox(struct demo *d, struct fault *why)
{
	static const char *const leads[] = { LEAD, NULL };
	char *certificate = base_print("%s/sandbox.pem", d->dir);
	char *key = base_print("%s/sandbox.key", d->dir);
	struct sandbox_setup setup = { .address = "127.0.0.1:0",
		.certificate = certificate,
		.key = key,
		.api_key = STR(API_KEY),
		.leads = leads };

	if (sandbox_make_certificates(d->dir, why) == 0)
		d->sandbox = sandbox_start(&setup, why);
	base_free(certificate);
	base_free(key);
	return d->sandbox != NULL ? 0 : -1;
}

static int
start_bridge(struct demo *d, struct faults *all, struct fault *why)
{
	char *file = base_print("%s/leadbridge.cfg", d->dir);
	char *mapping = base_print("%s/typeform.cfg", d->dir);

	d->program = program_load(file, all);
	if (d->program != NULL) {
		d->bridge = bridge_start(
		    &(struct bridge_setup){ .program = d->program }, why);
		d->secrets = program_secrets(file, &d->file, all);
		d->route = route_open(mapping, d->secrets, all);
	}
	base_free(mapping);
	base_free(file);
	return d->bridge != NULL && d->route != NULL ? 0 : -1;
}

static int
make_folder(struct demo *d, const char *wanted, struct fault *why)
{
	char name[] = "/tmp/leadbridge-demo-XXXXXX";

	d->temporary = wanted == NULL;
	d->dir = base_copy(wanted != NULL ? wanted : mkdtemp(name));
	if (d->dir == NULL ||
	    (wanted != NULL && mkdir(wanted, 0755) == -1 && errno != EEXIST))
		return fault_set(why, FAULT_SETTINGS,
		    wanted != NULL ? wanted : "/tmp", "cannot be made: %s",
		    strerror(errno));
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

static void
clear_stage(struct demo *d)
{
	bridge_stop(d->bridge);
	route_close(d->route);
	secrets_free(d->secrets);
	settings_close(d->file);
	program_free(d->program);
	if (d->sandbox != NULL)
		sandbox_stop(d->sandbox);
	arena_free(d->arena);
	if (d->dir != NULL && d->temporary)
		nftw(d->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	base_free(d->dir);
}

/* The body with the act's change in it; STR_NONE when it is not there. */
static struct str
change(const struct act *act, struct str body, struct arena *arena)
{
	struct str find = str_of(act->find);
	struct bytes out;
	const char *at;

	if (act->find == NULL)
		return body;
	at = memmem(body.at, body.len, find.at, find.len);
	if (at == NULL)
		return STR_NONE;
	bytes_init_in(&out, arena, (size_t)1 << 20);
	bytes_add(&out, body.at, (size_t)(at - body.at));
	bytes_add_text(&out, act->put);
	bytes_add_str(&out, str_skip(body, (size_t)(at - body.at) + find.len));
	return bytes_str(&out);
}

static void
show(const char *label, struct str text)
{
	struct str line;

	printf("\n  %s\n", label);
	while (str_cut(&text, '\n', &line))
		if (line.len > 0 || text.at != NULL)
			printf("    %.*s\n",
			    STR_ARG(str_trim(line).len > 0 ? line : STR("")));
}

static void
show_webhook(const struct request *r)
{
	printf("\n  The webhook as it comes in\n    %.*s %.*s HTTP/1.1\n",
	    STR_ARG(r->method), STR_ARG(r->target));
	for (size_t i = 0; i < r->header_count; i++)
		printf("    %.*s: %.*s\n", STR_ARG(r->headers[i].name),
		    STR_ARG(r->headers[i].value));
	printf("\n    %.*s\n", STR_ARG(str_trim(r->body)));
}

static void
show_journey(struct demo *d, const struct request *request)
{
	struct outcome outcome;
	struct bytes mapped;
	char *patch = sandbox_last_request(d->sandbox);

	outcome_of(d->route, request, d->arena, &outcome);
	bytes_init_in(&mapped, d->arena, (size_t)1 << 20);
	outcome_print(&outcome, &mapped);
	show_webhook(request);
	show("What it maps to", bytes_str(&mapped));
	if (patch != NULL)
		show("The PATCH as the API got it (key masked)", str_of(patch));
	base_free(patch);
}

static bool
right(const struct act *act, const struct post_answer *answer)
{
	char *code;
	bool has;

	if (act->code == NULL)
		return answer->status == act->status;
	code = base_print("\"code\":\"%s\"", act->code);
	has = memmem(answer->body.at, answer->body.len, code, strlen(code)) !=
	    NULL;
	base_free(code);
	return has && answer->status == act->status;
}

static void
tell(struct demo *d, const struct act *act, const struct request *request,
    const struct post_answer *answer)
{
	bool first = act == acts;
	bool ok = right(act, answer);
	char *lead;

	if (first)
		show_journey(d, request);
	printf("\n  The sender is told\n    HTTP %d\n    %.*s\n",
	    answer->status, STR_ARG(answer->body));
	if (first) {
		lead = sandbox_lead(d->sandbox, LEAD);
		show("The lead as the API now holds it",
		    str_of(lead != NULL ? lead : "there is none"));
		base_free(lead);
	}
	printf("\n  %s: %d was expected\n\n", ok ? "ok" : "WRONG", act->status);
	d->failed += !ok;
}

static int
play(struct demo *d, const struct act *act, const char *ca, struct fault *why)
{
	struct request sample, request;
	struct post_answer answer;
	struct post_url url;
	char *at = base_print("https://localhost:%u",
	    bridge_port(d->bridge, 0));
	int rc;

	printf("%u. %s\n", ++d->done, act->title);
	rc = post_url_parse(at, &url, why);
	base_free(at);
	if (rc == -1 ||
	    sample_parse(str_of(demo_sample), "sample.http", d->arena, &sample,
	        why) == -1)
		return -1;
	sample.body = change(act, sample.body, d->arena);
	if (sample.body.at == NULL)
		return fault_set(why, FAULT_INTERNAL, "sample",
		    "does not hold %s", act->find);
	if (sign_sample(d->route, &sample, str_of(route_path(d->route)),
	        d->arena, &request, why) == -1)
		return -1;
	if (act->forge)
		request.body = change(&(struct act){ .find = LEAD,
		                          .put = "lead_abc124" },
		    request.body, d->arena);
	rc = post_send(&url, ca, &request, &answer, why);
	if (rc == 0)
		tell(d, act, &request, &answer);
	post_answer_done(&answer);
	return rc;
}

static int
play_all(struct demo *d, struct fault *why)
{
	char *ca = base_print("%s/dev-ca.pem", d->dir);
	int rc = 0;

	printf("leadbridge demo: https://localhost:%u/hooks/typeform -> "
	       "https://localhost:%u (sandbox)\n\n",
	    bridge_port(d->bridge, 0), sandbox_port(d->sandbox));
	for (size_t i = 0; rc == 0 && i < COUNT_OF(acts); i++)
		rc = play(d, &acts[i], ca, why);
	base_free(ca);
	return rc;
}

static int
demo(const struct given *g)
{
	struct demo d = { .arena = arena_new((size_t)64 << 20) };
	struct faults all = { 0 };
	struct fault why = { 0 };
	int code = EXIT_OK;

	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_LEVEL_ERROR);
	if (make_folder(&d, given_option(g, "dir"), &why) == -1 ||
	    start_sandbox(&d, &why) == -1 || write_settings(&d, &why) == -1 ||
	    start_bridge(&d, &all, &why) == -1 || play_all(&d, &why) == -1)
		code = all.count > 0 ? complain_faults(&all, EXIT_CANNOT)
		                     : complain_fault(&why, EXIT_CANNOT);
	else if (d.failed > 0)
		code = complain(EXIT_FAULTS, "%u of %u went wrong", d.failed,
		    d.done);
	else
		printf("All %u went as they should.\n", d.done);
	if (!d.temporary && code == EXIT_OK)
		printf("Settings, certificates and mapping are in %s.\n",
		    d.dir);
	clear_stage(&d);
	return code;
}

const struct verb verb_demo = {
	.name = "demo",
	.args = "",
	.help = "Show the main job end to end, on this machine alone.",
	.more = "Starts the sandbox and the bridge, both over TLS with\n"
	        "certificates of a development CA, sends a signed webhook and\n"
	        "three that must fail, and shows each journey. Exits 0 only "
	        "if\n"
	        "each did what it should.\n",
	.example = "  leadbridge demo\n",
	.options = options,
	.run = demo,
};
