/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time zones as data: from the civil time on a wall in some place to UTC. Pure; where a zone comes from is
 * os_zone.h's to say.
 *
 * A zone is a list of changes of the offset, followed for ever by a yearly rule (RFC 8536 section 3.3). A
 * fixed offset is a zone without changes and without rule. A zone that is no longer written to may be used by
 * many threads.
 */
#ifndef MAPITAIL_ZONE_H
#define MAPITAIL_ZONE_H

#include "sv.h"

enum {
    ZONE_NAME_MAX = 64,       /* with its NUL */
    ZONE_CHANGES_MAX = 4096,  /* a zone with more is refused */
    ZONE_OFFSET_MAX = 100000, /* seconds; a larger offset from UTC is refused */
};

/* From UTC second at on (since 1970), offset seconds are added for local time. */
struct zone_change {
    int64_t at;
    int32_t offset;
};

/* A day of every year and a second of it (may be negative or more than a day: RFC 8536 section 3.3.1). */
struct zone_day {
    enum { ZONE_DAY_WEEK, ZONE_DAY_JULIAN, ZONE_DAY_ZERO } kind; /* Mm.w.d, Jn (no leap day), n (from 0) */
    unsigned month, week, weekday;                               /* WEEK: week 5 is the last; 0 is Sunday */
    unsigned day;                                                /* JULIAN, ZERO */
    int32_t time;
};

struct zone_rule {
    int32_t standard, daylight; /* offsets */
    bool has_daylight;
    struct zone_day begin, end; /* of daylight saving, in the local time that ends there */
};

struct zone {
    char name[ZONE_NAME_MAX]; /* "Europe/Berlin", "UTC", "+02:00"; "" where the system does not tell it */
    int32_t offset;           /* before the first change */
    struct zone_change *changes;
    size_t count;
    bool has_rule; /* from the last change on */
    struct zone_rule rule;
};

/* A zone with one offset, named UTC or ±hh:mm. Its changes are NULL, so that it need not be freed. */
struct zone zone_fixed(int32_t offset);

/* Reads "UTC", "GMT", "Z", "±hh:mm", "±hhmm" or "±hh" in full; false, leaving *out alone, for anything else.
 */
bool zone_parse_fixed(struct sv text, struct zone *out);

/* Reads a POSIX TZ string as RFC 8536 section 3.3.1 extends it ("CET-1CEST,M3.5.0,M10.5.0/3") in full. */
bool zone_parse_rule(struct sv text, struct zone_rule *out);

/*
 * Reads a TZif file (RFC 8536, versions 1 to 4) of n bytes into *out, whose name is left empty. False, with
 * nothing to free, for anything else, for files that count leap seconds and without memory.
 */
bool zone_parse_tzif(const void *p, size_t n, struct zone *out);

/* Releases what the zone holds, not the zone itself. NULL is allowed. */
void zone_clear(struct zone *z);

/* Seconds to add to this UTC second for local time. */
int32_t zone_offset_at(const struct zone *z, int64_t utc);

/* How a local time lies in its zone. */
enum zone_fit {
    ZONE_UNIQUE,
    ZONE_AMBIGUOUS, /* the clock was set back over it: it came twice. The first (daylight) one is taken */
    ZONE_GAP,       /* the clock was set forward over it: it never came. It is shifted forward by the gap */
};

/* local: seconds since 1970-01-01T00:00:00 on the wall. fit may be NULL. */
int64_t zone_to_utc(const struct zone *z, int64_t local, enum zone_fit *fit);

/*
 * What ECS wants in event.timezone: the zone's name, or without one the offset at that time as ±hh:mm.
 * Writes to to, which has ZONE_NAME_MAX bytes, with NUL; returns the length.
 */
size_t zone_label(const struct zone *z, int64_t utc, char *to);

#endif
