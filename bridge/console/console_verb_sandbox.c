/* console/console_verb_sandbox.c - the leads API, stood in for. */
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "terminal/terminal.h"
#include "console/console_verb.h"
#include "sandbox/sandbox.h"

#define DEFAULT_KEY "sandbox-key"
#define LEADS_MAX 64

static const struct option_row options[] = {
	{ .name = "listen",
	    .value = "ADDRESS",
	    .help = "Where to serve (default: 127.0.0.1:8443)." },
	{ .name = "certs",
	    .value = "DIR",
	    .help = "Folder of the development certificates (default: "
	            "certs)." },
	{ .name = "key-file",
	    .value = "FILE",
	    .help = "File with the API key to ask for (default: the key "
	            "\"" DEFAULT_KEY "\")." },
	{ .name = "lead",
	    .value = "ID",
	    .many = true,
	    .help = "A lead that exists (default: lead_abc123)." },
	{ .name = "any-lead", .help = "Every well-formed lead id exists." },
	{ .name = "make-certs",
	    .value = "DIR",
	    .help = "Only make the development certificates there." },
	{ .name = NULL },
};

static int
make_certs(const char *dir)
{
	struct fault why = { 0 };

	if (sandbox_make_certificates(dir, &why) == -1)
		return complain_fault(&why, EXIT_CANNOT);
	printf("%s: dev-ca.pem, server.pem, sandbox.pem and their keys\n", dir);
	return EXIT_OK;
}

static void
wait_for_signal(void)
{
	sigset_t set;
	int got = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	while (sigwait(&set, &got) != 0)
		continue;
}

static void
block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int
serve(const struct given *g, struct sandbox_setup *setup, const char *dir)
{
	char *certificate = base_print("%s/sandbox.pem", dir);
	char *key = base_print("%s/sandbox.key", dir);
	struct fault why = { 0 };
	struct sandbox *s = NULL;
	int code = EXIT_OK;

	setup->certificate = certificate;
	setup->key = key;
	block_signals();
	if (sandbox_make_certificates(dir, &why) == 0)
		s = sandbox_start(setup, &why);
	if (s == NULL) {
		code = complain_fault(&why, EXIT_CANNOT);
	} else {
		printf("sandbox: https://localhost:%u (ca = \"%s/dev-ca.pem\"),"
		       " API key %s\n",
		    sandbox_port(s), dir,
		    given_option(g, "key-file") != NULL ? "from the file"
		                                        : "\"" DEFAULT_KEY
		                                          "\"");
		fflush(stdout);
		wait_for_signal();
		sandbox_stop(s);
	}
	base_free(certificate);
	base_free(key);
	return code;
}

static int
sandbox(const struct given *g)
{
	static const char *leads[LEADS_MAX + 1] = { "lead_abc123" };
	const char *dir = given_option(g, "certs");
	const char *address = given_option(g, "listen");
	const char *key_file = given_option(g, "key-file");
	struct sandbox_setup setup = { .leads = leads,
		.any_lead = given_flag(g, "any-lead"),
		.address = address != NULL ? address : "127.0.0.1:8443",
		.api_key = STR(DEFAULT_KEY) };
	struct str text = STR_NONE;
	struct fault why = { 0 };
	int code;

	if (given_option(g, "make-certs") != NULL)
		return make_certs(given_option(g, "make-certs"));
	for (size_t i = 0; i < LEADS_MAX; i++) {
		const char *id = given_each(g, "lead", i);

		if (id == NULL)
			break;
		leads[i] = id;
	}
	if (key_file != NULL) {
		text = file_read(key_file, 4096, &why);
		if (text.at == NULL)
			return complain_fault(&why, EXIT_CANNOT);
		setup.api_key = str_trim(text);
	}
	code = serve(g, &setup, dir != NULL ? dir : "certs");
	file_done(text);
	return code;
}

const struct verb verb_sandbox = {
	.name = "sandbox",
	.args = "",
	.help = "Serve a stand-in of the leads API on this machine.",
	.more = "Strict as the contract, over TLS 1.3, leads in memory. For\n"
	        "trying mappings and for tests. Ends at SIGTERM or SIGINT.\n",
	.example = "  leadbridge sandbox --make-certs certs\n"
	           "  leadbridge sandbox --listen 127.0.0.1:9443\n",
	.options = options,
	.run = sandbox,
};
