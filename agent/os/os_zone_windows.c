/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones from the registry, where each has a rule for every year that differs from the one before. */
#include "os_process.h"
#include "os_windows.h"
#include "os_zone.h"
#include "os_zone_names_windows.h"
#include "wtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum {
    FIRST_YEAR = 2000, /* no export is older */
    LAST_YEAR = 2040,  /* from then on the rule of that year is taken */
    CHANGES_MAX = 3 * (LAST_YEAR - FIRST_YEAR + 1),
    DAY = 86400,
};

/* One year's rule; offsets are to be added to UTC, moments are seconds since 1970 in UTC. */
struct year {
    int32_t standard, daylight;
    bool has_daylight;
    int64_t begin, end; /* of daylight saving */
};

/* Day of a month: the date itself, or the n-th weekday, 5 being the last. */
static unsigned day_of(const SYSTEMTIME *t, int64_t year)
{
    if (t->wYear)
        return t->wDay;
    int64_t first = days_from_civil(year, t->wMonth, 1);
    int64_t next =
        t->wMonth == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, t->wMonth + 1u, 1);
    int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 is a Thursday */
    int64_t day = 1 + (t->wDayOfWeek + 7 - weekday) % 7 + 7 * (t->wDay - 1);
    while (day > next - first)
        day -= 7;
    return (unsigned)day;
}

static int32_t second_of(const SYSTEMTIME *t)
{
    /* 23:59:59.999 is how the registry spells midnight at the end of a day. */
    return t->wHour * 3600 + t->wMinute * 60 + t->wSecond + (t->wMilliseconds >= 999);
}

static int64_t moment(const SYSTEMTIME *t, int64_t year, int32_t offset_before)
{
    return days_from_civil(year, t->wMonth, day_of(t, year)) * DAY + second_of(t) - offset_before;
}

static struct year year_of(const TIME_ZONE_INFORMATION *info, int64_t number)
{
    struct year y = {
        .standard = (int32_t)(info->Bias + info->StandardBias) * -60,
        .daylight = (int32_t)(info->Bias + info->DaylightBias) * -60,
        .has_daylight = info->StandardDate.wMonth && info->DaylightDate.wMonth,
    };
    if (y.has_daylight) {
        y.begin = moment(&info->DaylightDate, number, y.standard);
        y.end = moment(&info->StandardDate, number, y.daylight);
    }
    return y;
}

/* ---- the list of changes ---- */

static int32_t last_offset(const struct zone *z)
{
    return z->count ? z->changes[z->count - 1].offset : z->offset;
}

static void add_change(struct zone *z, int64_t at, int32_t offset)
{
    if (offset != last_offset(z))
        z->changes[z->count++] = (struct zone_change){at, offset};
}

/* South of the equator the year begins in summer. */
static int32_t new_year_offset(const struct year *y)
{
    return y->has_daylight && y->end < y->begin ? y->daylight : y->standard;
}

static void add_year(struct zone *z, const struct year *y, int64_t number)
{
    /* Where a government changed the offset itself, the year's first day is when the registry changes it. */
    add_change(z, days_from_civil(number, 1, 1) * DAY - last_offset(z), new_year_offset(y));
    if (!y->has_daylight)
        return;
    bool south = y->end < y->begin;
    add_change(z, south ? y->end : y->begin, south ? y->standard : y->daylight);
    add_change(z, south ? y->begin : y->end, south ? y->daylight : y->standard);
}

static struct zone_day day_rule(const SYSTEMTIME *t)
{
    return (struct zone_day){.kind = ZONE_DAY_WEEK,
                             .month = t->wMonth,
                             .week = t->wDay,
                             .weekday = t->wDayOfWeek,
                             .time = second_of(t)};
}

