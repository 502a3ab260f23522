/* SPDX-License-Identifier: Apache-2.0 */
/* A batch and its positions on their way in one transaction. */
#include "kafka_attempt.h"

#include "crash_point.h"

#include <stdio.h>
#include <string.h>

static void *opaque_of(const struct kafka_attempt *a, size_t index)
{
    return (void *)(a->number << 16 | index);
}

/* Of an item, or of a position, which has no mark. */
void kafka_attempt_report(void *ctx, const rd_kafka_message_t *m)
{
    struct kafka_attempt *a = ctx;
    size_t index = (uintptr_t)m->_private & 0xffff;
    if (!m->err || (uintptr_t)m->_private >> 16 != a->number || !a->batch)
        return;
    enum kafka_verdict verdict = kafka_judge(m->err);
    if (verdict == KAFKA_RECORD_REFUSED && index < a->batch->count) {
        a->marks[index].refused = true;
        a->marks[index].why = m->err;
    } else if (verdict != KAFKA_GIVE_BACK) {
        a->failure = m->err;
    }
}

/* False when the transaction cannot go on. */
static bool send_item(struct kafka_attempt *a, size_t index)
{
    const struct sink_item *item = &a->batch->items[index];
    struct kafka_message message = {kafka_client_topic_of(a->client, item), item, opaque_of(a, index), true};
    rd_kafka_resp_err_t err = kafka_client_produce(a->client, &message);
    a->marks[index].sent = true;
    if (!err)
        return true;
    if (kafka_judge(err) == KAFKA_RECORD_REFUSED) {
        /* By the client, which looks at one record at a time: no other is to blame. */
        a->marks[index] = (struct kafka_mark){.alone = true, .sent = true, .refused = true, .why = err};
    } else {
        a->failure = err;
    }
    return false;
}

static bool send_position(struct kafka_attempt *a, const struct sink_position *position)
{
    struct sink_item item = {.body = position->value, .key = position->key};
    struct kafka_message message = {a->positions_topic, &item, opaque_of(a, 0xffff), true};
    a->failure = kafka_client_produce(a->client, &message);
    return a->failure == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Everything but the suspects. */
static void send_together(struct kafka_attempt *a)
{
    for (size_t i = 0; i < a->batch->count; i++)
        if (!a->marks[i].alone && !send_item(a, i))
            return;
    for (size_t i = 0; i < a->batch->position_count; i++)
        if (!send_position(a, &a->batch->positions[i]))
            return;
}

bool kafka_attempt_has_failed(const struct kafka_attempt *a)
{
    for (size_t i = 0; i < a->batch->count; i++)
        if (a->marks[i].refused)
            return true;
    return a->failure != RD_KAFKA_RESP_ERR_NO_ERROR;
}

void kafka_attempt_take(struct kafka_attempt *a, struct sink_batch *batch)
{
    a->batch = batch;
    memset(a->marks, 0, sizeof a->marks);
    for (size_t i = 0; i < batch->count; i++) {
        batch->items[i].result = ITEM_PENDING;
        batch->items[i].reason = NULL;
    }
}

bool kafka_attempt_begin(struct kafka_attempt *a, char *why, size_t room)
{
    a->number++;
    a->failure = RD_KAFKA_RESP_ERR_NO_ERROR;
    a->client->transaction_failed = false;
    for (size_t i = 0; i < a->batch->count; i++)
        a->marks[i].sent = a->marks[i].refused = false;
    rd_kafka_error_t *error = a->client->lib.begin_transaction(a->client->producer);
    if (!error) {
        send_together(a);
        crash_point("transaction-begun");
        return true;
    }
    snprintf(why, room, "%s", a->client->lib.error_string(error));
    a->client->lib.error_destroy(error);
    return false;
}

enum kafka_progress kafka_attempt_go_on(struct kafka_attempt *a)
{
    if (kafka_attempt_has_failed(a) || a->client->transaction_failed)
        return KAFKA_FAILED;
    if (a->client->queued > 0)
        return KAFKA_ON_ITS_WAY;
    for (size_t i = 0; i < a->batch->count; i++)
        if (!a->marks[i].sent) /* a suspect, now that the one before has its report */
            return send_item(a, i) ? KAFKA_ON_ITS_WAY : KAFKA_FAILED;
    return KAFKA_ARRIVED;
}

/* One that was refused alone, or the only one, is to blame. */
enum kafka_blame kafka_attempt_blame(struct kafka_attempt *a, size_t *culprit)
{
    size_t refused = 0;
    for (size_t i = 0; i < a->batch->count; i++) {
        if (!a->marks[i].refused)
            continue;
        refused++;
        *culprit = i;
        if (a->marks[i].alone)
            return KAFKA_ONE_RECORD;
    }
    if (refused < 2)
        return refused ? KAFKA_ONE_RECORD : KAFKA_NO_RECORD;
    for (size_t i = 0; i < a->batch->count; i++)
        a->marks[i].alone = a->marks[i].alone || a->marks[i].refused;
    return KAFKA_SUSPECTS;
}
