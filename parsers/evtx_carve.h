/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that a log does not have any more: what stands behind the used part of its chunks since they were
 * written over or cleared, and what hides in the tails of other records. They are told from live ones by
 * their place alone, so they are looked for only when asked, when all else has been read, and are never
 * called anything but stale.
 */
#ifndef MAPITAIL_EVTX_CARVE_H
#define MAPITAIL_EVTX_CARVE_H

#include "evtx_follow.h"

/* From now on carve_next is to be called. */
void carve_begin(struct parser *p);

enum carve { CARVE_FRAME, CARVE_PROGRESS, CARVE_DONE, CARVE_FAILED };

/*
 * The next stale record; p->chunk, filter and decoder are those of its chunk. PROGRESS is given now and then
 * where there is nothing to be found, FAILED after an I/O error.
 */
enum carve carve_next(struct parser *p, struct evtx_frame *frame);

#endif
