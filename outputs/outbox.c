/* SPDX-License-Identifier: Apache-2.0 */
/* The batches lent to a stream, from frames to proof. */
#include "outbox.h"

#include "lending.h"

#include <stdlib.h>

struct outbox_batch {
    struct sink_batch *batch;
    size_t filled;   /* items that are framed */
    size_t sealed;   /* items whose end is final */
    size_t settled;  /* items that have their result */
    uint64_t ends[]; /* of the framed items */
};

bool outbox_init(struct outbox *o, const struct sink_host *host, enum framing framing, size_t replay_bytes)
{
    *o = (struct outbox){.box.host = host, .framing = framing};
    return replay_init(&o->replay, replay_bytes);
}

void outbox_free(struct outbox *o)
{
    outbox_return(o);
    replay_free(&o->replay);
}

bool outbox_add(struct outbox *o, struct sink_batch *batch)
{
    if (o->count == OUTBOX_BATCHES_MAX)
        return false;
    struct outbox_batch *b = malloc(sizeof *b + batch->count * sizeof b->ends[0]);
    if (!b)
        return false;
    *b = (struct outbox_batch){.batch = batch};
    lend_begin(batch);
    o->batches[o->count++] = b;
    return true;
}

/* The message as one line: RFC 6587 3.4.2 leaves the replacement to the sender. */
static void put_line(struct buf *out, struct sv body)
{
    char *to = buf_room(out, body.n + 1);
    if (!to)
        return;
    for (size_t i = 0; i < body.n; i++) {
        char c = body.p[i];
        to[i] = c == '\n' || c == '\r' || c == '\0' ? ' ' : c;
    }
    to[body.n] = '\n';
    out->n += body.n + 1;
}

static bool reject(struct sink_item *item, const char *reason)
{
    lend_reject(item, reason);
    return true;
}

/* False without memory: nothing was appended. */
static bool put_frame(const struct outbox *o, struct buf *out, struct sv body)
{
    size_t before = out->n;
    if (o->framing == FRAMING_LF) {
        put_line(out, body);
    } else {
        buf_u64(out, body.n);
        buf_putc(out, ' ');
        buf_put(out, body);
    }
    if (buf_ok(out))
        return true;
    /* Without memory now: what is half appended must not go out, and there will be another time. */
    out->failed = false;
    buf_cut(out, before);
    return false;
}

/* True when the item is dealt with: framed, or rejected. */
static bool put_item(const struct outbox *o, struct buf *out, struct sink_item *item)
{
    if (item->body.n == 0)
        return reject(item, "an empty message has no frame");
    if (item->body.n > OUTBOX_MESSAGE_MAX)
        return reject(item, "the message is longer than 1 MiB");
    return put_frame(o, out, item->body);
}

bool outbox_fill(struct outbox *o, struct buf *out, size_t limit, uint64_t base)
{
    size_t before = out->n;
    for (; replay_is_due(&o->replay) && out->n < limit; replay_pass(&o->replay)) {
        if (!put_frame(o, out, replay_next(&o->replay)))
            return out->n > before;
        o->replay_end = base + out->n;
    }
    for (size_t i = 0; i < o->count; i++) {
        struct outbox_batch *b = o->batches[i];
        for (; b->filled < b->batch->count && out->n < limit; b->filled++) {
            if (!put_item(o, out, &b->batch->items[b->filled]))
                return out->n > before;
            b->ends[b->filled] = base + out->n;
        }
    }
    return out->n > before;
}

void outbox_seal(struct outbox *o, uint64_t end)
{
    for (size_t i = 0; i < o->count; i++)
        for (struct outbox_batch *b = o->batches[i]; b->sealed < b->filled; b->sealed++)
            b->ends[b->sealed] = end;
}

static void give_back_first(struct outbox *o)
{
    struct outbox_batch *b = o->batches[0];
    struct sink_batch *batch = b->batch;
    o->count--;
    for (size_t i = 0; i < o->count; i++)
        o->batches[i] = o->batches[i + 1];
    o->box.given_back++;
    free(b);
    o->box.host->done(o->box.host->ctx, batch);
}

