/* mapping/mapping.c */
#include "mapping/mapping.h"
