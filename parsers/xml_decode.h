/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One record of an XML export, as UTF-8, to a struct event.
 *
 * Nothing outside the record has a say: document type declarations, entities of its own and processing of
 * external things do not exist here. Damage in one record does not reach the next. One decoder belongs to one
 * thread.
 */
#ifndef MAPITAIL_XML_DECODE_H
#define MAPITAIL_XML_DECODE_H

#include "event.h"

enum {
    XML_ATTRIBUTES_MAX = 256, /* of one element */
    XML_ELEMENTS_MAX = 16384, /* of one record */
};

struct xml_decoder;

struct xml_decoder *xml_decoder_new(void);    /* NULL without memory */
void xml_decoder_free(struct xml_decoder *d); /* NULL is allowed */

/*
 * Decodes text, which is one whole <Event …>…</Event> in valid UTF-8, into *e, which is cleared first. Views
 * live until the next call. Characters that XML 1.0 forbids become U+FFFD and set text_replaced. Returns
 * NULL, or why the record cannot be read: static text, a phrase.
 */
const char *xml_decode(struct xml_decoder *d, struct sv text, struct event *e);

/*
 * The short way: the record at text's beginning if it is plain (xml_plain.h), whatever follows it. Returns
 * its bytes, or 0: then xml_decode tells, once the record's end is known. The bytes taken are valid UTF-8.
 */
size_t xml_decode_plain(struct xml_decoder *d, struct sv text, struct event *e);

#endif
