/* SPDX-License-Identifier: Apache-2.0 */
/* One producer of librdkafka and everything that it has to tell. */
#include "kafka_client.h"

#include "os_clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    PAUSE_MIN_MS = 1000,
    PAUSE_MAX_MS = 30000,
    TOPIC_ANSWER_MS =
        300, /* how long a broker's word on the topic is awaited before it is produced to again */
    TEXT_MAX = 480,
};

/* --- saying --- */

void kafka_client_say(struct kafka_client *c, enum notice_level level, const char *format, ...)
{
    char text[TEXT_MAX + 40];
    unsigned held;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, TEXT_MAX, format, args);
    va_end(args);
    kafka_config_hide_secrets(c->config, text);
    for (char *at = text; *at;
         at++) /* brokers word some of these texts: they must not break a line of the log */
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = ' ';
    if (n < 0 || c->checking || !notice_limit_passes(&c->limit, text, os_monotonic_ms(), &held))
        return;
    n = (int)strlen(text);
    if (held)
        snprintf(text + n, sizeof text - (size_t)n, " (%u times since it was last said)", held);
    c->host.notice(c->host.ctx, level, text);
}

/*
 * What kind of error it is. A peer that ends the connection in the TLS handshake, such as a port without TLS,
 * is a transport error to librdkafka; only its words tell the state of the connection.
 */
static enum fault_code fault_code_of(rd_kafka_resp_err_t err, const char *reason)
{
    switch ((int)err) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
        return strstr(reason, "state SSL_HANDSHAKE") ? FAULT_TLS : FAULT_CONNECT;
    case RD_KAFKA_RESP_ERR__SSL:
        return FAULT_TLS;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
        return FAULT_AUTH;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return FAULT_REFUSED;
    default:
        return FAULT_CONNECT;
    }
}

/* What check is to tell. A refusal is not overwritten by what follows from it: connections that end. */
static void remember_error(struct kafka_client *c, rd_kafka_resp_err_t err, const char *reason)
{
    enum fault_code kind = fault_code_of(err, reason);
    if (kind == FAULT_CONNECT && c->last.code != FAULT_NONE && c->last.code != FAULT_CONNECT)
        return;
    fault_set(&c->last, kind, 0, "%.200s", reason);
    kafka_config_hide_secrets(c->config, c->last.text);
}

/* What a transaction came to is told by the call that awaits it. */
static void serve_fatal_error(struct kafka_client *c)
{
    char text[TEXT_MAX];
    rd_kafka_resp_err_t err = c->lib.fatal_error(c->producer, text, sizeof text);
    c->fatal = true;
    if (!c->transactional_id)
        kafka_client_say(c, NOTICE_ERROR, "the producer failed and is started anew: %s: %s",
                         c->lib.err2str(err), text);
}

/* Brokers close idle connections every ten minutes: no news. A broker that is lost shows when it is needed.
 */
static bool is_idle_close(const struct kafka_client *c, rd_kafka_resp_err_t err, const char *reason)
{
    return err == RD_KAFKA_RESP_ERR__TRANSPORT && c->queued == 0 && strstr(reason, "in state UP");
}

/* Errors that are no record's: connections, authentication, the producer as a whole. */
static void serve_error(struct kafka_client *c, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t err = c->lib.event_error(event);
    const char *reason = c->lib.event_error_string(event);
    if (c->lib.event_error_is_fatal(event)) {
        serve_fatal_error(c);
        return;
    }
    if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        c->troubled = c->brokers_down = true;
        kafka_client_say(c, NOTICE_ERROR, "no broker can be reached; records are kept and sent later");
        return;
    }
    if (is_idle_close(c, err, reason))
        return;
    remember_error(c, err, reason);
    kafka_client_say(c, fault_code_of(err, reason) == FAULT_CONNECT ? NOTICE_WARNING : NOTICE_ERROR, "%s",
                     reason);
}

/*
 * A transaction that can only be aborted any more shows itself in delivery reports or, where no message is to
 * blame, in this line alone: without it the messages would sit in the queue until their time is out.
 */
static void serve_log(struct kafka_client *c, rd_kafka_event_t *event)
{
    const char *facility, *text;
    int level; /* syslog's */
    if (c->lib.event_log(event, &facility, &text, &level) != 0)
        return;
    c->transaction_failed = c->transaction_failed || strcmp(facility, "TXNERR") == 0;
    if (strcmp(facility, "FAIL") == 0)
        return; /* a failed connection is an error event as well */
    kafka_client_say(c,
                     level <= 3   ? NOTICE_ERROR
                     : level == 4 ? NOTICE_WARNING
                                  : NOTICE_INFO,
                     "librdkafka %s: %s", facility, text);
}

