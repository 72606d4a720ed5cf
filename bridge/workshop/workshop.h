/*
 * workshop/workshop.h - the tools of whoever writes a mapping: a new folder, a
 * mapping guessed from a capture, samples signed as their sender signs, what a
 * mapping makes of them, how much of it they try, and files that were named in
 * each other's place. They run no bridge.
 */
#ifndef BRIDGE_WORKSHOP_H
#define BRIDGE_WORKSHOP_H

#include "workshop/workshop_coverage.h"
#include "workshop/workshop_folder.h"
#include "workshop/workshop_fresh.h"
#include "workshop/workshop_kind.h"
#include "workshop/workshop_outcome.h"
#include "workshop/workshop_place.h"
#include "workshop/workshop_propose.h"
#include "workshop/workshop_report.h"
#include "workshop/workshop_scaffold.h"
#include "workshop/workshop_sender.h"
#include "workshop/workshop_sign.h"
#include "workshop/workshop_template.h"

#endif
