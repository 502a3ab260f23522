/* SPDX-License-Identifier: Apache-2.0 */
/* The short way through a record: XML as Windows writes it. */
#include "xml_plain.h"

#include "utf.h"

#include <string.h>

enum { ATTRIBUTES_MAX = 8, ELEMENTS_MAX = 4096, REFERENCE_MAX = 12 };

/* What a byte can be: bits of classes[]. */
enum {
    NAME_START = 1, /* of an element or attribute */
    NAME = 2,
    BLANK = 4,
    TEXT = 8,          /* text that means itself */
    VALUE_SINGLE = 16, /* the same between single quotes */
    VALUE_DOUBLE = 32, /* and between double ones */
};

#define VALUE (VALUE_SINGLE | VALUE_DOUBLE)
#define LETTER (NAME_START | NAME | TEXT | VALUE)
#define IN_NAME (NAME | TEXT | VALUE)
#define PRINT (TEXT | VALUE)
#define R4(x) x, x, x, x
#define R8(x) R4(x), R4(x)
#define R26(x) R8(x), R8(x), R8(x), x, x
#define R128(x)                                                                                              \
    R8(x), R8(x), R8(x), R8(x), R8(x), R8(x), R8(x), R8(x), R8(x), R8(x), R8(x), R8(x), R8(x), R8(x), R8(x), \
        R8(x)

/* clang-format off */
static const uint8_t classes[256] = {
    R8(0), 0, BLANK | TEXT, BLANK | TEXT, 0, 0, BLANK, 0, 0, R8(0), R8(0),
    BLANK | PRINT, PRINT, TEXT | VALUE_SINGLE, PRINT, PRINT, PRINT, 0,              /* blank ! " # $ % & */
    TEXT | VALUE_DOUBLE,                                                            /* ' */
    PRINT, PRINT, PRINT, PRINT, PRINT, IN_NAME, IN_NAME, PRINT,                     /* ( ) * + , - . / */
    R8(IN_NAME), IN_NAME, IN_NAME, IN_NAME, PRINT, 0 /* < */, PRINT, PRINT, PRINT,  /* 0 … 9 : ; < = > ? */
    PRINT, R26(LETTER), PRINT, PRINT, VALUE /* ] */, PRINT, LETTER,                 /* @ A … Z [ \ ] ^ _ */
    PRINT, R26(LETTER), PRINT, PRINT, PRINT, PRINT, PRINT,                          /* ` a … z { | } ~ DEL */
    R128(PRINT),
};
/* clang-format on */

/* The bytes still to be read; end stands one byte before the last, so that looking ahead by one is always
 * allowed. */
struct plain {
    const char *p, *end;
    struct event_tree *tree;
    struct sv open[EVENT_TREE_DEPTH_MAX]; /* names of the open elements */
    unsigned depth, elements;
};

static inline bool is(char c, unsigned wanted)
{
    return classes[(unsigned char)c] & wanted;
}

/* The first byte in [p, end) that is not of the wanted classes, or end. */
static inline const char *skip_class(const char *p, const char *end, unsigned wanted)
{
    while (p < end && is(*p, wanted))
        p++;
    return p;
}

static void skip_blanks(struct plain *x)
{
    x->p = skip_class(x->p, x->end, BLANK);
}

/* Empty where no plain name stands. */
static struct sv take_name(struct plain *x)
{
    const char *from = x->p;
    if (from < x->end && is(*from, NAME_START))
        x->p = skip_class(from + 1, x->end, NAME);
    return sv_make(from, (size_t)(x->p - from));
}

/* name = "value" with the quotes' inside in *value. */
static bool take_attribute(struct plain *x, struct sv *name, struct sv *value)
{
    *name = take_name(x);
    skip_blanks(x);
    if (name->n == 0 || *x->p != '=')
        return false;
    x->p++;
    skip_blanks(x);
    if (x->p >= x->end || (*x->p != '\'' && *x->p != '"'))
        return false;
    char quote = *x->p;
    const char *from = x->p + 1, *to = skip_class(from, x->end, quote == '"' ? VALUE_DOUBLE : VALUE_SINGLE);
    *value = sv_make(from, (size_t)(to - from));
    x->p = to + 1;
    return *to == quote;
}

/* The attributes of the element that was just opened, up to its '>' or '/'. */
static bool take_attributes(struct plain *x)
{
    struct sv names[ATTRIBUTES_MAX], value;
    for (size_t count = 0;; count++) {
        const char *before = x->p;
        skip_blanks(x);
        if (x->p >= x->end)
            return false;
        if (*x->p == '>' || *x->p == '/')
            return true;
        if (x->p == before || count == ATTRIBUTES_MAX || !take_attribute(x, &names[count], &value))
            return false;
        for (size_t i = 0; i < count; i++)
            if (sv_eq(names[i], names[count]))
                return false;
        event_tree_attribute(x->tree, names[count], value);
    }
}

static bool is_event(struct sv name)
{
    if (name.n < 5 || memcmp(name.p + name.n - 5, "Event", 5) != 0)
        return false;
    return name.n == 5 || name.p[name.n - 6] == ':';
}

