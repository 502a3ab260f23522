/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract of a sink: batches of encoded messages out into the world, and an honest answer for each.
 *
 * A sink belongs to one pipeline thread: every function is called from it, and every callback runs in it,
 * inside poll, flush or close and never inside submit. A sink may have threads of its own behind that.
 *
 * submit lends a batch: the batch, its items and everything they point to stay unchanged until `done` gives
 * it back. Each accepted batch is given back exactly once, with a result in every item. Batches may finish in
 * any order. DELIVERED means what proof() says and never less: what was only queued is not delivered.
 *
 * A sink never gives up on a peer: it reconnects with growing waits (1 s … 9 s with jitter, starting over
 * after the first successful write), keeps what is not delivered and reports through `notice`. It blocks no
 * longer than its timeout.
 */
#ifndef MAPITAIL_SINK_H
#define MAPITAIL_SINK_H

#include "fault.h"
#include "setting.h"
#include "sv.h"

enum item_result {
    ITEM_PENDING,   /* lent to the sink */
    ITEM_DELIVERED, /* proof() holds for it */
    ITEM_RETRY,     /* not delivered, or not known to be; to be submitted again */
    ITEM_REJECTED,  /* the destination will never take it; reason tells why */
};

struct sink_header {
    const char *name;
    struct sv value;
};

/* One message. The first fields are the pipeline's, result and reason the sink's. */
struct sink_item {
    struct sv body;
    struct sv key; /* mailbox key, may be absent */
    const struct sink_header *headers;
    size_t header_count;
    int64_t time_ms;     /* event time, milliseconds since 1970; 0 unknown */
    bool is_dead_letter; /* for the place of dead letters: only of sinks that take them */
    enum item_result result;
    const char *reason; /* of REJECTED: static text, or text that lives until done returns */
};

/* How far a file was read once a batch is delivered: opaque to a sink. An absent value forgets the key. */
struct sink_position {
    struct sv key, value;
};

enum { SINK_BATCH_ITEMS_MAX = 500, SINK_BATCH_BYTES_MAX = 1 << 20, SINK_BATCH_POSITIONS_MAX = 512 };

/* A batch that is lent to a sink which carries positions may have positions and no items. */
struct sink_batch {
    struct sink_item *items;
    size_t count;
    size_t bytes;                          /* of all bodies */
    const struct sink_position *positions; /* only for sinks that carry them */
    size_t position_count;
    bool positions_kept; /* set by the sink at done: they are where the records are */
    void *owner;         /* the pipeline's */
    void *sink_private;  /* the sink's while it holds the batch */
};

enum notice_level { NOTICE_INFO, NOTICE_WARNING, NOTICE_ERROR };

/* What the pipeline offers. Called from poll, recover, flush and close only; notice from check too. */
struct sink_host {
    void *ctx;
    void (*done)(void *ctx, struct sink_batch *batch);
    /* A fact for the log: connected, lost, refused, certificate not trusted, … A phrase without final full
     * stop and without secrets. Repeats of the same fact are the sink's to hold back. */
    void (*notice)(void *ctx, enum notice_level level, const char *text);
    /*
     * For sinks that carry positions; NULL for others, in check, and for who delivers without positions. The
     * keys of this output's positions begin with scope, "<agent id>/<output>/", which no other output in the
     * world has; borrowed like the host. superseded: another agent has taken this output over. Nothing is
     * delivered any more, and the pipeline is to end. Said once; text as for notice.
     */
    const char *scope;
    void (*superseded)(void *ctx, const char *text);
};

/* What DELIVERED proves, weakest first. */
enum sink_proof {
    PROOF_NONE,    /* handed to the network (UDP) or a pipe */
    PROOF_WRITTEN, /* written to a file */
    PROOF_TCP_ACK, /* the peer's TCP has acknowledged the bytes (where the system tells, os_socket.h; else our
                      own TCP has taken them); the peer's program may not have read them */
    PROOF_TCP_REPLAY,  /* the same, and after a broken connection the last of them are sent again */
    PROOF_FSYNC,       /* on disk */
    PROOF_APPLICATION, /* the receiving program answered for it */
    PROOF_REPLICATED,  /* acks=all: every in-sync replica has it */
    PROOF_COMMITTED,   /* the same, once and together with its position */
};

struct sink;

struct sink_ops {
    const char *name; /* "kafka": value of `type` */
    const char *title;
    const char *default_format;     /* name of the encoder if `format` is not set */
    bool needs_single_line;         /* frames by LF in every configuration */
    bool once_only;                 /* the destination exists once in a process: standard output */
    bool wants_headers;             /* uses key, headers and time_ms of an item */
    const struct setting *settings; /* fields of config_size bytes */
    size_t config_size;

    /* Checks across settings. NULL: nothing to check. False with FAULT_CONFIG; text begins with the key at
     * fault. */
    bool (*validate)(const void *config, struct fault *f);

    enum sink_proof (*proof)(const void *config);
    size_t (*max_message)(const void *config); /* largest body that can be sent; 0: no bound of its own */

    /*
     * Carries positions: batches come one at a time in the order of reading, with positions that the sink
     * keeps where the records are, all or nothing: at done either everything was delivered, or no item was.
     * NULL: never.
     */
    bool (*carries_positions)(const void *config);

    /* Items marked as dead letters are taken too, for a place of their own. NULL: never. */
    bool (*takes_dead_letters)(const void *config);

    /* Prepares; does no network I/O and never waits for a peer. config and host are borrowed until close. */
    struct sink *(*open)(const void *config, const struct sink_host *host, struct fault *f);

    /*
     * Only of sinks that carry positions, before the first submit: makes sure that nobody else delivers for
     * this output any more, and finds what positions are kept. Moves on for at most timeout_ms, and is to be
     * called again until it returns true: then visit has seen each position, whose views live for that call.
     */
    bool (*recover)(struct sink *s, int timeout_ms,
                    void (*visit)(void *ctx, const struct sink_position *position), void *ctx);

    /* Takes the batch (true), or is busy and takes nothing (false): poll, then try again. Never blocks. */
    bool (*submit)(struct sink *s, struct sink_batch *batch);

    /*
     * Moves things on for at most timeout_ms (0: does not wait) and returns early when something was given
     * back. Returns the batches given back.
     */
    int (*poll)(struct sink *s, int timeout_ms);

    /* Polls until nothing is lent or timeout_ms has passed; true when nothing is lent. */
    bool (*flush)(struct sink *s, int timeout_ms);

    /*
     * For `mapitail check --connect`: reaches the destination, trusts it and is trusted, within timeout_ms.
     * Sends no message. NULL: nothing to reach.
     */
    bool (*check)(struct sink *s, int timeout_ms, struct fault *f);

    /*
     * Gives back every batch (what was not delivered in time as RETRY), says good-bye to the peer
     * (close_notify, last flush) and frees the sink, all within timeout_ms. NULL sink allowed.
     */
    void (*close)(struct sink *s, int timeout_ms);
};

const char *sink_proof_text(enum sink_proof proof);

#endif