static struct zone_rule rule_of(const TIME_ZONE_INFORMATION *info)
{
    struct year y = year_of(info, LAST_YEAR);
    struct zone_rule r = {.standard = y.standard, .daylight = y.daylight};
    /* A date of one year makes no rule. */
    r.has_daylight = y.has_daylight && !info->DaylightDate.wYear && !info->StandardDate.wYear;
    if (r.has_daylight) {
        r.begin = day_rule(&info->DaylightDate);
        r.end = day_rule(&info->StandardDate);
    }
    return r;
}

static struct zone *make_zone(DYNAMIC_TIME_ZONE_INFORMATION *from, const char *name, struct fault *f)
{
    TIME_ZONE_INFORMATION info;
    struct zone *z = calloc(1, sizeof *z);
    if (!z || !(z->changes = calloc(CHANGES_MAX, sizeof *z->changes))) {
        free(z);
        fault_set(f, FAULT_MEMORY, 0, "no memory");
        return NULL;
    }
    snprintf(z->name, sizeof z->name, "%s", name);
    for (int year = FIRST_YEAR; year <= LAST_YEAR; year++) {
        if (!GetTimeZoneInformationForYear((USHORT)year, from, &info)) {
            os_last_fault(f, "read the rules of time zone", name);
            os_zone_free(z);
            return NULL;
        }
        struct year y = year_of(&info, year);
        if (year == FIRST_YEAR)
            z->offset = new_year_offset(&y);
        add_year(z, &y, year);
    }
    z->has_rule = true;
    z->rule = rule_of(&info);
    return z;
}

/* ---- by name ---- */

static bool find_key(const char *key, DYNAMIC_TIME_ZONE_INFORMATION *out)
{
    wchar_t *wide = os_wide(key);
    bool found = false;
    for (DWORD i = 0; wide && !found && EnumDynamicTimeZoneInformation(i, out) == ERROR_SUCCESS; i++)
        found = _wcsicmp(out->TimeZoneKeyName, wide) == 0;
    free(wide);
    return found;
}

static struct zone *load_name(const char *name, struct fault *f)
{
    DYNAMIC_TIME_ZONE_INFORMATION info;
    const char *key = os_zone_key_of(name);
    if (find_key(key ? key : name, &info))
        return make_zone(&info, name, f);
    fault_set(f, FAULT_CONFIG, 0,
              "there is no time zone of that name; besides the large cities' names from IANA, "
              "Windows' own will do (tzutil /l lists them)");
    return NULL;
}

static struct zone *copy_of(const struct zone *z, struct fault *f)
{
    struct zone *copy = malloc(sizeof *copy);
    if (copy)
        *copy = *z;
    else
        fault_set(f, FAULT_MEMORY, 0, "no memory");
    return copy;
}

/* As other programs of the C library do, TZ goes before the system's setting: a rule (POSIX.1-2017 8.3) or a
 * name. */
static struct zone *load_host(struct fault *f)
{
    struct zone z = {.has_rule = true};
    DYNAMIC_TIME_ZONE_INFORMATION info;
    const char *variable = os_environment("TZ");
    if (variable && *variable)
        return zone_parse_rule(sv_from(variable), &z.rule) ? copy_of(&z, f)
                                                           : load_name(variable + (variable[0] == ':'), f);
    if (GetDynamicTimeZoneInformation(&info) == TIME_ZONE_ID_INVALID) {
        os_last_fault(f, "find", "the time zone of this host");
        return NULL;
    }
    char name[ZONE_NAME_MAX] = "";
    char *key = os_narrow(info.TimeZoneKeyName);
    if (key)
        os_zone_name_of(key, name, sizeof name);
    struct zone *found = make_zone(&info, name, f);
    free(key);
    return found;
}

struct zone *os_zone_load(const char *name, struct fault *f)
{
    struct zone z;
    struct fault ignored;
    f = f ? f : &ignored;
    if (strcmp(name, "local") == 0)
        return load_host(f);
    return zone_parse_fixed(sv_from(name), &z) ? copy_of(&z, f) : load_name(name, f);
}

void os_zone_free(struct zone *z)
{
    zone_clear(z);
    free(z);
}
