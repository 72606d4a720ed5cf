/* console/console_verb_explain.c - where each field of an update came from. */
#include "terminal/terminal.h"
#include "workshop/workshop.h"
#include "base/base.h"
#include "console/console_verb.h"

#define SAMPLE_CEILING ((size_t)64 << 20)
/* Of a value in a line of text; JSON has it whole. */
#define SHOWN_BYTES 60
#define WHERE_WIDTH 24

static const struct option_row options[] = {
	OPTION_OUTPUT,
	{ .name = NULL },
};

/* What was told so far, as it will be printed. */
struct tale {
	bool json;
	struct bytes out;
	size_t update;   /* number of the update; 0: before the first */
	bool open;       /* a field was begun */
	bool first;      /* no field stands in the list yet */
	struct str last; /* the value told before, of this field */
	bool *used;      /* by node: it gave a value */
	size_t used_count;
	const struct document *document;
};

static void
add_shown(struct bytes *out, struct str value)
{
	size_t len = value.len;

	if (value.at == NULL) {
		bytes_add_text(out, "absent");
		return;
	}
	if (len > SHOWN_BYTES)
		for (len = SHOWN_BYTES; (value.at[len] & 0xc0) == 0x80;)
			len--;
	shown_add(out, (struct str){ value.at, len });
	if (len < value.len)
		bytes_add_text(out, "...");
}

static void
begin_text(struct tale *t, const struct mapping_told *told)
{
	size_t start = t->out.len;

	shown_add(&t->out, str_of(told->where));
	while (t->out.len - start < WHERE_WIDTH && bytes_ok(&t->out))
		bytes_add_char(&t->out, ' ');
}

static void
begin_json(struct tale *t, const struct mapping_told *told)
{
	bytes_add_text(&t->out,
	    t->first ? "\n{\"update\":" : ",\n{\"update\":");
	bytes_add_int(&t->out, (int64_t)t->update);
	bytes_add_text(&t->out, ",\"field\":");
	bytes_add_json(&t->out, str_of(told->where));
	bytes_add_text(&t->out, ",\"steps\":[");
}

static void
begin(struct tale *t, const struct mapping_told *told)
{
	if (t->open)
		return;
	if (t->json)
		begin_json(t, told);
	else
		begin_text(t, told);
	t->open = true;
	t->last = STR_NONE;
}

static void
end(struct tale *t)
{
	if (!t->open)
		return;
	bytes_add_text(&t->out, t->json ? "}" : "\n");
	t->open = false;
	t->first = false;
}

static void
add_step_text(struct tale *t, const struct mapping_told *told)
{
	static const struct {
		const char *before, *between;
	} marks[MAPPING_TOLD_KINDS] = {
		[MAPPING_TOLD_SOURCE] = { "  ", "  " },
		[MAPPING_TOLD_ARGUMENT] = { "  with ", "  " },
		[MAPPING_TOLD_STEP] = { "  | ", " -> " },
	};

	if (told->kind == MAPPING_TOLD_STEP && told->value.at == NULL &&
	    t->last.at == NULL)
		return; /* absent stays absent */
	bytes_add_text(&t->out, marks[told->kind].before);
	shown_add(&t->out, told->text);
	bytes_add_text(&t->out, marks[told->kind].between);
	add_shown(&t->out, told->value);
}

static void
add_step_json(struct tale *t, const struct mapping_told *told)
{
	static const char *const names[MAPPING_TOLD_KINDS] = {
		[MAPPING_TOLD_SOURCE] = "source",
		[MAPPING_TOLD_ARGUMENT] = "argument",
		[MAPPING_TOLD_STEP] = "step",
	};

	if (t->out.data[t->out.len - 1] == '}')
		bytes_add_char(&t->out, ',');
	bytes_addf(&t->out, "{\"%s\":", names[told->kind]);
	bytes_add_json(&t->out, told->text);
	if (told->value.at != NULL) {
		bytes_add_text(&t->out, ",\"value\":");
		bytes_add_str(&t->out, told->value);
	}
	bytes_add_char(&t->out, '}');
}

