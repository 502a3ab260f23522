/* SPDX-License-Identifier: Apache-2.0 */
/* The times that text exports carry. */
#include "local_time.h"

#include <string.h>

const char *const date_order_names[] = {"auto", "dmy", "mdy", "ymd", NULL};

enum { CENTURY_PIVOT = 70, MILLISECOND_MAX_DIGITS = 15 };

/* --- the text without what does not count --- */

struct cursor {
    const char *p, *end;
};

static const struct sv blanks[] = {SV_INIT("\xc2\xa0"), SV_INIT("\xe2\x80\xaf"), SV_INIT("\xe2\x80\x89"),
                                   SV_INIT("\xe3\x80\x80")};
static const struct sv marks[] = {SV_INIT("\xe2\x80\x8e"), SV_INIT("\xe2\x80\x8f"), SV_INIT("\xef\xbb\xbf")};

static size_t one_of(struct sv text, const struct sv *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sv_starts(text, list[i]))
            return list[i].n;
    return 0;
}

/* No-break and other wide blanks become plain ones, marks of writing direction nothing; lower case. */
static bool plain(struct sv text, char *to, struct cursor *c)
{
    size_t n = 0;
    text = sv_trim(text);
    if (sv_empty(text) || text.n > LOCAL_TIME_TEXT_MAX)
        return false;
    for (size_t i = 0; i < text.n;) {
        if ((unsigned char)text.p[i] < 0x80) {
            to[n++] = ascii_is_space(text.p[i]) ? ' ' : ascii_lower(text.p[i]);
            i++;
            continue;
        }
        struct sv rest = sv_slice(text, i, text.n);
        size_t mark = one_of(rest, marks, sizeof marks / sizeof marks[0]);
        size_t blank = one_of(rest, blanks, sizeof blanks / sizeof blanks[0]);
        if (!mark)
            to[n++] = blank ? ' ' : rest.p[0];
        i += mark ? mark : blank ? blank : 1;
    }
    *c = (struct cursor){to, to + n};
    return true;
}

static char peek(const struct cursor *c)
{
    return c->p < c->end ? *c->p : '\0';
}

static bool take(struct cursor *c, char want)
{
    if (c->p == c->end || *c->p != want)
        return false;
    c->p++;
    return true;
}

static bool take_word(struct cursor *c, struct sv word)
{
    if (peek(c) != word.p[0] || !sv_starts(sv_make(c->p, (size_t)(c->end - c->p)), word))
        return false;
    c->p += word.n;
    return true;
}

static void skip_blanks(struct cursor *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == ','))
        c->p++;
}

/* Up to most digits and no further digit behind them; tells how many. */
static size_t take_number(struct cursor *c, size_t most, uint64_t *out)
{
    size_t n = 0;
    uint64_t value = 0;
    while (n < most && (size_t)(c->end - c->p) > n && ascii_is_digit(c->p[n]))
        value = value * 10 + (uint64_t)(c->p[n++] - '0');
    if (n == 0 || ((size_t)(c->end - c->p) > n && ascii_is_digit(c->p[n])))
        return 0;
    c->p += n;
    *out = value;
    return n;
}

static bool take_fixed(struct cursor *c, size_t digits, unsigned *out)
{
    unsigned value = 0;
    for (size_t i = 0; i < digits; i++) {
        if (!ascii_is_digit(peek(c)))
            return false;
        value = value * 10 + (unsigned)(*c->p++ - '0');
    }
    *out = value;
    return true;
}

/* --- dates --- */

struct date {
    unsigned year, month, day;
};

/* A date as written: its numbers, and what tells which is which. */
struct written_date {
    unsigned part[3];
    size_t digits[3];
    bool dotted;     /* 27.05.2005 */
    bool month_name; /* part is day, month, year */
};

static bool date_exists(struct date d)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (d.year < 1601 || d.year > 9999 || d.month < 1 || d.month > 12 || d.day < 1)
        return false;
    bool leap = d.year % 4 == 0 && (d.year % 100 != 0 || d.year % 400 == 0);
    return d.day <= days[d.month - 1] + (unsigned)(leap && d.month == 2);
}

static bool year_of(unsigned value, size_t digits, unsigned *year)
{
    if (digits != 2 && digits != 4)
        return false;
    *year = digits == 4 ? value : value < CENTURY_PIVOT ? 2000 + value : 1900 + value;
    return true;
}

