/* SPDX-License-Identifier: Apache-2.0 */
/* Events as JSON: every tool's layout, in every encoding, cut, damaged and full of look-alikes. */
#include "export_bytes.h"
#include "identity.h"
#include "json_scan.h"
#include "json_tree.h"
#include "utf.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* Whole exports stand here as literals, longer than ISO C promises to take. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

extern const struct parser_ops parser_json, parser_xml;

static struct buf dump;
static struct selector nine;
static const struct selector all = {.all = true};
static struct event event;

static void setup(void)
{
    buf_init(&dump, 64 << 20);
    selector_init_default(&nine);
}

static void teardown(void)
{
    buf_free(&dump);
}

TestSuite(json, .init = setup, .fini = teardown);

/* One line that holds everything that is known about an event. */
static void put_event(struct buf *b, const struct event *e)
{
    char time[WTIME_TEXT_MAX];
    put_field(b, "provider", e->provider);
    put_field(b, "guid", e->provider_guid);
    put_field(b, "source", e->event_source_name);
    put_number(b, "id", e->event_id);
    put_number(b, "qualifiers", e->qualifiers);
    put_number(b, "level", e->level);
    put_number(b, "task", e->task);
    put_number(b, "keywords", e->keywords);
    if (e->time.present)
        put_field(b, "time", sv_make(time, wtime_format(&e->time, 9, time)));
    put_field(b, "zone", e->timezone);
    put_number(b, "record", e->record_id);
    put_number(b, "pid", e->process_id);
    put_field(b, "channel", e->channel);
    put_field(b, "computer", e->computer);
    put_field(b, "user", e->user_sid);
    for (size_t i = 0; i < e->data_count; i++)
        put_field(b, e->data[i].name.n ? "named" : "data", e->data[i].value);
    put_field(b, "binary", e->binary);
    put_field(b, "message", e->message);
    put_field(b, "level_text", e->level_text);
    put_field(b, "task_text", e->task_text);
    for (size_t i = 0; i < e->keyword_text_count; i++)
        put_field(b, "keyword", e->keyword_texts[i]);
    if (e->text_replaced)
        buf_lit(b, "replaced ");
    cr_assert_eq(utf8_valid_length(e->original), e->original.n, "the original is valid UTF-8");
}

static void put_step(struct buf *b, const struct event *e, const struct step *s, bool places)
{
    if (s->kind == STEP_EVENT) {
        buf_lit(b, "EVENT ");
        if (places)
            buf_printf(b, "@%llu+%llu ", (unsigned long long)e->offset, (unsigned long long)e->length);
        put_event(b, e);
        buf_putc(b, '\n');
    } else if (s->kind == STEP_SKIP) {
        buf_lit(b, "SKIP ");
        if (places)
            buf_printf(b, "@%llu+%llu ", (unsigned long long)s->offset, (unsigned long long)s->length);
        buf_put(b, sv_from(s->reason));
        buf_putc(b, '\n');
    }
}

static struct parser *open_at(const struct input *in, const struct position *from,
                              const struct parser_options *options)
{
    struct fault f = {0};
    struct parser *p = parser_json.open(in, from, options, &f);
    cr_assert_not_null(p, "open: %s", f.text);
    return p;
}

/* Everything that the rest of the input gives from a position on. */
static void run_from(struct buf *b, struct sv text, const struct position *from,
                     const struct parser_options *options, bool places)
{
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, text.n, true};
    struct parser *p = open_at(&in, from, options);
    struct step s;
    for (size_t steps = 0;; steps++) {
        cr_assert_lt(steps, 1000000, "the parser comes to an end");
        parser_json.next(p, &event, &s);
        if (s.kind == STEP_MORE || s.kind == STEP_FATAL)
            break;
        put_step(b, &event, &s, places);
    }
    cr_assert_eq(s.kind, STEP_MORE);
    cr_assert_leq(s.pos.offset, text.n);
    parser_json.close(p);
}

static struct sv run_with(struct sv text, const struct parser_options *options)
{
    struct position start = {0};
    buf_reset(&dump);
    run_from(&dump, text, &start, options, false);
    return buf_sv(&dump);
}

/* The events of an export, one a line. */
static struct sv run(struct sv text)
{
    return run_with(text, &(struct parser_options){.selector = &nine});
}

static struct sv everything(struct sv text)
{
    return run_with(text, &(struct parser_options){.selector = &all});
}

#define assert_sv(got, want)                                                                                 \
    do {                                                                                                     \
        struct sv got_ = (got), want_ = (want);                                                              \
        cr_assert(sv_eq(got_, want_), "got:\n%.*s\nwant:\n%.*s", SV_ARG(got_), SV_ARG(want_));               \
    } while (0)

/* --- material --- */

#define DN "/o=Org/ou=Site/cn=Recipients/cn=u"
#define NXLOG(provider, id, record, message)                                                                 \
    "{\"EventTime\":\"2024-05-22 14:43:53\",\"Hostname\":\"EX1.contoso.com\",\"Keywords\":"                  \
    "36028797018963968,\"EventType\":\"ERROR\",\"SeverityValue\":4,\"Severity\":\"ERROR\",\"EventID\":" id   \
    ",\"SourceName\":\"" provider "\",\"TaskValue\":6,\"RecordNumber\":" record                              \
    ",\"ExecutionProcessID\":9646,\"Channel\":\"Application\",\"Message\":\"" message "\"}"
#define HIT(record) NXLOG("MSExchangeIS", "9646", record, "Mapi session \\\"" DN record "\\\" exceeded")
#define OTHER(record) NXLOG("ESE", "1000", record, "\\\"EventID\\\":9646 {\\\"Id\\\":9646} [")
#define HIT_LINE(record)                                                                                     \
    "EVENT provider=MSExchangeIS id=9646 level=2 task=6 keywords=36028797018963968 "                         \
    "time=2024-05-22T14:43:53Z zone=UTC record=" record " pid=9646 channel=Application "                     \
    "computer=EX1.contoso.com message=Mapi session \"" DN record "\" exceeded level_text=ERROR \n"

#define MESSAGE_5                                                                                            \
    "Mapi session \\\"/o=A\\u0026B/ou=S/cn=Recipients/cn=\\u003cu\\u003e\\\" exceeded the maximum of 32 "    \
    "objects of type \\\"session\\\"."
#define MESSAGE_TEXT                                                                                         \
    "Mapi session \"/o=A&B/ou=S/cn=Recipients/cn=<u>\" exceeded the maximum of 32 objects of type "          \
    "\"session\"."
#define COMMON_TAIL "data=/o=A&B/ou=S/cn=Recipients/cn=<u> data=32 data=session "

/* --- layouts --- */

static const char psh5[] =
    "[\r\n    {\r\n        \"Message\":  \"" MESSAGE_5 "\",\r\n        \"Id\":  9646,\r\n"
    "        \"Version\":  null,\r\n        \"Qualifiers\":  49158,\r\n        \"Level\":  2,\r\n"
    "        \"Task\":  6,\r\n        \"Opcode\":  null,\r\n        \"Keywords\":  36028797018963968,\r\n"
    "        \"RecordId\":  126268,\r\n        \"ProviderName\":  \"MSExchangeIS\",\r\n"
    "        \"ProviderId\":  null,\r\n        \"LogName\":  \"Application\",\r\n"
    "        \"ProcessId\":  null,\r\n        \"ThreadId\":  null,\r\n"
    "        \"MachineName\":  \"EX1.contoso.com\",\r\n        \"UserId\":  null,\r\n"
    "        \"TimeCreated\":  \"\\/Date(1227654960123)\\/\",\r\n        \"ActivityId\":  null,\r\n"
    "        \"RelatedActivityId\":  null,\r\n        \"ContainerLog\":  \"application\",\r\n"
    "        \"MatchedQueryIds\":  [\r\n\r\n                            ],\r\n        \"Bookmark\":  "
    "{\r\n\r\n"
    "                     },\r\n        \"LevelDisplayName\":  \"Fehler\",\r\n"
    "        \"OpcodeDisplayName\":  \"Info\",\r\n        \"TaskDisplayName\":  \"Allgemein\",\r\n"
    "        \"KeywordsDisplayNames\":  [\r\n                                     \"Klassisch\"\r\n"
    "                                 ],\r\n        \"Properties\":  [\r\n                           {\r\n"
    "                               \"Value\":  \"/o=A\\u0026B/ou=S/cn=Recipients/cn=\\u003cu\\u003e\"\r\n"
    "                           },\r\n                           {\r\n"
    "                               \"Value\":  \"32\"\r\n                           },\r\n"
    "                           {\r\n                               \"Value\":  \"session\"\r\n"
    "                           },\r\n                           {\r\n"
    "                               \"Value\":  \"7 0 0 0 91 255\"\r\n                           }\r\n"
    "                       ]\r\n    }\r\n]\r\n";

