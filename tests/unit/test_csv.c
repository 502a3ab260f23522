/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of events in every layout and encoding, cut, damaged and full of look-alikes. */
#include "export_bytes.h"
#include "identity.h"
#include "utf.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

/* Whole exports stand here as literals, longer than ISO C promises to take. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

extern const struct parser_ops parser_csv, parser_xml;

static struct buf dump;
static struct selector nine;
static const struct selector all = {.all = true};
static struct zone berlin_winter;
static struct parser_options options;
static struct event event;

static void setup(void)
{
    buf_init(&dump, 64 << 20);
    selector_init_default(&nine);
    berlin_winter = zone_fixed(3600);
    options = (struct parser_options){.selector = &nine};
}

static void teardown(void)
{
    buf_free(&dump);
}

TestSuite(csv, .init = setup, .fini = teardown);

static void put_time(struct buf *b, const struct event *e)
{
    char text[WTIME_TEXT_MAX];
    if (e->time.present)
        put_field(b, "time", sv_make(text, wtime_format(&e->time, 9, text)));
    else
        put_field(b, "no-time", e->time_text);
}

/* One line that holds everything that is known about an event. */
static void put_event(struct buf *b, const struct event *e)
{
    put_field(b, "provider", e->provider);
    put_number(b, "id", e->event_id);
    put_number(b, "qualifiers", e->qualifiers);
    put_number(b, "level", e->level);
    put_number(b, "task", e->task);
    put_number(b, "keywords", e->keywords);
    put_time(b, e);
    put_number(b, "record", e->record_id);
    put_number(b, "pid", e->process_id);
    put_field(b, "channel", e->channel);
    put_field(b, "computer", e->computer);
    put_field(b, "sid", e->user_sid);
    for (size_t i = 0; i < e->data_count; i++)
        put_field(b, "data", e->data[i].value);
    put_field(b, "binary", e->binary);
    put_field(b, "level_text", e->level_text);
    put_field(b, "task_text", e->task_text);
    put_field(b, "zone", e->timezone);
    put_field(b, "message", e->message);
    if (e->text_replaced)
        buf_lit(b, "replaced ");
    if (e->cut)
        buf_lit(b, "cut ");
    cr_assert_eq(utf8_valid_length(e->original), e->original.n, "the original is valid UTF-8");
    cr_assert_eq(utf8_valid_length(e->message), e->message.n, "the message is valid UTF-8");
}

static void put_step(struct buf *b, const struct event *e, const struct step *s)
{
    if (s->kind == STEP_EVENT) {
        buf_lit(b, "EVENT ");
        put_event(b, e);
        buf_putc(b, '\n');
    } else if (s->kind == STEP_SKIP) {
        buf_printf(b, "SKIP @%llu+%llu %s\n", (unsigned long long)s->offset, (unsigned long long)s->length,
                   s->reason);
    }
}

static struct parser *open_at(const struct input *in, const struct position *from)
{
    struct fault f = {0};
    struct parser *p = parser_csv.open(in, from, &options, &f);
    cr_assert_not_null(p, "open: %s", f.text);
    return p;
}

/* Everything that the rest of the input gives from a position on. */
static void run_from(struct buf *b, struct sv text, const struct position *from)
{
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, text.n, true};
    struct parser *p = open_at(&in, from);
    struct step s;
    for (size_t steps = 0;; steps++) {
        cr_assert_lt(steps, 1000000, "the parser comes to an end");
        parser_csv.next(p, &event, &s);
        cr_assert_neq(s.kind, STEP_FATAL);
        if (s.kind == STEP_MORE)
            break;
        put_step(b, &event, &s);
    }
    cr_assert_eq(s.pos.offset, text.n, "a complete input is read to its end");
    parser_csv.close(p);
}

/* The events of an export, one a line. */
static struct sv run(struct sv text)
{
    struct position start = {0};
    buf_reset(&dump);
    run_from(&dump, text, &start);
    return buf_sv(&dump);
}

#define assert_sv(got, want)                                                                                 \
    do {                                                                                                     \
        struct sv got_ = (got), want_ = (want);                                                              \
        cr_assert(sv_eq(got_, want_), "got:\n%.*s\nwant:\n%.*s", SV_ARG(got_), SV_ARG(want_));               \
    } while (0)

/* --- material --- */

#define DN "/o=Org/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=a|b, c"
#define SAID "Mapi session \"" DN "\" exceeded the maximum of 32 objects of type \"session\"."
#define QUOTED "Mapi session \"\"" DN "\"\" exceeded the maximum of 32 objects of type \"\"session\"\"."

