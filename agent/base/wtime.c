/* SPDX-License-Identifier: Apache-2.0 */
/* Event times. */
#include "wtime.h"

#include "digits.h"

static const uint64_t FILETIME_UNIX_EPOCH = UINT64_C(116444736000000000);

struct wtime wtime_from_filetime(uint64_t filetime)
{
    if (filetime == 0)
        return (struct wtime){0};
    uint64_t sec = filetime / 10000000;
    return (struct wtime){
        .sec = (int64_t)sec - (int64_t)(FILETIME_UNIX_EPOCH / 10000000),
        .nsec = (uint32_t)(filetime % 10000000) * 100,
        .digits = 7,
        .present = true,
    };
}

struct wtime wtime_from_unix_ns(int64_t ns, unsigned digits)
{
    int64_t sec = ns / 1000000000, rest = ns % 1000000000;
    if (rest < 0) {
        rest += 1000000000;
        sec--;
    }
    return (struct wtime){sec, (uint32_t)rest, (uint8_t)(digits > 9 ? 9 : digits), true};
}

/* After Howard Hinnant's public derivation: years begin in March, eras have 400 years. */
int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    unsigned year_of_era = (unsigned)(year - era * 400);
    unsigned day_of_year = (153 * (month + (month > 2 ? -3u : 9u)) + 2) / 5 + day - 1;
    unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + (int64_t)day_of_era - 719468;
}

void civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned day_of_era = (unsigned)(days - era * 146097);
    unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * shifted + 2) / 5 + 1;
    *month = shifted < 10 ? shifted + 3 : shifted - 9;
    *year = (int64_t)year_of_era + era * 400 + (*month <= 2);
}

struct cursor {
    struct sv rest;
};

static bool take_number(struct cursor *c, size_t digits, unsigned *out)
{
    unsigned value = 0;
    if (c->rest.n < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (!ascii_is_digit(c->rest.p[i]))
            return false;
        value = value * 10 + (unsigned)(c->rest.p[i] - '0');
    }
    *out = value;
    c->rest = sv_make(c->rest.p + digits, c->rest.n - digits);
    return true;
}

static bool take_char(struct cursor *c, char want)
{
    if (c->rest.n == 0 || c->rest.p[0] != want)
        return false;
    c->rest = sv_make(c->rest.p + 1, c->rest.n - 1);
    return true;
}

static bool date_exists(unsigned year, unsigned month, unsigned day)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1)
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= days[month - 1] + (unsigned)(leap && month == 2);
}

static bool take_date(struct cursor *c, int64_t *days)
{
    unsigned year, month, day;
    if (!take_number(c, 4, &year) || !take_char(c, '-') || !take_number(c, 2, &month) || !take_char(c, '-') ||
        !take_number(c, 2, &day) || !date_exists(year, month, day))
        return false;
    *days = days_from_civil(year, month, day);
    return true;
}

static bool take_clock(struct cursor *c, unsigned *seconds)
{
    unsigned hour, minute, second;
    if (!take_number(c, 2, &hour) || !take_char(c, ':') || !take_number(c, 2, &minute) ||
        !take_char(c, ':') || !take_number(c, 2, &second) || hour > 23 || minute > 59 || second > 60)
        return false;
    *seconds = hour * 3600 + minute * 60 + second;
    return true;
}

static bool take_fraction(struct cursor *c, struct wtime *t)
{
    uint32_t scale = 100000000;
    if (!take_char(c, '.'))
        return true;
    if (c->rest.n == 0 || !ascii_is_digit(c->rest.p[0]))
        return false;
    while (c->rest.n && ascii_is_digit(c->rest.p[0])) {
        if (t->digits < 9) {
            t->nsec += (uint32_t)(c->rest.p[0] - '0') * scale;
            scale /= 10;
            t->digits++;
        }
        c->rest = sv_make(c->rest.p + 1, c->rest.n - 1);
    }
    return true;
}

static bool take_zone(struct cursor *c, int64_t *offset_seconds)
{
    unsigned hour, minute;
    *offset_seconds = 0;
    if (c->rest.n == 0 || take_char(c, 'Z') || take_char(c, 'z'))
        return true;
    bool west = c->rest.p[0] == '-';
    if (!take_char(c, '+') && !take_char(c, '-'))
        return false;
    if (!take_number(c, 2, &hour) || !take_char(c, ':') || !take_number(c, 2, &minute) || hour > 23 ||
        minute > 59)
        return false;
    *offset_seconds = (int64_t)(hour * 3600 + minute * 60) * (west ? -1 : 1);
    return true;
}

bool wtime_parse(struct sv text, struct wtime *out)
{
    struct cursor c = {text};
    struct wtime t = {.present = true};
    int64_t days, offset;
    unsigned seconds;
    if (!take_date(&c, &days) || !(take_char(&c, 'T') || take_char(&c, ' ')) || !take_clock(&c, &seconds) ||
        !take_fraction(&c, &t) || !take_zone(&c, &offset) || c.rest.n != 0)
        return false;
    t.sec = days * 86400 + seconds - offset;
    *out = t;
    return true;
}

size_t wtime_format(const struct wtime *t, unsigned max_digits, char *out)
{
    int64_t year, days = t->sec / 86400, rest = t->sec % 86400;
    unsigned month, day;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    civil_from_days(days, &year, &month, &day);
    unsigned second = (unsigned)rest;
    /* A four-digit year is all that RFC 3339 can say; nothing that was parsed lies outside. */
    unsigned four = (unsigned)(year < 0 ? 0 : year > 9999 ? 9999 : year);
    char *to = digits_put_two(digits_put_two(out, four / 100), four % 100);
    *to++ = '-';
    to = digits_put_two(to, month);
    *to++ = '-';
    to = digits_put_two(to, day);
    *to++ = 'T';
    to = digits_put_two(to, second / 3600);
    *to++ = ':';
    to = digits_put_two(to, second / 60 % 60);
    *to++ = ':';
    to = digits_put_two(to, second % 60);
    unsigned digits = t->digits < max_digits ? t->digits : max_digits;
    if (digits) {
        unsigned fraction = t->nsec;
        for (unsigned i = digits; i < 9; i++)
            fraction /= 10;
        *to++ = '.';
        to = digits_put_padded(to, fraction, digits);
    }
    *to++ = 'Z';
    *to = '\0';
    return (size_t)(to - out);
}
