/* SPDX-License-Identifier: Apache-2.0 */
/* Event XML in every layout and encoding, cut, damaged and full of look-alikes. */
#include "export_bytes.h"
#include "utf.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

/* Whole exports stand here as literals, longer than ISO C promises to take. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

extern const struct parser_ops parser_xml;

static struct buf dump;
static struct selector nine;

static void setup(void)
{
    buf_init(&dump, 64 << 20);
    selector_init_default(&nine);
}

static void teardown(void)
{
    buf_free(&dump);
}

TestSuite(xml, .init = setup, .fini = teardown);

/* One line that holds everything that is known about an event. */
static void put_event(struct buf *b, const struct event *e)
{
    put_field(b, "provider", e->provider);
    put_field(b, "source", e->event_source_name);
    put_number(b, "id", e->event_id);
    put_number(b, "qualifiers", e->qualifiers);
    put_number(b, "level", e->level);
    put_number(b, "task", e->task);
    put_number(b, "keywords", e->keywords);
    put_field(b, "time", e->time_text);
    put_number(b, "record", e->record_id);
    put_number(b, "pid", e->process_id);
    put_field(b, "channel", e->channel);
    put_field(b, "computer", e->computer);
    for (size_t i = 0; i < e->data_count; i++)
        put_field(b, "data", e->data[i].value);
    put_field(b, "binary", e->binary);
    put_field(b, "culture", e->culture);
    put_field(b, "message", e->message);
    put_field(b, "level_text", e->level_text);
    for (size_t i = 0; i < e->keyword_text_count; i++)
        put_field(b, "keyword", e->keyword_texts[i]);
    if (e->text_replaced)
        buf_lit(b, "replaced ");
    if (e->cut)
        buf_lit(b, "cut ");
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
                              const struct selector *selector)
{
    struct fault f = {0};
    struct parser *p = parser_xml.open(in, from, &(struct parser_options){.selector = selector}, &f);
    cr_assert_not_null(p, "open: %s", f.text);
    return p;
}

static struct event event;

/* Everything that the rest of the input gives from a position on. */
static void run_from(struct buf *b, struct sv text, const struct position *from,
                     const struct selector *selector, bool places)
{
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, text.n, true};
    struct parser *p = open_at(&in, from, selector);
    struct step s;
    for (size_t steps = 0;; steps++) {
        cr_assert_lt(steps, 1000000, "the parser comes to an end");
        parser_xml.next(p, &event, &s);
        if (s.kind == STEP_MORE || s.kind == STEP_FATAL)
            break;
        put_step(b, &event, &s, places);
    }
    cr_assert_eq(s.kind, STEP_MORE);
    cr_assert_leq(s.pos.offset, text.n);
    parser_xml.close(p);
}

static struct sv run_with(struct sv text, const struct selector *selector, bool places)
{
    struct position start = {0};
    buf_reset(&dump);
    run_from(&dump, text, &start, selector, places);
    return buf_sv(&dump);
}

/* The events of an export, one a line. */
static struct sv run(struct sv text)
{
    return run_with(text, &nine, false);
}

static struct sv everything(struct sv text)
{
    static const struct selector all = {.all = true};
    return run_with(text, &all, false);
}

#define assert_sv(got, want)                                                                                 \
    do {                                                                                                     \
        struct sv got_ = (got), want_ = (want);                                                              \
        cr_assert(sv_eq(got_, want_), "got:\n%.*s\nwant:\n%.*s", SV_ARG(got_), SV_ARG(want_));               \
    } while (0)

static void fill(struct buf *b, const char *begin, const char *piece, size_t times, const char *end)
{
    buf_init(b, 32 << 20);
    buf_put(b, sv_from(begin));
    for (size_t i = 0; i < times; i++)
        buf_put(b, sv_from(piece));
    buf_put(b, sv_from(end));
}

/* --- material --- */

#define NS "xmlns='http://schemas.microsoft.com/win/2004/08/events/event'"
#define SYSTEM(provider, id, record)                                                                         \
    "<System><Provider Name='" provider "'/><EventID Qualifiers='49156'>" id "</EventID><Level>2</Level>"    \
    "<Task>6</Task><Keywords>0x80000000000000</Keywords><TimeCreated "                                       \
    "SystemTime='2024-05-22T14:43:53.1670895Z'/>"                                                            \
    "<EventRecordID>" record "</EventRecordID><Correlation/><Execution ProcessID='9646' ThreadID='0'/>"      \
    "<Channel>Application</Channel><Computer>EX1.contoso.com</Computer><Security/></System>"
#define EVENT(provider, id, record, data)                                                                    \
    "<Event " NS ">" SYSTEM(provider, id, record) "<EventData>" data "</EventData></Event>"
#define HIT(record)                                                                                          \
    EVENT("MSExchangeIS", "9646", record,                                                                    \
          "<Data>/o=Org/cn=u" record "</Data><Data>MoMT</Data>"                                              \
          "<Data>32</Data><Data>Session</Data>")
#define OTHER(record)                                                                                        \
    EVENT("Outlook", "1000", record, "<Data>9646 &lt;EventID&gt;9646&lt;/EventID&gt;</Data>")
#define HIT_LINE(record)                                                                                     \
    "EVENT provider=MSExchangeIS id=9646 qualifiers=49156 level=2 task=6 keywords=36028797018963968 "        \
    "time=2024-05-22T14:43:53.1670895Z record=" record " pid=9646 channel=Application "                      \
    "computer=EX1.contoso.com data=/o=Org/cn=u" record " data=MoMT data=32 data=Session \n"

/* The event that KB 980049 publishes. */
static const char published[] =
    "<Event xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\">\r\n"
    "   <System>\r\n"
    "      <Provider Name=\"MSExchangeIS\" />\r\n"
    "      <EventID Qualifiers=\"49158\">9646</EventID>\r\n"
    "      <Level>2</Level>\r\n"
    "      <Task>6</Task>\r\n"
    "      <Keywords>0x80000000000000</Keywords>\r\n"
    "      <TimeCreated SystemTime=\"SystemTime\" />\r\n"
    "      <EventRecordID>126268</EventRecordID>\r\n"
    "      <Channel>Application</Channel>\r\n"
    "      <Computer>Servername.contoso.com</Computer>\r\n"
    "      <Security />\r\n"
    "   </System>\r\n"
    "   <EventData>\r\n"
    "      <Data>/o=First Organization/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/"
    "cn=E-mailUser</Data>\r\n"
    "      <Data>16</Data>\r\n"
    "      <Data>session</Data>\r\n"
    "      "
    "<Binary>070000005B444941475F4354585D000016000000FFE83A00000000000002080000003A67F01FFE000000</"
    "Binary>\r\n"
    "   </EventData>\r\n"
    "</Event>";

