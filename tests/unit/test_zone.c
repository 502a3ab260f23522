/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones: from local time to UTC at the edges of daylight saving, and where zones come from. */
#include "os_zone.h"
#include "wtime.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "2024-03-31T02:30:00" on the wall as seconds; also a UTC time. */
static int64_t at(const char *text)
{
    struct wtime t;
    cr_assert(wtime_parse(sv_from(text), &t), "%s", text);
    return t.sec;
}

static struct zone *load(const char *name)
{
    struct fault f = {0};
    struct zone *z = os_zone_load(name, &f);
    if (!z && f.code == FAULT_CONFIG)
        cr_skip("no time zone database");
    cr_assert_not_null(z, "%s: %s", name, f.text);
    return z;
}

struct expected {
    const char *local, *utc;
    enum zone_fit fit;
};

static void expect(const struct zone *z, const struct expected *e, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum zone_fit fit;
        int64_t utc = zone_to_utc(z, at(e[i].local), &fit);
        cr_expect_eq(utc, at(e[i].utc), "%s: %lld seconds off", e[i].local, (long long)(utc - at(e[i].utc)));
        cr_expect_eq(fit, e[i].fit, "%s: fit %d", e[i].local, fit);
    }
}
#define EXPECT(z, table) expect(z, table, sizeof table / sizeof table[0])

static const struct expected berlin[] = {
    {"2024-01-15T12:00:00", "2024-01-15T11:00:00", ZONE_UNIQUE},
    {"2024-07-15T12:00:00", "2024-07-15T10:00:00", ZONE_UNIQUE},
    {"2024-03-31T01:59:59", "2024-03-31T00:59:59", ZONE_UNIQUE},
    {"2024-03-31T02:00:00", "2024-03-31T01:00:00", ZONE_GAP},
    {"2024-03-31T02:30:00", "2024-03-31T01:30:00", ZONE_GAP},
    {"2024-03-31T03:00:00", "2024-03-31T01:00:00", ZONE_UNIQUE},
    {"2024-10-27T01:59:59", "2024-10-26T23:59:59", ZONE_UNIQUE},
    {"2024-10-27T02:00:00", "2024-10-27T00:00:00", ZONE_AMBIGUOUS},
    {"2024-10-27T02:59:59", "2024-10-27T00:59:59", ZONE_AMBIGUOUS},
    {"2024-10-27T03:00:00", "2024-10-27T02:00:00", ZONE_UNIQUE},
    /* by the rule, beyond every table */
    {"2090-03-26T02:30:00", "2090-03-26T01:30:00", ZONE_GAP},
    {"2090-07-01T12:00:00", "2090-07-01T10:00:00", ZONE_UNIQUE},
    {"2090-10-29T02:30:00", "2090-10-29T00:30:00", ZONE_AMBIGUOUS},
    {"2090-12-31T23:59:59", "2090-12-31T22:59:59", ZONE_UNIQUE},
};

Test(zone, berlin_by_the_systems_table)
{
    struct zone *z = load("Europe/Berlin");
    EXPECT(z, berlin);
    cr_expect_str_eq(z->name, "Europe/Berlin");
    os_zone_free(z);
}

Test(zone, berlin_by_its_rule_alone)
{
    struct zone z = {.has_rule = true};
    cr_assert(zone_parse_rule(SV("CET-1CEST,M3.5.0,M10.5.0/3"), &z.rule));
    EXPECT(&z, berlin);
}

Test(zone, new_york)
{
    static const struct expected table[] = {
        {"2006-04-02T02:30:00", "2006-04-02T07:30:00", ZONE_GAP}, /* before the rule of 2007 */
        {"2006-10-29T01:30:00", "2006-10-29T05:30:00", ZONE_AMBIGUOUS},
        {"2024-03-10T01:59:59", "2024-03-10T06:59:59", ZONE_UNIQUE},
        {"2024-03-10T02:30:00", "2024-03-10T07:30:00", ZONE_GAP},
        {"2024-03-10T03:00:00", "2024-03-10T07:00:00", ZONE_UNIQUE},
        {"2024-11-03T00:59:59", "2024-11-03T04:59:59", ZONE_UNIQUE},
        {"2024-11-03T01:30:00", "2024-11-03T05:30:00", ZONE_AMBIGUOUS},
        {"2024-11-03T02:00:00", "2024-11-03T07:00:00", ZONE_UNIQUE},
        {"2077-07-04T12:00:00", "2077-07-04T16:00:00", ZONE_UNIQUE},
    };
    struct zone *z = load("America/New_York");
    EXPECT(z, table);
    os_zone_free(z);
}

