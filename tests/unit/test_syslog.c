/* SPDX-License-Identifier: Apache-2.0 */
/* Windows events in syslog files: every layout, look-alikes, damage. */
#include "parser_check.h"

#include <criterion/criterion.h>

/* Whole exports stand here as literals, longer than ISO C promises to take. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

extern const struct parser_ops parser_syslog, parser_xml;

static const struct parser_check utc = {.ops = &parser_syslog};

#define DN "/o=Org/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=user"
#define SENTENCE "Mapi session \"" DN "\" exceeded the maximum of 32 objects of type \"session\"."

#define SNARE(id, source, message)                                                                           \
    "MSWinEventLog\t4\tApplication\t2174\tFri Nov 27 09:58:51 2015\t" id "\t" source                         \
    "\tN/A\tN/A\tError\tEX1.contoso.com\tGeneral\t\t" message
#define SNARE_EVENT                                                                                          \
    "EVENT provider=MSExchangeIS id=9646 level=2 time=2015-11-27T09:58:51Z zone=UTC channel=Application "    \
    "computer=EX1.contoso.com level_text=Error task_text=General message=" SENTENCE " \n"

#define REPORTER(id, message)                                                                                \
    "EvntSLog: [ERR] Thu Feb 15 14:00:58 2001: EX1/MSExchangeIS (" id ") - \"" message "\""
#define REPORTER_EVENT                                                                                       \
    "EVENT provider=MSExchangeIS id=9646 level=2 time=2001-02-15T14:00:58Z zone=UTC computer=EX1 "           \
    "level_text=ERR message=" SENTENCE " \n"

#define NXLOG(id, message)                                                                                   \
    "<11>1 2026-02-18T11:35:08.123456+01:00 EX1.contoso.com MSExchangeIS 0 - [NXLOG@14506 "                  \
    "Keywords=\"36028797018963968\" EventType=\"ERROR\" EventID=\"" id "\" TaskValue=\"6\" "                 \
    "RecordNumber=\"2108\" ThreadID=\"0\" Channel=\"Application\" Category=\"General\" "                     \
    "EventReceivedTime=\"2026-02-18 11:35:09\" SourceModuleName=\"in \\\"1\\\"\" "                           \
    "SourceModuleType=\"im_msvistalog\"] " message
#define NXLOG_EVENT                                                                                          \
    "EVENT provider=MSExchangeIS id=9646 level=2 task=6 keywords=36028797018963968 "                         \
    "time=2026-02-18T10:35:08.123456Z record=2108 tid=0 channel=Application computer=EX1.contoso.com "       \
    "level_text=ERROR task_text=General message=" SENTENCE " \n"

#define OWN(id)                                                                                              \
    "<131>1 2026-02-18T10:35:08.123456Z EX1.contoso.com MSExchangeIS - " id                                  \
    " [origin software=\"mapitail\" swVersion=\"0.1.0\"][meta sequenceId=\"7\"][winlog@32473 "               \
    "channel=\"Application\" provider=\"MSExchangeIS\" eventId=\"" id "\" recordId=\"2108\" level=\"2\" "    \
    "task=\"6\" keywords=\"0x80000000000000\" computer=\"EX1.contoso.com\"][mapi@32473 id=\"x\" "            \
    "user=\"a\\]b\"] " SENTENCE
#define OWN_EVENT                                                                                            \
    "EVENT provider=MSExchangeIS id=9646 level=2 task=6 keywords=36028797018963968 "                         \
    "time=2026-02-18T10:35:08.123456Z record=2108 channel=Application computer=EX1.contoso.com "             \
    "message=" SENTENCE " \n"

/* --- layouts --- */

Test(syslog, snare_with_and_without_header)
{
    check_gives(&utc, SV(SNARE("9646", "MSExchangeIS", SENTENCE)), SV(SNARE_EVENT));
    check_gives(&utc, SV("EX1\t" SNARE("9646", "MSExchangeIS", SENTENCE "\t0") "\r\n"), SV(SNARE_EVENT));
    check_gives(&utc,
                SV("<11>Nov 27 09:58:51 EX1 " SNARE(
                    "9646", "MSExchangeIS", SENTENCE "\t2174\td41d8cd98f00b204e9800998ecf8427e") "\n"),
                SV(SNARE_EVENT));
}

