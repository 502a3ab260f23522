/* SPDX-License-Identifier: Apache-2.0 */
/* Log Parser's XML in its layouts, look-alikes and damage. */
#include "parser_check.h"

#include <criterion/criterion.h>

/* Whole exports stand here as literals, longer than ISO C promises to take. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

extern const struct parser_ops parser_rowxml, parser_xml;

static const struct parser_check utc = {.ops = &parser_rowxml};

#define DN "/o=Org/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=user"
#define SENTENCE "Mapi session \"" DN "\" exceeded the maximum of 32 objects of type \"session\"."

#define HEAD                                                                                                 \
    "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" standalone=\"yes\" ?>\r\n<!DOCTYPE ROOT[\r\n"             \
    " <!ATTLIST ROOT DATE_CREATED CDATA #REQUIRED>\r\n <!ELEMENT ROOT (ROW*)>\r\n]>\r\n"                     \
    "<ROOT DATE_CREATED=\"2026-02-18 10:40:00\" CREATED_BY=\"Microsoft Log Parser V2.2\">\r\n"
#define TAIL "</ROOT>\r\n"
#define CELL(name, value) " <" name ">\r\n " value "\r\n </" name ">\r\n"
#define ROW(source, id, strings, message)                                                                    \
    "<ROW>\r\n" CELL("EventLog", "Application") CELL("RecordNumber", "2108")                                 \
        CELL("TimeGenerated", "2026-02-18 10:35:08") CELL("EventID", id) CELL("EventType", "1")              \
            CELL("EventTypeName", "Error event") CELL("EventCategory", "6")                                  \
                CELL("EventCategoryName", "General") CELL("SourceName", source) CELL("Strings", strings)     \
                    CELL("ComputerName", "EX1.contoso.com") CELL("SID", "") CELL("Message", message)         \
                        CELL("Data", "07000000") "</ROW>\r\n"
#define LINE(data)                                                                                           \
    "EVENT provider=MSExchangeIS id=9646 level=2 task=6 time=2026-02-18T10:35:08Z zone=UTC record=2108 "     \
    "channel=Application computer=EX1.contoso.com " data                                                     \
    "binary=07000000 level_text=Error task_text=General message=" SENTENCE " \n"
#define DATA "data=" DN " data=32 data=session "

Test(rowxml, a_row_with_one_value_per_line)
{
    check_gives(&utc, SV(HEAD ROW("MSExchangeIS", "9646", DN "|32|session", SENTENCE) TAIL), SV(LINE(DATA)));
}

Test(rowxml, a_row_in_one_line)
{
    check_gives(&utc,
                SV(HEAD "<ROW><EventID>3221497262</EventID><SourceName>MSExchangeIS</SourceName>"
                        "<Message>9646 &amp; x</Message></ROW>\r\n"
                        "<ROW><EventID>9646</EventID><SourceName>MSExchangeIS</SourceName></ROW>\r\n" TAIL),
                SV("EVENT provider=MSExchangeIS id=3221497262 qualifiers=49156 message=9646 & x \n"
                   "EVENT provider=MSExchangeIS id=9646 \n"));
}

Test(rowxml, strings_are_taken_apart_from_the_right)
{
    cr_assert_neq(sv_find(check_run(&utc, SV(ROW("MSExchangeIS", "9646", "/o=a/cn=b|c|32|objtFolder", "x"))),
                          SV(" data=/o=a/cn=b|c data=32 data=objtFolder ")),
                  SV_NPOS);
    cr_assert_neq(
        sv_find(check_run(&utc, SV(ROW("MSExchangeIS", "9646", "/o=a/cn=b|c|MoMT|500|Folder", "x"))),
                SV(" data=/o=a/cn=b|c data=MoMT data=500 data=Folder ")),
        SV_NPOS);
    cr_assert_eq(sv_find(check_run(&utc, SV(ROW("MSExchangeIS", "9646", "a|b|c", "x"))), SV("data=a")),
                 SV_NPOS);
}

Test(rowxml, the_level_does_not_depend_on_the_language)
{
    check_gives(&utc,
                SV("<ROW><EventID>9646</EventID><EventType>1</EventType><EventTypeName>Fehlerereignis"
                   "</EventTypeName><SourceName>MSExchangeIS</SourceName></ROW>"),
                SV("EVENT provider=MSExchangeIS id=9646 level=2 level_text=Fehlerereignis \n"));
}

Test(rowxml, look_alikes_are_not_taken)
{
    check_gives(&utc,
                SV(HEAD ROW("MSExchangeIS", "1000", "9646|9646", "9646") ROW("ESE", "9646", "", SENTENCE)
                       ROW("MSExchangeIS", "19646", "", "&lt;EventID&gt;9646&lt;/EventID&gt;")
                           ROW("MSExchangeIS", "96460", "", "") TAIL),
                SV(""));
}

Test(rowxml, a_row_that_is_torn_costs_that_row_only)
{
    check_gives(
        &utc,
        SV(HEAD "<ROW>\r\n <EventID>\r\n 9646\r\n" ROW("MSExchangeIS", "9646", "", "a&b")
               ROW("MSExchangeIS", "9646", DN "|32|session", SENTENCE) TAIL),
        SV("SKIP the XML is cut or not well-formed\nSKIP the XML is cut or not well-formed\n" LINE(DATA)));
}

static const char mixed[] = HEAD ROW("MSExchangeIS", "9646", DN "|32|session", SENTENCE)
    ROW("ESE", "1000", "9646", "\xc3\xbc") ROW("MSExchangeIS", "9646", "", "\xc3\xbc") TAIL;

Test(rowxml, however_a_file_is_cut_grown_damaged_or_encoded)
{
    check_everything(&utc, sv_from(mixed));
    cr_assert_eq(check_count(&utc, sv_from(mixed)), 2);
}

#define XML                                                                                                  \
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "                \
    "Name='MSExchangeIS'/><EventID Qualifiers='49158'>9646</EventID><Level>2</Level><Task>6</Task>"          \
    "<TimeCreated SystemTime='2026-02-18T10:35:08.9876543Z'/><EventRecordID>2108</EventRecordID>"            \
    "<Channel>Application</Channel><Computer>ex1.contoso.com</Computer></System><EventData><Data>" DN        \
    "</Data><Data>32</Data><Data>session</Data></EventData></Event>"

Test(rowxml, an_event_has_the_id_of_its_xml_export)
{
    check_same_id(&parser_xml, SV(XML), &parser_rowxml,
                  SV(HEAD ROW("MSExchangeIS", "9646", DN "|32|session", SENTENCE) TAIL));
    check_same_id(&parser_xml, SV(XML), &parser_rowxml,
                  SV(HEAD ROW("MSExchangeIS", "9646", "", SENTENCE) TAIL));
}

Test(rowxml, files_are_recognized_by_the_tool_they_name)
{
    cr_assert_gt(parser_rowxml.probe(SV(HEAD), true), 90);
    cr_assert_eq(parser_rowxml.probe(SV("<ROOT><ROW>"), true), 0);
    cr_assert_eq(parser_rowxml.probe(SV("a,b CREATED_BY=\"Microsoft Log Parser"), true), 0);
    cr_assert_eq(parser_xml.probe(SV(HEAD), true), 0);
}