static const char published_line[] =
    "EVENT provider=MSExchangeIS id=9646 qualifiers=49158 level=2 task=6 keywords=36028797018963968 "
    "time=SystemTime record=126268 channel=Application computer=Servername.contoso.com "
    "data=/o=First Organization/ou=Exchange Administrative Group "
    "(FYDIBOHF23SPDLT)/cn=Recipients/cn=E-mailUser "
    "data=16 data=session "
    "binary=070000005B444941475F4354585D000016000000FFE83A00000000000002080000003A67F01FFE000000 \n";

/* --- layouts --- */

Test(xml, the_published_event_is_read_in_full)
{
    assert_sv(run(sv_from(published)), sv_from(published_line));
    cr_assert_not(event.time.present);
}

Test(xml, the_original_is_the_record_exactly_as_written)
{
    struct sv text = SV("garbage \r\n" HIT("7") "\r\n");
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, text.n, true};
    struct position start = {0};
    struct parser *p = open_at(&in, &start, &nine);
    struct step s;
    parser_xml.next(p, &event, &s);
    cr_assert_eq(s.kind, STEP_EVENT);
    assert_sv(event.original, SV(HIT("7")));
    cr_assert_eq(event.offset, 10);
    cr_assert_eq(event.length, sizeof HIT("7") - 1);
    cr_assert_eq(s.pos.offset, text.n - 2, "the position is behind the record");
    cr_assert(event.time.present && event.time.nsec == 167089500 && event.time.digits == 7);
    parser_xml.close(p);
}

Test(xml, wevtutil_output_without_root_element)
{
    assert_sv(run(SV(HIT("1") "\r\n" OTHER("2") "\r\n" HIT("3") "\r\n")), SV(HIT_LINE("1") HIT_LINE("3")));
    assert_sv(run(SV(HIT("1") HIT("2"))), SV(HIT_LINE("1") HIT_LINE("2")));
}

Test(xml, saved_as_xml_with_declaration_and_root)
{
    assert_sv(run(SV("<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\r\n<Events>" OTHER("1")
                         HIT("2") HIT("3") "</Events>")),
              SV(HIT_LINE("2") HIT_LINE("3")));
}

Test(xml, concatenated_and_appended_exports)
{
    assert_sv(run(SV("\xef\xbb\xbf<?xml version='1.0' encoding='utf-16'?><Events>" HIT(
                  "1") "</Events>"
                       "\xef\xbb\xbf<?xml version='1.0'?><Events>" HIT("2") "</Events>\n" HIT(
                           "3") "\xef\xbb\xbf" HIT("4"))),
              SV(HIT_LINE("1") HIT_LINE("2") HIT_LINE("3") HIT_LINE("4")));
}

Test(xml, namespace_prefixes_are_no_part_of_names)
{
    struct sv got =
        run(SV("<e:Events xmlns:e='x'><e:Event><e:System><e:Provider Name='MSExchangeIS'/><e:EventID>9646"
               "</e:EventID></e:System><e:EventData><e:Data>a</e:Data></e:EventData></e:Event></e:Events>"));
    assert_sv(got, SV("EVENT provider=MSExchangeIS id=9646 data=a \n"));
}

Test(xml, attributes_in_any_order_and_number)
{
    assert_sv(run(SV("<Event a='1' " NS "><System><Provider EventSourceName=\"MSExchangeIS Mailbox Store\"\n"
                     "Guid='{1}' Name=\"X\"/><EventID b='&gt;'\tQualifiers = '49158' "
                     ">9646</EventID></System></Event >")),
              SV("EVENT provider=X source=MSExchangeIS Mailbox Store id=9646 qualifiers=49158 \n"));
}

Test(xml, rendering_info_with_line_breaks_as_references)
{
    struct sv got = run(SV("<Event " NS ">" SYSTEM(
        "MSExchangeIS", "9646", "5") "<EventData><Data>a</Data></EventData><RenderingInfo "
                                     "Culture='de-DE'><Message>Eins&#xD;&#xA;zw&#xF6;lf &amp; "
                                     "\xc3\xbc</Message><Level>Fehler</Level><Task>Allgemein</Task><Opcode></"
                                     "Opcode><Keywords><Keyword>Klassisch"
                                     "</Keyword><Keyword>Zwei</Keyword></Keywords></RenderingInfo></Event>"));
    assert_sv(
        got,
        SV("EVENT provider=MSExchangeIS id=9646 qualifiers=49156 level=2 task=6 keywords=36028797018963968 "
           "time=2024-05-22T14:43:53.1670895Z record=5 pid=9646 channel=Application "
           "computer=EX1.contoso.com data=a culture=de-DE message=Eins\r\nzw\xc3\xb6lf & \xc3\xbc "
           "level_text=Fehler keyword=Klassisch keyword=Zwei \n"));
}

Test(xml, raw_line_breaks_and_cdata_inside_values)
{
    assert_sv(
        run(SV("<Event><System><Provider Name='MSExchangeIS'/><EventID>9646</EventID></System><EventData>"
               "<Data>\n\\\\?\\C:\\a\n</Data><Data><![CDATA[<Event><EventID>1</EventID></Event> ]] > & "
               "x]]></Data>"
               "<Data/></EventData></Event>")),
        SV("EVENT provider=MSExchangeIS id=9646 data=\n\\\\?\\C:\\a\n "
           "data=<Event><EventID>1</EventID></Event> "
           "]] > & x data= \n"));
}

Test(xml, blanks_comments_and_cdata_around_the_id)
{
    static const char *const ids[] = {
        "<EventID>\r\n  9646\r\n  </EventID>", "<EventID\n>9646 </EventID >",
        "<EventID><![CDATA[9646]]></EventID>", "<EventID><!-- 1 -->9646<!-- 2 --></EventID>",
        "<EventID>9646<?pi?></EventID>",
    };
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char text[512];
        int n = snprintf(text, sizeof text,
                         "<Event><System><Provider Name='MSExchangeIS'/>%s</System></Event>", ids[i]);
        assert_sv(run(sv_make(text, (size_t)n)), SV("EVENT provider=MSExchangeIS id=9646 \n"));
    }
}