Test(json, get_winevent_of_powershell_5_pretty_printed)
{
    assert_sv(run(sv_from(psh5)),
              SV("EVENT provider=MSExchangeIS id=9646 qualifiers=49158 level=2 task=6 "
                 "keywords=36028797018963968 time=2008-11-25T23:16:00.123Z record=126268 channel=Application "
                 "computer=EX1.contoso.com " COMMON_TAIL "binary=070000005bff message=" MESSAGE_TEXT
                 " level_text=Fehler task_text=Allgemein keyword=Klassisch \n"));
}

Test(json, get_winevent_of_powershell_7_compressed)
{
    assert_sv(run(SV("[{\"Id\":9646,\"Version\":null,\"Qualifiers\":49156,\"Level\":2,\"Task\":1,\"Opcode\":"
                     "null,\"Keywords\":36028797018963968,\"RecordId\":7,\"ProviderName\":\"MSExchangeIS\","
                     "\"ProviderId\":null,\"LogName\":\"Application\",\"ProcessId\":4242,\"ThreadId\":0,"
                     "\"MachineName\":\"EX1\",\"UserId\":{\"BinaryLength\":12,\"AccountDomainSid\":null,"
                     "\"Value\":\"S-1-5-18\"},\"TimeCreated\":\"2024-05-22T16:43:53.1670895+02:00\","
                     "\"Properties\":[{\"Value\":\"" DN "\"},{\"Value\":\"MoMT\"},{\"Value\":32},"
                     "{\"Value\":\"Session\"},{\"Value\":[7,0,255]}],\"Message\":\"x\"},{\"Id\":1000}]")),
              SV("EVENT provider=MSExchangeIS id=9646 qualifiers=49156 level=2 task=1 "
                 "keywords=36028797018963968 time=2024-05-22T14:43:53.1670895Z record=7 pid=4242 "
                 "channel=Application computer=EX1 user=S-1-5-18 data=" DN " data=MoMT data=32 data=Session "
                 "binary=0700ff message=x \n"));
}

Test(json, get_winevent_with_a_date_as_an_object)
{
    assert_sv(run(SV("{\"Id\":9646,\"ProviderName\":\"MSExchangeIS\",\"TimeCreated\":{\"value\":"
                     "\"\\/Date(1227654960000)\\/\",\"DisplayHint\":2,\"DateTime\":\"Dienstag\"}}")),
              SV("EVENT provider=MSExchangeIS id=9646 time=2008-11-25T23:16:00.000Z \n"));
}

Test(json, get_eventlog_with_instance_id_and_bytes)
{
    assert_sv(run(SV("{\"EventID\":9646,\"MachineName\":\"EX1.contoso.com\",\"Data\":[7,0,0,0,91],"
                     "\"Index\":126268,\"Category\":\"General\",\"CategoryNumber\":6,\"EntryType\":1,"
                     "\"Message\":\"m\",\"Source\":\"MSExchangeIS\",\"ReplacementStrings\":[\"" DN
                     "\",\"32\",\"session\"],\"InstanceId\":3221628334,\"TimeGenerated\":"
                     "\"\\/Date(1227654960000)\\/\",\"TimeWritten\":\"\\/Date(1227654961000)\\/\","
                     "\"UserName\":null,\"Site\":null,\"Container\":null}")),
              SV("EVENT provider=MSExchangeIS id=9646 qualifiers=49158 level=2 task=6 "
                 "time=2008-11-25T23:16:00.000Z record=126268 computer=EX1.contoso.com data=" DN
                 " data=32 data=session binary=070000005b message=m task_text=General \n"));
}

Test(json, win32_ntlogevent_with_a_wmi_time)
{
    assert_sv(run(SV("{\"Category\":6,\"CategoryString\":\"General\",\"ComputerName\":\"EX1\",\"Data\":null,"
                     "\"EventCode\":9646,\"EventIdentifier\":3221628334,\"EventType\":1,"
                     "\"InsertionStrings\":[\"" DN "\",\"32\",\"session\"],\"Logfile\":\"Application\","
                     "\"Message\":\"m\",\"RecordNumber\":5,\"SourceName\":\"MSExchangeIS\",\"TimeGenerated\":"
                     "\"20081125231600.000000+060\",\"Type\":\"Error\",\"User\":null}")),
              SV("EVENT provider=MSExchangeIS id=9646 qualifiers=49158 level=2 task=6 "
                 "time=2008-11-25T22:16:00.000000Z record=5 channel=Application computer=EX1 data=" DN
                 " data=32 data=session message=m task_text=General \n"));
}

#define BEAT_LINE                                                                                            \
    "EVENT provider=MSExchangeIS id=9646 level=2 time=2024-05-22T14:43:53.167Z record=11627 "                \
    "channel=Application computer=EX1.contoso.com data=" DN " data=32 data=session binary=0700 message=m "   \
    "level_text=error task_text=General keyword=Classic \n"

Test(json, winlogbeat_nested)
{
    assert_sv(
        run(SV("{\"@timestamp\":\"2024-05-22T14:43:53.167Z\",\"@metadata\":{\"beat\":\"winlogbeat\"},"
               "\"winlog\":{\"channel\":\"Application\",\"provider_name\":\"MSExchangeIS\",\"record_id\":"
               "\"11627\",\"event_id\":\"9646\",\"api\":\"wineventlog\",\"keywords\":[\"Classic\"],"
               "\"computer_name\":\"EX1.contoso.com\",\"event_data\":{\"param3\":\"session\",\"param1\":\"" DN
               "\",\"param2\":\"32\",\"Binary\":\"0700\"},\"task\":\"General\"},\"event\":{\"kind\":"
               "\"event\",\"code\":\"9646\"},\"log\":{\"level\":\"error\"},\"message\":\"m\"}\n")),
        SV(BEAT_LINE));
}

Test(json, winlogbeat_with_dotted_keys_and_inside_a_search_hit)
{
#define FLAT                                                                                                 \
    "{\"@timestamp\":\"2024-05-22T14:43:53.167Z\",\"winlog.channel\":\"Application\","                       \
    "\"winlog.provider_name\":\"MSExchangeIS\",\"winlog.record_id\":11627,\"winlog.event_id\":9646,"         \
    "\"winlog.keywords\":\"Classic\",\"winlog.computer_name\":\"EX1.contoso.com\","                          \
    "\"winlog.event_data.param1\":\"" DN "\",\"winlog.event_data.param2\":\"32\","                           \
    "\"winlog.event_data.param3\":\"session\",\"winlog.event_data.Binary\":\"0700\","                        \
    "\"winlog.task\":\"General\",\"log.level\":\"error\",\"message\":\"m\"}"
    assert_sv(run(SV(FLAT)), SV(BEAT_LINE));
    assert_sv(
        run(SV("{\"hits\":{\"total\":1,\"hits\":[{\"_index\":\"w\",\"_id\":\"1\",\"_source\":" FLAT "}]}}")),
        SV(BEAT_LINE));
}

Test(json, winlogbeat_6)
{
    assert_sv(run(SV("{\"@timestamp\":\"2024-05-22T14:43:53.167Z\",\"beat\":{\"version\":\"6.8\"},"
                     "\"computer_name\":\"EX1.contoso.com\",\"event_data\":{\"param1\":\"" DN "\",\"param2\":"
                     "\"32\",\"param3\":\"session\",\"Binary\":\"0700\"},\"event_id\":9646,\"keywords\":["
                     "\"Classic\"],\"level\":\"error\",\"log_name\":\"Application\",\"message\":\"m\","
                     "\"record_number\":\"11627\",\"source_name\":\"MSExchangeIS\",\"task\":\"General\"}")),
              SV(BEAT_LINE));
}

Test(json, nxlog_alone_and_behind_a_syslog_header)
{
    assert_sv(run(SV(HIT("1") "\n<11>May 22 14:43:53 EX1 MSWinEventLog: " HIT("2") "\n" HIT("3") "\n")),
              SV(HIT_LINE("1") HIT_LINE("2") HIT_LINE("3")));
}

Test(json, fluent_bit_winevtlog)
{
    assert_sv(
        run(SV("{\"date\":1716389033.167089,\"ProviderName\":\"MSExchangeIS\",\"ProviderGuid\":\"\","
               "\"Qualifiers\":49156,\"EventID\":9646,\"Version\":0,\"Level\":2,\"Task\":1,\"Opcode\":0,"
               "\"Keywords\":\"0x80000000000000\",\"TimeCreated\":\"2024-05-22 16:43:53 +0200\","
               "\"EventRecordID\":7,\"ActivityID\":\"\",\"RelatedActivityID\":\"\",\"ProcessID\":0,"
               "\"ThreadID\":0,\"Channel\":\"Application\",\"Computer\":\"EX1\",\"UserID\":\"\",\"Message\":"
               "\"m\",\"StringInserts\":[\"" DN "\",\"MoMT\",32,\"Session\"]}\n")),
        SV("EVENT provider=MSExchangeIS id=9646 qualifiers=49156 level=2 task=1 keywords=36028797018963968 "
           "time=2024-05-22T14:43:53Z record=7 pid=0 channel=Application computer=EX1 data=" DN
           " data=MoMT data=32 data=Session message=m \n"));
}

