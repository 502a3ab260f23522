/* SPDX-License-Identifier: Apache-2.0 */
/* The compacted topic that holds how far each file was delivered. */
#include "kafka_positions.h"

#include "hash64.h"
#include "os_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUCKETS = 1024,
    SLICE_MS = 200,
    ADMIN_MS = 10000,
    PATIENCE_MS = 120000, /* above the time-outs of transactions: what is waited for ends before */
};

/* --- keys and values --- */

struct entry {
    struct entry *next;
    struct sink_position position;
    char bytes[]; /* of key and value */
};

struct kafka_positions {
    struct entry *buckets[BUCKETS];
};

struct kafka_positions *kafka_positions_new(void)
{
    return calloc(1, sizeof(struct kafka_positions));
}

void kafka_positions_free(struct kafka_positions *p)
{
    for (size_t i = 0; p && i < BUCKETS; i++)
        for (struct entry *next, *e = p->buckets[i]; e; e = next) {
            next = e->next;
            free(e);
        }
    free(p);
}

/* Where the entry of the key hangs, or would. */
static struct entry **place_of(struct kafka_positions *p, struct sv key)
{
    uint64_t h = hash64(HASH64_START, key.p, key.n);
    struct entry **at = &p->buckets[h % BUCKETS];
    while (*at && !sv_eq((*at)->position.key, key))
        at = &(*at)->next;
    return at;
}

struct sv kafka_positions_find(struct kafka_positions *p, struct sv key)
{
    struct entry *e = *place_of(p, key);
    return e ? e->position.value : SV_ABSENT;
}

void kafka_positions_each(const struct kafka_positions *p,
                          void (*visit)(void *ctx, const struct sink_position *position), void *ctx)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct entry *e = p->buckets[i]; e; e = e->next)
            visit(ctx, &e->position);
}

bool kafka_positions_put(struct kafka_positions *p, struct sv key, struct sv value)
{
    struct entry **at = place_of(p, key), *old = *at;
    struct entry *e = sv_absent(value) ? NULL : malloc(sizeof *e + key.n + value.n);
    if (!e && !sv_absent(value))
        return false;
    if (e) {
        memcpy(e->bytes, key.p, key.n);
        memcpy(e->bytes + key.n, value.p, value.n);
        e->position = (struct sink_position){sv_make(e->bytes, key.n), sv_make(e->bytes + key.n, value.n)};
        e->next = old ? old->next : NULL;
        *at = e;
    } else if (old) {
        *at = old->next;
    }
    free(old);
    return true;
}

/* --- reading --- */

/* One run over the topic. */
struct run {
    const struct kafka_positions_reader *reader;
    struct kafka_positions *positions;
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    int64_t until_ms;
    struct fault *fault;
};

static const struct kafka_library *lib_of(const struct run *r)
{
    return r->reader->lib;
}

static enum kafka_reading failed(const struct run *r, const char *why)
{
    fault_set(r->fault, FAULT_REFUSED, 0, "topic %.100s: %.120s", r->reader->topic, why);
    return KAFKA_READING_FAILED;
}

static bool must_end(const struct run *r)
{
    return atomic_load(r->reader->stop) || os_monotonic_ms() >= r->until_ms;
}

/* Somebody must repair these; anything else the client itself tries again. */
static bool is_final(rd_kafka_resp_err_t err)
{
    return err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
           err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
           err == RD_KAFKA_RESP_ERR__AUTHENTICATION || err == RD_KAFKA_RESP_ERR__FATAL;
}

static bool take(const struct run *r, const rd_kafka_message_t *m)
{
    struct sv key = m->key ? sv_make(m->key, m->key_len) : SV_ABSENT;
    struct sv value = m->payload ? sv_make(m->payload, m->len) : SV_ABSENT;
    return sv_absent(key) || !sv_starts(key, sv_from(r->reader->scope)) ||
           kafka_positions_put(r->positions, key, value);
}

/* Where the partition ended when its first answer came; -1: not known yet. */
static int64_t end_of(const struct run *r, int32_t partition)
{
    int64_t low, high;
    rd_kafka_resp_err_t err =
        lib_of(r)->get_watermark_offsets(r->client, r->reader->topic, partition, &low, &high);
    return err == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? high : -1;
}

/* What one message or event of a partition means for its reading. *target: as of end_of. */
static enum kafka_reading heed(const struct run *r, const rd_kafka_message_t *m, int64_t *target, bool *ended)
{
    bool at_end = m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if (m->err && !at_end)
        return is_final(m->err) ? failed(r, lib_of(r)->err2str(m->err)) : KAFKA_READ;
    if (*target < 0)
        *target = end_of(r, m->partition);
    /* Others may write faster than the end is ever met: behind the target is as good. */
    *ended = *target >= 0 && m->offset + (at_end ? 0 : 1) >= *target;
    return at_end || take(r, m) ? KAFKA_READ : failed(r, "no memory for the positions");
}

static enum kafka_reading read_partition(const struct run *r, int32_t partition)
{
    const struct kafka_library *lib = lib_of(r);
    enum kafka_reading reading = KAFKA_READ;
    int64_t target = -1;
    bool ended = false;
    if (lib->consume_start(r->topic, partition, RD_KAFKA_OFFSET_BEGINNING) != 0)
        return failed(r, "cannot be read");
    while (!ended && reading == KAFKA_READ) {
        rd_kafka_message_t *m = lib->consume(r->topic, partition, SLICE_MS);
        if (m) {
            reading = heed(r, m, &target, &ended);
            lib->message_destroy(m);
        }
        if (!ended && must_end(r))
            reading = failed(r, "its end was not reached in time");
    }
    lib->consume_stop(r->topic, partition);
    return reading;
}

