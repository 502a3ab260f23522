/* SPDX-License-Identifier: Apache-2.0 */
/* BinXML: values of every type as text. */
#include "binxml.h"

#include <criterion/criterion.h>
#include <math.h>

enum { CHUNK = 65536, VALUE_AT = 1000 };

static uint8_t chunk[CHUNK];
static enum code_page code_page = CODE_PAGE_WINDOWS_1252;

static void expect_value(uint8_t type, const void *bytes, size_t n, const char *want)
{
    struct buf out;
    bool replaced = false;
    struct binxml_value v = {.at = VALUE_AT, .size = (uint16_t)n, .type = type};
    struct reader r = reader_make(chunk, CHUNK);
    memcpy(chunk + VALUE_AT, bytes, n);
    buf_init(&out, 1 << 16);
    binxml_value_text(&r, code_page, &v, &out, &replaced);
    cr_assert(sv_eq(buf_sv(&out), sv_from(want)), "type %02x: %.*s instead of %s", (unsigned)type,
              SV_ARG(buf_sv(&out)), want);
    buf_free(&out);
}
#define VALUE(type, bytes, want) expect_value((type), "" bytes, sizeof(bytes) - 1, (want))

Test(binxml_value, integers_are_written_by_their_type)
{
    VALUE(TYPE_INT8, "\xff", "-1");
    VALUE(TYPE_UINT8, "\xff", "255");
    VALUE(TYPE_INT16, "\x00\x80", "-32768");
    VALUE(TYPE_UINT16, "\xae\x25", "9646");
    VALUE(TYPE_INT32, "\xfe\xff\xff\xff", "-2");
    VALUE(TYPE_UINT32, "\xff\xff\xff\xff", "4294967295");
    VALUE(TYPE_INT64, "\0\0\0\0\0\0\0\x80", "-9223372036854775808");
    VALUE(TYPE_UINT64, "\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615");
    VALUE(TYPE_HEX32, "\x6d\x00\x00\xc0", "0xc000006d");
    VALUE(TYPE_HEX64, "\0\0\0\0\0\0\x80\0", "0x80000000000000");
    VALUE(TYPE_SIZE, "\x00\x10\x00\x00", "0x1000");
    VALUE(TYPE_SIZE, "\x00\x10\x00\x00\x01\x00\x00\x00", "0x100001000");
}

Test(binxml_value, booleans_have_any_width_and_value)
{
    VALUE(TYPE_BOOL, "\0\0\0\0", "false");
    VALUE(TYPE_BOOL, "\1\0\0\0", "true");
    VALUE(TYPE_BOOL, "\0\2\0\0", "true");
    VALUE(TYPE_BOOL, "\1", "true");
}

Test(binxml_value, times_ids_and_bytes_are_written_as_windows_does)
{
    VALUE(TYPE_FILETIME, "\x80\xd6\x55\x49\x0c\xbc\xd6\x01", "2020-11-16T11:33:21.0000000Z");
    VALUE(TYPE_FILETIME, "\0\0\0\0\0\0\0\0", "1601-01-01T00:00:00.0000000Z");
    VALUE(TYPE_SYSTEMTIME, "\xe4\x07\x0b\x00\x01\x00\x10\x00\x0b\x00\x21\x00\x1d\x00\xbb\x00",
          "2020-11-16T11:33:29.187Z");
    VALUE(TYPE_GUID, "\x25\x96\x84\x54\x78\x54\x94\x49\xa5\xba\x3e\x3b\x03\x28\xc3\x0d",
          "{54849625-5478-4994-a5ba-3e3b0328c30d}");
    VALUE(TYPE_SID, "\x01\x02\0\0\0\0\0\x05\x20\0\0\0\x20\x02\0\0", "S-1-5-32-544");
    VALUE(TYPE_SID, "\x01\x05\0\0\0\0\0\x05\x20\0\0\0", "S-1-5-32");
    VALUE(TYPE_SID, "\x01\x00\x01\0\0\0\0\x05", "S-1-0x010000000005");
    VALUE(TYPE_BINARY, "\x07\x00\xfe", "0700FE");
}

Test(binxml_value, reals_are_as_short_as_they_can_be)
{
    float f = 0.1f;
    double d = 1.0 / 3, none = (double)NAN, infinite = -(double)INFINITY;
    expect_value(TYPE_FLOAT, &f, sizeof f, "0.1");
    expect_value(TYPE_DOUBLE, &d, sizeof d, "0.3333333333333333");
    expect_value(TYPE_DOUBLE, &none, sizeof none, "1.#QNAN");
    expect_value(TYPE_DOUBLE, &infinite, sizeof infinite, "-1.#INF");
    VALUE(TYPE_DOUBLE, "\0\0\0\0\0\0\xf8\xff", "-1.#IND");
    VALUE(TYPE_FLOAT, "\0\0\xc0\xff", "-1.#IND");
    VALUE(TYPE_FLOAT, "\0\0\x80\x7f", "1.#INF");
    VALUE(TYPE_DOUBLE, "\0\0\0\0\0\0\0\x80", "-0");
    VALUE(TYPE_FLOAT, "\0\0\0\0", "0");
    VALUE(TYPE_DOUBLE, "\0\0\0\0\0\0\x24\x40", "10");
    VALUE(TYPE_FLOAT, "\xff\xff\x7f\x7f", "3.4028235e+38");
}

