/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink over one TCP connection at a time, plain or under TLS, to one of several receivers: what
 * sink_syslog_tcp, sink_syslog_tls and sink_relp have in common. What is sent and what proves it is the
 * box's (box.h).
 *
 * States: down -> coming (name, addresses, TLS) -> opening (the box's session) -> up. It dials when the box
 * wants a peer. When an attempt fails the next receiver is tried at once, and after the last one the first
 * again, after a growing wait (targets.h). While it is connected to another one than the first, the first is
 * dialled beside it every return_after; once that one answers, nothing more is sent to the old one, what is
 * under way there is waited for, and the old one is left in good order. What a peer sends is read also when
 * nothing is to be sent, so that its end is noticed.
 */
#ifndef MAPITAIL_STREAM_H
#define MAPITAIL_STREAM_H

#include "box.h"
#include "setting.h"
#include "tls.h"

/* The settings that these sinks have; STREAM_SETTINGS lists them. */
struct stream_config {
    const char *address;
    struct setting_list failover;
    int64_t return_after_ms;    /* 0: never */
    int64_t connect_timeout_ms; /* for name and connection, once more for TLS and once more for a session */
    int64_t send_timeout_ms;    /* without any acknowledgement by the peer */
    int64_t keep_alive_ms;      /* 0: none */
};

/* One entry of a table of settings. */
#define STREAM_SETTING(config, name, kind, member, ...)                                                      \
    {                                                                                                        \
        .key = name, .type = kind, .offset = offsetof(config, member), __VA_ARGS__                           \
    }

#define STREAM_SETTINGS(config, stream, port)                                                                \
    STREAM_SETTING(                                                                                          \
        config, "address", SETTING_STRING, stream.address, .required = true,                                 \
        .help = "Host and port of the receiver, host:port or [v6]:port; the port defaults to " port "."),    \
        STREAM_SETTING(config, "failover", SETTING_LIST, stream.failover,                                    \
                       .help = "Further receivers, up to 7: when one cannot be reached, the next one in "    \
                               "this order is tried."),                                                      \
        STREAM_SETTING(config, "return_after", SETTING_DURATION, stream.return_after_ms, .fallback = "5m",   \
                       .min = 0, .max = 86400000,                                                            \
                       .help = "How often the first receiver is tried while another one is used; as soon "   \
                               "as it answers it is used again. 0 for never."),                              \
        STREAM_SETTING(config, "connect_timeout", SETTING_DURATION, stream.connect_timeout_ms,               \
                       .fallback = "10s", .min = 100, .max = 300000,                                         \
                       .help = "How long a connection may take, and once more a TLS handshake, and "         \
                               "the opening of a RELP session."),                                            \
        STREAM_SETTING(config, "send_timeout", SETTING_DURATION, stream.send_timeout_ms, .fallback = "30s",  \
                       .min = 1000, .max = 3600000,                                                          \
                       .help = "How long a receiver may acknowledge nothing before the connection is given " \
                               "up."),                                                                       \
        STREAM_SETTING(config, "keep_alive", SETTING_DURATION, stream.keep_alive_ms, .fallback = "30s",      \
                       .min = 0, .max = 7200000,                                                             \
                       .help = "Idle time after which the receiver is probed; 0 for never.")

/* Of sinks whose proof ends at the peer's TCP. */
#define STREAM_REPLAY_SETTING(config, member)                                                                \
    STREAM_SETTING(config, "replay_tail", SETTING_SIZE, member, .fallback = "0", .min = 0, .max = 8388608,   \
                   .help = "How many bytes of the messages acknowledged last are sent again, "               \
                           "with the same ids, after a broken connection, because a receiver "               \
                           "that died may not have read them; the size of its receive buffer "               \
                           "makes up for that, and twice as much memory is taken.")

/* Checks the addresses. */
bool stream_validate(const struct stream_config *c, const char *default_port, struct fault *f);

struct stream_options {
    const struct stream_config *config; /* borrowed until close */
    const char *default_port;
    const struct tls_options *tls; /* borrowed until close; NULL: plain */
    const char *server_name;       /* that the peer's certificate must prove; NULL: the address's host */
};

/* Owns the box from here on, also when it fails. A NULL box: fails with the fault that is there already. */
struct sink *stream_open(const struct stream_options *o, struct box *box, const struct sink_host *host,
                         struct fault *f);

/* The other members of a sink, as sink.h wants them. */
bool stream_submit(struct sink *s, struct sink_batch *batch);
int stream_poll(struct sink *s, int timeout_ms);
bool stream_flush(struct sink *s, int timeout_ms);
bool stream_check(struct sink *s, int timeout_ms, struct fault *f);
void stream_close(struct sink *s, int timeout_ms);

#endif
