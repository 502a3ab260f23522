/* SPDX-License-Identifier: Apache-2.0 */
/* BinXML: tokens written by hand, what the event and the XML text make of them. */
#include "../support/evtx_writer.h"
#include "binxml.h"
#include "hash64.h"
#include "parser.h"

#include <criterion/criterion.h>
#include <stdio.h>

extern const struct parser_ops parser_evtx;

enum { CHUNK = 65536 };

static uint8_t chunk[CHUNK];
static size_t at;
/* The walker has no memory for plans: it reads token by token. The renderer is asked for text alone. */
static struct binxml decoder, walker, renderer;
static struct arena arena;
static struct event event;

/* What a written event is read with; closed at the end, because the event's views end there. */
static struct evtx_writer *written;
static struct parser *parser;

static void setup(void)
{
    memset(chunk, 0, sizeof chunk);
    at = BINXML_FIRST_OFFSET;
    binxml_init(&decoder);
    binxml_init(&walker);
    binxml_init(&renderer);
    renderer.wants_text_only = true;
    arena_init(&walker.plan_memory, 0);
    arena_init(&arena, 1 << 20);
}

static void teardown(void)
{
    binxml_free(&decoder);
    binxml_free(&walker);
    binxml_free(&renderer);
    arena_free(&arena);
    parser_evtx.close(parser);
    evtx_writer_free(written);
}

TestSuite(binxml, .init = setup, .fini = teardown);

static void number(uint64_t v, size_t n)
{
    cr_assert_leq(at + n, CHUNK);
    for (size_t i = 0; i < n; i++) {
        chunk[at++] = (uint8_t)(v & 0xff);
        v >>= 8;
    }
}

static void units(const char *ascii)
{
    for (; *ascii; ascii++)
        number((uint8_t)*ascii, 2);
}

/* A name reference with the name behind it. */
static void name(const char *ascii)
{
    number(at + 4, 4);
    number(0, 6);
    number(strlen(ascii), 2);
    units(ascii);
    number(0, 2);
}

static void text(const char *ascii)
{
    number(TOKEN_TEXT, 1);
    number(TYPE_TEXT, 1);
    number(strlen(ascii), 2);
    units(ascii);
}

static void patch32(size_t where, size_t v)
{
    for (size_t i = 0; i < 4; i++)
        chunk[where + i] = (uint8_t)(v >> (8 * i));
}

/* Opens an element without attributes up to its content; returns where its size stands. dependency < 0: none
 * is written. */
static size_t element(const char *element_name, int dependency)
{
    number(TOKEN_ELEMENT, 1);
    if (dependency >= 0)
        number((uint64_t)dependency, 2);
    size_t size_at = at;
    number(0, 4);
    name(element_name);
    number(TOKEN_CLOSE_START, 1);
    return size_at;
}

static void end(size_t size_at)
{
    number(TOKEN_END, 1);
    patch32(size_at, at - size_at - 4);
}

static void substitution(uint8_t token, uint16_t index, uint8_t type)
{
    number(token, 1);
    number(index, 2);
    number(type, 1);
}

static void fragment(void)
{
    number(0x0001010f, 4);
}

/* Decodes what was written from `from` to here, and compares the text. */
static enum binxml_outcome decode(size_t from)
{
    binxml_set_chunk(&decoder, chunk, CHUNK);
    arena_reset(&arena);
    return binxml_decode(&decoder, from, at, &event, &arena);
}

static uint64_t hash_of(const struct event *e)
{
    uint64_t h = hash64(HASH64_START, e->original.p, e->original.n);
    struct sv fields[] = {e->provider, e->time_text, e->channel, e->computer, e->user_sid, e->binary};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        h = hash64(hash64(h, fields[i].p, fields[i].n), "|", 1);
    for (size_t i = 0; i < e->data_count; i++) {
        h = hash64(hash64(h, e->data[i].name.p, e->data[i].name.n), "=", 1);
        h = hash64(hash64(h, e->data[i].value.p, e->data[i].value.n), ";", 1);
    }
    return hash64(h, &e->event_id.v, sizeof e->event_id.v);
}

