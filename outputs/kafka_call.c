/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of a transactional producer that block, each in a thread of its own. */
#include "kafka_call.h"

#include "crash_point.h"
#include "os_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    INIT_SLICE_MS = 1000,
    AGAIN_PAUSE_MS = 100,
    CLAIM_MS = 2000,
    COMMIT_TRIES = 2, /* each up to the transaction's time-out */
    OWNER_MAX = 256,
    KEY_MAX = 200,
    TOPIC_MAX = 249,
};

struct kafka_call {
    enum kafka_call_kind kind;
    struct kafka_library lib;
    rd_kafka_t *producer;
    rd_kafka_conf_t *consumer;
    rd_kafka_queue_t *events; /* a reference of its own, to wake whoever polls */
    /* Copies: the configuration may be gone before a thread that was abandoned. */
    char scope[KEY_MAX], owner[OWNER_MAX], topic[TOPIC_MAX + 1];
    int replication;
    bool owned, ask_only;
    struct os_thread *thread;
    atomic_bool ended, stop;

    enum kafka_outcome outcome;
    char text[256];
    struct kafka_positions *positions;
};

/* --- what librdkafka answers --- */

static void fail(struct kafka_call *c, const char *text)
{
    c->outcome = KAFKA_CALL_FAILED;
    snprintf(c->text, sizeof c->text, "%s", text);
}

enum answer { ANSWER_DONE, ANSWER_AGAIN, ANSWER_ABORT, ANSWER_FAILED };

/* "Requires abort" is asked before "retriable", and an error that is neither counts as fatal (rdkafka.h). */
static enum answer understand(struct kafka_call *c, rd_kafka_error_t *error)
{
    if (!error)
        return ANSWER_DONE;
    enum answer answer = c->lib.error_txn_requires_abort(error) ? ANSWER_ABORT
                         : c->lib.error_is_retriable(error)     ? ANSWER_AGAIN
                                                                : ANSWER_FAILED;
    fail(c, c->lib.error_string(error));
    c->lib.error_destroy(error);
    return answer;
}

/* --- ending a transaction --- */

/* -1: for as long as the transaction may take. */
static void run_abort(struct kafka_call *c)
{
    for (int i = 0; i < COMMIT_TRIES && !atomic_load(&c->stop); i++) {
        enum answer answer = understand(c, c->lib.abort_transaction(c->producer, -1));
        if (answer == ANSWER_DONE)
            c->outcome = KAFKA_CALL_ABORTED;
        if (answer != ANSWER_AGAIN)
            return;
        os_sleep_ms(AGAIN_PAUSE_MS);
    }
}

static void run_commit(struct kafka_call *c)
{
    crash_point("transaction-complete");
    for (int i = 0; i < COMMIT_TRIES && !atomic_load(&c->stop); i++) {
        switch (understand(c, c->lib.commit_transaction(c->producer, -1))) {
        case ANSWER_DONE:
            crash_point("transaction-committed");
            c->outcome = KAFKA_CALL_DONE;
            return;
        case ANSWER_ABORT:
            run_abort(c);
            return;
        case ANSWER_FAILED:
            return;
        case ANSWER_AGAIN: /* it goes on in the background, and the next call takes it up */
            os_sleep_ms(AGAIN_PAUSE_MS);
            break;
        }
    }
}

/* --- opening --- */

static bool init(struct kafka_call *c)
{
    enum answer answer;
    while ((answer = understand(c, c->lib.init_transactions(c->producer, INIT_SLICE_MS))) == ANSWER_AGAIN &&
           !atomic_load(&c->stop))
        os_sleep_ms(AGAIN_PAUSE_MS);
    return answer == ANSWER_DONE && !atomic_load(&c->stop);
}

static struct sv owner_key(const struct kafka_call *c, char room[KEY_MAX + 8])
{
    snprintf(room, KEY_MAX + 8, "%sowner", c->scope);
    return sv_from(room);
}

/* Ours, nobody's, or that of one whom we may relieve. */
static bool may_own(struct kafka_call *c, struct sv owner)
{
    if (!c->owned || sv_absent(owner) || sv_eq(owner, sv_from(c->owner)))
        return true;
    c->outcome = KAFKA_CALL_SUPERSEDED;
    snprintf(c->text, sizeof c->text, "%.*s", (int)(owner.n < 200 ? owner.n : 200), owner.p);
    return false;
}

