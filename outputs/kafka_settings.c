/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of the Kafka sink, and what is wrong with them. */
#include "kafka_config.h"
#include "sv.h"

#include <string.h>

const char *const kafka_compression_names[] = {"lz4", "none", "gzip", "snappy", "zstd", NULL};
static const char *const delivery_names[] = {"at_least_once", "exactly_once", NULL};
const char *const kafka_sasl_names[] = {"none", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "GSSAPI", NULL};

enum {
    QUEUE_BYTES_MIN = 2 << 20, /* above any message: what is larger than the queue would wait for ever */
    QUEUE_BYTES_MAX = 1 << 30,
    LINGER_MS_MAX = 1000, /* a stop waits for it too */
    TOPIC_MAX = 249,      /* org.apache.kafka.common.internals.Topic */
};

#define FIELD(name) offsetof(struct kafka_config, name)

const struct setting kafka_settings[] = {
    {.key = "brokers",
     .type = SETTING_STRING,
     .offset = FIELD(brokers),
     .required = true,
     .help = "First brokers to ask for the cluster, `host:port`, separated by commas."},
    {.key = "topic",
     .type = SETTING_STRING,
     .offset = FIELD(topic),
     .fallback = "msexchange.mapi.limit",
     .help = "Topic that the records go to."},
    {.key = "delivery",
     .type = SETTING_CHOICE,
     .offset = FIELD(delivery),
     .fallback = "at_least_once",
     .choices = delivery_names,
     .help =
         "at_least_once repeats what was in flight when the agent dies; exactly_once delivers records and "
         "positions in transactions, for consumers that read committed data only."},
    {.key = "positions_topic",
     .type = SETTING_STRING,
     .offset = FIELD(positions_topic),
     .fallback = "_mapitail_positions",
     .help = "Topic of the positions of exactly_once, shared by all agents; created, compacted, where it is "
             "missing and the brokers allow it."},
    {.key = "positions_replication",
     .type = SETTING_INT,
     .offset = FIELD(positions_replication),
     .fallback = "0",
     .min = 0,
     .max = 99,
     .help = "Replicas of positions_topic when it is created; 0 is the brokers' default."},
    {.key = "dead_letter_topic",
     .type = SETTING_STRING,
     .offset = FIELD(dead_letter_topic),
     .help = "Topic for records that topic refuses, after they were written to the dead-letter file."},
    {.key = "client_id",
     .type = SETTING_STRING,
     .offset = FIELD(client_id),
     .fallback = "mapitail",
     .help = "Name of this client in the brokers' logs and quotas."},
    {.key = "compression",
     .type = SETTING_CHOICE,
     .offset = FIELD(compression),
     .fallback = "lz4",
     .choices = kafka_compression_names,
     .help = "Compression of record batches."},
    {.key = "linger",
     .type = SETTING_DURATION,
     .offset = FIELD(linger_ms),
     .fallback = "5ms",
     .min = 0,
     .max = LINGER_MS_MAX,
     .help = "How long a batch waits for more records before it is sent."},
    {.key = "queue_size",
     .type = SETTING_SIZE,
     .offset = FIELD(queue_bytes),
     .fallback = "4MiB",
     .min = QUEUE_BYTES_MIN,
     .max = QUEUE_BYTES_MAX,
     .help = "Records in memory that wait for their acknowledgement; reading pauses while it is full."},
    {.key = "tls",
     .type = SETTING_BOOL,
     .offset = FIELD(tls),
     .fallback = "false",
     .help =
         "Encrypts the connection (TLS 1.2 or newer) and verifies the brokers' certificates and host names."},
    {.key = "ca_file",
     .type = SETTING_PATH,
     .offset = FIELD(ca_file),
     .help = "PEM file with the certificate authorities to trust instead of the system's."},
    {.key = "certificate",
     .type = SETTING_PATH,
     .offset = FIELD(certificate),
     .help = "PEM file with this client's certificate and its chain."},
    {.key = "key",
     .type = SETTING_PATH,
     .offset = FIELD(key),
     .help = "PEM file with the private key to certificate; default: the same file."},
    {.key = "key_password",
     .type = SETTING_SECRET,
     .offset = FIELD(key_password),
     .help = "Password of the private key."},
    {.key = "sasl_mechanism",
     .type = SETTING_CHOICE,
     .offset = FIELD(sasl_mechanism),
     .fallback = "none",
     .choices = kafka_sasl_names,
     .help = "How this client proves who it is, beside a certificate."},
    {.key = "username",
     .type = SETTING_STRING,
     .offset = FIELD(username),
     .help = "User name of PLAIN and SCRAM."},
    {.key = "password",
     .type = SETTING_SECRET,
     .offset = FIELD(password),
     .help = "Password of PLAIN and SCRAM."},
    {.key = "properties",
     .type = SETTING_MAP,
     .offset = FIELD(properties),
     .help = "Any other property of librdkafka, by its own name."},
    {.key = NULL},
};

