/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of text exports: encodings, terminators, records of several lines, the search, positions, limits. */
#include "text_break.h"
#include "text_lines.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
    const char *p;
    size_t n;
    size_t most; /* bytes per read; 0: all */
    bool broken;
};

static ptrdiff_t read_bytes(void *ctx, uint64_t offset, void *to, size_t n)
{
    const struct bytes *b = ctx;
    if (b->broken)
        return -1;
    cr_assert_leq(offset + n, b->n);
    if (b->most && n > b->most)
        n = b->most;
    memcpy(to, b->p + offset, n);
    return (ptrdiff_t)n;
}

static const struct position beginning;
static const struct parser_options plain_options;
static struct buf output; /* what a reading gave */
static struct event event;

static void setup(void)
{
    buf_init(&output, 64 << 20);
}
static void teardown(void)
{
    buf_free(&output);
}
TestSuite(text_lines, .init = setup, .fini = teardown);

#define EXPECT_OUTPUT(text) cr_expect(sv_eq(buf_sv(&output), SV(text)), "got:\n%.*s", SV_ARG(buf_sv(&output)))

/* Every line as "[text]", what stops as a letter. */
static void pull_all(struct text_lines *l)
{
    static const char names[] = {[TEXT_MORE] = 'M', [TEXT_END] = 'E',    [TEXT_BREATH] = 'B',
                                 [TEXT_LONG] = 'L', [TEXT_PASSED] = 'P', [TEXT_FAILED] = 'F'};
    struct text_line line;
    enum text_pull pull;
    struct step step;
    do {
        while ((pull = text_lines_next(l, &line)) == TEXT_LINE) {
            buf_putc(&output, '[');
            buf_put(&output, line.text);
            buf_putc(&output, ']');
        }
        buf_putc(&output, names[pull]);
        text_lines_stop(l, pull, &step);
    } while (pull == TEXT_BREATH || pull == TEXT_PASSED || pull == TEXT_LONG);
}

static struct sv lines_of(struct sv text, enum code_page page, bool complete)
{
    struct bytes bytes = {text.p, text.n, 0, false};
    struct input in = {&bytes, read_bytes, text.n, complete};
    struct parser_options options = {.code_page = page};
    struct text_lines l;
    buf_reset(&output);
    cr_assert(text_lines_open(&l, &in, &beginning, &options, NULL, NULL));
    pull_all(&l);
    text_lines_close(&l);
    return buf_sv(&output);
}

static struct sv utf16(const char *text, bool big, bool mark, char *to)
{
    size_t n = 0;
    if (mark) {
        to[n++] = (char)(big ? 0xfe : 0xff);
        to[n++] = (char)(big ? 0xff : 0xfe);
    }
    for (; *text; text++) {
        to[n++] = big ? '\0' : *text;
        to[n++] = big ? *text : '\0';
    }
    return sv_make(to, n);
}

Test(text_lines, lf_crlf_and_cr_end_a_line)
{
    lines_of(SV("one\ntwo\r\nthree\rfour\n\n\r\n\r\rend\n"), CODE_PAGE_AUTO, true);
    EXPECT_OUTPUT("[one][two][three][four][][][][][end]E");
}

Test(text_lines, an_unfinished_line_is_waited_for)
{
    lines_of(SV("one\ntw"), CODE_PAGE_AUTO, false);
    EXPECT_OUTPUT("[one]M");
    lines_of(SV("one\ntw"), CODE_PAGE_AUTO, true);
    EXPECT_OUTPUT("[one][tw]E");
}

Test(text_lines, a_cr_at_the_end_may_become_crlf)
{
    lines_of(SV("one\ntwo\r"), CODE_PAGE_AUTO, false);
    EXPECT_OUTPUT("[one]M");
    lines_of(SV("one\ntwo\r"), CODE_PAGE_AUTO, true);
    EXPECT_OUTPUT("[one][two]E");
}

Test(text_lines, an_empty_input_has_no_line)
{
    lines_of(SV(""), CODE_PAGE_AUTO, true);
    EXPECT_OUTPUT("E");
    lines_of(SV("a"), CODE_PAGE_AUTO, false);
    EXPECT_OUTPUT("M");
    lines_of(SV("a"), CODE_PAGE_AUTO, true);
    EXPECT_OUTPUT("[a]E");
}

