/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of the Kafka sink and what librdkafka is told of them.
 *
 * Fixed, because the sink's promises rest on it: acks=all and enable.idempotence=true (delivered means every
 * in-sync replica has the record), message.timeout.ms=0 (a record is never given up; in a transaction it
 * follows the transaction's time-out, and the transaction is done again),
 * partitioner=murmur2_random (the default of Java clients, so that consumers which co-partition agree),
 * certificate and host name verification, and cipher suites that exist from TLS 1.2 on only: librdkafka has
 * no property for the lowest version of TLS. Everything else of librdkafka's CONFIGURATION.md can be set in
 * `properties`.
 */
#ifndef MAPITAIL_KAFKA_CONFIG_H
#define MAPITAIL_KAFKA_CONFIG_H

#include "fault.h"
#include "kafka_library.h"
#include "setting.h"

#include <stddef.h>

enum kafka_compression { KAFKA_LZ4, KAFKA_UNCOMPRESSED, KAFKA_GZIP, KAFKA_SNAPPY, KAFKA_ZSTD };

enum kafka_sasl {
    KAFKA_SASL_NONE,
    KAFKA_SASL_PLAIN,
    KAFKA_SASL_SCRAM_256,
    KAFKA_SASL_SCRAM_512,
    KAFKA_SASL_GSSAPI,
};

enum kafka_delivery { KAFKA_AT_LEAST_ONCE, KAFKA_EXACTLY_ONCE };

struct kafka_config {
    const char *brokers; /* host:port,host:port */
    const char *topic;
    int delivery;                  /* enum kafka_delivery */
    const char *positions_topic;   /* of exactly once */
    int64_t positions_replication; /* of that topic when it is created; 0: the brokers' default */
    const char *dead_letter_topic; /* NULL: none */
    const char *client_id;
    int compression; /* enum kafka_compression */
    int64_t linger_ms;
    int64_t queue_bytes;
    bool tls;
    const char *ca_file;
    const char *certificate;
    const char *key;
    const char *key_password;
    int sasl_mechanism; /* enum kafka_sasl */
    const char *username;
    const char *password;
    struct setting_map properties;
};

extern const struct setting kafka_settings[];
extern const char *const kafka_compression_names[], *const kafka_sasl_names[]; /* by their enums */

/*
 * Checks the settings without touching a file or the network, and, where librdkafka can be loaded, asks it
 * about names and values of `properties`. False with FAULT_CONFIG; the text begins with the key at fault and
 * shows no secret.
 */
bool kafka_config_validate(const struct kafka_config *c, struct fault *f);

/*
 * A configuration for rd_kafka_new of a producer, without events; NULL with FAULT_CONFIG. conf_destroy it if
 * it is not used. transactional_id: of a producer of transactions, else NULL.
 */
rd_kafka_conf_t *kafka_config_make(const struct kafka_library *lib, const struct kafka_config *c,
                                   const char *transactional_id, struct fault *f);

/* The same for a consumer that reads committed data only and reports the ends of partitions. */
rd_kafka_conf_t *kafka_config_make_consumer(const struct kafka_library *lib, const struct kafka_config *c,
                                            struct fault *f);

enum { KAFKA_TRANSACTION_TIMEOUT_MS = 60000 };

/* The largest body that the client takes, with room left for a key and headers. */
size_t kafka_config_max_message(const struct kafka_config *c);

/* Overwrites each secret of the settings that stands in text by asterisks. */
void kafka_config_hide_secrets(const struct kafka_config *c, char *text);

#endif
