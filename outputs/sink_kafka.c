/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records to a Kafka topic: idempotent producer, acks=all, delivered when the delivery report says so.
 *
 * librdkafka sends, retries and reconnects in threads of its own; all that it has to tell (delivery reports,
 * errors, log lines) comes through its queue and is served in poll, flush and close only. Bodies are lent to
 * it without copy: a batch is given back after the last of its reports, or after the producer is gone.
 *
 * What becomes of a record that librdkafka hands back undelivered:
 *   - refused for what it is (too large, invalid): brokers refuse whole batches, so it is sent once more
 * alone, and rejected if it is refused again;
 *   - anything else (no such topic, not authorized, …) is somebody's to repair: it is sent again after a
 * growing pause, before any newer record, and said through notice;
 *   - a fatal error of the producer, or close: given back as RETRY.
 */
#include "kafka_config.h"
#include "notice_limit.h"
#include "os_clock.h"
#include "os_thread.h"
#include "sink.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAUSE_MIN_MS = 1000,
    PAUSE_MAX_MS = 30000,
    TOPIC_ANSWER_MS =
        300,             /* how long a broker's word on the topic is awaited before it is produced to again */
    STOP_DRAIN_MS = 200, /* how long purged records take to come back */
    FATAL_DRAIN_MS = 2000,   /* how long a failed producer may still report what it had in flight */
    CHECK_SLICE_MS = 250,    /* how long one question of check blocks */
    CHECK_EARLY_MS = 1000,   /* how long another broker may still answer when one refused */
    CHECK_MISSING_MS = 1500, /* how long check waits for a topic that the broker may just be creating */
    TEXT_MAX = 480,
};

/* One record and where it stands. It is librdkafka's message opaque while the record is queued there. */
struct slot {
    struct lent *lent;
    struct sink_item *item;
    struct slot *next; /* in a line of those to be produced */
    bool alone;        /* was refused in company: is to be the only message of its batch */
};

/* One batch that the pipeline lent. */
struct lent {
    struct sink_batch *batch;
    struct lent *next, *previous; /* in sink.lent, or next only in sink.finished */
    size_t open;                  /* slots without a result */
    struct slot slots[];
};

/* Slots in the order in which they are to be produced. */
struct line {
    struct slot *first, *last;
};

/* A producer on its way out, in a thread of its own: librdkafka may sit in the resolver for longer than we
 * may wait. */
struct farewell {
    struct kafka_library lib;
    rd_kafka_t *producer;
    struct os_thread *thread;
    struct farewell *next; /* in left_behind */
    atomic_bool gone;
};

/* Those that did not go in time. Later ones look after them, so that a stuck resolver costs a thread and no
 * leak. */
static _Atomic(struct farewell *) left_behind;

struct sink {
    struct kafka_library lib;
    const struct kafka_config *config;
    struct sink_host host;
    rd_kafka_t *producer; /* NULL between a fatal error and the next attempt */
    rd_kafka_topic_t *topic;
    rd_kafka_queue_t *events;
    struct farewell *farewell;
    struct lent *lent;     /* batches with open slots */
    struct lent *finished; /* batches to be given back */
    struct line again;     /* handed back by librdkafka, before anything newer */
    struct line waiting;   /* never produced: the queue was full */
    size_t queued;         /* slots with librdkafka, whose reports are to come */
    bool isolating;        /* the one that is queued is to stay alone */
    int64_t resume_ms;     /* produce nothing before; 0: no pause */
    int pause_ms;          /* the latest pause; 0 after a success */
    bool topic_doubtful;   /* ask for its metadata again before producing */
    bool troubled;         /* nothing could be delivered, since the last delivery */
    bool ever_delivered;
    bool brokers_down; /* all of them, since the last delivery */
    bool checking;     /* errors are check's to report, not the log's */
    bool fatal;
    int64_t fatal_until_ms;
    rd_kafka_resp_err_t trouble; /* of records, to be said in poll */
    struct fault last;           /* latest error of a connection, for check */
    struct notice_limit limit;
};

/* --- saying --- */

