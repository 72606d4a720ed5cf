/*
 * base/base_registers.h - no secret stays in a register.
 *
 * What copies memory goes through vector registers, and leaves there what it
 * copied: up to 64 bytes each, for as long as a thread rests, in a core dump
 * too. Registers that hold numbers are in use all the time; these are not.
 */
#ifndef BRIDGE_BASE_REGISTERS_H
#define BRIDGE_BASE_REGISTERS_H

/* Clears the vector registers, on x86-64; of others nothing is known. */
void registers_forget(void);

#endif
