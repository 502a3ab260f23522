/* SPDX-License-Identifier: Apache-2.0 */
/* Export-Clixml of Get-WinEvent and Get-EventLog objects, look-alikes and damage. */
#include "parser_check.h"

#include <criterion/criterion.h>

/* Whole exports stand here as literals, longer than ISO C promises to take. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

extern const struct parser_ops parser_clixml, parser_xml;

static const struct parser_check utc = {.ops = &parser_clixml};

#define DN "/o=Org/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=user"
#define SENTENCE "Mapi session \"" DN "\" exceeded the maximum of 32 objects of type \"session\"."

#define HEAD "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">\r\n"
#define TAIL "</Objs>"
#define VALUE(v)                                                                                             \
    "          <Obj RefId=\"4\">\r\n            <TNRef RefId=\"2\" />\r\n"                                   \
    "            <ToString>System.Diagnostics.Eventing.Reader.EventProperty</ToString>\r\n"                  \
    "            <Props>\r\n              " v "\r\n            </Props>\r\n          </Obj>\r\n"
#define WIN_EVENT(provider, id, message, values)                                                             \
    "  <Obj RefId=\"0\">\r\n"                                                                                \
    "    <TN RefId=\"0\">\r\n"                                                                               \
    "      <T>System.Diagnostics.Eventing.Reader.EventLogRecord</T>\r\n"                                     \
    "      <T>System.Object</T>\r\n"                                                                         \
    "    </TN>\r\n"                                                                                          \
    "    <ToString>System.Diagnostics.Eventing.Reader.EventLogRecord</ToString>\r\n"                         \
    "    <Props>\r\n"                                                                                        \
    "      <I32 N=\"Id\">" id "</I32>\r\n"                                                                   \
    "      <Nil N=\"Version\" />\r\n"                                                                        \
    "      <I32 N=\"Qualifiers\">49158</I32>\r\n"                                                            \
    "      <By N=\"Level\">2</By>\r\n"                                                                       \
    "      <I32 N=\"Task\">6</I32>\r\n"                                                                      \
    "      <I64 N=\"Keywords\">36028797018963968</I64>\r\n"                                                  \
    "      <I64 N=\"RecordId\">2108</I64>\r\n"                                                               \
    "      <S N=\"ProviderName\">" provider "</S>\r\n"                                                       \
    "      <Nil N=\"ProviderId\" />\r\n"                                                                     \
    "      <S N=\"LogName\">Application</S>\r\n"                                                             \
    "      <S N=\"MachineName\">EX1.contoso.com</S>\r\n"                                                     \
    "      <Obj N=\"UserId\" RefId=\"1\">\r\n"                                                               \
    "        <ToString>S-1-5-18</ToString>\r\n"                                                              \
    "        <Props>\r\n          <I32 N=\"BinaryLength\">12</I32>\r\n"                                      \
    "          <S N=\"Value\">S-1-5-18</S>\r\n        </Props>\r\n"                                          \
    "      </Obj>\r\n"                                                                                       \
    "      <DT N=\"TimeCreated\">2026-02-18T11:35:08.1234567+01:00</DT>\r\n"                                 \
    "      <S N=\"LevelDisplayName\">Fehler</S>\r\n"                                                         \
    "      <S N=\"TaskDisplayName\">General</S>\r\n"                                                         \
    "      <Obj N=\"KeywordsDisplayNames\" RefId=\"2\">\r\n"                                                 \
    "        <LST>\r\n          <S>Klassisch</S>\r\n        </LST>\r\n"                                      \
    "      </Obj>\r\n"                                                                                       \
    "      <Obj N=\"Properties\" RefId=\"3\">\r\n        <LST>\r\n" values "        </LST>\r\n"              \
    "      </Obj>\r\n"                                                                                       \
    "    </Props>\r\n"                                                                                       \
    "    <MS>\r\n      <S N=\"Message\">" message "</S>\r\n    </MS>\r\n"                                    \
    "  </Obj>\r\n"
#define VALUES                                                                                               \
    VALUE("<S N=\"Value\">" DN "</S>")                                                                       \
    VALUE("<S N=\"Value\">32</S>")                                                                           \
    VALUE("<S N=\"Value\">session</S>")                                                                      \
    VALUE("<BA "                                                                                             \
          "N=\"Value\">BwAAAFtE</BA>")
#define WIN_EVENT_LINE(data, message)                                                                        \
    "EVENT provider=MSExchangeIS id=9646 qualifiers=49158 level=2 task=6 keywords=36028797018963968 "        \
    "time=2026-02-18T10:35:08.1234567Z record=2108 channel=Application computer=EX1.contoso.com "            \
    "sid=S-1-5-18 " data "level_text=Fehler task_text=General keyword=Klassisch message=" message " \n"
#define DATA "data=" DN " data=32 data=session binary=070000005B44 "

#define ENTRY(source, id, instance)                                                                          \
    "  <Obj RefId=\"0\">\n"                                                                                  \
    "    <TN RefId=\"0\">\n"                                                                                 \
    "      <T>System.Diagnostics.EventLogEntry#Application/" source "/" instance "</T>\n"                    \
    "      <T>System.Diagnostics.EventLogEntry</T>\n    </TN>\n"                                             \
    "    <Props>\n"                                                                                          \
    "      <S N=\"MachineName\">EX1.contoso.com</S>\n"                                                       \
    "      <BA N=\"Data\">BwAAAA==</BA>\n"                                                                   \
    "      <I32 N=\"Index\">2108</I32>\n"                                                                    \
    "      <S N=\"Category\">General</S>\n"                                                                  \
    "      <I16 N=\"CategoryNumber\">6</I16>\n"                                                              \
    "      <I32 N=\"EventID\">" id "</I32>\n"                                                                \
    "      <Obj N=\"EntryType\" RefId=\"1\">\n        <ToString>Error</ToString>\n        <I32>1</I32>\n"    \
    "      </Obj>\n"                                                                                         \
    "      <S N=\"Message\">" SENTENCE "</S>\n"                                                              \
    "      <S N=\"Source\">" source "</S>\n"                                                                 \
    "      <Obj N=\"ReplacementStrings\" RefId=\"2\">\n        <LST>\n          <S>" DN "</S>\n"             \
    "          <S>32</S>\n          <S></S>\n          <S>session</S>\n        </LST>\n      </Obj>\n"       \
    "      <I64 N=\"InstanceId\">" instance "</I64>\n"                                                       \
    "      <DT N=\"TimeGenerated\">2026-02-18T11:35:08+01:00</DT>\n"                                         \
    "      <Nil N=\"UserName\" />\n"                                                                         \
    "    </Props>\n  </Obj>\n"
#define ENTRY_LINE                                                                                           \
    "EVENT provider=MSExchangeIS id=9646 qualifiers=49158 level=2 task=6 time=2026-02-18T10:35:08Z "         \
    "record=2108 channel=Application computer=EX1.contoso.com data=" DN " data=32 data= data=session "       \
    "binary=07000000 level_text=Error task_text=General message=" SENTENCE " \n"

/* --- layouts --- */

