/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of a transactional producer that block, each in a thread of its own, one at a time.
 *
 * KAFKA_CALL_OPEN   makes this producer the only one of its transactional.id (which ends the transaction of
 *                   the one before), reads the positions and puts the record of the owner beside them.
 * KAFKA_CALL_COMMIT commits the transaction that was begun, or aborts it where librdkafka asks for that.
 * KAFKA_CALL_ABORT  aborts it.
 *
 * The producer's events must be served while a call runs: it waits for delivery reports.
 *
 * The owner: a producer that librdkafka calls fenced may have been replaced by another agent, or the broker
 * has only ended a transaction that took too long, because the host slept. The record of the owner tells: it
 * is written by every start before anything else, and who finds another's word in it is not the owner any
 * more and must not fence the one who is.
 */
#ifndef MAPITAIL_KAFKA_CALL_H
#define MAPITAIL_KAFKA_CALL_H

#include "kafka_client.h"
#include "kafka_positions.h"

enum kafka_call_kind { KAFKA_CALL_OPEN, KAFKA_CALL_COMMIT, KAFKA_CALL_ABORT };

enum kafka_outcome {
    KAFKA_CALL_DONE,
    KAFKA_CALL_ABORTED,    /* by COMMIT too */
    KAFKA_CALL_FAILED,     /* the producer is to be replaced; what became of the transaction is not known */
    KAFKA_CALL_SUPERSEDED, /* of OPEN: another agent is the owner, as text tells */
};

struct kafka_call;

struct kafka_call_setup {
    struct kafka_client *client; /* its library, configuration and producer are used */
    const char *scope;           /* as in sink_host */
    struct sv
        owner; /* our word in the record of the owner; no other run has it. Empty: a guest, who leaves none */
    bool owned; /* it was there before: another's word means that we are superseded, not that we take over */
    bool ask_only; /* for check: whether the topic could be created is asked, and nothing is written */
};

/* Starts it; everything in setup is copied or lives until the call was freed. NULL: no thread to be had. */
struct kafka_call *kafka_call_start(enum kafka_call_kind kind, const struct kafka_call_setup *setup);

enum kafka_call_kind kafka_call_kind(const struct kafka_call *call);

/* True when it has ended; queue_poll on the producer's main queue returns at that moment. */
bool kafka_call_has_ended(const struct kafka_call *call);

/* The following only after it has ended. */
enum kafka_outcome kafka_call_outcome(const struct kafka_call *call);
const char *kafka_call_text(const struct kafka_call *call); /* of what went wrong */

/* Of OPEN, when DONE: the positions, which are the caller's from now on. */
struct kafka_positions *kafka_call_take_positions(struct kafka_call *call);

/* Joins the thread and frees the call. */
void kafka_call_free(struct kafka_call *call);

/*
 * The producer is stopped while the call may still run: kafka_client_stop, which lets its thread end and
 * frees it then. *call is not the caller's any more and becomes NULL.
 */
void kafka_call_abandon(struct kafka_call **call, struct kafka_client *client, int64_t until_ms);

#endif
