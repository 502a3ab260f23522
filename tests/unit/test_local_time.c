/* SPDX-License-Identifier: Apache-2.0 */
/* The times that text exports carry, and code pages. */
#include "codepage.h"
#include "local_time.h"

#include <criterion/criterion.h>
#include <string.h>

struct expected {
    const char *text;
    enum date_order order;
    const char *time; /* as wtime_format writes it, Z left out; NULL: no time; "?": unsure */
};

static void expect(const struct expected *e)
{
    struct local_time t;
    char text[WTIME_TEXT_MAX] = "";
    enum local_time_status status = local_time_read(sv_from(e->text), e->order, &t);
    if (status == LOCAL_TIME_READ) {
        struct wtime w = {t.sec, t.nsec, t.digits, true};
        text[wtime_format(&w, 9, text) - 1] = '\0';
    }
    const char *got = status == LOCAL_TIME_READ ? text : status == LOCAL_TIME_UNSURE ? "?" : "none";
    cr_expect_str_eq(got, e->time ? e->time : "none", "\"%s\" order %d: %s", e->text, e->order, got);
}

#define AUTO DATE_ORDER_AUTO
#define DMY DATE_ORDER_DMY
#define MDY DATE_ORDER_MDY
#define YMD DATE_ORDER_YMD