/* What was rejected has its result already. */
static void settle_item(struct outbox *o, struct sink_item *item)
{
    if (item->result != ITEM_PENDING)
        return;
    item->result = ITEM_DELIVERED;
    replay_keep(&o->replay, item->body);
    o->has_news = true;
    o->box.delivered++;
    o->box.answered++;
}

bool outbox_settle(struct outbox *o, uint64_t acknowledged)
{
    bool some = false;
    if (!replay_is_due(&o->replay) && o->replay_end <= acknowledged)
        o->replay_end = 0;
    while (o->count) {
        struct outbox_batch *b = o->batches[0];
        for (; b->settled < b->filled && b->ends[b->settled] <= acknowledged; b->settled++) {
            settle_item(o, &b->batch->items[b->settled]);
            some = true;
        }
        if (b->settled < b->batch->count)
            break;
        give_back_first(o);
    }
    return some;
}

bool outbox_is_waiting(const struct outbox *o)
{
    return o->replay_end > 0 || (o->count && o->batches[0]->settled < o->batches[0]->filled);
}

void outbox_return(struct outbox *o)
{
    while (o->count) {
        struct outbox_batch *b = o->batches[0];
        for (; b->settled < b->batch->count; b->settled++)
            if (b->batch->items[b->settled].result == ITEM_PENDING)
                b->batch->items[b->settled].result = ITEM_RETRY;
        give_back_first(o);
    }
}

void outbox_lose(struct outbox *o)
{
    o->replay_is_urgent = o->has_news || o->replay_end || (o->replay_is_urgent && replay_is_due(&o->replay));
    o->has_news = false;
    o->replay_end = 0;
    replay_rewind(&o->replay);
    outbox_return(o);
}

/* ---- As a box ---- */

static struct outbox *outbox_of(struct box *b)
{
    return (struct outbox *)b;
}

static bool box_add(struct box *b, struct sink_batch *batch)
{
    return outbox_add(outbox_of(b), batch);
}

static bool box_is_empty(const struct box *b)
{
    return outbox_is_empty((const struct outbox *)b);
}

static bool box_wants_peer(const struct box *b)
{
    const struct outbox *o = (const struct outbox *)b;
    return !outbox_is_empty(o) || (o->replay_is_urgent && replay_is_due(&o->replay));
}

static size_t box_begin(struct box *b)
{
    return replay_left(&outbox_of(b)->replay);
}

static bool box_fill(struct box *b, struct buf *out, size_t limit, uint64_t base)
{
    return outbox_fill(outbox_of(b), out, limit, base);
}

static void box_seal(struct box *b, uint64_t end)
{
    outbox_seal(outbox_of(b), end);
}

static void box_settle(struct box *b, uint64_t acknowledged)
{
    outbox_settle(outbox_of(b), acknowledged);
}

static bool box_is_waiting(const struct box *b)
{
    return outbox_is_waiting((const struct outbox *)b);
}

static void box_lose(struct box *b)
{
    outbox_lose(outbox_of(b));
}

static void box_give_back(struct box *b)
{
    outbox_return(outbox_of(b));
}

static void box_free(struct box *b)
{
    outbox_free(outbox_of(b));
    free(b);
}

static const struct box_ops ops = {
    .add = box_add,
    .is_empty = box_is_empty,
    .wants_peer = box_wants_peer,
    .begin = box_begin,
    .fill = box_fill,
    .seal = box_seal,
    .settle = box_settle,
    .is_waiting = box_is_waiting,
    .lose = box_lose,
    .give_back = box_give_back,
    .free = box_free,
};

struct box *outbox_new(const struct sink_host *host, enum framing framing, size_t replay_bytes,
                       struct fault *f)
{
    struct outbox *o = malloc(sizeof *o);
    if (o && outbox_init(o, host, framing, replay_bytes)) {
        o->box.ops = &ops;
        return &o->box;
    }
    free(o);
    fault_set(f, FAULT_MEMORY, 0, "no memory for the messages of an output");
    return NULL;
}