#define VIEWER_HEADER "Level,Date and Time,Source,Event ID,Task Category\r\n"
#define VIEWER_HIT "Error,11/25/2008 3:16:07 PM,MSExchangeIS,9646,General,\"" QUOTED "\"\r\n"
#define VIEWER_OTHER                                                                                         \
    "Information,11/25/2008 3:16:08 PM,ESE,103,General,\"Process 9646 said:\r\n\r\nError,1/1/2008 1:00:00 "  \
    "AM,MSExchangeIS,9646,General,a \"\"9646\"\",9646,\r\nend\"\r\n"
#define VIEWER_LINE                                                                                          \
    "EVENT provider=MSExchangeIS id=9646 level=2 time=2008-11-25T15:16:07Z level_text=Error "                \
    "task_text=General zone=UTC message=" SAID " \n"

#define WINEVENT_HEADER                                                                                      \
    "\"Message\",\"Id\",\"Version\",\"Qualifiers\",\"Level\",\"Task\",\"Opcode\",\"Keywords\",\"RecordId\"," \
    "\"ProviderName\",\"ProviderId\",\"LogName\",\"ProcessId\",\"ThreadId\",\"MachineName\",\"UserId\","     \
    "\"TimeCreated\",\"ActivityId\",\"RelatedActivityId\",\"ContainerLog\",\"MatchedQueryIds\","             \
    "\"Bookmark\","                                                                                          \
    "\"LevelDisplayName\",\"OpcodeDisplayName\",\"TaskDisplayName\",\"KeywordsDisplayNames\","               \
    "\"Properties\"\r\n"
#define WINEVENT_ROW(message, id, record)                                                                    \
    "\"" message "\",\"" id "\",,\"49158\",\"2\",\"6\",,\"36028797018963968\",\"" record                     \
    "\",\"MSExchangeIS\",,\"Application\",,,\"EX1.contoso.com\",,\"11/25/2008 3:16:07 PM\",,,"               \
    "\"Application\",\"System.UInt32[]\",\"System.Diagnostics.Eventing.Reader.EventBookmark\",\"Error\","    \
    ",\"General\",\"System.Collections.ObjectModel.ReadOnlyCollection`1[System.String]\","                   \
    "\"System.Collections.Generic.List`1[System.Diagnostics.Eventing.Reader.EventProperty]\"\r\n"
#define WINEVENT_HIT(record) WINEVENT_ROW(QUOTED, "9646", record)
#define WINEVENT_LINE(record)                                                                                \
    "EVENT provider=MSExchangeIS id=9646 qualifiers=49158 level=2 task=6 keywords=36028797018963968 "        \
    "time=2008-11-25T15:16:07Z record=" record " channel=Application computer=EX1.contoso.com "              \
    "level_text=Error task_text=General zone=UTC message=" SAID " \n"

/* --- layouts --- */

Test(csv, event_viewer_2003_has_nine_columns_and_no_header)
{
    assert_sv(
        run(SV("25/05/2011,11:35:13,MSExchangeIS,Error,General,9667,N/A,EXCHANGE2003,\"Failed for "
               "\"\"First\"\"\r\n User: \"\"SYSTEM\"\"\r\n\"\r\n"
               "26/05/2011,11:35:14,MSExchangeIS,Error,General,9646,N/A,EXCHANGE2003,\"" QUOTED
               "\r\n\r\nFor more information, see Help and Support Center.\r\n\"\r\n")),
        SV("EVENT provider=MSExchangeIS id=9646 level=2 time=2011-05-26T11:35:14Z computer=EXCHANGE2003 "
           "level_text=Error task_text=General zone=UTC message=" SAID
           "\r\n\r\nFor more information, see Help and Support Center. \n"));
    assert_sv(run(SV("1/11/2005\t10:30:51 AM\tMSExchangeIS\tError\tGeneral\t9646\tN/A\tMXMA2\t" SAID "\r\n")),
              SV("EVENT provider=MSExchangeIS id=9646 level=2 time=2005-01-11T10:30:51Z computer=MXMA2 "
                 "level_text=Error task_text=General zone=UTC message=" SAID " \n"));
}

Test(csv, event_viewer_2008_names_five_columns_and_gives_the_description_a_sixth)
{
    assert_sv(run(SV(VIEWER_HEADER VIEWER_OTHER VIEWER_HIT VIEWER_OTHER VIEWER_HIT)),
              SV(VIEWER_LINE VIEWER_LINE));
    assert_sv(run(SV("\xef\xbb\xbfLevel\tDate and Time\tSource\tEvent ID\tTask Category\r\n"
                     "Error\t11/25/2008 3:16:07 PM\tMSExchangeIS\t9646\tGeneral\t\"" QUOTED "\"\r\n")),
              SV(VIEWER_LINE));
    assert_sv(run(SV("Level,Date and Time,Source,Event ID,Task Category,\r\n" VIEWER_HIT)), SV(VIEWER_LINE));
}

