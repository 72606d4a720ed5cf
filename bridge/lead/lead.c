/* lead/lead.c */
#include "lead/lead.h"
