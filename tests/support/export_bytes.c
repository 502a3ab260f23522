/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of parsers are made of. */
#include "export_bytes.h"

#include "utf.h"

#include <criterion/criterion.h>
#include <stdlib.h>

ptrdiff_t read_bytes(void *ctx, uint64_t offset, void *to, size_t n)
{
    const struct bytes *b = ctx;
    cr_assert_lt(offset, b->n, "nothing is read at or behind the end");
    size_t there = b->n - (size_t)offset;
    if (n > there)
        n = there;
    if (b->most && n > b->most && offset + n > 64)
        n = b->most;
    memcpy(to, b->p + offset, n);
    return (ptrdiff_t)n;
}

static size_t put_unit(uint8_t *to, uint32_t unit, bool big)
{
    to[0] = (uint8_t)(big ? unit >> 8 : unit);
    to[1] = (uint8_t)(big ? unit : unit >> 8);
    return 2;
}

struct sv utf16(struct sv v, bool big, bool bom)
{
    uint8_t *to = malloc(v.n * 2 + 2);
    size_t n = 0;
    cr_assert_not_null(to);
    if (bom)
        n += put_unit(to + n, 0xfeff, big);
    while (v.n) {
        uint32_t c;
        v = sv_slice(v, utf8_decode(v, &c), v.n);
        if (c >= 0x10000)
            n += put_unit(to + n, 0xd800 + ((c - 0x10000) >> 10), big);
        n += put_unit(to + n, c >= 0x10000 ? 0xdc00 + ((c - 0x10000) & 0x3ff) : c, big);
    }
    return sv_make(to, n);
}

void free_sv(struct sv v)
{
    free((void *)(uintptr_t)v.p);
}

void put_field(struct buf *b, const char *name, struct sv v)
{
    if (sv_absent(v))
        return;
    buf_put(b, sv_from(name));
    buf_putc(b, '=');
    buf_put(b, v);
    buf_putc(b, ' ');
}

void put_number(struct buf *b, const char *name, struct opt_u64 v)
{
    if (!v.has)
        return;
    buf_put(b, sv_from(name));
    buf_putc(b, '=');
    buf_u64(b, v.v);
    buf_putc(b, ' ');
}

size_t count_lines(struct sv v, const char *prefix)
{
    size_t n = 0;
    while (v.n) {
        size_t end = sv_find_char(v, '\n');
        n += sv_starts(v, sv_from(prefix));
        v = end == SV_NPOS ? SV_ABSENT : sv_slice(v, end + 1, v.n);
    }
    return n;
}
