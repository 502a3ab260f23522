/* SPDX-License-Identifier: Apache-2.0 */
/* Reading time zones: TZif files and POSIX TZ strings (RFC 8536 sections 3.1 to 3.3). */
#include "reader.h"
#include "zone.h"

#include <stdlib.h>

/* --- POSIX TZ strings --- */

struct cursor {
    const char *p, *end;
};

static bool take(struct cursor *c, char want)
{
    if (c->p == c->end || *c->p != want)
        return false;
    c->p++;
    return true;
}

static bool take_number(struct cursor *c, unsigned most, unsigned *out)
{
    unsigned value = 0;
    const char *start = c->p;
    while (c->p < c->end && ascii_is_digit(*c->p) && value <= most)
        value = value * 10 + (unsigned)(*c->p++ - '0');
    *out = value;
    return c->p > start && value <= most;
}

/* "CET" or "<+03>", of no use to us. */
static bool take_name(struct cursor *c)
{
    const char *start = c->p;
    if (take(c, '<')) {
        while (c->p < c->end && *c->p != '>')
            c->p++;
        return take(c, '>');
    }
    while (c->p < c->end && ascii_is_alpha(*c->p))
        c->p++;
    return c->p - start >= 3;
}

/* [+-]h[h[h]][:mm[:ss]] in seconds. */
static bool take_time(struct cursor *c, unsigned most_hours, int32_t *out)
{
    unsigned hours, minutes = 0, seconds = 0;
    bool negative = take(c, '-');
    if (!negative)
        (void)take(c, '+');
    if (!take_number(c, most_hours, &hours) || (take(c, ':') && !take_number(c, 59, &minutes)) ||
        (take(c, ':') && !take_number(c, 59, &seconds)))
        return false;
    int32_t value = (int32_t)(hours * 3600 + minutes * 60 + seconds);
    *out = negative ? -value : value;
    return true;
}

static bool take_day(struct cursor *c, struct zone_day *d)
{
    *d = (struct zone_day){.kind = ZONE_DAY_ZERO, .time = 2 * 3600};
    if (take(c, 'M')) {
        d->kind = ZONE_DAY_WEEK;
        if (!take_number(c, 12, &d->month) || d->month == 0 || !take(c, '.') ||
            !take_number(c, 5, &d->week) || d->week == 0 || !take(c, '.') || !take_number(c, 6, &d->weekday))
            return false;
    } else if (take(c, 'J')) {
        d->kind = ZONE_DAY_JULIAN;
        if (!take_number(c, 365, &d->day) || d->day == 0)
            return false;
    } else if (!take_number(c, 365, &d->day)) {
        return false;
    }
    return !take(c, '/') || take_time(c, 167, &d->time);
}

bool zone_parse_rule(struct sv text, struct zone_rule *out)
{
    struct cursor c = {text.p, text.p + text.n};
    struct zone_rule r = {0};
    int32_t west;
    if (sv_empty(text) || !take_name(&c) || !take_time(&c, 24, &west))
        return false;
    r.standard = -west;
    r.daylight = r.standard + 3600;
    if (c.p < c.end) {
        r.has_daylight = true;
        if (!take_name(&c))
            return false;
        if (c.p < c.end && *c.p != ',') {
            if (!take_time(&c, 24, &west))
                return false;
            r.daylight = -west;
        }
        if (!take(&c, ',') || !take_day(&c, &r.begin) || !take(&c, ',') || !take_day(&c, &r.end))
            return false;
    }
    if (c.p != c.end)
        return false;
    *out = r;
    return true;
}

/* --- TZif --- */

struct header {
    uint8_t version;
    uint32_t ut_count, standard_count, leap_count, change_count, type_count, name_bytes;
};

static uint32_t load_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t load_be(const uint8_t *p, size_t width)
{
    if (width == 4)
        return (int32_t)load_be32(p);
    return (int64_t)((uint64_t)load_be32(p) << 32 | load_be32(p + 4));
}

READER_CHECKED read_header(struct reader *r, struct header *h)
{
    const uint8_t *p;
    if (!reader_bytes(r, 44, &p) || memcmp(p, "TZif", 4) != 0)
        return false;
    *h = (struct header){p[4],
                         load_be32(p + 20),
                         load_be32(p + 24),
                         load_be32(p + 28),
                         load_be32(p + 32),
                         load_be32(p + 36),
                         load_be32(p + 40)};
    return h->change_count <= ZONE_CHANGES_MAX && h->type_count >= 1 && h->type_count <= 256 &&
           h->leap_count == 0 && h->name_bytes <= 4096 && h->standard_count <= h->type_count &&
           h->ut_count <= h->type_count;
}

static bool offset_of_type(const uint8_t *types, const struct header *h, size_t type, int32_t *out)
{
    if (type >= h->type_count)
        return false;
    *out = (int32_t)load_be(types + 6 * type, 4);
    return *out >= -ZONE_OFFSET_MAX && *out <= ZONE_OFFSET_MAX;
}

/* The data block behind its header; width is 4 in version 1, else 8. */
READER_CHECKED read_block(struct reader *r, const struct header *h, size_t width, struct zone *z)
{
    const uint8_t *times, *indexes, *types;
    if (!reader_bytes(r, h->change_count * width, &times) || !reader_bytes(r, h->change_count, &indexes) ||
        !reader_bytes(r, 6 * (size_t)h->type_count, &types) ||
        !reader_skip(r, (size_t)h->name_bytes + h->standard_count + h->ut_count) ||
        !offset_of_type(types, h, 0, &z->offset))
        return false;
    z->changes = malloc((h->change_count + 1) * sizeof *z->changes);
    if (!z->changes)
        return false;
    int64_t before = INT64_MIN;
    for (size_t i = 0; i < h->change_count; i++) {
        struct zone_change *c = &z->changes[i];
        c->at = load_be(times + i * width, width);
        if (!offset_of_type(types, h, indexes[i], &c->offset) || (i && c->at <= before))
            return false;
        before = c->at;
    }
    z->count = h->change_count;
    return true;
}

/* The TZ string between two line feeds; an empty one says nothing about later times. */
READER_CHECKED read_footer(struct reader *r, struct zone *z)
{
    const uint8_t *p;
    size_t left = reader_left(r);
    if (!reader_bytes(r, left, &p) || left < 2 || p[0] != '\n')
        return false;
    struct sv text = sv_make(p + 1, left - 1);
    size_t end = sv_find_char(text, '\n');
    if (end == SV_NPOS)
        return false;
    z->has_rule = end != 0;
    return end == 0 || zone_parse_rule(sv_slice(text, 0, end), &z->rule);
}

static bool read_zone(struct reader *r, struct zone *z)
{
    struct header h;
    if (!read_header(r, &h))
        return false;
    if (h.version < '2')
        return read_block(r, &h, 4, z);
    size_t first =
        (size_t)h.change_count * 5 + 6 * (size_t)h.type_count + h.name_bytes + h.standard_count + h.ut_count;
    return reader_skip(r, first) && read_header(r, &h) && read_block(r, &h, 8, z) && read_footer(r, z);
}

bool zone_parse_tzif(const void *p, size_t n, struct zone *out)
{
    struct zone z = {0};
    struct reader r = reader_make(p, n);
    if (!read_zone(&r, &z)) {
        zone_clear(&z);
        return false;
    }
    *out = z;
    return true;
}