static void
mark(struct tale *t, doc_node n)
{
	if (n >= t->used_count) {
		size_t count = (size_t)n * 2 + 64;
		bool *grown = base_alloc(count * sizeof(*grown));

		for (size_t i = 0; i < t->used_count; i++)
			grown[i] = t->used[i];
		base_free(t->used);
		t->used = grown;
		t->used_count = count;
	}
	t->used[n] = true;
}

static void
tell_step(struct tale *t, const struct mapping_told *told)
{
	begin(t, told);
	for (size_t i = 0; i < told->node_count; i++)
		mark(t, told->nodes[i]);
	if (t->json)
		add_step_json(t, told);
	else
		add_step_text(t, told);
	t->last = told->value;
}

static void
tell_update(struct tale *t, const struct mapping_told *told)
{
	t->update++;
	if (!t->json && told->node_count > 0)
		bytes_addf(&t->out, "update %zu\n", t->update);
}

static void
tell_when(struct tale *t, const struct mapping_told *told)
{
	begin(t, told);
	if (t->json) {
		bytes_add_text(&t->out, "],\"when\":");
		bytes_add_str(&t->out, told->value);
	} else {
		bytes_add_text(&t->out,
		    str_eq(told->value, STR("true")) ? "  wanted"
		                                     : "  not wanted");
	}
	end(t);
}

static void
tell_field(struct tale *t, const struct mapping_told *told)
{
	begin(t, told);
	if (t->json) {
		bytes_add_char(&t->out, ']');
		if (told->value.at != NULL) {
			bytes_add_text(&t->out, ",\"value\":");
			bytes_add_str(&t->out, told->value);
		}
	} else if (told->value.at != NULL && !str_eq(told->value, t->last)) {
		bytes_add_text(&t->out, "  = ");
		add_shown(&t->out, told->value);
	}
	end(t);
}

static void
tell_fault(struct tale *t, const struct mapping_told *told)
{
	begin(t, told);
	if (t->json) {
		bytes_add_text(&t->out, "],\"fault\":");
		bytes_add_json(&t->out, told->text);
	} else {
		bytes_add_text(&t->out, "  refused: ");
		shown_add(&t->out, told->text);
	}
	end(t);
}

static void
tell(void *context, const struct mapping_told *told)
{
	static void (*const kinds[MAPPING_TOLD_KINDS])(struct tale * t,
	    const struct mapping_told *told) = {
		[MAPPING_TOLD_UPDATE] = tell_update,
		[MAPPING_TOLD_WHEN] = tell_when,
		[MAPPING_TOLD_SOURCE] = tell_step,
		[MAPPING_TOLD_ARGUMENT] = tell_step,
		[MAPPING_TOLD_STEP] = tell_step,
		[MAPPING_TOLD_FIELD] = tell_field,
		[MAPPING_TOLD_FAULT] = tell_fault,
	};

	kinds[told->kind](context, told);
}

/* By its path as a mapping would write it. */
static void
add_unused_text(struct tale *t, doc_node n, struct str path)
{
	struct bytes value;

	bytes_init(&value, SIZE_MAX / 4);
	doc_print(t->document, n, &value);
	bytes_add_text(&t->out, t->first ? "nothing came of\n  " : "  ");
	shown_add(&t->out, path);
	bytes_add_text(&t->out, "  ");
	add_shown(&t->out, bytes_str(&value));
	bytes_add_char(&t->out, '\n');
	bytes_done(&value);
}

static void
add_unused_json(struct tale *t, doc_node n)
{
	struct bytes path;

	bytes_init(&path, SIZE_MAX / 4);
	doc_print_path(t->document, n, &path);
	bytes_add_text(&t->out, t->first ? "\n" : ",\n");
	bytes_add_json(&t->out, bytes_str(&path));
	bytes_done(&path);
}