Test(json, fluentd_windows_eventlog)
{
    assert_sv(
        run(SV("{\"channel\":\"application\",\"record_number\":\"7\",\"time_generated\":"
               "\"2024-05-22 16:43:53 +0200\",\"time_written\":\"2024-05-22 16:43:53 +0200\","
               "\"event_id\":\"9646\",\"event_type\":\"error\",\"event_category\":\"6\",\"source_name\":"
               "\"MSExchangeIS\",\"computer_name\":\"EX1\",\"user\":\"\",\"description\":\"m\","
               "\"string_inserts\":[\"" DN "\",\"32\",\"session\"]}")),
        SV("EVENT provider=MSExchangeIS id=9646 level=2 task=6 time=2024-05-22T14:43:53Z record=7 "
           "channel=application computer=EX1 data=" DN
           " data=32 data=session message=m level_text=error \n"));
}

#define OTEL_LINE                                                                                            \
    "EVENT provider=MSExchangeIS id=9646 qualifiers=49158 level=2 time=2024-05-22T14:43:53.1670895Z "        \
    "record=7 channel=Application computer=EX1 data=" DN " data=32 data=session message=m level_text=Error " \
    "task_text=General keyword=Classic \n"

Test(json, opentelemetry_body_plain_and_wrapped)
{
#define BODY                                                                                                 \
    "{\"channel\":\"Application\",\"computer\":\"EX1\",\"event_data\":{\"data\":[{\"\":\"" DN                \
    "\"},{\"\":\"32\"},{\"\":\"session\"}]},\"event_id\":{\"id\":9646,\"qualifiers\":49158},\"keywords\":["  \
    "\"Classic\"],\"level\":\"Error\",\"message\":\"m\",\"provider\":{\"event_source\":\"\",\"guid\":\"\","  \
    "\"name\":\"MSExchangeIS\"},\"record_id\":7,\"system_time\":\"2024-05-22T14:43:53.1670895Z\",\"task\":"  \
    "\"General\"}"
    assert_sv(run(SV(BODY "\n{\"timestamp\":\"x\",\"body\":" BODY "}")), SV(OTEL_LINE OTEL_LINE));
}

Test(json, opentelemetry_otlp_lines)
{
#define TEXT(key, value) "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}},"
#define MAP(key, pairs) "{\"key\":\"" key "\",\"value\":{\"kvlistValue\":{\"values\":[" pairs "]}}},"
#define ONE(value) "{\"kvlistValue\":{\"values\":[{\"key\":\"\",\"value\":{\"stringValue\":\"" value "\"}}]}}"
    assert_sv(
        run(SV(
            "{\"resourceLogs\":[{\"resource\":{},\"scopeLogs\":[{\"scope\":{},\"logRecords\":["
            "{\"timeUnixNano\":\"1716389033167089500\",\"severityText\":\"Error\",\"body\":{\"kvlistValue\":"
            "{\"values\":[" TEXT("channel", "Application") TEXT("computer", "EX1") TEXT("level", "Error")
                TEXT("message", "m") TEXT("task", "General") TEXT("system_time",
                                                                  "2024-05-22T14:43:53.1670895Z")
                    MAP("provider", TEXT("guid", "") "{\"key\":\"name\",\"value\":{\"stringValue\":"
                                                     "\"MSExchangeIS\"}}")
                        MAP("event_id", "{\"key\":\"qualifiers\",\"value\":{\"intValue\":\"49158\"}},"
                                        "{\"key\":\"id\",\"value\":{\"intValue\":\"9646\"}}")
                            MAP("event_data",
                                "{\"key\":\"data\",\"value\":{\"arrayValue\":{\"values\":[" ONE(DN) "," ONE(
                                    "32") "," ONE("session") "]}}}") "{\"key\":\"keywords\","
                                                                     "\"value\":{\"arrayValue\":{\"values\":["
                                                                     "{\"stringValue\":\"Classic\"}]}}},{"
                                                                     "\"key\":\"record_id\","
                                                                     "\"value\":{\"intValue\":\"7\"}}]}},"
                                                                     "\"attributes\":[]}]}]}]}\n")),
        SV(OTEL_LINE));
}

Test(json, vector_windows_event_log)
{
    assert_sv(
        run(SV("{\"channel\":\"Application\",\"computer\":\"EX1\",\"event_data\":{},\"event_id\":9646,"
               "\"host\":\"EX1\",\"keywords\":\"0x8080000000000000\",\"keyword_names\":[\"Classic\"],"
               "\"level\":\"Error\",\"level_value\":2,\"message\":\"m\",\"process_id\":0,"
               "\"provider_name\":\"MSExchangeIS\",\"qualifiers\":49158,\"record_id\":7,"
               "\"string_inserts\":[\"" DN "\",\"32\",\"session\"],\"task\":6,\"task_name\":\"General\","
               "\"timestamp\":\"2024-05-22T14:43:53.167089500Z\"}")),
        SV("EVENT provider=MSExchangeIS id=9646 qualifiers=49158 level=2 task=6 "
           "keywords=9259400833873739776 time=2024-05-22T14:43:53.167089500Z record=7 pid=0 "
           "channel=Application computer=EX1 data=" DN
           " data=32 data=session message=m level_text=Error task_text=General keyword=Classic \n"));
}

Test(json, event_xml_as_json)
{
    assert_sv(run(SV("{\"Event\":{\"System\":{\"Provider\":{\"#attributes\":{\"Name\":\"MSExchangeIS\"}},"
                     "\"EventID\":{\"#attributes\":{\"Qualifiers\":49158},\"#text\":9646},\"Level\":2,"
                     "\"TimeCreated\":{\"#attributes\":{\"SystemTime\":\"2024-05-22T14:43:53Z\"}},"
                     "\"EventRecordID\":7,\"Channel\":\"Application\",\"Computer\":\"EX1\"},\"EventData\":"
                     "{\"Data\":{\"#text\":[\"" DN "\",\"32\",\"session\"]},\"Binary\":\"07\"}}}")),
              SV("EVENT provider=MSExchangeIS id=9646 qualifiers=49158 level=2 time=2024-05-22T14:43:53Z "
                 "record=7 channel=Application computer=EX1 data=" DN " data=32 data=session binary=07 \n"));
}

/* --- documents --- */

Test(json, lines_arrays_wrappers_and_concatenated_documents)
{
    struct sv want = SV(HIT_LINE("1") HIT_LINE("3"));
    assert_sv(run(SV(HIT("1") "\n" OTHER("2") "\n" HIT("3") "\n")), want);
    assert_sv(run(SV("[" HIT("1") "," OTHER("2") "," HIT("3") "]")), want);
    assert_sv(run(SV("[\r\n  " HIT("1") ",\r\n  " OTHER("2") ",\r\n  " HIT("3") "\r\n]\r\n")), want);
    assert_sv(run(SV(HIT("1") OTHER("2") HIT("3"))), want);
    assert_sv(run(SV("{\"value\":[" HIT("1") "," OTHER("2") "," HIT("3") "],\"Count\":3}")), want);
    assert_sv(run(SV("[" HIT("1") "]\n[" OTHER("2") "," HIT("3") "]\n")), want);
}

Test(json, an_id_of_the_wrapper_hides_no_event_inside)
{
    assert_sv(run(SV("{\"id\":9646,\"Events\":[{\"id\":9646},{\"id\":9646,\"x\":[{\"code\":9646}]}," HIT(
                  "1") "]}")),
              SV(HIT_LINE("1")));
    assert_sv(everything(SV("{\"id\":1,\"Events\":[" HIT("1") "]}")), SV(HIT_LINE("1")));
}

Test(json, blanks_around_the_id_and_ids_as_text)
{
    static const char *const ids[] = {"\"EventID\" :\r\n\t9646 ", "\"EventID\":\"9646\"",
                                      "\"EventID\":9646\n", "\"EventID\"  :  \"9646\"  "};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct buf b;
        buf_init(&b, 4096);
        buf_printf(&b, "{\"SourceName\":\"MSExchangeIS\",%s}", ids[i]);
        assert_sv(run(buf_sv(&b)), SV("EVENT provider=MSExchangeIS id=9646 \n"));
        buf_free(&b);
    }
}

Test(json, an_id_of_32_bits_gives_its_halves)
{
    assert_sv(everything(SV("{\"EventID\":3221628334,\"SourceName\":\"MSExchangeIS\"}")),
              SV("EVENT provider=MSExchangeIS id=9646 qualifiers=49158 \n"));
}