static bool produce_owner(struct kafka_call *c)
{
    char key[KEY_MAX + 8];
    rd_kafka_vu_t vu[4];
    owner_key(c, key);
    vu[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    vu[0].u.cstr = c->topic;
    vu[1].vtype = RD_KAFKA_VTYPE_KEY;
    vu[1].u.mem.ptr = key;
    vu[1].u.mem.size = strlen(key);
    vu[2].vtype = RD_KAFKA_VTYPE_VALUE;
    vu[2].u.mem.ptr = c->owner;
    vu[2].u.mem.size = strlen(c->owner);
    vu[3].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    vu[3].u.i = RD_KAFKA_MSG_F_COPY;
    return understand(c, c->lib.produceva(c->producer, vu, 4)) == ANSWER_DONE;
}

/* Right after the fence: whoever was fenced by it is to find our word. */
static bool write_owner(void *ctx)
{
    struct kafka_call *c = ctx;
    if (understand(c, c->lib.begin_transaction(c->producer)) != ANSWER_DONE)
        return false;
    if (produce_owner(c))
        run_commit(c);
    else
        run_abort(c);
    return c->outcome == KAFKA_CALL_DONE;
}

/* The topic, made where it is missing. */
static bool read_positions(struct kafka_call *c, struct kafka_positions *into, bool claim)
{
    struct fault f = {.code = FAULT_NONE};
    struct kafka_positions_reader reader = {.lib = &c->lib,
                                            .consumer = c->consumer,
                                            .topic = c->topic,
                                            .replication = c->replication,
                                            .scope = c->scope,
                                            .stop = &c->stop,
                                            .exists = claim ? write_owner : NULL,
                                            .ctx = c};
    fail(c, "");
    enum kafka_reading reading = kafka_positions_read(into, &reader, &f);
    if (reading == KAFKA_NO_TOPIC && kafka_positions_create(&reader, c->producer, c->ask_only, &f))
        reading = c->ask_only ? KAFKA_READ : kafka_positions_read(into, &reader, &f);
    if (reading == KAFKA_NO_TOPIC && f.code == FAULT_NONE)
        fault_set(&f, FAULT_REFUSED, 0, "topic %.100s is being created", c->topic);
    if (reading != KAFKA_READ && f.code != FAULT_NONE)
        fail(c, f.text);
    return reading == KAFKA_READ;
}

/*
 * A producer that was the owner must not fence whoever has replaced it. The pause leaves another the time to
 * write its word: it does so right after the fence.
 */
static bool still_owns(struct kafka_call *c)
{
    char key[KEY_MAX + 8];
    for (int i = 0; c->owned && i < CLAIM_MS / AGAIN_PAUSE_MS && !atomic_load(&c->stop); i++)
        os_sleep_ms(AGAIN_PAUSE_MS);
    if (!c->owned)
        return true;
    struct kafka_positions *now = kafka_positions_new();
    bool read = now && read_positions(c, now, false);
    bool owns = read && may_own(c, kafka_positions_find(now, owner_key(c, key)));
    kafka_positions_free(now);
    return owns;
}

/* The order matters: were the positions read before the fence, the one before could still commit behind it.
 */
static void run_open(struct kafka_call *c)
{
    char key[KEY_MAX + 8];
    fail(c, "out of memory");
    if (!still_owns(c) || !init(c) || !(c->positions = kafka_positions_new()) ||
        !read_positions(c, c->positions, !c->owned && !c->ask_only && c->owner[0]))
        return;
    if (!may_own(c, kafka_positions_find(c->positions, owner_key(c, key))))
        return;
    kafka_positions_put(c->positions, sv_from(key), SV_ABSENT);
    c->outcome = KAFKA_CALL_DONE;
}

/* --- the thread --- */

static void run(void *ctx)
{
    struct kafka_call *c = ctx;
    c->outcome = KAFKA_CALL_FAILED;
    if (c->kind == KAFKA_CALL_OPEN)
        run_open(c);
    else if (c->kind == KAFKA_CALL_COMMIT)
        run_commit(c);
    else
        run_abort(c);
    atomic_store(&c->ended, true);
    c->lib.queue_yield(c->events);
}

/* After its thread was joined, or was not to be had. */
static void release(void *ctx)
{
    struct kafka_call *c = ctx;
    c->lib.queue_destroy(c->events);
    if (c->consumer)
        c->lib.conf_destroy(c->consumer);
    kafka_positions_free(c->positions);
    free(c);
}

struct kafka_call *kafka_call_start(enum kafka_call_kind kind, const struct kafka_call_setup *setup)
{
    const struct kafka_config *config = setup->client->config;
    struct kafka_call *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->kind = kind;
    c->lib = setup->client->lib;
    c->producer = setup->client->producer;
    c->events = c->lib.queue_get_main(c->producer);
    c->consumer = kafka_config_make_consumer(&c->lib, config, NULL);
    c->replication = (int)config->positions_replication;
    snprintf(c->topic, sizeof c->topic, "%s", config->positions_topic);
    snprintf(c->scope, sizeof c->scope, "%s", setup->scope);
    snprintf(c->owner, sizeof c->owner, "%.*s", SV_ARG(setup->owner));
    c->owned = setup->owned;
    c->ask_only = setup->ask_only;
    atomic_init(&c->ended, false);
    atomic_init(&c->stop, false);
    c->thread = c->consumer ? os_thread_start(run, c) : NULL;
    if (c->thread)
        return c;
    release(c);
    return NULL;
}

enum kafka_call_kind kafka_call_kind(const struct kafka_call *call)
{
    return call->kind;
}

bool kafka_call_has_ended(const struct kafka_call *call)
{
    return atomic_load(&call->ended);
}

enum kafka_outcome kafka_call_outcome(const struct kafka_call *call)
{
    return call->outcome;
}

const char *kafka_call_text(const struct kafka_call *call)
{
    return call->text;
}

struct kafka_positions *kafka_call_take_positions(struct kafka_call *call)
{
    struct kafka_positions *positions = call->positions;
    call->positions = NULL;
    return positions;
}

void kafka_call_free(struct kafka_call *call)
{
    os_thread_join(call->thread);
    release(call);
}

void kafka_call_abandon(struct kafka_call **call, struct kafka_client *client, int64_t until_ms)
{
    atomic_store(&(*call)->stop, true);
    kafka_client_stop(client, until_ms, (*call)->thread, release, *call);
    *call = NULL;
}