/* Text alone is the text that the walk gives; marks go with it. */
static void expect_rendered(size_t from, size_t to, const struct event *walked, enum binxml_outcome outcome)
{
    struct event rendered;
    for (int time = 0; time < 2; time++) {
        cr_assert_eq(binxml_decode(&renderer, from, to, &rendered, &arena), outcome);
        cr_assert(sv_eq(rendered.original, walked->original), "%.*s\n%.*s", SV_ARG(rendered.original),
                  SV_ARG(walked->original));
        cr_assert_eq(rendered.event_id.has, walked->event_id.has);
        cr_assert_eq(rendered.event_id.v, walked->event_id.v);
        cr_assert_eq(rendered.cut, walked->cut);
        cr_assert_eq(rendered.text_replaced, walked->text_replaced);
    }
}

/* All ways of reading a record come to the same; the second time a template is known already. */
static void expect_every_way(const uint8_t *bytes, size_t from, size_t to)
{
    struct event walked;
    enum binxml_outcome outcome = binxml_decode(&walker, from, to, &walked, &arena);
    uint64_t hash = hash_of(&walked);
    expect_rendered(from, to, &walked, outcome);
    for (int time = 0; time < 2; time++) {
        cr_assert_eq(binxml_decode(&decoder, from, to, &event, &arena), outcome);
        cr_assert_eq(hash_of(&event), hash, "%.*s\n%.*s", SV_ARG(event.original), SV_ARG(walked.original));
    }
    cr_assert_eq(decoder.chunk.p, bytes);
}

static void expect(size_t from, const char *xml)
{
    decode(from);
    binxml_set_chunk(&walker, chunk, CHUNK);
    binxml_set_chunk(&renderer, chunk, CHUNK);
    expect_every_way(chunk, from, at);
    cr_assert(sv_eq(event.original, sv_from(xml)), "%.*s", SV_ARG(event.original));
}

/* The head of an instance with a resident definition; returns where the definition's size stands. */
static size_t instance(void)
{
    number(TOKEN_INSTANCE, 1);
    number(1, 1);
    number(0x11223344, 4);
    number(at + 4, 4);
    number(0, 4);
    number(0x11223344, 4);
    number(0, 12);
    size_t size_at = at;
    number(0, 4);
    fragment();
    return size_at;
}

static void end_definition(size_t size_at)
{
    number(TOKEN_EOF, 1);
    patch32(size_at, at - size_at - 4);
}

static void descriptor(uint16_t size, uint8_t type)
{
    number(size, 2);
    number(type, 2);
}

Test(binxml, line_ends_and_quotation_marks_stand_for_themselves_in_text)
{
    size_t from = at;
    size_t e = element("Event", -1);
    text("a\r\n\t\"b\" 'c'");
    end(e);
    expect(from, "<Event>a\r\n\t\"b\" 'c'</Event>");
}

Test(binxml, text_entities_characters_and_cdata_join)
{
    size_t from = at;
    fragment();
    size_t e = element("Event", -1);
    text("a<b");
    number(TOKEN_ENTITY | TOKEN_MORE, 1);
    name("amp");
    number(TOKEN_CHARACTER, 1);
    number(0x263a, 2);
    number(TOKEN_CDATA, 1);
    number(2, 2);
    units("]>");
    end(e);
    number(TOKEN_EOF, 1);
    expect(from, "<Event>a&lt;b&amp;\xe2\x98\xba<![CDATA[]>]]></Event>");
}

static void units_token(uint8_t token, const char *ascii)
{
    number(token, 1);
    number(strlen(ascii), 2);
    units(ascii);
}

Test(binxml, a_cdata_section_keeps_its_brackets_and_the_event_its_text)
{
    size_t from = at;
    size_t e = element("Event", -1), data = element("EventData", -1), leaf = element("Data", -1);
    units_token(TOKEN_CDATA, "a<b]]>c\x01");
    end(leaf);
    end(data);
    end(e);
    expect(from, "<Event><EventData><Data><![CDATA[a<b]]]]><![CDATA[>c?]]></Data></EventData></Event>");
    cr_assert_eq(event.data_count, 1);
    cr_assert(sv_eq(event.data[0].value, SV("a<b]]>c\x01")));
    cr_assert(event.text_replaced);
}

Test(binxml, a_processing_instruction_is_written_inside_the_event_and_cannot_end_early)
{
    size_t from = at;
    number(TOKEN_PI_TARGET, 1);
    name("before");
    units_token(TOKEN_PI_DATA, "the event");
    size_t e = element("Event", -1);
    number(TOKEN_PI_TARGET, 1);
    name("empty");
    number(TOKEN_PI_TARGET, 1);
    name("target");
    units_token(TOKEN_PI_DATA, "a?>b");
    units_token(TOKEN_PI_DATA, "of no instruction");
    end(e);
    expect(from, "<Event><?empty?><?target a? >b?></Event>");
}

