/* SPDX-License-Identifier: Apache-2.0 */
/*
 * At least once: idempotent producer, acks=all, delivered when the delivery report says so.
 *
 * Bodies are lent to librdkafka without copy: a batch is given back after the last of its reports, or after
 * the producer is gone. What becomes of a record that it hands back undelivered:
 *   - refused for what it is (too large, invalid): brokers refuse whole batches, so it is sent once more
 * alone, and rejected if it is refused again;
 *   - anything else is somebody's to repair: it is sent again after a growing pause, before any newer record,
 * and said through notice;
 *   - a fatal error of the producer, or close: given back as RETRY.
 */
#include "kafka_mode.h"
#include "os_clock.h"

#include <stdlib.h>

enum {
    STOP_DRAIN_MS = 200,   /* how long purged records take to come back */
    FATAL_DRAIN_MS = 2000, /* how long a failed producer may still report what it had in flight */
};

/* One record and where it stands. It is librdkafka's message opaque while the record is queued there. */
struct slot {
    struct lent *lent;
    struct sink_item *item;
    struct slot *next; /* in a line of those to be produced */
    bool alone;        /* was refused in company: is to be the only message of its batch */
};

/* One batch that the pipeline lent. */
struct lent {
    struct sink_batch *batch;
    struct lent *next, *previous; /* in own.lent, or next only in own.finished */
    size_t open;                  /* slots without a result */
    struct slot slots[];
};

/* Slots in the order in which they are to be produced. */
struct line {
    struct slot *first, *last;
};

struct idempotent {
    struct kafka_client *client;
    struct lent *lent;      /* batches with open slots */
    struct lent *finished;  /* batches to be given back */
    struct line again;      /* handed back by librdkafka, before anything newer */
    struct line waiting;    /* never produced: the queue was full */
    bool isolating;         /* the one that is queued is to stay alone */
    int64_t fatal_until_ms; /* 0: no fatal error was seen */
};

/* --- lines and results --- */

static void line_push(struct line *line, struct slot *slot)
{
    slot->next = NULL;
    if (line->last)
        line->last->next = slot;
    else
        line->first = slot;
    line->last = slot;
}

static struct slot *line_pop(struct line *line)
{
    struct slot *slot = line->first;
    line->first = slot->next;
    if (!line->first)
        line->last = NULL;
    return slot;
}

static void lent_link(struct idempotent *s, struct lent *lent)
{
    lent->previous = NULL;
    lent->next = s->lent;
    if (s->lent)
        s->lent->previous = lent;
    s->lent = lent;
}

static void lent_unlink(struct idempotent *s, struct lent *lent)
{
    if (lent->previous)
        lent->previous->next = lent->next;
    else
        s->lent = lent->next;
    if (lent->next)
        lent->next->previous = lent->previous;
}

static void finish(struct idempotent *s, struct lent *lent)
{
    lent_unlink(s, lent);
    lent->next = s->finished;
    s->finished = lent;
}

/* The slot has its result; the batch is given back, in poll, with the last of them. */
static void settle(struct idempotent *s, struct slot *slot, enum item_result result, const char *reason)
{
    struct lent *lent = slot->lent;
    slot->item->result = result;
    slot->item->reason = reason;
    if (--lent->open == 0)
        finish(s, lent);
}

/* done may submit again: the list is taken apart one by one. */
static int give_back(struct idempotent *s)
{
    int given = 0;
    for (struct lent *lent; (lent = s->finished) != NULL; given++) {
        s->finished = lent->next;
        struct sink_batch *batch = lent->batch;
        free(lent);
        s->client->host.done(s->client->host.ctx, batch);
    }
    return given;
}

/* Everything that has no result yet is to be submitted again. Only when no producer refers to it any more. */
static void settle_rest(struct idempotent *s)
{
    s->again = s->waiting = (struct line){NULL, NULL};
    s->client->queued = 0;
    s->isolating = false;
    while (s->lent) {
        struct lent *lent = s->lent;
        for (size_t i = 0, n = lent->batch->count; i < n && s->lent == lent; i++)
            if (lent->slots[i].item->result == ITEM_PENDING)
                settle(s, &lent->slots[i], ITEM_RETRY, NULL);
    }
}

/* A report of a record that did not arrive. */
static void not_delivered(struct idempotent *s, struct slot *slot, rd_kafka_resp_err_t err)
{
    enum kafka_verdict verdict = kafka_judge(err);
    if (verdict == KAFKA_GIVE_BACK) {
        settle(s, slot, ITEM_RETRY, NULL);
    } else if (verdict == KAFKA_RECORD_REFUSED && slot->alone) {
        settle(s, slot, ITEM_REJECTED, s->client->lib.err2str(err));
    } else if (verdict == KAFKA_RECORD_REFUSED) {
        slot->alone = true;
        line_push(&s->again, slot);
    } else {
        line_push(&s->again, slot);
        kafka_client_trouble(s->client, err);
    }
}

static void on_report(void *ctx, const rd_kafka_message_t *m)
{
    struct idempotent *s = ctx;
    struct slot *slot = m->_private;
    if (slot->alone)
        s->isolating = false;
    if (m->err) {
        not_delivered(s, slot, m->err);
    } else {
        settle(s, slot, ITEM_DELIVERED, NULL);
        kafka_client_delivered(s->client);
    }
}

/* --- producing --- */

static bool may_produce(struct idempotent *s)
{
    return s->client->producer && !s->client->fatal && !s->isolating && !kafka_client_is_pausing(s->client);
}

