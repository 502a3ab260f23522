/* SPDX-License-Identifier: Apache-2.0 */
/* Beginning where the destination stands, for sinks that carry positions. */
#include "pipeline_inner.h"

#include "log.h"
#include "os_clock.h"
#include "recall.h"

enum { RECOVER_SLICE_MS = 200 };

bool pipeline_recover(struct pipeline *p)
{
    bool recovered = !p->publisher;
    while (!recovered && !atomic_load(&p->stop)) {
        recovered = p->ops->recover(p->sink, RECOVER_SLICE_MS, publisher_take, p->publisher);
        atomic_store_explicit(&p->turned_ms, os_monotonic_ms(), memory_order_relaxed);
        pipeline_publish_counts(p);
        log_tick();
    }
    if (!recovered || !p->publisher)
        return recovered;
    p->recovered = true;
    log_info(p->subject, "the destination keeps the positions of %zu files", publisher_taken(p->publisher));
    if (publisher_unreadable(p->publisher))
        log_error(p->subject,
                  "the positions of %zu files at the destination cannot be read; for these files this host's "
                  "state counts",
                  publisher_unreadable(p->publisher));
    return true;
}

/* The destination has the record: what shipping it would have left behind is left behind. False without
 * memory. */
static bool remember(struct pipeline *p, struct tail *t)
{
    if (!shape_record(&p->shape, &p->event, tail_file(t), p->state, t->saved.row))
        return false;
    ledger_pass(&t->ledger, &p->step.pos);
    if (!pipeline_has_telling_id(p) || !pipeline_event_is_sound(p) ||
        dedup_ask(p->dedup, p->shape.record.id) != DEDUP_NEW)
        return true;
    dedup_begin(p->dedup, p->shape.record.id);
    dedup_settle(p->dedup, p->shape.record.id);
    return true;
}

/* One step of a file. */
static void recall_step(struct pipeline *p, struct tail *t)
{
    switch (tail_next(&p->tail_context, t, &p->event, &p->step)) {
    case TAIL_EVENT:
        if (!recall_covers(t, &p->step.pos)) {
            recall_done(&p->tail_context, t);
            return;
        }
        if (!remember(p, t)) {
            tail_read_again(&p->tail_context, t);
            return;
        }
        break;
    case TAIL_MOVED:
        break;
    case TAIL_DRAINED:
        if (t->status == TAIL_IDLE) /* the position was found to belong to this content: nothing is left */
            recall_done(&p->tail_context, t);
        return;
    case TAIL_REPLACED:
        recall_end(&p->tail_context, t);
        source_set_replace(p->files, t);
        return;
    }
    t->sealed = t->published = t->ledger.safe;
    if (position_order(t->export.ops, &t->ledger.safe, &t->recall_to) >= 0)
        recall_done(&p->tail_context, t);
}

bool pipeline_catch_up(struct pipeline *p)
{
    struct tail *t;
    pipeline_tick(p);
    for (unsigned steps = 0; (t = source_set_next_recall(p->files)); steps++) {
        if (steps == SINK_BATCH_ITEMS_MAX)
            return false; /* time to save, and to look around */
        if (tail_open(&p->tail_context, t) && t->recall == RECALL_DELIVERED)
            recall_step(p, t);
    }
    p->settled_some = true;
    return true;
}
