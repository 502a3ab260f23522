/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last messages that a peer's TCP has acknowledged, to be sent again when the connection breaks: the
 * peer's program may have died before it read them. Pure.
 *
 * Bounded in bytes, 4 more than its own for each message; all memory is taken at the beginning, twice that
 * much. A message that does not fit empties it.
 */
#ifndef MAPITAIL_REPLAY_H
#define MAPITAIL_REPLAY_H

#include "buf.h"

struct replay {
    size_t size;     /* 0: keeps nothing */
    struct buf kept; /* from begin on messages, each behind its length */
    size_t begin;
    size_t at; /* the next to be sent again; kept.n: none */
};

/* False without memory. */
bool replay_init(struct replay *r, size_t size_bytes);
void replay_free(struct replay *r);

/* A message was acknowledged. */
void replay_keep(struct replay *r, struct sv message);

/* The connection broke: all that is kept is to be sent again. */
void replay_rewind(struct replay *r);

/* Messages that are to be sent again. */
size_t replay_left(const struct replay *r);
static inline bool replay_is_due(const struct replay *r)
{
    return r->at < r->kept.n;
}

/* The next message to be sent again, valid until the next call; replay_pass goes on to the one behind it. */
struct sv replay_next(const struct replay *r);
void replay_pass(struct replay *r);

#endif
