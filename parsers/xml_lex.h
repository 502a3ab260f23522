/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of plain XML: names, attributes, references and runs of text, for the short ways through a record
 * (xml_plain.h, element_plain.h). What is not plain is not judged: a function then says so, and the record is
 * left to expat. Pure.
 */
#ifndef MAPITAIL_XML_LEX_H
#define MAPITAIL_XML_LEX_H

#include "sv.h"

enum { XML_LEX_ATTRIBUTES_MAX = 8 }; /* of one element; more are not plain */

/* What a byte can be: bits of xml_classes[]. */
enum {
    XML_NAME_START = 1, /* of an element or attribute */
    XML_NAME = 2,
    XML_BLANK = 4,
    XML_TEXT = 8,          /* text that means itself */
    XML_VALUE_SINGLE = 16, /* the same between single quotes */
    XML_VALUE_DOUBLE = 32, /* and between double ones */
};

extern const uint8_t xml_classes[256];

/* The bytes still to be read; end stands one byte before the last, so that looking ahead by one is always
 * allowed. */
struct xml_lex {
    const char *p, *end;
};

static inline bool xml_is(char c, unsigned wanted)
{
    return xml_classes[(unsigned char)c] & wanted;
}

/* The first byte in [p, end) that is not of the wanted classes, or end. */
static inline const char *xml_skip(const char *p, const char *end, unsigned wanted)
{
    while (p < end && xml_is(*p, wanted))
        p++;
    return p;
}

static inline void xml_lex_blanks(struct xml_lex *x)
{
    x->p = xml_skip(x->p, x->end, XML_BLANK);
}

/* Empty where no plain name stands. */
static inline struct sv xml_lex_name(struct xml_lex *x)
{
    const char *from = x->p;
    if (from < x->end && xml_is(*from, XML_NAME_START))
        x->p = xml_skip(from + 1, x->end, XML_NAME);
    return sv_make(from, (size_t)(x->p - from));
}

struct xml_attribute {
    struct sv name, value;
};

/* The attributes of the element whose name was taken, up to its '>' or '/'. False where they are not plain.
 */
bool xml_lex_attributes(struct xml_lex *x, struct xml_attribute out[XML_LEX_ATTRIBUTES_MAX], size_t *count);

/* Takes this name, blanks and '>': what is left of an end tag. */
bool xml_lex_end_tag(struct xml_lex *x, struct sv name);

/*
 * The reference that begins at x->p, "&amp;" or "&#38;": one of the five predefined entities or a character
 * that XML allows. False where it is none.
 */
bool xml_lex_reference(struct xml_lex *x, uint32_t *character);

/* XML 1.0 production Char. */
bool xml_is_char(uint64_t c);

/* Are bytes above ASCII valid UTF-8 without the two characters that XML excludes? */
bool xml_is_text(struct sv text);

#endif
