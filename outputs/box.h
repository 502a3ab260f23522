/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is lent to a stream, as the stream sees it: batches go in, bytes for the peer come out, and a proof,
 * an answer of the peer or a break settles them. outbox.h (syslog) and relp_box.h (RELP) are boxes. Knows no
 * socket. Calls the host's done only in take, settle, lose and give_back.
 */
#ifndef MAPITAIL_BOX_H
#define MAPITAIL_BOX_H

#include "buf.h"
#include "sink.h"

struct box;

/* All functions belong to one thread and none waits. */
struct box_ops {
    bool (*add)(struct box *b, struct sink_batch *batch); /* false: full; calls nobody */
    bool (*is_empty)(const struct box *b);                /* nothing is lent */
    bool (*wants_peer)(const struct box *b);              /* there is something to send */

    /* A connection is up; its stream begins at offset 0. Returns how many messages that counted as delivered
     * are going to be sent again. */
    size_t (*begin)(struct box *b);

    /* The peer has opened the session: messages may be sent. NULL: no session. */
    bool (*is_open)(const struct box *b);

    /* Appends whole frames to out until it has limit bytes or more or nothing is left. base is the offset in
     * the stream of out's first byte. Returns whether something was appended. */
    bool (*fill)(struct box *b, struct buf *out, size_t limit, uint64_t base);

    /* The frames of the last fill end at this offset at the latest. NULL: offsets mean nothing here. */
    void (*seal)(struct box *b, uint64_t end);

    /* Reads what the peer said. False with a fault: the connection is to be ended. NULL: nothing of it
     * matters. */
    bool (*take)(struct box *b, struct sv bytes, struct fault *f);

    /* The peer's TCP has acknowledged the stream up to this offset. NULL: proves nothing here. */
    void (*settle)(struct box *b, uint64_t acknowledged);

    /* Something was sent and is not settled. */
    bool (*is_waiting)(const struct box *b);

    /* Appends the protocol's own last words; false: there are none to be said. NULL: there are none.
     * is_over: the peer has answered them. */
    bool (*part)(struct box *b, struct buf *out);
    bool (*is_over)(const struct box *b);

    void (*lose)(struct box *b);      /* the connection broke */
    void (*give_back)(struct box *b); /* everything lent goes back, ITEM_RETRY where it is not settled */
    void (*free)(struct box *b);      /* after give_back */
};

/* The first member of every box. */
struct box {
    const struct box_ops *ops;
    const struct sink_host *host;
    int given_back;     /* batches, so far */
    uint64_t delivered; /* items, so far */
    uint64_t answered;  /* items that the peer has said something about, be it a refusal, so far */
};

#endif