Test(syslog, snare_may_write_the_criticality_twice)
{
    check_gives(
        &utc,
        SV("<11>Nov 27 09:58:51 EX1 MSWinEventLog\t4\t4\tApplication\t2174\tFri Nov 27 09:58:51 2015\t"
           "9646\tMSExchangeIS\tN/A\tN/A\tError\tEX1.contoso.com\tGeneral\t\t" SENTENCE),
        SV(SNARE_EVENT));
}

Test(syslog, snare_with_tabs_as_rsyslog_writes_them)
{
    check_gives(
        &utc,
        SV("Nov 27 09:58:51 EX1 MSWinEventLog#0114#011Application#0112174#011Fri Nov 27 09:58:51 2015"
           "#0119646#011MSExchangeIS#011N/A#011N/A#011Error#011EX1.contoso.com#011General#011#011" SENTENCE
           "#0110\n"),
        SV(SNARE_EVENT));
    check_gives(
        &utc,
        SV("Nov 27 09:58:51 EX1 MSWinEventLog#0114#011Application#0112174#011Fri Nov 27 09:58:51 2015"
           "#0119646#011MSExchangeIS#011N/A#011S-1-5-18#011Error#011EX1#011None#011#011A#015#012B #09\n"),
        SV("EVENT provider=MSExchangeIS id=9646 level=2 time=2015-11-27T09:58:51Z zone=UTC "
           "channel=Application computer=EX1 level_text=Error message=A\r\nB #09 \n"));
}

Test(syslog, an_id_of_32_bits_tells_its_qualifiers)
{
    check_gives(&utc, SV(SNARE("3221628334", "MSExchangeIS Mailbox Store", "x 9646")),
                SV("EVENT provider=MSExchangeIS Mailbox Store id=3221628334 qualifiers=49158 level=2 "
                   "time=2015-11-27T09:58:51Z zone=UTC channel=Application computer=EX1.contoso.com "
                   "level_text=Error task_text=General message=x 9646 \n"));
}

Test(syslog, eventreporter)
{
    check_gives(&utc, SV(REPORTER("9646", SENTENCE) "\n"), SV(REPORTER_EVENT));
    check_gives(&utc, SV("Feb 15 14:00:59 ex1 " REPORTER("9646", SENTENCE) "\n"), SV(REPORTER_EVENT));
    check_gives(&utc, SV("<27>EvntSLog: 17: [WRN] Thu Feb 15 14:00:58 2001: EX1/MSExchangeIS (9646) - x"),
                SV("EVENT provider=MSExchangeIS id=9646 level=3 time=2001-02-15T14:00:58Z zone=UTC "
                   "computer=EX1 level_text=WRN message=x \n"));
    check_gives(&utc,
                SV("<27>Feb 15 14:00:59 ex1 EvntSLog:17: [WRN] Thu Feb 15 14:00:58 2001: "
                   "EX1/MSExchangeIS (9646) - \"cut"),
                SV("EVENT provider=MSExchangeIS id=9646 level=3 time=2001-02-15T14:00:58Z zone=UTC "
                   "computer=EX1 level_text=WRN message=cut cut \n"));
}

Test(syslog, nxlog_structured_data)
{
    check_gives(&utc, SV(NXLOG("9646", SENTENCE)), SV(NXLOG_EVENT));
    check_gives(&utc, SV(NXLOG("9646", "\xef\xbb\xbf" SENTENCE) "\n"), SV(NXLOG_EVENT));
}

Test(syslog, nxlog_names_the_source_in_the_header_alone)
{
    check_gives(&utc,
                SV("1 2026-02-18T10:35:08Z ex1 MSExchangeIS_Mailbox_Store - - [NXLOG@14506 EventID=\"9646\" "
                   "Keywords=\"-9214364837600034816\" param1=\"a\\\\b\\]\\\"c\\d\" param2=\"32\"] x"),
                SV("EVENT provider=MSExchangeIS Mailbox Store id=9646 keywords=9232379236109516800 "
                   "time=2026-02-18T10:35:08Z computer=ex1 data=a\\b]\"c\\d data=32 message=x \n"));
}

Test(syslog, what_mapitail_itself_sends)
{
    check_gives(&utc, SV(OWN("9646") "\n"), SV(OWN_EVENT));
}

Test(syslog, what_mapitail_sends_without_room_for_its_winlog_element)
{
    check_gives(&utc,
                SV("<131>1 2026-02-18T10:35:08Z EX1 MSExchangeIS - 9646 [meta sequenceId=\"7\"][mapi@32473 "
                   "id=\"x\"] " SENTENCE),
                SV("EVENT provider=MSExchangeIS id=9646 time=2026-02-18T10:35:08Z computer=EX1 "
                   "message=" SENTENCE " \n"));
}

