/* SPDX-License-Identifier: Apache-2.0 */
/* The base library: views, reader, arena, buffer, encodings, times. And the selector, which is as small. */
#include "arena.h"
#include "buf.h"
#include "event.h"
#include "hash64.h"
#include "reader.h"
#include "selector.h"
#include "utf.h"
#include "wtime.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define assert_sv(got, want)                                                                                 \
    do {                                                                                                     \
        struct sv got_ = (got), want_ = (want);                                                              \
        cr_assert(sv_eq(got_, want_), "got '%.*s', want '%.*s'", SV_ARG(got_), SV_ARG(want_));               \
    } while (0)

/* --- views --- */

Test(sv, absent_and_empty_stay_apart)
{
    cr_assert(sv_absent(sv_from(NULL)));
    cr_assert_not(sv_absent(sv_from("")));
    cr_assert(sv_absent(sv_slice(SV_ABSENT, 0, 5)));
    cr_assert_not(sv_absent(sv_slice(SV("abc"), 3, 9)));
    cr_assert(sv_eq(SV_ABSENT, SV("")) && sv_eq(SV_ABSENT, SV_ABSENT));
    cr_assert_not(sv_eq(SV_ABSENT, SV("a")));
    cr_assert(sv_absent(sv_trim(SV_ABSENT)));
}

Test(sv, a_slice_is_cut_to_what_there_is)
{
    assert_sv(sv_slice(SV("abcdef"), 2, 4), SV("cd"));
    assert_sv(sv_slice(SV("abcdef"), 4, 99), SV("ef"));
    assert_sv(sv_slice(SV("abcdef"), 9, 99), SV(""));
    assert_sv(sv_slice(SV("abcdef"), 4, 2), SV(""));
}

Test(sv, folding_is_for_ascii_letters_only)
{
    cr_assert(sv_ieq(SV("MSExchangeIS"), SV("msexchangeis")));
    cr_assert_not(sv_ieq(SV("@"), SV("`")));
    cr_assert_not(sv_ieq(SV("\xc4"), SV("\xe4")));
    cr_assert(sv_istarts(SV("/O=Org"), SV("/o=")) && !sv_starts(SV("/O=Org"), SV("/o=")));
    cr_assert(sv_iends(SV("a.EVTX"), SV(".evtx")) && !sv_ends(SV("a.EVTX"), SV(".evtx")));
    cr_assert_not(sv_istarts(SV("a"), SV("ab")));
    cr_assert_not(sv_iends(SV("b"), SV("ab")));
}

Test(sv, finding_from_both_ends)
{
    cr_assert_eq(sv_find(SV("abcabc"), SV("bc")), 1);
    cr_assert_eq(sv_rfind(SV("abcabc"), SV("bc")), 4);
    cr_assert_eq(sv_ifind(SV("abCABC"), SV("BC")), 1);
    cr_assert_eq(sv_find(SV("aab"), SV("ab")), 1);
    cr_assert_eq(sv_find(SV("abc"), SV("abcd")), SV_NPOS);
    cr_assert_eq(sv_find(SV("abc"), SV("x")), SV_NPOS);
    cr_assert_eq(sv_rfind(SV("abc"), SV("x")), SV_NPOS);
    cr_assert_eq(sv_find(SV_ABSENT, SV("x")), SV_NPOS);
    cr_assert_eq(sv_rfind(SV_ABSENT, SV("x")), SV_NPOS);
    cr_assert_eq(sv_ifind(SV_ABSENT, SV("x")), SV_NPOS);
    cr_assert_eq(sv_find(SV("abc"), SV("")), 0);
    cr_assert_eq(sv_find_char(SV("abc"), 'c'), 2);
    cr_assert_eq(sv_find_char(SV_ABSENT, 'c'), SV_NPOS);
}

