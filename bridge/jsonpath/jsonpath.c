/* jsonpath/jsonpath.c */
#include "jsonpath/jsonpath.h"
