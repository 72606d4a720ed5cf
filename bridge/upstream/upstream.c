/* upstream/upstream.c */
#include "upstream/upstream.h"