static bool take_start(struct plain *x)
{
    struct sv name = take_name(x);
    if (name.n == 0 || x->depth == EVENT_TREE_DEPTH_MAX || x->elements++ == ELEMENTS_MAX)
        return false;
    /* A record inside of another is damage, and not ours to judge. */
    if (x->depth && is_event(name))
        return false;
    event_tree_open(x->tree, name);
    x->open[x->depth++] = name;
    /* Most elements have no attributes. */
    if (*x->p != '>' && !take_attributes(x))
        return false;
    if (*x->p == '/') {
        /* A record without content has no end tag either, which is where records end for xml_scan. */
        if (--x->depth == 0)
            return false;
        x->p++;
        event_tree_close(x->tree);
    }
    return *x->p++ == '>';
}

static bool take_end(struct plain *x)
{
    struct sv name = x->open[x->depth - 1];
    if ((size_t)(x->end - x->p) < name.n || memcmp(x->p, name.p, name.n) != 0)
        return false;
    x->p += name.n;
    skip_blanks(x);
    x->depth--;
    event_tree_close(x->tree);
    return *x->p++ == '>';
}

/* XML 1.0 production Char. */
static bool is_xml_char(uint64_t c)
{
    return c >= 0x20 ? c < 0xd800 || (c >= 0xe000 && c < 0xfffe) || (c >= 0x10000 && c <= 0x10ffff)
                     : c == '\t' || c == '\n' || c == '\r';
}

static bool put_reference(struct plain *x, struct sv name)
{
    static const struct {
        struct sv name, text;
    } entities[] = {
        {SV_INIT("amp"), SV_INIT("&")},   {SV_INIT("lt"), SV_INIT("<")},   {SV_INIT("gt"), SV_INIT(">")},
        {SV_INIT("quot"), SV_INIT("\"")}, {SV_INIT("apos"), SV_INIT("'")},
    };
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
        if (sv_eq(name, entities[i].name)) {
            event_tree_text(x->tree, entities[i].text);
            return true;
        }
    }
    uint64_t c;
    bool hex = sv_starts(name, SV("#x"));
    struct sv digits = sv_slice(name, hex ? 2 : 1, name.n);
    /* The reader of hexadecimal numbers would take a second x. */
    if (!sv_starts(name, SV("#")) || (hex && digits.n > 1 && ascii_hex_value(digits.p[1]) < 0))
        return false;
    if (!(hex ? sv_hex_to_u64(digits, &c) : sv_to_u64(digits, &c)) || !is_xml_char(c))
        return false;
    event_tree_character(x->tree, (uint32_t)c);
    return true;
}

/* What stands where plain text ends but no tag begins: a reference, a line's end (XML 1.0, 2.11), a bracket.
 */
static bool take_special(struct plain *x)
{
    if (*x->p == '&') {
        struct sv rest = sv_make(x->p + 1, (size_t)(x->end - x->p) - 1);
        size_t n = sv_find_char(sv_slice(rest, 0, REFERENCE_MAX), ';');
        x->p += n + 2;
        return n != SV_NPOS && put_reference(x, sv_slice(rest, 0, n));
    }
    if (*x->p == '\r') {
        if (x->p[1] != '\n')
            event_tree_text(x->tree, SV("\n"));
        x->p++;
        return true;
    }
    if (*x->p == ']' && x->p[1] != ']') {
        event_tree_text(x->tree, SV("]"));
        x->p++;
        return true;
    }
    return false;
}

/* Text up to the next tag. */
static bool take_text(struct plain *x)
{
    for (;;) {
        const char *from = x->p;
        x->p = skip_class(from, x->end, TEXT);
        if (x->p > from)
            event_tree_text(x->tree, sv_make(from, (size_t)(x->p - from)));
        if (x->p >= x->end)
            return false;
        if (*x->p == '<')
            return true;
        if (!take_special(x))
            return false;
    }
}

/* Bytes above ASCII: valid UTF-8 without the two characters that XML excludes. */
static bool is_xml_text(struct sv text)
{
    return utf8_valid_length(text) == text.n && sv_find(text, SV("\xef\xbf\xbe")) == SV_NPOS &&
           sv_find(text, SV("\xef\xbf\xbf")) == SV_NPOS;
}

size_t xml_plain(struct event_tree *tree, struct sv text)
{
    if (text.n < 2 || text.p[0] != '<')
        return 0;
    struct plain x; /* the names' places are filled as elements open */
    x.p = text.p + 1;
    x.end = text.p + text.n - 1;
    x.tree = tree;
    x.depth = x.elements = 0;
    if (!take_start(&x))
        return 0;
    while (x.depth) {
        if (!take_text(&x))
            return 0;
        x.p++;
        bool is_end = *x.p == '/';
        x.p += is_end;
        if (x.p >= x.end || !(is_end ? take_end(&x) : take_start(&x)))
            return 0;
    }
    size_t n = (size_t)(x.p - text.p);
    return is_xml_text(sv_slice(text, 0, n)) ? n : 0;
}
