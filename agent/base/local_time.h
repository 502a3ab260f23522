/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The times that text exports carry: civil times in a locale's order, mostly without zone. Pure.
 *
 * What is read, blanks (no-break ones too) and marks of writing direction between the parts not counting:
 *
 *   2020-12-14T17:09:08.940[Z|+01:00|+0100]    2017/11/18 15:35:24    27.05.2005 09:06:23    27. 5. 2005 9:06
 *   4/12/2009 4:27:56 a.m.    4/12/09 4:27 PM    08/19/2018 22:24:47 PM    午後 and 下午 before the clock
 *   Fri Nov 27 09:58:51 2015    27 Nov 2015 09:58:51    27-Nov-15    Friday, November 27, 2015 9:58:51 AM
 *   20201214170908.940000+060 (WMI, minutes east of UTC)    /Date(1227654960000)/ (ASP.NET JSON, UTC)
 *
 * Two-digit years: 70 … 99 are 19xx, 00 … 69 are 20xx. A 24-hour clock may carry PM.
 */
#ifndef MAPITAIL_LOCAL_TIME_H
#define MAPITAIL_LOCAL_TIME_H

#include "wtime.h"
#include "zone.h"

/* In which order numeric dates are written. AUTO: only what cannot be meant otherwise is read. */
enum date_order { DATE_ORDER_AUTO, DATE_ORDER_DMY, DATE_ORDER_MDY, DATE_ORDER_YMD };

/* "auto", "dmy", "mdy", "ymd", in the order of the enum, ended by NULL. */
extern const char *const date_order_names[];

enum { LOCAL_TIME_TEXT_MAX = 96 }; /* bytes; a longer text is no time */

struct local_time {
    int64_t sec; /* since 1970-01-01T00:00:00 on the wall; midnight where there was no clock */
    uint32_t nsec;
    uint8_t digits; /* fraction digits as written, at most 9 */
    bool has_clock;
    bool has_offset; /* the text carried its zone */
    int32_t offset;  /* seconds east of UTC */
};

enum local_time_status {
    LOCAL_TIME_NONE,   /* no time, or an impossible one: *out is left alone */
    LOCAL_TIME_UNSURE, /* a day and a month that could be each other, and no order is given: left alone */
    LOCAL_TIME_READ,
};

/*
 * Reads the whole text. A year of four digits in front, a name of a month and dots between numbers
 * (27.05.2005) tell the order by themselves; with order AUTO so does a number above 12. A given order that
 * makes an impossible date (25/05/2011 as mdy) is not obeyed where the other one is possible.
 */
enum local_time_status local_time_read(struct sv text, enum date_order order, struct local_time *out);

/* UTC; zone counts only where the text had none (NULL: UTC), and only then *fit (may be NULL) is set. */
struct wtime local_time_utc(const struct local_time *t, const struct zone *zone, enum zone_fit *fit);

/*
 * Which order the dates of a file have: shown by those that can be meant in one way only. Begin with {0}.
 *
 * What an event becomes must not depend on where reading began: collect from a fixed part of the file, its
 * first records, when the parser opens, wherever it opens, and not while going along.
 */
struct date_evidence {
    uint32_t dmy, mdy; /* dates that only this order makes possible */
};

void date_evidence_add(struct date_evidence *e, struct sv text);

/* DMY or MDY once it is certain; AUTO while nothing tells, or where the file contradicts itself. */
enum date_order date_evidence_order(const struct date_evidence *e);

#endif
