/* SPDX-License-Identifier: Apache-2.0 */
/* What librdkafka is told of the settings. */
#include "kafka_config.h"

#include "sv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MESSAGE_MAX_BYTES = 1000000, /* librdkafka's default, a little below a broker's */
    MESSAGE_OVERHEAD_BYTES = 16 << 10,
    TRANSACTION_BYTES = 4 << 20, /* a whole batch, its keys and its positions must find room in the queue */
    SECRET_MIN = 4, /* a shorter secret stands in too many innocent words to be blotted out of them */
};

/* What is set before `properties`, which may say otherwise. */
static const char *const defaults[][2] = {
    {"batch.size", "131072"},
    {"socket.keepalive.enable", "true"},
    {"socket.nagle.disable", "true"},
    /* With librdkafka's jitter of half as much again: records flow within 10 s of a broker's return. */
    {"reconnect.backoff.max.ms", "6000"},
    /* A missing topic is to be reported within seconds; its records are tried again either way. */
    {"topic.metadata.propagation.max.ms", "3000"},
};

/* What no property may change. */
static const char *const fixed[][2] = {
    {"acks", "all"},
    {"enable.idempotence", "true"},
    {"log.queue", "true"},
    {"partitioner", "murmur2_random"},
};

static const char *const fixed_consumer[][2] = {
    {"isolation.level", "read_committed"}, {"enable.partition.eof", "true"},
    {"enable.auto.commit", "false"},       {"log.queue", "false"},
    {"fetch.wait.max.ms", "100"},
};

static const char *const fixed_tls[][2] = {
    {"enable.ssl.certificate.verification", "true"},
    {"ssl.endpoint.identification.algorithm", "https"},
    /* ECDHE with AEAD: suites that no version before TLS 1.2 has. Those of TLS 1.3 are not in this list and
       stay on. */
    {"ssl.cipher.suites", "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                          "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
                          "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"},
};

static bool is_set(const char *s)
{
    return s && *s;
}

/* Properties whose values are secret whatever way they came here. */
static bool is_secret(const struct setting_pair *p)
{
    static const char *const words[] = {"password", "secret", "key.pem", "sasl.oauthbearer.config", "jaas"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(p->key, words[i]))
            return true;
    return p->secret;
}

/* A configuration that is being filled; the first failure sticks. */
struct maker {
    const struct kafka_library *lib;
    rd_kafka_conf_t *conf;
    struct fault *fault;
    bool ok;
};

/* key is the setting that the value came from. librdkafka repeats a value that it does not like: not that of
 * a secret. */
static void put(struct maker *m, const char *key, const char *property, const char *value, bool secret)
{
    char why[256] = "";
    if (!m->ok || m->lib->conf_set(m->conf, property, value, why, sizeof why) == RD_KAFKA_CONF_OK)
        return;
    m->ok = fault_set(m->fault, FAULT_CONFIG, 0, "%s: librdkafka refuses `%s`%s%.140s", key, property,
                      secret ? "" : ": ", secret ? "" : why);
}

static void put_if_set(struct maker *m, const char *key, const char *property, const char *value, bool secret)
{
    if (is_set(value))
        put(m, key, property, value, secret);
}

static void put_number(struct maker *m, const char *key, const char *property, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    put(m, key, property, text, false);
}

static void put_all(struct maker *m, const char *const pairs[][2], size_t count)
{
    for (size_t i = 0; i < count; i++)
        put(m, "kafka", pairs[i][0], pairs[i][1], false);
}

static void put_security(struct maker *m, const struct kafka_config *c)
{
    static const char *const protocols[2][2] = {{"plaintext", "ssl"}, {"sasl_plaintext", "sasl_ssl"}};
    bool sasl = c->sasl_mechanism != KAFKA_SASL_NONE;
    put(m, "tls", "security.protocol", protocols[sasl][c->tls], false);
    if (c->tls) {
        put_all(m, fixed_tls, sizeof fixed_tls / sizeof *fixed_tls);
        put_if_set(m, "ca_file", "ssl.ca.location", c->ca_file, false);
        put_if_set(m, "certificate", "ssl.certificate.location", c->certificate, false);
        put_if_set(m, "key", "ssl.key.location", is_set(c->key) ? c->key : c->certificate, false);
        put_if_set(m, "key_password", "ssl.key.password", c->key_password, true);
    }
    if (sasl) {
        put(m, "sasl_mechanism", "sasl.mechanisms", kafka_sasl_names[c->sasl_mechanism], false);
        put_if_set(m, "username", "sasl.username", c->username, false);
        put_if_set(m, "password", "sasl.password", c->password, true);
    }
}

