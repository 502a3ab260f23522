/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which records of a chunk are wanted, told from their raw values.
 *
 * A record of a template names its event id by a substitution value at a known place, so two or three cache
 * lines decide it. What each template says about event id and provider is read once per chunk; a record
 * without a template is read up to its event id. Only what this cannot settle (names split around a value,
 * unreadable templates) is left to the decoder.
 */
#ifndef MAPITAIL_EVTX_FILTER_H
#define MAPITAIL_EVTX_FILTER_H

#include "binxml.h"
#include "selector.h"

enum {
    EVTX_TEMPLATES = 64,  /* known per chunk; a power of two */
    EVTX_SOURCE_MAX = 192 /* bytes of a literal; longer ones are left to the decoder */
};

/* Where a fact of System stands in a template or record. */
enum evtx_source_kind { SOURCE_ABSENT, SOURCE_LITERAL, SOURCE_VALUE, SOURCE_MIXED };

struct evtx_source {
    uint8_t kind;
    uint8_t n; /* bytes of the literal */
    uint16_t index;
    char literal[EVTX_SOURCE_MAX];
};

struct evtx_template {
    bool readable;
    bool is_usual; /* the event id is the substitution that it always is */
    struct evtx_source event_id, provider, event_source;
};

struct evtx_filter {
    const struct selector *selector;
    struct reader chunk;
    uint8_t wanted[8192]; /* bit per event id */
    /* What templates[] is about: definition offset and template id. 0: nothing. Apart, because it is cleared
     * per chunk. */
    uint64_t known[EVTX_TEMPLATES];
    struct evtx_template templates[EVTX_TEMPLATES];
};

enum evtx_verdict {
    EVTX_PASS,  /* not wanted */
    EVTX_DECOY, /* the id is wanted, the provider is not */
    EVTX_WANTED,
    EVTX_UNDECIDED,  /* decode and look */
    EVTX_UNREADABLE, /* the template cannot be read and the id may be wanted: decode, and give what is known
                      */
};

void evtx_filter_init(struct evtx_filter *f, const struct selector *selector);
void evtx_filter_set_chunk(struct evtx_filter *f, const uint8_t *bytes, size_t n);

/*
 * The verdict on the record in chunk[at, at + size), both its frame's. *hidden is set to the offset of
 * another record in the part of this one that its values do not use, which is how tools hide records; else to
 * 0.
 */
enum evtx_verdict evtx_filter_test(struct evtx_filter *f, size_t at, size_t size, size_t *hidden);

#endif