Test(binxml, a_damaged_name_becomes_one_that_xml_takes)
{
    size_t from = at;
    fragment();
    size_t e = element(".E<v 1", -1);
    end(e);
    number(TOKEN_EOF, 1);
    expect(from, "<_E_v_1></_E_v_1>");
}

Test(binxml, a_second_root_is_left_out_and_marked)
{
    size_t from = at;
    for (int i = 0; i < 2; i++) {
        fragment();
        size_t e = element("Event", -1);
        end(e);
    }
    number(TOKEN_EOF, 1);
    expect(from, "<Event></Event>");
    cr_assert(event.cut);
}

Test(binxml, attributes_are_quoted_and_escaped)
{
    size_t from = at;
    number(TOKEN_ELEMENT | TOKEN_MORE, 1);
    size_t size_at = at;
    number(0, 4);
    name("Event");
    size_t list_at = at;
    number(0, 4);
    number(TOKEN_ATTRIBUTE, 1);
    name("a");
    text("<'\"&>\n");
    patch32(list_at, at - list_at - 4);
    number(TOKEN_CLOSE_EMPTY, 1);
    patch32(size_at, at - size_at - 4);
    expect(from, "<Event a='&lt;&apos;&quot;&amp;&gt;&#xA;'/>");
}

/* As certificate logs have them (CAPI2), and forwarded ones. */
Test(binxml, references_to_entities_and_characters_stand_in_attributes_too)
{
    size_t from = at;
    number(TOKEN_ELEMENT | TOKEN_MORE, 1);
    size_t size_at = at;
    number(0, 4);
    name("Event");
    size_t list_at = at;
    number(0, 4);
    number(TOKEN_ATTRIBUTE, 1);
    name("a");
    text("x");
    number(TOKEN_ENTITY | TOKEN_MORE, 1);
    name("apos");
    number(TOKEN_CHARACTER | TOKEN_MORE, 1);
    number(0xe4, 2);
    number(TOKEN_ENTITY, 1);
    name("unknown");
    patch32(list_at, at - list_at - 4);
    number(TOKEN_CLOSE_EMPTY, 1);
    patch32(size_at, at - size_at - 4);
    expect(from, "<Event a='x&apos;\xc3\xa4&amp;unknown;'/>");
}

/* <Event><A>%0</A><B dependency 1>x</B><C>%?2</C><D>%2</D></Event> with the given three descriptors. */
static size_t small_template(uint8_t type, const char *bytes, size_t n, uint8_t second)
{
    size_t from = at;
    fragment();
    size_t definition = instance();
    size_t e = element("Event", 1), inner = element("A", BINXML_NO_DEPENDENCY);
    substitution(TOKEN_SUBSTITUTION, 0, TYPE_TEXT);
    end(inner);
    inner = element("B", 1);
    text("x");
    end(inner);
    inner = element("C", BINXML_NO_DEPENDENCY);
    substitution(TOKEN_OPTIONAL, 2, TYPE_TEXT);
    end(inner);
    inner = element("D", BINXML_NO_DEPENDENCY);
    substitution(TOKEN_SUBSTITUTION, 2, TYPE_TEXT);
    end(inner);
    end(e);
    end_definition(definition);
    number(3, 4);
    descriptor((uint16_t)n, type);
    descriptor(second ? 1 : 0, second);
    descriptor(0, TYPE_NULL);
    memcpy(chunk + at, bytes, n);
    at += n;
    if (second)
        number(9, 1);
    number(TOKEN_EOF, 1);
    return from;
}

Test(binxml, an_array_repeats_its_element)
{
    expect(small_template(TYPE_ARRAY | TYPE_TEXT, "a\0\0\0\0\0c\0\0", 10, TYPE_UINT8),
           "<Event><A>a</A><A></A><A>c</A><B>x</B><D></D></Event>");
}

Test(binxml, an_empty_array_gives_one_empty_element)
{
    expect(small_template(TYPE_ARRAY | TYPE_TEXT, "", 0, TYPE_UINT8),
           "<Event><A></A><B>x</B><D></D></Event>");
}

