/* SPDX-License-Identifier: Apache-2.0 */
/* The time of an event from a text export. */
#include "event_time.h"

#include <criterion/criterion.h>
#include <string.h>

static struct event event;
static char label[ZONE_NAME_MAX], joined[LOCAL_TIME_TEXT_MAX + 1];
static struct zone berlin = {.name = "Europe/Berlin", .has_rule = true};
static const struct parser_options options = {.zone = &berlin};

static void setup(void)
{
    cr_assert(zone_parse_rule(SV("CET-1CEST,M3.5.0,M10.5.0/3"), &berlin.rule));
    event_clear(&event);
}
TestSuite(event_time, .init = setup);

static void expect_time(const char *text)
{
    char got[WTIME_TEXT_MAX];
    cr_assert(event.time.present);
    wtime_format(&event.time, 9, got);
    cr_expect_str_eq(got, text);
}

Test(event_time, a_time_without_zone_is_the_sources_and_says_so)
{
    cr_assert(event_time_set(&event, SV("27.05.2005 09:06:23"), &options, DATE_ORDER_AUTO, label));
    expect_time("2005-05-27T07:06:23Z");
    cr_expect(sv_eq(event.timezone, SV("Europe/Berlin")));
    cr_expect(sv_eq(event.time_text, SV("27.05.2005 09:06:23")));
}

Test(event_time, a_time_with_a_zone_needs_no_other)
{
    cr_assert(event_time_set(&event, SV("2005-05-27T09:06:23-05:00"), &options, DATE_ORDER_AUTO, label));
    expect_time("2005-05-27T14:06:23Z");
    cr_expect(sv_absent(event.timezone));
}

Test(event_time, without_a_zone_of_the_source_it_is_utc)
{
    struct parser_options none = {0};
    cr_assert(event_time_set(&event, SV("2005-05-27T09:06:23"), &none, DATE_ORDER_AUTO, label));
    expect_time("2005-05-27T09:06:23Z");
    cr_expect(sv_eq(event.timezone, SV("UTC")));
}

Test(event_time, what_cannot_be_told_gives_no_time_but_its_text)
{
    cr_expect_not(event_time_set(&event, SV("4/12/2009 4:27:56 a.m."), &options, DATE_ORDER_AUTO, label));
    cr_expect_not(event.time.present);
    cr_expect(sv_absent(event.timezone));
    cr_expect(sv_eq(event.time_text, SV("4/12/2009 4:27:56 a.m.")));
    cr_expect(event_time_set(&event, SV("4/12/2009 4:27:56 a.m."), &options, DATE_ORDER_DMY, label));
    expect_time("2009-12-04T03:27:56Z");
}

Test(event_time, date_and_clock_are_joined)
{
    cr_assert(event_time_join(&event, SV("27/05/2005"), SV("9:06:23 PM"), &options, DATE_ORDER_AUTO, label,
                              joined));
    expect_time("2005-05-27T19:06:23Z");
    cr_expect(sv_eq(event.time_text, SV("27/05/2005 9:06:23 PM")));
    event_clear(&event);
    cr_assert(event_time_join(&event, SV("27/05/2005"), SV_ABSENT, &options, DATE_ORDER_AUTO, label, joined));
    expect_time("2005-05-26T22:00:00Z");
    event_clear(&event);
    cr_expect_not(event_time_join(&event, SV_ABSENT, SV("9:06"), &options, DATE_ORDER_AUTO, label, joined));
    char big[200];
    memset(big, '1', sizeof big);
    cr_expect_not(event_time_join(&event, SV("27/05/2005"), sv_make(big, sizeof big), &options,
                                  DATE_ORDER_AUTO, label, joined));
    cr_expect_not(event.time.present);
}
