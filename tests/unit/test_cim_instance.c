/* SPDX-License-Identifier: Apache-2.0 */
/* Instances of Win32_NTLogEvent as wmic and GetText write them, look-alikes and damage. */
#include "parser_check.h"

#include <criterion/criterion.h>

/* Whole exports stand here as literals, longer than ISO C promises to take. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

extern const struct parser_ops parser_rowxml, parser_clixml, parser_text, parser_xml;

static const struct parser_check utc = {.ops = &parser_xml};

#define DN "/o=Org/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=user"
#define SENTENCE "Mapi session \"" DN "\" exceeded the maximum of 32 objects of type \"session\"."

#define HEAD                                                                                                 \
    "<COMMAND SEQUENCENUM=\"1\" ISSUEDFROM=\"EX1\" STARTTIME=\"02-18-2026T10:40:00\" EVERYCOUNT=\"0\">"      \
    "<REQUEST><COMMANDLINE>ntevent where EventCode=9646 list /format:rawxml</COMMANDLINE></REQUEST>"         \
    "<RESULTS NODE=\"EX1\"><CIM>"
#define TAIL "</CIM></RESULTS></COMMAND>"
#define PROPERTY(name, type, value)                                                                          \
    "<PROPERTY NAME=\"" name "\" CLASSORIGIN=\"Win32_NTLogEvent\" TYPE=\"" type "\">" value "</PROPERTY>"
#define VALUE(v) "<VALUE>" v "</VALUE>"
#define ARRAY(name, type, values)                                                                            \
    "<PROPERTY.ARRAY NAME=\"" name "\" TYPE=\"" type "\"><VALUE.ARRAY>" values                               \
    "</VALUE.ARRAY></PROPERTY.ARRAY>"
#define STRINGS VALUE(DN) VALUE("32") VALUE("session")
#define INSTANCE(source, code, identifier, strings, message)                                                 \
    "<INSTANCE CLASSNAME=\"Win32_NTLogEvent\">" PROPERTY("Category", "uint16", VALUE("6"))                   \
        PROPERTY("CategoryString", "string", VALUE("General"))                                               \
            PROPERTY("ComputerName", "string", VALUE("EX1.contoso.com"))                                     \
                ARRAY("Data", "uint8", VALUE("7") VALUE("0") VALUE("255"))                                   \
                    PROPERTY("EventCode", "uint16", VALUE(code))                                             \
                        PROPERTY("EventIdentifier", "uint32", VALUE(identifier))                             \
                            PROPERTY("EventType", "uint8", VALUE("1"))                                       \
                                ARRAY("InsertionStrings", "string", strings)                                 \
                                    PROPERTY("Logfile", "string", VALUE("Application"))                      \
                                        PROPERTY("Message", "string", VALUE(message))                        \
                                            PROPERTY("RecordNumber", "uint32", VALUE("2108"))                \
                                                PROPERTY("SourceName", "string", VALUE(source))              \
                                                    PROPERTY("TimeGenerated", "datetime",                    \
                                                             VALUE("20260218113508.000000+060"))             \
                                                        PROPERTY("Type", "string", VALUE("Fehler"))          \
                                                            PROPERTY("User", "string", "") "</INSTANCE>"
#define LINE(data)                                                                                           \
    "EVENT provider=MSExchangeIS id=9646 qualifiers=49158 level=2 task=6 "                                   \
    "time=2026-02-18T10:35:08.000000Z record=2108 channel=Application computer=EX1.contoso.com " data        \
    "binary=0700FF level_text=Fehler task_text=General message=" SENTENCE " \n"
#define DATA "data=" DN " data=32 data=session "
#define HIT INSTANCE("MSExchangeIS", "9646", "3221628334", STRINGS, SENTENCE)
#define OTHER INSTANCE("ESE", "1000", "1000", VALUE("9646"), "9646")

Test(cim_instance, wmic_writes_all_of_it_in_one_line)
{
    check_gives(&utc, SV(HEAD OTHER HIT OTHER HIT TAIL "\r\n"), SV(LINE(DATA) LINE(DATA)));
}

Test(cim_instance, gettext_breaks_lines_between_elements)
{
    check_gives(&utc,
                SV("<INSTANCE CLASSNAME=\"Win32_NTLogEvent\"><QUALIFIER NAME=\"dynamic\" TYPE=\"boolean\">"
                   "<VALUE>TRUE</VALUE></QUALIFIER>\n<PROPERTY NAME=\"EventCode\" TYPE=\"uint16\">\n"
                   "<QUALIFIER NAME=\"CIMTYPE\"><VALUE>9646</VALUE></QUALIFIER>\n<VALUE> 9646 </VALUE>\n"
                   "</PROPERTY>\n<PROPERTY NAME=\"SourceName\"><VALUE><![CDATA[MSExchangeIS]]></VALUE>\n"
                   "</PROPERTY>\n<PROPERTY NAME=\"Message\"><VALUE><![CDATA[a <b>\r\n]]></VALUE></PROPERTY>\n"
                   "</INSTANCE>\n"),
                SV("EVENT provider=MSExchangeIS id=9646 message=a <b> \n"));
}

Test(cim_instance, the_identifier_alone_gives_id_and_qualifiers)
{
    cr_assert_neq(sv_find(check_run_all(&utc, SV("<INSTANCE CLASSNAME=\"Win32_NTLogEvent\">" PROPERTY(
                                                  "EventIdentifier", "sint32", VALUE("-1073338962"))
                                                     PROPERTY("SourceName", "string",
                                                              VALUE("MSExchangeIS")) "</INSTANCE>")),
                          SV("id=9646 qualifiers=49158 ")),
                  SV_NPOS);
}

Test(cim_instance, look_alikes_are_not_taken)
{
    check_gives(&utc,
                SV(HEAD INSTANCE("ESE", "9646", "9646", STRINGS, SENTENCE)
                       INSTANCE("MSExchangeIS", "1000", "9646", VALUE("9646"), "9646") INSTANCE(
                           "MSExchangeIS", "19646", "19646", "",
                           "&lt;VALUE&gt;9646&lt;/VALUE&gt;") "<INSTANCE "
                                                              "CLASSNAME=\"Win32_"
                                                              "Process\">" PROPERTY("ProcessId", "uint32",
                                                                                    VALUE("9646")) "</"
                                                                                                   "IN"
                                                                                                   "ST"
                                                                                                   "AN"
                                                                                                   "CE"
                                                                                                   ">" TAIL),
                SV(""));
}

Test(cim_instance, instances_of_other_classes_are_no_events)
{
    check_gives(&utc, SV(""), SV(""));
    struct sv got = check_run_all(&utc, SV(HEAD "<INSTANCE CLASSNAME=\"Win32_Process\">" PROPERTY(
                                            "ProcessId", "uint32", VALUE("9646")) "</INSTANCE>" HIT TAIL));
    check_sv(got, SV(LINE(DATA)));
}

Test(cim_instance, an_instance_that_is_torn_costs_that_instance_only)
{
    check_gives(&utc,
                SV(HEAD "<INSTANCE CLASSNAME=\"Win32_NTLogEvent\"><VALUE>9646</VALUE>" INSTANCE(
                    "MSExchangeIS", "9646", "3221628334", STRINGS, "a&b") HIT TAIL),
                SV("SKIP another record begins before the end of this one\nSKIP the XML is cut or not "
                   "well-formed\n" LINE(DATA)));
}

Test(cim_instance, however_a_file_is_cut_grown_damaged_or_encoded)
{
    check_everything(&utc, SV(HEAD OTHER HIT "\r\n" HIT TAIL "\r\n"));
    check_everything(&utc, SV("<?xml version=\"1.0\"?>\r\n<!-- c -->\r\n" HIT "\r\n" OTHER HIT "\r\n"));
}

#define XML                                                                                                  \
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "                \
    "Name='MSExchangeIS'/><EventID Qualifiers='49158'>9646</EventID><Level>2</Level><Task>6</Task>"          \
    "<TimeCreated SystemTime='2026-02-18T10:35:08.9876543Z'/><EventRecordID>2108</EventRecordID>"            \
    "<Channel>Application</Channel><Computer>ex1.contoso.com</Computer></System><EventData><Data>" DN        \
    "</Data><Data>32</Data><Data>session</Data></EventData></Event>"

Test(cim_instance, an_event_has_the_id_of_its_xml_export)
{
    check_same_id(&parser_xml, SV(XML), &parser_xml, SV(HEAD HIT TAIL));
    check_same_id(&parser_xml, SV(XML), &parser_xml,
                  SV(HEAD INSTANCE("MSExchangeIS", "9646", "9646", "", SENTENCE) TAIL));
}

Test(cim_instance, files_are_recognized_by_their_first_element)
{
    static const struct parser_ops *const others[] = {&parser_rowxml, &parser_clixml, &parser_text};
    cr_assert_geq(parser_xml.probe(SV(HEAD), false), 90);
    cr_assert_geq(parser_xml.probe(SV(HIT), true), 90);
    cr_assert_geq(parser_xml.probe(SV("<CIM CIMVERSION=\"2.0\"><DECLARATION>" HIT), true), 90);
    cr_assert_eq(parser_xml.probe(SV("<CIM CIMVERSION=\"2.0\">"), true), 0);
    cr_assert_eq(parser_xml.probe(SV("<CIM CIMVERSION=\"2.0\">"), false), -1);
    cr_assert_eq(parser_xml.probe(SV("<INSTANCE CLASSNAME=\"Win32_Process\">"), true), 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_assert_lt(others[i]->probe(SV(HEAD HIT), true), 90);
}