Test(zone, south_of_the_equator_the_year_begins_in_summer)
{
    static const struct expected table[] = {
        {"2024-01-01T00:30:00", "2023-12-31T13:30:00", ZONE_UNIQUE},
        {"2024-04-07T02:30:00", "2024-04-06T15:30:00", ZONE_AMBIGUOUS},
        {"2024-07-01T12:00:00", "2024-07-01T02:00:00", ZONE_UNIQUE},
        {"2024-10-06T02:30:00", "2024-10-05T16:30:00", ZONE_GAP},
        {"2080-01-01T00:30:00", "2079-12-31T13:30:00", ZONE_UNIQUE},
        {"2080-12-31T23:30:00", "2080-12-31T12:30:00", ZONE_UNIQUE},
        {"2080-07-01T12:00:00", "2080-07-01T02:00:00", ZONE_UNIQUE},
    };
    struct zone *z = load("Australia/Sydney"), rule = {.has_rule = true};
    cr_assert(zone_parse_rule(SV("AEST-10AEDT,M10.1.0,M4.1.0/3"), &rule.rule));
    EXPECT(z, table);
    EXPECT(&rule, table);
    os_zone_free(z);
}

/* Windows' registry knows no such day. */
Test(zone, a_day_that_never_came_is_a_gap, .disabled = ON_WINDOWS)
{
    static const struct expected table[] = {
        {"2011-12-29T12:00:00", "2011-12-29T22:00:00", ZONE_UNIQUE},
        {"2011-12-30T12:00:00", "2011-12-30T22:00:00", ZONE_GAP},
        {"2011-12-31T12:00:00", "2011-12-30T22:00:00", ZONE_UNIQUE},
    };
    struct zone *z = load("Pacific/Apia");
    EXPECT(z, table);
    os_zone_free(z);
}

Test(zone, zones_without_daylight_saving_and_with_odd_offsets)
{
    static const struct expected kolkata[] = {{"2024-07-01T12:00:00", "2024-07-01T06:30:00", ZONE_UNIQUE},
                                              {"2090-07-01T12:00:00", "2090-07-01T06:30:00", ZONE_UNIQUE}};
    static const struct expected howe[] = {{"2024-04-07T01:45:00", "2024-04-06T14:45:00", ZONE_AMBIGUOUS},
                                           {"2024-10-06T02:15:00", "2024-10-05T15:45:00", ZONE_GAP}};
    struct zone *z = load("Asia/Kolkata");
    EXPECT(z, kolkata);
    os_zone_free(z);
    z = load("Australia/Lord_Howe");
    EXPECT(z, howe);
    os_zone_free(z);
}

Test(zone, offsets_are_zones)
{
    static const struct {
        const char *text, *name;
        int32_t offset;
    } good[] = {{"UTC", "UTC", 0},          {"gmt", "UTC", 0},           {"Z", "UTC", 0},
                {"+02:00", "+02:00", 7200}, {"-0530", "-05:30", -19800}, {"+00:00", "UTC", 0},
                {"-08", "-08:00", -28800}};
    static const char *const bad[] = {"",      "+",      "2",       "+2",     "+24:00", "+02:60",
                                      "+02:0", "+02-00", "+020000", "+ 2:00", "CEST"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct zone *z = load(good[i].text);
        cr_expect_str_eq(z->name, good[i].name);
        cr_expect_eq(zone_offset_at(z, 0), good[i].offset);
        cr_expect_eq(zone_to_utc(z, 0, NULL), -good[i].offset);
        os_zone_free(z);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct zone z;
        cr_expect_not(zone_parse_fixed(sv_from(bad[i]), &z), "%s", bad[i]);
    }
}

Test(zone, rules_that_are_none_are_refused)
{
    static const char *const bad[] = {"",
                                      "CET",
                                      "CE-1",
                                      "CET-1CEST",
                                      "CET-1CEST,M3.5.0",
                                      "CET-1CEST,M13.5.0,M10.5.0",
                                      "CET-1CEST,M3.6.0,M10.5.0",
                                      "CET-1CEST,M3.5.7,M10.5.0",
                                      "CET-25",
                                      "CET-1CEST,J0,J365",
                                      "CET-1CEST,M3.5.0,M10.5.0/3x",
                                      "<+03-3",
                                      "CET-1CEST,M3.5.0/168,M10.5.0"};
    struct zone_rule r;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_not(zone_parse_rule(sv_from(bad[i]), &r), "%s", bad[i]);
    cr_expect(zone_parse_rule(SV("<+03>-3"), &r));
    cr_expect_eq(r.standard, 10800);
    cr_expect_not(r.has_daylight);
}

Test(zone, rules_by_day_of_the_year_and_with_hours_beyond_the_day)
{
    struct zone z = {.has_rule = true};
    static const struct expected julian[] = {{"2024-03-01T12:00:00", "2024-03-01T10:00:00", ZONE_UNIQUE},
                                             {"2024-02-29T12:00:00", "2024-02-29T11:00:00", ZONE_UNIQUE}};
    cr_assert(zone_parse_rule(SV("AAA-1BBB,J60/0,J300"), &z.rule)); /* J60 is 1 March in every year */
    EXPECT(&z, julian);
    cr_assert(zone_parse_rule(SV("<-02>2<-01>,M3.5.0/-2,M10.5.0/-1"), &z.rule));
    cr_expect_eq(zone_offset_at(&z, at("2030-03-31T00:00:00")), -3600);
    cr_expect_eq(zone_offset_at(&z, at("2030-03-30T23:59:59")), -7200);
}