Test(text_lines, utf16_of_both_orders_is_read_with_and_without_mark)
{
    char text[200];
    for (int i = 0; i < 4; i++) {
        lines_of(utf16("one\r\ntwo\rthree\n", i & 1, i & 2, text), CODE_PAGE_AUTO, true);
        EXPECT_OUTPUT("[one][two][three]E");
        lines_of(utf16("one\r\ntwo\r", i & 1, i & 2, text), CODE_PAGE_AUTO, false);
        EXPECT_OUTPUT("[one]M");
    }
}

Test(text_lines, an_odd_byte_costs_one_line_of_utf16)
{
    char text[200];
    struct sv whole = utf16("one\nxtwo\nthree\nfour\n", false, true, text);
    memmove(text + 10, text + 11, whole.n - 11); /* the first byte of x */
    struct sv got = lines_of(sv_slice(whole, 0, whole.n - 1), CODE_PAGE_AUTO, true);
    cr_expect(sv_starts(got, SV("[one][")));
    cr_expect(sv_ends(got, SV("[three][four]E")), "%.*s", SV_ARG(got));
}

Test(text_lines, characters_that_hold_the_bytes_of_a_terminator_end_no_line)
{
    /* U+010A, U+0A05, U+0D15 in both orders */
    lines_of(SV("\xff\xfe"
                "a\0\x0a\x01\x05\x0a\x15\x0d"
                "b\0\n\0"),
             CODE_PAGE_AUTO, true);
    EXPECT_OUTPUT("[a\xc4\x8a\xe0\xa8\x85\xe0\xb4\x95"
                  "b]E");
    lines_of(SV("\xfe\xff\0a\x01\x0a\x0a\x05\x0d\x15\0b\0\n"), CODE_PAGE_AUTO, true);
    EXPECT_OUTPUT("[a\xc4\x8a\xe0\xa8\x85\xe0\xb4\x95"
                  "b]E");
}

Test(text_lines, a_utf8_mark_is_no_text)
{
    lines_of(SV("\xef\xbb\xbfone\ntwo\n"), CODE_PAGE_AUTO, true);
    EXPECT_OUTPUT("[one][two]E");
}

Test(text_lines, lines_that_are_not_utf8_are_windows_1252)
{
    lines_of(SV("gr\xfc\xdf\ngr\xc3\xbc\xc3\x9f\n\x80 1\n"), CODE_PAGE_AUTO, true);
    EXPECT_OUTPUT("[gr\xc3\xbc\xc3\x9f][gr\xc3\xbc\xc3\x9f][\xe2\x82\xac 1]E");
}

Test(text_lines, damaged_utf8_is_no_code_page)
{
    lines_of(SV("\xc3\xbc\xc3\x9f\xc3 x\n"), CODE_PAGE_AUTO, true);
    EXPECT_OUTPUT("[\xc3\xbc\xc3\x9f\xef\xbf\xbd x]E");
    lines_of(SV("gr\xfc\xdf\n"), CODE_PAGE_UTF8, true);
    EXPECT_OUTPUT("[gr\xef\xbf\xbd\xef\xbf\xbd]E");
    lines_of(SV("\xef\xbb\xbfgr\xfc\xdf\n"), CODE_PAGE_AUTO, true);
    EXPECT_OUTPUT("[gr\xef\xbf\xbd\xef\xbf\xbd]E");
}

Test(text_lines, the_setting_tells_a_code_page_and_a_mark_counts_more)
{
    lines_of(SV("\xcf\xf0\xe8\n\xc3\xbc\n"), CODE_PAGE_WINDOWS_1251, true);
    EXPECT_OUTPUT("[\xd0\x9f\xd1\x80\xd0\xb8][\xd0\x93\xd1\x98]E");
    lines_of(SV("\xef\xbb\xbf\xc3\xbc\n"), CODE_PAGE_WINDOWS_1251, true);
    EXPECT_OUTPUT("[\xc3\xbc]E");
    lines_of(SV("\x81\x84\n"), CODE_PAGE_IBM_850, true);
    EXPECT_OUTPUT("[\xc3\xbc\xc3\xa4]E");
}

