/* SPDX-License-Identifier: Apache-2.0 */
/* The contract suite over the Kafka sink in both kinds of delivery, with librdkafka's mock brokers for a
 * peer. */
#include "kafka_mock.h"
#include "sink_contract.h"

#include <stdio.h>

extern const struct sink_ops sink_kafka;

static const char topic[] = "contract";
static struct kafka_mock mock;
static struct kafka_config config;
static enum kafka_delivery delivery;
static char elsewhere[32];

/* The delivery is part of every configuration that a test asks for. */
static const void *configured(void)
{
    config = kafka_mock_config(&mock, topic);
    config.delivery = delivery;
    return &config;
}

/* One partition: order is a partition's. */
static const void *setup(void)
{
    cr_assert(kafka_mock_start(&mock, 1));
    cr_assert(rd_kafka_mock_topic_create(mock.cluster, topic, 1, 1) == RD_KAFKA_RESP_ERR_NO_ERROR);
    return configured();
}

static const void *setup_exactly_once(void)
{
    delivery = KAFKA_EXACTLY_ONCE;
    const void *c = setup();
    cr_assert(rd_kafka_mock_topic_create(mock.cluster, "_mapitail_positions", 1, 1) ==
              RD_KAFKA_RESP_ERR_NO_ERROR);
    return c;
}

static void teardown(void)
{
    kafka_mock_stop(&mock);
}

static void add_message(void *ctx, const rd_kafka_message_t *message)
{
    peer_log_add(ctx, message->payload, message->len);
}

static void received(struct peer_log *log)
{
    cr_assert(kafka_mock_read(&mock, topic, 1, add_message, log) >= 0, "the topic cannot be read");
}

static void brokers_stop(void)
{
    rd_kafka_mock_broker_set_down(mock.cluster, -1);
}

static void brokers_start(void)
{
    rd_kafka_mock_broker_set_up(mock.cluster, -1);
}

static const void *lead_to(uint16_t port)
{
    snprintf(elsewhere, sizeof elsewhere, "127.0.0.1:%u", (unsigned)port);
    configured();
    config.brokers = elsewhere;
    return &config;
}

/* Mock brokers cannot be told to hang: the configuration is led to somebody who does. */
static void brokers_hang(void)
{
    static struct peer_log log = PEER_LOG_INIT;
    lead_to(peer_port(peer_start(&(struct peer_options){.hangs = true}, &log)));
}

static const void *refused(void)
{
    return lead_to(peer_free_port(false));
}

static const void *black_hole(void)
{
    return lead_to(peer_black_hole());
}

/* Not every test sets up first. */
static const void *refused_exactly_once(void)
{
    delivery = KAFKA_EXACTLY_ONCE;
    return refused();
}

static const void *black_hole_exactly_once(void)
{
    delivery = KAFKA_EXACTLY_ONCE;
    return black_hole();
}

/* What both have in common. */
#define KAFKA_PEER                                                                                           \
    .ops = &sink_kafka, .teardown = teardown, .received = received, .peer_stop = brokers_stop,               \
    .peer_start = brokers_start, .peer_hang = brokers_hang

static const struct contract_fixture kafka = {KAFKA_PEER, .setup = setup, .refused = refused,
                                              .black_hole = black_hole};
static const struct contract_fixture exactly_once = {KAFKA_PEER, .setup = setup_exactly_once,
                                                     .refused = refused_exactly_once,
                                                     .black_hole = black_hole_exactly_once};

SINK_CONTRACT_CONNECTED_SUITE(kafka_contract, &kafka)
SINK_CONTRACT_CONNECTED_SUITE(kafka_exactly_once_contract, &exactly_once)