Test(binxml, a_dependency_that_is_null_leaves_out_the_element_but_never_the_root)
{
    expect(small_template(TYPE_TEXT, "v", 2, TYPE_NULL), "<Event><A>v</A><D></D></Event>");
}

Test(binxml, a_substitution_beyond_the_values_is_null)
{
    size_t from = at;
    size_t definition = instance();
    size_t e = element("Event", BINXML_NO_DEPENDENCY);
    substitution(TOKEN_SUBSTITUTION, 77, TYPE_TEXT);
    end(e);
    end_definition(definition);
    number(0, 4);
    expect(from, "<Event></Event>");
}

Test(binxml, a_definition_of_another_template_is_not_used)
{
    size_t from = small_template(TYPE_TEXT, "v", 2, TYPE_UINT8);
    chunk[from + 4 + 2] ^= 1; /* the instance's template id */
    cr_assert_eq(decode(from), BINXML_NOTHING);
}

Test(binxml, more_values_than_the_limit_are_refused)
{
    size_t from = small_template(TYPE_TEXT, "v", 2, TYPE_UINT8);
    struct reader r = {chunk, at, from + 4};
    struct binxml_instance i;
    cr_assert(binxml_read_instance(&r, &i));
    patch32(i.descriptors - 4, BINXML_VALUES_MAX + 1);
    r.at = from + 4;
    cr_assert_not(binxml_read_instance(&r, &i));
    patch32(i.descriptors - 4, 0xffffffff);
    r.at = from + 4;
    cr_assert_not(binxml_read_instance(&r, &i));
}

/* A value of each type there is, as bytes of a record and as XML: in content and, where it can stand there,
 * in an attribute. */
static const struct golden {
    uint8_t type;
    const char *bytes;
    size_t n;
    const char *content, *attribute;
} goldens[] = {
#define GOLDEN(type, bytes, content, attribute)                                                              \
    {                                                                                                        \
        (type), bytes, sizeof(bytes) - 1, (content), (attribute)                                             \
    }
#define SAME(type, bytes, text) GOLDEN(type, bytes, text, text)
    SAME(TYPE_NULL, "", ""),
    SAME(TYPE_NULL, "x\0y", ""), /* bytes that are passed all the same */
    GOLDEN(TYPE_TEXT, "a\0<\0&\0'\0\"\0\n\0\xe4\0\x01\0", "a&lt;&amp;'\"\n\xc3\xa4\xef\xbf\xbd",
           "a&lt;&amp;&apos;&quot;&#xA;\xc3\xa4\xef\xbf\xbd"),
    GOLDEN(TYPE_ANSI, "a<\x80'", "a&lt;\xe2\x82\xac'", "a&lt;\xe2\x82\xac&apos;"),
    SAME(TYPE_INT8, "\x80", "-128"),
    SAME(TYPE_UINT8, "\x80", "128"),
    SAME(TYPE_INT16, "\xfe\xff", "-2"),
    SAME(TYPE_UINT16, "\xfe\xff", "65534"),
    SAME(TYPE_INT32, "\x69\x88\x04\x80", "-2147186583"),
    SAME(TYPE_UINT32, "\x69\x88\x04\x80", "2147780713"),
    SAME(TYPE_INT64, "\xff\xff\xff\xff\xff\xff\xff\xff", "-1"),
    SAME(TYPE_UINT64, "\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615"),
    SAME(TYPE_FLOAT, "\xcd\xcc\xcc\x3d", "0.1"),
    SAME(TYPE_DOUBLE, "\0\0\0\0\0\0\xf8\xbf", "-1.5"),
    SAME(TYPE_BOOL, "\1\0\0\0", "true"),
    SAME(TYPE_BINARY, "\x07\0\xab", "0700AB"),
    SAME(TYPE_GUID, "\x25\x96\x84\x54\x78\x54\x94\x49\xa5\xba\x3e\x3b\x03\x28\xc3\x0d",
         "{54849625-5478-4994-a5ba-3e3b0328c30d}"),
    SAME(TYPE_SIZE, "\x4c\x02\0\0", "0x24c"),
    SAME(TYPE_SIZE, "\x4c\x02\0\0\1\0\0\0", "0x10000024c"),
    SAME(TYPE_FILETIME, "\x81\xd6\x55\x49\x0c\xbc\xd6\x01", "2020-11-16T11:33:21.0000001Z"),
    SAME(TYPE_SYSTEMTIME, "\xe4\x07\x0b\0\1\0\x10\0\x0b\0\x21\0\x1d\0\xbb\0", "2020-11-16T11:33:29.187Z"),
    SAME(TYPE_SID, "\1\5\0\0\0\0\0\5\x15\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\xf4\1\0\0", "S-1-5-21-1-2-3-500"),
    SAME(TYPE_HEX32, "\0\0\0\0", "0x0"),
    SAME(TYPE_HEX32, "\x6d\0\0\xc0", "0xc000006d"),
    SAME(TYPE_HEX64, "\0\0\0\0\0\0\x20\x80", "0x8020000000000000"),
    SAME(TYPE_HANDLE, "\x10\0\0\0", "0x10"),
    GOLDEN(TYPE_XML, "<\0a\0/\0>\0", "&lt;a/&gt;", "&lt;a/&gt;"),
#undef SAME
#undef GOLDEN
};