Test(text_lines, the_head_for_probes_is_utf8)
{
    char text[100], to[400];
    cr_expect(sv_eq(text_head_utf8(utf16("Event", false, true, text), to), SV("Event")));
    cr_expect(sv_eq(text_head_utf8(SV("\xef\xbb\xbf"
                                      "Event"),
                                   to),
                    SV("Event")));
    cr_expect(sv_eq(text_head_utf8(SV("Ereignis f\xfcr"), to), SV("Ereignis f\xc3\xbcr")));
    cr_expect(sv_eq(text_head_utf8(SV(""), to), SV("")));
}

Test(text_lines, a_record_is_taken_apart_into_its_lines)
{
    struct sv rest = SV("a\r\n\nb\rc"), line;
    const char *expected[] = {"a", "", "b", "c"};
    for (size_t i = 0; i < 4; i++) {
        cr_assert(text_take_line(&rest, &line));
        cr_expect(sv_eq(line, sv_from(expected[i])));
    }
    cr_expect_not(text_take_line(&rest, &line));
}

/* --- a parser as the header shows it: records begin with '#', those that hold 9646 are wanted --- */

struct reading {
    struct position last; /* of the last step */
    size_t events, skips;
    bool more;
};

static bool begins(void *ctx, struct sv line)
{
    (void)ctx;
    return sv_starts(line, SV("#"));
}

static void put_record(struct text_lines *l)
{
    buf_printf(&output, "%llu+%llu:", (unsigned long long)event.offset, (unsigned long long)event.length);
    buf_put(&output, event.original);
    buf_lit(&output, "|");
    (void)l;
}

/* One step of the parser; false when there is no more. */
static void parse_step(struct text_lines *l, struct step *step)
{
    struct text_line line;
    enum text_pull pull;
    while ((pull = text_lines_find(l)) == TEXT_LINE && (pull = text_lines_next(l, &line)) == TEXT_LINE) {
        if (!begins(NULL, line.text))
            continue;
        text_lines_hold(l);
        while ((text_lines_skip(l, SV_ABSENT), pull = text_lines_next(l, &line)) == TEXT_LINE)
            if (begins(NULL, line.text)) {
                text_lines_back(l);
                break;
            }
        if (pull != TEXT_LINE && pull != TEXT_END)
            break;
        event_clear(&event);
        if (sv_find(text_lines_record(l, &event), SV("9646")) != SV_NPOS) {
            put_record(l);
            text_lines_finish(l, STEP_EVENT, step);
            return;
        }
        text_lines_pass(l);
    }
    text_lines_stop(l, pull, step);
}

static void drain(struct text_lines *l, struct reading *r)
{
    struct step step;
    for (;;) {
        parse_step(l, &step);
        cr_assert_neq(step.kind, STEP_FATAL, "%s", step.fault.text);
        r->last = step.pos;
        r->events += step.kind == STEP_EVENT;
        r->skips += step.kind == STEP_SKIP;
        if (step.kind == STEP_MORE)
            return;
    }
}

enum { MIB = 1 << 20 };

static const struct text_filter whole_filter = {.word = SV_INIT("9646"), .begins = begins};
static const struct text_filter no_filter;

static size_t mark_of_begin(void *ctx, const uint8_t *p, size_t n)
{
    size_t at = sv_find_char(sv_make(p, n), '#');
    (void)ctx;
    return at == SV_NPOS ? n : at;
}

static const struct text_filter marked_filter = {
    .word = SV_INIT("9646"), .begins = begins, .mark = mark_of_begin};

static struct reading parse(struct sv text, const struct text_filter *filter, struct position from)
{
    struct bytes bytes = {text.p, text.n, 0, false};
    struct input in = {&bytes, read_bytes, text.n, true};
    struct reading r = {0};
    struct text_lines l;
    struct fault f = {0};
    cr_assert(text_lines_open(&l, &in, &from, &plain_options, filter, &f), "%s", f.text);
    drain(&l, &r);
    text_lines_close(&l);
    return r;
}

static const struct sv sample = SV_INIT(
    "garbage 9646\n#one\nid 1\n#two\r\nid 9646\r\nmore\r\n#three 9646\n#four\nid 9645\n\n#five\n\n9646");