Test(xml, comments_between_and_inside_records)
{
    assert_sv(run(SV("<!-- 9646 --><Events><!-- " HIT("1") " -->" HIT("2") "<!---->" HIT("3") "</Events>")),
              SV(HIT_LINE("2") HIT_LINE("3")));
}

/* A comment sends a record the long way, through expat, without changing what it says. */
static void assert_both_ways_agree(struct sv record)
{
    struct buf long_way, want;
    buf_init(&long_way, 1 << 20);
    buf_init(&want, 1 << 20);
    size_t end = sv_rfind(record, SV("</"));
    buf_put(&long_way, sv_slice(record, 0, end));
    buf_lit(&long_way, "<!---->");
    buf_put(&long_way, sv_slice(record, end, record.n));
    buf_put(&want, everything(buf_sv(&long_way)));
    assert_sv(everything(record), buf_sv(&want));
    buf_free(&long_way);
    buf_free(&want);
}

Test(xml, the_short_way_through_a_record_tells_the_same_as_expat)
{
    static const char *const insides[] = {
        "",
        "<Data>a</Data><Data></Data><Data/><Data />",
        "<Data>a&amp;b&lt;c&gt;d&quot;e&apos;f&#65;&#x42;&#xD;&#xA;&#x1F600;&#9;</Data>",
        "<Data>&amp</Data>",
        "<Data>&nbsp;</Data>",
        "<Data>&#;</Data>",
        "<Data>&#x;</Data>",
        "<Data>&#x0x41;</Data>",
        "<Data>&#xD800;</Data>",
        "<Data>&#1;</Data>",
        "<Data>& </Data>",
        "<Data>a\r\nb\rc\nd\te</Data>",
        "<Data>a]b]]c]></Data>",
        "<Data>a]]>b</Data>",
        "<Data>\x7f\x01</Data>",
        "<Data>\xc3\xbc \xef\xbf\xbd \xef\xbf\xbe</Data>",
        "<Data>\xc3</Data>",
        "<Data Name='a'>b</Data><Data Name=\"it's\">b</Data><Data\nName = 'x'\n>b</Data\n>",
        "<Data Name='a&amp;b'>c</Data>",
        "<Data Name='a\nb\tc'>d</Data>",
        "<Data Name='a<b'>c</Data>",
        "<Data Name='a' Name='b'>c</Data>",
        "<Data Name='a'x='b'>c</Data>",
        "<Data Name=a>c</Data>",
        "<Data Name>c</Data>",
        "<Data a='1' b='2' c='3' d='4' e='5' f='6' g='7' h='8' Name='n'>c</Data>",
        "<Data>a</data>",
        "<Data>a</Dat></Data>",
        "<Data>a</Data x>",
        "<1>a</1>",
        "<\xc3\xbc>a</\xc3\xbc>",
        "<:a>b</:a>",
        "<x:Data>b</x:Data>",
        "<Data><b>c</b>d</Data>",
        "<MyEvent>a</MyEvent>",
        "<Event/>",
        "<Eventful>9</Eventful>",
        "< a>b</a>",
        "<a >b</ a>",
        "<a/ >",
        "<?pi?>",
        "<Data><![CDATA[x]]></Data>",
        "<!DOCTYPE a>",
        "<Binary>0A</Binary>",
    };
    for (size_t i = 0; i < sizeof insides / sizeof *insides; i++) {
        struct buf record;
        fill(&record,
             "<Event><System><Provider Name='MSExchangeIS'/><EventID>9646</EventID></System><EventData>",
             insides[i], 1, "</EventData></Event>");
        assert_both_ways_agree(buf_sv(&record));
        buf_free(&record);
    }
    assert_both_ways_agree(sv_from(published));
    assert_both_ways_agree(SV(HIT("1")));
    assert_both_ways_agree(SV(OTHER("1")));
}

/* --- look-alikes --- */

#define DECOYS                                                                                               \
    EVENT("MSExchangeIS", "19646", "1", "")                                                                  \
    EVENT("MSExchangeIS", "96460", "2", "")                                                                  \
    EVENT("MSExchangeIS", "1000", "9646", "<Data>9646</Data>")                                               \
    EVENT("MSExchangeISx", "0", "3", "")                                                                     \
    EVENT("MSExchangeIS", "1000", "4", "<Data>&lt;EventID&gt;9646&lt;/EventID&gt; event 9646.</Data>")       \
    EVENT("MSExchangeIS", "1000", "5", "<Data>a &gt;9646</Data><Data> 9646 </Data>")                         \
    EVENT("Application Error", "9646", "6", "")                                                              \
    EVENT("XMSExchangeIS", "9646", "7", "")                                                                  \
    "<Event><System><Provider "                                                                              \
    "Name='MSExchangeIS'/><EventID>1</EventID></System><UserData><EventID>9646</EventID>"                    \
    "</UserData></Event>" EVENT("MSExchangeIS", "1001", "8", "<Data><![CDATA[" HIT("99") "]]></Data>")       \
        EVENT("MSExchangeIS", "1002", "9", "<Data><![CDATA[" HIT("98") HIT("97") HIT("96") "]]></Data>")     \
            EVENT("MSExchangeIS", "1003", "10",                                                              \
                  "<!-- " HIT("95") " -->") "<Event><System><Provider EventSourceName='Other' "              \
                                            "Name='MSExchangeIS'/><EventID>9646</EventID></"                 \
                                            "System></Event>"                                                \
                                            "<![CDATA[" HIT("94") "]]>\n9646</EventID> >9646</EventID>\n"

Test(xml, look_alikes_are_never_taken)
{
    assert_sv(run(SV(DECOYS HIT("50") DECOYS HIT("51"))), SV(HIT_LINE("50") HIT_LINE("51")));
}

Test(xml, walking_every_record_takes_the_same_events)
{
    struct sv text = SV(DECOYS HIT("50") DECOYS HIT("51"));
    struct selector both = nine;
    both.rules[both.count++] = (struct selector_rule){SV("Nobody"), 7, false};
    assert_sv(run_with(text, &both, false), SV(HIT_LINE("50") HIT_LINE("51")));
    cr_assert_eq(count_lines(everything(text), "EVENT"), 2 * 13 + 2);
}

