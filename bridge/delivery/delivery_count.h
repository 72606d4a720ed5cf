/* delivery/delivery_count.h - what of a delivery is counted. */
#ifndef BRIDGE_DELIVERY_COUNT_H
#define BRIDGE_DELIVERY_COUNT_H

#include "delivery/delivery_life.h"
#include "metrics/metrics.h"

/* Its sender did not prove itself; r is not VERIFY_OK. */
void delivery_count_unproven(const struct delivery *d, enum verify_result r);
/* An update could not be made: the field to blame, of a fault of mapping. */
void delivery_count_fault(const struct fault *why);
/* Its first update is made: what that took. */
void delivery_count_mapped(struct delivery *d);
/* It ends so; only delivery_move() says it. */
void delivery_count_end(const struct delivery *d, enum metric_outcome outcome);

#endif
