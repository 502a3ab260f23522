/* SPDX-License-Identifier: Apache-2.0 */
/* String views. */
#include "sv.h"

#include <string.h>

struct sv sv_from(const char *cstr)
{
    return cstr ? sv_make(cstr, strlen(cstr)) : SV_ABSENT;
}

struct sv sv_slice(struct sv v, size_t from, size_t to)
{
    if (to > v.n)
        to = v.n;
    if (from > to)
        from = to;
    return v.p ? sv_make(v.p + from, to - from) : v;
}

static bool eight_equal(const char *a, const char *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x == y;
}

static bool bytes_ieq(const char *a, const char *b, size_t n)
{
    size_t i = 0;
    /* What is equal as it stands is the common case. */
    while (n - i >= 8 && eight_equal(a + i, b + i))
        i += 8;
    for (; i < n; i++)
        if (a[i] != b[i] && ascii_lower(a[i]) != ascii_lower(b[i]))
            return false;
    return true;
}

bool sv_eq(struct sv a, struct sv b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool sv_ieq(struct sv a, struct sv b)
{
    return a.n == b.n && bytes_ieq(a.p, b.p, a.n);
}

bool sv_starts(struct sv v, struct sv prefix)
{
    return v.n >= prefix.n && sv_eq(sv_slice(v, 0, prefix.n), prefix);
}

bool sv_istarts(struct sv v, struct sv prefix)
{
    return v.n >= prefix.n && bytes_ieq(v.p, prefix.p, prefix.n);
}

bool sv_ends(struct sv v, struct sv suffix)
{
    return v.n >= suffix.n && sv_eq(sv_slice(v, v.n - suffix.n, v.n), suffix);
}

bool sv_iends(struct sv v, struct sv suffix)
{
    return v.n >= suffix.n && sv_ieq(sv_slice(v, v.n - suffix.n, v.n), suffix);
}

size_t sv_find(struct sv hay, struct sv needle)
{
    if (needle.n == 0)
        return 0;
    for (size_t at = 0; hay.n - at >= needle.n && at <= hay.n;) {
        const char *hit = memchr(hay.p + at, needle.p[0], hay.n - at - needle.n + 1);
        if (!hit)
            return SV_NPOS;
        at = (size_t)(hit - hay.p);
        if (memcmp(hit, needle.p, needle.n) == 0)
            return at;
        at++;
    }
    return SV_NPOS;
}

size_t sv_ifind(struct sv hay, struct sv needle)
{
    for (size_t at = 0; at <= hay.n && hay.n - at >= needle.n; at++)
        if (bytes_ieq(hay.p + at, needle.p, needle.n))
            return at;
    return SV_NPOS;
}

size_t sv_rfind(struct sv hay, struct sv needle)
{
    if (needle.n > hay.n)
        return SV_NPOS;
    for (size_t at = hay.n - needle.n + 1; at-- > 0;)
        if (needle.n == 0 || memcmp(hay.p + at, needle.p, needle.n) == 0)
            return at;
    return SV_NPOS;
}

size_t sv_find_char(struct sv hay, char c)
{
    const char *hit = hay.n ? memchr(hay.p, c, hay.n) : NULL;
    return hit ? (size_t)(hit - hay.p) : SV_NPOS;
}

struct sv sv_trim(struct sv v)
{
    while (v.n && ascii_is_space(v.p[0])) {
        v.p++;
        v.n--;
    }
    while (v.n && ascii_is_space(v.p[v.n - 1]))
        v.n--;
    return v;
}

bool sv_to_u64(struct sv v, uint64_t *out)
{
    uint64_t value = 0;
    if (v.n == 0)
        return false;
    for (size_t i = 0; i < v.n; i++) {
        unsigned digit = (unsigned char)v.p[i] - (unsigned)'0';
        /* 19 digits always fit. */
        if (digit > 9 || (i >= 19 && value > (UINT64_MAX - digit) / 10))
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

bool sv_hex_to_u64(struct sv v, uint64_t *out)
{
    uint64_t value = 0;
    if (sv_istarts(v, SV("0x")))
        v = sv_slice(v, 2, v.n);
    if (v.n == 0)
        return false;
    for (size_t i = 0; i < v.n; i++) {
        int digit = ascii_hex_value(v.p[i]);
        if (digit < 0 || value >> 60)
            return false;
        value = value << 4 | (unsigned)digit;
    }
    *out = value;
    return true;
}

enum { LOWER_STEP = 16 };

/* A number of bytes that the compiler knows is turned into vector instructions. */
static inline void lower_step(char *to, const char *from)
{
    char bytes[LOWER_STEP];
    memcpy(bytes, from, LOWER_STEP);
    for (size_t i = 0; i < LOWER_STEP; i++)
        bytes[i] = ascii_lower(bytes[i]);
    memcpy(to, bytes, LOWER_STEP);
}

char *ascii_lower_copy(char *to, struct sv v)
{
    size_t at = 0;
    for (; v.n - at > LOWER_STEP; at += LOWER_STEP)
        lower_step(to + at, v.p + at);
    if (v.n >= LOWER_STEP)
        lower_step(to + v.n - LOWER_STEP, v.p + v.n - LOWER_STEP);
    else
        for (; at < v.n; at++)
            to[at] = ascii_lower(v.p[at]);
    return to + v.n;
}

int ascii_hex_value(char c)
{
    if (ascii_is_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