Test(csv, event_viewer_headers_are_known_in_many_languages)
{
    static const char *const exports[] = {
        "Ebene,Datum und Uhrzeit,Quelle,Ereignis-ID,Aufgabenkategorie\r\nFehler,",
        "Niveau,Date et heure,Source,ID de l'événement,Catégorie de la tâche\r\nErreur,",
        /* windows-1252 */
        ("Niveau,Date et heure,Source,ID de l'\xe9v\xe9nement,Cat\xe9gorie de la t\xe2"
         "che\r\nErreur,"),
        "Niveau,Date et heure,Source,ID de l'?v?nement,Cat?gorie de la t?che\r\nErreur,",
        "Nivel,Fecha y hora,Origen,Id. del evento,Categoría de la tarea\r\nError,",
        "Livello,Data e ora,Origine,ID evento,Categoria attività\r\nErrore,",
        "Nível,Data e Hora,Fonte,ID do Evento,Categoria da Tarefa\r\nErro,",
        "Niveau,Datum en tijd,Bron,Gebeurtenis-id,Taakcategorie\r\nFout,",
        "レベル,日付と時刻,ソース,イベント ID,タスクのカテゴリ\r\nエラー,",
        "级别,日期和时间,来源,事件 ID,任务类别\r\n错误,",
        "Schlüsselwörter,Datum und Uhrzeit,Quelle,Ereignis-ID,Aufgabenkategorie\r\nKlassisch,",
    };
    for (size_t i = 0; i < sizeof exports / sizeof exports[0]; i++) {
        char text[1024];
        bool asian = i == 8 || i == 9;
        int n = snprintf(text, sizeof text, "%s%s,MSExchangeIS,9646,General,\"" QUOTED "\"\r\n", exports[i],
                         asian ? "2008/11/05 15:16:07" : "05/11/2008 15:16:07");
        struct sv got = run(sv_make(text, (size_t)n));
        cr_assert(sv_starts(got, SV("EVENT provider=MSExchangeIS id=9646 ")), "%s: %.*s", exports[i],
                  SV_ARG(got));
        cr_assert_neq(sv_find(got, SV("time=2008-11-05T15:16:07Z ")), SV_NPOS, "%s: %.*s", exports[i],
                      SV_ARG(got));
        cr_assert(i == 10 || sv_find(got, SV("level=2 ")) != SV_NPOS, "%.*s", SV_ARG(got));
        cr_assert_geq(parser_csv.probe(sv_make(text, (size_t)n), true), 70, "%s", exports[i]);
    }
}

Test(csv, get_winevent_with_and_without_type_line_and_with_semicolons)
{
    assert_sv(
        run(SV("#TYPE System.Diagnostics.Eventing.Reader.EventLogRecord\r\n" WINEVENT_HEADER WINEVENT_HIT(
            "126268") WINEVENT_ROW("x", "19646", "9646") WINEVENT_HIT("126270"))),
        SV(WINEVENT_LINE("126268") WINEVENT_LINE("126270")));
    assert_sv(run(SV(WINEVENT_HEADER WINEVENT_HIT("1"))), SV(WINEVENT_LINE("1")));
    assert_sv(
        run(SV("\"TimeCreated\";\"Id\";\"ProviderName\";\"MachineName\";\"RecordId\";\"Message\"\r\n"
               "\"05.11.2008 15:16:07\";\"9646\";\"MSExchangeIS\";\"EX1\";\"5\";\"" QUOTED "\"\r\n")),
        SV("EVENT provider=MSExchangeIS id=9646 time=2008-11-05T15:16:07Z record=5 computer=EX1 zone=UTC "
           "message=" SAID " \n"));
}

Test(csv, get_eventlog_carries_the_full_number_and_loses_the_strings)
{
    assert_sv(
        run(SV(
            "#TYPE System.Diagnostics.EventLogEntry#Application/MSExchangeIS/3221628334\r\n"
            "\"EventID\",\"MachineName\",\"Data\",\"Index\",\"Category\",\"CategoryNumber\",\"EntryType\","
            "\"Message\",\"Source\",\"ReplacementStrings\",\"InstanceId\",\"TimeGenerated\",\"TimeWritten\","
            "\"UserName\",\"Site\",\"Container\"\r\n"
            "\"9646\",\"EX1.contoso.com\",\"System.Byte[]\",\"126268\",\"General\",\"6\",\"Error\",\"" QUOTED
            "\",\"MSExchangeIS\",\"System.String[]\",\"3221628334\",\"11/25/2008 3:16:07 PM\","
            "\"11/25/2008 3:16:08 PM\",,,\r\n")),
        SV("EVENT provider=MSExchangeIS id=9646 qualifiers=49158 level=2 task=6 time=2008-11-25T15:16:07Z "
           "record=126268 computer=EX1.contoso.com level_text=Error task_text=General zone=UTC message=" SAID
           " \n"));
}

