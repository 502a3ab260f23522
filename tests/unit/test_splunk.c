/* SPDX-License-Identifier: Apache-2.0 */
/* Splunk's WinEventLog text in its layouts, look-alikes, damage; and its event XML. */
#include "parser_check.h"

#include <criterion/criterion.h>

/* Whole exports stand here as literals, longer than ISO C promises to take. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

extern const struct parser_ops parser_splunk, parser_xml;

static const struct parser_check utc = {.ops = &parser_splunk};

#define DN "/o=Org/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=user"
#define SENTENCE "Mapi session \"" DN "\" exceeded the maximum of 32 objects of type \"session\"."

#define LINES(source, id, message)                                                                           \
    "02/18/2026 10:35:08 AM\nLogName=Application\nSourceName=" source "\nEventCode=" id                      \
    "\nEventType=2\nType=Error\nComputerName=EX1.contoso.com\nTaskCategory=General\nOpCode=None\n"           \
    "RecordNumber=2108\nKeywords=Classic\nMessage=" message "\n"
#define EVENT_WITH(message)                                                                                  \
    "EVENT provider=MSExchangeIS id=9646 level=2 time=2026-02-18T10:35:08Z zone=UTC record=2108 "            \
    "channel=Application computer=EX1.contoso.com level_text=Error task_text=General keyword=Classic "       \
    "message=" message " \n"

#define BLANKS(source, id, message)                                                                          \
    "02/18/2026 22:35:08 PM LogName=Application SourceName=" source " EventCode=" id                         \
    " EventType=2 Type=Error ComputerName=EX1.contoso.com TaskCategory=The operation completed "             \
    "successfully. OpCode=None RecordNumber=2108 Keywords=Classic Message= " message "\n"
#define BLANKS_EVENT                                                                                         \
    "EVENT provider=MSExchangeIS id=9646 level=2 time=2026-02-18T22:35:08Z zone=UTC record=2108 "            \
    "channel=Application computer=EX1.contoso.com level_text=Error keyword=Classic message=" SENTENCE " \n"

Test(splunk, pairs_on_lines_of_their_own)
{
    check_gives(&utc, SV(LINES("MSExchangeIS", "9646", SENTENCE)), SV(EVENT_WITH(SENTENCE)));
    check_gives(&utc,
                SV(LINES("MSExchangeIS", "9646", SENTENCE) "\n" LINES("ESE", "1000", "x")
                       LINES("MSExchangeIS", "9646", SENTENCE)),
                SV(EVENT_WITH(SENTENCE) EVENT_WITH(SENTENCE)));
}

Test(splunk, pairs_separated_by_blanks_and_a_24_hour_clock_with_pm)
{
    check_gives(&utc, SV(BLANKS("MSExchangeIS", "9646", SENTENCE) BLANKS("ESE", "1000", "x")),
                SV(BLANKS_EVENT));
}

Test(splunk, pairs_come_in_any_order)
{
    check_gives(
        &utc,
        SV("02/18/2026 10:35:08 AM EventCode=9646 RecordNumber=7 SourceName=MSExchangeIS Mailbox Store "
           "Sid=S-1-5-18 SidType=0 Category=6 CategoryString=General ComputerName=EX1 Keywords=Classic, "
           "Audit Success Message=a"),
        SV("EVENT provider=MSExchangeIS Mailbox Store id=9646 task=6 time=2026-02-18T10:35:08Z "
           "zone=UTC record=7 computer=EX1 sid=S-1-5-18 task_text=General keyword=Classic "
           "keyword=Audit Success message=a \n"));
}

Test(splunk, a_message_of_several_lines_runs_to_the_next_time)
{
    check_gives(
        &utc,
        SV(LINES("MSExchangeIS", "9646", "one\r\n\r\n  two EventCode=1\nType=x\n02/18/2026 is no time\n\n")
               LINES("MSExchangeIS", "9646", SENTENCE)),
        SV(EVENT_WITH("one\r\n\r\n  two EventCode=1\nType=x\n02/18/2026 is no time") EVENT_WITH(SENTENCE)));
}

Test(splunk, the_month_comes_first_unless_the_source_says_otherwise)
{
    struct sv text = SV("04/12/2026 10:35:08 AM\nSourceName=MSExchangeIS\nEventCode=9646\nMessage=x\n");
    struct parser_check other = utc;
    other.options.date_order = DATE_ORDER_DMY;
    cr_assert_neq(sv_find(check_run(&utc, text), SV("time=2026-04-12T10:35:08Z zone=UTC")), SV_NPOS);
    cr_assert_neq(sv_find(check_run(&other, text), SV("time=2026-12-04T10:35:08Z zone=UTC")), SV_NPOS);
}

Test(splunk, look_alikes_are_not_taken)
{
    check_gives(&utc,
                SV(LINES("MSExchangeIS", "19646", SENTENCE) LINES("MSExchangeIS", "96460", "EventCode=9646")
                       LINES("ESE", "9646", "SourceName=MSExchangeIS") BLANKS("ESE", "9646", SENTENCE)
                           LINES("MSExchangeIS", "1000", "EventCode=9646\nEventCode=9646")
                               LINES("9646", "9646", "9646")),
                SV(""));
}

Test(splunk, what_stands_between_records_costs_nothing)
{
    check_gives(
        &utc,
        SV("EventCode=9646\nSourceName=MSExchangeIS\n" LINES(
            "MSExchangeIS", "9646", SENTENCE) "02/18/2026 10:35:08 "
                                              "AM\nSourceName=MSExchangeIS\nMessage=EventCode=9646\n" LINES(
                                                  "MSExchangeIS", "9646", SENTENCE)),
        SV(EVENT_WITH(SENTENCE) "SKIP the record has no EventCode\n" EVENT_WITH(SENTENCE)));
}

Test(splunk, a_record_that_is_too_long_costs_that_record_only)
{
    struct buf b;
    buf_init(&b, 8 << 20);
    buf_lit(&b, LINES("MSExchangeIS", "9646", ""));
    for (int i = 0; i < 40000; i++)
        buf_lit(&b, "a line of a message that does not end, SourceName=x\n");
    buf_lit(&b, LINES("MSExchangeIS", "9646", SENTENCE));
    check_gives(&utc, buf_sv(&b), SV("SKIP the record is longer than 1 MiB\n" EVENT_WITH(SENTENCE)));
    buf_free(&b);
}

static const char mixed[] = "\xef\xbb\xbf" LINES("ESE", "9646", "x\ny")
    LINES("MSExchangeIS", "9646", SENTENCE) BLANKS("MSExchangeIS", "9646", SENTENCE)
        LINES("x", "1", "EventCode=9646") LINES("MSExchangeIS", "9646", "\xc3\xbc\n\nz");

Test(splunk, however_a_file_is_cut_grown_damaged_or_encoded)
{
    check_everything(&utc, sv_from(mixed));
    cr_assert_eq(check_count(&utc, sv_from(mixed)), 3);
    cr_assert_neq(sv_find(check_run_all(&utc, sv_from(mixed)), SV("provider=x id=1 ")), SV_NPOS);
}

Test(splunk, reads_of_a_large_file_cut_no_record)
{
    struct buf b;
    buf_init(&b, 32 << 20);
    for (unsigned i = 0; i < 6000; i++) {
        if (i % 4 == 0)
            buf_lit(&b, LINES("MSExchangeIS", "9646", SENTENCE));
        else
            buf_lit(&b, LINES("Service", "7036", "took 9646 ms\nSee EventCode=9646"));
        buf_printf(&b, "%*s\n", (int)(i * 7 % 90), "");
    }
    cr_assert_eq(check_count(&utc, buf_sv(&b)), 1500);
    check_resume(&utc, buf_sv(&b));
    buf_free(&b);
}

static int probe(const char *head)
{
    return parser_splunk.probe(sv_from(head), true);
}

Test(splunk, files_are_recognized_by_a_time_and_the_pair_behind_it)
{
    cr_assert_gt(probe(LINES("x", "1", "y")), 80);
    cr_assert_gt(probe(BLANKS("x", "1", "y")), 80);
    cr_assert_gt(probe("a rest\n" LINES("x", "1", "y")), 0);
    cr_assert_lt(probe("Log Name: Application\n" LINES("x", "1", "y")), 50, "it may be quoted there");
    cr_assert_eq(probe(""), 0);
    cr_assert_eq(probe("02/18/2026 10:35:08 AM\nsomething else\n"), 0);
    cr_assert_eq(probe("02/18/2026 10:35:08 AM,MSExchangeIS,EventCode=9646\n"), 0);
    cr_assert_eq(probe("Log Name: Application\nSource: MSExchangeIS\n"), 0);
}

/* --- XmlWinEventLog --- */