__attribute__((format(__printf__, 3, 4))) static void say(struct sink *s, enum notice_level level,
                                                          const char *format, ...)
{
    char text[TEXT_MAX + 40];
    unsigned held;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, TEXT_MAX, format, args);
    va_end(args);
    kafka_config_hide_secrets(s->config, text);
    for (char *c = text; *c;
         c++) /* brokers word some of these texts: they must not break a line of the log */
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    if (n < 0 || s->checking || !notice_limit_passes(&s->limit, text, os_monotonic_ms(), &held))
        return;
    n = (int)strlen(text);
    if (held)
        snprintf(text + n, sizeof text - (size_t)n, " (%u times since it was last said)", held);
    s->host.notice(s->host.ctx, level, text);
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
static void remember_error(struct sink *s, rd_kafka_resp_err_t err, const char *reason)
{
    enum fault_code kind = fault_code_of(err, reason);
    if (kind == FAULT_CONNECT && s->last.code != FAULT_NONE && s->last.code != FAULT_CONNECT)
        return;
    fault_set(&s->last, kind, 0, "%.200s", reason);
    kafka_config_hide_secrets(s->config, s->last.text);
}

static void serve_fatal_error(struct sink *s)
{
    char text[TEXT_MAX];
    rd_kafka_resp_err_t err = s->lib.fatal_error(s->producer, text, sizeof text);
    if (!s->fatal)
        s->fatal_until_ms = os_monotonic_ms() + FATAL_DRAIN_MS;
    s->fatal = true;
    say(s, NOTICE_ERROR, "the producer failed and is started anew: %s: %s", s->lib.err2str(err), text);
}

/* Brokers close idle connections every ten minutes: no news. A broker that is lost shows when it is needed.
 */
static bool is_idle_close(const struct sink *s, rd_kafka_resp_err_t err, const char *reason)
{
    return err == RD_KAFKA_RESP_ERR__TRANSPORT && s->queued == 0 && strstr(reason, "in state UP");
}

/* Errors that are no record's: connections, authentication, the producer as a whole. */
static void serve_error(struct sink *s, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t err = s->lib.event_error(event);
    const char *reason = s->lib.event_error_string(event);
    if (s->lib.event_error_is_fatal(event)) {
        serve_fatal_error(s);
        return;
    }
    if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        s->troubled = s->brokers_down = true;
        say(s, NOTICE_ERROR, "no broker can be reached; records are kept and sent later");
        return;
    }
    if (is_idle_close(s, err, reason))
        return;
    remember_error(s, err, reason);
    say(s, fault_code_of(err, reason) == FAULT_CONNECT ? NOTICE_WARNING : NOTICE_ERROR, "%s", reason);
}

static void serve_log(struct sink *s, rd_kafka_event_t *event)
{
    const char *facility, *text;
    int level; /* syslog's */
    /* A failed connection is logged and is an error event as well. */
    if (s->lib.event_log(event, &facility, &text, &level) == 0 && strcmp(facility, "FAIL") != 0)
        say(s,
            level <= 3   ? NOTICE_ERROR
            : level == 4 ? NOTICE_WARNING
                         : NOTICE_INFO,
            "librdkafka %s: %s", facility, text);
}

/* --- lines and results --- */

static void line_push(struct line *line, struct slot *slot)
{
    slot->next = NULL;
    if (line->last)
        line->last->next = slot;
    else
        line->first = slot;
    line->last = slot;
}

static struct slot *line_pop(struct line *line)
{
    struct slot *slot = line->first;
    line->first = slot->next;
    if (!line->first)
        line->last = NULL;
    return slot;
}

static void lent_link(struct sink *s, struct lent *lent)
{
    lent->previous = NULL;
    lent->next = s->lent;
    if (s->lent)
        s->lent->previous = lent;
    s->lent = lent;
}

static void lent_unlink(struct sink *s, struct lent *lent)
{
    if (lent->previous)
        lent->previous->next = lent->next;
    else
        s->lent = lent->next;
    if (lent->next)
        lent->next->previous = lent->previous;
}

static void finish(struct sink *s, struct lent *lent)
{
    lent_unlink(s, lent);
    lent->next = s->finished;
    s->finished = lent;
}

/* The slot has its result; the batch is given back, in poll, with the last of them. */
static void settle(struct sink *s, struct slot *slot, enum item_result result, const char *reason)
{
    struct lent *lent = slot->lent;
    slot->item->result = result;
    slot->item->reason = reason;
    if (--lent->open == 0)
        finish(s, lent);
}

