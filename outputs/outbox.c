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

void outbox_init(struct outbox *o, const struct sink_host *host, enum framing framing)
{
    *o = (struct outbox){.host = host, .framing = framing};
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

/* True when the item is dealt with: framed, or rejected. */
static bool put_frame(const struct outbox *o, struct buf *out, struct sink_item *item)
{
    if (item->body.n == 0)
        return reject(item, "an empty message has no frame");
    if (item->body.n > OUTBOX_MESSAGE_MAX)
        return reject(item, "the message is longer than 1 MiB");
    size_t before = out->n;
    if (o->framing == FRAMING_LF) {
        put_line(out, item->body);
    } else {
        buf_u64(out, item->body.n);
        buf_putc(out, ' ');
        buf_put(out, item->body);
    }
    if (buf_ok(out))
        return true;
    /* Without memory now: what is half appended must not go out, and there will be another time. */
    out->failed = false;
    buf_cut(out, before);
    return false;
}

bool outbox_fill(struct outbox *o, struct buf *out, size_t limit, uint64_t base)
{
    size_t before = out->n;
    for (size_t i = 0; i < o->count; i++) {
        struct outbox_batch *b = o->batches[i];
        for (; b->filled < b->batch->count && out->n < limit; b->filled++) {
            if (!put_frame(o, out, &b->batch->items[b->filled]))
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
    o->given_back++;
    free(b);
    o->host->done(o->host->ctx, batch);
}

static void settle_item(struct sink_item *item, enum item_result result)
{
    if (item->result == ITEM_PENDING)
        item->result = result;
}

bool outbox_settle(struct outbox *o, uint64_t acknowledged)
{
    bool some = false;
    while (o->count) {
        struct outbox_batch *b = o->batches[0];
        for (; b->settled < b->filled && b->ends[b->settled] <= acknowledged; b->settled++) {
            settle_item(&b->batch->items[b->settled], ITEM_DELIVERED);
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
    return o->count && o->batches[0]->settled < o->batches[0]->filled;
}

void outbox_return(struct outbox *o)
{
    while (o->count) {
        struct outbox_batch *b = o->batches[0];
        for (; b->settled < b->batch->count; b->settled++)
            settle_item(&b->batch->items[b->settled], ITEM_RETRY);
        give_back_first(o);
    }
}