/* A property that is not the user's to set, the only value that it may have, and why. */
struct refusal {
    const char *property;
    const char *allowed; /* NULL: none */
    const char *why;
};

static const struct refusal refusals[] = {
    {"bootstrap.servers", NULL, "use `brokers`"},
    {"metadata.broker.list", NULL, "use `brokers`"},
    {"client.id", NULL, "use `client_id`"},
    {"compression.codec", NULL, "use `compression`"},
    {"compression.type", NULL, "use `compression`"},
    {"linger.ms", NULL, "use `linger`"},
    {"queue.buffering.max.ms", NULL, "use `linger`"},
    {"queue.buffering.max.kbytes", NULL, "use `queue_size`"},
    {"security.protocol", NULL, "use `tls` and `sasl_mechanism`"},
    {"sasl.mechanism", NULL, "use `sasl_mechanism`"},
    {"sasl.mechanisms", NULL, "use `sasl_mechanism`"},
    {"sasl.username", NULL, "use `username`"},
    {"sasl.password", NULL, "use `password`"},
    {"ssl.ca.location", NULL, "use `ca_file`"},
    {"ssl.certificate.location", NULL, "use `certificate`"},
    {"ssl.key.location", NULL, "use `key`"},
    {"ssl.key.password", NULL, "use `key_password`"},
    {"acks", "all", "delivered means that every in-sync replica has the record"},
    {"request.required.acks", "all", "delivered means that every in-sync replica has the record"},
    {"enable.idempotence", "true", "without it a retry can deliver twice or out of order"},
    {"message.timeout.ms", "0", "no record is given up after a time"},
    {"delivery.timeout.ms", "0", "no record is given up after a time"},
    {"retries", NULL, "no record is given up after a number of attempts"},
    {"message.send.max.retries", NULL, "no record is given up after a number of attempts"},
    {"delivery.report.only.error", "false", "positions are saved on delivery reports"},
    {"enable.gapless.guarantee", "false", "one refused record would stop all others"},
    {"partitioner", "murmur2_random", "Java consumers that co-partition rely on it"},
    {"log.queue", "true", "log lines are served in the output's own thread"},
    {"transactional.id", NULL, "use `delivery: exactly_once`"},
    {"transaction.timeout.ms", NULL, "use `delivery: exactly_once`"},
    {"enable.ssl.certificate.verification", "true", "an unverified broker can be anybody"},
    {"ssl.endpoint.identification.algorithm", "https", "an unverified broker can be anybody"},
    {"ssl.cipher.suites", NULL, "the list is what keeps TLS below 1.2 out"},
    {"plugin.library.paths", NULL, "foreign code is not loaded"},
    {"test.mock.num.brokers", NULL, "records would be delivered to nowhere"},
    {"opaque", NULL, "it is not a setting"},
    {"interceptors", NULL, "it is not a setting"},
    {"default_topic_conf", NULL, "it is not a setting"},
};

static bool is_set(const char *s)
{
    return s && *s;
}

static bool check_property(const struct setting_pair *p, struct fault *f)
{
    if (sv_ends(sv_from(p->key), SV("_cb")))
        return fault_set(f, FAULT_CONFIG, 0, "properties: `%s` is not a setting", p->key);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const struct refusal *r = &refusals[i];
        if (strcmp(p->key, r->property) == 0 && !(r->allowed && strcmp(p->value, r->allowed) == 0))
            return fault_set(f, FAULT_CONFIG, 0, "properties: `%s` cannot be set%s%s: %s", p->key,
                             r->allowed ? " to anything but " : "", r->allowed ? r->allowed : "", r->why);
    }
    return true;
}

static bool check_properties(const struct kafka_config *c, struct fault *f)
{
    for (size_t i = 0; i < c->properties.count; i++)
        if (!check_property(&c->properties.items[i], f))
            return false;
    return true;
}

/* host or host:port; the host may be an IPv6 address in brackets. */
static bool broker_is_valid(struct sv broker)
{
    size_t colon = sv_rfind(broker, SV(":"));
    size_t bracket = sv_rfind(broker, SV("]"));
    uint64_t port = 9092;
    if (colon != SV_NPOS && (bracket == SV_NPOS || colon > bracket)) {
        if (!sv_to_u64(sv_slice(broker, colon + 1, broker.n), &port))
            return false;
        broker = sv_slice(broker, 0, colon);
    }
    for (size_t i = 0; i < broker.n; i++)
        if (ascii_is_space(broker.p[i]) || broker.p[i] == '/' || (broker.p[i] == ':' && bracket == SV_NPOS))
            return false;
    return broker.n > 0 && port > 0 && port < 65536;
}

