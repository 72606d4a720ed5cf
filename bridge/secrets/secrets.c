/* secrets/secrets.c */
#include "secrets/secrets.h"
