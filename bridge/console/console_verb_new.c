/* console/console_verb_new.c - a mapping's folder to start from. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/console_file.h"
#include "console/console_propose.h"
#include "console/console_sign.h"
#include "console/console_template.h"
#include "console/console_verb.h"
#include "verify/verify.h"

#define TEXT_CEILING ((size_t)4 << 20)
/* What a sender without a folder of its own is given. */
#define FALLBACK "generic"
#define PUBLIC_URL "https://hooks.example.com"

static const struct option_row options[] = {
	{ .name = "from",
	    .value = "CAPTURE",
	    .help = "Propose the mapping from a request as captured." },
	{ .name = NULL },
};

/* What is being made. */
struct scaffold {
	const char *sender;
	char *folder;
	bool adapted; /* the generic mapping, put into the sender's hands */
	struct secrets *secrets;
	struct verifier *verifier; /* NULL: only the sender can sign */
	struct str path;           /* of the route; in the arena */
	struct arena *arena;
	bool is_unsigned; /* a sample could not be signed */
};

/* The secrets that samples are signed with, by how a preset reads its key. */
static const struct {
	const char *key; /* in the preset's text */
	const char *secret;
} sample_secrets[] = {
	{ "\"whsec\"", "whsec_dGVzdF9zZWNyZXRfMDEyMzQ1Njc4OWFi" },
	{ "", "test_secret_0123456789" },
};

static struct str
sample_secret(const char *sender)
{
	const char *text = verify_preset_text(sender);
	size_t i = 0;

	while (strstr(text, sample_secrets[i].key) == NULL)
		i++;
	return str_of(sample_secrets[i].secret);
}

static bool
has_template(const char *folder)
{
	for (size_t i = 0; template_files[i].folder != NULL; i++)
		if (strcmp(template_files[i].folder, folder) == 0)
			return true;
	return false;
}

/* Calls back for each file of the template; stops at the first -1. */
static int
each_file(struct scaffold *s,
    int (*visit)(struct scaffold *s, const struct template_file *f,
        const char *path, struct fault *why),
    struct fault *why)
{
	const char *folder = s->adapted ? FALLBACK : s->sender;
	int rc = 0;

	for (size_t i = 0; template_files[i].folder != NULL && rc == 0; i++) {
		const struct template_file *f = &template_files[i];
		char *path;

		if (strcmp(f->folder, folder) != 0)
			continue;
		path = base_print("%s/%s", s->folder, f->path);
		rc = visit(s, f, path, why);
		base_free(path);
	}
	return rc;
}

static int
refuse_existing(struct scaffold *s, const struct template_file *f,
    const char *path, struct fault *why)
{
	struct stat st;

	(void)s, (void)f;
	if (lstat(path, &st) == 0)
		return fault_set(why, FAULT_SETTINGS, path,
		    "is there already, and nothing was written; name another "
		    "folder: leadbridge new SENDER FOLDER");
	return 0;
}

/* Makes the folders in front of the path's last name, as mkdir -p does. */
static int
make_folders(const char *path, struct fault *why)
{
	char *part = base_copy(path);
	int rc = 0;

	for (char *at = strchr(part + 1, '/'); at != NULL && rc == 0;
	     at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(part, 0755) == -1 && errno != EEXIST)
			rc = fault_set(why, FAULT_SETTINGS, part,
			    "cannot be made: %s", strerror(errno));
		*at = '/';
	}
	base_free(part);
	return rc;
}

/* A file that was not there before; what another has made stays. */
static int
write_new(const char *path, struct str text, struct fault *why)
{
	int fd, rc = 0;

	if (make_folders(path, why) == -1)
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd == -1 || write(fd, text.at, text.len) != (ssize_t)text.len)
		rc = fault_set(why, FAULT_SETTINGS, path,
		    "cannot be written: %s", strerror(errno));
	if (fd != -1 && close(fd) == -1 && rc == 0)
		rc = fault_set(why, FAULT_SETTINGS, path,
		    "cannot be written: %s", strerror(errno));
	if (rc == 0)
		printf("%s\n", path);
	return rc;
}

/* What a route has to say besides, by what stands in its preset. */
static const struct {
	const char *preset, *line;
} route_extras[] = {
	{ "kind = \"hub\"",
	    "# The verify token typed in at the sender's; a secret of its "
	    "own.\n"
	    "handshake: { secret = \"verify-token\"; };\n" },
};

/* Its address, which only the route can know. */
static bool
signs_address(const char *sender)
{
	struct faults all = { 0 };
	struct settings_file *f = verify_preset_open(sender, &all);
	const char *message = f != NULL
	    ? verify_option(settings_root(f), "message")
	    : NULL;
	bool signs = message != NULL && strstr(message, "{url}") != NULL;

	settings_close(f);
	faults_done(&all);
	return signs;
}