static bool date_in_order(const struct written_date *w, enum date_order order, struct date *out)
{
    static const uint8_t places[][3] = {/* of year, month, day */
                                        [DATE_ORDER_DMY] = {2, 1, 0},
                                        [DATE_ORDER_MDY] = {2, 0, 1},
                                        [DATE_ORDER_YMD] = {0, 1, 2}};
    const uint8_t *at = places[order];
    struct date d = {.month = w->part[at[1]], .day = w->part[at[2]]};
    if (!year_of(w->part[at[0]], w->digits[at[0]], &d.year) || w->digits[at[1]] > 2 || w->digits[at[2]] > 2 ||
        !date_exists(d))
        return false;
    *out = d;
    return true;
}

/* The order that the date tells by itself, or AUTO. */
static enum date_order own_order(const struct written_date *w)
{
    if (w->digits[0] == 4)
        return DATE_ORDER_YMD;
    return w->month_name || (w->dotted && w->digits[2] == 4) ? DATE_ORDER_DMY : DATE_ORDER_AUTO;
}

static enum local_time_status resolve_date(const struct written_date *w, enum date_order order,
                                           struct date *out)
{
    struct date dmy, mdy;
    enum date_order own = own_order(w);
    if (own != DATE_ORDER_AUTO)
        return date_in_order(w, own, out) ? LOCAL_TIME_READ : LOCAL_TIME_NONE;
    if (order != DATE_ORDER_AUTO && date_in_order(w, order, out))
        return LOCAL_TIME_READ;
    bool is_dmy = date_in_order(w, DATE_ORDER_DMY, &dmy), is_mdy = date_in_order(w, DATE_ORDER_MDY, &mdy);
    if (!is_dmy && !is_mdy)
        return date_in_order(w, DATE_ORDER_YMD, out) ? LOCAL_TIME_READ : LOCAL_TIME_NONE;
    if (is_dmy && is_mdy && dmy.month != mdy.month)
        return LOCAL_TIME_UNSURE;
    *out = is_dmy ? dmy : mdy;
    return LOCAL_TIME_READ;
}

static bool take_month(struct cursor *c, unsigned *month)
{
    static const char names[12][10] = {"january", "february", "march",     "april",   "may",      "june",
                                       "july",    "august",   "september", "october", "november", "december"};
    for (unsigned i = 0; i < 12; i++)
        if (take_word(c, sv_from(names[i])) || take_word(c, sv_make(names[i], 3))) {
            (void)take(c, '.');
            *month = i + 1;
            return true;
        }
    return false;
}

static void take_weekday(struct cursor *c)
{
    static const char names[7][10] = {"monday", "tuesday",  "wednesday", "thursday",
                                      "friday", "saturday", "sunday"};
    for (unsigned i = 0; i < 7 && !ascii_is_digit(peek(c)); i++)
        if (take_word(c, sv_from(names[i])) || take_word(c, sv_make(names[i], 3))) {
            (void)take(c, '.');
            break;
        }
    skip_blanks(c);
}

/* 27.05.2005, 27. 5. 2005, 2017/11/18, 2017. 11. 18., 2020-12-14 */
static bool take_numeric_date(struct cursor *c, struct written_date *w)
{
    char separator = '\0';
    for (int i = 0; i < 3; i++) {
        uint64_t value;
        w->digits[i] = take_number(c, 4, &value);
        if (w->digits[i] == 0 || w->digits[i] == 3)
            return false;
        w->part[i] = (unsigned)value;
        if (i == 0)
            separator = peek(c);
        if (i < 2 && ((separator != '/' && separator != '-' && separator != '.') || !take(c, separator)))
            return false;
        if (i < 2 && separator == '.')
            skip_blanks(c);
    }
    w->dotted = separator == '.';
    if (w->dotted)
        (void)take(c, '.');
    return true;
}

static bool take_year(struct cursor *c, struct written_date *w)
{
    uint64_t year;
    w->digits[2] = take_number(c, 4, &year);
    w->part[2] = w->digits[2] ? (unsigned)year : 0;
    return w->digits[2] != 0;
}

/* "27 Nov 2015", "27-Nov-15" */
static bool take_day_month_year(struct cursor *c, struct written_date *w)
{
    uint64_t day;
    w->digits[0] = take_number(c, 2, &day);
    if (w->digits[0] == 0)
        return false;
    w->part[0] = (unsigned)day;
    bool dashed = take(c, '-');
    (void)take(c, '.');
    skip_blanks(c);
    if (!take_month(c, &w->part[1]) || (dashed && !take(c, '-')))
        return false;
    skip_blanks(c);
    return take_year(c, w);
}

/* "Nov 27 2015" and "Nov 27 09:58:51 2015", whose year comes later: *open is then set. */
static bool take_month_day(struct cursor *c, struct written_date *w, bool *open)
{
    uint64_t day;
    if (!take_month(c, &w->part[1]))
        return false;
    skip_blanks(c);
    w->digits[0] = take_number(c, 2, &day);
    if (w->digits[0] == 0)
        return false;
    w->part[0] = (unsigned)day;
    skip_blanks(c);
    struct cursor before = *c;
    *open = !take_year(c, w) || peek(c) == ':';
    if (*open)
        *c = before;
    return true;
}