#define PARSER_HEADER(d)                                                                                     \
    "EventLog" d "RecordNumber" d "TimeGenerated" d "TimeWritten" d "EventID" d "EventType" d                \
    "EventTypeName" d "EventCategory" d "EventCategoryName" d "SourceName" d "Strings" d "ComputerName" d    \
    "SID" d "Message" d "Data\r\n"
#define PARSER_ROW(d, strings, message)                                                                      \
    "Application" d "126268" d "2008-11-25 15:16:07" d "2008-11-25 15:16:07" d "9646" d "1" d                \
    "Error event" d "6" d "General" d "MSExchangeIS" d strings d "EX1" d d message d "5B444941\r\n"
#define PARSER_LINE(data, message)                                                                           \
    "EVENT provider=MSExchangeIS id=9646 level=2 task=6 time=2008-11-25T15:16:07Z record=126268 "            \
    "channel=Application computer=EX1 " data "binary=5B444941 level_text=Error event task_text=General "     \
    "zone=UTC message=" message " \n"

Test(csv, log_parser_strings_are_split_from_the_right)
{
    assert_sv(run(SV(PARSER_HEADER(",") PARSER_ROW(",", "\"" DN "|32|session\"", "\"" QUOTED "\""))),
              SV(PARSER_LINE("data=" DN " data=32 data=session ", SAID)));
    assert_sv(run(SV(PARSER_HEADER("\t") PARSER_ROW("\t", DN "|32|session", SAID))),
              SV(PARSER_LINE("data=" DN " data=32 data=session ", SAID)));
    assert_sv(run(SV(PARSER_HEADER("\t") PARSER_ROW("\t", "/o=O/cn=a|MoMT|32|Session", "M"))),
              SV(PARSER_LINE("data=/o=O/cn=a data=MoMT data=32 data=Session ", "M")));
    options.selector = &all;
    assert_sv(run(SV(PARSER_HEADER("\t") PARSER_ROW("\t", "one||three|", "M"))),
              SV(PARSER_LINE("data=one data= data=three data= ", "M")));
}

Test(csv, psloglist_rows_are_lines_whose_end_is_the_message)
{
    assert_sv(
        run(SV("Application log on \\\\EX1:\r\n"
               "9646,Application,ESE,INFORMATION,EX1,11/25/2008 3:16:06 PM,103,None,9646, said\r\n"
               "126268,Application,MSExchangeIS,ERROR,EX1,11/25/2008 3:16:07 PM,9646,None," SAID "\r\n")),
        SV("EVENT provider=MSExchangeIS id=9646 level=2 time=2008-11-25T15:16:07Z record=126268 "
           "channel=Application computer=EX1 level_text=ERROR zone=UTC message=" SAID " \n"));
}

#define WMIC_HEADER                                                                                          \
    "\r\r\nNode,Category,CategoryString,ComputerName,Data,EventCode,EventIdentifier,EventType,"              \
    "InsertionStrings,Logfile,Message,RecordNumber,SourceName,TimeGenerated,TimeWritten,Type,User\r\r\n"
#define WMIC_ROW(id, id32, record, message)                                                                  \
    "EX1,6,General,EX1.contoso.com,{7;0;91}," id "," id32 ",1,{\"" DN                                        \
    "\";\"32\";\"session\"},Application," message "," record                                                 \
    ",MSExchangeIS,20081125151607.000000+060,20081125151607.000000+060,Error,\r\r\n"

Test(csv, wmic_quotes_nothing_and_breaks_lines_in_messages)
{
    assert_sv(run(SV(WMIC_HEADER WMIC_ROW("103", "103", "9646", "a, b\r\nc")
                         WMIC_ROW("9646", "3221628334", "126268", SAID "\r\n\r\nmore, of it")
                             WMIC_ROW("19646", "19646", "1", "9646"))),
              SV("EVENT provider=MSExchangeIS id=9646 qualifiers=49158 level=2 task=6 "
                 "time=2008-11-25T14:16:07.000000Z record=126268 channel=Application "
                 "computer=EX1.contoso.com data=" DN " data=32 data=session binary=07005B level_text=Error "
                 "task_text=General message=" SAID "\r\n\r\nmore, of it \n"));
}

/* --- headers --- */

Test(csv, a_header_may_come_again_and_change_the_columns)
{
    assert_sv(run(SV(VIEWER_HEADER VIEWER_HIT VIEWER_HEADER VIEWER_HIT WINEVENT_HEADER WINEVENT_HIT("1")
                         WINEVENT_HEADER WINEVENT_HIT("2") VIEWER_HEADER VIEWER_HIT)),
              SV(VIEWER_LINE VIEWER_LINE WINEVENT_LINE("1") WINEVENT_LINE("2") VIEWER_LINE));
}

