/* SPDX-License-Identifier: Apache-2.0 */
/* The words of plain XML. */
#include "xml_lex.h"

#include "utf.h"

#include <string.h>

enum { REFERENCE_MAX = 12 };

#define VALUE (XML_VALUE_SINGLE | XML_VALUE_DOUBLE)
#define LETTER (XML_NAME_START | XML_NAME | XML_TEXT | VALUE)
#define IN_NAME (XML_NAME | XML_TEXT | VALUE)
#define PRINT (XML_TEXT | VALUE)
#define R4(x) x, x, x, x
#define R8(x) R4(x), R4(x)
#define R26(x) R8(x), R8(x), R8(x), x, x
#define R128(x)                                                                                              \
    R8(x), R8(x), R8(x), R8(x), R8(x), R8(x), R8(x), R8(x), R8(x), R8(x), R8(x), R8(x), R8(x), R8(x), R8(x), \
        R8(x)

/* clang-format off */
const uint8_t xml_classes[256] = {
    R8(0), 0, XML_BLANK | XML_TEXT, XML_BLANK | XML_TEXT, 0, 0, XML_BLANK, 0, 0, R8(0), R8(0),
    XML_BLANK | PRINT, PRINT, XML_TEXT | XML_VALUE_SINGLE, PRINT, PRINT, PRINT, 0,              /* blank ! " # $ % & */
    XML_TEXT | XML_VALUE_DOUBLE,                                                            /* ' */
    PRINT, PRINT, PRINT, PRINT, PRINT, IN_NAME, IN_NAME, PRINT,                     /* ( ) * + , - . / */
    R8(IN_NAME), IN_NAME, IN_NAME, IN_NAME, PRINT, 0 /* < */, PRINT, PRINT, PRINT,  /* 0 … 9 : ; < = > ? */
    PRINT, R26(LETTER), PRINT, PRINT, VALUE /* ] */, PRINT, LETTER,                 /* @ A … Z [ \ ] ^ _ */
    PRINT, R26(LETTER), PRINT, PRINT, PRINT, PRINT, PRINT,                          /* ` a … z { | } ~ DEL */
    R128(PRINT),
};
/* clang-format on */

/* name = "value" with the quotes' inside in *value. */
static bool take_attribute(struct xml_lex *x, struct sv *name, struct sv *value)
{
    *name = xml_lex_name(x);
    xml_lex_blanks(x);
    if (name->n == 0 || *x->p != '=')
        return false;
    x->p++;
    xml_lex_blanks(x);
    if (x->p >= x->end || (*x->p != '\'' && *x->p != '"'))
        return false;
    char quote = *x->p;
    const char *from = x->p + 1;
    const char *to = xml_skip(from, x->end, quote == '"' ? XML_VALUE_DOUBLE : XML_VALUE_SINGLE);
    *value = sv_make(from, (size_t)(to - from));
    x->p = to + 1;
    return *to == quote;
}

bool xml_lex_attributes(struct xml_lex *x, struct xml_attribute out[XML_LEX_ATTRIBUTES_MAX], size_t *count)
{
    for (size_t n = 0;; n++) {
        const char *before = x->p;
        *count = n;
        xml_lex_blanks(x);
        if (x->p >= x->end)
            return false;
        if (*x->p == '>' || *x->p == '/')
            return true;
        if (x->p == before || n == XML_LEX_ATTRIBUTES_MAX || !take_attribute(x, &out[n].name, &out[n].value))
            return false;
        for (size_t i = 0; i < n; i++)
            if (sv_eq(out[i].name, out[n].name))
                return false;
    }
}

bool xml_lex_end_tag(struct xml_lex *x, struct sv name)
{
    if ((size_t)(x->end - x->p) < name.n || memcmp(x->p, name.p, name.n) != 0)
        return false;
    x->p += name.n;
    xml_lex_blanks(x);
    return *x->p++ == '>';
}

bool xml_is_char(uint64_t c)
{
    return c >= 0x20 ? c < 0xd800 || (c >= 0xe000 && c < 0xfffe) || (c >= 0x10000 && c <= 0x10ffff)
                     : c == '\t' || c == '\n' || c == '\r';
}

/* What stands between '&' and ';'. */
static bool character_of(struct sv name, uint32_t *character)
{
    static const struct {
        struct sv name;
        char character;
    } entities[] = {
        {SV_INIT("amp"), '&'},  {SV_INIT("lt"), '<'},    {SV_INIT("gt"), '>'},
        {SV_INIT("quot"), '"'}, {SV_INIT("apos"), '\''},
    };
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
        *character = (unsigned char)entities[i].character;
        if (sv_eq(name, entities[i].name))
            return true;
    }
    uint64_t c;
    bool hex = sv_starts(name, SV("#x"));
    struct sv digits = sv_slice(name, hex ? 2 : 1, name.n);
    /* The reader of hexadecimal numbers would take a second x. */
    if (!sv_starts(name, SV("#")) || (hex && digits.n > 1 && ascii_hex_value(digits.p[1]) < 0))
        return false;
    if (!(hex ? sv_hex_to_u64(digits, &c) : sv_to_u64(digits, &c)) || !xml_is_char(c))
        return false;
    *character = (uint32_t)c;
    return true;
}

bool xml_lex_reference(struct xml_lex *x, uint32_t *character)
{
    struct sv rest = sv_make(x->p + 1, (size_t)(x->end - x->p) - 1);
    size_t n = sv_find_char(sv_slice(rest, 0, REFERENCE_MAX), ';');
    if (n == SV_NPOS)
        return false;
    x->p += n + 2;
    return character_of(sv_slice(rest, 0, n), character);
}

bool xml_is_text(struct sv text)
{
    if (utf8_valid_length(text) != text.n)
        return false;
    return sv_find_char(text, '\xef') == SV_NPOS ||
           (sv_find(text, SV("\xef\xbf\xbe")) == SV_NPOS && sv_find(text, SV("\xef\xbf\xbf")) == SV_NPOS);
}