enum { GOLDENS = sizeof goldens / sizeof *goldens };

/* <V a='%i'>%i</V> for each of them. */
static void golden_template(void)
{
    for (unsigned i = 0; i < GOLDENS; i++) {
        number(TOKEN_ELEMENT | TOKEN_MORE, 1);
        number(BINXML_NO_DEPENDENCY, 2);
        size_t size_at = at;
        number(0, 4);
        name("V");
        size_t list_at = at;
        number(0, 4);
        number(TOKEN_ATTRIBUTE, 1);
        name("a");
        substitution(TOKEN_SUBSTITUTION, (uint16_t)i, goldens[i].type);
        patch32(list_at, at - list_at - 4);
        number(TOKEN_CLOSE_START, 1);
        substitution(TOKEN_SUBSTITUTION, (uint16_t)i, goldens[i].type);
        end(size_at);
    }
}

Test(binxml, a_value_of_every_type_stands_in_content_and_in_attributes)
{
    static char want[8192];
    size_t from = at, n = 0;
    fragment();
    size_t definition = instance();
    size_t e = element("Event", BINXML_NO_DEPENDENCY), system = element("System", BINXML_NO_DEPENDENCY);
    size_t inner = element("EventID", BINXML_NO_DEPENDENCY);
    substitution(TOKEN_OPTIONAL, GOLDENS, TYPE_UINT16);
    end(inner);
    end(system);
    inner = element("EventData", BINXML_NO_DEPENDENCY);
    golden_template();
    end(inner);
    end(e);
    end_definition(definition);
    number(GOLDENS + 1, 4);
    for (size_t i = 0; i < GOLDENS; i++)
        descriptor((uint16_t)goldens[i].n, goldens[i].type);
    descriptor(2, TYPE_UINT16);
    n += (size_t)snprintf(want, sizeof want, "<Event><System><EventID>9646</EventID></System><EventData>");
    for (size_t i = 0; i < GOLDENS; i++) {
        memcpy(chunk + at, goldens[i].bytes, goldens[i].n);
        at += goldens[i].n;
        n += (size_t)snprintf(want + n, sizeof want - n, "<V a='%s'>%s</V>", goldens[i].attribute,
                              goldens[i].content);
    }
    snprintf(want + n, sizeof want - n, "</EventData></Event>");
    number(9646, 2);
    number(TOKEN_EOF, 1);
    expect(from, want);
    cr_assert_eq(event.data_count, GOLDENS);
    cr_assert_eq(binxml_decode(&renderer, from, at, &event, &arena), BINXML_WHOLE);
    cr_assert_eq(event.data_count, 0, "text alone was made");
    cr_assert_eq(event.event_id.v, 9646);
}

/* Templates inside values, each of which uses its value `times` times. */
static void nest(unsigned depth, unsigned times)
{
    fragment();
    size_t definition = instance();
    size_t e = element(depth == 0 ? "Event" : "N", BINXML_NO_DEPENDENCY);
    for (unsigned i = 0; i < times; i++)
        substitution(TOKEN_SUBSTITUTION, 0, TYPE_BINXML);
    end(e);
    end_definition(definition);
    number(1, 4);
    size_t size_at = at;
    descriptor(0, TYPE_BINXML);
    size_t begins = at;
    if (depth < 12)
        nest(depth + 1, times);
    chunk[size_at] = (uint8_t)(at - begins);
    chunk[size_at + 1] = (uint8_t)((at - begins) >> 8);
    number(TOKEN_EOF, 1);
}

