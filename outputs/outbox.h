/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The batches lent to a stream, from frames to proof. Pure: it knows bytes and offsets, no socket.
 *
 * Frames are written in the order of submission; each ends at an offset of the connection's byte stream, and
 * is delivered when the peer's TCP has acknowledged the stream up to there. When the connection breaks
 * everything that is not delivered goes back, so that the next connection begins at a frame's start.
 */
#ifndef MAPITAIL_OUTBOX_H
#define MAPITAIL_OUTBOX_H

#include "buf.h"
#include "sink.h"

enum {
    OUTBOX_BATCHES_MAX = 8,
    OUTBOX_MESSAGE_MAX = 1 << 20, /* bytes of one message; a longer one is rejected */
};

/* How a message is told from the next in a stream (RFC 6587 3.4). */
enum framing {
    FRAMING_OCTET_COUNTING, /* MSG-LEN SP SYSLOG-MSG; nothing inside is changed */
    FRAMING_LF,             /* SYSLOG-MSG LF; a CR, LF or NUL inside becomes a space */
};

struct outbox_batch;

struct outbox {
    const struct sink_host *host;
    enum framing framing;
    struct outbox_batch *batches[OUTBOX_BATCHES_MAX]; /* oldest first */
    size_t count;
    int given_back; /* batches, since outbox_init */
};

void outbox_init(struct outbox *o, const struct sink_host *host, enum framing framing);

/* Takes the batch, or returns false: full. Calls nobody. */
bool outbox_add(struct outbox *o, struct sink_batch *batch);

static inline bool outbox_is_empty(const struct outbox *o)
{
    return o->count == 0;
}

/*
 * Appends frames to out until it has limit bytes or more or nothing is left. base is the offset in the stream
 * of out's first byte. Returns whether something was appended.
 */
bool outbox_fill(struct outbox *o, struct buf *out, size_t limit, uint64_t base);

/* The frames of the last fill end at this offset at the latest: they went out as one sealed unit. */
void outbox_seal(struct outbox *o, uint64_t end);

/*
 * The stream is acknowledged up to this offset: what ends there or before is delivered, finished batches go
 * back. Returns whether something was settled.
 */
bool outbox_settle(struct outbox *o, uint64_t acknowledged);

/* True while frames are filled and not settled. */
bool outbox_is_waiting(const struct outbox *o);

/* The connection is gone: everything lent goes back, ITEM_RETRY where it is not settled. */
void outbox_return(struct outbox *o);

#endif