#define SAMPLE_EVENTS "23+21:#two\r\nid 9646\r\nmore|44+12:#three 9646|71+11:#five\n\n9646|"

Test(text_lines, records_of_several_lines_are_found_whole)
{
    parse(sample, &whole_filter, beginning);
    EXPECT_OUTPUT(SAMPLE_EVENTS);
}

Test(text_lines, the_search_finds_what_reading_every_line_finds)
{
    parse(sample, &no_filter, beginning);
    EXPECT_OUTPUT(SAMPLE_EVENTS);
}

/* The input grows by one byte at a time. */
static void parse_growing(struct sv text, const struct text_filter *filter, size_t step)
{
    struct bytes bytes = {text.p, text.n, 0, false};
    struct input in = {&bytes, read_bytes, 0, false};
    struct reading r = {0};
    struct text_lines l;
    buf_reset(&output);
    cr_assert(text_lines_open(&l, &in, &beginning, &plain_options, filter, NULL));
    while (in.size < text.n) {
        in.size = in.size + step < text.n ? in.size + step : text.n;
        drain(&l, &r);
    }
    in.complete = true;
    drain(&l, &r);
    cr_expect_eq(r.last.offset, text.n);
    text_lines_close(&l);
}

/* Lines of any length with the word, marks and terminators anywhere, from a seed. */
static void put_random(struct buf *b, unsigned seed)
{
    static const char *const parts[] = {"#",   "\n",  "\n", "\r\n",  "\r", "9646",
                                        "\n#", "\n#", "a",  "id 1 ", "x#", "\xc3\xbc"};
    buf_reset(b);
    for (unsigned i = 0, random = seed; i < 60 + seed % 100; i++) {
        random = random * 1664525 + 1013904223;
        const char *part = parts[(random >> 16) % (sizeof parts / sizeof parts[0])];
        for (unsigned n = (random >> 8) % 97 ? 1 : random >> 21; n > 0; n--)
            buf_put(b, sv_from(part));
    }
}

Test(text_lines, marks_change_no_record)
{
    struct buf text, want;
    buf_init(&text, 64 * MIB);
    buf_init(&want, 64 * MIB);
    for (unsigned seed = 0; seed < 3000; seed++) {
        put_random(&text, seed);
        buf_reset(&output);
        parse(buf_sv(&text), &whole_filter, beginning);
        buf_reset(&want);
        buf_put(&want, buf_sv(&output));
        buf_reset(&output);
        parse(buf_sv(&text), &marked_filter, beginning);
        cr_assert(sv_eq(buf_sv(&output), buf_sv(&want)), "seed %u", seed);
        if (seed % 100 == 0)
            parse_growing(buf_sv(&text), &marked_filter, 1 + seed % 7);
        cr_assert(sv_eq(buf_sv(&output), buf_sv(&want)), "seed %u, growing", seed);
    }
    buf_free(&text);
    buf_free(&want);
}

Test(text_lines, how_the_input_grows_changes_no_record)
{
    for (size_t step = 1; step < sample.n; step++) {
        parse_growing(sample, &whole_filter, step);
        EXPECT_OUTPUT(SAMPLE_EVENTS);
        parse_growing(sample, &no_filter, step);
        EXPECT_OUTPUT(SAMPLE_EVENTS);
        parse_growing(sample, &marked_filter, step);
        EXPECT_OUTPUT(SAMPLE_EVENTS);
    }
}

Test(text_lines, how_utf16_grows_changes_no_record)
{
    char text[400], first[400];
    for (int order = 0; order < 4; order++) {
        struct sv wide = utf16(sample.p, order & 1, order & 2, text);
        buf_reset(&output);
        parse(wide, &whole_filter, beginning);
        size_t n = output.n;
        memcpy(first, output.p, n);
        cr_assert(sv_find(sv_make(first, n), SV("#five\n\n9646|")) != SV_NPOS, "%.*s",
                  SV_ARG(buf_sv(&output)));
        for (size_t step = 1; step < 7; step++) {
            parse_growing(wide, &whole_filter, step);
            cr_expect(sv_eq(buf_sv(&output), sv_make(first, n)));
        }
    }
}