Test(clixml, objects_of_get_winevent)
{
    check_gives(&utc, SV(HEAD WIN_EVENT("MSExchangeIS", "9646", SENTENCE, VALUES) TAIL),
                SV(WIN_EVENT_LINE(DATA, SENTENCE)));
}

Test(clixml, an_export_too_shallow_for_strings_gives_the_message)
{
    check_gives(
        &utc,
        SV(HEAD WIN_EVENT("MSExchangeIS", "9646", SENTENCE,
                          "          <S>System.Diagnostics.Eventing.Reader.EventProperty</S>\r\n") TAIL),
        SV(WIN_EVENT_LINE("", SENTENCE)));
}

Test(clixml, objects_of_get_eventlog)
{
    check_gives(&utc, SV(HEAD ENTRY("MSExchangeIS", "9646", "3221628334") TAIL), SV(ENTRY_LINE));
}

Test(clixml, selected_properties_of_an_object)
{
    check_gives(&utc,
                SV(HEAD "  <Obj RefId=\"0\">\n    <TN RefId=\"0\"><T>Selected.X</T></TN>\n    <MS>\n"
                        "      <I32 N=\"Id\">9646</I32>\n      <S N=\"ProviderName\">MSExchangeIS</S>\n"
                        "      <DT N=\"TimeCreated\">2026-02-18T11:35:08</DT>\n"
                        "      <S N=\"Message\">x</S>\n    </MS>\n  </Obj>\n" TAIL),
                SV("EVENT provider=MSExchangeIS id=9646 time=2026-02-18T11:35:08Z zone=UTC message=x \n"));
}

