/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A syslog receiver inside a test: UDP, TCP, TLS or RELP on 127.0.0.1, in a thread, with a strict parser for
 * octet counting. What it received outlives it, so that a test can end and begin a receiver and count over
 * all of it.
 */
#ifndef MAPITAIL_TEST_PEER_H
#define MAPITAIL_TEST_PEER_H

#include "relp_server.h"

#include <openssl/types.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialized it is ready, but for the lock. */
struct peer_log {
    pthread_mutex_t lock;
    char **messages;
    size_t count, room;
    size_t bytes;       /* of application data, whatever they were */
    size_t marks;       /* times that PEER_MARK was seen in them, framed or not */
    size_t malformed;   /* frames that no octet-counting parser takes */
    size_t half_frames; /* connections that ended inside a frame */
    size_t connections; /* accepted */
    size_t goodbyes;    /* connections that ended in good order (under TLS with close_notify) */
};
#define PEER_LOG_INIT                                                                                        \
    {                                                                                                        \
        .lock = PTHREAD_MUTEX_INITIALIZER                                                                    \
    }

struct peer_options {
    bool udp;
    bool hangs;               /* takes connections and never reads */
    bool lines;               /* LF framing */
    struct relp_script *relp; /* set: speaks RELP; borrowed */
    SSL_CTX *tls;             /* borrowed */
    int receive_buffer;  /* bytes of unread data that a connection holds at least; 0: the system's choice */
    const char *says;    /* sent to whoever connects, before anything is read */
    bool closes_at_once; /* after says and one read */
    uint16_t port;       /* 0: any */
};

/* Stands in every message of a test that wants to know whether any of it was seen. */
#define PEER_MARK "PEER-MARK"

struct peer;

/* Is ready when it returns. */
struct peer *peer_start(const struct peer_options *options, struct peer_log *log);
uint16_t peer_port(const struct peer *p);

/* Gone at once, with everything that it had not read. NULL is allowed. */
void peer_stop(struct peer *p);

void peer_log_add(struct peer_log *log, const char *p, size_t n);
size_t peer_log_count(struct peer_log *log);

/* Waits up to 10 seconds for so many messages; what there is then. */
size_t peer_log_wait(struct peer_log *log, size_t count);

/* A port of 127.0.0.1 that nobody listens on, free a moment ago. */
uint16_t peer_free_port(bool udp);

/* A port that takes connection requests and never answers them; the descriptors stay open till the process
 * ends. */
uint16_t peer_black_hole(void);

#endif
