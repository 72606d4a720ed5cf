/* workshop/workshop_place.c - from a field back to the line that makes it. */
#include <stdio.h>
#include <string.h>

#include "terminal/terminal.h"
#include "workshop/workshop_place.h"

/* Of an `each` the entry's members stand in `as`. */
static const config_setting_t *
member(const config_setting_t *group, struct str word)
{
	const config_setting_t *as, *found;
	char name[128];

	if (!config_setting_is_group(group))
		return NULL;
	snprintf(name, sizeof(name), "%.*s", STR_ARG(word));
	name[strcspn(name, "[")] = '\0';
	found = config_setting_get_member(group, name);
	as = config_setting_get_member(group, "as");
	if (found == NULL && as != NULL && config_setting_is_group(as))
		found = config_setting_get_member(as, name);
	return found;
}

const config_setting_t *
mapping_place(const struct settings_file *mapping, const char *place)
{
	const config_setting_t *at = settings_root(mapping), *inner;
	struct str rest = str_of(place), word;

	while (str_cut(&rest, '.', &word)) {
		if (word.len > 0 && word.at[0] == '[')
			continue;
		if (str_eq(word, STR("leadId")))
			word = STR("lead_id");
		inner = member(at, word);
		if (inner == NULL)
			break;
		at = inner;
	}
	return at;
}

int
complain_in_mapping(const char *file, const struct fault *f, int code)
{
	struct faults all = { 0 }, unread = { 0 };
	struct settings_file *mapping = settings_open(file, &unread);
	const config_setting_t *at = NULL;

	if (mapping != NULL)
		at = mapping_place(mapping, f->where);
	if (at != NULL && at != settings_root(mapping)) {
		settings_fault_in(&all, at,
		    config_setting_is_group(at) ? SETTINGS_NAME
		                                : SETTINGS_VALUE,
		    "%s: %s", f->where, f->text);
		complain_faults(&all, code);
	} else {
		complain_fault(f, code);
	}
	faults_done(&unread);
	settings_close(mapping);
	return code;
}