Test(csv, columns_in_any_order_and_number)
{
    assert_sv(run(SV("Id,ProviderName,Message\r\n9646,MSExchangeIS,m\r\n9646,ESE,m\r\n")),
              SV("EVENT provider=MSExchangeIS id=9646 message=m \n"));
    assert_sv(run(SV("SourceName,InstanceId,Message\r\nMSExchangeIS,3221628334,m\r\nESE,9646,m\r\n")),
              SV("EVENT provider=MSExchangeIS id=9646 qualifiers=49158 message=m \n"));
}

/* --- decoys --- */

Test(csv, the_number_in_any_other_place_is_no_event)
{
    assert_sv(
        run(SV(VIEWER_HEADER VIEWER_OTHER "Error,1/1/2008 1:00:00 AM,ESE,9646,General,\"9646\"\r\n"
                                          "Error,1/1/2008 1:00:00 AM,MSExchangeIS,19646,9646,9646\r\n"
                                          "Error,1/1/2008 1:00:00 AM,MSExchangeIS,96460,,\"<EventID>9646<"
                                          "/EventID>\"\r\n")),
        SV(""));
    assert_sv(run(SV(WINEVENT_HEADER WINEVENT_ROW("\"\"9646\"\"", "1", "9646")
                         WINEVENT_ROW("a\r\n\"\",\"\"9646\"\",\"\"", "2", "3"))),
              SV(""));
}

/* --- encodings --- */

Test(csv, every_encoding_gives_the_same_events)
{
    struct sv text = SV(VIEWER_HEADER VIEWER_OTHER VIEWER_HIT VIEWER_OTHER VIEWER_HIT);
    for (int form = 0; form < 4; form++) {
        struct sv wide = utf16(text, form & 1, form & 2);
        assert_sv(run(wide), SV(VIEWER_LINE VIEWER_LINE));
        options.selector = &all;
        cr_assert_eq(sv_find(run(wide), SV("SKIP")), SV_NPOS);
        options.selector = &nine;
        cr_assert_eq(parser_csv.probe(wide, true), 90);
        free_sv(wide);
    }
}

Test(csv, text_that_an_export_has_destroyed_is_text)
{
    assert_sv(
        run(SV("\"EventID\",\"Message\",\"Source\"\r\n\"9646\",\"??? '/o=?' ??\",\"MSExchangeIS\"\r\n")),
        SV("EVENT provider=MSExchangeIS id=9646 message=??? '/o=?' ?? \n"));
    assert_sv(run(SV("\"EventID\",\"Message\",\"Source\"\r\n\"9646\",\"\xfc"
                     "ber\",\"MSExchangeIS\"\r\n")),
              SV("EVENT provider=MSExchangeIS id=9646 message=über \n"));
}

/* --- times --- */

Test(csv, local_times_go_through_the_zone_of_the_source)
{
    options.zone = &berlin_winter;
    struct sv got = run(SV(VIEWER_HEADER VIEWER_HIT));
    cr_assert_neq(sv_find(got, SV("time=2008-11-25T14:16:07Z ")), SV_NPOS);
    cr_assert_neq(sv_find(got, SV("zone=+01:00 ")), SV_NPOS);
}

#define DATED(date) "Error," date " 1:00:00 AM,MSExchangeIS,9646,General,m\r\n"

Test(csv, the_order_of_dates_is_the_setting_else_the_files_else_the_languages)
{
    struct sv unsure = SV(VIEWER_HEADER DATED("4/12/2009"));
    struct sv certain = SV(VIEWER_HEADER DATED("4/12/2009") DATED("25/12/2009"));
    struct sv german =
        SV("Ebene,Datum und Uhrzeit,Quelle,Ereignis-ID,Aufgabenkategorie\r\n" DATED("4/12/2009"));
    cr_assert_neq(sv_find(run(unsure), SV("time=2009-04-12T")), SV_NPOS, "English: month first");
    cr_assert_neq(sv_find(run(certain), SV("time=2009-12-04T")), SV_NPOS, "another row tells");
    cr_assert_neq(sv_find(run(german), SV("time=2009-12-04T")), SV_NPOS, "German: day first");
    options.date_order = DATE_ORDER_DMY;
    cr_assert_neq(sv_find(run(unsure), SV("time=2009-12-04T")), SV_NPOS, "the setting");
}

/* --- cutting, growing, resuming --- */

#define MIXED                                                                                                \
    VIEWER_HEADER VIEWER_OTHER VIEWER_HIT VIEWER_OTHER WINEVENT_HEADER WINEVENT_ROW(                         \
        "a\r\n9646\r\n", "1", "9646") WINEVENT_HIT("7") VIEWER_HEADER VIEWER_HIT VIEWER_OTHER

static void grow_in_steps(struct sv text, size_t step_bytes, struct buf *out)
{
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, 0, false};
    struct position start = {0};
    struct parser *p = open_at(&in, &start);
    struct step s;
    for (bool last = false; !last;) {
        in.size = text.n - in.size < step_bytes ? text.n : in.size + step_bytes;
        last = in.size == text.n;
        in.complete = last;
        do {
            parser_csv.next(p, &event, &s);
            put_step(out, &event, &s);
        } while (s.kind != STEP_MORE);
    }
    parser_csv.close(p);
}

