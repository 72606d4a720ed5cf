/* sandbox/sandbox.c */
#include "sandbox/sandbox.h"