/* Get-EventLog and Win32_NTLogEvent with Select-Object: the id has 32 bits and stands nowhere else. */
#define INSTANCE(source, id, time)                                                                           \
    "{\"Source\":\"" source "\",\"InstanceId\" :  " id ",\"TimeGenerated\":\"" time "\"}"
#define IDENTIFIER(source, id, time)                                                                         \
    "{\"TimeGenerated\":\"" time "\",\"EventIdentifier\":" id ",\"SourceName\":\"" source "\"}"
#define WIDE                                                                                                                         \
    INSTANCE("MSExchangeIS", "3221628334", "03/04/2024 10:00:00")                                                                    \
    "\n" INSTANCE("ESE", "3221628334", "2024-03-04") "\n" IDENTIFIER("MSExchangeIS", "-1073732178", "18/04/2024 10:00:00") "\n" HIT( \
        "7") "\n" INSTANCE("MSExchangeIS", "3221628335",                                                                             \
                           "x") "\n" INSTANCE("MSExchangeIS", "\"3221497262\"",                                                      \
                                              "05\\/04\\/2024 10:00:00") "\n" IDENTIFIER("MSExchangeIS",                             \
                                                                                         "9646",                                     \
                                                                                         "06/04/2024 "                               \
                                                                                         "10:00:00") "\n" NXLOG("ESE",               \
                                                                                                                "1000",              \
                                                                                                                "1",                 \
                                                                                                                "\\\"InstanceId\\\":3221628334") "\n"
#define WIDE_LINE(qualifiers, time)                                                                          \
    "EVENT provider=MSExchangeIS id=9646 " qualifiers "time=" time "Z zone=UTC \n"
#define WIDE_LINES                                                                                           \
    WIDE_LINE("qualifiers=49158 ", "2024-03-04T10:00:00")                                                    \
    WIDE_LINE("qualifiers=49152 ", "2024-04-18T10:00:00")                                                    \
    HIT_LINE("7")                                                                                            \
    WIDE_LINE("qualifiers=49156 ", "2024-04-05T10:00:00") WIDE_LINE("", "2024-04-06T10:00:00")

Test(json, a_record_that_has_its_id_with_32_bits_only_is_found)
{
    assert_sv(run(SV(WIDE)), SV(WIDE_LINES));
    for (int form = 0; form < 4; form++) {
        struct sv wide = utf16(SV(WIDE), form & 1, form & 2);
        assert_sv(run(wide), SV(WIDE_LINES));
        free_sv(wide);
    }
}

Test(json, look_alikes_of_ids_with_32_bits_are_not_taken)
{
    assert_sv(run(SV("{\"InstanceId\":32216283340,\"Source\":\"MSExchangeIS\"}\n"
                     "{\"InstanceId\":19646,\"Source\":\"MSExchangeIS\"}\n"
                     "{\"InstanceId\":null,\"Source\":\"MSExchangeIS\"}\n"
                     "{\"InstanceId\":\"\",\"Source\":\"MSExchangeIS\"}\n"
                     "{\"InstanceId\":-,\"Source\":\"MSExchangeIS\"}\n"
                     "{\"InstanceId\":[3221628334],\"Source\":\"MSExchangeIS\"}\n"
                     "{\"x\":\"InstanceId\",\"Source\":\"MSExchangeIS\"}\n"
                     "{\"Source\":\"MSExchangeIS\",\"InstanceId\"")),
              SV("SKIP the record is cut off\n"));
}

/* Records of other ids, then one with 32 bits: what the head does not show is not searched for. */
Test(json, ids_with_32_bits_are_searched_for_where_the_files_head_has_them)
{
    for (size_t others = 200; others <= 400; others += 200) {
        struct buf b;
        buf_init(&b, 1 << 20);
        for (size_t i = 0; i < others; i++)
            buf_lit(&b, OTHER("1") "\n");
        buf_lit(&b, INSTANCE("MSExchangeIS", "3221628334", "2024-04-06") "\n");
        cr_assert_eq(b.n < 64 * 1024, others == 200);
        cr_assert_eq(count_lines(run(buf_sv(&b)), "EVENT"), b.n < 64 * 1024);
        buf_free(&b);
    }
}

Test(json, escapes_of_every_kind_and_lone_surrogates)
{
    assert_sv(run(SV("{\"EventID\":9646,\"SourceName\":\"MSExchangeIS\",\"Message\":\"\\u0022\\u003c\\/"
                     "\\ud83d\\ude00 \\\\ud800 \\ud800 \\udc00x\"}")),
              SV("EVENT provider=MSExchangeIS id=9646 message=\"</\xf0\x9f\x98\x80 \\ud800 \xef\xbf\xbd "
                 "\xef\xbf\xbdx replaced \n"));
}

Test(json, keywords_of_64_bits_do_not_lose_the_record)
{
    assert_sv(run(SV("{\"EventID\":9646,\"SourceName\":\"MSExchangeIS\",\"Keywords\":9259400833873739776}")),
              SV("EVENT provider=MSExchangeIS id=9646 keywords=9259400833873739776 \n"));
}

/* --- times --- */

Test(json, a_time_without_zone_is_taken_in_the_zone_of_the_source)
{
    static const struct zone east = {.name = "+02:00", .offset = 7200};
    struct sv text = SV("{\"EventID\":9646,\"SourceName\":\"MSExchangeIS\",\"EventTime\":"
                        "\"2024-05-22 14:43:53\"}");
    assert_sv(run_with(text, &(struct parser_options){.selector = &nine, .zone = &east}),
              SV("EVENT provider=MSExchangeIS id=9646 time=2024-05-22T12:43:53Z zone=+02:00 \n"));
}

Test(json, an_ambiguous_date_is_month_first_unless_the_source_says_otherwise)
{
    struct sv text = SV("{\"EventID\":9646,\"SourceName\":\"MSExchangeIS\",\"EventTime\":"
                        "\"03/04/2024 10:00:00\"}");
    assert_sv(run(text), SV("EVENT provider=MSExchangeIS id=9646 time=2024-03-04T10:00:00Z zone=UTC \n"));
    assert_sv(run_with(text, &(struct parser_options){.selector = &nine, .date_order = DATE_ORDER_DMY}),
              SV("EVENT provider=MSExchangeIS id=9646 time=2024-04-03T10:00:00Z zone=UTC \n"));
}

#define DATED(key, date) "{\"EventID\":9646,\"SourceName\":\"MSExchangeIS\",\"" key "\":\"" date "\"}\n"
#define AT(date) "EVENT provider=MSExchangeIS id=9646 time=" date "T10:00:00Z zone=UTC \n"
#define NO_TIME "EVENT provider=MSExchangeIS id=9646 \n"

Test(json, an_ambiguous_date_follows_the_dates_before_it)
{
    assert_sv(run(SV(DATED("EventTime", "03/04/2024 10:00:00") DATED("EventTime", "13/04/2024 10:00:00")
                         DATED("EventTime", "03/04/2024 10:00:00"))),
              SV(AT("2024-03-04") AT("2024-04-13") AT("2024-04-03")));
    /* Those of events of other ids, too. */
    assert_sv(
        run(SV("{\"EventID\":1,\"TimeCreated\" : \"31.12.2024 10:00:00\"}\n{\"EventID\":1,"
               "\"TimeCreated\" : \"31/12/2024 10:00:00\"}\n" DATED("EventTime", "03/04/2024 10:00:00"))),
        SV(AT("2024-04-03")));
    /* A contradiction tells nothing. */
    assert_sv(run(SV(DATED("EventTime", "13/04/2024 10:00:00") DATED("EventTime", "04/13/2024 10:00:00")
                         DATED("EventTime", "03/04/2024 10:00:00"))),
              SV(AT("2024-04-13") AT("2024-04-13") AT("2024-03-04")));
}

Test(json, what_is_no_time_of_the_file_tells_no_order)
{
    static const char *const others[] = {
        DATED("Message", "13/04/2024 10:00:00"),
        DATED("time\":1,\"Message", "13/04/2024 10:00:00"),
        DATED("time\":[1,2],\"x\":{\"Message", "13/04/2024 10:00:00\"},\"y\":\""),
        "\"13/04/2024\"\n",
        "{\"time\":\"13/04/2024\n",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct buf b;
        buf_init(&b, 1 << 16);
        buf_put(&b, sv_from(others[i]));
        buf_lit(&b, DATED("EventTime", "03/04/2024 10:00:00"));
        cr_assert(sv_ends(run(buf_sv(&b)), SV(AT("2024-03-04"))), "%s", others[i]);
        buf_free(&b);
    }
}

/* --- look-alikes --- */