static void every_growth_gives_the_same(struct sv text)
{
    struct buf want, got;
    buf_init(&want, 1 << 22);
    buf_init(&got, 1 << 22);
    buf_put(&want, run(text));
    for (size_t n = 1; n < 130; n += n < 8 ? 1 : 11) {
        buf_reset(&got);
        grow_in_steps(text, n, &got);
        assert_sv(buf_sv(&got), buf_sv(&want));
    }
    buf_free(&want);
    buf_free(&got);
}

Test(csv, how_an_export_grows_does_not_matter)
{
    struct sv wide = utf16(SV(MIXED), false, true);
    every_growth_gives_the_same(SV(MIXED));
    every_growth_gives_the_same(wide);
    every_growth_gives_the_same(SV(WMIC_HEADER WMIC_ROW("103", "103", "9646", "a, b\r\nc")
                                       WMIC_ROW("9646", "3221628334", "1", SAID)));
    options.selector = &all;
    every_growth_gives_the_same(SV(MIXED));
    every_growth_gives_the_same(wide);
    free_sv(wide);
}

Test(csv, an_export_that_is_cut_anywhere_gives_its_complete_rows)
{
    struct sv text = SV(VIEWER_HEADER VIEWER_OTHER VIEWER_HIT VIEWER_OTHER VIEWER_HIT);
    size_t first = sizeof VIEWER_HEADER VIEWER_OTHER VIEWER_HIT - 1;
    for (size_t n = 0; n < text.n; n++) {
        struct sv got = run(sv_slice(text, 0, n));
        size_t events = 0;
        for (size_t at = 0; (at = sv_find(got, SV("EVENT "))) != SV_NPOS; got = sv_slice(got, at + 1, got.n))
            events++;
        /* Without its line break a row is whole, too; cut before the description it has one column less. */
        cr_assert_geq(events, n >= first ? 1 : 0, "at %zu", n);
        cr_assert_leq(events, n > first ? 2 : n > sizeof VIEWER_HEADER VIEWER_OTHER ? 1 : 0, "at %zu", n);
    }
}

static void every_position_goes_on(struct sv text)
{
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, text.n, true};
    struct position start = {0};
    struct parser *p = open_at(&in, &start);
    struct buf want, got;
    struct step s;
    buf_init(&want, 1 << 20);
    buf_init(&got, 1 << 20);
    buf_put(&want, run(text));
    for (;;) {
        parser_csv.next(p, &event, &s);
        if (s.kind == STEP_MORE)
            break;
        put_step(&got, &event, &s);
        size_t before = got.n;
        run_from(&got, text, &s.pos);
        assert_sv(buf_sv(&got), buf_sv(&want));
        buf_cut(&got, before);
    }
    parser_csv.close(p);
    buf_free(&want);
    buf_free(&got);
}

Test(csv, reading_goes_on_at_every_position)
{
    struct sv wide = utf16(SV(MIXED), true, true);
    every_position_goes_on(SV(MIXED));
    every_position_goes_on(wide);
    options.selector = &all;
    every_position_goes_on(SV(MIXED));
    every_position_goes_on(wide);
    free_sv(wide);
}

Test(csv, a_replaced_file_is_noticed)
{
    struct sv text = SV(VIEWER_HEADER VIEWER_HIT VIEWER_HIT),
              other = SV(VIEWER_HEADER VIEWER_OTHER VIEWER_OTHER);
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, text.n, true};
    struct position start = {0};
    struct parser *p = open_at(&in, &start);
    struct step s;
    struct fault f = {0};
    parser_csv.next(p, &event, &s);
    parser_csv.close(p);
    bytes = (struct bytes){other.p, other.n, 0};
    in.size = other.n;
    cr_assert_null(parser_csv.open(&in, &s.pos, &options, &f));
    cr_assert_eq(f.code, FAULT_REPLACED);
}

/* --- damage --- */

#define DAMAGED                                                                                              \
    VIEWER_HEADER VIEWER_HIT "Error,11/25/2008 3:16:07 PM,MSExchangeIS,9646,General,\"" QUOTED               \
                             "\r\n" VIEWER_HIT "garbage 9646\r\nError,1/1/2008 1:00:00 "                     \
                             "AM,ESE,1,General,\"open\r\n" VIEWER_HIT VIEWER_OTHER VIEWER_HIT

Test(csv, damage_costs_the_same_however_the_export_grows_and_wherever_reading_goes_on)
{
    options.selector = &all;
    every_growth_gives_the_same(SV(DAMAGED));
    every_position_goes_on(SV(DAMAGED));
}

