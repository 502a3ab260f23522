/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One record of an .evt file to a struct event (Platform SDK, EVENTLOGRECORD; libevt documentation). Every
 * offset and length in it is checked against the record; what is not there is absent, and the event is marked
 * cut.
 */
#ifndef MAPITAIL_EVT_RECORD_H
#define MAPITAIL_EVT_RECORD_H

#include "arena.h"
#include "buf.h"
#include "event.h"
#include "selector.h"

enum { EVT_ORIGINAL_MAX = 1 << 20 }; /* bytes of XML text */

enum evt_verdict {
    EVT_PASS,  /* not wanted */
    EVT_DECOY, /* the id is, the source is not */
    EVT_WANTED,
};

/*
 * Is the record wanted, by its id and its source's name alone? n, at least EVT_HEAD_BYTES, is what there is
 * of it in front of the copy of its length.
 */
enum evt_verdict evt_record_test(const uint8_t *record, size_t n, const struct selector *selector);

/*
 * Decodes it. Views borrow the arena, and original, which is written as <Event>, the buffer, which is emptied
 * first. Place, length and trust are the caller's to fill.
 */
void evt_record_decode(const uint8_t *record, size_t n, struct arena *arena, struct buf *original,
                       struct event *event);

#endif