Test(syslog, local_times_are_taken_in_the_zone_of_the_source)
{
    struct zone zone = zone_fixed(-5 * 3600);
    struct parser_check local = utc;
    local.options.zone = &zone;
    struct sv got = check_run(&local, SV(REPORTER("9646", SENTENCE) "\n" NXLOG("9646", "x") "\n"));
    cr_assert_neq(sv_find(got, SV("time=2001-02-15T19:00:58Z zone=-05:00 ")), SV_NPOS);
    cr_assert_neq(sv_find(got, SV("time=2026-02-18T10:35:08.123456Z record")), SV_NPOS,
                  "a time with a zone keeps it");
}

#define XML                                                                                                  \
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "                \
    "Name='MSExchangeIS'/><EventID Qualifiers='49158'>9646</EventID><Level>2</Level><Task>6</Task>"          \
    "<TimeCreated SystemTime='2026-02-18T10:35:08.9876543Z'/><EventRecordID>2108</EventRecordID>"            \
    "<Channel>Application</Channel><Computer>ex1.contoso.com</Computer></System><EventData><Data>" DN        \
    "</Data><Data>32</Data><Data>session</Data></EventData></Event>"

Test(syslog, with_a_record_id_an_event_has_the_id_of_its_xml_export)
{
    check_same_id(&parser_xml, SV(XML), &parser_syslog, SV(NXLOG("9646", SENTENCE)));
    check_same_id(&parser_xml, SV(XML), &parser_syslog, SV(OWN("9646")));
}

/* --- look-alikes and damage --- */

Test(syslog, look_alikes_are_not_taken)
{
    struct sv text = SV(
        SNARE("1000", "MSExchangeIS", "9646 " SENTENCE) "\n" SNARE("19646", "MSExchangeIS", SENTENCE) "\n" SNARE("96460", "MSExchangeIS", SENTENCE) "\n" SNARE(
            "9646", "ESE",
            SENTENCE) "\n" SNARE("1", "x",
                                 REPORTER(
                                     "9646",
                                     SENTENCE)) "\n" REPORTER("19646",
                                                              SENTENCE) "\n" REPORTER("1000",
                                                                                      "EX1/MSExchangeIS "
                                                                                      "(9646) "
                                                                                      "- ") "\n" NXLOG("1000",
                                                                                                       REPORTER(
                                                                                                           "9"
                                                                                                           "6"
                                                                                                           "4"
                                                                                                           "6",
                                                                                                           SENTENCE)) "\n" NXLOG("1000",
                                                                                                                                 SNARE(
                                                                                                                                     "9646",
                                                                                                                                     "MSExchangeIS",
                                                                                                                                     SENTENCE)) "\n"
                                                                                                                                                "<14>1 2026-02-18T10:35:08Z h MSExchangeIS 9646 9646 - " SENTENCE
                                                                                                                                                "\n"
                                                                                                                                                "<14>1 2026-02-18T10:35:08Z h MSExchangeIS 9646 9646 [x@1 EventID=\"9646\"] y\n"
                                                                                                                                                "Feb 15 14:00:59 ex1 MSExchangeIS[9646]: " SENTENCE
                                                                                                                                                "\n");
    check_gives(&utc, text, SV(""));
    cr_assert_eq(check_count(&utc, SV(OWN("9646") "\n")), 1, "what follows is not the parser's blindness");
}

Test(syslog, a_line_that_is_cut_costs_that_line_only)
{
    check_gives(&utc,
                SV(SNARE("9646", "MSExchangeIS",
                         SENTENCE) "\n"
                                   "MSWinEventLog\t4\tApplication\t2174\tFri Nov 27 09:58:51 2015\t9646\n"
                                   "EvntSLog: [ERR] Thu Feb 15 14:00:58 2001: EX1/MSExchangeIS (9646)\n"
                                   "<11>1 2026-02-18T11:35:08Z h a 0 - [NXLOG@14506 EventID=\"9646\" "
                                   "Keywords=\"360\n" REPORTER("9646", SENTENCE) "\n"),
                SV(SNARE_EVENT "SKIP the Snare record ends before its message\n"
                               "SKIP the EventReporter record ends before its message\n"
                               "SKIP the structured data is cut or not well-formed\n" REPORTER_EVENT));
}

