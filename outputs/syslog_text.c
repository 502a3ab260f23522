/* SPDX-License-Identifier: Apache-2.0 */
/* Text that is safe inside a syslog message. */
#include "syslog_text.h"

#include "plain_run.h"
#include "utf.h"

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

void syslog_header_field(struct buf *b, struct sv v, size_t max)
{
    size_t written = 0;
    for (size_t i = 0; i < v.n && written < max; i++) {
        if (i > 0 && is_continuation(v.p[i]))
            continue;
        buf_putc(b, v.p[i] > 0x20 && v.p[i] < 0x7f ? v.p[i] : '_');
        written++;
    }
    if (written == 0)
        buf_putc(b, '-');
}

static bool is_dangerous(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static void put_code(struct buf *b, uint32_t c)
{
    static const char hex[] = "0123456789abcdef";
    char text[] = {'\\', 'u', hex[c >> 12 & 15], hex[c >> 8 & 15], hex[c >> 4 & 15], hex[c & 15]};
    buf_put(b, sv_make(text, sizeof text));
}

/* Appends the character at v.p, dangerous or not plain; returns the bytes read. */
static size_t put_character(struct buf *b, struct sv v, bool is_param)
{
    uint32_t c;
    size_t n = utf8_decode(v, &c);
    if (is_param && (is_dangerous(c) || c == '"' || c == '\\' || c == ']'))
        buf_putc(b, '\\');
    if (is_dangerous(c)) {
        put_code(b, c);
    } else if (n == 1 && c > 0x7f) {
        buf_utf8(b, c);
        while (n < v.n && is_continuation(v.p[n]))
            n++;
    } else {
        buf_put(b, sv_slice(v, 0, n));
    }
    return n;
}

void syslog_param(struct buf *b, struct sv name, struct sv v)
{
    if (v.n == 0)
        return;
    buf_put(b, name);
    while (v.n) {
        size_t n = plain_run(v);
        buf_put(b, sv_slice(v, 0, n));
        v = sv_slice(v, n, v.n);
        if (v.n)
            v = sv_slice(v, put_character(b, v, true), v.n);
    }
    buf_putc(b, '"');
}

static bool is_line_end(char c)
{
    return c == '\r' || c == '\n';
}

/* Appends one blank for the line ends at v.p, or the character there; returns the bytes read. */
static size_t put_message_part(struct buf *b, struct sv v)
{
    size_t n = 0;
    while (n < v.n && is_line_end(v.p[n]))
        n++;
    if (n == 0)
        return put_character(b, v, false);
    buf_putc(b, ' ');
    return n;
}

void syslog_message(struct buf *b, struct sv v, size_t max)
{
    enum { PART_MAX = 6 };
    while (v.n) {
        size_t n = plain_run(v), before = b->n;
        buf_put(b, sv_slice(v, 0, n < max ? n : max));
        max -= b->n - before;
        v = sv_slice(v, n, v.n);
        if (v.n == 0 || max < PART_MAX)
            return;
        before = b->n;
        v = sv_slice(v, put_message_part(b, v), v.n);
        max -= b->n - before;
    }
}