/* done may submit again: the list is taken apart one by one. */
static int give_back(struct sink *s)
{
    int given = 0;
    for (struct lent *lent; (lent = s->finished) != NULL; given++) {
        s->finished = lent->next;
        struct sink_batch *batch = lent->batch;
        free(lent);
        s->host.done(s->host.ctx, batch);
    }
    return given;
}

/* Everything that has no result yet is to be submitted again. Only when no producer refers to it any more. */
static void settle_rest(struct sink *s)
{
    s->again = s->waiting = (struct line){NULL, NULL};
    s->queued = 0;
    s->isolating = false;
    while (s->lent) {
        struct lent *lent = s->lent;
        for (size_t i = 0, n = lent->batch->count; i < n && s->lent == lent; i++)
            if (lent->slots[i].item->result == ITEM_PENDING)
                settle(s, &lent->slots[i], ITEM_RETRY, NULL);
    }
}

/* --- what becomes of a record that was not delivered --- */

enum verdict { VERDICT_AGAIN, VERDICT_RECORD_REFUSED, VERDICT_GIVE_BACK };

static enum verdict judge(rd_kafka_resp_err_t err)
{
    switch ((int)err) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
        return VERDICT_RECORD_REFUSED;
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
    case RD_KAFKA_RESP_ERR__DESTROY:
    case RD_KAFKA_RESP_ERR__FATAL:
        return VERDICT_GIVE_BACK;
    default:
        return VERDICT_AGAIN;
    }
}

/* Waits double up to their limit and start over after a delivery; the jitter keeps many agents from coming
 * back as one. */
static void pause_producing(struct sink *s)
{
    int64_t now = os_monotonic_ms();
    if (now < s->resume_ms)
        return;
    s->pause_ms = s->pause_ms ? s->pause_ms * 2 : PAUSE_MIN_MS;
    if (s->pause_ms > PAUSE_MAX_MS)
        s->pause_ms = PAUSE_MAX_MS;
    uint16_t random;
    os_random(&random, sizeof random);
    s->resume_ms = now + s->pause_ms - random % (s->pause_ms / 4);
}

/* Nothing of the topic can be produced for now. Said in poll, because submit may come here. */
static void trouble(struct sink *s, rd_kafka_resp_err_t err)
{
    s->trouble = err;
    s->topic_doubtful = true;
    pause_producing(s);
}

/* A report of a record that did not arrive. */
static void not_delivered(struct sink *s, struct slot *slot, rd_kafka_resp_err_t err)
{
    enum verdict verdict = judge(err);
    if (verdict == VERDICT_GIVE_BACK) {
        settle(s, slot, ITEM_RETRY, NULL);
    } else if (verdict == VERDICT_RECORD_REFUSED && slot->alone) {
        settle(s, slot, ITEM_REJECTED, s->lib.err2str(err));
    } else if (verdict == VERDICT_RECORD_REFUSED) {
        slot->alone = true;
        line_push(&s->again, slot);
    } else {
        line_push(&s->again, slot);
        trouble(s, err);
    }
}

static void delivered(struct sink *s, struct slot *slot)
{
    settle(s, slot, ITEM_DELIVERED, NULL);
    s->pause_ms = 0;
    s->last.code = FAULT_NONE;
    if (s->troubled)
        say(s, NOTICE_INFO, "topic %s: records are delivered again", s->config->topic);
    else if (!s->ever_delivered)
        say(s, NOTICE_INFO, "topic %s: the first records are delivered", s->config->topic);
    s->ever_delivered = true;
    s->troubled = s->brokers_down = false;
}

static void serve_reports(struct sink *s, rd_kafka_event_t *event)
{
    for (const rd_kafka_message_t *m; (m = s->lib.event_message_next(event)) != NULL;) {
        struct slot *slot = m->_private;
        s->queued--;
        if (slot->alone)
            s->isolating = false;
        if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
            delivered(s, slot);
        else
            not_delivered(s, slot, m->err);
    }
}

/* Serves the next thing that librdkafka has to tell; false when there was none within timeout_ms. */
static bool serve_one(struct sink *s, int timeout_ms)
{
    rd_kafka_event_t *event = s->lib.queue_poll(s->events, timeout_ms);
    if (!event)
        return false;
    switch (s->lib.event_type(event)) {
    case RD_KAFKA_EVENT_DR:
        serve_reports(s, event);
        break;
    case RD_KAFKA_EVENT_ERROR:
        serve_error(s, event);
        break;
    case RD_KAFKA_EVENT_LOG:
        serve_log(s, event);
        break;
    default:
        break;
    }
    s->lib.event_destroy(event);
    return true;
}

