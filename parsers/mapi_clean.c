/* SPDX-License-Identifier: Apache-2.0 */
/* Undoes what event texts have gone through. */
#include "mapi_clean.h"

#include "utf.h"

#include <string.h>

enum {
    ENTITY_MAX = 10, /* "&#x10FFFF;" */
    TAG_MAX = 256,   /* longest tag, attributes included */
};

static bool needs_cleaning(struct sv text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == '&' || c == '<' || c == '\r' || c == '\n' || c >= 0x80)
            return true;
        if (c == '_' && sv_istarts(sv_slice(text, i, text.n), SV("_x000")))
            return true;
    }
    return false;
}

/* The character that a decimal or "x" hexadecimal reference names, or 0. */
static uint32_t numbered_character(struct sv digits)
{
    uint64_t value = 0;
    bool is_hex = digits.n && ascii_lower(digits.p[0]) == 'x';
    bool good = is_hex ? sv_hex_to_u64(sv_slice(digits, 1, digits.n), &value) : sv_to_u64(digits, &value);
    return good && value <= 0x10ffff ? (uint32_t)value : 0;
}

static uint32_t named_character(struct sv name)
{
    static const struct {
        struct sv name;
        uint32_t character;
    } names[] = {
        {SV_INIT("lt"), '<'},    {SV_INIT("gt"), '>'},    {SV_INIT("amp"), '&'},    {SV_INIT("quot"), '"'},
        {SV_INIT("apos"), '\''}, {SV_INIT("nbsp"), ' '},  {SV_INIT("ldquo"), '"'},  {SV_INIT("rdquo"), '"'},
        {SV_INIT("bdquo"), '"'}, {SV_INIT("laquo"), '"'}, {SV_INIT("raquo"), '"'},  {SV_INIT("auml"), 0xe4},
        {SV_INIT("ouml"), 0xf6}, {SV_INIT("uuml"), 0xfc}, {SV_INIT("szlig"), 0xdf}, {SV_INIT("eacute"), 0xe9},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (sv_ieq(name, names[i].name))
            return names[i].character;
    return 0;
}

/* Bytes of the entity that v begins with, and its character; 0 when it begins with none. */
static size_t entity_at(struct sv v, uint32_t *character)
{
    struct sv head = sv_slice(v, 1, ENTITY_MAX);
    size_t end = sv_find_char(head, ';');
    if (end == SV_NPOS || end == 0)
        return 0;
    struct sv name = sv_slice(head, 0, end);
    *character = name.p[0] == '#' ? numbered_character(sv_slice(name, 1, name.n)) : named_character(name);
    return *character ? end + 2 : 0;
}

/* Decodes one level of entities in place; an entity is never shorter than its character. Returns the new
 * length. */
static size_t decode_entities(char *p, size_t n)
{
    struct sv text = sv_make(p, n);
    size_t out = 0;
    for (size_t at = 0; at < n;) {
        uint32_t character;
        size_t used = p[at] == '&' ? entity_at(sv_slice(text, at, n), &character) : 0;
        if (!used) {
            p[out++] = p[at++];
            continue;
        }
        struct buf to = {.p = p + out, .cap = used, .limit = used};
        buf_utf8(&to, character);
        out += to.n;
        at += used;
    }
    return out;
}

static bool is_known_tag(struct sv name)
{
    static const struct sv names[] = {
        SV_INIT("br"),
        SV_INIT("p"),
        SV_INIT("div"),
        SV_INIT("span"),
        SV_INIT("b"),
        SV_INIT("i"),
        SV_INIT("u"),
        SV_INIT("em"),
        SV_INIT("strong"),
        SV_INIT("font"),
        SV_INIT("a"),
        SV_INIT("pre"),
        SV_INIT("code"),
        SV_INIT("tt"),
        SV_INIT("table"),
        SV_INIT("tbody"),
        SV_INIT("tr"),
        SV_INIT("td"),
        SV_INIT("th"),
        SV_INIT("ul"),
        SV_INIT("ol"),
        SV_INIT("li"),
        SV_INIT("blockquote"),
        SV_INIT("hr"),
        SV_INIT("nobr"),
        SV_INIT("wbr"),
        SV_INIT("small"),
        SV_INIT("big"),
        SV_INIT("center"),
        SV_INIT("img"),
        SV_INIT("h1"),
        SV_INIT("h2"),
        SV_INIT("h3"),
        SV_INIT("h4"),
        SV_INIT("html"),
        SV_INIT("body"),
        /* Of the event's own XML, which a copied text may hold. */
        SV_INIT("data"),
        SV_INIT("binary"),
        SV_INIT("eventdata"),
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (sv_ieq(name, names[i]))
            return true;
    return false;
}

/* Bytes of the known tag that v begins with, or 0. Stops at the next '<', so that no byte is looked at for
 * two tags. */
static size_t tag_at(struct sv v)
{
    v = sv_slice(v, 0, TAG_MAX);
    size_t at = v.n > 1 && v.p[1] == '/' ? 2 : 1, name = at;
    while (at < v.n && (ascii_is_alpha(v.p[at]) || ascii_is_digit(v.p[at])))
        at++;
    if (at == v.n || !is_known_tag(sv_slice(v, name, at)))
        return 0;
    /* "<b/cn=…" is a DN. */
    if (v.p[at] != '>' && !sv_starts(sv_slice(v, at, v.n), SV("/>")) && !ascii_is_space(v.p[at]))
        return 0;
    while (at < v.n && v.p[at] != '>' && v.p[at] != '<')
        at++;
    return at < v.n && v.p[at] == '>' ? at + 1 : 0;
}

/* Bytes of the line break that v begins with, or 0. _x000D_ and _x000A_ are how Export-Clixml writes CR and
 * LF. */
static size_t break_at(struct sv v)
{
    switch (v.p[0]) {
    case '\r':
    case '\n':
        return 1;
    case '<':
        return tag_at(v);
    case '_':
        return sv_istarts(v, SV("_x000D_")) || sv_istarts(v, SV("_x000A_")) ? 7 : 0;
    default:
        return 0;
    }
}

/* What stands for a typographic character: '"', ' ', or nothing for marks without width; 'x' keeps it. */
static char plain_form(uint32_t character)
{
    switch (character) {
    case 0x201c:
    case 0x201d:
    case 0x201e:
    case 0x201f: /* “ ” „ ‟ */
    case 0x00ab:
    case 0x00bb:
    case 0x2033:
    case 0xff02: /* « » ″ ＂ */
    case 0x300c:
    case 0x300d:
    case 0x300e:
    case 0x300f: /* 「 」 『 』 */
        return '"';
    case 0x00a0:
    case 0x2007:
    case 0x2009:
    case 0x202f:
    case 0x3000: /* no-break, figure, thin, ideographic */
        return ' ';
    case 0x200b:
    case 0x200e:
    case 0x200f:
    case 0xfeff: /* zero width, direction marks, byte order mark */
        return '\0';
    default:
        return 'x';
    }
}

/* Copies the character at v to p and returns its bytes; *used counts those of v. */
static size_t copy_character(struct sv v, char *p, size_t *used)
{
    if ((unsigned char)v.p[0] < 0x80) {
        p[0] = v.p[0];
        *used = 1;
        return 1;
    }
    uint32_t character;
    *used = utf8_decode(v, &character);
    char plain = plain_form(character);
    if (plain == 'x') {
        memmove(p, v.p, *used);
        return *used;
    }
    p[0] = plain;
    return plain != '\0';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The second pass, in place: breaks, quotes, blanks. */
static size_t plain_text(char *p, size_t n)
{
    struct sv text = sv_make(p, n);
    size_t out = 0;
    for (size_t at = 0; at < n;) {
        size_t used = break_at(sv_slice(text, at, n));
        if (used) {
            while (out && is_blank(p[out - 1]))
                out--;
            if (out && p[out - 1] != '\n')
                p[out++] = '\n';
            at += used;
        } else if (is_blank(p[at]) && out && p[out - 1] == '\n') {
            at++;
        } else {
            out += copy_character(sv_slice(text, at, n), p + out, &used);
            at += used;
        }
    }
    return out;
}

struct sv mapi_clean(struct sv text, struct arena *arena)
{
    if (!needs_cleaning(text))
        return text;
    char *p = arena_alloc(arena, text.n);
    if (!p)
        return text;
    memcpy(p, text.p, text.n);
    size_t n = text.n;
    for (int level = 0; level < 2 && memchr(p, '&', n); level++)
        n = decode_entities(p, n);
    n = plain_text(p, n);
    arena_shrink(arena, p, text.n, n);
    return sv_make(p, n);
}
