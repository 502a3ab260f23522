/* SPDX-License-Identifier: Apache-2.0 */
/* Encoded messages that travel together. */
#include "batch.h"

#include <stdlib.h>

enum { HEADERS_BYTES_MAX = 4 << 20, BODIES_BYTES_MAX = SINK_BATCH_BYTES_MAX + (1 << 20) + 1 };

struct batch *batch_new(void)
{
    struct batch *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    buf_init(&b->bodies, BODIES_BYTES_MAX);
    arena_init(&b->arena, HEADERS_BYTES_MAX);
    return b;
}

void batch_free(struct batch *b)
{
    if (!b)
        return;
    buf_free(&b->bodies);
    arena_free(&b->arena);
    free(b);
}

void batch_begin(struct batch *b, uint64_t number)
{
    b->next = NULL;
    b->count = 0;
    b->position_count = 0;
    b->state = BATCH_FILLING;
    b->number = number;
    b->not_before_ms = 0;
    buf_reset(&b->bodies);
    arena_reset(&b->arena);
}

struct sink_item *batch_add(struct batch *b, size_t body_at, const struct batch_note *note,
                            enum item_result result, const char *reason)
{
    struct sink_item *item = &b->items[b->count];
    *item = (struct sink_item){.result = result, .reason = reason};
    item->body.n = b->bodies.n - body_at;
    b->body_at[b->count] = body_at;
    b->notes[b->count] = *note;
    b->count++;
    return item;
}

void batch_take_back(struct batch *b)
{
    b->count--;
    buf_cut(&b->bodies, b->body_at[b->count]);
}

/* Pending items first, order kept among them: a sink sees a prefix. */
static void put_pending_first(struct batch *b)
{
    size_t pending = 0;
    for (size_t i = 0; i < b->count; i++) {
        if (b->items[i].result != ITEM_PENDING)
            continue;
        struct sink_item item = b->items[i];
        struct batch_note note = b->notes[i];
        for (size_t k = i; k > pending; k--) {
            b->items[k] = b->items[k - 1];
            b->notes[k] = b->notes[k - 1];
        }
        b->items[pending] = item;
        b->notes[pending] = note;
        pending++;
    }
    b->lent = (struct sink_batch){.items = b->items,
                                  .count = pending,
                                  .positions = b->positions,
                                  .position_count = b->position_count,
                                  .owner = b};
    for (size_t i = 0; i < pending; i++)
        b->lent.bytes += b->items[i].body.n;
}

void batch_seal(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        b->items[i].body.p = b->bodies.p ? b->bodies.p + b->body_at[i] : "";
    put_pending_first(b);
}

void batch_settle(struct batch *b,
                  bool (*settled)(void *ctx, struct sink_item *item, struct batch_note *note), void *ctx)
{
    size_t kept = 0;
    for (size_t i = 0; i < b->count; i++) {
        if (settled(ctx, &b->items[i], &b->notes[i]))
            continue;
        b->items[kept] = b->items[i];
        b->notes[kept] = b->notes[i];
        kept++;
    }
    b->count = kept;
    put_pending_first(b);
}
