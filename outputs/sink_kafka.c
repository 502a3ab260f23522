/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records to a Kafka topic, at least once (kafka_idempotent.c) or exactly once (kafka_transaction.c).
 *
 * librdkafka sends, retries and reconnects in threads of its own; all that it has to tell comes through its
 * queue and is served in poll, recover, flush and close only.
 */
#include "kafka_mode.h"
#include "os_clock.h"

#include <stdlib.h>

enum { STOP_RESERVE_MS = 400 /* of close: for what is taken back, and for the producer's end */ };

static bool is_exactly_once(const void *config)
{
    const struct kafka_config *c = config;
    return c->delivery == KAFKA_EXACTLY_ONCE;
}

static bool kafka_validate(const void *config, struct fault *f)
{
    return kafka_config_validate(config, f);
}

static enum sink_proof kafka_proof(const void *config)
{
    return is_exactly_once(config) ? PROOF_COMMITTED : PROOF_REPLICATED;
}

static size_t kafka_max_message(const void *config)
{
    return kafka_config_max_message(config);
}

static bool takes_dead_letters(const void *config)
{
    const struct kafka_config *c = config;
    return c->dead_letter_topic && *c->dead_letter_topic;
}

static struct sink *kafka_open(const void *config, const struct sink_host *host, struct fault *f)
{
    struct sink *s = calloc(1, sizeof *s);
    if (!s) {
        fault_set(f, FAULT_MEMORY, 0, "no memory for the Kafka output");
        return NULL;
    }
    s->mode = is_exactly_once(config) ? &kafka_transactional : &kafka_idempotent;
    s->client.config = config;
    s->client.host = *host;
    if (s->mode->open(s, f))
        return s;
    free(s);
    return NULL;
}

static bool kafka_submit(struct sink *s, struct sink_batch *batch)
{
    return s->mode->submit(s, batch);
}

static int kafka_poll(struct sink *s, int timeout_ms)
{
    return s->mode->poll(s, timeout_ms);
}

static bool kafka_flush(struct sink *s, int timeout_ms)
{
    int64_t until_ms = os_monotonic_ms() + timeout_ms;
    for (int64_t left = timeout_ms; s->mode->has_lent(s); left = until_ms - os_monotonic_ms()) {
        s->mode->poll(s, left > 0 ? (int)left : 0);
        if (left <= 0)
            break;
    }
    return !s->mode->has_lent(s);
}

static bool kafka_recover(struct sink *s, int timeout_ms,
                          void (*visit)(void *ctx, const struct sink_position *position), void *ctx)
{
    return !s->mode->recover || s->mode->recover(s, timeout_ms, visit, ctx);
}

/*
 * Proves that a broker answers, is trusted, trusts us and knows the topics, and with exactly once that
 * transactions and the position topic are open to us; not that records are taken, which only a record shows.
 * Where brokers create topics on demand, asking for one creates it, as the first record would.
 */
static bool kafka_check(struct sink *s, int timeout_ms, struct fault *f)
{
    int64_t until_ms = os_monotonic_ms() + timeout_ms;
    s->client.checking = true;
    bool good = kafka_check_topics(&s->client, timeout_ms, f);
    int64_t left_ms = until_ms - os_monotonic_ms();
    if (good && s->mode->check)
        good = s->mode->check(s, left_ms > 0 ? (int)left_ms : 0, f);
    s->client.checking = false;
    return good;
}

static void kafka_close(struct sink *s, int timeout_ms)
{
    if (!s)
        return;
    int64_t until_ms = os_monotonic_ms() + timeout_ms;
    int reserve_ms = timeout_ms / 2 < STOP_RESERVE_MS ? timeout_ms / 2 : STOP_RESERVE_MS;
    kafka_flush(s, timeout_ms - reserve_ms);
    s->mode->close(s, until_ms);
    free(s);
}

const struct sink_ops sink_kafka = {
    .name = "kafka",
    .title = "Apache Kafka",
    .wants_headers = true,
    .default_format = "ecs",
    .settings = kafka_settings,
    .config_size = sizeof(struct kafka_config),
    .validate = kafka_validate,
    .proof = kafka_proof,
    .max_message = kafka_max_message,
    .carries_positions = is_exactly_once,
    .takes_dead_letters = takes_dead_letters,
    .open = kafka_open,
    .recover = kafka_recover,
    .submit = kafka_submit,
    .poll = kafka_poll,
    .flush = kafka_flush,
    .check = kafka_check,
    .close = kafka_close,
};