static void
add_extras(const char *sender, struct bytes *out)
{
	const char *preset = verify_preset_text(sender);

	if (signs_address(sender))
		bytes_add_text(out, "public_url = \"" PUBLIC_URL "\";\n");
	for (size_t i = 0; i < COUNT_OF(route_extras); i++)
		if (strstr(preset, route_extras[i].preset) != NULL)
			bytes_add_text(out, route_extras[i].line);
}

/* A line of the generic mapping, as the sender's own. */
static void
adapt_line(const struct scaffold *s, struct str line, struct bytes *out)
{
	const char *sender = s->sender;

	if (str_starts(line, STR("route "))) {
		bytes_addf(out, "route    = \"/hooks/%s\";\n", sender);
	} else if (str_starts(line, STR("sender "))) {
		bytes_addf(out, "sender   = \"%s\";\n", sender);
	} else if (str_starts(line, STR("secret "))) {
		bytes_addf(out, "secret   = \"%s\";\n", sender);
		add_extras(sender, out);
	} else {
		bytes_add_str(out, line);
		bytes_add_char(out, '\n');
	}
}

/* The generic mapping behind another head; its own comment is left out. */
static struct str
adapt_mapping(const struct scaffold *s, struct str text, struct bytes *out)
{
	struct str rest = text, line;
	bool head = true;

	bytes_addf(out,
	    "# A start for the sender %s. The fields on the left are "
	    "LeadSail's; the paths\n"
	    "# on the right are examples: change them to what %s posts, and "
	    "the samples with\n"
	    "# them ('leadbridge senders show %s' tells how it signs).\n\n",
	    s->sender, s->sender, s->sender);
	while (str_cut(&rest, '\n', &line)) {
		head = head && (line.len == 0 || line.at[0] == '#');
		if (!head && (line.len > 0 || rest.len > 0))
			adapt_line(s, line, out);
	}
	return bytes_str(out);
}

static void
print_request(const struct request *r, struct bytes *out)
{
	bytes_addf(out, "%.*s %.*s HTTP/1.1\n", STR_ARG(r->method),
	    STR_ARG(r->target));
	for (size_t i = 0; i < r->header_count; i++)
		bytes_addf(out, "%.*s: %.*s\n", STR_ARG(r->headers[i].name),
		    STR_ARG(r->headers[i].value));
	bytes_add_char(out, '\n');
	bytes_add_str(out, r->body);
}

/* Headers that may hold a secret; proof is made anew. */
static const char *const secret_headers[] = { "X-Webhook-Token",
	"Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key" };
/* Likewise of an address. */
static const char *const secret_params[] = { "token", "access_token", "key",
	"api_key", "apikey", "secret", "signature" };

static bool
is_among(struct str name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq_nocase(name, str_of(list[i])))
			return true;
	return false;
}

/* The template's own proof is of the generic sender, a capture's is real. */
static void
drop_proof(struct request *r)
{
	struct header *headers = (struct header *)(uintptr_t)r->headers;
	size_t n = 0;

	for (size_t i = 0; i < r->header_count; i++)
		if (!is_among(headers[i].name, secret_headers,
		        COUNT_OF(secret_headers)))
			headers[n++] = headers[i];
	r->header_count = n;
}

static struct request
signed_if_can(struct scaffold *s, const struct request *sample)
{
	struct request sent = *sample;
	struct fault why = { 0 };

	if (s->verifier != NULL &&
	    sign_by(s->verifier, sample, sample->target, s->arena, &sent,
	        &why) == 0)
		return sent;
	s->is_unsigned = true;
	return *sample;
}

/* A sample of the generic mapping, posted to the route and signed. */
static int
adapt_sample(struct scaffold *s, const struct template_file *f,
    struct bytes *out, struct str *made, struct fault *why)
{
	struct str text = { f->data, f->len };
	struct request sample, sent;

	if (sample_parse(text, f->path, s->arena, &sample, why) == -1)
		return -1;
	drop_proof(&sample);
	sample.path = sample.target = s->path;
	sent = signed_if_can(s, &sample);
	print_request(&sent, out);
	*made = bytes_str(out);
	return 0;
}

/* What signs the samples; a key that only the sender has leaves none. */
static void
open_verifier(struct scaffold *s)
{
	struct fault why = { 0 };
	struct faults all = { 0 };
	struct verify_setup setup = { .sender = s->sender,
		.public_url = PUBLIC_URL };
	struct bytes path;

	bytes_init_in(&path, s->arena, TEXT_CEILING);
	bytes_addf(&path, "/hooks/%s", s->sender);
	s->path = bytes_str(&path);
	s->secrets = secrets_of(s->sender, sample_secret(s->sender), &why);
	setup.secret = secrets_find(s->secrets, s->sender);
	s->verifier = verifier_new(&setup, &all);
	faults_done(&all);
}

