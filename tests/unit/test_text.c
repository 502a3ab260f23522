/* SPDX-License-Identifier: Apache-2.0 */
/* Event texts in every layout, language and encoding, cut, damaged and full of look-alikes. */
#include "buf.h"
#include "parser.h"
#include "text_page.h"
#include "utf.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whole exports stand here as literals, longer than ISO C promises to take. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

extern const struct parser_ops parser_text;

/* --- an input in memory --- */

struct bytes {
    const char *p;
    size_t n;
};

static ptrdiff_t read_bytes(void *ctx, uint64_t offset, void *to, size_t n)
{
    const struct bytes *b = ctx;
    cr_assert_leq(offset + n, b->n, "nothing is read behind the end");
    memcpy(to, b->p + offset, n);
    return (ptrdiff_t)n;
}

static struct buf output, other;
static struct selector nine;
static const struct selector everything = {.all = true};
static const struct position beginning;
static struct parser_options options;
static struct event event;

static void setup(void)
{
    buf_init(&output, 64 << 20);
    buf_init(&other, 64 << 20);
    selector_init_default(&nine);
    options = (struct parser_options){.selector = &nine};
}

static void teardown(void)
{
    buf_free(&output);
    buf_free(&other);
}

TestSuite(text, .init = setup, .fini = teardown);

static void put_field(struct buf *b, const char *name, struct sv v)
{
    if (sv_absent(v))
        return;
    buf_put(b, sv_from(name));
    buf_putc(b, '=');
    for (size_t i = 0; i < v.n; i++)
        buf_putc(b, v.p[i] == '\n' ? '~' : v.p[i] == '\r' ? '^' : v.p[i]);
    buf_putc(b, ' ');
}

static void put_number(struct buf *b, const char *name, struct opt_u64 v)
{
    if (!v.has)
        return;
    buf_put(b, sv_from(name));
    buf_putc(b, '=');
    buf_u64(b, v.v);
    buf_putc(b, ' ');
}

/* One line that holds everything that is known about an event. */
static void put_event(struct buf *b, const struct event *e)
{
    char time[WTIME_TEXT_MAX];
    put_field(b, "provider", e->provider);
    put_number(b, "id", e->event_id);
    put_number(b, "qualifiers", e->qualifiers);
    put_number(b, "level", e->level);
    put_number(b, "task", e->task);
    put_number(b, "keywords", e->keywords);
    put_number(b, "record", e->record_id);
    put_field(b, "channel", e->channel);
    put_field(b, "computer", e->computer);
    if (e->time.present)
        put_field(b, "time", sv_make(time, wtime_format(&e->time, 9, time)));
    put_field(b, "zone", e->timezone);
    put_field(b, "level_text", e->level_text);
    put_field(b, "task_text", e->task_text);
    for (size_t i = 0; i < e->data_count; i++)
        put_field(b, "data", e->data[i].value);
    put_field(b, "binary", e->binary);
    put_field(b, "message", e->message);
    if (e->cut)
        buf_lit(b, "cut ");
    cr_assert_eq(utf8_valid_length(e->original), e->original.n, "the original is valid UTF-8");
}

static void put_step(struct buf *b, const struct step *s)
{
    if (s->kind == STEP_EVENT) {
        buf_lit(b, "EVENT ");
        put_event(b, &event);
        buf_putc(b, '\n');
    } else if (s->kind == STEP_SKIP) {
        buf_printf(b, "SKIP %llu %s\n", (unsigned long long)s->length, s->reason);
    }
}

static struct parser *open_at(const struct input *in, const struct position *from)
{
    struct fault f = {0};
    struct parser *p = parser_text.open(in, from, &options, &f);
    cr_assert_not_null(p, "open: %s", f.text);
    return p;
}

struct positions {
    struct position at[64];
    size_t length[64]; /* of the output up to there */
    size_t count;
};

static void drain(struct parser *p, struct buf *b, struct positions *positions)
{
    struct step s;
    for (size_t steps = 0;; steps++) {
        cr_assert_lt(steps, 100000, "the parser comes to an end");
        parser_text.next(p, &event, &s);
        put_step(b, &s);
        if (positions && positions->count < 64) {
            positions->length[positions->count] = b->n;
            positions->at[positions->count++] = s.pos;
        }
        if (s.kind == STEP_MORE || s.kind == STEP_FATAL)
            break;
    }
    cr_assert_eq(s.kind, STEP_MORE);
}

static void run_from(struct buf *b, struct sv text, struct position from, struct positions *positions)
{
    struct bytes bytes = {text.p, text.n};
    struct input in = {&bytes, read_bytes, text.n, true};
    struct parser *p = open_at(&in, &from);
    drain(p, b, positions);
    parser_text.close(p);
}

static struct sv run(struct sv text)
{
    buf_reset(&output);
    run_from(&output, text, beginning, NULL);
    return buf_sv(&output);
}

