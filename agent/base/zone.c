/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones as data: what an offset is, and which UTC a local time means. */
#include "zone.h"

#include "wtime.h"

#include <stdlib.h>
#include <string.h>

enum { DAY = 86400 };

void zone_clear(struct zone *z)
{
    if (z)
        free(z->changes);
    if (z)
        *z = (struct zone){0};
}

/* ±hh:mm; seconds, which only times before standard time have, are dropped. */
static size_t put_offset(int32_t offset, char *to)
{
    unsigned minutes = (unsigned)(offset < 0 ? -offset : offset) / 60;
    to[0] = offset < 0 ? '-' : '+';
    to[1] = (char)('0' + minutes / 600);
    to[2] = (char)('0' + minutes / 60 % 10);
    to[3] = ':';
    to[4] = (char)('0' + minutes % 60 / 10);
    to[5] = (char)('0' + minutes % 10);
    to[6] = '\0';
    return 6;
}

struct zone zone_fixed(int32_t offset)
{
    struct zone z = {.offset = offset};
    if (offset == 0)
        memcpy(z.name, "UTC", 4);
    else
        put_offset(offset, z.name);
    return z;
}

bool zone_parse_fixed(struct sv text, struct zone *out)
{
    if (sv_ieq(text, SV("UTC")) || sv_ieq(text, SV("GMT")) || sv_ieq(text, SV("Z"))) {
        *out = zone_fixed(0);
        return true;
    }
    if (text.n < 3 || (text.p[0] != '+' && text.p[0] != '-'))
        return false;
    uint64_t hours, minutes = 0;
    struct sv rest = sv_slice(text, 3, text.n);
    if (rest.n == 3 && rest.p[0] == ':')
        rest = sv_slice(rest, 1, 3);
    if (!sv_to_u64(sv_slice(text, 1, 3), &hours) || (rest.n && (rest.n != 2 || !sv_to_u64(rest, &minutes))) ||
        hours > 23 || minutes > 59)
        return false;
    int32_t offset = (int32_t)(hours * 3600 + minutes * 60);
    *out = zone_fixed(text.p[0] == '-' ? -offset : offset);
    return true;
}

/* --- the yearly rule --- */

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Seconds since 1970 on the wall at which the day's moment comes in that year. */
static int64_t moment_in(const struct zone_day *d, int64_t year)
{
    int64_t days = days_from_civil(year, 1, 1);
    if (d->kind == ZONE_DAY_ZERO) {
        days += d->day;
    } else if (d->kind == ZONE_DAY_JULIAN) {
        days += d->day - 1 + (d->day >= 60 && is_leap(year));
    } else {
        int64_t first = days_from_civil(year, d->month, 1);
        int64_t next =
            d->month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, d->month + 1, 1);
        int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 is a Thursday */
        days = first + (d->weekday + 7 - weekday) % 7 + 7 * (int64_t)(d->week - 1);
        while (days >= next)
            days -= 7;
    }
    return days * DAY + d->time;
}

static int32_t rule_offset_at(const struct zone_rule *r, int64_t utc)
{
    int64_t local = utc + r->standard, year;
    unsigned month, day;
    if (!r->has_daylight)
        return r->standard;
    civil_from_days(local / DAY - (local % DAY < 0), &year, &month, &day);
    int64_t begin = moment_in(&r->begin, year) - r->standard, end = moment_in(&r->end, year) - r->daylight;
    /* South of the equator the year begins in summer. */
    bool daylight = begin < end ? utc >= begin && utc < end : utc >= begin || utc < end;
    return daylight ? r->daylight : r->standard;
}

/* --- offsets --- */

int32_t zone_offset_at(const struct zone *z, int64_t utc)
{
    size_t low = 0, high = z->count; /* changes[low - 1].at <= utc < changes[high].at */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (z->changes[middle].at <= utc)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == z->count && z->has_rule)
        return rule_offset_at(&z->rule, utc);
    return low ? z->changes[low - 1].offset : z->offset;
}

int64_t zone_to_utc(const struct zone *z, int64_t local, enum zone_fit *fit)
{
    /* No offset is larger than a day, so these two moments lie on either side of any change that matters. */
    int32_t before = zone_offset_at(z, local - DAY), after = zone_offset_at(z, local + DAY);
    int64_t first = local - before, second = local - after;
    bool is_first = zone_offset_at(z, first) == before, is_second = zone_offset_at(z, second) == after;
    enum zone_fit found = ZONE_UNIQUE;
    if (!is_first && !is_second)
        found = ZONE_GAP;
    else if (is_first && is_second && first != second)
        found = ZONE_AMBIGUOUS;
    if (fit)
        *fit = found;
    return found == ZONE_UNIQUE && !is_first ? second : first;
}

size_t zone_label(const struct zone *z, int64_t utc, char *to)
{
    size_t n = strlen(z->name);
    if (n == 0)
        return put_offset(zone_offset_at(z, utc), to);
    memcpy(to, z->name, n + 1);
    return n;
}
