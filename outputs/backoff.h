/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waits between attempts: 1 s, doubling up to 6 s, with up to half as much again at random, so that a hundred
 * agents do not come back to a restarted collector in the same second. After however long an outage records
 * flow within 10 s of the peer's return; an attempt every few seconds costs neither side anything that
 * counts.
 */
#ifndef MAPITAIL_BACKOFF_H
#define MAPITAIL_BACKOFF_H

#include <stdint.h>

struct backoff {
    int base_ms;      /* of the latest wait, without its random part; 0: none since the last success */
    int64_t until_ms; /* on the monotonic clock */
};

/* After a failure: the next attempt is due after a wait that grows. */
void backoff_fail(struct backoff *b);

/* After a success that proves something, which connecting alone does not: the next wait is the shortest
 * again. */
static inline void backoff_reset(struct backoff *b)
{
    b->base_ms = 0;
}

/* Milliseconds until the next attempt is due; 0: now. */
int backoff_left(const struct backoff *b);

#endif