Test(xml, counts_tell_what_they_know)
{
    struct sv text = SV(DECOYS HIT("50"));
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, text.n, true};
    struct selector selectors[2] = {nine, {.all = true}};
    for (int all = 0; all < 2; all++) {
        struct position start = {0};
        struct parser *p = open_at(&in, &start, &selectors[all]);
        struct parser_counts counts;
        struct step s;
        do
            parser_xml.next(p, &event, &s);
        while (s.kind != STEP_MORE);
        parser_xml.counts(p, &counts);
        cr_assert_eq(counts.counts_records, all == 1);
        if (all)
            cr_assert_eq(counts.records, 14);
        else
            cr_assert_gt(counts.rejected, 0);
        parser_xml.close(p);
    }
}

/* The steps of an input that grows to each of the sizes that next_size gives. */
static void run_growing(struct buf *b, struct sv text, const struct selector *selector, size_t (*more)(void))
{
    struct bytes bytes = {text.p, 0, 0};
    struct input in = {&bytes, read_bytes, 0, false};
    struct position start = {0};
    struct parser *p = open_at(&in, &start, selector);
    struct step s;
    for (;;) {
        parser_xml.next(p, &event, &s);
        put_step(b, &event, &s, true);
        if (s.kind != STEP_MORE)
            continue;
        if (in.complete)
            break;
        bytes.n += more();
        bytes.n = bytes.n > text.n ? text.n : bytes.n;
        in.size = bytes.n;
        in.complete = bytes.n == text.n;
    }
    parser_xml.close(p);
}

static size_t by_one(void)
{
    return 1;
}

static uint32_t seed;