/* Whatever gave no value, and has no part that did; as deep as a document. */
static void
add_unused(struct tale *t, doc_node n, struct bytes *path)
{
	const struct document *d = t->document;
	size_t len = path->len, i = 0;

	if (n < t->used_count && t->used[n])
		return;
	if (doc_count(d, n) > 0) {
		DOC_FOREACH (d, n, child) {
			if (doc_kind(d, n) == DOC_OBJECT)
				path_add_name(path, doc_key(d, child));
			else
				bytes_addf(path, "[%zu]", i++);
			add_unused(t, child, path);
			path->len = len;
		}
		return;
	}
	if (t->json)
		add_unused_json(t, n);
	else
		add_unused_text(t, n, bytes_str(path));
	t->first = false;
}

static int
end_text(struct tale *t, const struct outcome *o, const char *mapping)
{
	print_bytes(&t->out);
	fflush(stdout); /* what is told comes before why it fails */
	if (o->fault.code != FAULT_NONE)
		return complain_in_mapping(mapping, &o->fault, EXIT_FAULTS);
	if (o->count == 0)
		fputs("ignored: the mapping wants nothing of this event\n",
		    stderr);
	for (size_t i = 0; i < o->count; i++)
		if (o->updates[i].fault.code != FAULT_NONE)
			complain_in_mapping(mapping, &o->updates[i].fault,
			    EXIT_FAULTS);
	return outcome_failed(o) ? EXIT_FAULTS : EXIT_OK;
}

static int
end_json(struct tale *t, const struct outcome *o)
{
	bytes_add_text(&t->out, "],\n\"outcome\":");
	outcome_print(o, &t->out);
	bytes_add_text(&t->out, "}\n");
	print_bytes(&t->out);
	return outcome_failed(o) ? EXIT_FAULTS : EXIT_OK;
}

static int
explain_request(const struct route *r, const struct request *request,
    struct arena *arena, const struct given *g)
{
	bool json = given_json(g);
	struct bytes path;
	char *mapping;
	int code;
	struct tale t = { .json = json, .first = true };
	struct mapping_watch watch = { tell, &t };
	struct outcome outcome;

	bytes_init(&t.out, SIZE_MAX / 4);
	bytes_add_text(&t.out, json ? "{\"fields\":[" : "");
	outcome_watched(r, request, arena, &watch, &outcome);
	bytes_add_text(&t.out, json ? "],\n\"unused\":[" : "");
	t.first = true;
	t.document = outcome.document;
	if (t.document != NULL) {
		bytes_init(&path, SIZE_MAX / 4);
		bytes_add_char(&path, '$');
		add_unused(&t, doc_root(t.document), &path);
		bytes_done(&path);
	}
	base_free(t.used);
	mapping = mapping_file(given_arg(g, 0));
	code = json ? end_json(&t, &outcome) : end_text(&t, &outcome, mapping);
	base_free(mapping);
	return code;
}

static int
explain_sample(const struct route *r, const struct given *g)
{
	const char *file = given_arg(g, 1);
	struct arena *arena = arena_new((size_t)1 << 30);
	struct fault why = { 0 };
	struct str text = file_read(file, SAMPLE_CEILING, &why);
	struct request request;
	int code;

	if (text.at == NULL)
		code = complain_fault(&why, EXIT_CANNOT);
	else if (sample_parse(text, file, arena, &request, &why) == -1)
		code = complain_fault(&why, EXIT_FAULTS);
	else
		code = explain_request(r, &request, arena, g);
	if (text.at != NULL)
		file_done(text);
	arena_free(arena);
	return code;
}

static int
explain(const struct given *g)
{
	int code = kind_check_samples(&verb_explain, g);

	return code == EXIT_OK ? with_mapping(g, explain_sample) : code;
}

const struct verb verb_explain = {
	.name = "explain",
	.args = "MAPPING SAMPLE",
	.help = "Show where each field of an update came from, step by step.",
	.more =
	    "MAPPING and SAMPLE are those of 'map'. A line a field: the\n"
	    "sources tried with what they gave, what each step made of it,\n"
	    "and what is sent. Below stands what the event has and no field\n"
	    "took; a 'when' or a filter may have read it all the same.\n",
	.example = "  leadbridge explain mappings/typeform "
	           "mappings/typeform/samples/response.http\n",
	.options = options,
	.min_args = 2,
	.max_args = 2,
	.run = explain,
};