static bool take_date(struct cursor *c, struct written_date *w, bool *open)
{
    struct cursor start;
    *w = (struct written_date){.digits = {2, 2, 2}};
    *open = false;
    take_weekday(c);
    start = *c;
    if (take_numeric_date(c, w))
        return true;
    *c = start;
    *w = (struct written_date){.digits = {2, 2, 2}, .month_name = true};
    if (take_day_month_year(c, w))
        return true;
    *c = start;
    w->digits[0] = 2;
    return take_month_day(c, w, open);
}

/* --- clocks --- */

static void take_fraction(struct cursor *c, struct local_time *t)
{
    uint32_t scale = 100000000;
    if (c->end - c->p < 2 || (*c->p != '.' && *c->p != ',') || !ascii_is_digit(c->p[1]))
        return;
    for (c->p++; ascii_is_digit(peek(c)); c->p++)
        if (t->digits < 9) {
            t->nsec += (uint32_t)(*c->p - '0') * scale;
            scale /= 10;
            t->digits++;
        }
}

enum half { HALF_NONE, HALF_AM, HALF_PM };

static enum half take_half(struct cursor *c)
{
    static const struct sv am[] = {SV_INIT("a.m."),
                                   SV_INIT("a. m."),
                                   SV_INIT("a.m"),
                                   SV_INIT("am"),
                                   SV_INIT("vorm."),
                                   SV_INIT("\xe5\x8d\x88\xe5\x89\x8d"),
                                   SV_INIT("\xe4\xb8\x8a\xe5\x8d\x88"),
                                   SV_INIT("\xec\x98\xa4\xec\xa0\x84")};
    static const struct sv pm[] = {SV_INIT("p.m."),
                                   SV_INIT("p. m."),
                                   SV_INIT("p.m"),
                                   SV_INIT("pm"),
                                   SV_INIT("nachm."),
                                   SV_INIT("\xe5\x8d\x88\xe5\xbe\x8c"),
                                   SV_INIT("\xe4\xb8\x8b\xe5\x8d\x88"),
                                   SV_INIT("\xec\x98\xa4\xed\x9b\x84")};
    struct cursor start = *c;
    skip_blanks(c);
    for (size_t i = 0; i < sizeof am / sizeof am[0] && !ascii_is_digit(peek(c)); i++) {
        if (take_word(c, am[i]))
            return HALF_AM;
        if (take_word(c, pm[i]))
            return HALF_PM;
    }
    *c = start;
    return HALF_NONE;
}

/* [AM] h:mm[:ss[.fraction]] [AM]; some locales write dots. */
static bool take_clock(struct cursor *c, struct local_time *t)
{
    uint64_t hour;
    unsigned minute, second = 0;
    enum half half = take_half(c);
    skip_blanks(c);
    if (!take_number(c, 2, &hour))
        return false;
    char separator = peek(c);
    if ((separator != ':' && separator != '.') || !take(c, separator) || !take_fixed(c, 2, &minute) ||
        (take(c, separator) && !take_fixed(c, 2, &second)) || ascii_is_digit(peek(c)))
        return false;
    take_fraction(c, t);
    half = half ? half : take_half(c);
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    if (half == HALF_PM && hour < 12)
        hour += 12;
    else if (half == HALF_AM && hour == 12)
        hour = 0;
    t->sec = (int64_t)hour * 3600 + minute * 60 + second;
    t->has_clock = true;
    return true;
}

/* Nothing, Z, or ±hh[[:]mm]. */
static bool take_zone(struct cursor *c, struct local_time *t)
{
    struct zone z;
    struct cursor start = *c;
    skip_blanks(c);
    const char *from = c->p;
    char first = peek(c);
    if (first != 'z' && first != 'u' && first != 'g' && first != '+' && first != '-') {
        *c = start;
        return true;
    }
    while (c->p < c->end && *c->p != ' ')
        c->p++;
    if (!zone_parse_fixed(sv_make(from, (size_t)(c->p - from)), &z))
        return false;
    t->has_offset = true;
    t->offset = z.offset;
    return true;
}

/* --- whole texts --- */

static enum local_time_status finish(struct date d, struct local_time *t, struct local_time *out)
{
    t->sec += days_from_civil(d.year, d.month, d.day) * 86400;
    *out = *t;
    return LOCAL_TIME_READ;
}

