/* SPDX-License-Identifier: Apache-2.0 */
/* Holds back repeats of the same fact. */
#include "notice_limit.h"

#include "hash64.h"
#include "sv.h"

#include <string.h>

void notice_limit_init(struct notice_limit *l)
{
    memset(l, 0, sizeof *l);
}

static uint64_t hash_without_digits(const char *text)
{
    uint64_t h = HASH64_START;
    for (const char *c = text; *c; c++)
        if (!ascii_is_digit(*c))
            h = hash64(h, c, 1);
    return h;
}

/* The fact's place, or the place of the one that was heard longest ago. */
static struct notice_fact *find_fact(struct notice_limit *l, uint64_t hash)
{
    struct notice_fact *oldest = &l->facts[0];
    for (size_t i = 0; i < NOTICE_FACTS; i++) {
        struct notice_fact *fact = &l->facts[i];
        if (fact->until_ms && fact->hash == hash)
            return fact;
        if (fact->until_ms < oldest->until_ms)
            oldest = fact;
    }
    *oldest = (struct notice_fact){.hash = hash};
    return oldest;
}

static bool minute_has_room(struct notice_limit *l, int64_t now_ms)
{
    if (now_ms >= l->minute_ends_ms) {
        l->minute_ends_ms = now_ms + 60000;
        l->this_minute = 0;
    }
    return l->this_minute < NOTICE_PER_MINUTE;
}

bool notice_limit_passes(struct notice_limit *l, const char *text, int64_t now_ms, unsigned *held)
{
    struct notice_fact *fact = find_fact(l, hash_without_digits(text));
    if (now_ms < fact->until_ms || !minute_has_room(l, now_ms)) {
        fact->held++;
        return false;
    }
    l->this_minute++;
    *held = fact->held;
    fact->held = 0;
    fact->until_ms = now_ms + NOTICE_HOLD_MS;
    return true;
}
