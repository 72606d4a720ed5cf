/* workshop/workshop_capture.c - `new --from`: a folder from a capture. */
#include "terminal/terminal.h"
#include "workshop/workshop_propose.h"
#include "workshop/workshop_scaffold.h"

static struct str
proposed_mapping(const struct scaffold *s, const struct request *r,
    struct str ties, const struct proposal *p)
{
	struct bytes out;

	bytes_init_in(&out, s->arena, SCAFFOLD_TEXT);
	bytes_add_text(&out,
	    "# Proposed from a capture, by the names of its members: read "
	    "each line before\n# you use it.\n");
	if (ties.len > 0)
		bytes_addf(&out,
		    "# By its proof the sender may be too: "
		    "%.*s.\n",
		    STR_ARG(ties));
	if (p->lead_added)
		bytes_addf(&out,
		    "# %s holds a lead id. The sample says one in its "
		    "address,\n# ?lead_id=; write where the sender says it.\n",
		    p->lead_found ? "Not every event of the capture"
		                  : "Nothing in the capture");
	bytes_add_char(&out, '\n');
	scaffold_print_head(s, &out);
	if (!str_eq(r->method, STR("POST")))
		bytes_addf(&out, "method   = \"%.*s\";\n", STR_ARG(r->method));
	bytes_add_text(&out, "upstream = \"leadsail\";\n");
	bytes_add_str(&out, p->fields);
	return bytes_str(&out);
}

static int
write_proposal(struct scaffold *s, struct str mapping, struct str sample,
    struct str expected, struct fault *why)
{
	if (folder_add(&s->folder, "mapping.cfg", mapping, why) == -1 ||
	    folder_add(&s->folder, "samples/capture.http", sample, why) == -1 ||
	    folder_add(&s->folder, "samples/capture.expected.json", expected,
	        why) == -1)
		return -1;
	return scaffold_end(s, why);
}

/* What is written of a capture, and where; nothing is written before. */
static int
propose(struct scaffold *s, struct request *r, const char *folder,
    struct proposal *made, struct fault *why)
{
	char *path;
	struct bytes ties;
	int rc;

	bytes_init_in(&ties, s->arena, SCAFFOLD_TEXT);
	s->sender = propose_sender(r, s->arena, &ties);
	scaffold_open_verifier(s);
	scaffold_drop_proof(r);
	if (scaffold_fill(s, r, why) == -1 ||
	    scaffold_retarget(s, r, why) == -1 ||
	    propose_mapping(r, s->arena, made, why) == -1)
		return -1;
	path = folder != NULL ? base_copy(folder)
	                      : base_print("mappings/%s", s->sender);
	rc = folder_begin(&s->folder, path, why);
	if (rc == 0)
		rc = write_proposal(s,
		    proposed_mapping(s, r, bytes_str(&ties), made),
		    scaffold_sample(s, r), made->expected, why);
	base_free(path);
	return rc;
}

int
scaffold_from_capture(const char *capture, const char *folder)
{
	struct scaffold s;
	struct fault why = { 0 };
	struct str text = file_read(capture, SCAFFOLD_TEXT, &why);
	struct request r;
	struct proposal made;
	int code = EXIT_OK;

	scaffold_start(&s, NULL);
	if (text.at == NULL)
		code = complain_fault(&why, EXIT_CANNOT);
	else if (sample_parse(text, capture, s.arena, &r, &why) == -1 ||
	    propose(&s, &r, folder, &made, &why) == -1)
		code = complain_fault(&why,
		    why.code == FAULT_SETTINGS ? EXIT_CANNOT : EXIT_FAULTS);
	else
		fprintf(stderr,
		    "The sender is %s, by its %s. Of the body's members "
		    "%zu are taken, %zu are not.%s\n",
		    s.sender, s.in_body ? "body" : "headers", made.taken,
		    made.left,
		    made.one_lead
		        ? " All events of a webhook would go to one lead: "
		          "see lead_id in mapping.cfg."
		        : "");
	file_done(text);
	scaffold_done(&s);
	return code;
}