Test(zone, unknown_names_are_refused_and_no_path_leads_out)
{
    static const char *const bad[] = {
        "", "Europe/Berlyn", "../../../etc/passwd", "/etc/localtime", "Europe", "Europe/Berlin ", "nowhere"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct fault f = {0};
        struct zone *z = os_zone_load(bad[i], &f);
        cr_expect_null(z, "%s", bad[i]);
        cr_expect_neq(f.code, FAULT_NONE, "%s", bad[i]);
        os_zone_free(z);
    }
}

Test(zone, local_is_what_the_host_says)
{
    struct zone *z;
    os_zone_free(load("Europe/Berlin"));
    setenv("TZ", ":Europe/Berlin", 1);
    z = load("local");
    EXPECT(z, berlin);
    cr_expect_str_eq(z->name, "Europe/Berlin");
    os_zone_free(z);
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    z = load("local");
    EXPECT(z, berlin);
    cr_expect_str_eq(z->name, "");
    os_zone_free(z);
    unsetenv("TZ");
    z = load("local");
    os_zone_free(z);
}

Test(zone, a_zone_without_name_is_labelled_by_its_offset)
{
    struct zone z = {.has_rule = true};
    char label[ZONE_NAME_MAX];
    cr_assert(zone_parse_rule(SV("CET-1CEST,M3.5.0,M10.5.0/3"), &z.rule));
    cr_expect_eq(zone_label(&z, at("2024-07-01T00:00:00"), label), 6);
    cr_expect_str_eq(label, "+02:00");
    zone_label(&z, at("2024-01-01T00:00:00"), label);
    cr_expect_str_eq(label, "+01:00");
    strcpy(z.name, "Europe/Berlin");
    zone_label(&z, 0, label);
    cr_expect_str_eq(label, "Europe/Berlin");
}

/* A file with two changes in version 2, its version 1 part empty. */
static size_t make_tzif(uint8_t *to, const char *footer)
{
    static const uint8_t head[] = {'T', 'Z', 'i', 'f', '2', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                   0,   0,   0,   0,   0,   0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                   0,   0,   0,   0,   0,   0, 0, 0, 0, 1, 0, 0, 0, 1};
    static const uint8_t data[] = {
        0, 0, 0, 0, 0,    0,    0x03, 0xe8, 0, 0, 0,    0,    0, 0, 0x07, 0xd0, /* 1000, 2000 */
        1, 0, 0, 0, 0x0e, 0x10, 0,    0,    0, 0, 0x1c, 0x20, 1, 0, 'X',  0};
    size_t n = 0;
    memcpy(to, head, sizeof head);
    n += sizeof head + 7; /* one type, one character */
    memset(to + sizeof head, 0, 7);
    memcpy(to + n, head, sizeof head);
    to[n + 35] = 2; /* changes */
    to[n + 39] = 2; /* types */
    to[n + 43] = 2; /* characters */
    n += sizeof head;
    memcpy(to + n, data, sizeof data);
    n += sizeof data;
    memcpy(to + n, footer, strlen(footer));
    return n + strlen(footer);
}

Test(zone, a_tzif_file_is_read_and_every_truncation_refused)
{
    uint8_t file[300];
    struct zone z;
    size_t n = make_tzif(file, "\nEST5\n");
    cr_assert(zone_parse_tzif(file, n, &z));
    cr_expect_eq(zone_offset_at(&z, 999), 3600);
    cr_expect_eq(zone_offset_at(&z, 1000), 7200);
    cr_expect_eq(zone_offset_at(&z, 1999), 7200);
    cr_expect_eq(zone_offset_at(&z, 2000), -18000);
    zone_clear(&z);
    for (size_t i = 0; i < n; i++) {
        uint8_t *cut = malloc(i + 1);
        memcpy(cut, file, i);
        cr_expect_not(zone_parse_tzif(cut, i, &z), "%zu", i);
        free(cut);
    }
    n = make_tzif(file, "\n\n");
    cr_assert(zone_parse_tzif(file, n, &z));
    cr_expect_eq(zone_offset_at(&z, 5000), 3600);
    zone_clear(&z);
}

Test(zone, a_damaged_tzif_file_is_refused_or_read_but_harms_nobody)
{
    uint8_t file[300], *copy = malloc(300);
    size_t n = make_tzif(file, "\nCET-1CEST,M3.5.0,M10.5.0/3\n");
    for (size_t i = 0; i < n * 8; i++) {
        struct zone z;
        memcpy(copy, file, n);
        copy[i / 8] ^= (uint8_t)(1 << i % 8);
        if (zone_parse_tzif(copy, n, &z)) {
            cr_expect_leq(abs(zone_offset_at(&z, 1500)), ZONE_OFFSET_MAX);
            zone_to_utc(&z, INT64_C(4000000000), NULL);
            zone_clear(&z);
        }
    }
    free(copy);
}