static int probe(struct sv text)
{
    return parser_text.probe(sv_slice(text, 0, PARSER_HEAD_BYTES), true);
}

#define assert_sv(got, want)                                                                                 \
    do {                                                                                                     \
        struct sv got_ = (got), want_ = (want);                                                              \
        cr_assert(sv_eq(got_, want_), "got:\n%.*s\nwant:\n%.*s", SV_ARG(got_), SV_ARG(want_));               \
    } while (0)

#define GIVES(text, want) assert_sv(run(SV(text)), SV(want))

/* --- material --- */

#define DN(user) "/o=First Organization/ou=Site/cn=Recipients/cn=" user
#define SAYS(user) "Mapi session \"" DN(user) "\" exceeded the maximum of 32 objects of type \"session\"."
#define CLIPBOARD(source, id, text)                                                                          \
    "Event Type:\tError\r\nEvent Source:\t" source "\r\nEvent Category:\tGeneral \r\nEvent ID:\t" id         \
    "\r\nDate:\t\t1/13/2005\r\nTime:\t\t10:30:51 AM\r\nUser:\t\tN/A\r\nComputer:\tMXMA2\r\n"                 \
    "Description:\r\n" text "\r\n\r\nFor more information, see Help and Support Center at "                  \
    "http://go.microsoft.com/fwlink/events.asp.\r\nData:\r\n0000: 5b 44 49 41 47 5f 43 54   [DIAG_CT\r\n"    \
    "0008: 58 5d 00 00               X]..    \r\n\r\n"
#define CLIPBOARD_LINE(user)                                                                                 \
    "EVENT provider=MSExchangeIS id=9646 level=2 computer=MXMA2 time=2005-01-13T10:30:51Z zone=UTC "         \
    "level_text=Error task_text=General binary=5b444941475f4354585d0000 message=" SAYS(user) " \n"
#define COPIED(id, text)                                                                                     \
    "Log Name:      Application\r\nSource:        MSExchangeIS\r\nDate:          2/18/2026 10:00:01 AM\r\n"  \
    "Event ID:      " id "\r\nTask Category: General\r\nLevel:         Error\r\nKeywords:      Classic\r\n"  \
    "User:          N/A\r\nComputer:      ex1.contoso.com\r\nDescription:\r\n" text "\r\n"
#define COPIED_LINE(user)                                                                                    \
    "EVENT provider=MSExchangeIS id=9646 level=2 channel=Application computer=ex1.contoso.com "              \
    "time=2026-02-18T10:00:01Z zone=UTC level_text=Error task_text=General message=" SAYS(user) " \n"
#define WEVTUTIL(n, id, text)                                                                                \
    "Event[" n "]:\r\n  Log Name: Application\r\n  Source: MSExchangeIS\r\n"                                 \
    "  Date: 2026-02-18T10:00:01.940\r\n  Event ID: " id "\r\n  Task: General\r\n  Level: Error\r\n"         \
    "  Opcode: N/A\r\n  Keyword: Classic\r\n  User: N/A\r\n  User Name: N/A\r\n"                             \
    "  Computer: ex1.contoso.com\r\n  Description: \r\n" text "\r\n\r\n"
#define WEVTUTIL_LINE(text)                                                                                  \
    "EVENT provider=MSExchangeIS id=9646 level=2 channel=Application computer=ex1.contoso.com "              \
    "time=2026-02-18T10:00:01.940Z zone=UTC level_text=Error task_text=General message=" text " \n"
#define PSLOGLIST(record, id, text)                                                                          \
    "[" record "] MSExchangeIS\r\n   Type:     ERROR\r\n   Computer: EX1\r\n"                                \
    "   Time:     2/18/2026 10:00:01 AM   ID:       " id "\r\n" text "\r\n\r\n"
#define PSLOGLIST_LINE(record, text)                                                                         \
    "EVENT provider=MSExchangeIS id=9646 level=2 record=" record                                             \
    " computer=EX1 time=2026-02-18T10:00:01Z zone=UTC level_text=ERROR message=" text " \n"
#define WINEVENT(id, record, user)                                                                           \
    "Message              : Mapi session \"" DN(                                                             \
        user) "\" exceeded the\r\n"                                                                          \
              "                       maximum of 32 objects of type \"session\".\r\n"                        \
              "Id                   : " id "\r\nVersion              : \r\nQualifiers           : 49158\r\n" \
              "Level                : 2\r\nTask                 : 6\r\nKeywords             : "              \
              "36028797018963968\r\n"                                                                        \
              "RecordId             : " record "\r\nProviderName         : MSExchangeIS\r\n"                 \
              "LogName              : Application\r\nProcessId            : \r\n"                            \
              "MachineName          : ex1.contoso.com\r\nTimeCreated          : 2/18/2026 10:00:01 AM\r\n"   \
              "LevelDisplayName     : Error\r\nTaskDisplayName      : General\r\n\r\n"