Test(text_lines, reading_goes_on_from_every_position_a_step_gave)
{
    struct bytes bytes = {sample.p, sample.n, 0, false};
    struct input in = {&bytes, read_bytes, sample.n, true};
    struct position at = beginning;
    for (int i = 0; i < 8; i++) {
        struct step step;
        struct text_lines l;
        cr_assert(text_lines_open(&l, &in, &at, &plain_options, &whole_filter, NULL));
        parse_step(&l, &step);
        at = step.pos;
        text_lines_close(&l);
    }
    EXPECT_OUTPUT(SAMPLE_EVENTS);
    cr_expect_eq(at.offset, sample.n);
}

Test(text_lines, an_unfinished_record_is_told_and_the_position_stays_before_it)
{
    struct bytes bytes = {sample.p, sample.n, 0, false};
    struct input in = {&bytes, read_bytes, sample.n, false};
    struct text_lines l;
    struct step step;
    cr_assert(text_lines_open(&l, &in, &beginning, &plain_options, &whole_filter, NULL));
    do
        parse_step(&l, &step);
    while (step.kind == STEP_EVENT);
    cr_expect_eq(step.kind, STEP_MORE);
    cr_expect_eq(step.pos.offset, 71);
    cr_expect_eq(step.offset, 71);
    cr_expect_eq(step.length, 11);
    text_lines_close(&l);
}

Test(text_lines, another_content_before_the_position_is_found_out)
{
    char text[] = "#one 9646\n#two 9646\n#three\n";
    struct reading r = parse(SV("#one 9646\n#two 9646\n#three\n"), &whole_filter, beginning);
    struct bytes bytes = {text, sizeof text - 1, 0, false};
    struct input in = {&bytes, read_bytes, bytes.n, true};
    struct text_lines l;
    struct fault f;
    cr_assert(text_lines_open(&l, &in, &r.last, &plain_options, NULL, &f));
    text_lines_close(&l);
    text[3] = 'x';
    cr_expect_not(text_lines_open(&l, &in, &r.last, &plain_options, NULL, &f));
    cr_expect_eq(f.code, FAULT_REPLACED);
    text[3] = 'e';
    in.size = bytes.n = r.last.offset - 1;
    cr_expect_not(text_lines_open(&l, &in, &r.last, &plain_options, NULL, &f));
    cr_expect_eq(f.code, FAULT_REPLACED);
}

Test(text_lines, an_input_that_shrinks_or_cannot_be_read_ends_in_a_fault)
{
    struct bytes bytes = {"one\ntwo\n", 8, 0, false};
    struct input in = {&bytes, read_bytes, 8, false};
    struct text_lines l;
    struct step step;
    cr_assert(text_lines_open(&l, &in, &beginning, &plain_options, NULL, NULL));
    pull_all(&l);
    in.size = 7;
    buf_reset(&output);
    pull_all(&l);
    EXPECT_OUTPUT("F");
    text_lines_stop(&l, TEXT_FAILED, &step);
    cr_expect_eq(step.kind, STEP_FATAL);
    cr_expect_eq(step.fault.code, FAULT_REPLACED);
    text_lines_close(&l);
    in.size = 8;
    cr_assert(text_lines_open(&l, &in, &beginning, &plain_options, NULL, NULL));
    bytes.broken = true;
    buf_reset(&output);
    pull_all(&l);
    EXPECT_OUTPUT("F");
    text_lines_stop(&l, TEXT_FAILED, &step);
    cr_expect_eq(step.fault.code, FAULT_OS);
    text_lines_close(&l);
}

/* --- texts of chance --- */

static uint32_t chance(uint32_t below)
{
    static uint32_t state = 9646;
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
}

static void make_text(struct buf *b, int form)
{
    static const char *const parts[] = {"#", "9646", "\n", "\r", "\r\n", "x", "96", "46", "##\n", "9646\n#"};
    buf_reset(b);
    if (form)
        buf_lit(b, "  "); /* never in the way of the encoding's recognition */
    for (size_t n = 4 + chance(40); n > 0; n--)
        buf_put(b, sv_from(parts[chance(sizeof parts / sizeof parts[0])]));
    if (form == 0)
        return;
    char copy[1000];
    cr_assert_lt(b->n, sizeof copy);
    memcpy(copy, b->p, b->n);
    copy[b->n] = '\0';
    char wide[2000];
    struct sv v = utf16(copy, form & 1, form & 2, wide);
    buf_reset(b);
    buf_put(b, v);
}

