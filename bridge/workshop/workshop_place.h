/*
 * workshop/workshop_place.h - where in its file a mapping makes a field.
 */
#ifndef BRIDGE_WORKSHOP_PLACE_H
#define BRIDGE_WORKSHOP_PLACE_H

#include "settings/settings.h"

/*
 * The setting of "lead_id", "update.address.city" or "update.tags[0]" in the
 * mapping, or the nearest group around it: its root where there is none. The
 * "[0]." of a batch in front is no group.
 */
const config_setting_t *mapping_place(const struct settings_file *mapping,
    const char *place);

/*
 * Says, on standard error, why a run made no update: at the line of the
 * mapping's file that was to make the field, with a mark below it, as a fault
 * of the file is told. Always `code`.
 */
int complain_in_mapping(const char *file, const struct fault *f, int code);

#endif
