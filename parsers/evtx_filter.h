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

#include "evtx_inline.h"
#include "evtx_template.h"
#include "selector.h"

enum { EVTX_TEMPLATES = 64 }; /* known per chunk; a power of two */

struct evtx_filter {
    const struct selector *selector;
    struct reader chunk;
    uint8_t wanted[8192]; /* bit per event id */
    bool takes_any_id;    /* under some provider: then most records are decoys */
    /* What templates[] is about: definition offset and template id. 0: nothing. Apart, because it is cleared
     * per chunk. */
    uint64_t known[EVTX_TEMPLATES];
    bool is_usual[EVTX_TEMPLATES]; /* the event id is the substitution that it always is */
    struct evtx_template templates[EVTX_TEMPLATES];
    struct evtx_inline_names inline_names;
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

/* Records passed in one go. */
struct evtx_skimmed {
    size_t at;      /* where the first record stands that was not passed */
    size_t last;    /* where the last one stands that was, if there are any */
    size_t records; /* how many */
};

/*
 * Passes the whole records from `at` on as long as each is plainly not wanted: an instance of a template that
 * is known already, with the usual values, an id that nobody wants and nothing in its tail; or no instance,
 * and its names are known. Nearly every record is, so this loop decides how fast a log is read. end: of the
 * chunk's used part.
 */
struct evtx_skimmed evtx_filter_skim(const struct evtx_filter *f, size_t at, size_t end);

#endif
