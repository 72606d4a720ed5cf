/* verify/verify.c */
#include "verify/verify.h"