Test(sv, decimal_numbers)
{
    static const struct {
        const char *text;
        bool ok;
        uint64_t value;
    } rows[] = {
        {"0", true, 0},
        {"9646", true, 9646},
        {"0009646", true, 9646},
        {"0000000000000000000000000009646", true, 9646},
        {"1844674407370955161", true, UINT64_C(1844674407370955161)},
        {"9999999999999999999", true, UINT64_C(9999999999999999999)},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"18446744073709551625", false, 0},
        {"28446744073709551615", false, 0},
        {"99999999999999999999", false, 0},
        {"184467440737095516150", false, 0},
        {"", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1a", false, 0},
        {"0x10", false, 0},
        {"/", false, 0},
        {":", false, 0},
        {"1:2345678901234567890", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t got = 42;
        cr_assert_eq(sv_to_u64(sv_from(rows[i].text), &got), rows[i].ok, "%s", rows[i].text);
        cr_assert_eq(got, rows[i].ok ? rows[i].value : 42, "%s", rows[i].text);
    }
}

Test(sv, hexadecimal_numbers)
{
    static const struct {
        const char *text;
        bool ok;
        uint64_t value;
    } rows[] = {
        {"0x80000000000000", true, UINT64_C(0x80000000000000)},
        {"0XfF", true, 255},
        {"ffffffffffffffff", true, UINT64_MAX},
        {"0xffffffffffffffff", true, UINT64_MAX},
        {"00ffffffffffffffff", true, UINT64_MAX},
        {"10000000000000000", false, 0},
        {"0x", false, 0},
        {"", false, 0},
        {"g", false, 0},
        {"-1", false, 0},
        {"0x0x1", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t got = 42;
        cr_assert_eq(sv_hex_to_u64(sv_from(rows[i].text), &got), rows[i].ok, "%s", rows[i].text);
        cr_assert_eq(got, rows[i].ok ? rows[i].value : 42, "%s", rows[i].text);
    }
}

Test(sv, trimming)
{
    assert_sv(sv_trim(SV(" \t\r\n a b \v\f\n")), SV("a b"));
    assert_sv(sv_trim(SV(" \n")), SV(""));
}

/* --- reader --- */

Test(reader, a_failed_read_changes_nothing)
{
    static const uint8_t bytes[] = {1, 2, 3};
    struct reader r = reader_make(bytes, sizeof bytes), sub = {NULL, 7, 7};
    uint8_t b = 9;
    uint32_t w = 9;
    const uint8_t *p = NULL;
    cr_assert_not(reader_u32(&r, &w));
    cr_assert_not(reader_bytes(&r, 4, &p));
    cr_assert_not(reader_sub(&r, 4, &sub));
    cr_assert_not(reader_skip(&r, SIZE_MAX));
    cr_assert_not(reader_seek(&r, 4));
    cr_assert(r.at == 0 && w == 9 && p == NULL && sub.n == 7);
    cr_assert(reader_skip(&r, 3));
    cr_assert_eq(reader_left(&r), 0);
    cr_assert_not(reader_u8(&r, &b));
    cr_assert(b == 9 && r.at == 3);
    cr_assert(reader_seek(&r, 3) && reader_skip(&r, 0) && reader_seek(&r, 0));
}

Test(reader, numbers_are_little_endian)
{
    static const uint8_t bytes[] = {0x01, 0x02, 0x83, 0x04, 0x85, 0x06, 0x07, 0x88, 0xff};
    struct reader r = reader_make(bytes, sizeof bytes);
    uint64_t q;
    uint16_t h;
    uint8_t b;
    cr_assert(reader_u64(&r, &q) && reader_u8(&r, &b));
    cr_assert(q == UINT64_C(0x8807068504830201) && b == 0xff);
    cr_assert(reader_seek(&r, 2) && reader_u16(&r, &h));
    cr_assert_eq(h, 0x0483);
    struct reader sub;
    uint32_t w;
    cr_assert(reader_seek(&r, 1) && reader_sub(&r, 4, &sub) && reader_u32(&sub, &w));
    cr_assert(w == 0x85048302 && reader_left(&sub) == 0 && r.at == 5);
}

/* --- arena --- */

Test(arena, the_limit_holds_and_a_reset_forgets)
{
    struct arena a;
    arena_init(&a, 1000);
    cr_assert_null(arena_alloc(&a, 1001));
    cr_assert_not_null(arena_alloc(&a, 900));
    cr_assert_null(arena_alloc(&a, 101));
    cr_assert(sv_absent(arena_copy(&a, sv_make("x", 500))));
    arena_reset(&a);
    cr_assert_not_null(arena_alloc(&a, 1000));
    cr_assert_null(arena_alloc(&a, SIZE_MAX));
    arena_free(&a);
}

Test(arena, allocations_are_apart_and_aligned)
{
    struct arena a;
    unsigned char *p[300];
    arena_init(&a, 1 << 20);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 300; i++) {
            p[i] = arena_alloc(&a, i);
            cr_assert_not_null(p[i]);
            cr_assert_eq((uintptr_t)p[i] % _Alignof(max_align_t), 0);
            memset(p[i], (int)i & 0xff, i);
        }
        for (size_t i = 0; i < 300; i++)
            for (size_t k = 0; k < i; k++)
                cr_assert_eq(p[i][k], i & 0xff);
        arena_reset(&a);
    }
    arena_free(&a);
}

