/* SPDX-License-Identifier: Apache-2.0 */
/* Waits between attempts. */
#include "backoff.h"

#include "os_clock.h"

enum { WAIT_MIN_MS = 1000, BASE_MAX_MS = 6000 };

void backoff_fail(struct backoff *b)
{
    uint32_t random;
    os_random(&random, sizeof random);
    b->base_ms = b->base_ms == 0 ? WAIT_MIN_MS : b->base_ms * 2;
    if (b->base_ms > BASE_MAX_MS)
        b->base_ms = BASE_MAX_MS;
    b->until_ms = os_monotonic_ms() + b->base_ms + random % (uint32_t)(b->base_ms / 2);
}

int backoff_left(const struct backoff *b)
{
    int64_t left = b->base_ms ? b->until_ms - os_monotonic_ms() : 0;
    return left > 0 ? (int)left : 0;
}