Test(csv, a_row_with_an_open_quote_costs_that_row_only)
{
#define TORN "Error,11/25/2008 3:16:07 PM,MSExchangeIS,9646,General,\"" QUOTED "\r\n"
    struct sv text = SV(VIEWER_HEADER VIEWER_HIT TORN VIEWER_HIT VIEWER_OTHER VIEWER_HIT);
    char want[4096];
    int n =
        snprintf(want, sizeof want, "%sSKIP @%zu+%zu the quotes of the row do not match\n%s%s", VIEWER_LINE,
                 sizeof VIEWER_HEADER VIEWER_HIT - 1, sizeof TORN - 1, VIEWER_LINE, VIEWER_LINE);
    assert_sv(run(text), sv_make(want, (size_t)n));
}

Test(csv, a_stray_quote_in_a_row_of_no_interest_costs_that_row_only)
{
    assert_sv(
        run(SV(VIEWER_HEADER
               "Error,1/1/2008 1:00:00 AM,ESE,1,General,\"open\r\n" VIEWER_HIT VIEWER_OTHER VIEWER_HIT)),
        SV("SKIP @51+47 the quotes of the row do not match\n" VIEWER_LINE VIEWER_LINE));
    assert_sv(
        run(SV(VIEWER_HEADER
               "Error,1/1/2008 1:00:00 AM,ESE,1,General,odd \" one\r\n" VIEWER_HIT VIEWER_OTHER VIEWER_HIT)),
        SV(VIEWER_LINE VIEWER_LINE));
}

Test(csv, quotes_that_were_not_doubled_are_text)
{
    assert_sv(
        run(SV(VIEWER_HEADER "Error,11/25/2008 3:16:07 PM,MSExchangeIS,9646,General,\"Mapi session \"/o=O\" "
                             "exceeded\"\r\n" VIEWER_HIT)),
        SV("EVENT provider=MSExchangeIS id=9646 level=2 time=2008-11-25T15:16:07Z level_text=Error "
           "task_text=General zone=UTC message=Mapi session \"/o=O\" exceeded \n" VIEWER_LINE));
}

Test(csv, lines_of_another_format_cost_themselves_only)
{
    assert_sv(run(SV(VIEWER_HEADER VIEWER_HIT
                     "Event Type:\tError\r\nEvent ID:\t9646\r\n"
                     "{\"Id\":9646,\"x\":\"y\"}\r\n<EventID>9646</EventID>\r\n" VIEWER_HIT)),
              SV(VIEWER_LINE "SKIP @263+19 the row does not fit the header's columns\n"
                             "SKIP @282+16 the row does not fit the header's columns\n"
                             "SKIP @298+46 the quotes of the row do not match\n" VIEWER_LINE));
}

Test(csv, a_row_that_is_too_long_is_skipped_and_the_next_is_read)
{
    struct buf b;
    buf_init(&b, 8 << 20);
    buf_lit(&b, VIEWER_HEADER "Error,11/25/2008 3:16:07 PM,MSExchangeIS,9646,General,\"");
    for (size_t i = 0; i < (3u << 20) / 16; i++)
        buf_lit(&b, "0123456789abcde\n");
    buf_lit(&b, "\"\r\n" VIEWER_HIT);
    struct sv got = run(buf_sv(&b));
    cr_assert(sv_starts(got, SV("SKIP @51+1048576 the row is longer than 1 MiB\n")), "%.*s", SV_ARG(got));
    cr_assert(sv_ends(got, SV(VIEWER_LINE)), "%.*s", SV_ARG(got));
    buf_free(&b);
}

Test(csv, flipped_bytes_never_break_the_parser)
{
    static char text[sizeof MIXED];
    struct position start = {0};
    for (size_t i = 0; i < sizeof text - 1; i++)
        for (int bit = 0; bit < 8; bit += 3) {
            memcpy(text, MIXED, sizeof text);
            text[i] = (char)(text[i] ^ 1 << bit);
            buf_reset(&dump);
            options.selector = i & 1 ? &all : &nine;
            run_from(&dump, sv_make(text, sizeof text - 1), &start);
        }
}

/* --- large exports --- */

/* A large export in which every torn-th row lacks its closing quote (0: none), with one 9646 at its end. */
static size_t make_large(struct buf *b, size_t torn)
{
    size_t count = 0;
    buf_init(b, 32 << 20);
    buf_lit(b, VIEWER_HEADER);
    for (size_t i = 1; b->n < (12u << 20); i++) {
        buf_lit(b, VIEWER_OTHER);
        if (torn && i % torn == 0) {
            buf_lit(b, "Error,1/1/2008 1:00:00 AM,ESE,1,General,\"open\r\n");
            count++;
        }
    }
    buf_lit(b, VIEWER_HIT);
    return count;
}