#define XML                                                                                                  \
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "                \
    "Name='MSExchangeIS'/><EventID Qualifiers='49158'>9646</EventID><Level>2</Level><Task>6</Task>"          \
    "<TimeCreated SystemTime='2026-02-18T10:35:08.0000000Z'/><EventRecordID>2108</EventRecordID>"            \
    "<Channel>Application</Channel><Computer>EX1.contoso.com</Computer><Security/></System><EventData>"      \
    "<Data>" DN "</Data><Data>32</Data><Data>session</Data></EventData><RenderingInfo Culture='en-US'>"      \
    "<Message>m</Message><Level>Error</Level></RenderingInfo></Event>"

Test(splunk, xml_win_event_log_is_read_as_event_xml_also_behind_a_prefix)
{
    static const struct parser_check xml = {.ops = &parser_xml};
    struct sv want = SV("EVENT provider=MSExchangeIS id=9646 qualifiers=49158 level=2 task=6 "
                        "time=2026-02-18T10:35:08.0000000Z record=2108 channel=Application "
                        "computer=EX1.contoso.com data=" DN " data=32 data=session level_text=Error "
                        "message=m \n");
    check_gives(&xml, SV(XML "\n"), want);
    check_gives(&xml, SV("2026-02-18T10:35:09 host=EX1 source=\"XmlWinEventLog:Application\" " XML "\n"),
                want);
    cr_assert_eq(probe(XML), 0);
    cr_assert_gt(parser_xml.probe(SV(XML "\n"), true), 80);
    cr_assert_gt(parser_xml.probe(SV("2026-02-18T10:35:09 host=EX1 " XML "\n"), true), 30);
    cr_assert_eq(parser_xml.probe(SV("{\"_raw\":\"" XML "\"}\n"), true), 0);
    cr_assert_eq(parser_xml.probe(SV("a,b\nc,\"" XML "\"\n"), true), 0);
}

Test(splunk, an_event_has_the_id_of_its_xml_export)
{
    check_same_id(&parser_xml, SV(XML), &parser_splunk, SV(LINES("MSExchangeIS", "9646", SENTENCE)));
}
