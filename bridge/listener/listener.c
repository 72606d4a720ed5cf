/* listener/listener.c */
#include "listener/listener.h"
