/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-16 to XML text: each way of converting against the other, and both against convert-then-escape. */
#include "utf.h"
#include "xml_escape.h"
#include "xml_utf16.h"

#include <criterion/criterion.h>

enum { UNITS_MAX = 80, BYTES_MAX = UNITS_MAX * 2 };

static struct buf want;
static char got[(UNITS_MAX + 1) * 6 + 16];

static void setup(void)
{
    buf_init(&want, 1 << 16);
}

static void teardown(void)
{
    buf_free(&want);
}

TestSuite(xml_utf16, .init = setup, .fini = teardown);

/* Two passes; NULs are characters that cannot stand in XML either. */
static bool convert_slowly(const uint8_t *p, size_t n, bool in_attribute)
{
    char utf8[UNITS_MAX * 3 + 3];
    bool replaced = false;
    size_t length = utf8_from_utf16(p, n, TEXT_UTF16LE, utf8, &replaced);
    buf_reset(&want);
    xml_escape_put(&want, sv_make(utf8, length), in_attribute);
    return replaced || memchr(utf8, 0, length) != NULL;
}

static void expect_same(const uint8_t *p, size_t n)
{
    cr_assert_leq(xml_utf16_room(n), sizeof got);
    for (int in_attribute = 0; in_attribute < 2; in_attribute++) {
        bool slow = convert_slowly(p, n, in_attribute), fast = false, portable = false;
        size_t length = xml_from_utf16(p, n, in_attribute, got, &fast);
        cr_assert(sv_eq(sv_make(got, length), buf_sv(&want)), "%.*s instead of %.*s", (int)length, got,
                  SV_ARG(buf_sv(&want)));
        cr_assert_eq(fast, slow);
        length = xml_from_utf16_portable(p, n, in_attribute, got, &portable);
        cr_assert(sv_eq(sv_make(got, length), buf_sv(&want)));
        cr_assert_eq(portable, slow);
    }
}

static uint32_t state = 1;

static uint32_t random_below(uint32_t n)
{
    state = state * UINT32_C(1664525) + UINT32_C(1013904223);
    return (state >> 8) % n;
}

/* What texts consist of, with everything that is special about one or the other. */
static uint16_t any_unit(void)
{
    static const uint16_t odd[] = {0,      1,      9,      10,     13,     31,     '"',    '&',    '\'',
                                   '<',    '>',    0x7f,   0x80,   0x7ff,  0x800,  0xd7ff, 0xd800, 0xdbff,
                                   0xdc00, 0xdfff, 0xe000, 0xfffd, 0xffff, 0x3c3c, 0x263c, 0x003d, 0x013c};
    switch (random_below(8)) {
    case 0:
        return odd[random_below(sizeof odd / sizeof *odd)];
    case 1:
        return (uint16_t)random_below(0x10000);
    default:
        return (uint16_t)(' ' + random_below(95));
    }
}

Test(xml_utf16, every_way_of_converting_gives_the_same_text)
{
    uint8_t text[BYTES_MAX];
    for (int round = 0; round < 20000; round++) {
        size_t units = random_below(UNITS_MAX);
        for (size_t i = 0; i < units; i++) {
            uint16_t unit = any_unit();
            text[2 * i] = (uint8_t)unit;
            text[2 * i + 1] = (uint8_t)(unit >> 8);
        }
        expect_same(text, units * 2);
    }
}

Test(xml_utf16, each_unit_alone_and_among_others_is_right)
{
    uint8_t text[34];
    for (unsigned unit = 0; unit < 0x10000; unit++) {
        for (size_t i = 0; i < sizeof text; i += 2) {
            text[i] = 'x';
            text[i + 1] = 0;
        }
        text[14] = (uint8_t)unit;
        text[15] = (uint8_t)(unit >> 8);
        expect_same(text + 14, 2);
        expect_same(text, sizeof text);
    }
}

/* Wherever the text begins in memory, however long it is, whatever stands at its end. */
Test(xml_utf16, every_alignment_and_every_length_gives_the_same_text)
{
    enum { ALIGNMENTS = 64 };
    static const uint16_t lasts[] = {'x', '<', '\'', 0, 0xe4, 0x20ac, 0xd83d, 0xdce7, 0xfffe};
    static uint8_t memory[ALIGNMENTS + BYTES_MAX] __attribute__((aligned(ALIGNMENTS)));
    for (size_t at = 0; at < ALIGNMENTS; at++)
        for (size_t n = 2; n <= BYTES_MAX; n += 2)
            for (size_t k = 0; k < sizeof lasts / sizeof *lasts; k++) {
                for (size_t i = 0; i < n; i += 2) {
                    memory[at + i] = (uint8_t)('a' + i % 26);
                    memory[at + i + 1] = 0;
                }
                memory[at + n - 2] = (uint8_t)lasts[k];
                memory[at + n - 1] = (uint8_t)(lasts[k] >> 8);
                expect_same(memory + at, n);
            }
}

Test(xml_utf16, what_xml_does_not_allow_is_replaced)
{
    static const uint8_t text[] = {'a', 0, 0xfe, 0xff, 0xff, 0xff, 0xfd, 0xff, 1, 0, 0x21, 0xff, 'b', 0};
    bool replaced = false;
    size_t n = xml_from_utf16(text, sizeof text, false, got, &replaced);
    const char *want_text = "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbc\xa1"
                            "b";
    cr_assert(sv_eq(sv_make(got, n), sv_from(want_text)), "%.*s", (int)n, got);
    expect_same(text, sizeof text);
}

Test(xml_utf16, an_odd_last_byte_is_replaced)
{
    expect_same((const uint8_t *)"a\0b", 3);
    expect_same((const uint8_t *)"\x3d\xd8\xe7", 3);
}

Test(xml_utf16, the_worst_case_fits_the_room)
{
    uint8_t quotes[BYTES_MAX] = {0};
    for (size_t i = 0; i < sizeof quotes; i += 2)
        quotes[i] = '"';
    for (size_t n = 0; n <= sizeof quotes; n += 2) {
        bool replaced = false;
        memset(got, '#', sizeof got);
        cr_assert_eq(xml_from_utf16(quotes, n, true, got, &replaced), n / 2 * 6);
        for (size_t i = xml_utf16_room(n); i < sizeof got; i++)
            cr_assert_eq(got[i], '#');
    }
}