Test(binxml, values_nest_eight_deep_and_no_deeper)
{
    size_t from = at;
    nest(0, 1);
    decode(from);
    cr_assert(event.cut);
    size_t depth = 0;
    for (size_t i = 0; i + 3 <= event.original.n; i++)
        depth += memcmp(event.original.p + i, "<N>", 3) == 0;
    cr_assert_eq(depth, BINXML_DEPTH_MAX);
}

Test(binxml, templates_that_multiply_each_other_end)
{
    size_t from = at;
    nest(0, 60);
    decode(from);
    cr_assert(event.cut);
    cr_assert_leq(event.original.n, BINXML_ORIGINAL_MAX);
}

Test(binxml, elements_that_nest_without_end_are_cut)
{
    size_t from = at;
    for (int i = 0; i < 200; i++)
        element(i ? "N" : "Event", -1);
    decode(from);
    cr_assert(event.cut);
    cr_assert(sv_ends(event.original, SV("</N></Event>")), "what is open is closed");
}

Test(binxml, every_truncation_of_a_record_ends_within_it)
{
    size_t from = small_template(TYPE_ARRAY | TYPE_TEXT, "a\0\0\0\0\0c\0\0", 10, TYPE_UINT8), whole = at;
    expect(from, "<Event><A>a</A><A></A><A>c</A><B>x</B><D></D></Event>");
    for (size_t cut = from; cut < whole - 1; cut++) {
        at = cut;
        cr_assert_neq(decode(from), BINXML_WHOLE, "cut at %zu of %zu", cut - from, whole - from);
    }
}

struct file {
    const char *p;
};

static ptrdiff_t read_file(void *ctx, uint64_t offset, void *to, size_t n)
{
    const struct file *f = ctx;
    memcpy(to, f->p + offset, n);
    return (ptrdiff_t)n;
}

static void expect_written(const struct evtx_writer_event *e, const char *want)
{
    static const struct selector all = {.all = true};
    static const struct position beginning;
    struct step step;
    written = evtx_writer_new(&(struct evtx_writer_options){0});
    evtx_writer_add(written, e);
    static struct file f;
    static struct input in;
    f.p = evtx_writer_image(written).p;
    in = (struct input){&f, read_file, evtx_writer_image(written).n, true};
    parser = parser_evtx.open(&in, &beginning, &(struct parser_options){.selector = &all}, NULL);
    parser_evtx.next(parser, &event, &step);
    cr_assert_eq(step.kind, STEP_EVENT);
    cr_assert(sv_eq(event.original, sv_from(want)), "%.*s", SV_ARG(event.original));
}

static const char *strings[] = {"/o=A & B/cn=<x>", "", "session"};

#define XMLNS " xmlns='http://schemas.microsoft.com/win/2004/08/events/event'"

Test(binxml, a_classic_record_is_printed_as_wevtutil_does)
{
    expect_written(&(struct evtx_writer_event){.event_id = 9646,
                                               .qualifiers = 49158,
                                               .level = 2,
                                               .task = 6,
                                               .keywords = UINT64_C(0x80000000000000),
                                               .strings = strings,
                                               .string_count = 3,
                                               .binary = "\x07\0\xab",
                                               .binary_size = 3},
                   "<Event" XMLNS
                   "><System><Provider Name='MSExchangeIS'/><EventID Qualifiers='49158'>9646</EventID>"
                   "<Level>2</Level><Task>6</Task><Keywords>0x80000000000000</Keywords>"
                   "<TimeCreated SystemTime='2020-11-16T11:33:21.0000000Z'/><EventRecordID>1</EventRecordID>"
                   "<Channel>Application</Channel><Computer>EXCH01.contoso.com</Computer><Security/></System>"
                   "<EventData><Data>/o=A &amp; B/cn=&lt;x&gt;</Data><Data></Data><Data>session</Data>"
                   "<Binary>0700AB</Binary></EventData></Event>");
}