static int
write_file(struct scaffold *s, const struct template_file *f, const char *path,
    struct fault *why)
{
	struct str text = { f->data, f->len };
	struct bytes out;
	int rc = 0;

	if (!s->adapted)
		return write_new(path, text, why);
	bytes_init(&out, TEXT_CEILING);
	if (strcmp(f->path, "mapping.cfg") == 0)
		text = adapt_mapping(s, text, &out);
	else if (strstr(f->path, ".http") != NULL)
		rc = adapt_sample(s, f, &out, &text, why);
	if (rc == 0)
		rc = write_new(path, text, why);
	bytes_done(&out);
	return rc;
}

static void
print_next(const struct scaffold *s)
{
	if (s->is_unsigned)
		fprintf(stderr,
		    "The samples are not signed: only %s has the "
		    "key.\n",
		    s->sender);
	fprintf(stderr,
	    "Next: put the secret and the upstream that mapping.cfg names "
	    "into the settings, then\n"
	    "  leadbridge test %s\n  leadbridge check -c leadbridge.cfg\n",
	    s->folder);
}

static int
unknown_sender(const char *name)
{
	struct nearest near;
	const char *found;

	nearest_start(&near, str_of(name));
	for (size_t i = 0; verify_preset_name(i) != NULL; i++)
		nearest_try(&near, verify_preset_name(i));
	for (size_t i = 0; template_files[i].folder != NULL; i++)
		nearest_try(&near, template_files[i].folder);
	found = nearest_found(&near);
	return complain(EXIT_FAULTS,
	    "there is no sender '%s'%s%s%s; 'leadbridge senders' lists them, "
	    "and 'generic' is for any other",
	    name, found != NULL ? "; did you mean '" : "",
	    found != NULL ? found : "", found != NULL ? "'?" : "");
}

static int
make(struct scaffold *s)
{
	struct fault why = { 0 };
	int code = EXIT_OK;

	s->arena = arena_new((size_t)64 << 20);
	if (s->adapted)
		open_verifier(s);
	if (each_file(s, refuse_existing, &why) == -1 ||
	    each_file(s, write_file, &why) == -1)
		code = complain_fault(&why, EXIT_CANNOT);
	else
		print_next(s);
	verifier_free(s->verifier);
	secrets_free(s->secrets);
	arena_free(s->arena);
	return code;
}

/* The address becomes the route's; its parameters stay, but for secrets. */
static int
retarget(const struct scaffold *s, struct request *r, struct fault *why)
{
	struct str rest = r->query, param;
	struct bytes target;
	char mark = '?';

	bytes_init_in(&target, s->arena, TEXT_CEILING);
	bytes_add_str(&target, s->path);
	while (str_cut(&rest, '&', &param)) {
		struct str whole = param, name;

		str_cut(&param, '=', &name);
		if (is_among(name, secret_params, COUNT_OF(secret_params)))
			continue;
		bytes_addf(&target, "%c%.*s", mark, STR_ARG(whole));
		mark = '&';
	}
	if (!bytes_ok(&target))
		return fault_set(why, FAULT_BUSY, NULL, "out of memory");
	r->target = rest = bytes_str(&target);
	str_cut(&rest, '?', &r->path);
	r->query = rest;
	return 0;
}

static struct str
proposed_mapping(const struct scaffold *s, const struct request *r,
    struct str ties, const struct proposal *p)
{
	struct bytes out;

	bytes_init_in(&out, s->arena, TEXT_CEILING);
	bytes_add_text(&out,
	    "# Proposed from a capture, by the names of its members: read "
	    "each line before\n# you use it.\n");
	if (ties.len > 0)
		bytes_addf(&out,
		    "# By its headers the sender may be too: "
		    "%.*s.\n",
		    STR_ARG(ties));
	if (p->lead_added)
		bytes_add_text(&out,
		    "# Nothing in the capture holds a lead id. The sample says "
		    "one in its address,\n# ?lead_id=; write where the sender "
		    "says it.\n");
	bytes_addf(&out,
	    "\nroute    = \"/hooks/%s\";\nsender   = \"%s\";\n"
	    "secret   = \"%s\";\n",
	    s->sender, s->sender, s->sender);
	add_extras(s->sender, &out);
	if (!str_eq(r->method, STR("POST")))
		bytes_addf(&out, "method   = \"%.*s\";\n", STR_ARG(r->method));
	bytes_add_text(&out, "upstream = \"leadsail\";\n");
	bytes_add_str(&out, p->fields);
	return bytes_str(&out);
}

