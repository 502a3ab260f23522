/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink over one TCP connection, plain or under TLS: what sink_syslog_tcp and sink_syslog_tls have in
 * common.
 *
 * States: down -> dialling (name, then addresses) -> [handshake] -> up. It dials when something is lent. A
 * message is delivered when the peer's TCP has acknowledged every byte of its frame; where the system cannot
 * tell, when it was written. When a connection breaks, all that is not delivered is given back to be retried,
 * and the next connection begins with a whole frame. What a peer sends is read and dropped, so that its end
 * is noticed also when nothing is to be sent.
 */
#ifndef MAPITAIL_STREAM_H
#define MAPITAIL_STREAM_H

#include "outbox.h"
#include "tls.h"

/* The settings that both sinks have; STREAM_SETTINGS lists them. */
struct stream_config {
    const char *address;
    int64_t connect_timeout_ms; /* for name and connection, and once more for the TLS handshake */
    int64_t send_timeout_ms;    /* without any acknowledgement by the peer */
    int64_t keep_alive_ms;      /* 0: none */
};

#define STREAM_SETTINGS(config, member, port)                                                                \
    {.key = "address",                                                                                       \
     .type = SETTING_STRING,                                                                                 \
     .offset = offsetof(config, member.address),                                                             \
     .required = true,                                                                                       \
     .help = "Host and port of the receiver, host:port or [v6]:port; the port defaults to " port "."},       \
        {.key = "connect_timeout",                                                                           \
         .type = SETTING_DURATION,                                                                           \
         .offset = offsetof(config, member.connect_timeout_ms),                                              \
         .fallback = "10s",                                                                                  \
         .min = 100,                                                                                         \
         .max = 300000,                                                                                      \
         .help = "How long a connection may take, and once more a TLS handshake."},                          \
        {.key = "send_timeout",                                                                              \
         .type = SETTING_DURATION,                                                                           \
         .offset = offsetof(config, member.send_timeout_ms),                                                 \
         .fallback = "30s",                                                                                  \
         .min = 1000,                                                                                        \
         .max = 3600000,                                                                                     \
         .help = "How long a receiver may acknowledge nothing before the connection is given up."},          \
    {                                                                                                        \
        .key = "keep_alive", .type = SETTING_DURATION, .offset = offsetof(config, member.keep_alive_ms),     \
        .fallback = "30s", .min = 0, .max = 7200000,                                                         \
        .help = "Idle time after which the receiver is probed; 0 for never."                                 \
    }

struct stream_options {
    const struct stream_config *config; /* borrowed until close */
    const char *default_port;
    enum framing framing;
    const struct tls_options *tls; /* borrowed until close; NULL: plain */
    const char *server_name;       /* that the peer's certificate must prove; NULL: the address's host */
};

/* The members of a sink, as sink.h wants them. */
struct sink *stream_open(const struct stream_options *o, const struct sink_host *host, struct fault *f);
bool stream_submit(struct sink *s, struct sink_batch *batch);
int stream_poll(struct sink *s, int timeout_ms);
bool stream_flush(struct sink *s, int timeout_ms);
bool stream_check(struct sink *s, int timeout_ms, struct fault *f);
void stream_close(struct sink *s, int timeout_ms);

#endif
