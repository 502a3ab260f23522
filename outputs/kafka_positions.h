/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compacted topic that holds how far each file was delivered, one key per file, all agents in one topic.
 *
 * It is read committed and to its end, which is more than to PARTITION_EOF: that comes at the last stable
 * offset, and a transaction that another agent has open holds it back although ours behind it is committed.
 * So the end is the high watermark that the first answer shows, and transactions before it are waited for;
 * brokers end those of dead agents after their time-out.
 *
 * Blocking: for threads of the sink's own.
 */
#ifndef MAPITAIL_KAFKA_POSITIONS_H
#define MAPITAIL_KAFKA_POSITIONS_H

#include "kafka_config.h"
#include "sink.h"

#include <stdatomic.h>

/* Keys and their last values. */
struct kafka_positions;

struct kafka_positions *kafka_positions_new(void);    /* NULL without memory */
void kafka_positions_free(struct kafka_positions *p); /* NULL is allowed */

/* The value of a key; absent if there is none. */
struct sv kafka_positions_find(struct kafka_positions *p, struct sv key);

void kafka_positions_each(const struct kafka_positions *p,
                          void (*visit)(void *ctx, const struct sink_position *position), void *ctx);

/* Takes one message's word: a value replaces the one before, an absent one removes it. False without memory.
 */
bool kafka_positions_put(struct kafka_positions *p, struct sv key, struct sv value);

struct kafka_positions_reader {
    const struct kafka_library *lib;
    rd_kafka_conf_t *consumer; /* of kafka_config_make_consumer; it is copied for each reading */
    const char *topic;
    int replication;         /* for creating the topic; 0: the brokers' default */
    const char *scope;       /* other keys are passed over */
    const atomic_bool *stop; /* from another thread: give up soon */
    /* Called when the topic is known to exist, before it is read; false ends the reading. NULL: nothing. */
    bool (*exists)(void *ctx);
    void *ctx;
};

enum kafka_reading {
    KAFKA_READ,
    KAFKA_NO_TOPIC,
    KAFKA_READING_FAILED, /* the fault tells */
};

enum kafka_reading kafka_positions_read(struct kafka_positions *p, const struct kafka_positions_reader *r,
                                        struct fault *f);

/*
 * Creates the topic through a client that is there anyway; with ask_only, finds out whether that would be
 * allowed. The fault tells how to do it by hand. A topic that exists is as good as one created.
 */
bool kafka_positions_create(const struct kafka_positions_reader *r, rd_kafka_t *client, bool ask_only,
                            struct fault *f);

#endif
