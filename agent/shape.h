/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an event to an encoded message: normalize, identify, encode. What every way out of the program shares.
 * Belongs to one thread.
 */
#ifndef MAPITAIL_SHAPE_H
#define MAPITAIL_SHAPE_H

#include "arena.h"
#include "encoder.h"
#include "identity.h"
#include "state.h"

struct shape {
    const struct encoder_ops *encoder;
    struct encode_context context;
    struct identity *identity;
    struct arena arena;   /* of the present record */
    struct record record; /* the latest one */
    uint32_t sequence;    /* of the latest message, 1 … 2147483647 */
    /* The clock, read once per turn and not per record. */
    struct wtime now;
};

enum { MESSAGE_BYTES_MAX = 1 << 20 };

/* Copies context, whose views are borrowed. False without memory. */
bool shape_init(struct shape *s, const struct encoder_ops *encoder, const struct encode_context *context);
void shape_free(struct shape *s);

/* Looks at the clock: before each turn of reading. */
void shape_tick(struct shape *s);

/*
 * Makes s->record from an event and gives it its identity. path may be NULL (standard input). ordinals and
 * row tell where equal records without record id are counted. The record lives until the next call and no
 * longer than the event. False when there was no memory for all of it: it must not be shipped, but may be
 * made again.
 */
__attribute__((warn_unused_result)) bool shape_record(struct shape *s, const struct event *event,
                                                      const char *path, struct state *ordinals, int64_t row);

/* The same for an encoder of plain events: the record has no meaning and no identity. */
void shape_event(struct shape *s, const struct event *event);

/* The same for what was read: the event is made up, and its id is that of its content. False without memory.
 */
__attribute__((warn_unused_result)) bool shape_coverage(struct shape *s, const struct event *event,
                                                        const struct coverage *facts, const char *path);

/* Appends the latest record's message to out, or nothing: TOO_LARGE will always be, NO_MEMORY may pass. */
enum encode_status shape_encode(struct shape *s, struct buf *out);

#endif
