/* SPDX-License-Identifier: Apache-2.0 */
/* What a template, or a record without one, says of its event id and provider: in System, and nowhere else.
 */
#ifndef MAPITAIL_EVTX_TEMPLATE_H
#define MAPITAIL_EVTX_TEMPLATE_H

#include "binxml.h"

enum { EVTX_SOURCE_MAX = 192 }; /* UTF-16 units of a name; longer ones are left to the decoder */

/* Where a fact of System stands in a template or record. */
enum evtx_source_kind { SOURCE_ABSENT, SOURCE_LITERAL, SOURCE_VALUE, SOURCE_MIXED };

struct evtx_source {
    uint8_t kind;
    uint16_t index;       /* of the value */
    const uint8_t *utf16; /* the literal, in the chunk: most are never looked at */
    uint16_t literal_bytes;
};

struct evtx_template {
    bool found, readable; /* its definition is where it should be; and is a usual one */
    struct evtx_source event_id, provider, event_source;
};

/*
 * Reads the facts of an <Event> that begins at r, with a fragment header or without, up to where both are
 * known. False where it is damaged or is put together in a way that only the decoder follows.
 */
__attribute__((warn_unused_result)) bool evtx_template_read(const struct reader *chunk, struct reader r,
                                                            bool in_definition, struct evtx_template *t);

#endif
