/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds back a message that repeats too often in a window of time, and counts. Pure: time comes in as a
 * parameter. Not thread-safe.
 *
 * A message is known by a hash. The table is small and fixed: what is not in it is let through, and a new
 * message takes the place of the one that was longest unheard, or of none if all have something to say.
 */
#ifndef MAPITAIL_LOG_RATE_H
#define MAPITAIL_LOG_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOG_RATE_SLOTS = 64, LOG_RATE_SUBJECT_MAX = 80 };

struct log_rate_slot {
    uint64_t hash;
    int64_t since_ms; /* when its present window began */
    unsigned written; /* in that window */
    uint64_t held;    /* not yet said */
    int level;
    char text[LOG_RATE_SUBJECT_MAX]; /* what to call it when the count is said */
};

struct log_rate {
    struct log_rate_slot slots[LOG_RATE_SLOTS];
    unsigned most;     /* of one message in a window */
    int64_t window_ms; /* 0: a second */
};

/* The slot of a message, whose window is renewed if it is over; NULL: not limited. */
struct log_rate_slot *log_rate_find(struct log_rate *r, uint64_t hash, int64_t now_ms);

/* True: write it. False: it is held back and counted. */
bool log_rate_admit(const struct log_rate *r, struct log_rate_slot *slot);

/* A slot whose window is over and that holds something back, or NULL. now_ms INT64_MAX: any that holds
 * something back. */
struct log_rate_slot *log_rate_due(struct log_rate *r, int64_t now_ms);

#endif