#define WINEVENT_LINE(record, user)                                                                          \
    "EVENT provider=MSExchangeIS id=9646 qualifiers=49158 level=2 task=6 keywords=36028797018963968 "        \
    "record=" record " channel=Application computer=ex1.contoso.com time=2026-02-18T10:00:01Z zone=UTC "     \
    "level_text=Error task_text=General message=Mapi session \"" DN(user) "\" exceeded the~maximum of 32 "   \
                                                                          "objects of type \"session\". \n"
#define EVENTLOG(record, instance, user)                                                                     \
    "Index              : " record "\r\nEntryType          : Error\r\nInstanceId         : " instance        \
    "\r\nMessage            : " SAYS(                                                                        \
        user) "\r\nCategory           : General\r\nCategoryNumber     : 6\r\n"                               \
              "ReplacementStrings : {" DN(                                                                   \
                  user) ", 32, \r\n                     session}\r\n"                                        \
                        "Source             : MSExchangeIS\r\nTimeGenerated      : 2/18/2026 10:00:01 "      \
                        "AM\r\n"                                                                             \
                        "TimeWritten        : 2/18/2026 10:00:05 AM\r\nUserName           : \r\n\r\n"
#define EVENTLOG_LINE(record, user)                                                                          \
    "EVENT provider=MSExchangeIS id=9646 qualifiers=49158 level=2 task=6 record=" record                     \
    " time=2026-02-18T10:00:01Z zone=UTC level_text=Error task_text=General data=" DN(                       \
        user) " data=32 data=session message=" SAYS(user) " \n"
#define XML_EVENT                                                                                            \
    "<Event xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\"><System><Provider "              \
    "Name=\"MSExchangeIS\" /><EventID Qualifiers=\"49158\">9646</EventID><Level>2</Level><Task>6</Task>"     \
    "<TimeCreated SystemTime=\"2026-02-18T08:00:01.5Z\" /><EventRecordID>7</EventRecordID>"                  \
    "<Channel>Application</Channel><Computer>ex1.contoso.com</Computer></System>\r\n<EventData><Data>" DN(   \
        "x") "</Data><Data>32</Data><Data>session</Data></EventData></Event>"

static const struct sv layouts[] = {
    SV_INIT("Some words.\r\n" CLIPBOARD("MSExchangeIS", "9646", SAYS("a")) CLIPBOARD("ESE", "9646", "no")
                CLIPBOARD("MSExchangeIS", "9646", SAYS("b"))),
    SV_INIT(COPIED("9646", SAYS("a")) COPIED("1000", "9646")
                COPIED("9646", SAYS("b") "\r\nEvent Xml:\r\n" XML_EVENT)),
    SV_INIT(WEVTUTIL("0", "9646", SAYS("a")) WEVTUTIL("1", "1000", "9646\r\n\r\nmore")
                WEVTUTIL("2", "9646", SAYS("b"))),
    SV_INIT(PSLOGLIST("1", "9646", SAYS("a")) PSLOGLIST("9646", "1", "x") PSLOGLIST("3", "9646", SAYS("b"))),
    SV_INIT("\r\n\r\n" WINEVENT("9646", "1", "a") WINEVENT("19646", "9646", "x") WINEVENT("9646", "3", "b")),
    SV_INIT("\r\n\r\n" EVENTLOG("1", "3221628334", "a") EVENTLOG("9646", "1", "x")
                EVENTLOG("3", "3221628334", "b")),
    SV_INIT("Event ID: 9646\nType: Error\nSource: MSExchangeIS\nDescription:\n" SAYS(
        "a") "\n\nHello.\n\n"
             "Event ID: 9646\nType: Error\nSource: MSExchangeIS\nDescription:\n" SAYS(
                 "b") "\n1\n2\n3\n4\n5\n6\n7\n8\n9\n"
                      "Error Message: \"" SAYS("c") "\"\n\nSource: MSExchangeIS\n\nEvent ID: 9646\n"),
};
enum { LAYOUTS = sizeof layouts / sizeof layouts[0] };

/* --- layouts --- */

Test(text, clipboard_blocks_of_windows_2003)
{
    GIVES(CLIPBOARD("MSExchangeIS", "9646", SAYS("a")) CLIPBOARD("MSExchangeIS", "9646", SAYS("b")),
          CLIPBOARD_LINE("a") CLIPBOARD_LINE("b"));
}

