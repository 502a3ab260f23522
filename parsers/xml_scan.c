/* SPDX-License-Identifier: Apache-2.0 */
/* Where the records of an XML export begin and end. */
#include "xml_scan.h"

#include "needle.h"

#define NO_UNIT UINT32_MAX

static const struct {
    struct sv record, id;
} names[] = {
    [XML_EVENTS] = {SV_INIT("Event"), SV_INIT("EventID")},
    [XML_CIM] = {SV_INIT("INSTANCE"), SV_INIT("VALUE")},
};

/* The code unit at index i, or NO_UNIT behind the last whole one. */
static inline uint32_t unit_at(const struct xml_text *t, size_t i)
{
    if (t->encoding == TEXT_UTF8)
        return i < t->n ? t->p[i] : NO_UNIT;
    if (i >= t->n || t->n - i < 2)
        return NO_UNIT;
    return t->encoding == TEXT_UTF16LE ? (uint32_t)(t->p[i] | t->p[i + 1] << 8)
                                       : (uint32_t)(t->p[i] << 8 | t->p[i + 1]);
}

/* XML 1.0 production S. */
static inline bool is_blank(uint32_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Production NameChar, generous above ASCII. */
static inline bool is_name(uint32_t c)
{
    static const uint8_t ascii[128] = {
        ['-'] = 1, ['.'] = 1, ['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1,
        ['7'] = 1, ['8'] = 1, ['9'] = 1, [':'] = 1, ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1,
        ['F'] = 1, ['G'] = 1, ['H'] = 1, ['I'] = 1, ['J'] = 1, ['K'] = 1, ['L'] = 1, ['M'] = 1, ['N'] = 1,
        ['O'] = 1, ['P'] = 1, ['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1, ['U'] = 1, ['V'] = 1, ['W'] = 1,
        ['X'] = 1, ['Y'] = 1, ['Z'] = 1, ['_'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1,
        ['f'] = 1, ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1, ['k'] = 1, ['l'] = 1, ['m'] = 1, ['n'] = 1,
        ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1, ['t'] = 1, ['u'] = 1, ['v'] = 1, ['w'] = 1,
        ['x'] = 1, ['y'] = 1, ['z'] = 1,
    };
    return c < 128 ? ascii[c] : c != NO_UNIT;
}

/* Does the text have word at index i? XML_HIT_CUT if it ends inside. */
static enum xml_hit word_at(const struct xml_text *t, size_t i, struct sv word)
{
    size_t unit = text_unit(t->encoding);
    for (size_t k = 0; k < word.n; k++) {
        uint32_t c = unit_at(t, i + k * unit);
        if (c == NO_UNIT)
            return XML_HIT_CUT;
        if (c != (unsigned char)word.p[k])
            return XML_HIT_NO;
    }
    return XML_HIT_YES;
}

/* The index behind the name at index at, and where its local part begins; SV_NPOS for a name that is too
 * long. */
static size_t name_end(const struct xml_text *t, size_t at, size_t *local)
{
    size_t unit = text_unit(t->encoding), last = at + XML_NAME_MAX * unit;
    *local = at;
    if (t->encoding == TEXT_UTF8) {
        const uint8_t *p = t->p + at, *stop = t->p + (last < t->n ? last + 1 : t->n);
        for (; p < stop && is_name(*p); p++)
            if (*p == ':')
                *local = (size_t)(p + 1 - t->p);
        at = (size_t)(p - t->p);
    } else {
        for (uint32_t c; at <= last && is_name(c = unit_at(t, at)); at += unit)
            if (c == ':')
                *local = at + unit;
    }
    return at <= last ? at : SV_NPOS;
}

/* Reads the name at index *i, moves *i behind it and tells whether its local part is the word. */
static enum xml_hit local_name_is(const struct xml_text *t, size_t *i, struct sv word)
{
    size_t local, end = name_end(t, *i, &local);
    if (end == SV_NPOS)
        return XML_HIT_NO;
    if (unit_at(t, end) == NO_UNIT)
        return XML_HIT_CUT;
    *i = end;
    return end - local == word.n * text_unit(t->encoding) ? word_at(t, local, word) : XML_HIT_NO;
}

static enum xml_tag end_tag_at(const struct xml_text *t, size_t i, size_t *end)
{
    size_t unit = text_unit(t->encoding);
    enum xml_hit hit = local_name_is(t, &i, names[t->dialect].record);
    if (hit != XML_HIT_YES)
        return hit == XML_HIT_CUT ? XML_TAG_CUT : XML_TAG_OTHER;
    while (is_blank(unit_at(t, i)))
        i += unit;
    uint32_t c = unit_at(t, i);
    *end = i + unit;
    return c == '>' ? XML_TAG_EVENT_END : c == NO_UNIT ? XML_TAG_CUT : XML_TAG_OTHER;
}

static enum xml_tag mask_tag_at(const struct xml_text *t, size_t at)
{
    enum xml_hit comment = word_at(t, at, SV("<!--")), cdata = word_at(t, at, SV("<![CDATA["));
    if (comment == XML_HIT_YES || cdata == XML_HIT_YES)
        return XML_TAG_MASK;
    return comment == XML_HIT_CUT || cdata == XML_HIT_CUT ? XML_TAG_CUT : XML_TAG_OTHER;
}

enum xml_tag xml_tag_at(const struct xml_text *t, size_t at, size_t *end)
{
    size_t unit = text_unit(t->encoding), i = at + unit;
    uint32_t c = unit_at(t, i), first = unit_at(t, at);
    if (first != '<')
        return first == NO_UNIT ? XML_TAG_CUT : XML_TAG_OTHER;
    if (c == '/')
        return end_tag_at(t, i + unit, end);
    if (c == '!')
        return mask_tag_at(t, at);
    enum xml_hit hit = local_name_is(t, &i, names[t->dialect].record);
    if (hit == XML_HIT_CUT)
        return XML_TAG_CUT;
    return hit == XML_HIT_YES && (is_blank(unit_at(t, i)) || unit_at(t, i) == '>') ? XML_TAG_EVENT
                                                                                   : XML_TAG_OTHER;
}

size_t xml_next_markup(const struct xml_text *t, size_t from)
{
    while (from < t->n) {
        const uint8_t *hit = memchr(t->p + from, '<', t->n - from);
        if (!hit)
            break;
        size_t at = (size_t)(hit - t->p);
        if (t->encoding == TEXT_UTF8)
            return at;
        /* A byte 0x3c is '<' only beside a zero; at the text's end the zero may still come. */
        if (t->encoding == TEXT_UTF16LE && (at + 1 == t->n || hit[1] == 0))
            return at;
        if (t->encoding == TEXT_UTF16BE && at > from && hit[-1] == 0)
            return at - 1;
        from = at + 1;
    }
    bool half = t->encoding == TEXT_UTF16BE && from < t->n && t->p[t->n - 1] == 0;
    return half ? t->n - 1 : t->n;
}

enum xml_tag xml_tag_before(const struct xml_text *t, size_t floor, size_t before, size_t *at, size_t *end)
{
    size_t low = t->encoding == TEXT_UTF16BE; /* where in a unit the ASCII byte stands */
    if (before + low > t->n)
        before = t->n > low ? t->n - low : 0;
    const uint8_t *p = t->p + low;
    for (size_t i = before;;) {
        while (i > floor && p[i - 1] != '<')
            i--;
        if (i <= floor)
            break;
        i--;
        enum xml_tag tag = xml_tag_at(t, i, end);
        if (tag == XML_TAG_EVENT || tag == XML_TAG_EVENT_END) {
            *at = i;
            return tag;
        }
    }
    return XML_TAG_OTHER;
}

/* word in the text's encoding, without the zero at its outer side, so that its first and last byte tell
 * something. */
static size_t widen(struct sv word, enum text_encoding encoding, uint8_t *to)
{
    size_t n = 0;
    for (size_t i = 0; i < word.n && n + 2 < XML_PATTERN_MAX; i++) {
        if (n && encoding != TEXT_UTF8)
            to[n++] = 0;
        to[n++] = (uint8_t)word.p[i];
    }
    return n;
}

/* Index of the character with which word begins in [from, to), or SV_NPOS. */
static size_t find_word(const struct xml_text *t, size_t from, size_t to, struct sv word)
{
    uint8_t pattern[XML_PATTERN_MAX];
    size_t n = widen(word, t->encoding, pattern);
    to = to < t->n ? to : t->n;
    while (from < to) {
        const uint8_t *hit = needle_find(t->p + from, to - from, pattern, n);
        if (!hit)
            break;
        size_t at = (size_t)(hit - t->p) - (t->encoding == TEXT_UTF16BE && hit > t->p);
        if (word_at(t, at, word) == XML_HIT_YES)
            return at;
        from = (size_t)(hit - t->p) + 1;
    }
    return SV_NPOS;
}

enum xml_mask xml_mask_end(const struct xml_text *t, size_t at, size_t limit, bool final, size_t *end)
{
    bool comment = word_at(t, at, SV("<!--")) == XML_HIT_YES;
    struct sv opening = comment ? SV("<!--") : SV("<![CDATA["), closing = comment ? SV("-->") : SV("]]>");
    size_t unit = text_unit(t->encoding), inside = at + opening.n * unit;
    size_t to = t->n - at > limit ? at + limit : t->n;
    size_t close = find_word(t, inside, to, closing);
    /* "<!--" and "-->" can share bytes: an opening that begins before the closing counts. */
    size_t again = find_word(t, inside, close == SV_NPOS ? to : close + (opening.n - 1) * unit, opening);
    if (again != SV_NPOS)
        return XML_MASK_NONE;
    if (close == SV_NPOS)
        return final || to < t->n ? XML_MASK_NONE : XML_MASK_OPEN;
    *end = close + closing.n * unit;
    return XML_MASK_CLOSED;
}

void xml_number_init(struct xml_number *number, uint32_t value, enum text_encoding encoding)
{
    char digits[10];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    struct sv word = sv_make(digits + at, sizeof digits - at);
    number->n = widen(word, encoding, number->bytes);
    number->lead = encoding == TEXT_UTF16BE;
    number->width = word.n * text_unit(encoding);
}

/* The character before index i, leading zeros and then blanks left out; NO_UNIT if there is none behind
 * floor. */
static uint32_t before_number(const struct xml_text *t, size_t floor, size_t i)
{
    size_t unit = text_unit(t->encoding);
    bool zeros = true;
    while (i >= floor + unit) {
        uint32_t c = unit_at(t, i -= unit);
        zeros = zeros && c == '0';
        if (!zeros && !is_blank(c))
            return c;
    }
    return NO_UNIT;
}

enum xml_hit xml_event_id_at(const struct xml_text *t, size_t floor, size_t at,
                             const struct xml_number *number)
{
    size_t unit = text_unit(t->encoding), i = at + number->width;
    uint32_t before = before_number(t, floor, at);
    if (before != '>' && before != '[')
        return XML_HIT_NO;
    while (is_blank(unit_at(t, i)))
        i += unit;
    uint32_t c = unit_at(t, i), next = unit_at(t, i + unit);
    if (c == NO_UNIT || (c == '<' && next == NO_UNIT))
        return XML_HIT_CUT;
    /* A comment or the end of a CDATA section: rare enough to let the decoder tell. */
    if (c == ']' || (c == '<' && (next == '!' || next == '?')))
        return XML_HIT_YES;
    if (c != '<' || next != '/')
        return XML_HIT_NO;
    i += 2 * unit;
    return local_name_is(t, &i, names[t->dialect].id);
}
