/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One JSON record as an event; which member means what is json_shapes.h's to say.
 *
 * Times without zone go through the source's zone. A numeric date whose day and month could be each other is
 * read in the order that options tell; without one the event has no time.
 *
 * Escapes of lone surrogates become U+FFFD. One decoder belongs to one thread.
 */
#ifndef MAPITAIL_JSON_DECODE_H
#define MAPITAIL_JSON_DECODE_H

#include "parser.h"

struct json_decoder;

struct json_decoder *json_decoder_new(void);    /* NULL without memory */
void json_decoder_free(struct json_decoder *d); /* NULL is allowed */

enum json_verdict {
    JSON_EVENT,
    JSON_NO_EVENT, /* an object that is no event of a known shape: *e is undefined */
    JSON_DAMAGED,  /* no JSON: *reason tells */
};

/*
 * How long the record is that text begins with, if that is easily told; else 0. What was read on the way is
 * kept for json_decode of just these bytes as the next call.
 */
size_t json_decode_measure(struct json_decoder *d, struct sv text);

/*
 * Decodes the record text, valid UTF-8, of at most EVENT_TEXT_MAX bytes. Sets everything but offset, length
 * and original. Views in *e live until the next call.
 */
enum json_verdict json_decode(struct json_decoder *d, struct sv text, const struct parser_options *options,
                              struct event *e, const char **reason);

/* Was the last event's date one whose day and month could be each other, and no order given? */
bool json_decode_is_unsure(const struct json_decoder *d);

#endif