/* Serves all there is, waiting up to timeout_ms for the first of it. */
static void serve(struct sink *s, int timeout_ms)
{
    while (serve_one(s, timeout_ms))
        timeout_ms = 0;
}

static void say_trouble(struct sink *s)
{
    if (!s->trouble)
        return;
    s->troubled = true;
    say(s, NOTICE_ERROR, "topic %s: %s; records are kept and sent again", s->config->topic,
        s->lib.err2str(s->trouble));
    s->trouble = RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* --- producing --- */

/* librdkafka reads these bytes and never writes them: without RD_KAFKA_MSG_F_FREE they stay ours. */
static void *lend(const char *p)
{
    return (void *)(uintptr_t)(p ? p : "");
}

static rd_kafka_headers_t *make_headers(struct sink *s, const struct sink_item *item)
{
    rd_kafka_headers_t *headers = s->lib.headers_new(item->header_count);
    for (size_t i = 0; i < item->header_count; i++) {
        const struct sink_header *h = &item->headers[i];
        s->lib.header_add(headers, h->name, -1, h->value.p, (ssize_t)h->value.n);
    }
    return headers;
}

static rd_kafka_resp_err_t produce(struct sink *s, struct slot *slot)
{
    const struct sink_item *item = slot->item;
    rd_kafka_headers_t *headers = item->header_count ? make_headers(s, item) : NULL;
    rd_kafka_vu_t vu[6];
    size_t n = 0;
    vu[n].vtype = RD_KAFKA_VTYPE_RKT;
    vu[n++].u.rkt = s->topic;
    vu[n].vtype = RD_KAFKA_VTYPE_OPAQUE;
    vu[n++].u.ptr = slot;
    vu[n].vtype = RD_KAFKA_VTYPE_VALUE;
    vu[n].u.mem.ptr = lend(item->body.p);
    vu[n++].u.mem.size = item->body.n;
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
    rd_kafka_error_t *error = s->lib.produceva(s->producer, vu, n);
    if (!error)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t err = s->lib.error_code(error);
    s->lib.error_destroy(error);
    if (headers) /* ours again: they change hands on success only */
        s->lib.headers_destroy(headers);
    return err;
}

/*
 * A topic that was found missing or closed to us is not looked at again for minutes by librdkafka itself. The
 * answer goes to its own threads; ours only leaves it the time to come before it produces again.
 */
static void refresh_topic(struct sink *s)
{
    int64_t now = os_monotonic_ms();
    if (!s->topic_doubtful || !s->producer || now < s->resume_ms)
        return;
    const struct rd_kafka_metadata *metadata = NULL;
    if (s->lib.metadata(s->producer, 0, s->topic, &metadata, 1) == RD_KAFKA_RESP_ERR_NO_ERROR)
        s->lib.metadata_destroy(metadata);
    s->topic_doubtful = false;
    s->resume_ms = now + TOPIC_ANSWER_MS;
}

static bool may_produce(struct sink *s)
{
    if (s->resume_ms && os_monotonic_ms() >= s->resume_ms)
        s->resume_ms = 0; /* the clock is not asked again for each record */
    return s->producer && !s->fatal && !s->isolating && !s->resume_ms;
}

static void produce_lines(struct sink *s)
{
    while ((s->again.first || s->waiting.first) && may_produce(s)) {
        struct line *line = s->again.first ? &s->again : &s->waiting;
        struct slot *slot = line->first;
        if (slot->alone && s->queued > 0)
            return;
        rd_kafka_resp_err_t err = produce(s, slot);
        if (err == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            return;
        if (err != RD_KAFKA_RESP_ERR_NO_ERROR && judge(err) == VERDICT_AGAIN) {
            trouble(s, err); /* and it stays in its place */
            return;
        }
        line_pop(line);
        if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            s->queued++;
            s->isolating = slot->alone;
        } else { /* by the client, which looks at one record at a time: no other is to blame */
            bool refused = judge(err) == VERDICT_RECORD_REFUSED;
            settle(s, slot, refused ? ITEM_REJECTED : ITEM_RETRY, refused ? s->lib.err2str(err) : NULL);
        }
    }
}

static bool kafka_submit(struct sink *s, struct sink_batch *batch)
{
    if (s->again.first || s->waiting.first || !may_produce(s))
        return false;
    struct lent *lent = malloc(sizeof *lent + batch->count * sizeof lent->slots[0]);
    if (!lent)
        return false;
    lent->batch = batch;
    lent->open = batch->count;
    batch->sink_private = lent;
    lent_link(s, lent);
    for (size_t i = 0; i < batch->count; i++) {
        lent->slots[i] = (struct slot){.lent = lent, .item = &batch->items[i]};
        batch->items[i].result = ITEM_PENDING;
        batch->items[i].reason = NULL;
        line_push(&s->waiting, &lent->slots[i]);
    }
    if (batch->count == 0)
        finish(s, lent);
    produce_lines(s);
    return true;
}

/* --- the producer's life --- */

static bool producer_start(struct sink *s, struct fault *f)
{
    char why[200];
    rd_kafka_conf_t *conf = kafka_config_make(&s->lib, s->config, f);
    if (!conf)
        return false;
    s->lib.conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
    s->producer = s->lib.new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!s->producer) {
        s->lib.conf_destroy(conf);
        fault_set(f, FAULT_CONFIG, 0, "librdkafka: %s", why);
        if (f)
            kafka_config_hide_secrets(s->config, f->text);
        return false;
    }
    s->lib.set_log_queue(s->producer, NULL); /* to the main queue */
    s->events = s->lib.queue_get_main(s->producer);
    s->topic = s->lib.topic_new(s->producer, s->config->topic, NULL);
    return true;
}