Test(binxml_value, text_ends_at_its_length_and_not_at_a_nul_inside)
{
    VALUE(TYPE_TEXT, "a\0b\0\0\0", "ab");
    VALUE(TYPE_TEXT, "a\0\0\0b\0",
          "a\xef\xbf\xbd"
          "b");
    VALUE(TYPE_TEXT, "\x3d\xd8\xe7\xdc", "\xf0\x9f\x93\xa7");
    VALUE(TYPE_TEXT, "\x3d\xd8x\0", "\xef\xbf\xbdx");
    VALUE(TYPE_ANSI, "Zo\xeb \x80\0", "Zo\xc3\xab \xe2\x82\xac");
    VALUE(TYPE_NULL, "xx", "");
}

Test(binxml_value, text_in_a_code_page_is_of_the_page_that_the_owner_names)
{
    VALUE(TYPE_ANSI, "\xcf\xf0\0\x81z\0", "\xc3\x8f\xc3\xb0\xef\xbf\xbd\xef\xbf\xbdz");
    code_page = CODE_PAGE_WINDOWS_1251;
    VALUE(TYPE_ANSI, "\xcf\xf0\xe8", "\xd0\x9f\xd1\x80\xd0\xb8");
    VALUE(TYPE_ARRAY | TYPE_ANSI, "\xcf\0\xf0", "\xd0\x9f,\xd1\x80");
}

Test(binxml_value, arrays_have_items_of_their_own_length)
{
    VALUE(TYPE_ARRAY | TYPE_TEXT, "a\0\0\0\0\0c\0\0\0", "a,,c");
    VALUE(TYPE_ARRAY | TYPE_UINT16, "\1\0\2\0", "1,2");
    VALUE(TYPE_ARRAY | TYPE_SID, "\1\1\0\0\0\0\0\5\x12\0\0\0\1\1\0\0\0\0\0\5\x13\0\0\0", "S-1-5-18,S-1-5-19");
}

Test(binxml_value, every_other_type_of_array_is_split_by_the_size_of_its_items)
{
    VALUE(TYPE_ARRAY | TYPE_ANSI, "a\0\0\xe9\0", "a,,\xc3\xa9");
    VALUE(TYPE_ARRAY | TYPE_INT8, "\xff\1", "-1,1");
    VALUE(TYPE_ARRAY | TYPE_UINT8, "\xff\1", "255,1");
    VALUE(TYPE_ARRAY | TYPE_INT16, "\xfe\xff\1\0", "-2,1");
    VALUE(TYPE_ARRAY | TYPE_INT32, "\xfe\xff\xff\xff\1\0\0\0", "-2,1");
    VALUE(TYPE_ARRAY | TYPE_INT64, "\xfe\xff\xff\xff\xff\xff\xff\xff\1\0\0\0\0\0\0\0", "-2,1");
    VALUE(TYPE_ARRAY | TYPE_FLOAT, "\xcd\xcc\xcc\x3d\0\0\xc0\xbf", "0.1,-1.5");
    VALUE(TYPE_ARRAY | TYPE_DOUBLE, "\0\0\0\0\0\0\xf8\xbf\0\0\0\0\0\0\xf8\x7f", "-1.5,1.#QNAN");
    VALUE(TYPE_ARRAY | TYPE_SYSTEMTIME,
          "\xe4\x07\x0b\0\1\0\x10\0\x0b\0\x21\0\x1d\0\xbb\0"
          "\xe4\x07\x0b\0\1\0\x11\0\0\0\0\0\0\0\0\0",
          "2020-11-16T11:33:29.187Z,2020-11-17T00:00:00.000Z");
    VALUE(TYPE_ARRAY | TYPE_TEXT, "\0\0a\0\0\0", ",a");
    VALUE(TYPE_ARRAY | TYPE_SID, "\1\1\0\0\0\0\0\5\x12\0\0\0\1\5\0\0\0\0\0\5", "S-1-5-18,S-1-5");
    VALUE(TYPE_ARRAY | TYPE_UINT32, "\1\0\0\0\2\0\0\0", "1,2");
    VALUE(TYPE_ARRAY | TYPE_UINT64, "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", "1,2");
    VALUE(TYPE_ARRAY | TYPE_BOOL, "\1\0\0\0\0\0\0\0", "true,false");
    VALUE(TYPE_ARRAY | TYPE_HEX32, "\1\0\0\0\xff\0\0\0", "0x1,0xff");
    VALUE(TYPE_ARRAY | TYPE_HEX64, "\1\0\0\0\0\0\0\0", "0x1");
    VALUE(TYPE_ARRAY | TYPE_SIZE, "\1\0\0\0\0\0\0\0", "0x1");
    VALUE(TYPE_ARRAY | TYPE_FILETIME, "\x80\xd6\x55\x49\x0c\xbc\xd6\x01", "2020-11-16T11:33:21.0000000Z");
    VALUE(TYPE_ARRAY | TYPE_GUID,
          "\x25\x96\x84\x54\x78\x54\x94\x49\xa5\xba\x3e\x3b\x03\x28\xc3\x0d"
          "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1",
          "{54849625-5478-4994-a5ba-3e3b0328c30d},{00000000-0000-0000-0000-000000000001}");
    VALUE(TYPE_ARRAY | TYPE_UINT16, "\1\0\2", "1,2");
}

Test(binxml_value, handles_and_xml_are_written_as_what_they_are)
{
    VALUE(TYPE_HANDLE, "\x00\x10\x00\x00\x01\x00\x00\x00", "0x100001000");
    VALUE(TYPE_XML, "<\0a\0/\0>\0", "<a/>");
    VALUE(TYPE_BINXML, "\x0f\x01", "");
}

Test(binxml_value, a_value_too_short_for_its_type_is_shown_as_bytes_or_left)
{
    VALUE(TYPE_GUID, "\x25\x96", "2596");
    VALUE(TYPE_FILETIME, "", "");
    VALUE(0x5a, "\x01\x02", "0102");
}
