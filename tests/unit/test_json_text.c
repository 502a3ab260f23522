/* SPDX-License-Identifier: Apache-2.0 */
/* Writing JSON: the scan, the escapes, objects that vanish when nothing is in them. */
#include "json_text.h"
#include "plain_run.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct buf b;

static void setup(void)
{
    buf_init(&b, 1 << 20);
}

static void teardown(void)
{
    buf_free(&b);
}

TestSuite(json_text, .init = setup, .fini = teardown);

static void expect_text(struct sv in, const char *out)
{
    buf_reset(&b);
    json_text(&b, in);
    cr_assert(buf_ok(&b));
    cr_assert(sv_eq(buf_sv(&b), sv_from(out)), "%.*s instead of %s", SV_ARG(buf_sv(&b)), out);
}

/* What plain means, said a second time without steps of several bytes. */
static size_t plain_by_bytes(struct sv v)
{
    size_t n = 0;
    while (n < v.n && (unsigned char)v.p[n] >= ' ' && (unsigned char)v.p[n] <= '~' &&
           !strchr("\"\\]", v.p[n]))
        n++;
    return n;
}

Test(json_text, both_scans_stop_at_every_byte_that_is_not_plain_wherever_it_stands)
{
    for (size_t n = 0; n <= 50; n++) {
        /* Memory of the exact size, so that a read outside is seen by a sanitizer. */
        char *text = malloc(n ? n : 1);
        cr_assert_not_null(text);
        for (size_t at = 0; at <= n; at++) {
            for (int byte = 0; byte < 256; byte++) {
                memset(text, 'a', n);
                if (at < n)
                    text[at] = (char)byte;
                struct sv v = sv_make(text, n);
                cr_assert_eq(plain_run(v), plain_by_bytes(v), "byte %d at %zu of %zu", byte, at, n);
                cr_assert_eq(plain_run_portable(v), plain_by_bytes(v), "byte %d at %zu of %zu", byte, at, n);
            }
        }
        free(text);
    }
}

/* The escape of one byte of ASCII or of a lone byte above, said a second time. */
static void put_expected(struct buf *to, unsigned char byte)
{
    static const char *const named[] = {"\\b", "\\t", "\\n", "\\u000b", "\\f", "\\r"};
    if (byte >= 0x80)
        buf_lit(to, "\xef\xbf\xbd");
    else if (byte == '"' || byte == '\\')
        buf_printf(to, "\\%c", byte);
    else if (byte >= 8 && byte <= 13)
        buf_put(to, sv_from(named[byte - 8]));
    else if (byte < 0x20)
        buf_printf(to, "\\u%04x", byte);
    else
        buf_putc(to, (char)byte);
}

static void expect_value(struct sv text, struct buf *expected)
{
    struct buf tight;
    buf_reset(expected);
    for (size_t i = 0; i < text.n; i++)
        put_expected(expected, (unsigned char)text.p[i]);
    buf_putc(expected, '"');
    buf_reset(&b);
    json_value(&b, text);
    cr_assert(sv_eq(buf_sv(&b), buf_sv(expected)), "%.*s instead of %.*s", SV_ARG(buf_sv(&b)),
              SV_ARG(buf_sv(expected)));
    /* A buffer that just holds the result takes the way that asks for no room in advance. */
    buf_init(&tight, expected->n);
    json_value(&tight, text);
    cr_assert(buf_ok(&tight) && sv_eq(buf_sv(&tight), buf_sv(expected)));
    buf_free(&tight);
}

Test(json_text, every_byte_is_written_right_wherever_it_stands)
{
    struct buf expected;
    buf_init(&expected, 1 << 10);
    for (size_t n = 0; n <= 34; n++) {
        char *text = malloc(n ? n : 1);
        cr_assert_not_null(text);
        for (size_t at = 0; at < n; at++) {
            for (int byte = 0; byte < 256; byte += byte < 0x80 ? 1 : 31) {
                memset(text, 'a', n);
                text[at] = (char)byte;
                expect_value(sv_make(text, n), &expected);
            }
        }
        free(text);
    }
    buf_free(&expected);
}

