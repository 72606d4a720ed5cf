/*
 * base/base.h - what every room may lean on.
 *
 * The words of the house (a str, a fault, a request, an answer) and the few
 * tools that know nothing of webhooks: bytes with a ceiling, an arena, name
 * tables, codecs. The parts have headers of their own; outside this room
 * include only this door.
 */
#ifndef BRIDGE_BASE_H
#define BRIDGE_BASE_H

#include "base/base_macros.h"
#include "base/base_str.h"
#include "base/base_arena.h"
#include "base/base_bytes.h"
#include "base/base_codec.h"
#include "base/base_fault.h"
#include "base/base_forward.h"
#include "base/base_http.h"
#include "base/base_json.h"
#include "base/base_log.h"
#include "base/base_names.h"
#include "base/base_net.h"
#include "base/base_pool.h"
#include "base/base_rate.h"
#include "base/base_registers.h"
#include "base/base_sample.h"
#include "base/base_share.h"
#include "base/base_shown.h"
#include "base/base_thread.h"
#include "base/base_clock.h"

#endif
