/* SPDX-License-Identifier: Apache-2.0 */
/* The two ends of lending that every sink shares. */
#ifndef MAPITAIL_LENDING_H
#define MAPITAIL_LENDING_H

#include "sink.h"

/* At submit: no item has a result yet. */
static inline void lend_begin(struct sink_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        batch->items[i].result = ITEM_PENDING;
        batch->items[i].reason = NULL;
    }
}

/* Gives the batch back; what has no result yet gets this one. *lent is emptied first, for done may submit
 * again. */
static inline void lend_end(struct sink_batch **lent, enum item_result result, const struct sink_host *host)
{
    struct sink_batch *batch = *lent;
    *lent = NULL;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->items[i].result == ITEM_PENDING)
            batch->items[i].result = result;
    host->done(host->ctx, batch);
}

/* A result that is not PENDING any more, with its reason. */
static inline void lend_reject(struct sink_item *item, const char *reason)
{
    item->result = ITEM_REJECTED;
    item->reason = reason;
}

#endif