static void serve_reports(struct kafka_client *c, rd_kafka_event_t *event)
{
    for (const rd_kafka_message_t *m; (m = c->lib.event_message_next(event)) != NULL;) {
        if (!m->_private)
            continue; /* not one of kafka_client_produce */
        c->queued--;
        c->on_report(c->report_ctx, m);
    }
}

bool kafka_client_serve_one(struct kafka_client *c, int timeout_ms)
{
    rd_kafka_event_t *event = c->lib.queue_poll(c->events, timeout_ms);
    if (!event)
        return false;
    switch (c->lib.event_type(event)) {
    case RD_KAFKA_EVENT_DR:
        serve_reports(c, event);
        break;
    case RD_KAFKA_EVENT_ERROR:
        serve_error(c, event);
        break;
    case RD_KAFKA_EVENT_LOG:
        serve_log(c, event);
        break;
    default:
        break;
    }
    c->lib.event_destroy(event);
    return true;
}

void kafka_client_serve(struct kafka_client *c, int timeout_ms)
{
    while (kafka_client_serve_one(c, timeout_ms))
        timeout_ms = 0;
}

/* --- trouble and its end --- */

enum kafka_verdict kafka_judge(rd_kafka_resp_err_t err)
{
    switch ((int)err) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
        return KAFKA_RECORD_REFUSED;
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
    case RD_KAFKA_RESP_ERR__DESTROY:
    case RD_KAFKA_RESP_ERR__FATAL:
        return KAFKA_GIVE_BACK;
    default:
        return KAFKA_AGAIN;
    }
}

void kafka_client_pause(struct kafka_client *c)
{
    int64_t now = os_monotonic_ms();
    if (now < c->resume_ms)
        return;
    c->pause_ms = c->pause_ms ? c->pause_ms * 2 : PAUSE_MIN_MS;
    if (c->pause_ms > PAUSE_MAX_MS)
        c->pause_ms = PAUSE_MAX_MS;
    uint16_t random;
    os_random(&random, sizeof random);
    c->resume_ms = now + c->pause_ms - random % (c->pause_ms / 4);
}

bool kafka_client_is_pausing(struct kafka_client *c)
{
    if (c->resume_ms && os_monotonic_ms() >= c->resume_ms)
        c->resume_ms = 0; /* the clock is not asked again for each record */
    return c->resume_ms != 0;
}

void kafka_client_trouble(struct kafka_client *c, rd_kafka_resp_err_t err)
{
    c->trouble = err;
    c->topic_doubtful = true;
    kafka_client_pause(c);
}

void kafka_client_say_trouble(struct kafka_client *c)
{
    if (!c->trouble)
        return;
    c->troubled = true;
    kafka_client_say(c, NOTICE_ERROR, "topic %s: %s; records are kept and sent again", c->config->topic,
                     c->lib.err2str(c->trouble));
    c->trouble = RD_KAFKA_RESP_ERR_NO_ERROR;
}

void kafka_client_delivered(struct kafka_client *c)
{
    c->pause_ms = 0;
    c->last.code = FAULT_NONE;
    if (c->troubled)
        kafka_client_say(c, NOTICE_INFO, "topic %s: records are delivered again", c->config->topic);
    else if (!c->ever_delivered)
        kafka_client_say(c, NOTICE_INFO, "topic %s: the first records are delivered", c->config->topic);
    c->ever_delivered = true;
    c->troubled = c->brokers_down = false;
}

/* The answer goes to librdkafka's own threads; ours only leaves it the time to come. */
void kafka_client_refresh_topic(struct kafka_client *c)
{
    int64_t now = os_monotonic_ms();
    if (!c->topic_doubtful || !c->producer || now < c->resume_ms)
        return;
    const struct rd_kafka_metadata *metadata = NULL;
    if (c->lib.metadata(c->producer, 0, c->topic, &metadata, 1) == RD_KAFKA_RESP_ERR_NO_ERROR)
        c->lib.metadata_destroy(metadata);
    c->topic_doubtful = false;
    c->resume_ms = now + TOPIC_ANSWER_MS;
}

/* --- producing --- */

/* librdkafka reads these bytes and never writes them: without RD_KAFKA_MSG_F_FREE they stay ours. */
static void *lend(const char *p)
{
    return (void *)(uintptr_t)(p ? p : "");
}