/* What every client has: whom to talk to and how. `properties` come first: what is fixed comes after them. */
static void put_common(struct maker *m, const struct kafka_config *c, bool transactional)
{
    for (size_t i = 0; i < c->properties.count; i++) {
        const struct setting_pair *p = &c->properties.items[i];
        /* A message in a transaction cannot have longer than the transaction. */
        bool endless =
            strcmp(p->key, "message.timeout.ms") == 0 || strcmp(p->key, "delivery.timeout.ms") == 0;
        if (!transactional || !endless)
            put(m, "properties", p->key, p->value, is_secret(p));
    }
    put(m, "brokers", "bootstrap.servers", c->brokers, false);
    put_if_set(m, "client_id", "client.id", c->client_id, false);
    put_security(m, c);
}

static rd_kafka_conf_t *made(struct maker *m)
{
    if (m->ok)
        return m->conf;
    m->lib->conf_destroy(m->conf);
    return NULL;
}

rd_kafka_conf_t *kafka_config_make(const struct kafka_library *lib, const struct kafka_config *c,
                                   const char *transactional_id, struct fault *f)
{
    struct maker m = {.lib = lib, .conf = lib->conf_new(), .fault = f, .ok = true};
    int64_t queue_bytes = c->queue_bytes;
    if (transactional_id && queue_bytes < TRANSACTION_BYTES)
        queue_bytes = TRANSACTION_BYTES;
    put_all(&m, defaults, sizeof defaults / sizeof *defaults);
    put_common(&m, c, transactional_id != NULL);
    put(&m, "compression", "compression.codec", kafka_compression_names[c->compression], false);
    put_number(&m, "linger", "linger.ms", c->linger_ms);
    put_number(&m, "queue_size", "queue.buffering.max.kbytes", queue_bytes / 1024);
    put_all(&m, fixed, sizeof fixed / sizeof *fixed);
    if (transactional_id) {
        put(&m, "delivery", "transactional.id", transactional_id, false);
        put_number(&m, "delivery", "transaction.timeout.ms", KAFKA_TRANSACTION_TIMEOUT_MS);
    } else {
        put(&m, "kafka", "message.timeout.ms", "0", false);
    }
    return made(&m);
}

rd_kafka_conf_t *kafka_config_make_consumer(const struct kafka_library *lib, const struct kafka_config *c,
                                            struct fault *f)
{
    struct maker m = {.lib = lib, .conf = lib->conf_new(), .fault = f, .ok = true};
    put_common(&m, c, true);
    put_all(&m, fixed_consumer, sizeof fixed_consumer / sizeof *fixed_consumer);
    lib->conf_set_log_cb(m.conf, NULL); /* the producer meets the same brokers and says it */
    return made(&m);
}

size_t kafka_config_max_message(const struct kafka_config *c)
{
    uint64_t max = MESSAGE_MAX_BYTES;
    for (size_t i = 0; i < c->properties.count; i++)
        if (strcmp(c->properties.items[i].key, "message.max.bytes") == 0 &&
            !sv_to_u64(sv_from(c->properties.items[i].value), &max))
            max = MESSAGE_MAX_BYTES;
    return max > 2 * MESSAGE_OVERHEAD_BYTES ? (size_t)max - MESSAGE_OVERHEAD_BYTES : (size_t)max / 2;
}

static void hide(char *text, const char *secret)
{
    size_t n = secret ? strlen(secret) : 0;
    if (n < SECRET_MIN)
        return;
    for (char *at = text; (at = strstr(at, secret)) != NULL; at += n)
        memset(at, '*', n);
}

void kafka_config_hide_secrets(const struct kafka_config *c, char *text)
{
    hide(text, c->password);
    hide(text, c->key_password);
    for (size_t i = 0; i < c->properties.count; i++)
        if (is_secret(&c->properties.items[i]))
            hide(text, c->properties.items[i].value);
}
