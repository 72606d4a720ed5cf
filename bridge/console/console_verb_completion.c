/* console/console_verb_completion.c - what shells complete. */
#include <string.h>

#include "console/console_completion.h"
#include "console/console_verb.h"

static const struct option_row options[] = {
	{ .name = NULL },
};

static const struct {
	const char *name;
	void (*print)(struct bytes *out);
} shells[] = {
	{ "bash", completion_bash },
	{ "zsh", completion_zsh },
};

static int
completion(const struct given *g)
{
	struct bytes out;

	for (size_t i = 0; i < COUNT_OF(shells); i++) {
		if (strcmp(shells[i].name, given_arg(g, 0)) != 0)
			continue;
		bytes_init(&out, (size_t)1 << 20);
		shells[i].print(&out);
		print_bytes(&out);
		return EXIT_OK;
	}
	return complain(EXIT_USAGE, "completion: bash or zsh, not '%s'",
	    given_arg(g, 0));
}

const struct verb verb_completion = {
	.name = "completion",
	.args = "bash | zsh",
	.help = "Print a shell's completion of verbs and options.",
	.more = "The packages install it. By hand, bash sources it, and zsh "
	        "finds it\n"
	        "as _leadbridge in a folder of its fpath.\n",
	.example = "  source <(leadbridge completion bash)\n",
	.options = options,
	.min_args = 1,
	.max_args = 1,
	.run = completion,
};
