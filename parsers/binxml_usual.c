/* SPDX-License-Identifier: Apache-2.0 */
/* The values that nearly all records consist of, straight into the XML text. */
#include "binxml_walk.h"

#include "digits.h"
#include "xml_utf16.h"

/* True when every character stands for itself. */
static bool put_utf16(struct binxml *b, const uint8_t *p, size_t n, bool in_attribute)
{
    enum { PIECE = 8192 }; /* bytes, so that the room for the worst case stays small */
    bool *replaced = &b->tree.event->text_replaced;
    size_t begin = b->xml.n;
    while (n >= 2 && n % 2 == 0 && p[n - 1] == 0 && p[n - 2] == 0)
        n -= 2;
    size_t characters = n / 2;
    while (n) {
        size_t part = n > PIECE ? PIECE : n;
        if (part < n && (p[part - 1] & 0xfc) == 0xd8) /* not between the halves of a character */
            part -= 2;
        char *to = buf_room(&b->xml, xml_utf16_room(part));
        if (!to) {
            b->over_limit = true;
            return true;
        }
        b->xml.n += xml_from_utf16(p, part, in_attribute, to, replaced);
        p += part;
        n -= part;
    }
    return b->xml.n - begin == characters;
}

static void put_decimal(struct binxml *b, uint64_t v)
{
    char *to = buf_room(&b->xml, DIGITS_U64_MAX);
    if (!to)
        return;
    if (v < 10) {
        *to = (char)('0' + v);
        b->xml.n++;
        return;
    }
    b->xml.n += (size_t)(digits_put(to, v) - to);
}

static void put_hexadecimal(struct binxml *b, uint64_t v)
{
    enum { ROOM = 18 };
    unsigned nibbles = v ? (unsigned)(64 - __builtin_clzll(v) + 3) / 4 : 1;
    char *to = buf_room(&b->xml, ROOM);
    if (!to)
        return;
    *to++ = '0';
    *to++ = 'x';
    for (unsigned i = nibbles; i-- > 0;)
        *to++ = "0123456789abcdef"[v >> (i * 4) & 15];
    b->xml.n += 2 + nibbles;
}

/* Text, and numbers that have the size of their type: nearly all values. */
bool emit_usual(struct binxml *b, const struct binxml_value *v, bool in_attribute, bool *is_plain)
{
    const uint8_t *p = b->chunk.p + v->at;
    *is_plain = true;
    if (v->type == TYPE_TEXT) {
        *is_plain = put_utf16(b, p, v->size, in_attribute);
        return true;
    }
    switch (v->type | (unsigned)v->size << 8) {
    case TYPE_UINT8 | 1u << 8:
        put_decimal(b, p[0]);
        return true;
    case TYPE_UINT16 | 2u << 8:
        put_decimal(b, load_le16(p));
        return true;
    case TYPE_UINT32 | 4u << 8:
        put_decimal(b, load_le32(p));
        return true;
    case TYPE_UINT64 | 8u << 8:
        put_decimal(b, load_le64(p));
        return true;
    case TYPE_HEX32 | 4u << 8:
        put_hexadecimal(b, load_le32(p));
        return true;
    case TYPE_HEX64 | 8u << 8:
        put_hexadecimal(b, load_le64(p));
        return true;
    default:
        return false;
    }
}
