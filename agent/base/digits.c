/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as text. */
#include "digits.h"

const char digits_pairs[] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
    "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

size_t digits_count(uint64_t value)
{
    size_t count = 1;
    for (uint64_t bound = 10; count < DIGITS_U64_MAX && value >= bound; bound *= 10)
        count++;
    return count;
}

char *digits_put_padded(char *to, uint64_t value, size_t count)
{
    size_t at = count;
    for (; at >= 2; value /= 100)
        digits_put_two(to + (at -= 2), (unsigned)(value % 100));
    if (at)
        to[0] = (char)('0' + value % 10);
    return to + count;
}

char *digits_put(char *to, uint64_t value)
{
    if (value < 10) {
        *to = (char)('0' + value);
        return to + 1;
    }
    return digits_put_padded(to, value, digits_count(value));
}

char *digits_put_hex(char *to, const void *from, size_t n)
{
    static const char pairs[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
                                "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
                                "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
                                "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
                                "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
                                "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
                                "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
                                "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";
    const unsigned char *bytes = from;
    for (size_t i = 0; i < n; i++, to += 2)
        memcpy(to, pairs + (size_t)bytes[i] * 2, 2);
    return to;
}
