/* SPDX-License-Identifier: Apache-2.0 */
/* Text as it can stand in XML. */
#include "xml_escape.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* What cannot stand in XML as it is; control characters cannot stand in it at all ([XML] 2.2). */
struct sv xml_escape_of(char c, bool in_attribute)
{
    switch (c) {
    case '&':
        return SV("&amp;");
    case '<':
        return SV("&lt;");
    case '>':
        return SV("&gt;");
    case '\r':
        return in_attribute ? SV("&#xD;") : SV_ABSENT;
    case '\'':
        return in_attribute ? SV("&apos;") : SV_ABSENT;
    case '"':
        return in_attribute ? SV("&quot;") : SV_ABSENT;
    case '\n':
        return in_attribute ? SV("&#xA;") : SV_ABSENT;
    case '\t':
        return in_attribute ? SV("&#x9;") : SV_ABSENT;
    default:
        return (unsigned char)c < 0x20 ? SV(REPLACEMENT) : SV_ABSENT;
    }
}

enum { FORBIDDEN_LEAD = 0xef, FORBIDDEN_BYTES = 3 };

/* U+FFFE and U+FFFF, the only characters beyond ASCII that cannot stand in XML; at: of a FORBIDDEN_LEAD. */
static bool is_forbidden(struct sv text, size_t at)
{
    return text.n - at >= FORBIDDEN_BYTES && (unsigned char)text.p[at + 1] == 0xbf &&
           (unsigned char)text.p[at + 2] >= 0xbe;
}

/* What stands for the character at `at`, and how many bytes it has; absent where it stands for itself. */
static struct sv escape_at(struct sv text, size_t at, bool in_attribute, size_t *bytes)
{
    *bytes = 1;
    if ((unsigned char)text.p[at] != FORBIDDEN_LEAD)
        return xml_escape_of(text.p[at], in_attribute);
    *bytes = FORBIDDEN_BYTES;
    return is_forbidden(text, at) ? SV(REPLACEMENT) : SV_ABSENT;
}

/* True for what escape_at may have something for. */
static inline bool may_need_escape(char c)
{
    const uint64_t bits = UINT64_C(1) << '&' | UINT64_C(1) << '<' | UINT64_C(1) << '>' | UINT64_C(1) << '\'' |
                          UINT64_C(1) << '"' | UINT64_C(0xffffffff);
    unsigned char u = (unsigned char)c;
    return u == FORBIDDEN_LEAD || (u <= '>' && bits >> u & 1);
}

typedef uint8_t block __attribute__((vector_size(16)));
typedef int8_t block_mask __attribute__((vector_size(16)));

/* The same for 16 bytes at once. */
static inline bool block_may_need_escape(block v)
{
    uint64_t halves[2];
    block_mask hits =
        (v < 0x20) | (v == '&') | (v == '<') | (v == '>') | (v == '\'') | (v == '"') | (v == FORBIDDEN_LEAD);
    memcpy(halves, &hits, sizeof halves);
    return halves[0] | halves[1];
}

/* The last 16 bytes of a text; of a shorter one its two ends, which meet or overlap. n is at least 4. */
static inline block last_block(const char *p, size_t n)
{
    uint32_t quarters[4];
    uint64_t halves[2];
    block v;
    if (n >= sizeof v) {
        memcpy(&v, p + n - sizeof v, sizeof v);
    } else if (n >= sizeof *halves) {
        memcpy(&halves[0], p, sizeof *halves);
        memcpy(&halves[1], p + n - sizeof *halves, sizeof *halves);
        memcpy(&v, halves, sizeof v);
    } else {
        memcpy(&quarters[0], p, sizeof *quarters);
        memcpy(&quarters[1], p + n - sizeof *quarters, sizeof *quarters);
        quarters[2] = quarters[0];
        quarters[3] = quarters[1];
        memcpy(&v, quarters, sizeof v);
    }
    return v;
}

/* Where the first byte stands that must be escaped, or the end. */
size_t xml_escape_find(struct sv text, size_t at, bool in_attribute)
{
    while (at < text.n) {
        size_t left = text.n - at, stop = text.n;
        if (left >= sizeof(block)) {
            block v;
            memcpy(&v, text.p + at, sizeof v);
            stop = at + sizeof v;
            if (!block_may_need_escape(v)) {
                at = stop;
                continue;
            }
        } else if (text.n >= 4 && !block_may_need_escape(last_block(text.p, text.n))) {
            return text.n;
        }
        for (; at < stop; at++) {
            size_t bytes;
            if (may_need_escape(text.p[at]) && !sv_absent(escape_at(text, at, in_attribute, &bytes)))
                return at;
        }
    }
    return at;
}

/* at: of the first byte to be escaped, or the end. */
void xml_escape_put_from(struct buf *out, struct sv text, size_t at, bool in_attribute)
{
    while (at < text.n) {
        size_t bytes;
        buf_put(out, escape_at(text, at, in_attribute, &bytes));
        at += bytes;
        size_t next = xml_escape_find(text, at, in_attribute);
        buf_put(out, sv_make(text.p + at, next - at));
        at = next;
    }
}

void xml_escape_put(struct buf *out, struct sv text, bool in_attribute)
{
    size_t at = xml_escape_find(text, 0, in_attribute);
    buf_put(out, sv_make(text.p, at));
    xml_escape_put_from(out, text, at, in_attribute);
}
