/* verify/verify_preset.c - the senders known by name. */
#include <string.h>

#include "verify/verify_scheme.h"

const struct preset *
preset_find(const char *name)
{
	for (const struct preset *p = verify_presets; p->name != NULL; p++)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

const char *
verify_preset_name(size_t i)
{
	const struct preset *p = verify_presets;

	while (p->name != NULL && i > 0)
		p++, i--;
	return p->name;
}

const char *
verify_preset_text(const char *name)
{
	const struct preset *p = preset_find(name);

	return p != NULL ? p->text : NULL;
}

struct settings_file *
verify_preset_open(const char *name, struct faults *all)
{
	const struct preset *p = name != NULL ? preset_find(name) : NULL;
	struct settings_file *file;
	char *path;

	if (p == NULL)
		return NULL;
	path = base_print("senders/%s.cfg", name);
	file = settings_parse(str_of(p->text), path, all);
	base_free(path);
	return file;
}
