/* SPDX-License-Identifier: Apache-2.0 */
/* How far a text can be copied as it is. */
#include "plain_run.h"

static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != ']';
}

static bool is_plain_at(const char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return plain_eight(x);
}

size_t plain_run_portable(struct sv v)
{
    size_t at = 0;
    while (v.n - at >= 8 && is_plain_at(v.p + at))
        at += 8;
    if (v.n >= 8 && v.n - at < 8 && is_plain_at(v.p + v.n - 8))
        return v.n;
    while (at < v.n && is_plain(v.p[at]))
        at++;
    return at;
}

#if defined(__SSE2__)
static inline unsigned stops_at(const char *p)
{
    return plain_sixteen_stops(_mm_loadu_si128((const __m128i *)(const void *)p));
}

size_t plain_run(struct sv v)
{
    if (v.n < 16)
        return plain_run_portable(v);
    for (size_t at = 0; v.n - at >= 16; at += 16) {
        unsigned stops = stops_at(v.p + at);
        if (stops)
            return at + (unsigned)__builtin_ctz(stops);
    }
    /* Bytes in front of the tail are plain, so the first stop of the last sixteen lies in the tail. */
    unsigned stops = stops_at(v.p + v.n - 16);
    return stops ? v.n - 16 + (unsigned)__builtin_ctz(stops) : v.n;
}
#else
size_t plain_run(struct sv v)
{
    return plain_run_portable(v);
}
#endif