#define DECOYS                                                                                               \
    OTHER("9646")                                                                                            \
    "\n" NXLOG("MSExchangeIS", "19646", "1", "") "\n" NXLOG("MSExchangeIS", "96460", "2", "") "\n" NXLOG(    \
        "ESE", "9646", "3",                                                                                  \
        "") "\n" NXLOG("MSExchangeIS", "1000", "4",                                                          \
                       "<EventID>9646</EventID> event 9646") "\n"                                            \
                                                             "{\"SourceName\":\"MSExchangeIS\",\"EventID\":" \
                                                             "1,\"Process\":{\"Id\":9646},\"x\":[{\"id\":"   \
                                                             "9646}]}\n"                                     \
                                                             "{\"SourceName\":\"MSExchangeIS\",\"EventID\":" \
                                                             "\"9646\\\"\"}\n9646 \"Id\": 9646\n"

Test(json, look_alikes_are_never_taken)
{
    assert_sv(run(SV(DECOYS)), SV(""));
    cr_assert_eq(count_lines(everything(SV(DECOYS)), "EVENT"), 6);
}

Test(json, walking_every_record_takes_the_same_events)
{
    static const struct selector two = {
        .rules = {{SV_INIT("MSExchangeIS*"), 9646, false}, {SV_INIT("MSExchangeIS*"), 7, false}}, .count = 2};
    assert_sv(run_with(SV(DECOYS HIT("1") "\n" DECOYS "[" HIT("2") "]"),
                       &(struct parser_options){.selector = &two}),
              SV(HIT_LINE("1") HIT_LINE("2")));
}

Test(json, counts_tell_what_they_know)
{
    struct sv text = SV(HIT("1") "\n" NXLOG("ESE", "9646", "3", "") "\n" OTHER("2"));
    for (int i = 0; i < 2; i++) {
        struct bytes bytes = {text.p, text.n, 0};
        struct input in = {&bytes, read_bytes, text.n, true};
        struct position start = {0};
        struct parser *p = open_at(&in, &start, &(struct parser_options){.selector = i ? &all : &nine});
        struct parser_counts counts;
        struct step s;
        do
            parser_json.next(p, &event, &s);
        while (s.kind != STEP_MORE);
        parser_json.counts(p, &counts);
        cr_assert_eq(counts.counts_records, i == 1);
        cr_assert_eq(counts.records, i ? 3 : 0);
        cr_assert(i || counts.rejected >= 1);
        parser_json.close(p);
    }
}

/* --- encodings --- */

Test(json, utf16_of_both_endians_with_and_without_bom)
{
    for (int form = 0; form < 4; form++) {
        struct sv wide = utf16(SV("[" OTHER("1") "," HIT("2") "," HIT("3") "]\r\n"), form & 1, form & 2);
        assert_sv(run(wide), SV(HIT_LINE("2") HIT_LINE("3")));
        assert_sv(everything(sv_slice(wide, 0, wide.n)),
                  everything(SV("[" OTHER("1") "," HIT("2") "," HIT("3") "]\r\n")));
        free_sv(wide);
    }
}

Test(json, a_bom_is_no_part_of_the_first_record)
{
    assert_sv(run(SV("\xef\xbb\xbf" HIT("1"))), SV(HIT_LINE("1")));
}

Test(json, code_pages_are_read_by_setting_and_by_guess)
{
    struct sv text = SV("{\"EventID\":9646,\"SourceName\":\"MSExchangeIS\",\"Message\":\"M\xfcller\"}");
    assert_sv(run(text), SV("EVENT provider=MSExchangeIS id=9646 message=M\xc3\xbcller \n"));
    assert_sv(
        run_with(text, &(struct parser_options){.selector = &nine, .code_page = CODE_PAGE_WINDOWS_1251}),
        SV("EVENT provider=MSExchangeIS id=9646 message=M\xd1\x8cller \n"));
}

Test(json, the_original_is_the_record_exactly_as_written)
{
    struct sv text = SV("<11>May 22 14:43:53 EX1 x: " HIT("7") "\r\n");
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, text.n, true};
    struct position start = {0};
    struct parser *p = open_at(&in, &start, &(struct parser_options){.selector = &nine});
    struct step s;
    parser_json.next(p, &event, &s);
    cr_assert_eq(s.kind, STEP_EVENT);
    assert_sv(event.original, SV(HIT("7")));
    cr_assert_eq(event.offset, 27);
    cr_assert_eq(event.length, sizeof HIT("7") - 1);
    cr_assert_eq(s.pos.offset, text.n - 2, "the position is behind the record");
    parser_json.close(p);
}

/* --- damage --- */

Test(json, damage_costs_the_damaged_record_only)
{
    static const struct {
        const char *record, *reason;
    } broken[] = {
        {"{\"SourceName\":\"MSExchangeIS\",\"EventID\":9646,\"Message\":\"he said \"no\" twice\"}",
         "a quote"},
        {"{\"Message\":\"he said \"no\" twice\",\"SourceName\":\"MSExchangeIS\",\"EventID\":9646}",
         "a quote"},
        {"{\"SourceName\":\"MSExchangeIS\",\"EventID\":9646,\"Message\":\"torn\n lines\"}", "a quote"},
        {"{\"Message\":\"torn\n lines\",\"SourceName\":\"MSExchangeIS\",\"EventID\":9646}", "a quote"},
        {"{\"SourceName\":\"MSExchangeIS\",\"EventID\":9646,\"x\":[1}]", "a quote"},
        {"{\"SourceName\":\"MSExchangeIS\",\"EventID\":9646,\"x\":}", "the record is no valid JSON"},
        {"{\"SourceName\":\"MSExchangeIS\",\"EventID\":9646,\"x\":nul}", "the record is no valid JSON"},
        {"{\"SourceName\":\"MSExchangeIS\",\"EventID\":9646,\"x\":\"\\q\"}", "the record is no valid JSON"},
        {"{\"SourceName\":\"MSExchangeIS\",\"EventID\":9646,\"Mess", "a quote"},
        {"{\"SourceName\":\"MSExchangeIS\",\"EventID\":9646,\"x\":", "a quote"},
        {"{\"SourceName\":\"MSExchangeIS\",\"EventID\":9646", "a quote"},
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct buf b, skip;
        buf_init(&b, 1 << 16);
        buf_init(&skip, 256);
        buf_printf(&b, "%s\n", HIT("1"));
        buf_printf(&b, "%s\n", broken[i].record);
        buf_printf(&b, "%s\n", HIT("3"));
        buf_printf(&skip, "SKIP %s", broken[i].reason);
        struct sv got = run(buf_sv(&b));
        cr_assert(sv_starts(got, SV(HIT_LINE("1"))) && sv_ends(got, SV(HIT_LINE("3"))), "%zu:\n%.*s", i,
                  SV_ARG(got));
        cr_assert_eq(count_lines(got, "SKIP"), 1, "%zu:\n%.*s", i, SV_ARG(got));
        cr_assert_neq(sv_find(got, buf_sv(&skip)), SV_NPOS, "%zu:\n%.*s", i, SV_ARG(got));
        buf_free(&skip);
        buf_free(&b);
    }
}

Test(json, a_skip_tells_where_and_how_long)
{
    struct sv text = SV(HIT("1") "\n{\"EventID\":9646,\"x\":}\n");
    struct position start = {0};
    buf_reset(&dump);
    run_from(&dump, text, &start, &(struct parser_options){.selector = &nine}, true);
    struct buf want;
    buf_init(&want, 256);
    buf_printf(&want, "SKIP @%zu+21 the record is no valid JSON\n", sizeof HIT("1"));
    cr_assert(sv_ends(buf_sv(&dump), buf_sv(&want)), "%.*s", SV_ARG(buf_sv(&dump)));
    buf_free(&want);
}

Test(json, other_formats_in_between_cost_nothing)
{
    assert_sv(run(SV("<Event><EventID>9646</EventID></Event>\r\n" HIT(
                  "1") "\r\nError,\"9646\",\"a \"\"b\r\n" HIT("2") "\r\nEvent ID: 9646 { [ \"\r\n" HIT("3"))),
              SV(HIT_LINE("1") HIT_LINE("2") HIT_LINE("3")));
}

/* --- limits --- */

static void put_times(struct buf *b, const char *piece, size_t times)
{
    for (size_t i = 0; i < times; i++)
        buf_put(b, sv_from(piece));
}

Test(json, nesting_has_a_limit)
{
    for (size_t depth = 63; depth <= 64; depth++) {
        struct buf b;
        buf_init(&b, 1 << 16);
        buf_lit(&b, "{\"EventID\":9646,\"SourceName\":\"MSExchangeIS\",\"x\":");
        put_times(&b, "[", depth);
        put_times(&b, "]", depth);
        buf_lit(&b, "}\n" HIT("2"));
        assert_sv(run(buf_sv(&b)), depth == 63
                                       ? SV("EVENT provider=MSExchangeIS id=9646 \n" HIT_LINE("2"))
                                       : SV("SKIP the record is nested deeper than 64\n" HIT_LINE("2")));
        buf_free(&b);
    }
}

