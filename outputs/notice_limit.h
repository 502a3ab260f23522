/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds back repeats of the same fact, so that a destination that is down for hours fills no log (sink.h,
 * notice).
 *
 * Two texts are the same fact when they differ in digits only: times, attempts and ports change with each
 * repeat. A fact passes at once, then not again before NOTICE_HOLD_MS, and tells then how many times it was
 * held back. Pure: the caller gives the time. Not thread-safe.
 */
#ifndef MAPITAIL_NOTICE_LIMIT_H
#define MAPITAIL_NOTICE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    NOTICE_HOLD_MS = 60000,
    NOTICE_FACTS = 16, /* facts remembered; the one that was heard longest ago is forgotten for a new one */
    NOTICE_PER_MINUTE = 30, /* of all facts together, for peers that say something new each time */
};

struct notice_limit {
    struct notice_fact {
        uint64_t hash;
        int64_t until_ms; /* 0: free */
        unsigned held;
    } facts[NOTICE_FACTS];
    int64_t minute_ends_ms;
    unsigned this_minute;
};

/* Makes *l one that has heard nothing. */
void notice_limit_init(struct notice_limit *l);

/* True when text is to be passed on; *held is then the number of repeats held back since it passed last. */
bool notice_limit_passes(struct notice_limit *l, const char *text, int64_t now_ms, unsigned *held);

#endif