static uint32_t noise(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

static size_t by_some(void)
{
    return noise() % 400;
}

static void assert_growth_changes_nothing(struct sv text)
{
    struct selector selectors[2] = {nine, {.all = true}};
    for (int all = 0; all < 2; all++) {
        struct buf whole, grown;
        struct position start = {0};
        buf_init(&whole, 1 << 20);
        buf_init(&grown, 1 << 20);
        run_from(&whole, text, &start, &selectors[all], true);
        run_growing(&grown, text, &selectors[all], by_one);
        assert_sv(buf_sv(&grown), buf_sv(&whole));
        for (seed = 1; seed < 20; seed++) {
            buf_reset(&grown);
            run_growing(&grown, text, &selectors[all], by_some);
            assert_sv(buf_sv(&grown), buf_sv(&whole));
        }
        buf_free(&whole);
        buf_free(&grown);
    }
}

/* --- encodings --- */

Test(xml, utf16_of_both_endians_with_and_without_bom)
{
    struct sv text = SV("<?xml version='1.0' encoding='utf-8'?><Events>" DECOYS HIT(
        "1") "\r\n<!-- ! -->\xe2\x84\xa2"
             "\xf0\x9f\x98\x80" HIT("2") "</Events>\r\n");
    for (int form = 0; form < 4; form++) {
        struct sv wide = utf16(text, form & 1, form & 2);
        assert_sv(run(wide), SV(HIT_LINE("1") HIT_LINE("2")));
        cr_assert_eq(event.length, 2 * (sizeof HIT("2") - 1));
        cr_assert_eq(count_lines(everything(wide), "EVENT"), 13 + 2);
        free_sv(wide);
    }
}

Test(xml, utf16_values_keep_their_characters)
{
    struct sv wide =
        utf16(SV("<Event><System><Provider Name='MSExchangeIS'/><EventID>9646</EventID></System>"
                 "<EventData><Data>M\xc3\xbcller \xe4\xb8\xad \xf0\x9f\x98\x80</Data></EventData></Event>"),
              false, true);
    assert_sv(run(wide),
              SV("EVENT provider=MSExchangeIS id=9646 data=M\xc3\xbcller \xe4\xb8\xad \xf0\x9f\x98\x80 \n"));
    free_sv(wide);
}

Test(xml, a_comment_at_the_beginning_of_utf16_without_bom)
{
    for (int big = 0; big < 2; big++) {
        struct sv wide = utf16(SV("<!-- " HIT("1") " -->" HIT("2")), big, false);
        assert_sv(run(wide), SV(HIT_LINE("2")));
        free_sv(wide);
    }
}

/* "<!--->" opens a comment and holds the end of one. */
Test(xml, comment_marks_that_share_bytes_are_told_the_same_however_they_come)
{
    struct sv text =
        SV("<Event><EventID><!--->9646</Eve>>-<!--->9646</Event>" HIT("1") "<!-->" HIT("2") "-->");
    assert_growth_changes_nothing(text);
    struct sv got = run(text);
    cr_assert_neq(sv_find(got, SV(HIT_LINE("1"))), SV_NPOS);
    cr_assert_eq(sv_find(got, SV(HIT_LINE("2"))), SV_NPOS, "<!--> only opens a comment");
}

/* Half of a character at either side of a tag's name makes it another name. */
Test(xml, a_torn_name_in_utf16_waits_for_nothing)
{
    struct sv wide = utf16(SV("<e:Event><e:EventID>9646</e:EventID></e:Event>" HIT("1")), true, false);
    char *torn = malloc(wide.n);
    for (size_t at = 0; at < 60; at++) {
        memcpy(torn, wide.p, at);
        memcpy(torn + at, wide.p + at + 1, wide.n - at - 1);
        assert_growth_changes_nothing(sv_make(torn, wide.n - 1));
    }
    free(torn);
    free_sv(wide);
}

Test(xml, an_odd_byte_in_utf16_costs_one_record)
{
    struct sv wide = utf16(SV(HIT("1") HIT("2") HIT("3")), false, false);
    size_t at = (sizeof HIT("1") - 1) * 2 + 401;
    char *bent = malloc(wide.n + 1);
    memcpy(bent, wide.p, at);
    bent[at] = 'x';
    memcpy(bent + at + 1, wide.p + at, wide.n - at);
    struct sv got = run(sv_make(bent, wide.n + 1));
    cr_assert_eq(count_lines(got, "EVENT"), 2, "%.*s", SV_ARG(got));
    cr_assert_neq(sv_find(got, SV("record=1 ")), SV_NPOS);
    cr_assert_neq(sv_find(got, SV("record=3 ")), SV_NPOS);
    free(bent);
    free_sv(wide);
}

Test(xml, invalid_bytes_become_replacement_characters)
{
    assert_sv(
        run(SV("<Event><System><Provider Name='MSExchangeIS'/><EventID>9646</EventID></System><EventData>"
               "<Data>M\xfcller \xc3(</Data></EventData></Event>")),
        SV("EVENT provider=MSExchangeIS id=9646 data=M\xef\xbf\xbdller \xef\xbf\xbd( replaced \n"));
}

Test(xml, characters_that_xml_forbids_do_not_lose_the_record)
{
    assert_sv(
        run(SV("<Event><System><Provider Name='MSExchangeIS'/><EventID>9646</EventID></System><EventData>"
               "<Data>a\x01"
               "b&#x1;c&#0;d&#xFFFF;e\xef\xbf\xbf&#99999999999999999999;f&#10;g</Data></EventData>"
               "</Event>")),
        SV("EVENT provider=MSExchangeIS id=9646 data=a\xef\xbf\xbd"
           "b\xef\xbf\xbd"
           "c\xef\xbf\xbd"
           "d\xef\xbf\xbd"
           "e\xef\xbf\xbd\xef\xbf\xbd"
           "f\ng replaced \n"));
}

/* --- damage --- */

static void assert_skipped(struct sv bad, const char *reason)
{
    struct buf text;
    char line[256];
    buf_init(&text, 16 << 20);
    buf_lit(&text, HIT("1"));
    buf_put(&text, bad);
    buf_lit(&text, HIT("2"));
    int n = snprintf(line, sizeof line, "SKIP @%zu+%zu %s\n", sizeof HIT("1") - 1, bad.n, reason);
    struct sv got = run_with(buf_sv(&text), &nine, true);
    cr_assert_neq(sv_find(got, sv_make(line, (size_t)n)), SV_NPOS, "want %sin:\n%.*s", line, SV_ARG(got));
    cr_assert_eq(count_lines(got, "EVENT"), 2, "the neighbours are unharmed");
    cr_assert_eq(count_lines(got, "SKIP"), 1);
    buf_free(&text);
}

#define BROKEN(inside)                                                                                       \
    "<Event><System><Provider Name='MSExchangeIS'/><EventID>9646</EventID></System>" inside "</Event>"

Test(xml, damage_costs_the_damaged_record_only)
{
    assert_skipped(SV(BROKEN("<Data>")), "the XML is not well-formed");
    assert_skipped(SV(BROKEN("</r>")), "the XML is not well-formed");
    assert_skipped(SV(BROKEN("&unknown;")), "the XML is not well-formed");
    assert_skipped(SV(BROKEN("a < b")), "the XML is not well-formed");
    assert_skipped(SV("<Event><System><EventID>9646</EventID></System>"),
                   "another record begins before the end of this one");
}

Test(xml, declarations_inside_a_record_are_damage)
{
    assert_skipped(SV(BROKEN("<!DOCTYPE a [<!ENTITY b 'c'>]>")), "the XML is not well-formed");
    assert_skipped(SV(BROKEN("<!ENTITY b 'c'>")), "the XML is not well-formed");
}

Test(xml, entities_declared_before_the_events_are_unknown)
{
    struct sv got = run(SV("<!DOCTYPE Events [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><Events>" HIT("1")
                               BROKEN("<EventData><Data>&b;</Data></EventData>") HIT("2") "</Events>"));
    assert_sv(got, SV(HIT_LINE("1") "SKIP the XML is not well-formed\n" HIT_LINE("2")));
}

#define HEAD "<Event><System><Provider Name='MSExchangeIS'/><EventID>9646</EventID></System><EventData>"

Test(xml, nesting_attributes_and_elements_have_limits)
{
    struct buf text;
    fill(&text, HEAD, "<a>", 63, "</Event>");
    assert_skipped(buf_sv(&text), "elements are nested too deeply");
    buf_free(&text);
    fill(&text, HEAD, "<a/>", 16384, "</EventData></Event>");
    assert_skipped(buf_sv(&text), "too many elements");
    buf_free(&text);
    fill(&text, HEAD "<a", "", 0, "");
    for (int i = 0; i < 257; i++)
        buf_printf(&text, " a%d='1'", i);
    buf_lit(&text, "/></EventData></Event>");
    assert_skipped(buf_sv(&text), "too many attributes");
    buf_free(&text);
}

Test(xml, nesting_and_attributes_at_the_limit_are_read)
{
    struct buf text;
    fill(&text, HEAD, "<a>", 62, "");
    for (int i = 0; i < 62; i++)
        buf_lit(&text, "</a>");
    buf_lit(&text, "<b");
    for (int i = 0; i < 256; i++)
        buf_printf(&text, " a%d='1'", i);
    buf_lit(&text, "/></EventData></Event>");
    struct sv got = run(buf_sv(&text));
    cr_assert_eq(count_lines(got, "EVENT"), 1, "%.*s", SV_ARG(got));
    buf_free(&text);
}

static void record_of(struct buf *b, size_t bytes)
{
    static const char end[] = "</Data></EventData></Event>";
    fill(b, HEAD "<Data>", "x", bytes - (sizeof HEAD "<Data>" - 1) - (sizeof end - 1), end);
}

Test(xml, a_record_of_one_mebibyte_is_read_and_a_byte_more_is_not)
{
    struct buf text;
    record_of(&text, EVENT_TEXT_MAX);
    cr_assert_eq(count_lines(run(buf_sv(&text)), "EVENT"), 1);
    cr_assert_eq(event.length, EVENT_TEXT_MAX);
    struct sv wide = utf16(buf_sv(&text), false, true);
    cr_assert_eq(count_lines(run(wide), "EVENT"), 1);
    free_sv(wide);
    buf_free(&text);
    record_of(&text, EVENT_TEXT_MAX + 1);
    assert_skipped(buf_sv(&text), "the record is longer than 1 MiB");
    buf_free(&text);
}

Test(xml, a_record_of_many_mebibytes_costs_itself_only)
{
    struct buf text;
    record_of(&text, 5 << 20);
    buf_lit(&text, HIT("1"));
    assert_sv(run(buf_sv(&text)), SV("SKIP the record is longer than 1 MiB\n" HIT_LINE("1")));
    assert_sv(everything(buf_sv(&text)), SV("SKIP the record is longer than 1 MiB\n" HIT_LINE("1")));
    buf_free(&text);
}

Test(xml, a_comment_that_never_closes_hides_nothing)
{
    assert_sv(run(SV("<!-- " HIT("1") "<![CDATA[" HIT("2") "<![CDATA[" HIT("3") "<!--")),
              SV(HIT_LINE("1") HIT_LINE("2") HIT_LINE("3")));
}

Test(xml, text_without_any_record_gives_nothing_in_bounded_time)
{
    static const char *const pieces[] = {
        "9646</EventID>", ">9646</EventID>", "<!--", "<![CDATA[", "<", "<Event ", "\n", "!", "x</Event>"};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct buf text;
        fill(&text, "", pieces[i], 300000, "");
        cr_assert_eq(count_lines(run(buf_sv(&text)), "EVENT"), 0);
        buf_free(&text);
    }
}

