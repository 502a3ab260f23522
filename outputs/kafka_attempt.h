/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch and its positions on their way in one transaction, tried until it is committed.
 *
 * Brokers refuse whole protocol batches: of several records that are refused together each is suspect and is
 * sent alone in the next transaction. Bodies are copied: what librdkafka still holds when the sink closes is
 * not the pipeline's any more. Belongs to the pipeline's thread.
 */
#ifndef MAPITAIL_KAFKA_ATTEMPT_H
#define MAPITAIL_KAFKA_ATTEMPT_H

#include "kafka_client.h"

/* What is known of an item of the batch. */
struct kafka_mark {
    bool alone;   /* is to be the only message of its protocol batch */
    bool sent;    /* in this transaction */
    bool refused; /* in this transaction, for what it or its company is */
    rd_kafka_resp_err_t why;
};

struct kafka_attempt {
    struct kafka_client *client;
    struct sink_batch *batch; /* NULL: none */
    struct kafka_mark marks[SINK_BATCH_ITEMS_MAX];
    rd_kafka_topic_t *positions_topic; /* of the present producer; the owner's */
    rd_kafka_resp_err_t failure;       /* of this transaction: somebody's to repair */
    uintptr_t number;                  /* of this transaction: reports of others do not count */
};

/* A new batch. */
void kafka_attempt_take(struct kafka_attempt *a, struct sink_batch *batch);

/* Begins a transaction and produces everything but suspects. False with a text: the producer is of no use. */
bool kafka_attempt_begin(struct kafka_attempt *a, char *why, size_t room);

enum kafka_progress {
    KAFKA_ON_ITS_WAY, /* reports are to come */
    KAFKA_ARRIVED,    /* all of it: to be committed */
    KAFKA_FAILED,     /* to be aborted */
};

/*
 * Produces the next suspect when it is its turn. The end of a transaction is to be asked for when nothing is
 * queued: librdkafka would wait for messages that never go.
 */
enum kafka_progress kafka_attempt_go_on(struct kafka_attempt *a);

/* A record or a position is known to have failed: the transaction cannot have been committed. */
bool kafka_attempt_has_failed(const struct kafka_attempt *a);

enum kafka_blame {
    KAFKA_NO_RECORD, /* it was something else */
    KAFKA_ONE_RECORD,
    KAFKA_SUSPECTS, /* the next attempt tells */
};

/* Who made an aborted transaction fail. *culprit is set for ONE_RECORD. */
enum kafka_blame kafka_attempt_blame(struct kafka_attempt *a, size_t *culprit);

/* For kafka_client.on_report; ctx is the attempt. */
void kafka_attempt_report(void *ctx, const rd_kafka_message_t *m);

#endif
