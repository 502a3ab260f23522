/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One producer of librdkafka and everything that it has to tell: what both ways of delivery share.
 *
 * librdkafka works in threads of its own; delivery reports, errors and log lines come through its queue and
 * are served in the pipeline's thread by kafka_client_serve, which says them through the host's notice. All
 * functions belong to that thread.
 */
#ifndef MAPITAIL_KAFKA_CLIENT_H
#define MAPITAIL_KAFKA_CLIENT_H

#include "kafka_config.h"
#include "kafka_farewell.h"
#include "notice_limit.h"
#include "sink.h"

struct kafka_client {
    struct kafka_library lib;
    const struct kafka_config *config;
    struct sink_host host;
    const char *transactional_id; /* NULL: idempotent only */

    rd_kafka_t *producer;                        /* NULL between a fatal error and the next attempt */
    rd_kafka_topic_t *topic, *dead_letter_topic; /* the latter NULL where there is none */
    rd_kafka_queue_t *events;
    struct kafka_farewell *farewell; /* of the producer before */

    /* One delivery report: m->_private is what was given to produce. */
    void (*on_report)(void *ctx, const rd_kafka_message_t *m);
    void *report_ctx;
    size_t queued; /* messages whose reports are to come */

    int64_t resume_ms;   /* produce nothing before; 0: no pause */
    int pause_ms;        /* the latest pause; 0 after a success */
    bool topic_doubtful; /* ask for its metadata again before producing */
    bool troubled;       /* nothing could be delivered, since the last delivery */
    bool ever_delivered;
    bool brokers_down;           /* all of them, since the last delivery */
    bool checking;               /* errors are check's to report, not the log's */
    bool fatal;                  /* the producer is to be replaced */
    bool transaction_failed;     /* librdkafka has said so; the owner clears it */
    rd_kafka_resp_err_t trouble; /* of records, to be said by kafka_client_say_trouble */
    struct fault last;           /* latest error of a connection, for check */
    struct notice_limit limit;
};

/* Loads the library and starts the first producer. The client was cleared and has config, host,
 * transactional_id and on_report. */
bool kafka_client_open(struct kafka_client *c, struct fault *f);

/* A producer, after there was none. */
bool kafka_client_start(struct kafka_client *c, struct fault *f);

/*
 * Takes back what is queued, listens to the last reports until until_ms and lets the producer go. caller,
 * last_words, ctx: as for kafka_farewell_begin.
 */
void kafka_client_stop(struct kafka_client *c, int64_t until_ms, struct os_thread *caller,
                       void (*last_words)(void *ctx), void *ctx);

/* printf to the host's notice, without secrets and control characters; repeats are held back. */
__attribute__((format(__printf__, 3, 4))) void kafka_client_say(struct kafka_client *c,
                                                                enum notice_level level, const char *format,
                                                                ...);

/* Serves the next thing that librdkafka has to tell; false when there was none within timeout_ms. */
bool kafka_client_serve_one(struct kafka_client *c, int timeout_ms);

/* Serves all there is, waiting up to timeout_ms for the first of it. */
void kafka_client_serve(struct kafka_client *c, int timeout_ms);

/* What is to become of a message that librdkafka hands back undelivered, or does not take. */
enum kafka_verdict {
    KAFKA_AGAIN,          /* somebody's to repair (no such topic, not authorized, …): sent again */
    KAFKA_RECORD_REFUSED, /* for what it is, or for what is in the same batch of the protocol */
    KAFKA_GIVE_BACK,      /* the producer is going */
};
enum kafka_verdict kafka_judge(rd_kafka_resp_err_t err);

/* One message, to be produced. Its bytes are borrowed: for the call if copy is set, else until its report. */
struct kafka_message {
    rd_kafka_topic_t *topic;
    const struct sink_item *item;
    void *opaque; /* not NULL */
    bool copy;
};

/* Never blocks. An error means that nothing was taken; __QUEUE_FULL: serve, and try again. */
rd_kafka_resp_err_t kafka_client_produce(struct kafka_client *c, const struct kafka_message *message);

/* The topic that an item belongs to. */
rd_kafka_topic_t *kafka_client_topic_of(const struct kafka_client *c, const struct sink_item *item);

/* Waits double up to their limit and start over after a delivery; jitter keeps agents from coming back as
 * one. */
void kafka_client_pause(struct kafka_client *c);

/* Is this the time of a pause? */
bool kafka_client_is_pausing(struct kafka_client *c);

/* Nothing of the topic can be produced for now. May be called in submit: it is said in poll. */
void kafka_client_trouble(struct kafka_client *c, rd_kafka_resp_err_t err);
void kafka_client_say_trouble(struct kafka_client *c);

/* Something was delivered: pauses start over, and the end of trouble is said. */
void kafka_client_delivered(struct kafka_client *c);

/*
 * A topic that was found missing or closed to us is not looked at again for minutes by librdkafka itself.
 * Asks for it where it is in doubt, and leaves the answer time to come.
 */
void kafka_client_refresh_topic(struct kafka_client *c);

#endif
