/* tests/unit/mapping/one_mapping.h - a mapping, made of its text. */
#ifndef TESTS_ONE_MAPPING_H
#define TESTS_ONE_MAPPING_H

#include "unit/cmocka_all.h"

#include "mapping/mapping.h"

struct compiled {
	struct settings_file *file;
	struct mapping *mapping;
};

static struct compiled
compile(const char *text)
{
	struct faults all = { 0 };
	struct compiled c;
	struct bytes words;

	c.file = settings_parse(str_of(text), "test.cfg", &all);
	assert_non_null(c.file);
	c.mapping = mapping_compile(settings_root(c.file), &all);
	if (c.mapping == NULL) {
		bytes_init(&words, 1 << 20);
		faults_print(&all, &words);
		fail_msg("%s", bytes_str(&words).at);
	}
	faults_done(&all);
	return c;
}

static void
drop(struct compiled *c)
{
	mapping_free(c->mapping);
	settings_close(c->file);
}

#endif
