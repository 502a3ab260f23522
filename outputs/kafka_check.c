/* SPDX-License-Identifier: Apache-2.0 */
/* What `mapitail check --connect` finds out about brokers and topics. */
#include "kafka_mode.h"
#include "os_clock.h"

enum {
    CHECK_SLICE_MS = 250,    /* how long one question blocks */
    CHECK_EARLY_MS = 1000,   /* how long another broker may still answer when one refused */
    CHECK_MISSING_MS = 1500, /* how long a topic is waited for that the broker may just be creating */
};

static bool topic_refused(const struct kafka_client *c, const char *topic, rd_kafka_resp_err_t err,
                          struct fault *f)
{
    if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        return fault_set(f, FAULT_REFUSED, 0, "topic %.100s does not exist on %.100s", topic,
                         c->config->brokers);
    if (err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        return fault_set(f, FAULT_REFUSED, 0, "not authorized for topic %.100s on %.100s", topic,
                         c->config->brokers);
    return fault_set(f, FAULT_REFUSED, 0, "topic %.100s: %.100s", topic, c->lib.err2str(err));
}

/* What the brokers say of the topic; an error of the request itself is returned as it is. */
static rd_kafka_resp_err_t ask_for_topic(struct kafka_client *c, rd_kafka_topic_t *handle, int timeout_ms,
                                         rd_kafka_resp_err_t *topic_error)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t err = c->lib.metadata(c->producer, 0, handle, &metadata, timeout_ms);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return err;
    *topic_error = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (metadata->topic_cnt == 1) {
        const struct rd_kafka_metadata_topic *topic = &metadata->topics[0];
        *topic_error = topic->err;
        for (int i = 0; !*topic_error && i < topic->partition_cnt; i++)
            *topic_error = topic->partitions[i].err;
    }
    c->lib.metadata_destroy(metadata);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

bool kafka_check_refused_for_good(const struct kafka_client *c, int64_t waited_ms)
{
    if (c->last.code == FAULT_TLS || c->last.code == FAULT_AUTH)
        return c->brokers_down || waited_ms >= CHECK_EARLY_MS;
    return c->brokers_down && waited_ms >= CHECK_EARLY_MS;
}

bool kafka_check_unreachable(const struct kafka_client *c, int timeout_ms, struct fault *f)
{
    const char *brokers = c->config->brokers;
    switch (c->last.code) {
    case FAULT_NONE:
        return fault_set(f, FAULT_TIMEOUT, 0, "%.100s: no answer within %d ms", brokers, timeout_ms);
    case FAULT_TLS:
        return fault_set(f, FAULT_TLS, 0, "%.60s: TLS failed: %.170s", brokers, c->last.text);
    case FAULT_AUTH:
        return fault_set(f, FAULT_AUTH, 0, "%.60s: authentication failed: %.160s", brokers, c->last.text);
    default:
        return fault_set(f, FAULT_CONNECT, 0, "%.60s: not reachable: %.170s", brokers, c->last.text);
    }
}

/* A topic, and what is being found out about it. */
struct question {
    struct kafka_client *client;
    rd_kafka_topic_t *handle;
    const char *name;
    int timeout_ms;
    bool good;
    struct fault *fault;
};

/* One question to the brokers. True when it settled the matter, for good or bad. */
static bool ask_once(struct question *q, int64_t waited_ms)
{
    struct kafka_client *c = q->client;
    int64_t left_ms = q->timeout_ms - waited_ms;
    int slice_ms = left_ms < CHECK_SLICE_MS ? (int)left_ms : CHECK_SLICE_MS;
    rd_kafka_resp_err_t topic_error = RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t err = ask_for_topic(c, q->handle, slice_ms, &topic_error);
    kafka_client_serve(c, err != RD_KAFKA_RESP_ERR_NO_ERROR ? slice_ms / 5 : 0);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        q->good = false;
        return kafka_check_refused_for_good(c, waited_ms) &&
               !kafka_check_unreachable(c, q->timeout_ms, q->fault);
    }
    q->good = topic_error == RD_KAFKA_RESP_ERR_NO_ERROR;
    bool may_change = topic_error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
                      topic_error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    if (may_change && waited_ms < CHECK_MISSING_MS && slice_ms < left_ms) {
        kafka_client_serve(c, slice_ms / 5); /* one that is just being created has its leader in a moment */
        return false;
    }
    return q->good || !topic_refused(c, q->name, topic_error, q->fault);
}

static bool check_topic(struct question *q)
{
    int64_t start_ms = os_monotonic_ms();
    for (int64_t waited_ms = 0; waited_ms < q->timeout_ms; waited_ms = os_monotonic_ms() - start_ms) {
        if (q->client->fatal)
            break;
        if (ask_once(q, waited_ms))
            return q->good;
    }
    return kafka_check_unreachable(q->client, q->timeout_ms, q->fault);
}

bool kafka_check_topics(struct kafka_client *c, int timeout_ms, struct fault *f)
{
    struct question q = {c, c->topic, c->config->topic, timeout_ms, false, f};
    if (!check_topic(&q))
        return false;
    if (!c->dead_letter_topic)
        return true;
    q.handle = c->dead_letter_topic;
    q.name = c->config->dead_letter_topic;
    return check_topic(&q);
}
