/*
 * keeper/keeper_measure.h - what of the settings is told as metrics: the
 * ends of certificates, and the memory they let strangers take.
 */
#ifndef BRIDGE_KEEPER_MEASURE_H
#define BRIDGE_KEEPER_MEASURE_H

#include "program/program.h"

/*
 * When it starts to serve by them, and again when by others: what those do not
 * name any more is no longer told.
 */
void measure_program(const struct program *p);

#endif