/* --- growth, cuts and positions --- */

#define MIXED                                                                                                \
    "\xef\xbb\xbf<?xml version='1.0'?>\r\n<Events>" OTHER("1")                                               \
        HIT("2") "\r\n" DECOYS "noise <EventID>9646</EventID>" BROKEN("<x>")                                 \
            HIT("3") "<Event><System><EventID>9646</EventID>" HIT("4") "<!-- c -->" BROKEN("\x01 \xff")      \
                HIT("5") "</Events>\n"

Test(xml, growth_changes_nothing)
{
    assert_growth_changes_nothing(SV(MIXED));
    struct sv little = utf16(SV(MIXED), false, true), big = utf16(SV(MIXED), true, false);
    assert_growth_changes_nothing(little);
    assert_growth_changes_nothing(big);
    free_sv(little);
    free_sv(big);
}

/* Reads are long, so the border between two is moved through the records by what stands before them. */
Test(xml, the_place_of_a_read_border_changes_nothing)
{
    struct buf text, want;
    buf_init(&text, 4 << 20);
    buf_init(&want, 4 << 20);
    for (size_t before = 0; before < sizeof MIXED; before += 13) {
        buf_reset(&text);
        while (text.n < (512 << 10) - before)
            buf_putc(&text, '\n');
        buf_lit(&text, MIXED MIXED);
        if (before == 0)
            buf_put(&want, run(buf_sv(&text)));
        else
            assert_sv(run(buf_sv(&text)), buf_sv(&want));
    }
    cr_assert_eq(count_lines(buf_sv(&want), "EVENT"), 2 * 5);
    buf_free(&text);
    buf_free(&want);
}

static void assert_resumes(struct sv text, const struct selector *selector)
{
    struct buf whole, rest;
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, text.n, true};
    struct position start = {0};
    buf_init(&whole, 1 << 20);
    buf_init(&rest, 1 << 20);
    run_from(&whole, text, &start, selector, true);
    struct parser *p = open_at(&in, &start, selector);
    struct step s;
    do {
        parser_xml.next(p, &event, &s);
        put_step(&rest, &event, &s, true);
        size_t before = rest.n;
        run_from(&rest, text, &s.pos, selector, true);
        assert_sv(buf_sv(&rest), buf_sv(&whole));
        buf_cut(&rest, before);
    } while (s.kind != STEP_MORE);
    parser_xml.close(p);
    buf_free(&whole);
    buf_free(&rest);
}

Test(xml, reading_goes_on_from_every_position_in_every_encoding)
{
    struct selector all = {.all = true};
    assert_resumes(SV(MIXED), &nine);
    assert_resumes(SV(MIXED), &all);
    for (int form = 0; form < 4; form++) {
        struct sv wide = utf16(SV(MIXED), form & 1, form & 2);
        assert_resumes(wide, &nine);
        assert_resumes(wide, &all);
        free_sv(wide);
    }
}

Test(xml, a_waiting_position_leads_to_the_record_that_was_waited_for)
{
    struct sv text = SV(OTHER("1") HIT("2") "\n" HIT("3"));
    for (size_t n = 1; n < text.n; n++) {
        struct bytes bytes = {text.p, n, 0};
        struct input in = {&bytes, read_bytes, n, false};
        struct position start = {0};
        struct parser *p = open_at(&in, &start, &nine);
        struct step s;
        buf_reset(&dump);
        do {
            parser_xml.next(p, &event, &s);
            put_step(&dump, &event, &s, false);
        } while (s.kind != STEP_MORE);
        parser_xml.close(p);
        run_from(&dump, text, &s.pos, &nine, false);
        assert_sv(buf_sv(&dump), SV(HIT_LINE("2") HIT_LINE("3")));
    }
}

Test(xml, a_cut_at_every_byte_leaves_the_whole_records)
{
    struct sv text = SV(HIT("1") OTHER("2") HIT("3"));
    size_t first = sizeof HIT("1") - 1, second = first + sizeof OTHER("2") - 1;
    for (size_t n = 0; n <= text.n; n++) {
        struct sv cut = sv_make(text.p, n), got = run(n ? cut : SV(""));
        size_t whole = (n >= first) + (n == text.n);
        cr_assert_eq(count_lines(got, "EVENT"), whole, "cut at %zu: %.*s", n, SV_ARG(got));
        bool inside = (n > 6 && n < first) || (n > first + 6 && n < second) || (n > second + 6 && n < text.n);
        bool between = n == 0 || n == first || n == second || n == text.n;
        if (inside)
            cr_assert_eq(count_lines(got, "SKIP the record is cut off"), 1, "cut at %zu: %.*s", n,
                         SV_ARG(got));
        if (between)
            cr_assert_eq(count_lines(got, "SKIP"), 0, "cut at %zu", n);
    }
}

Test(xml, a_flipped_byte_costs_at_most_its_record)
{
    static char text[] = HIT("1") HIT("2") HIT("3");
    size_t n = sizeof text - 1, one = n / 3;
    for (size_t i = one; i < 2 * one; i++) {
        for (int bit = 0; bit < 8; bit++) {
            text[i] = (char)(text[i] ^ (1 << bit));
            struct sv got = run(sv_make(text, n));
            bool both = sv_find(got, SV(HIT_LINE("1"))) == 0 && sv_find(got, SV(HIT_LINE("3"))) != SV_NPOS;
            cr_assert(both, "byte %zu bit %d:\n%.*s", i, bit, SV_ARG(got));
            text[i] = (char)(text[i] ^ (1 << bit));
        }
    }
}

Test(xml, a_position_proves_that_the_content_is_the_same)
{
    char text[] = HIT("1") HIT("2");
    struct bytes bytes = {text, sizeof text - 1, 0};
    struct input in = {&bytes, read_bytes, sizeof text - 1, true};
    struct position start = {0};
    struct parser *p = open_at(&in, &start, &nine);
    struct step s;
    struct fault f;
    parser_xml.next(p, &event, &s);
    parser_xml.close(p);
    cr_assert_eq(s.pos.offset, sizeof HIT("1") - 1);
    text[s.pos.offset - 64] ^= 1;
    cr_assert_null(parser_xml.open(&in, &s.pos, &(struct parser_options){.selector = &nine}, &f));
    cr_assert_eq(f.code, FAULT_REPLACED);
    text[s.pos.offset - 64] ^= 1;
    in.size = bytes.n = (size_t)s.pos.offset - 1;
    cr_assert_null(parser_xml.open(&in, &s.pos, &(struct parser_options){.selector = &nine}, &f));
    cr_assert_eq(f.code, FAULT_REPLACED);
}