#define SPREAD(message)                                                                                      \
    "  <Obj RefId=\"0\">\n    <MS>\n      <I32 N=\"Id\">9646</I32>\n\n      <S\n N=\"ProviderName\">"        \
    "MSExchangeIS</S>\n      <S N=\"TaskDisplayName\">\n</S>\n      <S N=\"Message\">" message               \
    "</S>\n    </MS>\n  </Obj>\n"
#define SPREAD_LINE(message) "EVENT provider=MSExchangeIS id=9646 task_text=\n message=" message " \n"

Test(clixml, line_breaks_and_blanks_in_a_value_are_kept)
{
    check_gives(&utc, SV(HEAD SPREAD("\n  a\n      b\n") TAIL), SV(SPREAD_LINE("\n  a\n      b\n")));
    check_gives(&utc, SV(HEAD SPREAD("a>\n      &lt;b>") TAIL), SV(SPREAD_LINE("a>\n      <b>")));
    check_gives(&utc, SV(HEAD SPREAD("<![CDATA[a>\n      <b>\n   c]]>") TAIL),
                SV(SPREAD_LINE("a>\n      <b>\n   c")));
    check_gives(&utc, SV(HEAD SPREAD("a<!-- >\n      <b> -->c") TAIL), SV(SPREAD_LINE("ac")));
}

Test(clixml, escapes_stand_for_units_of_utf_16)
{
    check_gives(
        &utc,
        SV(HEAD WIN_EVENT("MSExchangeIS", "9646",
                          "a_x000D__x000A_b_x005F_x000A_ _xD83D__xDE00_ _x00 _ &lt;&amp; __x0009_\xc3\xbc_",
                          "") TAIL),
        SV(WIN_EVENT_LINE("", "a\r\nb_x000A_ \xf0\x9f\x98\x80 _x00 _ <& _\t\xc3\xbc_")));
    check_gives(&utc, SV(HEAD WIN_EVENT("MSExchangeIS", "9646", "_xD83D_x", "") TAIL),
                SV("EVENT provider=MSExchangeIS id=9646 qualifiers=49158 level=2 task=6 "
                   "keywords=36028797018963968 time=2026-02-18T10:35:08.1234567Z record=2108 "
                   "channel=Application computer=EX1.contoso.com sid=S-1-5-18 level_text=Fehler "
                   "task_text=General keyword=Klassisch message=\xef\xbf\xbdx replaced \n"));
}

#define XML                                                                                                  \
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "                \
    "Name='MSExchangeIS'/><EventID Qualifiers='49158'>9646</EventID><Level>2</Level><Task>6</Task>"          \
    "<TimeCreated SystemTime='2026-02-18T10:35:08.9876543Z'/><EventRecordID>2108</EventRecordID>"            \
    "<Channel>Application</Channel><Computer>ex1.contoso.com</Computer></System><EventData><Data>" DN        \
    "</Data><Data>32</Data><Data>session</Data></EventData></Event>"

Test(clixml, an_event_has_the_id_of_its_xml_export)
{
    check_same_id(&parser_xml, SV(XML), &parser_clixml,
                  SV(HEAD WIN_EVENT("MSExchangeIS", "9646", SENTENCE, VALUES) TAIL));
    check_same_id(&parser_xml, SV(XML), &parser_clixml,
                  SV(HEAD WIN_EVENT("MSExchangeIS", "9646", SENTENCE, "") TAIL));
}

/* --- look-alikes and damage --- */

Test(clixml, look_alikes_are_not_taken)
{
    check_gives(&utc,
                SV(HEAD WIN_EVENT("MSExchangeIS", "1000", "9646", VALUE("<I32 N=\"Value\">9646</I32>"))
                       WIN_EVENT("ESE", "9646", SENTENCE, VALUES) WIN_EVENT("MSExchangeIS", "19646", "x", "")
                           WIN_EVENT("MSExchangeIS", "1000", "&lt;I32 N=\"Id\"&gt;9646&lt;/I32&gt;", "")
                               ENTRY("ESE", "9646", "9646") TAIL),
                SV(""));
}

