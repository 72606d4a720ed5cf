/*
 * admin/admin_asks.h - what the admin endpoint asks of the keeper.
 *
 * There is one question, "load the settings again". Those who ask while it is
 * not begun share an answer. Two threads have it: the admin's worker asks and
 * is told, the keeper is asked and answers; each waits for a descriptor.
 */
#ifndef BRIDGE_ADMIN_ASKS_H
#define BRIDGE_ADMIN_ASKS_H

#include "base/base.h"

struct asks;

struct asks *asks_new(void) MUST_CHECK;
void asks_free(struct asks *a); /* NULL is fine */

/* The keeper's side. Readable: somebody asks. */
int asks_keeper_fd(const struct asks *a);
/* How far it was asked; what comes later is another question. */
unsigned asks_take(struct asks *a);
/* The answer, as HTTP has it, to all up to there; the body is copied. */
void asks_answer(struct asks *a, unsigned upto, int status, struct str body);

/* The admin's side. Readable: there is an answer. */
int asks_admin_fd(const struct asks *a);
/* The number of the question. */
unsigned asks_put(struct asks *a);
/* How far it was answered; the last answer, added to the body. */
unsigned asks_told(struct asks *a, int *status, struct bytes *body);

#endif