Test(xml, a_file_that_shrinks_is_fatal)
{
    struct sv text = SV(HIT("1") HIT("2"));
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, text.n, false};
    struct position start = {0};
    struct parser *p = open_at(&in, &start, &nine);
    struct step s;
    parser_xml.next(p, &event, &s);
    in.size = bytes.n = 10;
    do
        parser_xml.next(p, &event, &s);
    while (s.kind == STEP_EVENT);
    cr_assert_eq(s.kind, STEP_FATAL);
    cr_assert_eq(s.fault.code, FAULT_REPLACED);
    parser_xml.close(p);
}

Test(xml, the_end_is_behind_everything_but_a_record_that_has_only_begun)
{
    struct sv begun = SV(HIT("1") "\r\n" HIT("2")), later = SV(HIT("1") "\r\n" HIT("2") HIT("3"));
    struct bytes bytes = {begun.p, begun.n - 20, 0};
    struct input in = {&bytes, read_bytes, begun.n - 20, false};
    struct position end;
    cr_assert(parser_xml.end(&in, &end, NULL));
    cr_assert_eq(end.offset, sizeof HIT("1") "\r\n" - 1);
    run_from(&dump, later, &end, &nine, false);
    assert_sv(buf_sv(&dump), SV(HIT_LINE("2") HIT_LINE("3")));
    in.size = bytes.n = begun.n;
    cr_assert(parser_xml.end(&in, &end, NULL));
    cr_assert_eq(end.offset, begun.n);
    buf_reset(&dump);
    run_from(&dump, later, &end, &nine, false);
    assert_sv(buf_sv(&dump), SV(HIT_LINE("3")));
    in.size = bytes.n = 0;
    cr_assert(parser_xml.end(&in, &end, NULL));
    cr_assert(end.offset == 0 && end.check == 0);
}

Test(xml, progress_is_given_where_nothing_is_selected)
{
    struct buf text;
    fill(&text, "", OTHER("1") "\n", 20000, "");
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, text.n, true};
    struct position start = {0};
    struct parser *p = open_at(&in, &start, &nine);
    struct step s;
    uint64_t last = 0;
    for (;;) {
        parser_xml.next(p, &event, &s);
        cr_assert_leq(s.pos.offset - last, PARSER_PROGRESS_BYTES);
        cr_assert_leq((s.pos.offset + 1) % sizeof OTHER("1"), 1, "the position is between two records");
        last = s.pos.offset;
        if (s.kind == STEP_MORE)
            break;
        cr_assert_eq(s.kind, STEP_PROGRESS);
    }
    cr_assert_eq(last, text.n, "blanks at the end are read too");
    parser_xml.close(p);
    buf_free(&text);
}

/* --- stretches without records --- */

#define NO_RECORD "more than 1 MiB without an event record"

/* A file with binary garbage of so many bytes before, between or behind its records, in zeros and with
 * look-alikes.
 */
static void put_garbage(struct buf *b, size_t bytes)
{
    static const char piece[] = "\0\0\x01\xff<Even>9646</Id><!-\0\0\0]]\0\x80";
    for (size_t n = 0; n < bytes; n++)
        buf_putc(b, n % 1000 < sizeof piece ? piece[n % 1000] : '\0');
}

/* What a reading gives, with places. */
static struct sv run_places(struct sv text, const struct selector *selector)
{
    struct position start = {0};
    buf_reset(&dump);
    run_from(&dump, text, &start, selector, true);
    return buf_sv(&dump);
}

static void assert_told(struct sv text, const char *want)
{
    struct selector selectors[2] = {nine, {.all = true}};
    for (int all = 0; all < 2; all++) {
        struct sv got = run_places(text, &selectors[all]);
        size_t at = sv_find(got, SV("SKIP "));
        struct sv line = at == SV_NPOS ? SV("") : sv_slice(got, at, got.n);
        line = sv_slice(line, 0, sv_find_char(line, '\n'));
        assert_sv(line, sv_from(want));
        cr_assert_eq(count_lines(got, "SKIP"), want[0] ? 1 : 0);
        cr_assert_eq(count_lines(got, "EVENT"), 2);
    }
}

enum { MIB = 1 << 20 };

Test(xml, garbage_between_records_is_told_once_with_its_place)
{
    char want[128];
    static const size_t bytes[] = {MIB + 1, 3 * MIB + 12345, 20 * MIB};
    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++)
        for (int place = 0; place < 3; place++) {
            struct buf text;
            fill(&text, "<Events>", HIT("1"), place > 0, "");
            size_t before = place == 0 ? 0 : text.n;
            put_garbage(&text, bytes[i]);
            size_t behind = text.n;
            buf_put(&text, place == 0 ? SV(HIT("1") HIT("2")) : place == 1 ? SV(HIT("2")) : SV(""));
            if (place == 2) {
                snprintf(want, sizeof want, "SKIP @%zu+%zu " NO_RECORD, before, behind - before);
                cr_assert(sv_find(run_places(buf_sv(&text), &nine), sv_from(want)) != SV_NPOS, "%s", want);
            } else {
                snprintf(want, sizeof want, "SKIP @%zu+%zu " NO_RECORD, before, behind - before);
                assert_told(buf_sv(&text), want);
            }
            buf_free(&text);
        }
}

Test(xml, garbage_of_one_mebibyte_and_less_is_passed_over)
{
    struct buf text;
    fill(&text, "", HIT("1"), 1, "");
    put_garbage(&text, MIB);
    buf_lit(&text, HIT("2"));
    assert_told(buf_sv(&text), "");
    buf_free(&text);
}

static size_t by_much(void)
{
    return 100000 + noise() % 900000;
}

/* Two stretches, the second one behind a record that is too long, whose rest is none. */
static void put_stretches(struct buf *b)
{
    buf_init(b, 64 * MIB);
    buf_lit(b, OTHER("1") HIT("2") "\r\n");
    put_garbage(b, 2 * MIB + 777);
    buf_lit(b, OTHER("3") HIT("4"));
    put_garbage(b, 3 * MIB);
    buf_lit(b, HIT("5") "<Event><EventID>9646</EventID>");
    put_garbage(b, 3 * MIB);
    buf_lit(b, "</Event>" HIT("6"));
    put_garbage(b, MIB + 100);
}