Test(syslog, a_line_that_is_too_long_is_cut_and_the_next_is_read)
{
    struct buf b;
    buf_init(&b, 8 << 20);
    buf_lit(&b, REPORTER("9646", ""));
    buf_cut(&b, b.n - 1);
    for (int i = 0; i < 300000; i++)
        buf_lit(&b, "12345678");
    buf_lit(&b, "\"\n" NXLOG("9646", SENTENCE) "\n");
    struct sv got = check_run(&utc, buf_sv(&b));
    cr_assert_neq(sv_find(got, SV("cut \nEVENT provider=MSExchangeIS id=9646 level=2 task=6")), SV_NPOS);
    buf_free(&b);
}

Test(syslog, bytes_of_a_code_page_are_read_as_the_source_says)
{
    struct parser_check western = utc;
    western.options.code_page = CODE_PAGE_WINDOWS_1252;
    struct sv got = check_run(&western, SV(REPORTER("9646", "Gr\xfc\xdf"
                                                            "e")));
    cr_assert_neq(sv_find(got, SV("message=Grüße ")), SV_NPOS);
}

static const char mixed[] = "Feb 15 13:59:59 ex1 sshd[9646]: session opened\n" SNARE(
    "9646", "MSExchangeIS",
    SENTENCE
    "\t0") "\r\n" SNARE("7036", "ESE",
                        "9646") "\n" REPORTER("9646",
                                              SENTENCE) "\n" NXLOG("9646", SENTENCE
                                                                   "\xc3\xbc") "\n"
                                                                               "EvntSLog: 9646\n" OWN(
                                                                                   "9646") "\n" OWN("1000") "\n";

Test(syslog, however_a_file_is_cut_grown_damaged_or_encoded)
{
    check_everything(&utc, sv_from(mixed));
    cr_assert_eq(check_count(&utc, sv_from(mixed)), 4);
}

Test(syslog, everything_can_be_selected)
{
    struct sv got = check_run_all(&utc, sv_from(mixed));
    cr_assert_neq(sv_find(got, SV("provider=ESE id=7036 ")), SV_NPOS);
    cr_assert_neq(sv_find(got, SV("id=1000 ")), SV_NPOS);
}

Test(syslog, reads_of_a_large_file_cut_no_record)
{
    struct buf b;
    buf_init(&b, 32 << 20);
    size_t wanted = 0;
    for (unsigned i = 0; i < 9000; i++) {
        buf_printf(&b, "<11>Nov 27 09:58:51 h%0*u ", (int)(i * 7 % 90 + 1), i);
        if (i % 5 == 0)
            buf_lit(&b, REPORTER("9646", SENTENCE) "\n");
        else
            buf_lit(&b, SNARE("1001", "Service", "took 9646 ms for the request") "\r\n");
        wanted += i % 5 == 0;
    }
    cr_assert_eq(check_count(&utc, buf_sv(&b)), wanted);
    check_resume(&utc, buf_sv(&b));
    buf_free(&b);
}

/* --- recognizing --- */

static int probe(const char *head)
{
    return parser_syslog.probe(sv_from(head), true);
}

Test(syslog, files_are_recognized_by_their_lines)
{
    cr_assert_gt(probe(SNARE("1", "x", "y")), 80);
    cr_assert_gt(probe(REPORTER("1", "y")), 80);
    cr_assert_gt(probe(NXLOG("1", "y")), 80);
    cr_assert_gt(probe(OWN("1")), 80);
    cr_assert_gt(probe("Feb 15 13:59:59 ex1 sshd[1]: session opened\n" OWN("1")), 50);
}

Test(syslog, files_of_other_formats_are_left_alone)
{
    static const char *const others[] = {
        "",
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>",
        ("Level,Date and Time,Source,Event ID,Task Category\r\nError,1/2/2026 1:02:03 PM,MSExchangeIS,9646,"
         "General,"),
        "{\"EventTime\":\"2017-12-19 17:45:02\",\"EventID\":9646}\n",
        "Event[0]:\n  Log Name: Application\n  Source: MSExchangeIS\n",
        "08/19/2018 22:24:47 PM LogName=Application SourceName=MSExchangeIS EventCode=9646\n",
        "Feb 15 13:59:59 ex1 sshd[9646]: session opened\n",
        "<14>1 2026-02-18T10:35:08Z h app - - - plain\n",
        "ElfFile",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_assert_eq(probe(others[i]), 0, "%s", others[i]);
}
