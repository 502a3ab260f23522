/* SPDX-License-Identifier: Apache-2.0 */
/* What a pipeline keeps over restarts: positions and delivered ids, saved together. */
#include "pipeline_inner.h"

#include "crash_point.h"
#include "log.h"
#include "os_clock.h"
#include "recall.h"

#include <stdio.h>

enum { PASS_SAVE_MS = 1000 /* how often a position that moved without records is saved */ };

/* One alarm while the state cannot be written or synced, and one word when both work again. */
static void note_state(struct pipeline *p, const struct fault *f)
{
    bool fails = p->save_fails || p->sync_fails;
    if (!fails && p->counts.state_failed)
        log_info(p->subject, "the state can be written again; positions are saved");
    else if (fails && !p->counts.state_failed)
        log_error(p->subject, "%s; delivering on, a restart would repeat records until this works again",
                  f->text);
    p->counts.state_failed = fails;
    snprintf(p->counts.state_fault, sizeof p->counts.state_fault, "%s", fails ? f->text : "");
}

/* A save that is under way, and what went wrong first. */
struct saving {
    struct pipeline *p;
    struct fault fault;
};

static bool save_tail(void *ctx, struct tail *t)
{
    struct saving *s = ctx;
    return tail_save(&s->p->tail_context, t, &s->fault);
}

static bool save_in_transaction(struct pipeline *p, struct fault *f)
{
    struct saving s = {.p = p};
    struct fault committing;
    /* Not before every position of the destination was compared with ours by what the mark said so far. */
    if (p->recovered && !p->marked && p->tail_context.recalling == 0)
        p->marked = state_mark(p->state, p->setup.output->name, RECALL_MARK, &committing);
    bool positions = source_set_each_dirty(p->files, save_tail, &s);
    bool ids = !p->dedup || dedup_save(p->dedup, positions ? &s.fault : &committing);
    crash_point("state-written");
    bool committed = state_commit(p->state, positions && ids ? &s.fault : &committing);
    crash_point("state-committed");
    if (committed && positions)
        source_set_saved(p->files);
    source_set_ended(p->files, committed);
    p->marked &= committed;
    if (p->dedup)
        dedup_saved(p->dedup, committed);
    *f = s.fault;
    return positions && ids && committed;
}

void pipeline_save(struct pipeline *p)
{
    struct fault f;
    p->settled_some = false;
    p->last_save_ms = os_monotonic_ms();
    pipeline_tick(p); /* a destination that was away for days delivers now, and now the ids begin to age */
    p->save_fails = !(state_begin(p->state, &f) && save_in_transaction(p, &f));
    if (p->save_fails || !p->sync_fails)
        note_state(p, &f);
    p->unsynced = true;
}

static bool note_dirty(void *ctx, struct tail *t)
{
    (void)t;
    *(bool *)ctx = true;
    return false;
}

void pipeline_save_if_due(struct pipeline *p)
{
    int64_t now = os_monotonic_ms();
    bool dirty = false;
    if (!p->settled_some && now - p->last_save_ms >= PASS_SAVE_MS) {
        p->last_save_ms = now;
        source_set_each_dirty(p->files, note_dirty, &dirty);
    }
    if (p->settled_some || dirty || (p->dedup && dedup_is_due(p->dedup)))
        pipeline_save(p);
    if (p->unsynced && now - p->last_sync_ms >= p->setup.config->sync_interval_ms) {
        struct fault f;
        p->last_sync_ms = now;
        crash_point("sync-due");
        p->sync_fails = p->unsynced = !state_sync(p->state, &f);
        crash_point("synced");
        if (p->sync_fails || !p->save_fails)
            note_state(p, &f);
    }
}
