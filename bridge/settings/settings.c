/* settings/settings.c */
#include "settings/settings.h"
