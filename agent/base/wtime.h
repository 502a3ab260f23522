/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event times: UTC with nanoseconds and with the number of fraction digits that the export wrote, because as
 * many go out as came in. Pure: nothing here reads a clock or knows a time zone.
 */
#ifndef MAPITAIL_WTIME_H
#define MAPITAIL_WTIME_H

#include "sv.h"

struct wtime {
    int64_t sec;    /* since 1970-01-01T00:00:00Z */
    uint32_t nsec;  /* 0 … 999999999 */
    uint8_t digits; /* fraction digits as written, 0 … 9 */
    bool present;   /* false: the event has no time, or none that could be read */
};

enum { WTIME_TEXT_MAX = 40 };

/* A FILETIME: 100 ns units since 1601-01-01T00:00:00Z. Zero means "no time". Seven digits. */
struct wtime wtime_from_filetime(uint64_t filetime);

/* Nanoseconds since 1970, with the given number of digits. */
struct wtime wtime_from_unix_ns(int64_t ns, unsigned digits);

/*
 * Reads YYYY-MM-DD(T| )hh:mm:ss[.fraction][Z|±hh:mm] in full; without a zone it is taken as UTC. Digits
 * beyond nine are dropped. Returns false, leaving *out alone, for everything else, impossible dates included;
 * a leap second (:60) is taken as the second after :59.
 */
__attribute__((warn_unused_result)) bool wtime_parse(struct sv text, struct wtime *out);

/*
 * Writes YYYY-MM-DDThh:mm:ss[.fraction]Z with at most max_digits fraction digits (truncated, never rounded)
 * to out, which has WTIME_TEXT_MAX bytes; NUL-terminated; returns the length. t must be present.
 */
size_t wtime_format(const struct wtime *t, unsigned max_digits, char *out);

/* Milliseconds since 1970, rounded down. */
static inline int64_t wtime_unix_ms(const struct wtime *t)
{
    return t->sec * 1000 + t->nsec / 1000000;
}

/* Days since 1970-01-01 of a Gregorian date, and back. */
int64_t days_from_civil(int64_t year, unsigned month, unsigned day);
void civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day);

#endif
