/* SPDX-License-Identifier: Apache-2.0 */
/* From an event that was read to a message in a batch. */
#include "pipeline_inner.h"

#include "headers.h"
#include "os_clock.h"
#include "recall.h"

#include <string.h>

static struct sv message_key(const struct pipeline *p, const struct record *r)
{
    switch ((enum config_key)p->setup.output->key) {
    case KEY_MAILBOX:
        return r->key;
    case KEY_HOST:
        return r->event->computer;
    case KEY_NONE:
        break;
    }
    return SV_ABSENT;
}

/* Key, headers and time, where the sink wants them. False without memory: a record without its key would go
 * astray. */
static bool address(struct pipeline *p, struct batch *b, struct sink_item *item)
{
    const struct record *r = &p->shape.record;
    struct sv key = message_key(p, r);
    if (!p->ops->wants_headers)
        return true;
    item->key = sv_empty(key) ? SV_ABSENT : arena_copy(&b->arena, key);
    item->time_ms = r->event->time.present ? wtime_unix_ms(&r->event->time) : 0;
    struct sink_header *headers = arena_alloc(&b->arena, HEADERS_MAX * sizeof *headers);
    if (headers &&
        headers_make(&p->shape.context, r, p->shape.encoder, &b->arena, headers, &item->header_count))
        item->headers = headers;
    else
        item->header_count = 0;
    return !b->arena.starved;
}

bool pipeline_has_telling_id(const struct pipeline *p)
{
    return p->dedup && p->shape.record.id[0] && p->event.time.present;
}

bool pipeline_event_is_sound(const struct pipeline *p)
{
    return p->event.trust == EVENT_OK && !p->event.cut;
}

/*
 * What the output does not take goes whole into the dead-letter file, so that it can be sent when it does.
 * False without memory.
 */
static bool add_oversize(struct pipeline *p, struct batch *b, size_t body_at, const struct batch_note *note)
{
    uint32_t sequence = p->shape.sequence;
    size_t max_bytes = p->shape.context.max_bytes;
    b->bodies.failed = false;
    buf_cut(&b->bodies, body_at);
    p->shape.context.max_bytes = MESSAGE_BYTES_MAX;
    enum encode_status status = shape_encode(&p->shape, &b->bodies);
    p->shape.context.max_bytes = max_bytes;
    p->shape.sequence = sequence;
    if (status == ENCODE_NO_MEMORY)
        return false;
    if (status == ENCODE_TOO_LARGE) {
        b->bodies.failed = false;
        buf_cut(&b->bodies, body_at);
    }
    return address(p, b,
                   batch_add(b, body_at, note, ITEM_REJECTED, "the message is larger than the output takes"));
}

/* Encodes the latest record behind the batch's other messages. False without memory: nothing was added. */
bool pipeline_add_message(struct pipeline *p, struct batch *b, const struct batch_note *note)
{
    size_t count = b->count, body_at = b->bodies.n;
    enum encode_status status = shape_encode(&p->shape, &b->bodies);
    bool added = status == ENCODE_TOO_LARGE ? add_oversize(p, b, body_at, note)
                 : status == ENCODE_NO_MEMORY
                     ? false
                     : address(p, b, batch_add(b, body_at, note, ITEM_PENDING, NULL));
    if (!added && b->count != count)
        batch_take_back(b);
    if (!added)
        return false;
    if (b->count == 1)
        b->first_ms = os_monotonic_ms();
    return true;
}

/* A record that is new, or a copy of one that is in flight. */
static bool take_unsettled(struct pipeline *p, struct batch *b, struct tail *t, enum dedup_answer answer)
{
    bool is_copy = answer == DEDUP_IN_FLIGHT;
    struct batch_note note = {.tail = t,
                              .offset = p->event.offset,
                              .record_id = p->event.record_id,
                              .time_ms = p->event.time.present ? wtime_unix_ms(&p->event.time) : 0};
    memcpy(note.id, p->shape.record.id, sizeof note.id);
    note.remembered = !is_copy && pipeline_has_telling_id(p) && pipeline_event_is_sound(p);
    if (!is_copy && !pipeline_add_message(p, b, &note))
        return false;
    if (!ledger_open(&t->ledger, &p->step.pos, &note.token)) {
        if (!is_copy)
            batch_take_back(b);
        return false;
    }
    t->counts->in_flight++;
    if (is_copy)
        dedup_wait(p->dedup, note.id, &t->ledger, note.token, t->counts);
    else
        b->notes[b->count - 1].token = note.token;
    if (note.remembered)
        dedup_begin(p->dedup, note.id);
    return true;
}

bool pipeline_take_event(struct pipeline *p, struct batch *b, struct tail *t)
{
    if (!shape_record(&p->shape, &p->event, tail_file(t), p->state, t->saved.row))
        return false;
    if (t->recall == RECALL_LOST && !recall_covers(t, &p->step.pos))
        recall_end(&p->tail_context, t);
    if (t->recall == RECALL_LOST && pipeline_has_telling_id(p))
        dedup_forget(p->dedup, p->shape.record.id);
    enum dedup_answer answer =
        pipeline_has_telling_id(p) ? dedup_ask(p->dedup, p->shape.record.id) : DEDUP_NEW;
    if (answer == DEDUP_SETTLED) {
        ledger_pass(&t->ledger, &p->step.pos);
        t->counts->deduplicated++;
    } else if (!take_unsettled(p, b, t, answer)) {
        return false;
    }
    t->counts->selected++;
    cover_matched(t->cover, &p->event);
    if (p->event.time.present)
        t->counts->last_event_ms = wtime_unix_ms(&p->event.time);
    return true;
}
