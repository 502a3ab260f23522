/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the records of an XML export begin and end, told from raw bytes: no conversion, no decoding.
 *
 * A record is the text from an opening <Event …> to the next </Event>, whatever stands around it
 * (XML 1.0, 2.4, 2.5 and 2.7: markup cannot stand in text or attribute values, but anything can stand in a
 * comment or a CDATA section, here called a mask). Names count without namespace prefix.
 *
 * A comment or CDATA section is a mask only if it is closed before another one of its kind opens and within a
 * bound: a torn one then hides nothing behind it. All indexes are bytes. In UTF-16 a character may begin at
 * any byte, so that an odd byte somewhere costs one record and not the rest of the file. Pure and
 * thread-safe.
 */
#ifndef MAPITAIL_XML_SCAN_H
#define MAPITAIL_XML_SCAN_H

#include "utf.h"

/* Which elements are records, and which hold their ids: below, <Event> and <EventID> stand for them. */
enum xml_dialect {
    XML_EVENTS, /* <Event>, <EventID> */
    XML_CIM,    /* instances of WMI: <INSTANCE>, and <VALUE> of any property */
};

/* Bytes of a file, in the file's encoding. */
struct xml_text {
    const uint8_t *p;
    size_t n;
    enum text_encoding encoding;
    enum xml_dialect dialect;
};

enum {
    XML_NAME_MAX = 256,   /* characters of an element's name; a longer one is no name of ours */
    XML_PATTERN_MAX = 64, /* bytes of a widened pattern */
    XML_TAG_BYTES_MAX = 2 * (XML_NAME_MAX + 4), /* what must be there to tell a tag */
};

enum xml_tag {
    XML_TAG_OTHER,
    XML_TAG_EVENT,     /* <Event */
    XML_TAG_EVENT_END, /* </Event> */
    XML_TAG_MASK,      /* <!-- or <![CDATA[ */
    XML_TAG_CUT,       /* the bytes end before it can be told */
};

/* What begins with the character at index at. For XML_TAG_EVENT_END *end is the index behind its '>'. */
enum xml_tag xml_tag_at(const struct xml_text *t, size_t at, size_t *end);

/* Index of the next '<' in [from, t->n), or of half a character at the end that may become one; else t->n. */
size_t xml_next_markup(const struct xml_text *t, size_t from);

/*
 * The last <Event or </Event> that begins in [floor, before), in *at (and *end as above); XML_TAG_OTHER if
 * there is none. A tag that the text's end cuts is none.
 */
enum xml_tag xml_tag_before(const struct xml_text *t, size_t floor, size_t before, size_t *at, size_t *end);

enum xml_mask {
    XML_MASK_NONE,   /* no mask: never closed, or not where it counts */
    XML_MASK_CLOSED, /* *end is the index behind it */
    XML_MASK_OPEN,   /* more bytes are needed to tell */
};

/* How far the mask reaches that begins at index at (where xml_tag_at says XML_TAG_MASK). final: no bytes will
 * follow. */
enum xml_mask xml_mask_end(const struct xml_text *t, size_t at, size_t limit, bool final, size_t *end);

/* A decimal number in the text's encoding, cut so that every byte of it tells something. */
struct xml_number {
    uint8_t bytes[XML_PATTERN_MAX];
    size_t n;
    size_t lead;  /* bytes of the first character before bytes[0] */
    size_t width; /* bytes of the whole number */
};
void xml_number_init(struct xml_number *number, uint32_t value, enum text_encoding encoding);

enum xml_hit { XML_HIT_NO, XML_HIT_YES, XML_HIT_CUT };

/*
 * Can the number at index at be the text of an EventID element? Yes for <EventID …>N</EventID>, with blanks,
 * CDATA or comments around the number and with any prefix. Nothing before floor is looked at.
 */
enum xml_hit xml_event_id_at(const struct xml_text *t, size_t floor, size_t at,
                             const struct xml_number *number);

#endif