static bool check_brokers(const char *brokers, struct fault *f)
{
    struct sv rest = sv_from(brokers ? brokers : "");
    for (bool more = true; more;) {
        size_t comma = sv_find_char(rest, ',');
        more = comma != SV_NPOS;
        struct sv broker = sv_trim(sv_slice(rest, 0, more ? comma : rest.n));
        if (!broker_is_valid(broker))
            return fault_set(f, FAULT_CONFIG, 0, "brokers: `%.*s` is not host:port%s", SV_ARG(broker),
                             sv_find(broker, SV("://")) != SV_NPOS ? "; `tls: true` chooses encryption" : "");
        rest = sv_slice(rest, more ? comma + 1 : rest.n, rest.n);
    }
    return true;
}

/* key: the setting that names it. */
static bool check_topic(const char *key, const char *topic, struct fault *f)
{
    size_t n = topic ? strlen(topic) : 0;
    bool valid = n > 0 && n <= TOPIC_MAX && strcmp(topic, ".") != 0 && strcmp(topic, "..") != 0;
    for (size_t i = 0; valid && i < n; i++)
        valid = ascii_is_alpha(topic[i]) || ascii_is_digit(topic[i]) || strchr("._-", topic[i]);
    return valid || fault_set(f, FAULT_CONFIG, 0,
                              "%s: `%.60s` is not a topic name: 1 to 249 of a-z, A-Z, 0-9, `.`, `_` and `-`",
                              key, topic ? topic : "");
}

static bool check_topics(const struct kafka_config *c, struct fault *f)
{
    if (!check_topic("topic", c->topic, f))
        return false;
    if (is_set(c->dead_letter_topic) && !check_topic("dead_letter_topic", c->dead_letter_topic, f))
        return false;
    if (c->delivery != KAFKA_EXACTLY_ONCE)
        return true;
    if (!check_topic("positions_topic", c->positions_topic, f))
        return false;
    return strcmp(c->positions_topic, c->topic) != 0 ||
           fault_set(f, FAULT_CONFIG, 0, "positions_topic: must not be the topic of the records");
}

static bool check_tls(const struct kafka_config *c, struct fault *f)
{
    if (!c->tls && is_set(c->ca_file))
        return fault_set(f, FAULT_CONFIG, 0, "ca_file: has no effect without `tls: true`");
    if (!c->tls && is_set(c->certificate))
        return fault_set(f, FAULT_CONFIG, 0, "certificate: has no effect without `tls: true`");
    if (is_set(c->key) && !is_set(c->certificate))
        return fault_set(f, FAULT_CONFIG, 0, "key: needs certificate");
    if (is_set(c->key_password) && !is_set(c->certificate))
        return fault_set(f, FAULT_CONFIG, 0, "key_password: needs certificate");
    return true;
}

static bool check_sasl(const struct kafka_config *c, struct fault *f)
{
    bool by_password = c->sasl_mechanism == KAFKA_SASL_PLAIN || c->sasl_mechanism == KAFKA_SASL_SCRAM_256 ||
                       c->sasl_mechanism == KAFKA_SASL_SCRAM_512;
    if (by_password && !is_set(c->username))
        return fault_set(f, FAULT_CONFIG, 0, "username: is needed by sasl_mechanism %s",
                         kafka_sasl_names[c->sasl_mechanism]);
    if (by_password && !is_set(c->password))
        return fault_set(f, FAULT_CONFIG, 0, "password: is needed by sasl_mechanism %s",
                         kafka_sasl_names[c->sasl_mechanism]);
    if (!by_password && (is_set(c->username) || is_set(c->password)))
        return fault_set(f, FAULT_CONFIG, 0, "username: has no effect with sasl_mechanism %s",
                         kafka_sasl_names[c->sasl_mechanism]);
    if (c->sasl_mechanism == KAFKA_SASL_PLAIN && !c->tls)
        return fault_set(f, FAULT_CONFIG, 0,
                         "sasl_mechanism: PLAIN sends the password in clear text; it needs `tls: true`");
    return true;
}

bool kafka_config_validate(const struct kafka_config *c, struct fault *f)
{
    if (!check_brokers(c->brokers, f) || !check_topics(c, f) || !check_tls(c, f) || !check_sasl(c, f) ||
        !check_properties(c, f))
        return false;
    struct kafka_library lib;
    if (!kafka_library_load(&lib, NULL))
        return true; /* it is open that says so */
    rd_kafka_conf_t *conf = kafka_config_make(&lib, c, NULL, f);
    if (conf)
        lib.conf_destroy(conf);
    return conf != NULL;
}