Test(clixml, an_object_that_is_torn_costs_that_object_only)
{
    check_gives(
        &utc,
        SV(HEAD "  <Obj RefId=\"0\">\r\n    <Props>\r\n      <I32 N=\"Id\">9646</I32>\r\n" WIN_EVENT(
            "MSExchangeIS", "9646", "a&b", "") WIN_EVENT("MSExchangeIS", "9646", SENTENCE, VALUES) TAIL),
        SV("SKIP the XML is cut or not well-formed\nSKIP the XML is cut or not well-formed\n" WIN_EVENT_LINE(
            DATA, SENTENCE)));
}

Test(clixml, what_an_object_leaves_open_does_not_reach_the_next)
{
    check_gives(
        &utc,
        SV(HEAD "  <Obj RefId=\"0\">\n<I32 N=\"Id\">9646</I32></Obj><!--\n  </Obj>\n" WIN_EVENT(
            "MSExchangeIS", "9646", SENTENCE,
            VALUES) "  <Obj RefId=\"0\">\n<I32 N=\"Id\">9646</I32></Obj><\n  "
                    "</Obj><\n" WIN_EVENT("MSExchangeIS", "9646", SENTENCE, VALUES)),
        SV("SKIP the XML is cut or not well-formed\n" WIN_EVENT_LINE(
            DATA, SENTENCE) "SKIP the XML is cut or not well-formed\n" WIN_EVENT_LINE(DATA, SENTENCE)));
}

Test(clixml, an_object_with_too_many_elements_or_too_deep_ones_is_no_danger)
{
    struct buf b;
    buf_init(&b, 8 << 20);
    buf_lit(&b, HEAD "  <Obj RefId=\"0\">\n<I32 N=\"Id\">9646</I32>\n");
    for (int i = 0; i < 20000; i++)
        buf_lit(&b, "<a>");
    buf_lit(&b, "\n  </Obj>\n" WIN_EVENT("MSExchangeIS", "9646", SENTENCE, VALUES));
    check_gives(&utc, buf_sv(&b), SV("SKIP too many elements\n" WIN_EVENT_LINE(DATA, SENTENCE)));
    buf_free(&b);
}

static const char mixed[] = HEAD WIN_EVENT("MSExchangeIS", "9646", SENTENCE, VALUES)
    WIN_EVENT("MSExchangeIS", "1000", "9646", "") ENTRY("MSExchangeIS", "9646", "3221628334") TAIL "\n";

Test(clixml, however_a_file_is_cut_grown_damaged_or_encoded)
{
    check_everything(&utc, sv_from(mixed));
    cr_assert_eq(check_count(&utc, sv_from(mixed)), 2);
}

Test(clixml, an_object_is_given_as_soon_as_it_is_whole)
{
    struct sv whole = SV(HEAD WIN_EVENT("MSExchangeIS", "9646", SENTENCE, VALUES));
    check_truncation(&utc, whole);
    cr_assert_eq(check_count(&utc, whole), 1);
}

Test(clixml, reads_of_a_large_file_cut_no_record)
{
    struct buf b;
    buf_init(&b, 32 << 20);
    buf_lit(&b, HEAD);
    for (unsigned i = 0; i < 1200; i++) {
        buf_lit(&b, WIN_EVENT("ESE", "7036", "took 9646 ms", VALUE("<I32 N=\"Value\">9646</I32>")));
        buf_printf(&b, "%*s\n", (int)(i * 7 % 90), "");
        buf_lit(&b, WIN_EVENT("MSExchangeIS", "9646", SENTENCE, VALUES));
    }
    buf_lit(&b, TAIL);
    cr_assert_eq(check_count(&utc, buf_sv(&b)), 1200);
    check_resume(&utc, buf_sv(&b));
    buf_free(&b);
}

Test(clixml, files_are_recognized_by_their_root_element)
{
    cr_assert_gt(parser_clixml.probe(SV(HEAD), true), 90);
    cr_assert_eq(parser_clixml.probe(SV("<Objs>"), true), 0);
    cr_assert_eq(parser_clixml.probe(SV("<Objects><Object Type=\"x\">"), true), 0);
    cr_assert_eq(parser_clixml.probe(SV("<Events><Event>"), true), 0);
    cr_assert_eq(parser_clixml.probe(SV(""), true), 0);
}
