/* SPDX-License-Identifier: Apache-2.0 */
/* The log's rate limit. */
#include "log_rate.h"

enum { WINDOW_MS = 1000 };

static bool is_over(const struct log_rate *r, const struct log_rate_slot *s, int64_t now_ms)
{
    return now_ms - s->since_ms >= (r->window_ms ? r->window_ms : WINDOW_MS);
}

/* A slot that was never used is older than any other, whatever the clock's zero means. */
static int64_t begun_ms(const struct log_rate_slot *s)
{
    return s->hash ? s->since_ms : INT64_MIN;
}

static struct log_rate_slot *find_or_take(struct log_rate *r, uint64_t hash)
{
    struct log_rate_slot *oldest = NULL;
    for (size_t i = 0; i < LOG_RATE_SLOTS; i++) {
        struct log_rate_slot *s = &r->slots[i];
        if (s->hash == hash)
            return s;
        if (s->held == 0 && (!oldest || begun_ms(s) < begun_ms(oldest)))
            oldest = s;
    }
    if (oldest)
        *oldest = (struct log_rate_slot){.hash = hash, .since_ms = INT64_MIN / 2};
    return oldest;
}

struct log_rate_slot *log_rate_find(struct log_rate *r, uint64_t hash, int64_t now_ms)
{
    struct log_rate_slot *s = find_or_take(r, hash);
    if (s && s->held == 0 && is_over(r, s, now_ms)) {
        s->since_ms = now_ms;
        s->written = 0;
    }
    return s;
}

bool log_rate_admit(const struct log_rate *r, struct log_rate_slot *slot)
{
    if (slot->written < r->most) {
        slot->written++;
        return true;
    }
    slot->held++;
    return false;
}

struct log_rate_slot *log_rate_due(struct log_rate *r, int64_t now_ms)
{
    for (size_t i = 0; i < LOG_RATE_SLOTS; i++)
        if (r->slots[i].held > 0 && (now_ms == INT64_MAX || is_over(r, &r->slots[i], now_ms)))
            return &r->slots[i];
    return NULL;
}
