/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of a stream to one peer, plain or under TLS: from a name to bytes that go and come.
 *
 * It is dialled, moved on by connection_step until it is UP or has FAILED, used, and closed; a broken one is
 * closed and another one dialled. No function blocks longer than the wait that it is given, those without one
 * never do. One connection belongs to one thread. A fault's text does not name the peer, but for those of
 * dialling.
 */
#ifndef MAPITAIL_CONNECTION_H
#define MAPITAIL_CONNECTION_H

#include "address.h"
#include "buf.h"
#include "tls.h"

#include <stdbool.h>
#include <stdint.h>

struct connection_options {
    int connect_timeout_ms;        /* for name and connection, and once more for the TLS handshake */
    int send_timeout_ms;           /* without any acknowledgement by the peer's TCP */
    int keep_alive_ms;             /* idle time after which the peer is probed; 0: never */
    const struct tls_options *tls; /* NULL: plain */
    const char *server_name;       /* that the peer's certificate must prove; NULL: the address's host */
};

struct connection;

enum connection_status { CONNECTION_COMING, CONNECTION_UP, CONNECTION_FAILED };

/* Begins. options and address are borrowed until close. NULL with a fault. */
struct connection *connection_dial(const struct connection_options *o, const struct address *to,
                                   struct fault *f);

/* Waits at most wait_ms for its next event and acts. FAILED fills the fault; only close is allowed then. */
enum connection_status connection_step(struct connection *c, int wait_ms, struct fault *f);

/* Closes at once, in any state. NULL is allowed. */
void connection_close(struct connection *c);

/* ---- All that follows needs a connection that is UP. ---- */

/* Waits up to wait_ms for something to receive or, when something is unsent, for room to send. */
void connection_wait(struct connection *c, int wait_ms);

/*
 * Appends what the peer sent to `in`; NULL drops it. False when the connection has ended or is broken: what
 * came before the end is in `in` all the same.
 */
bool connection_receive(struct connection *c, struct buf *in, struct fault *f);

/* Sends what waits, as far as the system takes it. False: broken. */
bool connection_send(struct connection *c, struct fault *f);

/* Bytes that wait to be sent. */
size_t connection_unsent(const struct connection *c);

/*
 * Where bytes for the peer are to be appended, until `to` holds limit bytes; base is the offset in the stream
 * of the byte that stands first in `to`. After appending, or having found nothing to append, comes
 * connection_commit.
 */
struct connection_room {
    struct buf *to;
    size_t limit;
    uint64_t base;
};
bool connection_has_room(const struct connection *c);
struct connection_room connection_room(struct connection *c);

/* Takes over what was appended, sealing it under TLS. False: broken, or without memory. */
bool connection_commit(struct connection *c, struct fault *f);

/* Under TLS what was appended travels in records that prove something only as a whole. */
bool connection_is_sealed(const struct connection *c);

/* Offset in the stream behind what was committed, and behind what the peer's TCP has acknowledged; where the
 * system cannot tell, what was sent counts as acknowledged. */
uint64_t connection_end(const struct connection *c);
uint64_t connection_acknowledged(struct connection *c);

/* Says good-bye: close_notify under TLS, then our end. Does nothing while something is unsent: in the middle
 * of a frame nothing can be said. False: nothing was said. */
bool connection_goodbye(struct connection *c);

/* "TLSv1.3, TLS_AES_256_GCM_SHA384"; plain: an empty text. */
void connection_describe(const struct connection *c, char *to, size_t n);

/* The name that the peer at this address has to prove under TLS. */
const char *connection_peer_name(const struct connection_options *o, const struct address *to);

#endif