Test(arena, copies_keep_absent_and_empty_apart)
{
    struct arena a;
    arena_init(&a, 1000);
    cr_assert(sv_absent(arena_copy(&a, SV_ABSENT)));
    cr_assert_not(sv_absent(arena_copy(&a, SV(""))));
    assert_sv(arena_copy(&a, SV("abc")), SV("abc"));
    cr_assert_str_eq(arena_cstr(&a, SV("abc")), "abc");
    cr_assert_str_eq(arena_cstr(&a, SV_ABSENT), "");
    arena_free(&a);
}

Test(arena, shrinking_gives_bytes_back)
{
    struct arena a;
    arena_init(&a, 1000);
    char *first = arena_alloc(&a, 1000);
    cr_assert_not_null(first);
    memset(first, 'x', 1000);
    arena_shrink(&a, first, 1000, 10);
    char *second = arena_alloc(&a, 900);
    cr_assert_not_null(second);
    memset(second, 'y', 900);
    cr_assert_eq(first[9], 'x');
    arena_shrink(&a, first, 1000, 0);
    cr_assert_eq(second[899], 'y', "only the latest allocation can shrink");
    arena_free(&a);
}

/* --- buffer --- */

Test(buf, a_failure_sticks_until_the_reset)
{
    struct buf b;
    buf_init(&b, 10);
    buf_lit(&b, "12345678");
    buf_lit(&b, "abc");
    cr_assert_not(buf_ok(&b));
    buf_lit(&b, "d");
    assert_sv(buf_sv(&b), SV("12345678"));
    buf_reset(&b);
    cr_assert(buf_ok(&b));
    buf_lit(&b, "1234567890");
    cr_assert(buf_ok(&b) && b.n == 10);
    buf_cut(&b, 20);
    buf_cut(&b, 3);
    assert_sv(buf_sv(&b), SV("123"));
    buf_free(&b);
    assert_sv(buf_sv(&b), SV(""));
}

Test(buf, numbers_and_text)
{
    struct buf b;
    buf_init(&b, 4096);
    buf_u64(&b, 0);
    buf_putc(&b, ' ');
    buf_u64(&b, UINT64_MAX);
    buf_putc(&b, ' ');
    buf_i64(&b, INT64_MIN);
    buf_putc(&b, ' ');
    buf_i64(&b, -1);
    buf_printf(&b, " %s %d", "x", 7);
    assert_sv(buf_sv(&b), SV("0 18446744073709551615 -9223372036854775808 -1 x 7"));
    buf_printf(&b, "%600d", 1);
    cr_assert_not(buf_ok(&b));
    buf_free(&b);
}

Test(buf, what_grows_keeps_its_content)
{
    struct buf b;
    buf_init(&b, 100000);
    for (int i = 0; i < 100000; i++)
        buf_putc(&b, (char)('a' + i % 26));
    cr_assert(buf_ok(&b) && b.n == 100000);
    for (int i = 0; i < 100000; i++)
        cr_assert_eq(b.p[i], 'a' + i % 26);
    buf_putc(&b, 'x');
    cr_assert_not(buf_ok(&b));
    buf_free(&b);
}

Test(buf, code_points)
{
    struct buf b;
    buf_init(&b, 100);
    static const uint32_t points[] = {0x41,    0x7f,     0x80,   0x7ff,  0x800,   0xffff,
                                      0x10000, 0x10ffff, 0xd800, 0xdfff, 0x110000};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        buf_utf8(&b, points[i]);
    assert_sv(buf_sv(&b), SV("A\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"
                             "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"));
    buf_free(&b);
}

/* --- encodings --- */

