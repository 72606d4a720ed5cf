/* console/console.c */
#include "console/console.h"
