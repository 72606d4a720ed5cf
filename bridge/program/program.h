/*
 * program/program.h - what the settings say: all files, loaded and checked as
 * one snapshot, and what follows from it for who runs it.
 */
#ifndef BRIDGE_PROGRAM_H
#define BRIDGE_PROGRAM_H

#include "program/program_admin.h"
#include "program/program_confine.h"
#include "program/program_files.h"
#include "program/program_fixed.h"
#include "program/program_load.h"
#include "program/program_log.h"
#include "program/program_memory.h"
#include "program/program_worst.h"

#endif