Test(utf, the_first_bytes_tell_the_encoding)
{
    static const struct {
        struct sv head;
        enum text_encoding encoding;
        unsigned bom;
    } rows[] = {
        {SV_INIT(""), TEXT_UTF8, 0},
        {SV_INIT("<"), TEXT_UTF8, 0},
        {SV_INIT("<E"), TEXT_UTF8, 0},
        {SV_INIT("\xef\xbb\xbf<"), TEXT_UTF8, 3},
        {SV_INIT("\xef\xbb"), TEXT_UTF8, 0},
        {SV_INIT("\xff\xfe<\0"), TEXT_UTF16LE, 2},
        {SV_INIT("\xfe\xff\0<"), TEXT_UTF16BE, 2},
        {SV_INIT("<\0E\0"), TEXT_UTF16LE, 0},
        {SV_INIT("\0<\0E"), TEXT_UTF16BE, 0},
        {SV_INIT("\0\0"), TEXT_UTF8, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text_form form = text_form_of(rows[i].head);
        cr_assert_eq(form.encoding, rows[i].encoding, "row %zu", i);
        cr_assert_eq(form.bom_bytes, rows[i].bom, "row %zu", i);
    }
}

Test(utf, only_shortest_forms_and_scalar_values_are_valid)
{
    static const struct sv good[] = {
        SV_INIT(""),
        SV_INIT("a"),
        SV_INIT("\xc2\x80"),
        SV_INIT("\xdf\xbf"),
        SV_INIT("\xe0\xa0\x80"),
        SV_INIT("\xed\x9f\xbf"),
        SV_INIT("\xee\x80\x80"),
        SV_INIT("\xef\xbf\xbf"),
        SV_INIT("\xf0\x90\x80\x80"),
        SV_INIT("\xf4\x8f\xbf\xbf"),
        SV_INIT("\0"),
        SV_INIT("abcdefgh\xc3\xbc"
                "abcdefgh"),
    };
    static const struct sv bad[] = {
        SV_INIT("\x80"),
        SV_INIT("\xbf"),
        SV_INIT("\xc0\x80"),
        SV_INIT("\xc1\xbf"),
        SV_INIT("\xc2"),
        SV_INIT("\xc2\x41"),
        SV_INIT("\xe0\x80\x80"),
        SV_INIT("\xe0\x9f\xbf"),
        SV_INIT("\xe0\xa0"),
        SV_INIT("\xed\xa0\x80"),
        SV_INIT("\xed\xbf\xbf"),
        SV_INIT("\xf0\x80\x80\x80"),
        SV_INIT("\xf0\x8f\xbf\xbf"),
        SV_INIT("\xf0\x90\x80"),
        SV_INIT("\xf4\x90\x80\x80"),
        SV_INIT("\xf5\x80\x80\x80"),
        SV_INIT("\xf8\x88\x80\x80\x80"),
        SV_INIT("\xfe"),
        SV_INIT("\xff"),
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_assert_eq(utf8_valid_length(good[i]), good[i].n, "good row %zu", i);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[32] = "12345678";
        uint32_t c = 0;
        cr_assert_eq(utf8_valid_length(bad[i]), 0, "bad row %zu", i);
        memcpy(text + 8, bad[i].p, bad[i].n);
        cr_assert_eq(utf8_valid_length(sv_make(text, 8 + bad[i].n)), 8, "bad row %zu behind text", i);
        cr_assert_eq(utf8_decode(bad[i], &c), 1, "bad row %zu", i);
        cr_assert_eq(c, 0xfffd, "bad row %zu", i);
    }
}

Test(utf, every_code_point_goes_there_and_back)
{
    struct buf b;
    buf_init(&b, 16);
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        uint32_t back = 0;
        if (c >= 0xd800 && c < 0xe000)
            continue;
        buf_reset(&b);
        buf_utf8(&b, c);
        if (utf8_valid_length(buf_sv(&b)) != b.n || utf8_decode(buf_sv(&b), &back) != b.n || back != c)
            cr_assert_fail("U+%04X", (unsigned)c);
    }
    buf_free(&b);
}

Test(utf, cleaning_replaces_each_invalid_part_once)
{
    struct arena a;
    bool replaced = false;
    arena_init(&a, 1000);
    struct sv fine = SV("abc \xc3\xbc");
    cr_assert_eq(utf8_clean(&a, fine, &replaced).p, fine.p, "valid text is not copied");
    cr_assert_not(replaced);
    assert_sv(utf8_clean(&a,
                         SV("a\xff"
                            "b\xc3(c\xe2\x82"),
                         &replaced),
              SV("a\xef\xbf\xbd"
                 "b\xef\xbf\xbd(c\xef\xbf\xbd"));
    cr_assert(replaced);
    cr_assert(sv_absent(utf8_clean(&a, SV_ABSENT, NULL)));
    arena_free(&a);
}