Test(json_text, neighbours_of_special_bytes_are_plain)
{
    const struct sv v = SV("! #[^ ~}{!#[^~ ! #[^ ~}{!#[^~ !");
    cr_assert_eq(plain_run(v), v.n);
    cr_assert_eq(plain_run_portable(v), v.n);
}

Test(json_text, quotes_backslashes_and_control_characters_are_escaped)
{
    expect_text(SV("a\"b\\c/]\x7f"), "a\\\"b\\\\c/]\x7f");
    expect_text(SV("\b\t\n\v\f\r\x1f"), "\\b\\t\\n\\u000b\\f\\r\\u001f");
    expect_text(sv_make("\0x", 2), "\\u0000x");
}

Test(json_text, characters_outside_ascii_stay)
{
    expect_text(SV("J\xc3\xbcrgen \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80"),
                "J\xc3\xbcrgen \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80");
}

Test(json_text, what_is_no_utf8_is_replaced)
{
    expect_text(SV("a\xff"
                   "b"),
                "a\xef\xbf\xbd"
                "b");
    expect_text(SV("\xc0\xaf"), "\xef\xbf\xbd");
    expect_text(SV("\xed\xa0\x80"), "\xef\xbf\xbd");
    expect_text(SV("\xc3\xbc\xe2\x82"), "\xc3\xbc\xef\xbf\xbd");
    expect_text(SV("\xe2\x82\"\xf4\x90\x80\x80"), "\xef\xbf\xbd\\\"\xef\xbf\xbd");
}

Test(json_text, an_absent_or_empty_value_writes_no_field)
{
    json_field(&b, SV(",\"a\":\""), SV_ABSENT);
    json_field(&b, SV(",\"a\":\""), SV(""));
    cr_assert_eq(b.n, 0);
}

Test(json_text, an_object_without_members_vanishes_with_its_key)
{
    buf_lit(&b, "{\"x\":1");
    struct json_mark outer = json_open(&b, SV(",\"outer\":"));
    struct json_mark inner = json_open(&b, SV(",\"inner\":"));
    json_close(&b, inner, "[]");
    json_close(&b, outer, "{}");
    buf_lit(&b, "}");
    cr_assert(sv_eq(buf_sv(&b), SV("{\"x\":1}")));
}

Test(json_text, the_first_member_takes_no_comma)
{
    struct json_mark outer = json_open(&b, SV("\"outer\":"));
    struct json_mark inner = json_open(&b, SV(",\"inner\":"));
    json_item(&b, SV("a"));
    json_item(&b, SV("b"));
    json_close(&b, inner, "[]");
    json_number(&b, SV(",\"n\":"), UINT64_MAX);
    json_close(&b, outer, "{}");
    cr_assert(sv_eq(buf_sv(&b), SV("\"outer\":{\"inner\":[\"a\",\"b\"],\"n\":18446744073709551615}")));
}

Test(json_text, a_full_buffer_is_a_failure_and_never_an_overflow)
{
    for (size_t limit = 0; limit < 40; limit++) {
        struct buf small;
        buf_init(&small, limit);
        struct json_mark mark = json_open(&small, SV("\"outer\":"));
        json_field(&small, SV(",\"name\":\""), SV("a\"\x01\xff\xc3\xbc value"));
        json_close(&small, mark, "{}");
        cr_assert_eq(buf_ok(&small),
                     limit >= sizeof "\"outer\":{\"name\":\"a\\\"\\u0001\xef\xbf\xbd\xc3\xbc value\"}" - 1);
        cr_assert_leq(small.n, limit);
        buf_free(&small);
    }
}

Test(json_text, a_keyword_is_cut_by_characters_not_bytes)
{
    const struct sv v = SV("\xc3\xbc\xc3\xbc"
                           "ab\xe6\x97\xa5");
    cr_assert(sv_eq(text_cut_characters(v, 5), v));
    cr_assert(sv_eq(text_cut_characters(v, 4), SV("\xc3\xbc\xc3\xbc"
                                                  "ab")));
    cr_assert(sv_eq(text_cut_characters(v, 1), SV("\xc3\xbc")));
    cr_assert_eq(text_cut_characters(v, 0).n, 0);
    cr_assert_eq(text_cut_characters(SV_ABSENT, 3).n, 0);
}
