/* SPDX-License-Identifier: Apache-2.0 */
/* A Kafka cluster inside the test's process. */
#include "kafka_mock.h"

#include "os_clock.h"

#include <string.h>

bool kafka_mock_start(struct kafka_mock *m, int brokers)
{
    char why[200];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, NULL); /* the brokers' complaints are what tests provoke */
    m->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!m->handle)
        return false;
    m->cluster = rd_kafka_mock_cluster_new(m->handle, brokers);
    m->brokers = m->cluster ? rd_kafka_mock_cluster_bootstraps(m->cluster) : "";
    return m->cluster != NULL;
}

void kafka_mock_stop(struct kafka_mock *m)
{
    if (m->cluster)
        rd_kafka_mock_cluster_destroy(m->cluster);
    if (m->handle)
        rd_kafka_destroy(m->handle);
    *m = (struct kafka_mock){NULL, NULL, NULL};
}

struct kafka_config kafka_mock_config(const struct kafka_mock *m, const char *topic)
{
    return (struct kafka_config){
        .brokers = m->brokers,
        .topic = topic,
        .positions_topic = "_mapitail_positions",
        .client_id = "mapitail",
        .compression = KAFKA_LZ4,
        .linger_ms = 5,
        .queue_bytes = 4 << 20,
    };
}

static rd_kafka_t *consumer_new(const struct kafka_mock *m, const char *topic, int partitions)
{
    static const char *const properties[][2] = {
        {"group.id", "test"},
        {"enable.partition.eof", "true"},
        {"fetch.wait.max.ms", "10"},
        {"enable.auto.commit", "false"},
        {"auto.offset.reset", "earliest"},
    };
    char why[200];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
        rd_kafka_conf_set(conf, properties[i][0], properties[i][1], why, sizeof why);
    rd_kafka_conf_set(conf, "bootstrap.servers", m->brokers, why, sizeof why);
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!consumer)
        return NULL;
    rd_kafka_poll_set_consumer(consumer);
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; i++)
        rd_kafka_topic_partition_list_add(all, topic, i)->offset = 0;
    rd_kafka_assign(consumer, all);
    rd_kafka_topic_partition_list_destroy(all);
    return consumer;
}

int kafka_mock_read(const struct kafka_mock *m, const char *topic, int partitions,
                    void (*visit)(void *ctx, const rd_kafka_message_t *message), void *ctx)
{
    int count = 0, ends = 0;
    int64_t until_ms = os_monotonic_ms() + 20000;
    rd_kafka_t *consumer = consumer_new(m, topic, partitions);
    while (consumer && ends < partitions && os_monotonic_ms() < until_ms) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, 100);
        if (!message)
            continue;
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            ends++;
        } else if (!message->err) {
            count++;
            visit(ctx, message);
        }
        rd_kafka_message_destroy(message);
    }
    if (consumer) {
        rd_kafka_consumer_close(consumer);
        rd_kafka_destroy(consumer);
    }
    return ends == partitions ? count : -1;
}