Test(xml, stretches_are_told_the_same_however_a_file_grows)
{
    struct selector selectors[2] = {nine, {.all = true}};
    struct buf text, grown;
    put_stretches(&text);
    buf_init(&grown, MIB);
    for (int all = 0; all < 2; all++) {
        struct sv want = run_places(buf_sv(&text), &selectors[all]);
        cr_assert_eq(count_lines(want, "SKIP"), 4, "%.*s", SV_ARG(want));
        for (seed = 1; seed < 12; seed++) {
            buf_reset(&grown);
            run_growing(&grown, buf_sv(&text), &selectors[all], by_much);
            assert_sv(buf_sv(&grown), want);
        }
    }
    buf_free(&grown);
    buf_free(&text);
}

Test(xml, stretches_are_told_the_same_from_every_position)
{
    struct selector all = {.all = true};
    struct buf text;
    put_stretches(&text);
    assert_resumes(buf_sv(&text), &nine);
    assert_resumes(buf_sv(&text), &all);
    struct sv wide = utf16(SV(HIT("1")), false, true);
    struct buf b;
    buf_init(&b, 16 * MIB);
    buf_put(&b, wide);
    put_garbage(&b, 5 * MIB);
    buf_put(&b, sv_slice(wide, 2, wide.n));
    cr_assert_eq(count_lines(run_places(buf_sv(&b), &nine), "SKIP"), 1);
    assert_resumes(buf_sv(&b), &nine);
    buf_free(&b);
    free_sv(wide);
    buf_free(&text);
}

/* --- recognizing --- */

static struct step step_at_the_end(struct sv text)
{
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, text.n, false};
    struct position start = {0};
    struct parser *p = open_at(&in, &start, &nine);
    struct step s;
    do
        parser_xml.next(p, &event, &s);
    while (s.kind != STEP_MORE);
    parser_xml.close(p);
    return s;
}

Test(xml, the_record_that_has_begun_at_the_end_is_told)
{
    static const struct sv whole = SV_INIT(OTHER("1") "\r\n"),
                           torn = SV_INIT(OTHER("1") "\r\n<Event><System>");
    struct step s = step_at_the_end(whole);
    cr_assert_eq(s.length, 0);
    cr_assert_eq(s.pos.offset, whole.n);
    s = step_at_the_end(torn);
    cr_assert_eq(s.offset, whole.n);
    cr_assert_eq(s.length, torn.n - whole.n);
    cr_assert_eq(s.pos.offset, whole.n);
}

static int probe(struct sv head)
{
    return parser_xml.probe(head, false);
}

Test(xml, every_layout_is_recognized)
{
    cr_assert_gt(probe(SV(HIT("1"))), 90);
    cr_assert_gt(probe(SV("\xef\xbb\xbf\r\n <?xml version='1.0'?>\n<!-- x -->\n<Events>")), 90);
    cr_assert_gt(probe(SV("<e:Event xmlns:e='x'>")), 90);
    struct sv head = SV("<?xml version='1.0'?><Events><Event>");
    for (int form = 0; form < 4; form++) {
        struct sv wide = utf16(head, form & 1, form & 2);
        cr_assert_gt(probe(wide), 90);
        free_sv(wide);
    }
}

Test(xml, other_documents_are_not_ours)
{
    static const char *const others[] = {
        "<!DOCTYPE html><html>",
        "<html><body>",
        "<?xml version='1.0'?><rss version='2.0'>",
        "Level,Date and Time",
        "{\"Id\":9646}",
        "ElfFile",
        "<Eventful>",
        "x <Event>",
        "<Objs Version='1.1.0.1'>",
        "!",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_assert_eq(probe(sv_from(others[i])), 0, "%s", others[i]);
    int wrapped = probe(SV("<root><Event " NS "><System>"));
    cr_assert(wrapped > 0 && wrapped < 50);
}

Test(xml, a_beginning_that_is_too_short_to_tell_waits)
{
    struct sv text = SV("\xef\xbb\xbf<?xml version='1.0'?><!-- c --><Events");
    for (size_t n = 0; n <= text.n; n++)
        cr_assert_eq(probe(sv_make(text.p, n)), PROBE_MORE, "%zu bytes", n);
    cr_assert_eq(parser_xml.probe(SV("<Eve"), true), 0);
    cr_assert_eq(parser_xml.probe(SV(""), true), 0);
    struct sv wide = utf16(SV("<Events"), true, true);
    for (size_t n = 0; n <= wide.n; n++)
        cr_assert_eq(probe(sv_make(wide.p, n)), PROBE_MORE, "%zu bytes", n);
    free_sv(wide);
}

Test(xml, the_stable_prefix_is_the_beginning)
{
    char head[PARSER_HEAD_BYTES] = {0};
    cr_assert_eq(parser_xml.stable_prefix(sv_make(head, 100)), 100);
    cr_assert_eq(parser_xml.stable_prefix(sv_make(head, sizeof head)), 1024);
}

/* --- real files --- */

static struct sv read_corpus(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/../shared/corpus/%s", SOURCE_ROOT, name);
    FILE *f = fopen(path, "rb");
    if (!f)
        cr_skip("the corpus is not here");
    char *text = malloc(1 << 16);
    size_t n = fread(text, 1, 1 << 16, f);
    fclose(f);
    return sv_make(text, n);
}

Test(xml, corpus_the_published_file)
{
    struct sv text = read_corpus("MicrosoftDocs+SupportArticles-docs/kb980049_event9646.xml");
    assert_sv(run(text), sv_from(published_line));
    free_sv(text);
}

Test(xml, corpus_events_of_others)
{
    struct sv text = read_corpus("MicrosoftDocs+SupportArticles-docs/kb3033272_event9875.xml");
    cr_assert_eq(run(text).n, 0);
    cr_assert_neq(sv_find(everything(text), SV("provider=MSExchangeIS Mailbox Store id=9875 ")), SV_NPOS);
    free_sv(text);
    text = read_corpus("elastic+beats/application-windows-error-reporting.xml");
    cr_assert_eq(run(text).n, 0);
    cr_assert_eq(count_lines(everything(text), "EVENT"), 1);
    cr_assert_eq(event.data_count, 22);
    free_sv(text);
}