/* One step per opening, each from the position of the one before. */
static void parse_in_steps(struct sv text)
{
    struct bytes bytes = {text.p, text.n, 0, false};
    struct input in = {&bytes, read_bytes, text.n, true};
    struct position at = beginning;
    struct step step;
    buf_reset(&output);
    do {
        struct text_lines l;
        cr_assert(text_lines_open(&l, &in, &at, &plain_options, &whole_filter, NULL));
        parse_step(&l, &step);
        at = step.pos;
        text_lines_close(&l);
    } while (step.kind != STEP_MORE);
}

Test(text_lines, searching_reading_growing_and_resuming_give_the_same_of_any_text)
{
    struct buf text;
    char expected[4000];
    size_t events = 0;
    buf_init(&text, 4000);
    for (int round = 0; round < 3000; round++) {
        make_text(&text, round % 4);
        struct sv v = buf_sv(&text);
        buf_reset(&output);
        events += parse(v, &no_filter, beginning).events;
        size_t n = output.n;
        cr_assert_lt(n, sizeof expected);
        if (n)
            memcpy(expected, output.p, n);
        struct sv same = sv_make(expected, n);
        buf_reset(&output);
        parse(v, &whole_filter, beginning);
        cr_assert(sv_eq(buf_sv(&output), same), "search, round %d:\n%.*s\n%.*s\n%.*s", round, SV_ARG(v),
                  SV_ARG(same), SV_ARG(buf_sv(&output)));
        parse_growing(v, round & 4 ? &whole_filter : &no_filter, 1 + chance(5));
        cr_assert(sv_eq(buf_sv(&output), same), "growing, round %d:\n%.*s", round, SV_ARG(v));
        parse_in_steps(v);
        cr_assert(sv_eq(buf_sv(&output), same), "resumed, round %d:\n%.*s", round, SV_ARG(v));
    }
    cr_expect_gt(events, 3000, "%zu", events);
    buf_free(&text);
}

/* --- limits --- */

static void put_many(struct buf *b, char c, size_t n)
{
    while (n--)
        buf_putc(b, c);
}

Test(text_lines, a_line_over_the_limit_is_cut_and_its_rest_reported)
{
    struct buf text;
    struct text_line line;
    struct step step;
    struct text_lines l;
    buf_init(&text, 16 * MIB);
    put_many(&text, 'x', MIB);
    buf_lit(&text, "\n");
    put_many(&text, 'y', MIB + 5);
    buf_lit(&text, "\nshort\n");
    struct bytes bytes = {text.p, text.n, 0, false};
    struct input in = {&bytes, read_bytes, text.n, true};
    cr_assert(text_lines_open(&l, &in, &beginning, &plain_options, NULL, NULL));
    cr_assert_eq(text_lines_next(&l, &line), TEXT_LINE);
    cr_expect_eq(line.text.n, MIB);
    cr_expect_not(line.cut);
    cr_assert_eq(text_lines_next(&l, &line), TEXT_LINE);
    cr_expect_eq(line.text.n, MIB);
    cr_expect(line.cut);
    enum text_pull pull = text_lines_next(&l, &line);
    cr_assert_eq(pull, TEXT_PASSED);
    text_lines_stop(&l, pull, &step);
    cr_expect_eq(step.kind, STEP_SKIP);
    cr_expect_eq(step.offset, 2 * MIB + 1);
    cr_expect_eq(step.length, 6);
    cr_assert_eq(text_lines_next(&l, &line), TEXT_LINE);
    cr_expect(sv_eq(line.text, SV("short")));
    text_lines_close(&l);
    buf_free(&text);
}

