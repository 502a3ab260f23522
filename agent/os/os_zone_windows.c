/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones from the registry, where each has its rule, and the rules of the years that had another. */
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
    FIRST_YEAR = 2000, /* no export is older; before it the first rule that is known is taken */
    YEARS_MAX = 100,
    CHANGES_MAX = 3 * YEARS_MAX,
    DAY = 86400,
};

/* A rule as the registry keeps it (REG_TZI_FORMAT); minutes to be added to local time for UTC. */
struct registry_rule {
    LONG bias, standard_bias, daylight_bias;
    SYSTEMTIME standard_begin, daylight_begin;
};

/* One year's rule; offsets are to be added to UTC, moments are seconds since 1970 in UTC. */
struct year {
    int32_t standard, daylight;
    bool has_daylight;
    int64_t begin, end; /* of daylight saving */
};

/* ---- what the registry says ---- */

static bool read_rule(HKEY key, const wchar_t *name, struct registry_rule *out)
{
    DWORD size = sizeof *out;
    return RegGetValueW(key, NULL, name, RRF_RT_REG_BINARY, NULL, out, &size) == ERROR_SUCCESS &&
           size == sizeof *out;
}

static DWORD read_year(HKEY key, const wchar_t *name)
{
    DWORD year = 0, size = sizeof year;
    return RegGetValueW(key, NULL, name, RRF_RT_REG_DWORD, NULL, &year, &size) == ERROR_SUCCESS ? year : 0;
}

/* The key of that name, whose case does not matter; NULL where there is none. */
static HKEY open_zone(const wchar_t *name)
{
    static const wchar_t zones[] = L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Time Zones\\";
    wchar_t path[256];
    HKEY key;
    if (!*name || wcschr(name, L'\\') || wcslen(zones) + wcslen(name) >= sizeof path / sizeof *path)
        return NULL;
    wcscpy(path, zones);
    wcscat(path, name);
    return RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, KEY_READ, &key) == ERROR_SUCCESS ? key : NULL;
}

/* ---- a year ---- */

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

static struct year year_of(const struct registry_rule *r, int64_t number)
{
    struct year y = {
        .standard = (int32_t)(r->bias + r->standard_bias) * -60,
        .daylight = (int32_t)(r->bias + r->daylight_bias) * -60,
        .has_daylight = r->standard_begin.wMonth && r->daylight_begin.wMonth,
    };
    if (y.has_daylight) {
        y.begin = moment(&r->daylight_begin, number, y.standard);
        y.end = moment(&r->standard_begin, number, y.daylight);
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

/* The rule from the last year on. A date of one year makes none. */
static struct zone_rule rule_of(const struct registry_rule *r)
{
    struct year y = year_of(r, FIRST_YEAR);
    struct zone_rule rule = {.standard = y.standard, .daylight = y.daylight};
    rule.has_daylight = y.has_daylight && !r->daylight_begin.wYear && !r->standard_begin.wYear;
    if (rule.has_daylight) {
        rule.begin = day_rule(&r->daylight_begin);
        rule.end = day_rule(&r->standard_begin);
    }
    return rule;
}

/* The years that have entries of their own, and those before them by the first of these. */
static bool add_years(struct zone *z, HKEY years)
{
    struct registry_rule r;
    wchar_t name[16];
    DWORD first = read_year(years, L"FirstEntry"), last = read_year(years, L"LastEntry");
    if (first < FIRST_YEAR || last < first || last - FIRST_YEAR >= YEARS_MAX)
        return true; /* none: the rule that is valid now is all there is */
    z->changes = calloc(CHANGES_MAX, sizeof *z->changes);
    if (!z->changes)
        return false;
    for (DWORD number = FIRST_YEAR; number <= last; number++) {
        _snwprintf(name, sizeof name / sizeof *name, L"%lu", number < first ? first : number);
        if (!read_rule(years, name, &r))
            break;
        struct year y = year_of(&r, number);
        if (number == FIRST_YEAR)
            z->offset = new_year_offset(&y);
        add_year(z, &y, number);
    }
    return true;
}

static struct zone *read_zone(HKEY key, const char *name, struct fault *f)
{
    struct registry_rule now;
    HKEY years;
    struct zone *z = calloc(1, sizeof *z);
    if (!z || !read_rule(key, L"TZI", &now)) {
        fault_set(f, FAULT_FORMAT, 0, z ? "the registry has no rule of this time zone" : "no memory");
        free(z);
        return NULL;
    }
    snprintf(z->name, sizeof z->name, "%s", name);
    z->has_rule = true;
    z->rule = rule_of(&now);
    z->offset = z->rule.standard;
    if (RegOpenKeyExW(key, L"Dynamic DST", 0, KEY_READ, &years) != ERROR_SUCCESS)
        return z;
    bool read = add_years(z, years);
    RegCloseKey(years);
    if (read)
        return z;
    fault_set(f, FAULT_MEMORY, 0, "no memory");
    free(z);
    return NULL;
}

/* ---- by name ---- */

static struct zone *load_key(const wchar_t *key_name, const char *name, struct fault *f)
{
    HKEY key = open_zone(key_name);
    if (!key) {
        fault_set(
            f, FAULT_CONFIG, 0,
            "there is no time zone of that name; besides the large cities' names from IANA, Windows' own "
            "will do (tzutil /l lists them)");
        return NULL;
    }
    struct zone *z = read_zone(key, name, f);
    RegCloseKey(key);
    return z;
}

static struct zone *load_name(const char *name, struct fault *f)
{
    const char *key = os_zone_key_of(name);
    wchar_t *wide = os_wide(key ? key : name);
    if (!wide) {
        fault_set(f, FAULT_MEMORY, 0, "no memory");
        return NULL;
    }
    struct zone *z = load_key(wide, name, f);
    free(wide);
    return z;
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
    struct zone *found = load_key(info.TimeZoneKeyName, name, f);
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