static int
write_proposal(struct scaffold *s, const struct str texts[3], struct fault *why)
{
	static const char *const names[] = { "mapping.cfg",
		"samples/capture.http", "samples/capture.expected.json" };
	int rc = 0;

	for (size_t i = 0; i < 2 * COUNT_OF(names) && rc == 0; i++) {
		size_t at = i % COUNT_OF(names);
		char *path = base_print("%s/%s", s->folder, names[at]);

		if (i < COUNT_OF(names))
			rc = refuse_existing(s, NULL, path, why);
		else
			rc = write_new(path, texts[at], why);
		base_free(path);
	}
	return rc;
}

/* What is written of a capture, and where; nothing is written before. */
static int
propose(struct scaffold *s, struct request *r, const char *folder,
    struct proposal *made, struct fault *why)
{
	struct bytes ties, sample;
	struct request sent;
	struct str texts[3];

	bytes_init_in(&ties, s->arena, TEXT_CEILING);
	bytes_init_in(&sample, s->arena, TEXT_CEILING);
	s->sender = propose_sender(r, &ties);
	s->folder = folder != NULL ? base_copy(folder)
	                           : base_print("mappings/%s", s->sender);
	open_verifier(s);
	drop_proof(r);
	if (retarget(s, r, why) == -1 ||
	    propose_mapping(r, s->arena, made, why) == -1)
		return -1;
	sent = signed_if_can(s, r);
	print_request(&sent, &sample);
	texts[0] = proposed_mapping(s, r, bytes_str(&ties), made);
	texts[1] = bytes_str(&sample);
	texts[2] = made->expected;
	return write_proposal(s, texts, why);
}

static int
new_from(const char *capture, const char *folder)
{
	struct scaffold s = { .arena = arena_new((size_t)64 << 20) };
	struct fault why = { 0 };
	struct str text = file_read(capture, TEXT_CEILING, &why);
	struct request r;
	struct proposal made;
	int code = EXIT_OK;

	if (text.at == NULL) {
		code = complain_fault(&why, EXIT_CANNOT);
	} else if (sample_parse(text, capture, s.arena, &r, &why) == -1 ||
	    propose(&s, &r, folder, &made, &why) == -1) {
		code = complain_fault(&why,
		    why.code == FAULT_SETTINGS ? EXIT_CANNOT : EXIT_FAULTS);
	} else {
		fprintf(stderr,
		    "The sender is %s, by its headers. Of the body's members "
		    "%zu are taken, %zu are not.\n",
		    s.sender, made.taken, made.left);
		print_next(&s);
	}
	file_done(text);
	base_free(s.folder);
	verifier_free(s.verifier);
	secrets_free(s.secrets);
	arena_free(s.arena);
	return code;
}

static int
new_folder(const struct given *g)
{
	const char *sender = given_arg(g, 0), *folder = given_arg(g, 1);
	const char *capture = given_option(g, "from");
	struct scaffold s = { .sender = sender };
	int code;

	if (capture != NULL && folder != NULL)
		return complain(EXIT_USAGE,
		    "--from tells the sender: leadbridge new --from CAPTURE "
		    "[FOLDER]");
	if (capture != NULL)
		return new_from(capture, sender);
	if (folder != NULL && folder[0] == '\0')
		return complain(EXIT_USAGE, "the folder has no name");
	if (sender == NULL)
		return complain(EXIT_USAGE,
		    "name a sender, as 'leadbridge senders' lists them, or "
		    "--from CAPTURE");
	s.adapted = !has_template(sender);
	if (s.adapted && verify_preset_text(sender) == NULL)
		return unknown_sender(sender);
	s.folder = folder != NULL ? base_copy(folder)
	                          : base_print("mappings/%s", sender);
	code = make(&s);
	base_free(s.folder);
	return code;
}

const struct verb verb_new = {
	.name = "new",
	.args = "SENDER|--from CAPTURE [FOLDER]",
	.help = "Make a sender's mapping with samples to start from.",
	.more =
	    "SENDER is one of 'leadbridge senders', or a mapping that comes\n"
	    "with the program. FOLDER (default: mappings/SENDER) is made "
	    "where\n"
	    "it is missing; a file that is there is never overwritten.\n"
	    "A sender without a mapping of its own gets the generic one, with\n"
	    "samples signed its way by a secret for tests.\n"
	    "\n"
	    "With --from the mapping is proposed from a captured request, by\n"
	    "the names in its body, with the capture as a sample, signed "
	    "anew.\n"
	    "What was not taken is listed in a comment.\n",
	.options = options,
	.max_args = 2,
	.run = new_folder,
};