Test(json, the_parts_of_a_record_have_a_limit)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_lit(&b, "{\"EventID\":9646,\"SourceName\":\"MSExchangeIS\",\"x\":[0");
    put_times(&b, ",0", 20000);
    buf_lit(&b, "]}\n" HIT("2"));
    assert_sv(run(buf_sv(&b)), SV("SKIP the record has more than 16384 parts\n" HIT_LINE("2")));
    buf_free(&b);
}

/* A record of exactly n bytes whose filling stands before or behind the id. */
static void put_long(struct buf *b, size_t n, bool before)
{
    size_t start = b->n;
    buf_lit(b, "{\"SourceName\":\"MSExchangeIS\",");
    if (!before)
        buf_lit(b, "\"EventID\":9646,");
    buf_lit(b, "\"x\":\"");
    put_times(b, "a", n - (b->n - start) - (before ? 17 : 2));
    buf_put(b, before ? SV("\",\"EventID\":9646}") : SV("\"}"));
    cr_assert_eq(b->n - start, n);
}

Test(json, a_record_of_one_mebibyte_is_read_and_a_longer_one_costs_itself_only)
{
    for (int i = 0; i < 6; i++) {
        static const size_t sizes[] = {EVENT_TEXT_MAX, EVENT_TEXT_MAX + 1, 5 * EVENT_TEXT_MAX};
        struct buf b;
        buf_init(&b, 16 << 20);
        buf_lit(&b, HIT("1") "\n");
        put_long(&b, sizes[i / 2], i % 2);
        buf_lit(&b, "\n" HIT("2"));
        struct sv got = run(buf_sv(&b));
        cr_assert_eq(count_lines(got, "EVENT"), i < 2 ? 3 : 2, "%d: %.*s", i, SV_ARG(got));
        /* One that ends a byte too late is found too long or without beginning. */
        cr_assert_leq(count_lines(got, "SKIP the record is longer than 1 MiB"), i < 2 ? 0 : 1);
        cr_assert(i < 4 || count_lines(got, "SKIP") == 1, "%d: %.*s", i, SV_ARG(got));
        cr_assert(sv_ends(got, SV(HIT_LINE("2"))), "%d: %.*s", i, SV_ARG(got));
        buf_free(&b);
    }
}

Test(json, ids_without_end_come_to_an_end)
{
    static const char *const pieces[] = {"\"Id\":9646,", "{\"Id\":9646,", "{\"Id\":9646},",
                                         "[{\"a\":", "\"\\"};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct buf b;
        buf_init(&b, 16 << 20);
        put_times(&b, pieces[i], (2 << 20) / strlen(pieces[i]));
        cr_assert_eq(count_lines(run(buf_sv(&b)), "EVENT"), 0);
        cr_assert_eq(count_lines(everything(buf_sv(&b)), "EVENT"), 0);
        buf_free(&b);
    }
}

/* --- growth and positions --- */

#define MIXED                                                                                                \
    "[" OTHER("1") "," HIT("2") ",\r\n" HIT("3") "]\r\n" HIT("4") "\n" OTHER("5") "\n" DECOYS HIT("6")

/* The events when the input grows by step bytes from a first size on. */
static void run_growing(struct buf *b, struct sv text, size_t first, size_t step, size_t most)
{
    struct bytes bytes = {text.p, text.n, most};
    struct input in = {&bytes, read_bytes, first < text.n ? first : text.n, false};
    struct position start = {0};
    struct parser *p = open_at(&in, &start, &(struct parser_options){.selector = &nine});
    struct step s;
    buf_reset(b);
    for (;;) {
        parser_json.next(p, &event, &s);
        put_step(b, &event, &s, true);
        if (s.kind != STEP_MORE)
            continue;
        if (in.complete)
            break;
        in.complete = in.size == text.n;
        in.size = text.n - in.size > step ? in.size + step : text.n;
    }
    parser_json.close(p);
}

static void assert_grows(struct sv text)
{
    struct position start = {0};
    struct buf want;
    buf_init(&want, 1 << 20);
    run_from(&want, text, &start, &(struct parser_options){.selector = &nine}, true);
    for (size_t step = 1; step < 40; step += 6) {
        run_growing(&dump, text, 0, step, 0);
        assert_sv(buf_sv(&dump), buf_sv(&want));
    }
    for (size_t first = 0; first < text.n; first++) {
        run_growing(&dump, text, first, text.n, 0);
        assert_sv(buf_sv(&dump), buf_sv(&want));
    }
    run_growing(&dump, text, text.n, 1, 7);
    assert_sv(buf_sv(&dump), buf_sv(&want));
    buf_free(&want);
}

Test(json, growth_and_the_place_of_a_read_border_change_nothing)
{
    assert_grows(SV(MIXED));
    assert_grows(SV(WIDE));
}

/* From every position that a reading gives the rest comes as it would have come. */
static void assert_resumes(struct sv text, const struct selector *selector)
{
    struct parser_options options = {.selector = selector};
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, text.n, true};
    struct position start = {0};
    struct buf whole, seen;
    buf_init(&whole, 1 << 20);
    buf_init(&seen, 1 << 20);
    run_from(&whole, text, &start, &options, true);
    struct parser *p = open_at(&in, &start, &options);
    struct step s;
    do {
        parser_json.next(p, &event, &s);
        put_step(&seen, &event, &s, true);
        buf_reset(&dump);
        buf_put(&dump, buf_sv(&seen));
        run_from(&dump, text, &s.pos, &options, true);
        assert_sv(buf_sv(&dump), buf_sv(&whole));
    } while (s.kind != STEP_MORE);
    parser_json.close(p);
    buf_free(&whole);
    buf_free(&seen);
}

Test(json, reading_goes_on_from_every_position_in_every_encoding)
{
    static const struct sv texts[] = {SV_INIT(MIXED), SV_INIT(WIDE)};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_resumes(texts[i], &nine);
        assert_resumes(texts[i], &all);
        for (int form = 0; form < 4; form++) {
            struct sv wide = utf16(texts[i], form & 1, form & 2);
            assert_resumes(wide, &nine);
            assert_resumes(wide, &all);
            free_sv(wide);
        }
    }
}

Test(json, a_waiting_position_leads_to_the_record_that_was_waited_for)
{
    struct sv text = SV("[" OTHER("1") "," HIT("2") ",\n" HIT("3") "]\n" HIT("4"));
    struct parser_options options = {.selector = &nine};
    for (size_t n = 1; n < text.n; n++) {
        struct bytes bytes = {text.p, n, 0};
        struct input in = {&bytes, read_bytes, n, false};
        struct position start = {0};
        struct parser *p = open_at(&in, &start, &options);
        struct step s;
        buf_reset(&dump);
        do {
            parser_json.next(p, &event, &s);
            put_step(&dump, &event, &s, false);
        } while (s.kind != STEP_MORE);
        parser_json.close(p);
        run_from(&dump, text, &s.pos, &options, false);
        assert_sv(buf_sv(&dump), SV(HIT_LINE("2") HIT_LINE("3") HIT_LINE("4")));
    }
}

Test(json, a_cut_at_every_byte_leaves_the_whole_records)
{
    struct sv text = SV(HIT("1") "\n" OTHER("2") "\n" HIT("3"));
    size_t first = sizeof HIT("1") - 1, second = first + 1 + sizeof OTHER("2") - 1;
    for (size_t n = 1; n <= text.n; n++) {
        struct sv got = run(sv_make(text.p, n));
        size_t whole = (n >= first) + (n == text.n);
        bool inside = n < first || (n > first + 1 && n < second) || (n > second + 1 && n < text.n);
        cr_assert_eq(count_lines(got, "EVENT"), whole, "cut at %zu: %.*s", n, SV_ARG(got));
        cr_assert_eq(count_lines(got, "SKIP the record is cut off"), inside, "cut at %zu: %.*s", n,
                     SV_ARG(got));
    }
}

Test(json, a_cut_at_every_byte_of_utf16_reports_what_is_there)
{
    for (int big = 0; big < 2; big++) {
        struct sv wide = utf16(SV(HIT("1") "\n" HIT("2")), big, true);
        size_t first = 2 * sizeof HIT("1");
        for (size_t n = 2; n <= wide.n; n++) {
            struct position start = {0};
            /* A copy of its own, so that a read beyond it is found out. */
            char *copy = malloc(n);
            memcpy(copy, wide.p, n);
            buf_reset(&dump);
            run_from(&dump, sv_make(copy, n), &start, &(struct parser_options){.selector = &nine}, false);
            size_t whole = (n >= first) + (n == wide.n);
            cr_assert_eq(count_lines(buf_sv(&dump), "EVENT"), whole, "cut at %zu", n);
            free(copy);
        }
        free_sv(wide);
    }
}