Test(local_time, what_exports_write_is_read)
{
    static const struct expected table[] = {
        {"2020-12-14T17:09:08.940", AUTO, "2020-12-14T17:09:08.940"},
        {"2017-12-19 17:45:02", AUTO, "2017-12-19T17:45:02"},
        {"2017-12-19T17:45:02.1234567", AUTO, "2017-12-19T17:45:02.1234567"},
        {"27.05.2005 09:06:23", AUTO, "2005-05-27T09:06:23"},
        {"05.04.2005 09:06:23", AUTO, "2005-04-05T09:06:23"},
        {"5. 4. 2005 9:06:23", AUTO, "2005-04-05T09:06:23"},
        {"2005. 04. 05. 9:06:23", AUTO, "2005-04-05T09:06:23"},
        {"27/05/2005", AUTO, "2005-05-27T00:00:00"},
        {"25/05/2011 11:35:13", AUTO, "2011-05-25T11:35:13"},
        {"1/13/2005 10:30:51 AM", AUTO, "2005-01-13T10:30:51"},
        {"1/11/2005 10:30:51 AM", MDY, "2005-01-11T10:30:51"},
        {"4/12/2009 4:27:56 a.m.", DMY, "2009-12-04T04:27:56"},
        {"4/12/2009 4:27:56 p.m.", MDY, "2009-04-12T16:27:56"},
        {"4/12/2009 4:27:56 a. m.", MDY, "2009-04-12T04:27:56"},
        {"2017/11/18 15:35:24", AUTO, "2017-11-18T15:35:24"},
        {"2017/11/18 15:35:24", DMY, "2017-11-18T15:35:24"},
        {"08/19/2018 22:24:47 PM", AUTO, "2018-08-19T22:24:47"},
        {"8/19/2018 10:24:47 PM", AUTO, "2018-08-19T22:24:47"},
        {"8/19/2018 10:24 PM", AUTO, "2018-08-19T22:24:00"},
        {"8/19/2018\xe2\x80\xaf"
         "10:24:47\xe2\x80\xafPM",
         AUTO, "2018-08-19T22:24:47"},
        {"\xe2\x80\x8e"
         "8/\xe2\x80\x8e"
         "19/\xe2\x80\x8e"
         "2018 \xe2\x80\x8f"
         "10:24:47 PM",
         AUTO, "2018-08-19T22:24:47"},
        {"2018/08/19 \xe5\x8d\x88\xe5\xbe\x8c 10:24:47", AUTO, "2018-08-19T22:24:47"},
        {"2018/8/19 \xe4\xb8\x8a\xe5\x8d\x88 10:24:47", AUTO, "2018-08-19T10:24:47"},
        {"Fri Nov 27 09:58:51 2015", AUTO, "2015-11-27T09:58:51"},
        {"Thu Feb 15 14:00:58 2001", AUTO, "2001-02-15T14:00:58"},
        {"Thu Feb  5 14:00:58 2001", AUTO, "2001-02-05T14:00:58"},
        {"27 Nov 2015 09:58:51", AUTO, "2015-11-27T09:58:51"},
        {"27-Nov-15 09:58:51", AUTO, "2015-11-27T09:58:51"},
        {"Friday, November 27, 2015 9:58:51 AM", AUTO, "2015-11-27T09:58:51"},
        {"May 3 2015 9:58", AUTO, "2015-05-03T09:58:00"},
        {"19.8.2018 10.24.47", AUTO, "2018-08-19T10:24:47"},
        {"20201214170908.940000+060", AUTO, "2020-12-14T17:09:08.940000"},
        {"/Date(1227654960000)/", AUTO, "2008-11-25T23:16:00.000"},
        {"\\/Date(1227654960123-0500)\\/", AUTO, "2008-11-25T23:16:00.123"},
        {"/Date(-1500)/", AUTO, "1969-12-31T23:59:58.500"},
        {"12/31/1999 12:00:00 AM", AUTO, "1999-12-31T00:00:00"},
        {"12/31/1999 12:00:00 PM", AUTO, "1999-12-31T12:00:00"},
        {"12/31/1999 0:30 PM", AUTO, "1999-12-31T12:30:00"},
        {"29/02/2004", AUTO, "2004-02-29T00:00:00"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        expect(&table[i]);
}

Test(local_time, a_day_and_a_month_that_could_be_each_other_are_not_guessed)
{
    static const struct expected table[] = {
        {"4/12/2009 4:27:56", AUTO, "?"},
        {"4/12/09", AUTO, "?"},
        {"04-12-2009", AUTO, "?"},
        {"4/4/2009", AUTO, "2009-04-04T00:00:00"},
        {"4/13/2009", AUTO, "2009-04-13T00:00:00"},
        {"13/4/2009", AUTO, "2009-04-13T00:00:00"},
        {"4/12/2009", DMY, "2009-12-04T00:00:00"},
        {"4/12/2009", MDY, "2009-04-12T00:00:00"},
        /* what is impossible in the order given is possible in one other only */
        {"13/4/2009", MDY, "2009-04-13T00:00:00"},
        {"4/13/2009", DMY, "2009-04-13T00:00:00"},
        {"4/12/2009", YMD, "?"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        expect(&table[i]);
}

Test(local_time, two_digit_years_turn_at_70)
{
    static const struct expected table[] = {
        {"13/04/69", AUTO, "2069-04-13T00:00:00"}, {"13/04/70", AUTO, "1970-04-13T00:00:00"},
        {"13.04.09", AUTO, "2009-04-13T00:00:00"}, {"09-04-13", YMD, "2009-04-13T00:00:00"},
        {"98/05/27", AUTO, "1998-05-27T00:00:00"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        expect(&table[i]);
}

Test(local_time, what_is_no_time_is_none)
{
    char too_long[LOCAL_TIME_TEXT_MAX + 2] = "";
    memset(too_long, '2', sizeof too_long - 1);
    const char *const bad[] = {"",
                               " ",
                               "SystemTime",
                               "dd/mm/yyyyhh:mm:ss",
                               "31/04/2009",
                               "29/02/2005",
                               "0/1/2009",
                               "1/0/2009",
                               "13/13/2009",
                               "4/13/209",
                               "4/13",
                               "4/13/2009/1",
                               "4/13-2009",
                               "4/13/2009 25:00:00",
                               "4/13/2009 10:60",
                               "4/13/2009 10:5",
                               "4/13/2009 10:05:5",
                               "4/13/2009 10:05:61",
                               "4/13/2009 10:05:55 XM",
                               "4/13/2009 10:05:55 PM x",
                               "Nov 27",
                               "Foo 27 2015",
                               "Fri Nov 31 09:58:51 2015",
                               "Fri Nov 27 09:58:51",
                               "20201314170908.940000+060",
                               "20201214170908.940000",
                               "20201214170908",
                               "/Date()/",
                               "/Date(1)",
                               "/Date(1234567890123456)/",
                               "2020-12-14T17:09:08+25:00",
                               "10:05:55",
                               "4/13/12009",
                               "PM",
                               too_long};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        for (int order = DATE_ORDER_AUTO; order <= DATE_ORDER_YMD; order++) {
            struct local_time t = {.sec = 77};
            cr_expect_eq(local_time_read(sv_from(bad[i]), (enum date_order)order, &t), LOCAL_TIME_NONE,
                         "\"%s\" %d", bad[i], order);
            cr_expect_eq(t.sec, 77, "\"%s\"", bad[i]);
        }
}

Test(local_time, every_truncation_and_flip_is_survived)
{
    static const char *const texts[] = {"2020-12-14T17:09:08.940+01:00", "4/12/2009 4:27:56 a.m.",
                                        "Friday, November 27, 2015 9:58:51 AM", "20201214170908.940000+060",
                                        "/Date(1227654960000+0100)/"};
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
        size_t n = strlen(texts[k]);
        for (size_t i = 0; i < n * 9; i++) {
            char copy[64];
            struct local_time t;
            memcpy(copy, texts[k], n);
            if (i < n * 8)
                copy[i / 8] = (char)(copy[i / 8] ^ 1 << i % 8);
            enum local_time_status s = local_time_read(sv_make(copy, i < n * 8 ? n : i - n * 8), AUTO, &t);
            cr_expect(s != LOCAL_TIME_READ || t.nsec < 1000000000);
        }
    }
}

Test(local_time, a_zone_in_the_text_counts_more_than_the_sources)
{
    struct zone two = zone_fixed(7200);
    static const struct {
        const char *text;
        bool own;
        int64_t sec; /* UTC */
    } table[] = {{"1970-01-01T03:00:00", false, 3600},       {"1970-01-01T03:00:00Z", true, 10800},
                 {"1970-01-01T03:00:00+01:00", true, 7200},  {"1970-01-01 03:00:00 -0100", true, 14400},
                 {"1970-01-01 03:00:00 UTC", true, 10800},   {"19700101030000.000000+060", true, 7200},
                 {"19700101030000.000000-120", true, 18000}, {"19700101030000.000000+***", false, 3600},
                 {"/Date(10800000)/", true, 10800},          {"/Date(10800000+0100)/", true, 10800}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct local_time t;
        enum zone_fit fit = ZONE_GAP;
        cr_assert_eq(local_time_read(sv_from(table[i].text), AUTO, &t), LOCAL_TIME_READ, "%s", table[i].text);
        cr_expect_eq(t.has_offset, table[i].own, "%s", table[i].text);
        struct wtime w = local_time_utc(&t, &two, &fit);
        cr_expect_eq(w.sec, table[i].sec, "%s: %lld", table[i].text, (long long)w.sec);
        cr_expect_eq(fit, table[i].own ? ZONE_GAP : ZONE_UNIQUE);
        cr_expect(w.present);
    }
}

Test(local_time, the_dates_of_a_file_tell_their_order)
{
    struct date_evidence e = {0};
    date_evidence_add(&e, SV("4/12/2009 1:00:00"));
    date_evidence_add(&e, SV("2017/11/18 15:35:24"));
    date_evidence_add(&e, SV("27.05.2005"));
    date_evidence_add(&e, SV("nonsense"));
    date_evidence_add(&e, SV_ABSENT);
    cr_expect_eq(date_evidence_order(&e), DATE_ORDER_AUTO);
    date_evidence_add(&e, SV("4/13/2009 1:00:00"));
    cr_expect_eq(date_evidence_order(&e), DATE_ORDER_MDY);
    date_evidence_add(&e, SV("13/4/2009 1:00:00"));
    cr_expect_eq(date_evidence_order(&e), DATE_ORDER_AUTO, "a file that contradicts itself tells nothing");
    struct date_evidence d = {0};
    date_evidence_add(&d, SV("13-04-09"));
    cr_expect_eq(date_evidence_order(&d), DATE_ORDER_DMY);
}

Test(codepage, every_page_is_ascii_below_128_and_has_a_name)
{
    for (int page = CODE_PAGE_AUTO; page < CODE_PAGE_COUNT; page++) {
        char from[128], to[384];
        cr_assert_not_null(code_page_names[page]);
        cr_expect_eq(code_page_is_single_byte((enum code_page)page), page >= CODE_PAGE_WINDOWS_1250);
        if (!code_page_is_single_byte((enum code_page)page))
            continue;
        for (int c = 0; c < 128; c++)
            from[c] = (char)c;
        cr_expect_eq(utf8_from_code_page((enum code_page)page, (const uint8_t *)from, 128, to, NULL), 128);
        cr_expect_arr_eq(from, to, 128);
    }
    cr_expect_null(code_page_names[CODE_PAGE_COUNT]);
}

Test(codepage, characters_are_those_of_the_page)
{
    static const struct {
        enum code_page page;
        struct sv from, to;
        bool replaced;
    } table[] = {
        {CODE_PAGE_WINDOWS_1252, SV_INIT("\x80\xe4\xff\x97"),
         SV_INIT("\xe2\x82\xac\xc3\xa4\xc3\xbf\xe2\x80\x94"), false},
        {CODE_PAGE_WINDOWS_1252, SV_INIT("a\x81z"), SV_INIT("a\xef\xbf\xbdz"), true},
        {CODE_PAGE_WINDOWS_1250, SV_INIT("\xb9\x9e\xf8"), SV_INIT("\xc4\x85\xc5\xbe\xc5\x99"), false},
        {CODE_PAGE_WINDOWS_1251, SV_INIT("\xce\xf8"), SV_INIT("\xd0\x9e\xd1\x88"), false},
        {CODE_PAGE_WINDOWS_1253, SV_INIT("\xc1\xf9"), SV_INIT("\xce\x91\xcf\x89"), false},
        {CODE_PAGE_WINDOWS_1254, SV_INIT("\xdd\xfd"), SV_INIT("\xc4\xb0\xc4\xb1"), false},
        {CODE_PAGE_WINDOWS_1257, SV_INIT("\xe0\xfe"), SV_INIT("\xc4\x85\xc5\xbe"), false},
        {CODE_PAGE_IBM_437, SV_INIT("\x84\xe1\xdb"), SV_INIT("\xc3\xa4\xc3\x9f\xe2\x96\x88"), false},
        {CODE_PAGE_IBM_850, SV_INIT("\x84\xe1\xd5"), SV_INIT("\xc3\xa4\xc3\x9f\xc4\xb1"), false},
        {CODE_PAGE_IBM_852, SV_INIT("\xa5\xa7"), SV_INIT("\xc4\x85\xc5\xbe"), false},
        {CODE_PAGE_IBM_866, SV_INIT("\x8e\xe8"), SV_INIT("\xd0\x9e\xd1\x88"), false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char to[40];
        bool replaced = false;
        size_t n = utf8_from_code_page(table[i].page, (const uint8_t *)table[i].from.p, table[i].from.n, to,
                                       &replaced);
        cr_expect(sv_eq(sv_make(to, n), table[i].to), "%zu: %.*s", i, (int)n, to);
        cr_expect_eq(replaced, table[i].replaced);
    }
}