static void produce_lines(struct idempotent *s)
{
    while ((s->again.first || s->waiting.first) && may_produce(s)) {
        struct line *line = s->again.first ? &s->again : &s->waiting;
        struct slot *slot = line->first;
        if (slot->alone && s->client->queued > 0)
            return;
        struct kafka_message message = {
            .topic = kafka_client_topic_of(s->client, slot->item), .item = slot->item, .opaque = slot};
        rd_kafka_resp_err_t err = kafka_client_produce(s->client, &message);
        if (err == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            return;
        if (err != RD_KAFKA_RESP_ERR_NO_ERROR && kafka_judge(err) == KAFKA_AGAIN) {
            kafka_client_trouble(s->client, err); /* and it stays in its place */
            return;
        }
        line_pop(line);
        if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            s->isolating = slot->alone;
        } else { /* by the client, which looks at one record at a time: no other is to blame */
            bool refused = kafka_judge(err) == KAFKA_RECORD_REFUSED;
            settle(s, slot, refused ? ITEM_REJECTED : ITEM_RETRY,
                   refused ? s->client->lib.err2str(err) : NULL);
        }
    }
}

static bool submit(struct sink *sink, struct sink_batch *batch)
{
    struct idempotent *s = sink->own;
    if (s->again.first || s->waiting.first || !may_produce(s))
        return false;
    struct lent *lent = malloc(sizeof *lent + batch->count * sizeof lent->slots[0]);
    if (!lent)
        return false;
    lent->batch = batch;
    lent->open = batch->count;
    batch->sink_private = lent;
    lent_link(s, lent);
    for (size_t i = 0; i < batch->count; i++) {
        lent->slots[i] = (struct slot){.lent = lent, .item = &batch->items[i]};
        batch->items[i].result = ITEM_PENDING;
        batch->items[i].reason = NULL;
        line_push(&s->waiting, &lent->slots[i]);
    }
    if (batch->count == 0)
        finish(s, lent);
    produce_lines(s);
    return true;
}

/* --- the producer's life --- */

static void stop_producer(struct idempotent *s, int64_t until_ms)
{
    kafka_client_stop(s->client, until_ms, NULL, NULL, NULL);
}

/* After a fatal error: the old producer leaves, its records are given back, a new one starts after a pause.
 */
static void mind_producer(struct idempotent *s)
{
    struct kafka_client *c = s->client;
    int64_t now = os_monotonic_ms();
    if (c->producer && c->fatal) {
        if (!s->fatal_until_ms)
            s->fatal_until_ms = now + FATAL_DRAIN_MS;
        if (c->queued == 0 || now >= s->fatal_until_ms) {
            stop_producer(s, now + STOP_DRAIN_MS);
            kafka_client_pause(c);
        }
    }
    if (c->producer || !kafka_farewell_wait(&c->farewell, now))
        return;
    settle_rest(s);
    struct fault f;
    if (now < c->resume_ms)
        return;
    s->fatal_until_ms = 0;
    if (!kafka_client_start(c, &f)) {
        kafka_client_say(c, NOTICE_ERROR, "%s", f.text);
        kafka_client_pause(c);
    }
}

static bool open_idempotent(struct sink *sink, struct fault *f)
{
    struct idempotent *s = calloc(1, sizeof *s);
    if (!s)
        return fault_set(f, FAULT_MEMORY, 0, "no memory for the Kafka output");
    sink->own = s;
    s->client = &sink->client;
    sink->client.on_report = on_report;
    sink->client.report_ctx = s;
    if (kafka_client_open(&sink->client, f))
        return true;
    free(s);
    return false;
}

/* How long librdkafka may be listened to before there is something to do on our side. */
static int wait_of(const struct idempotent *s, int64_t until_ms)
{
    const struct kafka_client *c = s->client;
    int64_t now = os_monotonic_ms();
    if (c->producer && (s->again.first || s->waiting.first) && c->resume_ms > now && c->resume_ms < until_ms)
        until_ms = c->resume_ms;
    if (c->fatal && until_ms > now + 20)
        until_ms = now + 20;
    return until_ms > now ? (int)(until_ms - now) : 0;
}

/* Room in the queue is filled after each report, and a finished batch is not kept waiting for more: neither
 * side idles. */
static void serve_and_produce(struct idempotent *s, int timeout_ms)
{
    while (kafka_client_serve_one(s->client, timeout_ms)) {
        produce_lines(s);
        if (s->finished)
            return;
        timeout_ms = 0;
    }
}

static int poll_idempotent(struct sink *sink, int timeout_ms)
{
    struct idempotent *s = sink->own;
    int64_t until_ms = os_monotonic_ms() + timeout_ms;
    for (;;) {
        mind_producer(s);
        kafka_client_refresh_topic(s->client);
        produce_lines(s);
        int wait_ms = s->finished ? 0 : wait_of(s, until_ms);
        if (s->client->producer)
            serve_and_produce(s, wait_ms);
        else
            os_sleep_ms(wait_ms);
        kafka_client_say_trouble(s->client);
        int given = give_back(s);
        if (given || os_monotonic_ms() >= until_ms)
            return given;
    }
}

static bool has_lent(const struct sink *sink)
{
    const struct idempotent *s = sink->own;
    return s->lent || s->finished;
}

static void close_idempotent(struct sink *sink, int64_t until_ms)
{
    struct idempotent *s = sink->own;
    int64_t now = os_monotonic_ms();
    if (s->client->producer)
        stop_producer(s, now + (until_ms - now + 1) / 2);
    kafka_farewell_wait(&s->client->farewell, until_ms);
    kafka_farewell_leave(&s->client->farewell);
    settle_rest(s);
    give_back(s);
    free(s);
}

const struct kafka_mode kafka_idempotent = {
    .open = open_idempotent,
    .submit = submit,
    .poll = poll_idempotent,
    .has_lent = has_lent,
    .close = close_idempotent,
};
