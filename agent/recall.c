/* SPDX-License-Identifier: Apache-2.0 */
/* A file of which the destination kept another position than the state. */
#include "recall.h"

#include "log.h"
#include "publish.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool is_same_place(const struct position *a, const struct position *b)
{
    return a->offset == b->offset && a->record == b->record && a->check == b->check;
}

void recall_prepare(struct tail_context *c, struct tail *t)
{
    struct position_record known;
    if (!publisher_recall(c->publisher, t->saved.id, &known))
        return;
    if (t->saved.row && is_same_place(&known.position, &t->saved.position) &&
        strcmp(known.parser, t->saved.parser) == 0)
        return;
    t->known = malloc(sizeof *t->known);
    if (!t->known) {
        log_error(c->subject, "%s: out of memory; the destination's position is not looked at", t->path);
        return;
    }
    *t->known = known;
    t->recall = RECALL_UNDECIDED;
    c->recalling++;
}

void recall_end(struct tail_context *c, struct tail *t)
{
    if (t->recall == RECALL_UNDECIDED || t->recall == RECALL_DELIVERED)
        c->recalling--;
    t->recall = RECALL_NONE;
    free(t->known);
    t->known = NULL;
}

/* --- deciding --- */

enum belonging { BELONGS, FOREIGN, UNREADABLE };

/* Some parsers look at what stands before a position with the first step only, or look at the whole file
 * first, in several steps that go nowhere. */
static enum belonging take_a_step(struct tail *t, struct fault *f)
{
    struct event event;
    struct step step = {.kind = STEP_MORE};
    do
        t->export.ops->next(t->export.parser, &event, &step);
    while (step.kind == STEP_PROGRESS && is_same_place(&step.pos, &t->known->position));
    if (step.kind != STEP_FATAL)
        return BELONGS;
    *f = step.fault;
    return f->code == FAULT_REPLACED ? FOREIGN : UNREADABLE;
}

static enum belonging try_position(struct tail_context *c, struct tail *t, struct fault *f)
{
    uint64_t hash;
    const struct position_record *known = t->known;
    struct parser_options options = tail_options(c, t);
    if (known->fingerprint_bytes &&
        (!export_hash_head(&t->export, known->fingerprint_bytes, &hash) || hash != known->fingerprint))
        return FOREIGN;
    enum export_status status = export_open(&t->export, &known->position, &options, f);
    if (status != EXPORT_READY)
        return status == EXPORT_FAILED && f->code != FAULT_REPLACED ? UNREADABLE : FOREIGN;
    enum belonging answer = strcmp(t->export.ops->name, known->parser) == 0 ? take_a_step(t, f) : FOREIGN;
    t->export.ops->close(t->export.parser);
    t->export.parser = NULL;
    return answer;
}

static void destination_is_ahead(struct tail *t)
{
    t->recall = RECALL_DELIVERED;
    t->recall_to = t->known->position;
    t->start_at_end = false;
}

static void destination_is_behind(struct tail_context *c, struct tail *t)
{
    struct position local = t->ledger.safe, known = t->known->position;
    recall_end(c, t);
    if (!c->was_carried) {
        t->sealed = known; /* the next batch brings the destination up to date */
        return;
    }
    log_warning(c->subject,
                "%s: the destination has this file up to byte %" PRIu64 " only and this host delivered it up "
                "to byte %" PRIu64 "; what is missing there is sent again",
                t->path, known.offset, local.offset);
    t->recall = RECALL_LOST;
    t->recall_to = local;
    ledger_init(&t->ledger, &known);
    t->sealed = t->published = known;
}

/* Is the position one of this content? The parser is closed afterwards. */
static enum belonging belongs(struct tail_context *c, struct tail *t, struct fault *f)
{
    bool was_complete = t->export.input.complete;
    t->export.input.complete = true; /* no parser waits for what a writer might be doing: an answer is due */
    enum belonging answer = try_position(c, t, f);
    t->export.input.complete = was_complete;
    return answer;
}

bool recall_decide(struct tail_context *c, struct tail *t, struct fault *f)
{
    switch (belongs(c, t, f)) {
    case UNREADABLE:
        return false;
    case FOREIGN:
        log_debug(c->subject, "%s: the destination's position is of another content", t->path);
        recall_end(c, t);
        return true;
    case BELONGS:
        break;
    }
    int order = position_order(t->export.ops, &t->ledger.safe, &t->known->position);
    if (order < 0)
        destination_is_ahead(t);
    else if (order > 0)
        destination_is_behind(c, t);
    else
        recall_end(c, t);
    return true;
}

/* --- reading --- */

bool recall_covers(const struct tail *t, const struct position *end)
{
    return position_order(t->export.ops, end, &t->recall_to) <= 0;
}

void recall_done(struct tail_context *c, struct tail *t)
{
    struct position to = t->recall_to;
    log_info(c->subject, "%s: the destination has it up to byte %" PRIu64 "; going on there", t->path,
             to.offset);
    recall_end(c, t);
    tail_read_from(c, t, &to);
}
