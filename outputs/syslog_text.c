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
    char text[SYSLOG_HEADER_MAX];
    size_t written = 0;
    max = max < sizeof text ? max : sizeof text;
    for (size_t i = 0; i < v.n && written < max; i++)
        if (i == 0 || !is_continuation(v.p[i]))
            text[written++] = v.p[i] > 0x20 && v.p[i] < 0x7f ? v.p[i] : '_';
    buf_put(b, written ? sv_make(text, written) : SV("-"));
}

static bool is_dangerous(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* What goes out for one character, or for the line ends, at the beginning of a text. */
struct piece {
    char text[8];
    size_t n;    /* bytes of text */
    size_t read; /* bytes that it stands for */
};

static void add(struct piece *p, struct sv v)
{
    memcpy(p->text + p->n, v.p, v.n);
    p->n += v.n;
}

static void add_code(struct piece *p, uint32_t c)
{
    static const char hex[] = "0123456789abcdef";
    char text[] = {'\\', 'u', hex[c >> 12 & 15], hex[c >> 8 & 15], hex[c >> 4 & 15], hex[c & 15]};
    add(p, sv_make(text, sizeof text));
}

static struct piece character(struct sv v, bool is_param)
{
    uint32_t c;
    struct piece p = {.read = utf8_decode(v, &c)};
    if (is_param && (is_dangerous(c) || c == '"' || c == '\\' || c == ']'))
        add(&p, SV("\\"));
    if (is_dangerous(c)) {
        add_code(&p, c);
    } else if (p.read == 1 && c > 0x7f) {
        add(&p, SV("\xef\xbf\xbd"));
        while (p.read < v.n && is_continuation(v.p[p.read]))
            p.read++;
    } else {
        add(&p, sv_slice(v, 0, p.read));
    }
    return p;
}

void syslog_param(struct buf *b, struct sv name, struct sv v)
{
    char *to = v.n ? buf_room(b, name.n + v.n + 1) : NULL;
    if (!to)
        return;
    memcpy(to, name.p, name.n);
    b->n += name.n;
    to += name.n;
    if (plain_copy(to, v)) {
        to[v.n] = '"';
        b->n += v.n + 1;
        return;
    }
    while (v.n) {
        size_t n = plain_run(v);
        buf_put(b, sv_slice(v, 0, n));
        v = sv_slice(v, n, v.n);
        if (v.n == 0)
            break;
        struct piece p = character(v, true);
        buf_put(b, sv_make(p.text, p.n));
        v = sv_slice(v, p.read, v.n);
    }
    buf_putc(b, '"');
}

static bool is_line_end(char c)
{
    return c == '\r' || c == '\n';
}

/* One blank for the line ends at v.p, or the character there. */
static struct piece message_piece(struct sv v)
{
    struct piece blank = {.text = " ", .n = 1};
    while (blank.read < v.n && is_line_end(v.p[blank.read]))
        blank.read++;
    return blank.read ? blank : character(v, false);
}

/* Bytes at the beginning of v that a message takes as they are: printable ASCII, whatever means something
 * elsewhere. */
static size_t message_run(struct sv v)
{
    for (size_t at = 0;; at++) {
        at += plain_run(sv_make(v.p + at, v.n - at));
        if (at == v.n || v.p[at] < 0x20 || v.p[at] >= 0x7f)
            return at;
    }
}

void syslog_message(struct buf *b, struct sv v, size_t max)
{
    while (v.n) {
        size_t n = message_run(v);
        buf_put(b, sv_slice(v, 0, n < max ? n : max));
        if (n == v.n || n >= max)
            return;
        max -= n;
        v = sv_slice(v, n, v.n);
        struct piece p = message_piece(v);
        if (p.n > max)
            return;
        buf_put(b, sv_make(p.text, p.n));
        max -= p.n;
        v = sv_slice(v, p.read, v.n);
    }
}