Test(utf, a_cut_never_divides_a_character)
{
    struct sv v = SV("a\xc3\xbc\xe4\xb8\xad\xf0\x9f\x98\x80z");
    static const size_t want[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    for (size_t max = 0; max < sizeof want / sizeof *want; max++)
        cr_assert_eq(utf8_cut(v, max).n, want[max], "max %zu", max);
}

static void assert_utf16(struct sv from, enum text_encoding e, struct sv want, bool want_replaced)
{
    char *to = malloc(utf8_room_for_utf16(from.n));
    bool replaced = false;
    size_t n = utf8_from_utf16((const uint8_t *)from.p, from.n, e, to, &replaced);
    assert_sv(sv_make(to, n), want);
    cr_assert_eq(replaced, want_replaced);
    free(to);
}

Test(utf, utf16_with_lone_surrogates_and_an_odd_byte)
{
    assert_utf16(SV("a\0\xfc\0\x2d\x4e\x3d\xd8\0\xde"), TEXT_UTF16LE,
                 SV("a\xc3\xbc\xe4\xb8\xad\xf0\x9f\x98\x80"), false);
    assert_utf16(SV("\0a\0\xfc\x4e\x2d\xd8\x3d\xde\0"), TEXT_UTF16BE,
                 SV("a\xc3\xbc\xe4\xb8\xad\xf0\x9f\x98\x80"), false);
    assert_utf16(SV("\x3d\xd8"
                    "a\0"),
                 TEXT_UTF16LE,
                 SV("\xef\xbf\xbd"
                    "a"),
                 true);
    assert_utf16(SV("\0\xde"
                    "a\0"),
                 TEXT_UTF16LE,
                 SV("\xef\xbf\xbd"
                    "a"),
                 true);
    assert_utf16(SV("\x3d\xd8\x3d\xd8\0\xde"), TEXT_UTF16LE, SV("\xef\xbf\xbd\xf0\x9f\x98\x80"), true);
    assert_utf16(SV("a\0\x3d\xd8"), TEXT_UTF16LE, SV("a\xef\xbf\xbd"), true);
    assert_utf16(SV("a\0b"), TEXT_UTF16LE, SV("a\xef\xbf\xbd"), true);
    assert_utf16(SV("b"), TEXT_UTF16BE, SV("\xef\xbf\xbd"), true);
    assert_utf16(SV("\x3d\xd8\0"), TEXT_UTF16LE, SV("\xef\xbf\xbd\xef\xbf\xbd"), true);
    assert_utf16(SV(""), TEXT_UTF16LE, SV(""), false);
}

Test(utf, utf16_into_an_arena_keeps_the_limit)
{
    struct arena a;
    arena_init(&a, 64);
    assert_sv(utf8_from_utf16_in(&a, (const uint8_t *)"a\0b\0", 4, TEXT_UTF16LE, NULL), SV("ab"));
    cr_assert(sv_absent(utf8_from_utf16_in(&a, (const uint8_t *)"", 1000, TEXT_UTF16LE, NULL)));
    arena_free(&a);
}

/* --- times --- */

static void assert_time(const char *text, const char *want)
{
    struct wtime t = {.sec = 42};
    char out[WTIME_TEXT_MAX];
    bool ok = wtime_parse(sv_from(text), &t);
    cr_assert_eq(ok, want != NULL, "%s", text);
    if (!ok) {
        cr_assert_eq(t.sec, 42, "%s leaves the output alone", text);
        return;
    }
    size_t n = wtime_format(&t, 9, out);
    cr_assert_str_eq(out, want, "%s", text);
    cr_assert_eq(n, strlen(out));
}

Test(wtime, what_is_read_is_written_with_as_many_digits)
{
    assert_time("2024-05-22T14:43:53.1670895Z", "2024-05-22T14:43:53.1670895Z");
    assert_time("2014-12-08T20:45:49.000000000Z", "2014-12-08T20:45:49.000000000Z");
    assert_time("2024-05-22T14:43:53Z", "2024-05-22T14:43:53Z");
    assert_time("2024-05-22 14:43:53", "2024-05-22T14:43:53Z");
    assert_time("2024-05-22T14:43:53.5", "2024-05-22T14:43:53.5Z");
    assert_time("2024-05-22T14:43:53.12345678912Z", "2024-05-22T14:43:53.123456789Z");
    assert_time("2024-05-22T00:30:00+02:00", "2024-05-21T22:30:00Z");
    assert_time("2024-12-31T23:30:00.25-01:30", "2025-01-01T01:00:00.25Z");
    assert_time("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z");
    assert_time("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z");
    assert_time("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z");
    assert_time("1601-01-01T00:00:00.0000001Z", "1601-01-01T00:00:00.0000001Z");
}

Test(wtime, leap_years)
{
    assert_time("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z");
    assert_time("2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z");
    assert_time("2023-02-29T00:00:00Z", NULL);
    assert_time("1900-02-29T00:00:00Z", NULL);
    assert_time("2100-02-29T00:00:00Z", NULL);
}

Test(wtime, what_is_no_time_is_refused)
{
    static const char *const bad[] = {
        "",
        "SystemTime",
        "2024-00-01T00:00:00Z",
        "2024-13-01T00:00:00Z",
        "2024-01-00T00:00:00Z",
        "2024-01-32T00:00:00Z",
        "2024-04-31T00:00:00Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01T00:60:00Z",
        "2024-01-01T00:00:61Z",
        "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00.",
        "2024-01-01T00:00:00+2:00",
        "2024-01-01T00:00:00+24:00",
        "2024-01-01T00:00:00+00:60",
        "2024-01-01T00:00:00ZZ",
        "2024-01-01T00:00:00Z ",
        " 2024-01-01T00:00:00Z",
        "2024-1-01T00:00:00Z",
        "24-01-01T00:00:00Z",
        "2024-01-01",
        "2024-01-01T00:00",
        "2024/01/01T00:00:00Z",
        "2024-01-01t00:00:00Z",
        "+024-01-01T00:00:00Z",
        "2024-01-01T00:00:00+",
        "2024-01-01T00:00:00-0000",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_time(bad[i], NULL);
}

Test(wtime, fractions_are_truncated_never_rounded)
{
    struct wtime t;
    char out[WTIME_TEXT_MAX];
    cr_assert(wtime_parse(SV("2024-05-22T14:43:53.9999999Z"), &t));
    wtime_format(&t, 3, out);
    cr_assert_str_eq(out, "2024-05-22T14:43:53.999Z");
    wtime_format(&t, 6, out);
    cr_assert_str_eq(out, "2024-05-22T14:43:53.999999Z");
    wtime_format(&t, 0, out);
    cr_assert_str_eq(out, "2024-05-22T14:43:53Z");
    cr_assert_eq(wtime_unix_ms(&t), INT64_C(1716389033999));
}

Test(wtime, filetimes)
{
    char out[WTIME_TEXT_MAX];
    struct wtime t = wtime_from_filetime(0);
    cr_assert_not(t.present);
    t = wtime_from_filetime(UINT64_C(116444736000000000));
    cr_assert(t.present && t.sec == 0 && t.nsec == 0 && t.digits == 7);
    t = wtime_from_filetime(UINT64_C(133608626331670895));
    wtime_format(&t, 9, out);
    cr_assert_str_eq(out, "2024-05-22T14:43:53.1670895Z");
    t = wtime_from_filetime(1);
    wtime_format(&t, 9, out);
    cr_assert_str_eq(out, "1601-01-01T00:00:00.0000001Z");
    t = wtime_from_filetime(UINT64_MAX);
    cr_assert_lt(wtime_format(&t, 9, out), WTIME_TEXT_MAX);
}

Test(wtime, before_1970_the_fraction_still_counts_upwards)
{
    char out[WTIME_TEXT_MAX];
    struct wtime t = wtime_from_unix_ns(-1, 9);
    wtime_format(&t, 9, out);
    cr_assert_str_eq(out, "1969-12-31T23:59:59.999999999Z");
    t = wtime_from_unix_ns(INT64_MIN, 99);
    cr_assert_eq(t.digits, 9);
    cr_assert_lt(t.nsec, 1000000000);
    t = wtime_from_unix_ns(INT64_C(1500000000123456789), 6);
    wtime_format(&t, 9, out);
    cr_assert_str_eq(out, "2017-07-14T02:40:00.123456Z");
}

Test(wtime, days_and_dates_are_inverse)
{
    for (int64_t day = -800000; day < 3000000; day += 13) {
        int64_t year;
        unsigned month, date;
        civil_from_days(day, &year, &month, &date);
        if (days_from_civil(year, month, date) != day || month < 1 || month > 12 || date < 1 || date > 31)
            cr_assert_fail("day %lld", (long long)day);
    }
    cr_assert_eq(days_from_civil(1970, 1, 1), 0);
    cr_assert_eq(days_from_civil(2000, 3, 1), 11017);
    cr_assert_eq(days_from_civil(1601, 1, 1), -134774);
}

/* --- event and hash --- */

Test(event, clearing_leaves_nothing_behind)
{
    static struct event e;
    event_add_datum(&e, SV("n"), SV("v"));
    e.provider = SV("x");
    e.event_id = opt_u64(1);
    e.original = SV("o");
    e.cut = e.data_cut = true;
    event_clear(&e);
    cr_assert(e.data_count == 0 && sv_absent(e.provider) && !e.event_id.has && sv_absent(e.original) &&
              !e.cut && !e.data_cut);
    e.provider = SV("P");
    assert_sv(event_source(&e), SV("P"));
    e.event_source_name = SV("S");
    assert_sv(event_source(&e), SV("S"));
}

Test(event, a_trust_has_a_name)
{
    assert_sv(event_trust_name(EVENT_OK), SV("ok"));
    assert_sv(event_trust_name(EVENT_CRC), SV("crc"));
    assert_sv(event_trust_name(EVENT_SALVAGED), SV("salvaged"));
    assert_sv(event_trust_name(EVENT_STALE), SV("stale"));
}

Test(hash64, is_fnv_1a)
{
    cr_assert_eq(hash64(HASH64_START, "", 0), UINT64_C(0xcbf29ce484222325));
    cr_assert_eq(hash64(HASH64_START, "a", 1), UINT64_C(0xaf63dc4c8601ec8c));
    cr_assert_eq(hash64(hash64(HASH64_START, "foo", 3), "bar", 3), UINT64_C(0x85944171f73967e8));
}

/* --- selector --- */

Test(selector, the_default_is_event_9646_of_the_information_store)
{
    struct selector s;
    uint32_t id = 0;
    selector_init_default(&s);
    cr_assert(selector_wants(&s, SV("MSExchangeIS"), 9646));
    cr_assert(selector_wants(&s, SV("msexchangeis Mailbox Store"), 0xc00625ae));
    cr_assert_not(selector_wants(&s, SV("MSExchangeI"), 9646));
    cr_assert_not(selector_wants(&s, SV("XMSExchangeIS"), 9646));
    cr_assert_not(selector_wants(&s, SV("MSExchangeIS"), 9647));
    cr_assert_not(selector_wants(&s, SV_ABSENT, 9646));
    cr_assert(selector_wants_id(&s, 9646) && !selector_wants_id(&s, 1));
    cr_assert(selector_wants_provider(&s, SV("MSExchangeIS")) && !selector_wants_provider(&s, SV("ESE")));
    cr_assert(selector_single_id(&s, &id) && id == 9646);
}

Test(selector, rules_are_pairs)
{
    struct selector s = {.rules = {{SV("A"), 1, false}, {SV("B*"), 2, false}, {SV("*"), 3, false}},
                         .count = 3};
    uint32_t id;
    cr_assert(selector_wants(&s, SV("a"), 1) && selector_wants(&s, SV("Bx"), 2) &&
              selector_wants(&s, SV(""), 3));
    cr_assert_not(selector_wants(&s, SV("Ax"), 1));
    cr_assert_not(selector_wants(&s, SV("A"), 2));
    cr_assert_not(selector_single_id(&s, &id));
    cr_assert(selector_wants_id(&s, 3) && selector_wants_provider(&s, SV("anything")));
    s.count = 1;
    cr_assert(selector_single_id(&s, &id) && id == 1);
    s.rules[0].any_id = true;
    cr_assert_not(selector_single_id(&s, &id));
    cr_assert(selector_wants(&s, SV("A"), 77));
    s.count = 0;
    cr_assert_not(selector_single_id(&s, &id));
    cr_assert_not(selector_wants(&s, SV("A"), 1));
    s.all = true;
    cr_assert(selector_wants(&s, SV("A"), 1) && selector_wants_id(&s, 9) &&
              selector_wants_provider(&s, SV("Z")));
}
