/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exactly once: one batch and its positions in one transaction (the pattern of Kafka Connect's KIP-618).
 *
 * A batch is kept until its transaction was committed; one that was aborted is done again, after a pause
 * where somebody has something to repair. A record that the brokers refuse for what it is ends the
 * transaction: it is rejected, and the batch goes back to be lent again without it (kafka_attempt.h).
 *
 * A result that says nothing certain (time-out, fatal) costs the producer: the next one fences it, and the
 * position topic tells whether the batch was committed. Who was replaced by another agent delivers nothing
 * any more (kafka_call.h).
 */
#include "kafka_attempt.h"
#include "kafka_call.h"
#include "kafka_identity.h"
#include "kafka_mode.h"
#include "os_clock.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    STOP_DRAIN_MS = 200,
    SLOW_OPEN_MS = 5000, /* an opening that takes longer is said */
};

enum phase {
    PHASE_DOWN,      /* no producer, or one that was not opened */
    PHASE_OPENING,   /* a call runs */
    PHASE_READY,     /* for a batch, or for the next try of the one that is lent */
    PHASE_PRODUCING, /* until every message has its report */
    PHASE_ENDING,    /* a call commits or aborts */
    PHASE_OVER,      /* superseded */
};

struct transactions {
    struct kafka_client *client;
    struct kafka_identity identity;
    enum phase phase;
    struct kafka_call *call;
    int64_t opening_since_ms;
    bool owned;     /* the record of the owner was ours */
    bool recovered; /* positions of the start are known */
    bool in_doubt;  /* the batch may have been committed */
    bool finished;  /* the batch has its results */
    struct kafka_positions *positions;

    struct kafka_attempt attempt;
    char refusal[256]; /* why an opening failed, for check */
};

static void next_producer(struct transactions *t);

/* --- giving back --- */

/* Items without a result get this one; the batch goes in poll. */
static void finish(struct transactions *t, enum item_result result)
{
    for (size_t i = 0; i < t->attempt.batch->count; i++)
        if (t->attempt.batch->items[i].result == ITEM_PENDING)
            t->attempt.batch->items[i].result = result;
    t->attempt.batch->positions_kept = result == ITEM_DELIVERED;
    t->finished = true;
    t->in_doubt = false;
}

/* done may submit again. */
static int give_back(struct transactions *t)
{
    struct sink_batch *batch = t->attempt.batch;
    if (!t->finished)
        return 0;
    t->attempt.batch = NULL;
    t->finished = false;
    t->client->host.done(t->client->host.ctx, batch);
    return 1;
}

/* --- calls --- */

static void start_call(struct transactions *t, enum kafka_call_kind kind)
{
    struct kafka_call_setup setup = {.client = t->client,
                                     .scope = t->identity.scope,
                                     .owner = sv_from(t->identity.owner),
                                     .owned = t->owned,
                                     .ask_only = t->client->checking};
    t->call = kafka_call_start(kind, &setup);
    t->phase = kind == KAFKA_CALL_OPEN ? PHASE_OPENING : PHASE_ENDING;
    t->opening_since_ms = os_monotonic_ms();
    if (t->call)
        return;
    kafka_client_say(t->client, NOTICE_ERROR, "no memory or no thread for a transaction; trying again");
    next_producer(t);
}

/* --- one transaction --- */

static void go_on_producing(struct transactions *t)
{
    if (t->client->fatal) {
        next_producer(t);
        return;
    }
    enum kafka_progress progress = kafka_attempt_go_on(&t->attempt);
    if (progress != KAFKA_ON_ITS_WAY)
        start_call(t, progress == KAFKA_ARRIVED ? KAFKA_CALL_COMMIT : KAFKA_CALL_ABORT);
}

static void begin(struct transactions *t)
{
    char why[200];
    t->phase = PHASE_PRODUCING;
    if (kafka_attempt_begin(&t->attempt, why, sizeof why))
        return;
    kafka_client_say(t->client, NOTICE_ERROR, "no transaction can begin: %s; the producer is started anew",
                     why);
    next_producer(t);
}

/* --- what became of it --- */

static void after_abort(struct transactions *t)
{
    size_t culprit = 0;
    rd_kafka_resp_err_t failure = t->attempt.failure;
    t->phase = PHASE_READY;
    switch (kafka_attempt_blame(&t->attempt, &culprit)) {
    case KAFKA_ONE_RECORD:
        t->attempt.batch->items[culprit].result = ITEM_REJECTED;
        t->attempt.batch->items[culprit].reason = t->client->lib.err2str(t->attempt.marks[culprit].why);
        finish(t, ITEM_RETRY);
        break;
    case KAFKA_SUSPECTS:
        break;
    case KAFKA_NO_RECORD:
        kafka_client_trouble(t->client, failure ? failure : RD_KAFKA_RESP_ERR__FAIL);
        break;
    }
}

static void after_commit(struct transactions *t)
{
    t->phase = PHASE_READY;
    if (t->attempt.batch->count)
        kafka_client_delivered(t->client);
    finish(t, ITEM_DELIVERED);
}

