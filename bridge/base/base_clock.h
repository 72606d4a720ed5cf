/* base/base_clock.h - the clocks, for the loud rooms; quiet ones are told. */
#ifndef BRIDGE_BASE_CLOCK_H
#define BRIDGE_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ms(void); /* Unix time; may jump */
int64_t clock_mono_us(void); /* never jumps; no meaning outside the process */

#endif
