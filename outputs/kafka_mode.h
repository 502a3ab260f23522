/* SPDX-License-Identifier: Apache-2.0 */
/* The two ways in which the Kafka sink delivers, behind one table. */
#ifndef MAPITAIL_KAFKA_MODE_H
#define MAPITAIL_KAFKA_MODE_H

#include "kafka_client.h"

struct sink {
    const struct kafka_mode *mode;
    struct kafka_client client;
    void *own; /* the mode's */
};

/* The members are the sink's functions of the same name (sink.h), without what both ways share. */
struct kafka_mode {
    /* Sets sink->own and starts the client, which is cleared but for config and host. */
    bool (*open)(struct sink *s, struct fault *f);
    bool (*submit)(struct sink *s, struct sink_batch *batch);
    int (*poll)(struct sink *s, int timeout_ms);
    bool (*has_lent)(const struct sink *s);
    /* NULL: nothing to recover. */
    bool (*recover)(struct sink *s, int timeout_ms,
                    void (*visit)(void *ctx, const struct sink_position *position), void *ctx);
    /* What this way needs beside the topics of records. NULL: nothing. */
    bool (*check)(struct sink *s, int timeout_ms, struct fault *f);
    /* Gives back everything and frees own, until until_ms on the monotonic clock. */
    void (*close)(struct sink *s, int64_t until_ms);
};

extern const struct kafka_mode kafka_idempotent, kafka_transactional;

/* Proves that a broker answers, is trusted, trusts us and knows the topics of records, within timeout_ms. */
bool kafka_check_topics(struct kafka_client *c, int timeout_ms, struct fault *f);

/* Why no broker gave an answer within timeout_ms. Returns false. */
bool kafka_check_unreachable(const struct kafka_client *c, int timeout_ms, struct fault *f);

/* True when no answer is to be hoped for: every broker refused, and others had their time. */
bool kafka_check_refused_for_good(const struct kafka_client *c, int64_t waited_ms);

#endif
