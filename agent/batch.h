/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch: encoded messages that travel together, each with the ledger token that it settles. Its memory is
 * its own, so that a sink can borrow it until the messages are delivered; it is allocated once and used
 * again.
 */
#ifndef MAPITAIL_BATCH_H
#define MAPITAIL_BATCH_H

#include "arena.h"
#include "buf.h"
#include "sink.h"
#include "tail.h"

enum batch_state { BATCH_FREE, BATCH_FILLING, BATCH_WAITING, BATCH_LENT };

/* What the pipeline knows of an item, beside what the sink sees. */
struct batch_note {
    struct tail *tail;
    uint64_t token;
    uint64_t offset; /* of the record in its file */
    char id[37];
    bool remembered; /* de-duplication knows of it */
    struct opt_u64 record_id;
    int64_t time_ms;       /* of the event, since 1970; 0 unknown */
    bool lettered;         /* it stands in the dead-letter file */
    unsigned letters_sent; /* how often the destination was to take it as a dead letter */
};

/* A file whose position travels with the batch. */
struct batch_move {
    struct tail *tail; /* NULL: of none */
    struct position position;
};

struct batch {
    struct batch *next; /* in the pipeline's list of waiting ones, by number */
    struct sink_batch lent;
    struct sink_item items[SINK_BATCH_ITEMS_MAX];
    struct batch_note notes[SINK_BATCH_ITEMS_MAX];
    size_t body_at[SINK_BATCH_ITEMS_MAX]; /* while filling: offsets into bodies, which may still move */
    size_t count;
    struct buf bodies;
    struct arena arena;                                       /* keys, headers and positions */
    struct sink_position positions[SINK_BATCH_POSITIONS_MAX]; /* for sinks that carry them */
    struct batch_move moved[SINK_BATCH_POSITIONS_MAX];        /* the same, for the pipeline */
    size_t position_count;
    enum batch_state state;
    uint64_t number;       /* order of reading */
    int64_t first_ms;      /* when its first item came */
    int64_t not_before_ms; /* of a waiting one: its next try */
};

struct batch *batch_new(void); /* NULL without memory */
void batch_free(struct batch *b);

/* Empties it for filling. */
void batch_begin(struct batch *b, uint64_t number);

static inline bool batch_is_full(const struct batch *b)
{
    return b->count == SINK_BATCH_ITEMS_MAX || b->bodies.n >= SINK_BATCH_BYTES_MAX;
}

/*
 * Adds an item whose body stands in bodies from body_at to the end. result is PENDING, or REJECTED with a
 * reason for one that must not be sent. The batch must not be full.
 */
struct sink_item *batch_add(struct batch *b, size_t body_at, const struct batch_note *note,
                            enum item_result result, const char *reason);

/* Takes back the item that was added last, with its body. */
void batch_take_back(struct batch *b);

/*
 * Makes it ready to be lent: bodies no longer move, pending items stand first and are all that the sink sees.
 */
void batch_seal(struct batch *b);

/* Removes the items for which settled() returns true; what is left is pending or rejected. Seals again. */
void batch_settle(struct batch *b,
                  bool (*settled)(void *ctx, struct sink_item *item, struct batch_note *note), void *ctx);

#endif