Test(text, blocks_that_lost_all_line_breaks_are_several_events)
{
    static const char block[] =
        "Event Type:ErrorEvent Source:MSExchangeISEvent Category:General Event ID:9646"
        "Date:13/4/2009Time:4:27:56 a.m.User:N/AComputer:EX1Description:" SAYS(
            "a") "For more information, see Help and Support Center at http://go.microsoft.com/.Data:"
                 "0000: 5b 44 49 41 47 5f 43 54 [DIAG_CT0008: 58 5d X]";
    static const char line[] =
        "EVENT provider=MSExchangeIS id=9646 level=2 computer=EX1 time=2009-04-13T04:27:56Z "
        "zone=UTC level_text=Error task_text=General binary=5b444941475f4354585d message=" SAYS("a") " \n";
    buf_put(&other, sv_from(block));
    assert_sv(run(buf_sv(&other)), sv_from(line));
    buf_put(&other, sv_from(block));
    run(buf_sv(&other));
    cr_assert_eq(output.n, 2 * (sizeof line - 1));
}

Test(text, copied_details_of_windows_2008)
{
    GIVES(COPIED("9646", SAYS("a")) COPIED("9646", SAYS("b")), COPIED_LINE("a") COPIED_LINE("b"));
}

Test(text, the_xml_behind_copied_details_tells_more_and_better)
{
    GIVES(COPIED("9646", SAYS("x") "\r\nEvent Xml:\r\n" XML_EVENT),
          "EVENT provider=MSExchangeIS id=9646 qualifiers=49158 level=2 task=6 record=7 channel=Application "
          "computer=ex1.contoso.com time=2026-02-18T08:00:01.5Z level_text=Error task_text=General data=" DN(
              "x") " data=32 data=session message=" SAYS("x") " \n");
}

Test(text, xml_that_is_cut_off_costs_only_itself)
{
    GIVES(COPIED("9646", SAYS("a") "\r\nEvent Xml:\r\n<Event xmlns=\"http://schem"), COPIED_LINE("a"));
}

Test(text, wevtutil_text)
{
    assert_sv(run(layouts[2]), SV(WEVTUTIL_LINE(SAYS("a")) WEVTUTIL_LINE(SAYS("b"))));
}

Test(text, a_message_keeps_its_empty_lines)
{
    options.selector = &everything;
    GIVES(WEVTUTIL("0", "9646", "one\r\n\r\nEvent ID: 7\r\ntwo"), WEVTUTIL_LINE("one^~^~Event ID: 7^~two"));
}

Test(text, psloglist_output)
{
    assert_sv(run(layouts[3]), SV(PSLOGLIST_LINE("1", SAYS("a")) PSLOGLIST_LINE("3", SAYS("b"))));
}

Test(text, get_winevent_as_list)
{
    assert_sv(run(layouts[4]), SV(WINEVENT_LINE("1", "a") WINEVENT_LINE("3", "b")));
}

Test(text, get_eventlog_as_list_tells_the_id_only_with_32_bits)
{
    assert_sv(run(layouts[5]), SV(EVENTLOG_LINE("1", "a") EVENTLOG_LINE("3", "b")));
}

Test(text, a_page_gives_its_events_and_no_damage)
{
    run(layouts[6]);
    cr_assert_eq(sv_find(buf_sv(&output), SV("SKIP")), SV_NPOS);
    for (const char *user = "abc"; *user; user++) {
        char want[] = "cn=?\" exceeded";
        want[3] = *user;
        cr_assert_neq(sv_find(buf_sv(&output), sv_from(want)), SV_NPOS, "%s", want);
    }
}

Test(text, a_thousand_events_without_a_gap_are_all_found)
{
    for (int i = 0; i < 1000; i++)
        buf_lit(&other, "Event ID: 9646\nType: Error\nSource: MSExchangeIS\nDescription:\n" SAYS("a") "\n");
    run(buf_sv(&other));
    size_t events = 0;
    for (size_t i = 0; i < output.n; i++)
        events += output.p[i] == '\n';
    cr_assert_eq(events, 1000);
}

Test(text, a_bare_sentence_is_an_event_of_msexchangeis)
{
    GIVES(SAYS("a") "\n", "EVENT provider=MSExchangeIS id=9646 message=" SAYS("a") " \n");
    GIVES("The cat sat. Mapi session \"x\" exceeded itself.\n", "");
}

Test(text, entities_and_tags_are_undone)
{
    GIVES("&lt;P&gt;Event Type: Error &lt;BR&gt;Event Source: MSExchangeIS&lt;BR&gt;Event ID: &lt;SPAN "
          "class=k&gt;9646&lt;/SPAN&gt;&lt;BR&gt;Description:&lt;BR&gt;Mapi session "
          "\"/o=&amp;lt;org&amp;gt;/ou=S"
          "/cn=u\" exceeded the maximum of 32 objects of type \"session\". &lt;BR&gt;&lt;/P&gt;\n",
          "EVENT provider=MSExchangeIS id=9646 level=2 level_text=Error message=Mapi session "
          "\"/o=<org>/ou=S/cn=u\" exceeded the maximum of 32 objects of type \"session\". \n");
}