Test(text_lines, a_position_inside_a_long_line_is_no_beginning_of_a_line)
{
    struct buf text;
    struct step step;
    struct text_lines l;
    buf_init(&text, 32 * MIB);
    put_many(&text, 'y', 9 * MIB);
    buf_lit(&text, "\nshort\n");
    struct bytes bytes = {text.p, text.n, 0, false};
    struct input in = {&bytes, read_bytes, text.n, true};
    struct position at = beginning;
    for (int i = 0; i < 5; i++) {
        struct text_line line;
        enum text_pull pull;
        cr_assert(text_lines_open(&l, &in, &at, &plain_options, NULL, NULL));
        pull = text_lines_next(&l, &line);
        buf_printf(&output, "%d%c", pull, pull == TEXT_LINE ? line.text.p[0] : ' ');
        if (pull == TEXT_LINE)
            text_lines_finish(&l, STEP_PROGRESS, &step);
        else
            text_lines_stop(&l, pull, &step);
        at = step.pos;
        text_lines_close(&l);
    }
    char expected[40];
    snprintf(expected, sizeof expected, "%dy%d %d %d %ds", TEXT_LINE, TEXT_PASSED, TEXT_PASSED, TEXT_PASSED,
             TEXT_LINE);
    cr_expect_str_eq(expected, (buf_putc(&output, '\0'), output.p));
    cr_expect_eq(at.offset, text.n);
    buf_free(&text);
}

Test(text_lines, a_record_over_the_limit_is_skipped_and_the_next_one_read)
{
    struct buf text;
    buf_init(&text, 32 * MIB);
    buf_lit(&text, "#big 9646\n");
    for (int i = 0; i < 3 * MIB / 64; i++)
        buf_lit(&text, "0123456789012345678901234567890123456789012345678901234567890123\n");
    buf_lit(&text, "#small 9646\n");
    struct reading r = parse(buf_sv(&text), &whole_filter, beginning);
    cr_expect_eq(r.events, 1);
    cr_expect_eq(r.skips, 1);
    cr_expect(sv_ends(buf_sv(&output), SV(":#small 9646|")));
    buf_free(&text);
}

Test(text_lines, a_word_far_from_its_record_counts_alike_however_it_is_read)
{
    struct buf text;
    buf_init(&text, 32 * MIB);
    buf_lit(&text, "#a\n");
    put_many(&text, '\n', MIB - 40);
    buf_lit(&text, "9646\n#b\n");
    put_many(&text, '\n', MIB + 100);
    buf_lit(&text, "9646\n#c 9646\n");
    put_many(&text, 'z', 2 * MIB);
    buf_lit(&text, "9646\n#d 9646\n");
    struct reading whole = parse(buf_sv(&text), &whole_filter, beginning);
    cr_expect_eq(whole.events, 2);
    cr_expect_eq(whole.last.offset, text.n);
    size_t n = output.n;
    char *first = malloc(n);
    memcpy(first, output.p, n);
    static const size_t steps[] = {70001, 512 * 1024, MIB + 3};
    for (size_t i = 0; i < 3; i++) {
        parse_growing(buf_sv(&text), &whole_filter, steps[i]);
        cr_expect(sv_eq(buf_sv(&output), sv_make(first, n)), "step %zu", steps[i]);
    }
    free(first);
    buf_free(&text);
}

/* Records of more and of less than the limit, some of them one line. */
Test(text_lines, marks_change_no_record_that_is_too_long)
{
    struct buf text;
    buf_init(&text, 32 * MIB);
    for (int i = 0; i < 6; i++) {
        buf_lit(&text, "#begin 9646\n");
        put_many(&text, 'x', i % 2 ? MIB - 100 : MIB + 100);
        for (int line = 0; i == 4 && line < MIB / 64; line++)
            buf_lit(&text, "a line of a record that is longer than the limit, 64 bytes long\n");
        buf_lit(&text, "\nlast\n");
    }
    struct reading plain = parse(buf_sv(&text), &whole_filter, beginning);
    size_t n = output.n;
    struct reading marked = parse(buf_sv(&text), &marked_filter, beginning);
    cr_assert_eq(plain.events, marked.events);
    cr_assert_eq(plain.skips, marked.skips);
    cr_assert_gt(plain.skips, 0);
    cr_assert_gt(plain.events, 0);
    cr_assert_eq(output.n, 2 * n);
    cr_assert_eq(memcmp(output.p, output.p + n, n), 0);
    buf_free(&text);
}