Test(binxml, a_manifest_record_is_printed_as_wevtutil_does)
{
    expect_written(
        &(struct evtx_writer_event){
            .layout = EVTX_WRITE_MANIFEST, .event_id = 7, .strings = strings, .string_count = 2},
        "<Event" XMLNS "><System>"
        "<Provider Name='MSExchangeIS' Guid='{04030201-0605-0807-090a-0b0c0d0e0f10}'/><EventID>7</EventID>"
        "<Version>0</Version><Level>0</Level><Task>0</Task><Opcode>0</Opcode><Keywords>0x0</Keywords>"
        "<TimeCreated SystemTime='2020-11-16T11:33:21.0000000Z'/><EventRecordID>1</EventRecordID>"
        "<Execution ProcessID='4711' ThreadID='4712'/><Channel>Application</Channel>"
        "<Computer>EXCH01.contoso.com</Computer><Security/></System>"
        "<EventData><Data Name='param1'>/o=A &amp; B/cn=&lt;x&gt;</Data><Data Name='param2'></Data>"
        "</EventData></Event>");
}

Test(binxml, a_forwarded_record_keeps_its_rendering)
{
    expect_written(
        &(struct evtx_writer_event){.layout = EVTX_WRITE_INLINE,
                                    .event_id = 9646,
                                    .qualifiers = 49158,
                                    .strings = strings,
                                    .string_count = 1,
                                    .message = "Mapi session \"x\" & so on"},
        "<Event" XMLNS "><System><Provider Name='MSExchangeIS'/><EventID Qualifiers='49158'>9646</EventID>"
        "<Level>0</Level><Task>0</Task><Keywords>0x0</Keywords>"
        "<TimeCreated SystemTime='2020-11-16T11:33:21.000000000Z'/><EventRecordID>1</EventRecordID>"
        "<Channel>Application</Channel><Computer>EXCH01.contoso.com</Computer><Security/></System>"
        "<EventData><Data>/o=A &amp; B/cn=&lt;x&gt;</Data></EventData>"
        "<RenderingInfo Culture='en-US'><Message>Mapi session \"x\" &amp; so on</Message>"
        "<Level>Error</Level><Task>General</Task><Opcode></Opcode><Channel></Channel><Provider></Provider>"
        "<Keywords><Keyword>Classic</Keyword></Keywords></RenderingInfo></Event>");
    cr_assert(sv_eq(event.message, SV("Mapi session \"x\" & so on")));
    cr_assert(sv_eq(event.culture, SV("en-US")));
    cr_assert_eq(event.keyword_text_count, 1);
}

/* Every record of a chunk; returns how many there are. */
static size_t expect_chunk_every_way(const uint8_t *p)
{
    size_t n = 0, end = load_le32(p + 48);
    binxml_set_chunk(&decoder, p, CHUNK);
    binxml_set_chunk(&walker, p, CHUNK);
    binxml_set_chunk(&renderer, p, CHUNK);
    for (size_t r = 512; end <= CHUNK && r + 28 <= end && load_le32(p + r) == 0x2a2a; n++) {
        size_t size = load_le32(p + r + 4);
        if (size < 28 || size > end - r)
            break;
        arena_reset(&arena);
        expect_every_way(p, r + 24, r + size - 4);
        r += size;
    }
    return n;
}

Test(binxml, a_template_made_ready_says_what_its_tokens_say)
{
    written = evtx_writer_new(&(struct evtx_writer_options){0});
    for (unsigned i = 0; i < 30; i++)
        evtx_writer_add_9646(written, (enum evtx_writer_layout)(i % 3), i);
    cr_assert_eq(expect_chunk_every_way((const uint8_t *)evtx_writer_image(written).p + 4096), 30);
    size_t plans = 0;
    for (size_t i = 0; i < BINXML_KNOWN_PLANS; i++) {
        plans += decoder.plans[i].plan != NULL;
        cr_assert_null(walker.plans[i].plan);
    }
    cr_assert_eq(plans, 4, "two layouts, each with the template of its payload");
}

Test(binxml, published_templates_made_ready_say_what_their_tokens_say)
{
    static const char *files[] = {"hard_chunks", "classic_11MiB"};
    static uint8_t bytes[CHUNK];
    for (size_t i = 0; i < 2; i++) {
        char path[512];
        snprintf(path, sizeof path, SOURCE_ROOT "/../shared/corpus/synthetic/%s.evtx", files[i]);
        FILE *f = fopen(path, "rb");
        if (!f)
            cr_skip("the corpus is not here");
        size_t records = 0;
        fseek(f, 4096, SEEK_SET);
        while (fread(bytes, 1, sizeof bytes, f) == sizeof bytes)
            records += expect_chunk_every_way(bytes);
        fclose(f);
        cr_assert_gt(records, 2000);
    }
}