static void count_steps(struct sv text, size_t kinds[])
{
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, text.n, true};
    struct position last = {0};
    struct step s;
    struct parser *p = open_at(&in, &last);
    do {
        parser_csv.next(p, &event, &s);
        cr_assert_leq(s.pos.offset - last.offset, PARSER_PROGRESS_BYTES);
        last = s.pos;
        kinds[s.kind]++;
    } while (s.kind != STEP_MORE);
    parser_csv.close(p);
}

Test(csv, a_large_export_is_read_in_breaths)
{
    struct buf b;
    size_t kinds[STEP_FATAL + 1] = {0};
    make_large(&b, 0);
    count_steps(buf_sv(&b), kinds);
    cr_assert_geq(kinds[STEP_PROGRESS], 2);
    cr_assert_eq(kinds[STEP_EVENT], 1);
    cr_assert_eq(kinds[STEP_SKIP], 0);
    buf_free(&b);
}

Test(csv, quotes_that_get_out_of_step_are_found_out_row_by_row)
{
    struct buf b;
    size_t kinds[STEP_FATAL + 1] = {0};
    size_t torn = make_large(&b, 1000);
    count_steps(buf_sv(&b), kinds);
    cr_assert_eq(kinds[STEP_EVENT], 1);
    cr_assert_eq(kinds[STEP_SKIP], torn);
    buf_free(&b);
}

/* --- recognizing --- */

Test(csv, tables_of_events_are_recognized_and_other_texts_are_not)
{
    cr_assert_eq(parser_csv.probe(SV(VIEWER_HEADER), true), 90);
    cr_assert_eq(parser_csv.probe(SV(WINEVENT_HEADER), true), 90);
    cr_assert_eq(parser_csv.probe(SV(PARSER_HEADER("\t")), true), 90);
    cr_assert_eq(parser_csv.probe(SV(WMIC_HEADER), true), 90);
    cr_assert_eq(
        parser_csv.probe(SV("1/11/2005,10:30:51 AM,MSExchangeIS,Error,General,9646,N/A,M,x\r\n"), true), 70);
    cr_assert_eq(parser_csv.probe(SV("Lev"), false), PROBE_MORE);
    cr_assert_eq(parser_csv.probe(SV("\"Message\",\"I"), false), PROBE_MORE);
    static const char *const others[] = {
        "Event Type:\tError\r\nEvent Source:\tMSExchangeIS\r\n",
        "Log Name:      Application\r\nSource:        MSExchangeIS\r\n",
        "{\"Id\":9646,\"ProviderName\":\"MSExchangeIS\"}\r\n",
        "[{\"Id\":9646}]\r\n",
        "<Objs Version=\"1.1.0.1\">\r\n",
        "name,age,city\r\na,1,b\r\n",
        "Date,Amount,Level\r\n1/1/2008,1,2\r\n",
        "<134>1 2008-11-25T15:16:07Z host app - - - x\r\n",
        "Nov 25 15:16:07 host MSWinEventLog\t1\tApplication\t1\r\n",
        "2008-11-25 15:16:07,an application's own log,9646\r\n",
        "",
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        cr_assert_eq(parser_csv.probe(sv_from(others[i]), true), 0, "%s", others[i]);
}

/* --- identity --- */

Test(csv, an_event_has_the_id_of_its_xml_export)
{
    static const char xml[] =
        "<Event><System><Provider Name='MSExchangeIS'/><EventID Qualifiers='49158'>9646</EventID>"
        "<TimeCreated SystemTime='2008-11-25T14:16:07.1234567Z'/><EventRecordID>126268</EventRecordID>"
        "<Computer>EX1.contoso.com</Computer></System></Event>";
    static const struct sv tables[] = {
        SV_INIT(WINEVENT_HEADER WINEVENT_HIT("126268")),
        SV_INIT(PARSER_HEADER("\t") PARSER_ROW("\t", "a|1|b", "M")),
        SV_INIT(WMIC_HEADER WMIC_ROW("9646", "3221628334", "126268", SAID)),
    };
    struct identity *id = identity_new();
    char want[RECORD_ID_TEXT] = "";
    options.zone = &berlin_winter;
    for (size_t i = 0; i <= sizeof tables / sizeof tables[0]; i++) {
        static struct record record;
        const struct parser_ops *ops = i ? &parser_csv : &parser_xml;
        struct sv text = i ? tables[i - 1] : sv_from(xml);
        struct bytes bytes = {text.p, text.n, 0};
        struct input in = {&bytes, read_bytes, text.n, true};
        struct position start = {0};
        struct step s;
        struct parser *p = ops->open(&in, &start, &options, NULL);
        ops->next(p, &event, &s);
        cr_assert_eq(s.kind, STEP_EVENT);
        record.event = &event;
        cr_assert(identity_fill_id(id, &record, 1));
        if (i == 0)
            memcpy(want, record.id, sizeof want);
        cr_assert_str_eq(record.id, want, "table %zu", i);
        ops->close(p);
    }
    identity_free(id);
}
