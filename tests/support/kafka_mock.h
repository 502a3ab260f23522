/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Kafka cluster inside the test's process: librdkafka's mock brokers on loopback, topics in memory, errors
 * on demand.
 *
 * It keeps 5 MiB or 100,000 messages per partition, does not check the sequence numbers of an idempotent
 * producer and shows aborted transactions: what depends on those needs the real broker of tests/kafka.
 */
#ifndef MAPITAIL_KAFKA_MOCK_H
#define MAPITAIL_KAFKA_MOCK_H

#include "kafka_config.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

struct kafka_mock {
    rd_kafka_t *handle; /* librdkafka hangs a cluster on some client */
    rd_kafka_mock_cluster_t *cluster;
    const char *brokers; /* host:port,… */
};

/* Request types for rd_kafka_mock_push_request_errors (Kafka protocol guide, "Api Keys"). */
enum { KAFKA_API_PRODUCE = 0, KAFKA_API_METADATA = 3, KAFKA_API_INIT_PRODUCER_ID = 22 };

/* False when librdkafka cannot. */
bool kafka_mock_start(struct kafka_mock *m, int brokers);
void kafka_mock_stop(struct kafka_mock *m);

/* Settings of a sink for this cluster, with the defaults that a configuration file would give. */
struct kafka_config kafka_mock_config(const struct kafka_mock *m, const char *topic);

/*
 * Reads a topic from the beginning to its present end. visit sees each message once, partition by partition
 * in order, and borrows it. Returns the number of messages, or -1 when the end was not reached within 20 s.
 */
int kafka_mock_read(const struct kafka_mock *m, const char *topic, int partitions,
                    void (*visit)(void *ctx, const rd_kafka_message_t *message), void *ctx);

#endif