static void check_original(struct sv text, struct sv original, uint64_t offset)
{
    struct bytes bytes = {text.p, text.n};
    struct input in = {&bytes, read_bytes, text.n, true};
    struct parser *p = open_at(&in, &beginning);
    struct step s;
    parser_text.next(p, &event, &s);
    cr_assert_eq(s.kind, STEP_EVENT);
    assert_sv(event.original, original);
    cr_assert_eq(event.offset, offset);
    cr_assert_leq(event.length, text.n - offset);
    parser_text.close(p);
}

Test(text, the_original_is_the_event_without_the_prose_around_it)
{
    check_original(
        SV("Before.\n\nEvent ID: 9646\nSource: MSExchangeIS\nDescription:\n" SAYS("a") "\n\nBehind.\n"),
        SV("Event ID: 9646\nSource: MSExchangeIS\nDescription:\n" SAYS("a")), 9);
    check_original(SV("\n" WEVTUTIL("0", "9646", "x")), sv_trim(SV(WEVTUTIL("0", "9646", "x"))), 1);
}

/* --- languages, times, encodings --- */

Test(text, labels_and_levels_in_every_language)
{
    static const struct {
        const char *type, *source, *id, *level, *description;
    } words[] = {
        {"Ereignistyp", "Ereignisquelle", "Ereigniskennung", "Fehler", "Beschreibung"},
        {"Tipo evento", "Origine evento", "ID evento", "Errore", "Descrizione"},
        {"イベントの種類", "イベント ソース", "イベントID", "エラー", "説明"},
        {"Type de l’événement", "Source de l’événement", "ID de l’événement", "Erreur", "Description"},
        {"Tipo de suceso", "Origen del suceso", "Id. suceso", "Error", "Descripción"},
        {"Tipo de evento", "Fonte do evento", "Identificação de evento", "Erro", "Descrição"},
        {"Type gebeurtenis", "Bron van gebeurtenis", "Gebeurtenis-ID", "Fout", "Beschrijving"},
        {"Тип события", "Источник события", "Код события", "Ошибка", "Описание"},
        {"事件类型", "事件来源", "事件 ID", "错误", "描述"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        buf_reset(&other);
        buf_printf(&other, "%s:\t%s\r\n%s :\tMSExchangeIS\r\n%s:\t9646\r\n%s:\r\n", words[i].type,
                   words[i].level, words[i].source, words[i].id, words[i].description);
        buf_lit(&other, SAYS("a") "\r\n");
        run(buf_sv(&other));
        struct sv want = SV("EVENT provider=MSExchangeIS id=9646 level=2 ");
        cr_expect(sv_starts(buf_sv(&output), want), "%s: %.*s", words[i].type, SV_ARG(buf_sv(&output)));
        cr_expect_geq(probe(buf_sv(&other)), 80, "%s", words[i].type);
    }
}

#define DATED(label, date) label ": 9646\nSource: MSExchangeIS\nDate: " date "\nDescription:\n" SAYS("a") "\n"

/* The field of the first event, or "none". */
static struct sv field(const char *name)
{
    size_t at = sv_find(buf_sv(&output), sv_from(name));
    struct sv v = sv_slice(buf_sv(&output), at == SV_NPOS ? output.n : at + strlen(name), output.n);
    return v.n ? sv_slice(v, 0, sv_find_char(v, ' ')) : SV("none");
}

static struct sv time_of(struct sv text)
{
    run(text);
    return field(" time=");
}

Test(text, a_date_that_can_be_read_in_two_ways_follows_setting_then_file_then_language)
{
    assert_sv(time_of(SV(DATED("Event ID", "4/12/2009 04:27:56"))), SV("2009-04-12T04:27:56Z"));
    assert_sv(time_of(SV("Event ID: 1\nDate: 25/12/2009 01:00:00\n" DATED("Event ID", "4/12/2009 04:27:56"))),
              SV("2009-12-04T04:27:56Z"));
    assert_sv(time_of(SV(DATED("ID evento", "4/12/2009 04:27:56"))), SV("2009-12-04T04:27:56Z"));
    options.date_order = DATE_ORDER_DMY;
    assert_sv(time_of(SV(DATED("Event ID", "4/12/2009 04:27:56"))), SV("2009-12-04T04:27:56Z"));
}

Test(text, a_later_date_does_not_change_an_earlier_event)
{
    struct sv text =
        SV(DATED("Event ID", "4/12/2009 04:27:56") "1\n2\n3\n4\n5\n6\n7\n8\n9\nDate: 25/12/2009\n");
    assert_sv(time_of(text), SV("2009-04-12T04:27:56Z"));
}

Test(text, local_times_go_through_the_zone_of_the_source)
{
    struct zone zone = zone_fixed(2 * 3600);
    options.zone = &zone;
    assert_sv(time_of(SV(DATED("Event ID", "2009-12-04 04:27:56"))), SV("2009-12-04T02:27:56Z"));
    assert_sv(field(" zone="), SV("+02:00"));
    assert_sv(time_of(SV(DATED("Event ID", "dd/mm/yyyyhh:mm:ss"))), SV("none"));
    cr_assert(sv_starts(buf_sv(&output), SV("EVENT ")));
}

static struct sv utf16le(struct sv v)
{
    buf_reset(&other);
    buf_lit(&other, "\xff\xfe");
    for (size_t i = 0; i < v.n; i++) {
        buf_putc(&other, v.p[i]);
        buf_putc(&other, '\0');
    }
    return buf_sv(&other);
}

Test(text, every_layout_in_utf_16)
{
    for (size_t i = 0; i < LAYOUTS; i++) {
        run(utf16le(layouts[i]));
        char *got = strndup(output.p, output.n);
        run(layouts[i]);
        assert_sv(sv_from(got), buf_sv(&output));
        free(got);
    }
}

Test(text, a_code_page_of_the_source)
{
    options.code_page = CODE_PAGE_WINDOWS_1251;
    GIVES(
        "\xd2\xe8\xef \xf1\xee\xe1\xfb\xf2\xe8\xff: \xce\xf8\xe8\xe1\xea\xe0\n"
        "\xc8\xf1\xf2\xee\xf7\xed\xe8\xea \xf1\xee\xe1\xfb\xf2\xe8\xff: MSExchangeIS\n"
        "\xca\xee\xe4 \xf1\xee\xe1\xfb\xf2\xe8\xff: 9646\n\xce\xef\xe8\xf1\xe0\xed\xe8\xe5: " SAYS("a") "\n",
        "EVENT provider=MSExchangeIS id=9646 level=2 level_text=Ошибка message=" SAYS("a") " \n");
}

/* --- look-alikes --- */

Test(text, the_number_in_another_place_is_no_event)
{
    GIVES(CLIPBOARD("MSExchangeIS", "19646", "9646"), "");
    GIVES(CLIPBOARD("MSExchangeIS", "96460", "9646"), "");
    GIVES(CLIPBOARD("ESE", "9646", SAYS("a")), "");
    GIVES(CLIPBOARD("MSExchangeIS", "1000", "&lt;EventID&gt;9646&lt;/EventID&gt; <EventID>9646</EventID>"),
          "");
    GIVES("Event ID: 9646 comes from\nSource: MSExchangeIS\n", "");
    GIVES(WEVTUTIL("9646", "7", "Event ID: 9646"), "");
    GIVES(PSLOGLIST("9646", "7", "ID:  9646"), "");
}

Test(text, other_formats_are_not_claimed)
{
    cr_assert_eq(probe(SV("{\"Id\":9646,\"ProviderName\":\"MSExchangeIS\"}\n")), 0);
    cr_assert_eq(probe(SV("[{\"Message\":\"" SAYS("a") "\"}]")), 0);
    cr_assert_eq(probe(SV("\"Message\",\"Id\"\r\n\"Event ID: 9646\",\"9646\"\r\n")), 0);
    cr_assert_eq(probe(SV("#TYPE System.Diagnostics.EventLogEntry\r\n")), 0);
    cr_assert_eq(probe(SV(XML_EVENT)), 0);
    cr_assert_eq(probe(SV("<Objs Version=\"1.1.0.1\"><Obj><S N=\"Message\">Event ID: 9646</S>")), 0);
    cr_assert_eq(probe(SV("<14>Nov 27 10:00:00 h MSWinEventLog\t4\tApplication Event ID: 9646")), 0);
    cr_assert_eq(
        probe(
            SV("Level,Date and Time,Source,Event ID,Task Category\r\nError,2/18/2026,MSExchangeIS,9646\r\n")),
        0);
    cr_assert_eq(probe(SV("ElfFile\0\0\0\0\0")), 0);
    cr_assert_eq(probe(SV("LogName=Application\nEventCode=9646\n")), 0);
    cr_assert_eq(probe(SV("Just a letter: with words.\n")), 0);
    cr_assert_eq(parser_text.probe(SV("Just a letter"), false), PROBE_MORE);
}

Test(text, every_layout_is_recognized)
{
    for (size_t i = 0; i < LAYOUTS; i++)
        cr_expect_geq(probe(layouts[i]), i + 1 < LAYOUTS ? 80 : 20, "layout %zu: %d", i, probe(layouts[i]));
    cr_expect(probe(SV(SAYS("a"))) > 0 && probe(SV(SAYS("a"))) < 20);
    cr_expect(probe(utf16le(layouts[2])) >= 80);
}

/* --- how it is read does not matter --- */

Test(text, growing_in_any_two_steps_changes_nothing)
{
    for (size_t i = 0; i < LAYOUTS; i++) {
        struct sv text = layouts[i];
        run(text);
        for (size_t cut = 0; cut < text.n; cut++) {
            struct bytes bytes = {text.p, text.n};
            struct input in = {&bytes, read_bytes, cut, false};
            struct parser *p = open_at(&in, &beginning);
            buf_reset(&other);
            drain(p, &other, NULL);
            in.size = text.n;
            drain(p, &other, NULL);
            in.complete = true;
            drain(p, &other, NULL);
            parser_text.close(p);
            cr_assert(sv_eq(buf_sv(&other), buf_sv(&output)), "layout %zu cut at %zu:\n%.*s", i, cut,
                      SV_ARG(buf_sv(&other)));
        }
    }
}

Test(text, growing_byte_by_byte_changes_nothing)
{
    for (size_t i = 0; i < LAYOUTS; i++) {
        struct bytes bytes = {layouts[i].p, layouts[i].n};
        struct input in = {&bytes, read_bytes, 0, false};
        struct parser *p = open_at(&in, &beginning);
        run(layouts[i]);
        buf_reset(&other);
        for (in.size = 1; in.size < bytes.n; in.size++)
            drain(p, &other, NULL);
        in.complete = true;
        drain(p, &other, NULL);
        parser_text.close(p);
        assert_sv(buf_sv(&other), buf_sv(&output));
    }
}

static void check_resume(struct sv text)
{
    struct positions positions = {.count = 0};
    buf_reset(&output);
    run_from(&output, text, beginning, &positions);
    for (size_t k = 0; k < positions.count; k++) {
        buf_reset(&other);
        run_from(&other, text, positions.at[k], NULL);
        assert_sv(buf_sv(&other), sv_slice(buf_sv(&output), positions.length[k], output.n));
    }
}

Test(text, reading_goes_on_at_every_position)
{
    for (size_t i = 0; i < LAYOUTS; i++) {
        check_resume(layouts[i]);
        cr_assert_gt(output.n, 0);
    }
    /* Several events in one line: positions between them. */
    check_resume(SV("Event Type:ErrorEvent Source:MSExchangeISEvent ID:9646Description:" SAYS(
        "a") "Event Type:ErrorEvent Source:ESEEvent ID:9646Description:" SAYS("x") "Event "
                                                                                   "Type:ErrorEvent "
                                                                                   "Source:"
                                                                                   "MSExchangeISEvent "
                                                                                   "ID:"
                                                                                   "9646Description"
                                                                                   ":" SAYS("b") "\n"));
    cr_assert_neq(sv_find(buf_sv(&output), SV("cn=b\"")), SV_NPOS);
}

Test(text, a_position_of_other_content_is_refused)
{
    struct bytes bytes = {layouts[2].p, layouts[2].n};
    struct input in = {&bytes, read_bytes, bytes.n, true};
    struct position from = {.offset = 100, .check = 12345};
    struct fault f = {0};
    cr_assert_null(parser_text.open(&in, &from, &options, &f));
    cr_assert_eq(f.code, FAULT_REPLACED);
}

/* --- damage --- */

Test(text, cut_at_every_byte)
{
    for (size_t i = 0; i < LAYOUTS; i++)
        for (size_t n = 0; n <= layouts[i].n; n++) {
            /* A copy of the exact size lets the sanitizer see a step over the end. */
            char *copy = malloc(n + 1);
            memcpy(copy, layouts[i].p, n);
            run(sv_make(copy, n));
            struct sv first = sv_make(copy, n);
            probe(first);
            free(copy);
        }
}

Test(text, flipped_bytes)
{
    uint32_t noise = 9646;
    for (size_t i = 0; i < LAYOUTS; i++)
        for (int round = 0; round < 300; round++) {
            char *copy = malloc(layouts[i].n);
            memcpy(copy, layouts[i].p, layouts[i].n);
            for (int flip = 0; flip < 4; flip++) {
                noise = noise * 1664525 + 1013904223;
                copy[(noise >> 8) % layouts[i].n] ^= (char)(1 << (noise >> 4 & 7));
            }
            options.selector = round & 1 ? &everything : &nine;
            run(sv_make(copy, layouts[i].n));
            free(copy);
        }
}

Test(text, a_damaged_record_costs_itself_alone)
{
    GIVES(
        WEVTUTIL("0", "9646", SAYS("a")) "Event[1]:\r\n  Log Na\xff\x01\r\n" WEVTUTIL("2", "9646", SAYS("b")),
        WEVTUTIL_LINE(SAYS("a")) WEVTUTIL_LINE(SAYS("b")));
    GIVES(WEVTUTIL("0", "9646", SAYS("a")) "Event[1]:\r\n  Event ID: 96" WEVTUTIL("2", "9646", SAYS("b")),
          WEVTUTIL_LINE(SAYS("a")));
}

Test(text, a_record_that_is_too_long_is_passed_over)
{
    buf_lit(&other, "Event[0]:\n  Event ID: 9646\n  Source: MSExchangeIS\n  Description:\n");
    for (size_t i = 0; i < EVENT_TEXT_MAX / 60 + 10; i++)
        buf_lit(&other, "so many bytes in each of the lines make a record too long..\n");
    buf_lit(&other, WEVTUTIL("1", "9646", SAYS("b")));
    run(buf_sv(&other));
    cr_assert(sv_starts(buf_sv(&output), SV("SKIP ")), "%.*s", SV_ARG(buf_sv(&output)));
    cr_assert(sv_ends(buf_sv(&output), SV("the record is longer than 1 MiB\n" WEVTUTIL_LINE(SAYS("b")))));
}

Test(text, prose_without_end_behind_a_block_does_not_cost_the_block)
{
    buf_lit(&other,
            "Event Type: Error\nEvent Source: MSExchangeIS\nEvent ID: 9646\nDescription:\n" SAYS("a") "\n");
    for (size_t i = 0; i < EVENT_TEXT_MAX / 30 + 10; i++)
        buf_lit(&other, "some thirty bytes of prose ...\n");
    run(buf_sv(&other));
    cr_assert(
        sv_starts(buf_sv(&output),
                  SV("EVENT provider=MSExchangeIS id=9646 level=2 level_text=Error message=" SAYS("a"))));
}

/* --- the rest of the contract --- */

Test(text, the_end_lies_behind_the_last_whole_line)
{
    struct bytes bytes = {layouts[2].p, layouts[2].n};
    struct input in = {&bytes, read_bytes, bytes.n, false};
    struct position end;
    cr_assert(parser_text.end(&in, &end, NULL));
    cr_assert_eq(end.offset, layouts[2].n);
    buf_reset(&output);
    run_from(&output, layouts[2], end, NULL);
    cr_assert_eq(output.n, 0);
}

Test(text, what_holds_the_number_and_is_not_wanted_is_counted)
{
    struct bytes bytes = {layouts[3].p, layouts[3].n};
    struct input in = {&bytes, read_bytes, bytes.n, true};
    struct parser_counts counts;
    struct parser *p = open_at(&in, &beginning);
    drain(p, &output, NULL);
    parser_text.counts(p, &counts);
    cr_assert(counts.rejected == 1 && !counts.counts_records);
    parser_text.close(p);
    options.selector = &everything;
    p = open_at(&in, &beginning);
    drain(p, &output, NULL);
    parser_text.counts(p, &counts);
    cr_assert(counts.records == 3 && counts.counts_records);
    parser_text.close(p);
}

Test(text, the_stable_prefix_is_the_beginning)
{
    cr_assert_eq(parser_text.stable_prefix(SV("Event[0]:")), 9);
    cr_assert_eq(parser_text.stable_prefix(sv_make(layouts[1].p, layouts[1].n)), 1024);
}

Test(text, every_label_that_begins_a_block_is_a_mark_of_it)
{
    static const char *const first[] = {
        "Log Name",       "Protokollname",    "Event Type",          "Nome do Log",
        "Nom du journal", "Logboeknaam",      "Nome registro",       "Nombre de registro",
        "Tipo de suceso", "Tipo evento",      "Tipo de evento",      "Nome do Registo",
        "Ereignistyp",    "Type gebeurtenis", "Type de l'événement", "Type d'événement",
        "事件类型",       "ログの名前",       "Тип события",         "日志名称",
        "Имя журнала",    "イベントの種類"};
    static const struct {
        const char *before, *behind;
    } written[] = {{"", ": x"}, {"a: b ", " : x"}, {"", ":"}, {" ", "\xc2\xa0: x"}, {"x ", "\xef\xbc\x9a x"}};
    char line[256];
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        for (size_t k = 0; k < sizeof written / sizeof *written; k++) {
            snprintf(line, sizeof line, "%s%s%s", written[k].before, first[i], written[k].behind);
            cr_assert(text_page_begins_block(sv_from(line)), "%s", line);
        }
    cr_assert_not(text_page_begins_block(SV("Event ID: 9646 Source: x Time: 10:00 http://a")));
    cr_assert_not(text_page_begins_block(SV("Prototype: x, time: y")));
}

Test(text, a_mark_is_found_wherever_it_stands_in_a_long_text)
{
    char text[2100];
    for (size_t at = 0; at < sizeof text - 16; at += 7)
        for (int wide = 0; wide < 2; wide++) {
            memset(text, 'a', sizeof text);
            memcpy(text + at, wide ? "a\xe9\xa1\x9e\xef\xbc\x9a" : "Event Type:", wide ? 7 : 11);
            cr_assert_eq(text_first_label_mark(sv_make(text, sizeof text)), at + (wide ? 4 : 10));
        }
    memset(text, 'a', sizeof text);
    cr_assert_eq(text_first_label_mark(sv_make(text, sizeof text)), sizeof text);
}