/* 20201214170908.940000+060; CIM_DATETIME (DMTF DSP0004 5.2.4). "+***" is no zone. */
static bool read_wmi(struct cursor c, struct local_time *out)
{
    struct local_time t = {.has_clock = true};
    struct date d;
    unsigned hour, minute, second, east;
    if (!take_fixed(&c, 4, &d.year) || !take_fixed(&c, 2, &d.month) || !take_fixed(&c, 2, &d.day) ||
        !take_fixed(&c, 2, &hour) || !take_fixed(&c, 2, &minute) || !take_fixed(&c, 2, &second) ||
        peek(&c) != '.' || !date_exists(d) || hour > 23 || minute > 59 || second > 60)
        return false;
    take_fraction(&c, &t);
    bool west = peek(&c) == '-';
    if (!take(&c, '+') && !take(&c, '-'))
        return false;
    if (!take_word(&c, SV("***"))) {
        if (!take_fixed(&c, 3, &east))
            return false;
        t.has_offset = true;
        t.offset = (int32_t)east * (west ? -60 : 60);
    }
    t.sec = (int64_t)hour * 3600 + minute * 60 + second;
    return c.p == c.end && finish(d, &t, out) == LOCAL_TIME_READ;
}

/* Milliseconds of UTC; a zone behind them only tells where they were written. */
static bool read_json_date(struct cursor c, struct local_time *out)
{
    uint64_t ms;
    unsigned zone;
    (void)take(&c, '\\');
    if (!take_word(&c, SV("/date(")))
        return false;
    bool negative = take(&c, '-');
    if (!take_number(&c, MILLISECOND_MAX_DIGITS, &ms))
        return false;
    if ((take(&c, '+') || take(&c, '-')) && !take_fixed(&c, 4, &zone))
        return false;
    if (!take(&c, ')'))
        return false;
    (void)take(&c, '\\');
    if (!take(&c, '/') || c.p != c.end)
        return false;
    int64_t value = negative ? -(int64_t)ms : (int64_t)ms, rest = (value % 1000 + 1000) % 1000;
    *out = (struct local_time){.sec = (value - rest) / 1000,
                               .nsec = (uint32_t)rest * 1000000,
                               .digits = 3,
                               .has_clock = true,
                               .has_offset = true};
    return true;
}

static enum local_time_status read_civil(struct cursor c, enum date_order order, struct local_time *out)
{
    struct local_time t = {0};
    struct written_date w;
    struct date d;
    bool open;
    if (!take_date(&c, &w, &open))
        return LOCAL_TIME_NONE;
    skip_blanks(&c);
    if (c.p < c.end) {
        (void)take(&c, 't');
        if (!take_clock(&c, &t) || !take_zone(&c, &t))
            return LOCAL_TIME_NONE;
    }
    skip_blanks(&c);
    if ((open && !take_year(&c, &w)) || c.p != c.end)
        return LOCAL_TIME_NONE;
    enum local_time_status status = resolve_date(&w, order, &d);
    return status == LOCAL_TIME_READ ? finish(d, &t, out) : status;
}

enum local_time_status local_time_read(struct sv text, enum date_order order, struct local_time *out)
{
    char memory[LOCAL_TIME_TEXT_MAX];
    struct cursor c;
    if (!plain(text, memory, &c))
        return LOCAL_TIME_NONE;
    if (read_wmi(c, out) || read_json_date(c, out))
        return LOCAL_TIME_READ;
    return read_civil(c, order, out);
}

struct wtime local_time_utc(const struct local_time *t, const struct zone *zone, enum zone_fit *fit)
{
    int64_t sec = t->sec - t->offset;
    if (!t->has_offset && zone)
        sec = zone_to_utc(zone, t->sec, fit);
    else if (!t->has_offset && fit)
        *fit = ZONE_UNIQUE;
    return (struct wtime){sec, t->nsec, t->digits, true};
}

/* --- which order a file has --- */

void date_evidence_add(struct date_evidence *e, struct sv text)
{
    char memory[LOCAL_TIME_TEXT_MAX];
    struct written_date w;
    struct date d;
    struct cursor c;
    bool open;
    if (!plain(text, memory, &c) || !take_date(&c, &w, &open) || own_order(&w) != DATE_ORDER_AUTO)
        return;
    bool dmy = date_in_order(&w, DATE_ORDER_DMY, &d), mdy = date_in_order(&w, DATE_ORDER_MDY, &d);
    e->dmy += dmy && !mdy;
    e->mdy += mdy && !dmy;
}

enum date_order date_evidence_order(const struct date_evidence *e)
{
    if (e->dmy && !e->mdy)
        return DATE_ORDER_DMY;
    return e->mdy && !e->dmy ? DATE_ORDER_MDY : DATE_ORDER_AUTO;
}
