/* decode/decode.c */
#include "decode/decode.h"