static enum kafka_reading read_all(const struct run *r)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t err;
    int partitions = 0;
    do
        err = lib_of(r)->metadata(r->client, 0, r->topic, &metadata, 1000);
    while (err == RD_KAFKA_RESP_ERR__TRANSPORT && !must_end(r));
    if (err)
        return failed(r, lib_of(r)->err2str(err));
    if (metadata->topic_cnt == 1) {
        err = metadata->topics[0].err;
        partitions = metadata->topics[0].partition_cnt;
    }
    lib_of(r)->metadata_destroy(metadata);
    if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || (!err && partitions == 0))
        return KAFKA_NO_TOPIC;
    if (err)
        return failed(r, lib_of(r)->err2str(err));
    enum kafka_reading reading = KAFKA_READ;
    if (r->reader->exists && !r->reader->exists(r->reader->ctx))
        return KAFKA_READING_FAILED;
    for (int32_t i = 0; i < partitions && reading == KAFKA_READ; i++)
        reading = read_partition(r, i);
    return reading;
}

enum kafka_reading kafka_positions_read(struct kafka_positions *p,
                                        const struct kafka_positions_reader *reader, struct fault *f)
{
    char why[200];
    struct run r = {
        .reader = reader, .positions = p, .until_ms = os_monotonic_ms() + PATIENCE_MS, .fault = f};
    rd_kafka_conf_t *conf = reader->lib->conf_dup(reader->consumer);
    r.client = reader->lib->new (RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!r.client) {
        reader->lib->conf_destroy(conf);
        return failed(&r, why);
    }
    r.topic = reader->lib->topic_new(r.client, reader->topic, NULL);
    enum kafka_reading reading = r.topic ? read_all(&r) : failed(&r, "cannot be opened");
    if (r.topic)
        reader->lib->topic_destroy(r.topic);
    reader->lib->destroy_flags(r.client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    return reading;
}

/* --- creating --- */

static rd_kafka_resp_err_t outcome_of(const struct kafka_library *lib, rd_kafka_event_t *event, char *why,
                                      size_t room)
{
    const rd_kafka_CreateTopics_result_t *result = event ? lib->event_CreateTopics_result(event) : NULL;
    size_t count = 0;
    const rd_kafka_topic_result_t **topics = result ? lib->CreateTopics_result_topics(result, &count) : NULL;
    rd_kafka_resp_err_t err = event ? lib->event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    const char *text = err ? lib->err2str(err) : "";
    if (!err && count == 1) {
        err = lib->topic_result_error(topics[0]);
        text = lib->topic_result_error_string(topics[0]);
    }
    snprintf(why, room, "%s", text && *text ? text : lib->err2str(err));
    return err;
}

/* Asks the controller and waits for its answer. */
static rd_kafka_resp_err_t ask_controller(const struct kafka_positions_reader *r, rd_kafka_t *client,
                                          rd_kafka_NewTopic_t *topic, bool ask_only, char *why, size_t room)
{
    const struct kafka_library *lib = r->lib;
    rd_kafka_queue_t *queue = lib->queue_new(client);
    rd_kafka_AdminOptions_t *options = lib->AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    int64_t until_ms = os_monotonic_ms() + ADMIN_MS + 1000;
    rd_kafka_event_t *event = NULL;
    lib->AdminOptions_set_request_timeout(options, ADMIN_MS, NULL, 0);
    lib->AdminOptions_set_validate_only(options, ask_only, NULL, 0);
    lib->CreateTopics(client, &topic, 1, options, queue);
    while (!event && !atomic_load(r->stop) && os_monotonic_ms() < until_ms)
        event = lib->queue_poll(queue, SLICE_MS);
    rd_kafka_resp_err_t err = outcome_of(lib, event, why, room);
    if (event)
        lib->event_destroy(event);
    lib->AdminOptions_destroy(options);
    lib->queue_destroy(queue);
    return err;
}

bool kafka_positions_create(const struct kafka_positions_reader *r, rd_kafka_t *client, bool ask_only,
                            struct fault *f)
{
    char why[160];
    rd_kafka_NewTopic_t *topic =
        r->lib->NewTopic_new(r->topic, 1, r->replication ? r->replication : -1, why, sizeof why);
    if (!topic)
        return fault_set(f, FAULT_CONFIG, 0, "positions_topic: %.160s", why);
    r->lib->NewTopic_set_config(topic, "cleanup.policy", "compact");
    /* Small segments are compacted soon: an agent's start reads the whole topic. */
    r->lib->NewTopic_set_config(topic, "segment.bytes", "16777216");
    rd_kafka_resp_err_t err = ask_controller(r, client, topic, ask_only, why, sizeof why);
    r->lib->NewTopic_destroy(topic);
    return err == RD_KAFKA_RESP_ERR_NO_ERROR || err == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS ||
           fault_set(f, FAULT_REFUSED, 0,
                     "topic %.60s does not exist and cannot be created (%.90s); create it with 1 partition "
                     "and cleanup.policy=compact",
                     r->topic, why);
}