/* --- words that are numbers --- */

Test(text_lines, a_number_inside_of_another_counts_where_its_low_16_bits_are_the_word)
{
    static const struct text_filter number = {.word = SV_INIT("9646"), .is_number = true};
    static const struct sv text =
        SV_INIT("9646\n19646\n96460\n a9646b\n0009646\n8229646\n40969646\n99999999999999999999999646\n"
                "1029646x9646\n9646");
    char wide[512];
    size_t counts[3];
    for (int form = 0; form < 3; form++) {
        struct sv v = form ? utf16(text.p, form == 2, false, wide) : text;
        struct bytes bytes = {v.p, v.n, 0, false};
        struct input in = {&bytes, read_bytes, v.n, true};
        struct text_lines l;
        struct text_line line;
        cr_assert(text_lines_open(&l, &in, &beginning, &plain_options, &number, NULL));
        for (counts[form] = 0; text_lines_find(&l) == TEXT_LINE; counts[form]++)
            cr_assert_eq(text_lines_next(&l, &line), TEXT_LINE);
        text_lines_close(&l);
    }
    cr_assert_eq(counts[0], 7, "%zu", counts[0]);
    cr_assert_eq(counts[1], 7, "%zu", counts[1]);
    cr_assert_eq(counts[2], 7, "%zu", counts[2]);
}

Test(text_lines, memory_stays_below_the_parsers_limit)
{
    struct buf text;
    struct text_lines l;
    struct reading r = {0};
    buf_init(&text, 64 * MIB);
    for (int i = 0; i < 20; i++) {
        put_many(&text, '#', MIB - 10);
        buf_lit(&text, "\n9646\n");
    }
    buf_lit(&text, "#end\n");
    put_many(&text, 'z', 12 * MIB);
    struct bytes bytes = {text.p, text.n, 0, false};
    struct input in = {&bytes, read_bytes, text.n, true};
    cr_assert(text_lines_open(&l, &in, &beginning, &plain_options, &whole_filter, NULL));
    drain(&l, &r);
    cr_expect_eq(r.events, 20);
    cr_expect_leq(l.window.capacity + l.line_text.cap + l.record_text.cap, PARSER_MEMORY_MAX / 2);
    text_lines_close(&l);
    buf_free(&text);
}

Test(text_lines, the_owner_may_breathe_every_few_mib)
{
    struct buf text;
    struct text_lines l;
    struct step step = {0};
    uint64_t last;
    buf_init(&text, 32 * MIB);
    for (int i = 0; i < 12 * MIB / 8; i++)
        buf_lit(&text, "#a line\n");
    struct bytes bytes = {text.p, text.n, 0, false};
    struct input in = {&bytes, read_bytes, text.n, true};
    for (int filtered = 0; filtered < 2; filtered++) {
        cr_assert(
            text_lines_open(&l, &in, &beginning, &plain_options, filtered ? &whole_filter : NULL, NULL));
        do {
            last = step.pos.offset;
            parse_step(&l, &step);
            cr_expect_leq(step.pos.offset - last, PARSER_PROGRESS_BYTES);
        } while (step.kind == STEP_PROGRESS);
        cr_expect_eq(step.pos.offset, text.n);
        step = (struct step){0};
        text_lines_close(&l);
    }
    buf_free(&text);
}

Test(text_lines, the_end_lies_behind_the_last_ended_line)
{
    static const struct {
        struct sv text;
        uint64_t end;
    } cases[] = {{SV_INIT("one\ntwo\n"), 8},
                 {SV_INIT("one\ntwo"), 4},
                 {SV_INIT("one"), 0},
                 {SV_INIT(""), 0},
                 {SV_INIT("one\r\ntwo\r"), 5}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes bytes = {cases[i].text.p, cases[i].text.n, 0, false};
        struct input in = {&bytes, read_bytes, bytes.n, false};
        struct position end;
        struct text_lines l;
        cr_assert(text_lines_end(&in, &end, NULL));
        cr_expect_eq(end.offset, cases[i].end, "%zu", i);
        cr_expect(text_lines_open(&l, &in, &end, &plain_options, NULL, NULL));
        text_lines_close(&l);
    }
}
