/* delivery/delivery.c */
#include "delivery/delivery.h"
