/*
 * console/console_demo.h - what the demo plays. Private.
 *
 * mappings/typeform/mapping.cfg and one of its samples, built in as they are
 * in the tree (bridge/CMakeLists.txt).
 */
#ifndef BRIDGE_CONSOLE_DEMO_H
#define BRIDGE_CONSOLE_DEMO_H

extern const char demo_mapping[];
extern const char demo_sample[];

/* Stands in demo_sample. */
#define DEMO_EMAIL "Laura@Example.com"

#endif