static void farewell_run(void *ctx)
{
    struct farewell *bye = ctx;
    bye->lib.destroy_flags(bye->producer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    atomic_store(&bye->gone, true);
}

static bool farewell_ended(struct farewell *bye)
{
    if (!atomic_load(&bye->gone))
        return false;
    os_thread_join(bye->thread);
    free(bye);
    return true;
}

static void leave_behind(struct farewell *bye)
{
    bye->next = atomic_load(&left_behind);
    while (!atomic_compare_exchange_weak(&left_behind, &bye->next, bye)) {
    }
}

static void look_after_left_behind(void)
{
    for (struct farewell *next, *bye = atomic_exchange(&left_behind, NULL); bye; bye = next) {
        next = bye->next;
        if (!farewell_ended(bye))
            leave_behind(bye);
    }
}

/* True when no producer of this sink is on its way out any more. */
static bool farewell_wait(struct sink *s, int64_t until_ms)
{
    int wait_ms = 1;
    while (s->farewell && !farewell_ended(s->farewell)) {
        if (os_monotonic_ms() >= until_ms)
            return false;
        os_sleep_ms(wait_ms);
        wait_ms = wait_ms < 16 ? wait_ms * 2 : wait_ms;
    }
    s->farewell = NULL;
    return true;
}

/* Takes back what is queued, listens to the last reports until until_ms and lets the producer go. */
static void producer_stop(struct sink *s, int64_t until_ms)
{
    s->lib.purge(s->producer,
                 RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    for (int64_t now; s->queued > 0 && (now = os_monotonic_ms()) < until_ms;)
        serve(s, (int)(until_ms - now));
    s->lib.topic_destroy(s->topic);
    s->lib.queue_destroy(s->events);
    struct farewell *bye = malloc(sizeof *bye);
    if (bye) {
        *bye = (struct farewell){.lib = s->lib, .producer = s->producer};
        atomic_init(&bye->gone, false);
        bye->thread = os_thread_start(farewell_run, bye);
    }
    if (bye && bye->thread) {
        s->farewell = bye;
    } else {
        free(bye);
        s->lib.destroy_flags(s->producer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
    s->producer = NULL;
}

/* After a fatal error: the old producer leaves, its records are given back, a new one starts after a pause.
 */
static void mind_producer(struct sink *s)
{
    int64_t now = os_monotonic_ms();
    if (s->producer && s->fatal && (s->queued == 0 || now >= s->fatal_until_ms)) {
        producer_stop(s, now + STOP_DRAIN_MS);
        pause_producing(s);
    }
    if (s->producer || !farewell_wait(s, now))
        return;
    settle_rest(s);
    struct fault f;
    if (now < s->resume_ms)
        return;
    s->fatal = s->topic_doubtful = false;
    if (!producer_start(s, &f)) {
        say(s, NOTICE_ERROR, "%s", f.text);
        pause_producing(s);
    }
}

static struct sink *kafka_open(const void *config, const struct sink_host *host, struct fault *f)
{
    struct sink *s = calloc(1, sizeof *s);
    if (!s) {
        fault_set(f, FAULT_MEMORY, 0, "no memory for the Kafka output");
        return NULL;
    }
    s->config = config;
    s->host = *host;
    notice_limit_init(&s->limit);
    if (kafka_library_load(&s->lib, f) && producer_start(s, f))
        return s;
    free(s);
    return NULL;
}

/* How long librdkafka may be listened to before there is something to do on our side. */
static int wait_of(const struct sink *s, int64_t until_ms)
{
    int64_t now = os_monotonic_ms();
    if (s->producer && (s->again.first || s->waiting.first) && s->resume_ms > now && s->resume_ms < until_ms)
        until_ms = s->resume_ms;
    if (s->fatal && until_ms > now + 20)
        until_ms = now + 20;
    return until_ms > now ? (int)(until_ms - now) : 0;
}

/* Room in the queue is filled after each report, and a finished batch is not kept waiting for more: neither
 * side idles. */
static void serve_and_produce(struct sink *s, int timeout_ms)
{
    while (serve_one(s, timeout_ms)) {
        produce_lines(s);
        if (s->finished)
            return;
        timeout_ms = 0;
    }
}

static int kafka_poll(struct sink *s, int timeout_ms)
{
    int64_t until_ms = os_monotonic_ms() + timeout_ms;
    for (;;) {
        mind_producer(s);
        refresh_topic(s);
        produce_lines(s);
        int wait_ms = s->finished ? 0 : wait_of(s, until_ms);
        if (s->producer)
            serve_and_produce(s, wait_ms);
        else
            os_sleep_ms(wait_ms);
        say_trouble(s);
        int given = give_back(s);
        if (given || os_monotonic_ms() >= until_ms)
            return given;
    }
}

static bool kafka_flush(struct sink *s, int timeout_ms)
{
    int64_t until_ms = os_monotonic_ms() + timeout_ms;
    for (int64_t left = timeout_ms; s->lent || s->finished; left = until_ms - os_monotonic_ms()) {
        kafka_poll(s, left > 0 ? (int)left : 0);
        if (left <= 0)
            break;
    }
    return !s->lent && !s->finished;
}

static void kafka_close(struct sink *s, int timeout_ms)
{
    if (!s)
        return;
    int64_t until_ms = os_monotonic_ms() + timeout_ms;
    int reserve_ms = timeout_ms / 2 < 2 * STOP_DRAIN_MS ? timeout_ms / 2 : 2 * STOP_DRAIN_MS;
    kafka_flush(s, timeout_ms - reserve_ms);
    if (s->producer)
        producer_stop(s, os_monotonic_ms() + (reserve_ms + 1) / 2);
    if (!farewell_wait(s, until_ms))
        leave_behind(s->farewell);
    look_after_left_behind();
    settle_rest(s);
    give_back(s);
    free(s);
}

/* --- check --- */

static bool topic_refused(struct sink *s, rd_kafka_resp_err_t err, struct fault *f)
{
    const char *topic = s->config->topic;
    if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        return fault_set(f, FAULT_REFUSED, 0, "topic %.100s does not exist on %.100s", topic,
                         s->config->brokers);
    if (err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        return fault_set(f, FAULT_REFUSED, 0, "not authorized for topic %.100s on %.100s", topic,
                         s->config->brokers);
    return fault_set(f, FAULT_REFUSED, 0, "topic %.100s: %.100s", topic, s->lib.err2str(err));
}

/* What the brokers say of the topic; an error of the request itself is returned as it is. */
static rd_kafka_resp_err_t ask_for_topic(struct sink *s, int timeout_ms, rd_kafka_resp_err_t *topic_error)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t err = s->lib.metadata(s->producer, 0, s->topic, &metadata, timeout_ms);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return err;
    *topic_error = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (metadata->topic_cnt == 1) {
        const struct rd_kafka_metadata_topic *topic = &metadata->topics[0];
        *topic_error = topic->err;
        for (int i = 0; !*topic_error && i < topic->partition_cnt; i++)
            *topic_error = topic->partitions[i].err;
    }
    s->lib.metadata_destroy(metadata);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* True when no answer is to be hoped for: every broker refused, and others had their time. */
static bool refused_for_good(const struct sink *s, int64_t waited_ms)
{
    if (s->last.code == FAULT_TLS || s->last.code == FAULT_AUTH)
        return s->brokers_down || waited_ms >= CHECK_EARLY_MS;
    return s->brokers_down && waited_ms >= CHECK_EARLY_MS;
}

static bool unreachable(struct sink *s, int timeout_ms, struct fault *f)
{
    const char *brokers = s->config->brokers;
    switch (s->last.code) {
    case FAULT_NONE:
        return fault_set(f, FAULT_TIMEOUT, 0, "%.100s: no answer within %d ms", brokers, timeout_ms);
    case FAULT_TLS:
        return fault_set(f, FAULT_TLS, 0, "%.60s: TLS failed: %.170s", brokers, s->last.text);
    case FAULT_AUTH:
        return fault_set(f, FAULT_AUTH, 0, "%.60s: authentication failed: %.160s", brokers, s->last.text);
    default:
        return fault_set(f, FAULT_CONNECT, 0, "%.60s: not reachable: %.170s", brokers, s->last.text);
    }
}

/* One question to the brokers. True when it settled the matter, for good (*good) or bad (*f). */
static bool check_once(struct sink *s, int64_t waited_ms, int timeout_ms, bool *good, struct fault *f)
{
    int64_t left_ms = timeout_ms - waited_ms;
    int slice_ms = left_ms < CHECK_SLICE_MS ? (int)left_ms : CHECK_SLICE_MS;
    rd_kafka_resp_err_t topic_error = RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t err = ask_for_topic(s, slice_ms, &topic_error);
    serve(s, err != RD_KAFKA_RESP_ERR_NO_ERROR ? slice_ms / 5 : 0);
    if (err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        *good = false;
        return refused_for_good(s, waited_ms) && !unreachable(s, timeout_ms, f);
    }
    *good = topic_error == RD_KAFKA_RESP_ERR_NO_ERROR;
    bool may_change = topic_error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
                      topic_error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    if (may_change && waited_ms < CHECK_MISSING_MS && slice_ms < left_ms) {
        serve(s, slice_ms / 5); /* a topic that is just being created has its leader in a moment */
        return false;
    }
    return *good || !topic_refused(s, topic_error, f);
}

static bool check_until(struct sink *s, int timeout_ms, struct fault *f)
{
    int64_t start_ms = os_monotonic_ms();
    bool good = false;
    for (int64_t waited_ms = 0; waited_ms < timeout_ms; waited_ms = os_monotonic_ms() - start_ms) {
        mind_producer(s);
        if (!s->producer)
            break;
        if (check_once(s, waited_ms, timeout_ms, &good, f))
            return good;
    }
    return unreachable(s, timeout_ms, f);
}

/*
 * Proves that a broker answers, is trusted, trusts us and knows the topic; not that it takes records, which
 * only a record shows. Where brokers create topics on demand, asking for one creates it, as the first record
 * would.
 */
static bool kafka_check(struct sink *s, int timeout_ms, struct fault *f)
{
    s->checking = true;
    bool good = check_until(s, timeout_ms, f);
    s->checking = false;
    return good;
}

/* --- the table --- */

static bool kafka_validate(const void *config, struct fault *f)
{
    return kafka_config_validate(config, f);
}

static enum sink_proof kafka_proof(const void *config)
{
    (void)config;
    return PROOF_REPLICATED;
}

static size_t kafka_max_message(const void *config)
{
    return kafka_config_max_message(config);
}

const struct sink_ops sink_kafka = {
    .name = "kafka",
    .title = "Apache Kafka",
    .wants_headers = true,
    .default_format = "ecs",
    .settings = kafka_settings,
    .config_size = sizeof(struct kafka_config),
    .validate = kafka_validate,
    .proof = kafka_proof,
    .max_message = kafka_max_message,
    .open = kafka_open,
    .submit = kafka_submit,
    .poll = kafka_poll,
    .flush = kafka_flush,
    .check = kafka_check,
    .close = kafka_close,
};