/* The transaction that was in doubt when its producer went: all of it is there, or nothing. */
static bool was_committed(const struct transactions *t)
{
    const struct sink_position *p = t->attempt.batch->positions;
    return t->attempt.batch->position_count && sv_eq(kafka_positions_find(t->positions, p->key), p->value);
}

static void after_open(struct transactions *t)
{
    t->owned = t->identity.owner[0] != '\0';
    t->phase = PHASE_READY;
    t->client->troubled = t->client->troubled && !t->client->brokers_down;
    kafka_positions_free(t->positions);
    t->positions = kafka_call_take_positions(t->call);
    if (t->in_doubt && t->attempt.batch && !t->finished && was_committed(t))
        finish(t, ITEM_DELIVERED);
    t->in_doubt = false;
    if (!t->recovered)
        return;
    kafka_positions_free(t->positions);
    t->positions = NULL;
}

static void after_superseded(struct transactions *t)
{
    char text[320];
    snprintf(text, sizeof text, "another agent delivers for this output now: %s", kafka_call_text(t->call));
    if (t->attempt.batch && !t->finished)
        finish(t, ITEM_RETRY);
    t->phase = PHASE_OVER;
    if (t->client->host.superseded)
        t->client->host.superseded(t->client->host.ctx, text);
}

static void after_failure(struct transactions *t)
{
    bool opening = kafka_call_kind(t->call) == KAFKA_CALL_OPEN;
    t->in_doubt = t->in_doubt || !opening;
    kafka_client_say(
        t->client, opening ? NOTICE_ERROR : NOTICE_WARNING, "%s: %s; the producer is started anew",
        opening ? "delivery cannot begin" : "a transaction has no certain end", kafka_call_text(t->call));
    if (opening) {
        snprintf(t->refusal, sizeof t->refusal, "%s", kafka_call_text(t->call));
        kafka_client_pause(t->client);
    }
    next_producer(t);
}

static void after_call(struct transactions *t)
{
    struct kafka_call *call = t->call;
    enum kafka_outcome outcome = kafka_call_outcome(call);
    bool commit = kafka_call_kind(call) == KAFKA_CALL_COMMIT;
    if (outcome == KAFKA_CALL_SUPERSEDED)
        after_superseded(t);
    else if (outcome == KAFKA_CALL_DONE && kafka_call_kind(call) == KAFKA_CALL_OPEN)
        after_open(t);
    else if (outcome == KAFKA_CALL_DONE)
        after_commit(t);
    else if (outcome == KAFKA_CALL_ABORTED && (!commit || kafka_attempt_has_failed(&t->attempt)))
        after_abort(t);
    else /* an abort without a record that failed: the commit itself went wrong somewhere */
        after_failure(t);
    if (t->call != call)
        return; /* it went with its producer */
    kafka_call_free(call);
    t->call = NULL;
}

/* --- the producer's life --- */

static void stop_producer(struct transactions *t, int64_t until_ms)
{
    if (t->attempt.positions_topic)
        t->client->lib.topic_destroy(t->attempt.positions_topic);
    t->attempt.positions_topic = NULL;
    if (t->call)
        kafka_call_abandon(&t->call, t->client, until_ms);
    else
        kafka_client_stop(t->client, until_ms, NULL, NULL, NULL);
    t->client->queued = 0;
}

static void next_producer(struct transactions *t)
{
    stop_producer(t, os_monotonic_ms() + STOP_DRAIN_MS);
    t->phase = PHASE_DOWN;
}

static void open_producer(struct transactions *t)
{
    struct fault f;
    if (!kafka_farewell_wait(&t->client->farewell, os_monotonic_ms()) || kafka_client_is_pausing(t->client))
        return;
    if (!t->client->producer && !kafka_client_start(t->client, &f)) {
        kafka_client_say(t->client, NOTICE_ERROR, "%s", f.text);
        kafka_client_pause(t->client);
        return;
    }
    t->attempt.positions_topic =
        t->client->lib.topic_new(t->client->producer, t->client->config->positions_topic, NULL);
    start_call(t, KAFKA_CALL_OPEN);
}

/* --- polling --- */

static void say_slow_opening(struct transactions *t)
{
    if (t->phase != PHASE_OPENING || os_monotonic_ms() - t->opening_since_ms < SLOW_OPEN_MS)
        return;
    t->opening_since_ms = INT64_MAX / 2;
    kafka_client_say(t->client, NOTICE_INFO,
                     "waiting for the positions in topic %s; a transaction that a dead agent left open is "
                     "ended by the brokers after a minute",
                     t->client->config->positions_topic);
}

/*
 * A call that aborts purges the queue once and then waits for every report. Messages that come back to the
 * queue behind that, refused for the gap that the first refused one left, would wait there for a minute.
 */
static bool is_stuck(const struct transactions *t)
{
    return t->phase == PHASE_ENDING && t->client->queued > 0 && t->client->producer &&
           (kafka_call_kind(t->call) == KAFKA_CALL_ABORT || t->client->transaction_failed);
}