static rd_kafka_headers_t *make_headers(struct kafka_client *c, const struct sink_item *item)
{
    rd_kafka_headers_t *headers = c->lib.headers_new(item->header_count);
    for (size_t i = 0; i < item->header_count; i++) {
        const struct sink_header *h = &item->headers[i];
        c->lib.header_add(headers, h->name, -1, h->value.p, (ssize_t)h->value.n);
    }
    return headers;
}

/* What there is always: where to, what, and how it is lent. */
static size_t put_body(rd_kafka_vu_t *vu, const struct kafka_message *m)
{
    size_t n = 0;
    vu[n].vtype = RD_KAFKA_VTYPE_RKT;
    vu[n++].u.rkt = m->topic;
    vu[n].vtype = RD_KAFKA_VTYPE_OPAQUE;
    vu[n++].u.ptr = m->opaque;
    vu[n].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    vu[n++].u.i = m->copy ? RD_KAFKA_MSG_F_COPY : 0;
    vu[n].vtype = RD_KAFKA_VTYPE_VALUE;
    vu[n].u.mem.ptr = sv_absent(m->item->body) ? NULL : lend(m->item->body.p);
    vu[n++].u.mem.size = m->item->body.n;
    return n;
}

rd_kafka_resp_err_t kafka_client_produce(struct kafka_client *c, const struct kafka_message *m)
{
    const struct sink_item *item = m->item;
    rd_kafka_headers_t *headers = item->header_count ? make_headers(c, item) : NULL;
    rd_kafka_vu_t vu[7];
    size_t n = put_body(vu, m);
    if (!sv_absent(item->key)) {
        vu[n].vtype = RD_KAFKA_VTYPE_KEY;
        vu[n].u.mem.ptr = lend(item->key.p);
        vu[n++].u.mem.size = item->key.n;
    }
    if (item->time_ms > 0) {
        vu[n].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
        vu[n++].u.i64 = item->time_ms;
    }
    if (headers) {
        vu[n].vtype = RD_KAFKA_VTYPE_HEADERS;
        vu[n++].u.headers = headers;
    }
    rd_kafka_error_t *error = c->lib.produceva(c->producer, vu, n);
    if (!error) {
        c->queued++;
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    rd_kafka_resp_err_t err = c->lib.error_code(error);
    c->lib.error_destroy(error);
    if (headers) /* ours again: they change hands on success only */
        c->lib.headers_destroy(headers);
    return err;
}

rd_kafka_topic_t *kafka_client_topic_of(const struct kafka_client *c, const struct sink_item *item)
{
    return item->is_dead_letter && c->dead_letter_topic ? c->dead_letter_topic : c->topic;
}

/* --- the producer's life --- */

bool kafka_client_start(struct kafka_client *c, struct fault *f)
{
    char why[200];
    rd_kafka_conf_t *conf = kafka_config_make(&c->lib, c->config, c->transactional_id, f);
    if (!conf)
        return false;
    c->lib.conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
    c->producer = c->lib.new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!c->producer) {
        c->lib.conf_destroy(conf);
        fault_set(f, FAULT_CONFIG, 0, "librdkafka: %s", why);
        if (f)
            kafka_config_hide_secrets(c->config, f->text);
        return false;
    }
    c->lib.set_log_queue(c->producer, NULL); /* to the main queue */
    c->events = c->lib.queue_get_main(c->producer);
    c->topic = c->lib.topic_new(c->producer, c->config->topic, NULL);
    if (c->config->dead_letter_topic && *c->config->dead_letter_topic)
        c->dead_letter_topic = c->lib.topic_new(c->producer, c->config->dead_letter_topic, NULL);
    c->fatal = c->topic_doubtful = false;
    return true;
}

bool kafka_client_open(struct kafka_client *c, struct fault *f)
{
    notice_limit_init(&c->limit);
    return kafka_library_load(&c->lib, f) && kafka_client_start(c, f);
}

void kafka_client_stop(struct kafka_client *c, int64_t until_ms, struct os_thread *caller,
                       void (*last_words)(void *ctx), void *ctx)
{
    c->lib.purge(c->producer,
                 RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    for (int64_t now; c->queued > 0 && (now = os_monotonic_ms()) < until_ms;)
        kafka_client_serve(c, (int)(until_ms - now));
    c->lib.topic_destroy(c->topic);
    if (c->dead_letter_topic)
        c->lib.topic_destroy(c->dead_letter_topic);
    c->lib.queue_destroy(c->events);
    c->farewell = kafka_farewell_begin(&c->lib, c->producer, caller, last_words, ctx);
    c->producer = NULL;
    c->topic = c->dead_letter_topic = NULL;
}
