/* SPDX-License-Identifier: Apache-2.0 */
/* The contract suite over the Kafka sink, with librdkafka's mock brokers as its peer. */
#include "kafka_mock.h"
#include "sink_contract.h"

#include <stdio.h>

extern const struct sink_ops sink_kafka;

static const char topic[] = "msexchange.mapi.limit";
static struct kafka_mock mock;
static struct kafka_config config;
static char nowhere[32];

static const void *setup(void)
{
    cr_assert(kafka_mock_start(&mock, 1));
    cr_assert(rd_kafka_mock_topic_create(mock.cluster, topic, 1, 1) == 0);
    config = kafka_mock_config(&mock, topic);
    return &config;
}

static void teardown(void)
{
    kafka_mock_stop(&mock);
}

static void keep_message(void *ctx, const rd_kafka_message_t *message)
{
    peer_log_add(ctx, message->payload, message->len);
}

static void received(struct peer_log *log)
{
    cr_assert(kafka_mock_read(&mock, topic, 1, keep_message, log) >= 0);
}

static void stop(void)
{
    rd_kafka_mock_broker_set_down(mock.cluster, 1);
}

static void start(void)
{
    rd_kafka_mock_broker_set_up(mock.cluster, 1);
}

/* Answers, but later than anybody waits. */
static void hang(void)
{
    rd_kafka_mock_broker_set_rtt(mock.cluster, 1, 60000);
}

static const void *leading_to(uint16_t port)
{
    snprintf(nowhere, sizeof nowhere, "127.0.0.1:%u", port);
    config = kafka_mock_config(&(struct kafka_mock){.brokers = nowhere}, topic);
    return &config;
}

static const void *refused(void)
{
    return leading_to(peer_free_port(false));
}

static const void *black_hole(void)
{
    return leading_to(peer_black_hole());
}

static const struct contract_fixture kafka = {
    .ops = &sink_kafka,
    .setup = setup,
    .teardown = teardown,
    .received = received,
    .peer_stop = stop,
    .peer_start = start,
    .peer_hang = hang,
    .refused = refused,
    .black_hole = black_hole,
};

SINK_CONTRACT_SUITE(kafka_contract, &kafka)
