/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as text, and letters in lower case. */
#include "digits.h"
#include "sv.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>

static char text[64], expected[64];

static void expect_decimal(uint64_t value)
{
    *digits_put(text, value) = '\0';
    snprintf(expected, sizeof expected, "%" PRIu64, value);
    cr_assert_str_eq(text, expected);
}

Test(digits, a_number_is_what_printf_writes_at_every_power_of_ten)
{
    expect_decimal(0);
    for (uint64_t power = 1;; power *= 10) {
        expect_decimal(power - 1);
        expect_decimal(power);
        expect_decimal(power + 1);
        if (power > UINT64_MAX / 10)
            break;
    }
    expect_decimal(UINT64_MAX);
}

Test(digits, a_padded_number_has_exactly_the_digits_asked_for)
{
    for (int count = 1; count <= 9; count++) {
        *digits_put_padded(text, 7, (size_t)count) = '\0';
        snprintf(expected, sizeof expected, "%0*d", count, 7);
        cr_assert_str_eq(text, expected);
    }
    cr_assert_eq(digits_put_padded(text, 7, 0), text);
}

Test(digits, every_byte_has_two_hexadecimal_digits)
{
    for (unsigned value = 0; value < 256; value++) {
        unsigned char byte = (unsigned char)value;
        *digits_put_hex(text, &byte, 1) = '\0';
        snprintf(expected, sizeof expected, "%02x", value);
        cr_assert_str_eq(text, expected);
    }
}

Test(digits, lower_case_changes_ascii_letters_alone_at_every_place)
{
    for (unsigned value = 0; value < 256; value++)
        for (size_t place = 0; place < 19; place++) {
            char from[19], to[19];
            memset(from, 'Q', sizeof from);
            from[place] = (char)value;
            cr_assert_eq(ascii_lower_copy(to, sv_make(from, sizeof from)), to + sizeof to);
            for (size_t i = 0; i < sizeof to; i++)
                cr_assert_eq(to[i], i == place ? ascii_lower((char)value) : 'q');
        }
}
