/* tests/unit/console/test_manual.c - no text is ever taken for a macro. */
#include "unit/cmocka_all.h"

#include "console/console_manual.h"

#define LIMIT ((size_t)1 << 16)

static const struct {
	const char *what, *text, *page;
} filled[] = {
	{ "words", "one  two\nthree", "one two three\n" },
	{ "nothing", "", "" },
	{ "blanks", " \n ", "" },
	{ "a sentence begins a line", "A b. C d? E", "A b.\nC d?\nE\n" },
	{ "dots end none, nor do marks", "{ a... } ?? b ... C",
	    "{ a...\\& } ??\\& b \\&...\\& C\n" },
	{ "a dot begins no line", ".Sh NAME", "\\&.Sh NAME\n" },
	{ "nor a quote", "'br", "\\(aqbr\n" },
	{ "what roff would change", "a\\b \"c\" -d `e` ^f ~g",
	    "a\\eb \\(dqc\\(dq \\-d \\(gae\\(ga \\(haf \\(tig\n" },
	{ "beyond ASCII", "Jos\xc3\xa9 \xe2\x86\x92",
	    "Jos\\[u00E9] \\[u2192]\n" },
};

static void
text_is_filled_and_escaped(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(filled); i++) {
		struct bytes out;

		bytes_init(&out, LIMIT);
		bytes_add_text(&out, "");
		mdoc_text(&out, filled[i].text);
		if (strcmp(bytes_str(&out).at != NULL ? bytes_str(&out).at : "",
		        filled[i].page) != 0)
			fail_msg("%s: %s", filled[i].what, bytes_str(&out).at);
		bytes_done(&out);
	}
}

/* A line is short with its escapes, unless it is one word. */
static void
no_line_is_long(void **state)
{
	struct bytes text, out;
	struct str rest, line;
	size_t lines = 0;

	(void)state;
	bytes_init(&text, LIMIT);
	for (size_t i = 0; i < 60; i++)
		bytes_add_text(&text, i % 7 == 0 ? "it's-a-word " : "word ");
	bytes_init(&out, LIMIT);
	mdoc_text(&out, bytes_str(&text).at);
	rest = bytes_str(&out);
	while (str_cut(&rest, '\n', &line) && rest.len > 0) {
		assert_in_range(line.len, 40, 72);
		lines++;
	}
	assert_in_range(lines, 4, 12);
	bytes_done(&text);
	bytes_done(&out);
}

static void
a_macro_has_its_text_as_one_word(void **state)
{
	struct bytes out;

	(void)state;
	bytes_init(&out, LIMIT);
	mdoc_macro(&out, ".It Cm", "Sh a \"b\"\\");
	assert_str(bytes_str(&out), ".It Cm \"\\&Sh a \\(dqb\\(dq\\e\"\n");
	bytes_done(&out);
}

static void
help_is_paragraphs_and_displays(void **state)
{
	struct bytes out;

	(void)state;
	bytes_init(&out, LIMIT);
	mdoc_paragraphs(&out,
	    "one\ntwo\n\nthree:\n\n    .a  b\n    c\n\nend\n");
	assert_str(bytes_str(&out),
	    "one two\n.Pp\nthree:\n"
	    ".Bd -literal -offset indent\n    .a  b\n    c\n.Ed\n"
	    ".Pp\nend\n");
	bytes_clear(&out);
	mdoc_display(&out, ".x\n");
	assert_str(bytes_str(&out),
	    ".Bd -literal -offset indent\n\\&.x\n.Ed\n");
	bytes_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_filled_and_escaped),
		cmocka_unit_test(no_line_is_long),
		cmocka_unit_test(a_macro_has_its_text_as_one_word),
		cmocka_unit_test(help_is_paragraphs_and_displays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
