/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receivers of one output, in the order of preference, and which of them is to be tried next.
 *
 * A failed attempt goes on to the next one at once; when all have failed in a row the round is over and the
 * next one begins, after a wait that grows from round to round (backoff.h), with the first. The wait is the
 * shortest again only after a receiver has taken something. Knows addresses and the clock, no socket.
 */
#ifndef MAPITAIL_TARGETS_H
#define MAPITAIL_TARGETS_H

#include "address.h"
#include "backoff.h"
#include "setting.h"

#include <stdbool.h>
#include <stddef.h>

enum { TARGETS_MAX = 8 };

struct targets {
    struct address items[TARGETS_MAX];
    size_t count;
    size_t current;
    size_t failed; /* attempts of this round that came to nothing */
    struct backoff backoff;
};

/*
 * Reads the first address and the further ones. False with FAULT_CONFIG, whose text begins with "address" or
 * "failover".
 */
bool targets_parse(struct targets *t, const char *address, const struct setting_list *failover,
                   const char *default_port, struct fault *f);

/* The one to be tried, or connected to. */
static inline const struct address *targets_current(const struct targets *t)
{
    return &t->items[t->current];
}

/* An attempt came to nothing, or a connection ended before it had proved anything. */
void targets_fail(struct targets *t);

/* A connection that had proved itself was lost: the same receiver is tried first, after the shortest wait. */
void targets_lose(struct targets *t);

/* The current one has taken something. */
void targets_prove(struct targets *t);

/* A new round begins at once with this one. */
void targets_go_to(struct targets *t, size_t index);

/* Milliseconds until the next attempt is due; 0: now. */
static inline int targets_left(const struct targets *t)
{
    return backoff_left(&t->backoff);
}

#endif
