/* metrics/metrics.c */
#include "metrics/metrics.h"
