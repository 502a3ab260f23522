/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The batches lent to a stream of framed messages (RFC 6587), from frames to proof: a box that knows bytes
 * and offsets, and no socket.
 *
 * Frames are written in the order of submission; each ends at an offset of the connection's byte stream, and
 * is delivered when the peer's TCP has acknowledged the stream up to there. When the connection breaks
 * everything that is not delivered goes back, so that the next connection begins at a frame's start; what
 * replay keeps goes out there before anything new. A connection is wanted for that alone only once after each
 * delivery: a receiver that ends idle connections gets the repeats once and not for ever.
 */
#ifndef MAPITAIL_OUTBOX_H
#define MAPITAIL_OUTBOX_H

#include "box.h"
#include "replay.h"

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
    struct box box; /* first */
    enum framing framing;
    struct outbox_batch *batches[OUTBOX_BATCHES_MAX]; /* oldest first */
    size_t count;
    struct replay replay;
    uint64_t replay_end;   /* where its messages end in the stream until that is acknowledged; 0: nowhere */
    bool has_news;         /* something was delivered since the last break */
    bool replay_is_urgent; /* wants a connection for its own sake */
};

/* False without memory. replay_bytes: of the messages acknowledged last that a broken connection repeats. */
bool outbox_init(struct outbox *o, const struct sink_host *host, enum framing framing, size_t replay_bytes);

/* Gives everything back and releases the memory, but not *o. */
void outbox_free(struct outbox *o);

/* One in memory of its own, as a box, which box.ops->free releases. NULL with a fault without memory. */
struct box *outbox_new(const struct sink_host *host, enum framing framing, size_t replay_bytes,
                       struct fault *f);

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

/* Everything lent goes back, ITEM_RETRY where it is not settled. */
void outbox_return(struct outbox *o);

/* The connection is gone: the same, and what replay keeps is to be sent again. */
void outbox_lose(struct outbox *o);

#endif