Test(json, a_digit_without_its_second_byte_is_no_id)
{
    struct sv wide = utf16(SV("{\"EventID\":9646"), false, true);
    assert_sv(run(sv_slice(wide, 0, wide.n - 1)), SV("SKIP the record is cut off\n"));
    free_sv(wide);
}

Test(json, a_record_that_was_torn_off_takes_no_other_with_it)
{
    struct sv one = SV(HIT("1"));
    for (size_t n = 1; n < one.n; n++) {
        struct buf b;
        buf_init(&b, 1 << 16);
        buf_put(&b, sv_slice(one, 0, n));
        buf_lit(&b, "\n" HIT("2") "\n" HIT("3"));
        struct sv got = run(buf_sv(&b));
        cr_assert(sv_ends(got, SV(HIT_LINE("2") HIT_LINE("3"))), "torn at %zu:\n%.*s", n, SV_ARG(got));
        buf_free(&b);
    }
}

Test(json, a_flipped_byte_costs_at_most_its_record)
{
    static char text[] = HIT("1") "\n" HIT("2") "\n" HIT("3");
    size_t n = sizeof text - 1, one = sizeof HIT("1");
    for (size_t i = one; i < 2 * one - 1; i++) {
        for (int bit = 0; bit < 8; bit++) {
            text[i] = (char)(text[i] ^ (1 << bit));
            struct sv got = run(sv_make(text, n));
            bool both = sv_find(got, SV(HIT_LINE("1"))) == 0 && sv_ends(got, SV(HIT_LINE("3")));
            cr_assert(both, "byte %zu bit %d:\n%.*s", i, bit, SV_ARG(got));
            text[i] = (char)(text[i] ^ (1 << bit));
        }
    }
}

Test(json, a_flipped_byte_in_a_compressed_array_costs_at_most_its_record)
{
    static char text[] = "[" HIT("1") "," HIT("2") "," HIT("3") "]";
    size_t n = sizeof text - 1, one = sizeof HIT("1");
    for (size_t i = 1 + one; i < 2 * one; i++) {
        for (int bit = 0; bit < 8; bit++) {
            text[i] = (char)(text[i] ^ (1 << bit));
            struct sv got = run(sv_make(text, n));
            bool both = sv_find(got, SV(HIT_LINE("1"))) == 0 && sv_ends(got, SV(HIT_LINE("3")));
            cr_assert(both, "byte %zu bit %d:\n%.*s", i, bit, SV_ARG(got));
            text[i] = (char)(text[i] ^ (1 << bit));
        }
    }
}

Test(json, a_position_proves_that_the_content_is_the_same)
{
    char text[] = HIT("1") "\n" HIT("2");
    struct bytes bytes = {text, sizeof text - 1, 0};
    struct input in = {&bytes, read_bytes, sizeof text - 1, true};
    struct parser_options options = {.selector = &nine};
    struct position start = {0};
    struct parser *p = open_at(&in, &start, &options);
    struct step s;
    struct fault f;
    parser_json.next(p, &event, &s);
    parser_json.close(p);
    cr_assert_eq(s.pos.offset, sizeof HIT("1") - 1);
    text[s.pos.offset - 64] ^= 1;
    cr_assert_null(parser_json.open(&in, &s.pos, &options, &f));
    cr_assert_eq(f.code, FAULT_REPLACED);
    in.size = s.pos.offset - 1;
    cr_assert_null(parser_json.open(&in, &s.pos, &options, &f));
    cr_assert_eq(f.code, FAULT_REPLACED);
}

Test(json, a_file_that_shrinks_is_fatal)
{
    struct sv text = SV(HIT("1") "\n" HIT("2"));
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, text.n, false};
    struct position start = {0};
    struct parser *p = open_at(&in, &start, &(struct parser_options){.selector = &nine});
    struct step s;
    do
        parser_json.next(p, &event, &s);
    while (s.kind != STEP_MORE);
    in.size = 10;
    parser_json.next(p, &event, &s);
    cr_assert_eq(s.kind, STEP_FATAL);
    cr_assert_eq(s.fault.code, FAULT_REPLACED);
    parser_json.close(p);
}

static uint64_t end_of(struct sv text)
{
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, text.n, false};
    struct position end;
    cr_assert(parser_json.end(&in, &end, NULL));
    parser_json.close(open_at(&in, &end, &(struct parser_options){.selector = &nine}));
    return end.offset;
}

Test(json, the_end_is_behind_everything_but_a_record_that_has_only_begun)
{
    struct sv line = SV(HIT("1") "\n");
    cr_assert_eq(end_of(SV("")), 0);
    cr_assert_eq(end_of(line), line.n);
    cr_assert_eq(end_of(SV(HIT("1") "\n{\"EventID\":9646,\"Message\":\"a } {")), line.n);
    cr_assert_eq(end_of(SV("[" HIT("1") ",{\"x\":[{\"a\":1},{\"b")), line.n + 1);
    cr_assert_eq(end_of(SV("[" HIT("1") ",")), line.n + 1);
    for (int big = 0; big < 2; big++) {
        struct sv wide = utf16(SV(HIT("1") "\n{\"EventID\":"), big, true);
        cr_assert_eq(end_of(wide), 2 + 2 * line.n);
        free_sv(wide);
    }
}

Test(json, the_record_that_has_begun_at_the_end_is_told)
{
    struct sv text = SV(HIT("1") "\n{\"Message\":\"abc");
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, text.n, false};
    struct position start = {0};
    struct parser *p = open_at(&in, &start, &(struct parser_options){.selector = &nine});
    struct step s;
    do
        parser_json.next(p, &event, &s);
    while (s.kind != STEP_MORE);
    cr_assert_eq(s.offset, sizeof HIT("1"));
    cr_assert_eq(s.length, text.n - sizeof HIT("1"));
    cr_assert_eq(s.pos.offset, s.offset);
    parser_json.close(p);
}

Test(json, progress_is_given_where_nothing_is_selected)
{
    struct buf b;
    buf_init(&b, 64 << 20);
    put_times(&b, OTHER("1") "\n", (20 << 20) / sizeof OTHER("1"));
    buf_lit(&b, HIT("2"));
    struct bytes bytes = {b.p, b.n, 0};
    struct input in = {&bytes, read_bytes, b.n, true};
    struct position start = {0};
    struct parser_options options = {.selector = &nine};
    struct parser *p = open_at(&in, &start, &options);
    struct step s;
    uint64_t last = 0;
    unsigned steps = 0;
    for (parser_json.next(p, &event, &s); s.kind == STEP_PROGRESS; parser_json.next(p, &event, &s), steps++) {
        cr_assert_gt(s.pos.offset, last);
        cr_assert_leq(s.pos.offset - last, PARSER_PROGRESS_BYTES);
        last = s.pos.offset;
        buf_reset(&dump);
        run_from(&dump, buf_sv(&b), &s.pos, &options, false);
        assert_sv(buf_sv(&dump), SV(HIT_LINE("2")));
    }
    cr_assert_geq(steps, 4);
    cr_assert_eq(s.kind, STEP_EVENT);
    parser_json.close(p);
    buf_free(&b);
}

/* --- recognition --- */

static int probe(struct sv text)
{
    return parser_json.probe(sv_slice(text, 0, PARSER_HEAD_BYTES), true);
}

Test(json, every_layout_is_recognized)
{
    cr_assert_eq(probe(sv_from(psh5)), 90);
    cr_assert_eq(probe(SV("\xef\xbb\xbf" HIT("1"))), 90);
    cr_assert_eq(probe(SV("[" HIT("1"))), 90);
    cr_assert_eq(probe(SV(FLAT)), 90);
    cr_assert_eq(probe(SV(BODY)), 90);
    cr_assert_eq(probe(SV("<11>May 22 14:43:53 EX1 MSWinEventLog: " HIT("1"))), 60);
    struct sv wide = utf16(sv_from(psh5), false, true);
    cr_assert_eq(probe(wide), 90);
    free_sv(wide);
}