/* Does what is due. */
static void move_on(struct transactions *t)
{
    if (is_stuck(t))
        t->client->lib.purge(t->client->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING);
    if (t->call && kafka_call_has_ended(t->call))
        after_call(t);
    if (t->phase == PHASE_DOWN)
        open_producer(t);
    if (t->phase == PHASE_PRODUCING)
        go_on_producing(t);
    if (t->phase != PHASE_READY || !t->attempt.batch || t->finished)
        return;
    kafka_client_refresh_topic(t->client);
    if (!kafka_client_is_pausing(t->client))
        begin(t);
}

/* Until librdkafka has something to tell, a call has ended or a pause is over. */
static void wait_a_while(struct transactions *t, int64_t until_ms)
{
    int64_t now = os_monotonic_ms();
    int64_t resume_ms = t->client->resume_ms;
    if ((t->phase == PHASE_DOWN || t->attempt.batch) && resume_ms > now && resume_ms < until_ms)
        until_ms = resume_ms;
    if ((t->phase == PHASE_DOWN || is_stuck(t)) && until_ms > now + 20)
        until_ms = now + 20; /* the end of the old producer, or of what is in flight, tells nobody */
    int wait_ms = until_ms > now && !t->finished ? (int)(until_ms - now) : 0;
    if (t->client->producer)
        kafka_client_serve(t->client, wait_ms);
    else
        os_sleep_ms(wait_ms);
}

static int poll_transactions(struct sink *sink, int timeout_ms)
{
    struct transactions *t = sink->own;
    int64_t until_ms = os_monotonic_ms() + timeout_ms;
    for (;;) {
        move_on(t);
        wait_a_while(t, until_ms);
        move_on(t);
        say_slow_opening(t);
        kafka_client_say_trouble(t->client);
        int given = give_back(t);
        if (given || os_monotonic_ms() >= until_ms)
            return given;
    }
}

static bool submit(struct sink *sink, struct sink_batch *batch)
{
    struct transactions *t = sink->own;
    if (t->phase == PHASE_OVER || t->attempt.batch)
        return false;
    kafka_attempt_take(&t->attempt, batch);
    if (batch->count == 0 && batch->position_count == 0)
        finish(t, ITEM_DELIVERED);
    return true;
}

static bool has_lent(const struct sink *sink)
{
    const struct transactions *t = sink->own;
    return t->attempt.batch != NULL;
}

static bool recover(struct sink *sink, int timeout_ms,
                    void (*visit)(void *ctx, const struct sink_position *position), void *ctx)
{
    struct transactions *t = sink->own;
    int64_t until_ms = os_monotonic_ms() + timeout_ms;
    while (t->phase != PHASE_READY && t->phase != PHASE_OVER && os_monotonic_ms() < until_ms)
        poll_transactions(sink, 20);
    if (t->phase != PHASE_READY || t->recovered)
        return t->recovered;
    t->recovered = true;
    kafka_positions_each(t->positions, visit, ctx);
    kafka_positions_free(t->positions);
    t->positions = NULL;
    return true;
}

/* --- beginning, checking, ending --- */

static bool open_transactions(struct sink *sink, struct fault *f)
{
    struct transactions *t = calloc(1, sizeof *t);
    if (!t)
        return fault_set(f, FAULT_MEMORY, 0, "no memory for the Kafka output");
    sink->own = t;
    t->client = t->attempt.client = &sink->client;
    kafka_identity_make(&t->identity, sink->client.host.scope);
    sink->client.transactional_id = t->identity.transactional_id;
    sink->client.on_report = kafka_attempt_report;
    sink->client.report_ctx = &t->attempt;
    if (!kafka_client_open(&sink->client, f)) {
        free(t);
        return false;
    }
    return true;
}

/* The topics of records are good: are transactions and the positions? */
static bool check(struct sink *sink, int timeout_ms, struct fault *f)
{
    struct transactions *t = sink->own;
    int64_t start_ms = os_monotonic_ms();
    for (int64_t waited_ms = 0; waited_ms < timeout_ms; waited_ms = os_monotonic_ms() - start_ms) {
        poll_transactions(sink, 20);
        if (t->phase == PHASE_READY)
            return true;
        if (t->refusal[0])
            return fault_set(f, FAULT_REFUSED, 0, "%.230s", t->refusal);
        if (kafka_check_refused_for_good(t->client, waited_ms))
            break;
    }
    return kafka_check_unreachable(t->client, timeout_ms, f);
}

/* What is unfinished is not waited for: the next start ends it. */
static void close_transactions(struct sink *sink, int64_t until_ms)
{
    struct transactions *t = sink->own;
    int64_t now = os_monotonic_ms();
    if (t->client->producer)
        stop_producer(t, now + (until_ms - now + 1) / 2);
    kafka_farewell_wait(&t->client->farewell, until_ms);
    kafka_farewell_leave(&t->client->farewell);
    if (t->attempt.batch && !t->finished)
        finish(t, ITEM_RETRY);
    give_back(t);
    kafka_positions_free(t->positions);
    free(t);
}

const struct kafka_mode kafka_transactional = {
    .open = open_transactions,
    .submit = submit,
    .poll = poll_transactions,
    .has_lent = has_lent,
    .recover = recover,
    .check = check,
    .close = close_transactions,
};