Test(json, other_files_are_not_ours)
{
    static const char *const others[] = {
        "",
        "<Event xmlns='x'><System><Provider Name='MSExchangeIS'/><EventID>9646</EventID>",
        "Level,Date and Time,Source,Event ID,Task Category\r\nError,\"{\"\"Id\"\":9646}\"",
        "\"Id\",\"ProviderName\"\r\n\"9646\",\"MSExchangeIS\"\r\n",
        "Event Type:\tError\r\nEvent Source:\tMSExchangeIS\r\n",
        "#TYPE System.Diagnostics\r\n\"a\"",
        "[1,2,3]",
        "{ }",
        "[2024-05-22] x",
        "<11>May 22 14:43:53 EX1 MSWinEventLog\t2\tApplication\t{\"Id\":9646,\"Source\":1}",
        "ElfFile",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_assert_eq(probe(sv_from(others[i])), 0, "%s", others[i]);
    cr_assert_lt(probe(SV("{\"name\":\"mapitail\",\"version\":1}")), 50);
}

Test(json, a_beginning_that_is_too_short_to_tell_waits)
{
    cr_assert_eq(parser_json.probe(SV("[\r\n  "), false), PROBE_MORE);
    cr_assert_eq(parser_json.probe(SV("{"), false), PROBE_MORE);
    cr_assert_eq(parser_json.probe(SV(""), false), PROBE_MORE);
}

Test(json, the_stable_prefix_is_the_beginning)
{
    cr_assert_eq(parser_json.stable_prefix(SV("{}")), 2);
    cr_assert_eq(parser_json.stable_prefix(sv_make(psh5, sizeof psh5 - 1)), 1024);
}

/* --- the same event, whatever the export --- */

/* The id of the first event that a parser finds. */
static void id_of(const struct parser_ops *ops, struct sv text, char id[RECORD_ID_TEXT])
{
    static struct record record;
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, text.n, true};
    struct position start = {0};
    struct step s;
    struct fault f;
    struct parser *p = ops->open(&in, &start, &(struct parser_options){.selector = &nine}, &f);
    struct identity *identity = identity_new();
    ops->next(p, &event, &s);
    cr_assert_eq(s.kind, STEP_EVENT);
    record.event = &event;
    cr_assert(identity_fill_id(identity, &record, 1));
    memcpy(id, record.id, RECORD_ID_TEXT);
    identity_free(identity);
    ops->close(p);
}

Test(json, an_event_has_the_id_that_its_xml_export_has)
{
    static const char *const exports[] = {
        "{\"Id\":9646,\"ProviderName\":\"MSExchangeIS\",\"RecordId\":7,\"MachineName\":\"EX1.contoso.com\","
        "\"TimeCreated\":\"\\/Date(1716389033167)\\/\"}",
        "{\"EventID\":9646,\"Source\":\"MSExchangeIS\",\"Index\":7,\"MachineName\":\"EX1\",\"InstanceId\":"
        "3221628334,\"TimeGenerated\":\"2024-05-22T16:43:53+02:00\"}",
        "{\"EventCode\":9646,\"SourceName\":\"MSExchangeIS\",\"RecordNumber\":7,\"ComputerName\":\"EX1\","
        "\"TimeGenerated\":\"20240522164353.000000+120\"}",
        "{\"@timestamp\":\"2024-05-22T14:43:53.167Z\",\"winlog\":{\"event_id\":\"9646\",\"provider_name\":"
        "\"MSExchangeIS\",\"record_id\":\"7\",\"computer_name\":\"EX1.contoso.com\"}}",
        "{\"EventID\":9646,\"SourceName\":\"MSExchangeIS\",\"RecordNumber\":7,\"Hostname\":\"EX1\","
        "\"EventTime\":\"2024-05-22 14:43:53\"}",
        "{\"EventID\":9646,\"ProviderName\":\"MSExchangeIS\",\"EventRecordID\":7,\"Computer\":\"EX1\","
        "\"TimeCreated\":\"2024-05-22 16:43:53 +0200\"}",
        "{\"event_id\":{\"id\":9646},\"provider\":{\"name\":\"MSExchangeIS\"},\"record_id\":7,\"computer\":"
        "\"EX1\",\"system_time\":\"2024-05-22T14:43:53.1670895Z\"}",
        "{\"event_id\":9646,\"provider_name\":\"MSExchangeIS\",\"record_id\":7,\"computer\":\"EX1\","
        "\"timestamp\":\"2024-05-22T14:43:53.167Z\"}",
    };
    char want[RECORD_ID_TEXT], got[RECORD_ID_TEXT];
    id_of(&parser_xml,
          SV("<Event><System><Provider Name='MSExchangeIS'/><EventID>9646</EventID><TimeCreated "
             "SystemTime='2024-05-22T14:43:53.1670895Z'/><EventRecordID>7</EventRecordID>"
             "<Computer>EX1.contoso.com</Computer></System></Event>"),
          want);
    for (size_t i = 0; i < sizeof exports / sizeof *exports; i++) {
        id_of(&parser_json, sv_from(exports[i]), got);
        cr_assert_str_eq(got, want, "%s", exports[i]);
    }
}

/* --- the two ways through a record --- */

static void put_node(struct buf *b, const struct json_node *node)
{
    buf_printf(b, "%d", (int)node->kind);
    put_field(b, "", node->name);
    put_field(b, "", node->text);
    buf_printf(b, "(%zu ", node->count);
    for (const struct json_node *inner = node->first; inner; inner = inner->next)
        put_node(b, inner);
    buf_putc(b, ')');
}

Test(json, the_plain_way_tells_the_same_as_jansson)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        " {\"a\" : [ 1 , -2 , 0 , \"\" , null, true, false, {\"\": \"x\"} ] }\r\n",
        "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u0041\\u00e9\\u20ac\\ufffe\",\"b\":\"\xc3\xbc\"}",
        "{\"a\":9223372036854775807,\"b\":-9223372036854775808}",
        "[[[[[]]]],{\"a\":{\"b\":{\"c\":1}}}]",
    };
    struct json_tree *one = json_tree_new(), *two = json_tree_new();
    struct buf want;
    buf_init(&want, 4096);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        bool replaced = false;
        struct json_node *plain = json_tree_read_plain(one, sv_from(texts[i]));
        struct json_node *other = json_tree_read_long(two, sv_from(texts[i]), &replaced);
        cr_assert(plain && other && !replaced, "%s", texts[i]);
        buf_reset(&dump);
        buf_reset(&want);
        put_node(&dump, plain);
        put_node(&want, other);
        assert_sv(buf_sv(&dump), buf_sv(&want));
    }
    buf_free(&want);
    json_tree_free(one);
    json_tree_free(two);
}

/* Where the walk that takes any text for what it may be, and the reading of plain text, say that a record
 * ends. */
static void check_ends(struct json_tree *t, struct sv text)
{
    struct text_bytes bytes = {(const uint8_t *)text.p, text.n, TEXT_UTF8};
    size_t end = 0, measured = json_tree_measure(t, text);
    enum json_walk walk = measured ? json_record_end(&bytes, 0, &end) : JSON_WALK_END;
    cr_assert(walk == JSON_WALK_END && end == measured, "%.*s: %zu, not %zu", SV_ARG(text), measured, end);
}

Test(json, a_plain_record_ends_where_the_walk_over_it_ends)
{
    static const char *const texts[] = {
        ("{\"Id\":9646,\"Message\":\"Mapi \\\"x\\\" "
         "{[\",\"Level\":2,\"P\":[{\"Value\":\"1\"},[],{}],\"n\":null}, {\"Id\":1}"),
        "{\r\n  \"a\" : {\r\n    \"b\" : [ 1, -2.5e3 , true ]\r\n  }\r\n}\r\n{\"c\":1}",
        "{\"a\":\n{\"b\":1}}",
        "{\"a\":[\n{\"b\":1}]}",
    };
    static const char letters[] = "{}[],:\"\\ \n\rae1.-\xc3";
    struct json_tree *t = json_tree_new();
    char text[256];
    cr_assert_gt(json_tree_measure(t, sv_from(texts[0])), 0);
    cr_assert_gt(json_tree_measure(t, sv_from(texts[1])), 0);
    cr_assert_eq(json_tree_measure(t, sv_from(texts[2])), 0,
                 "a brace at the beginning of a line is a record");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t n = strlen(texts[i]);
        for (size_t at = 0; at < n; at++)
            for (size_t k = 0; k < sizeof letters; k++) {
                memcpy(text, texts[i], n);
                text[at] = letters[k];
                check_ends(t, sv_make(text, n));
                check_ends(t, sv_make(text, at));
            }
    }
    json_tree_free(t);
}

Test(json, what_is_no_json_is_none_either_way)
{
    static const char *const texts[] = {
        "",
        "{",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "[1,]",
        "[1 2]",
        "{'a':1}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":+1}",
        "{\"a\":1e}",
        "{\"a\":tru}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\n\"}",
        "{} {}",
        "{\"a\":\"\\",
        "1",
        "\"a\"",
        "{a:1}",
        "[1]]",
    };
    struct json_tree *t = json_tree_new();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        bool replaced = false;
        cr_assert_null(json_tree_read_plain(t, sv_from(texts[i])), "%s", texts[i]);
        cr_assert_null(json_tree_read(t, sv_from(texts[i]), &replaced), "%s", texts[i]);
    }
    json_tree_free(t);
}

Test(json, numbers_of_64_bits_stay_as_written)
{
    struct json_tree *t = json_tree_new();
    bool replaced = false;
    struct json_node *root = json_tree_read(t, SV("{\"a\":18446744073709551615,\"a\":-1.5e3}"), &replaced);
    cr_assert_not_null(root);
    assert_sv(root->first->text, SV("18446744073709551615"));
    assert_sv(json_node_member(root, SV("a"))->text, SV("-1.5e3"));
    json_tree_free(t);
}
