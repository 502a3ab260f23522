/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Non-blocking sockets towards one peer, over TCP or UDP.
 *
 * A dial turns a name into a connected socket: the name is looked up in a helper thread, so that a name
 * server that does not answer holds up nobody, and the addresses are tried one after the other (RFC 8305 in
 * its simple form: the next one after 250 ms or a failure), so that a dead IPv6 route costs nothing. No
 * function blocks longer than the timeout it is given, none raises SIGPIPE, and an interrupted call is taken
 * up again. One socket or dial belongs to one thread.
 *
 * Faults are FAULT_CONNECT with the system's error and a text without the peer's name, but for dials, which
 * name it.
 */
#ifndef MAPITAIL_OS_SOCKET_H
#define MAPITAIL_OS_SOCKET_H

#include "fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct os_dial;
struct os_socket;

struct os_socket_options {
    bool datagram;         /* UDP; the rest is for TCP only */
    int send_buffer_bytes; /* bound of what the system buffers for us; 0: its default */
    int send_timeout_ms; /* the connection is given up when the peer acknowledges nothing for so long; 0: its
                            default */
    int keep_alive_ms;   /* idle time after which the peer is probed; 0: never */
};

enum os_dial_status { OS_DIAL_PENDING, OS_DIAL_DONE, OS_DIAL_FAILED };

/*
 * Begins to look up host (a name, an IPv4 or an IPv6 address without brackets) and to connect to its port (a
 * number). NULL with a fault without memory or threads.
 */
struct os_dial *os_dial_start(const char *host, const char *port, const struct os_socket_options *options,
                              struct fault *f);

/*
 * Moves the dial on for at most timeout_ms. DONE hands out the socket, which the caller owns; FAILED fills
 * the fault, which tells what the first address answered. After either only os_dial_end is allowed.
 */
enum os_dial_status os_dial_poll(struct os_dial *d, int timeout_ms, struct os_socket **socket,
                                 struct fault *f);

/* True while the name is still looked up: tells a mute name server from a mute peer. */
bool os_dial_is_resolving(const struct os_dial *d);

/* Ends the dial at once, finished or not; a lookup that hangs is left to its thread. NULL is allowed. */
void os_dial_end(struct os_dial *d);

/* What send and recv return besides a number of bytes. */
enum {
    OS_SOCKET_WAIT = 0,        /* nothing now: poll */
    OS_SOCKET_BROKEN = -1,     /* the connection is gone */
    OS_SOCKET_ENDED = -2,      /* recv: the peer has ended its side in good order */
    OS_SOCKET_REFUSED = -3,    /* UDP: an earlier datagram came back as unreachable; this one was not sent */
    OS_SOCKET_NO_BUFFERS = -4, /* UDP: the system is out of buffers; to be tried again a little later */
    OS_SOCKET_TOO_LARGE = -5,  /* UDP: the network takes no datagram of this size */
};

/* Sends up to n bytes (UDP: one datagram, all of it). Returns how many were taken, or one of the above. */
ptrdiff_t os_socket_send(struct os_socket *s, const void *p, size_t n, struct fault *f);

/* Receives up to n bytes. Returns how many, or one of the above; for UDP a way to hear of a refusal. */
ptrdiff_t os_socket_recv(struct os_socket *s, void *to, size_t n, struct fault *f);

/* Waits up to timeout_ms until there is something to receive (an end or an error counts) or, if asked, room
 * to send. */
void os_socket_poll(struct os_socket *s, bool to_send, int timeout_ms);

/*
 * TCP: bytes that were sent and that the peer's TCP has not acknowledged (Linux SIOCOUTQ); an own end that is
 * under way does not count. -1 where the system cannot tell.
 */
int64_t os_socket_unacknowledged(struct os_socket *s);

/* False where the system can never tell: what it took for sending is then all that is known. */
bool os_sockets_tell_acknowledged(void);

/* Ends our side: what was sent still goes out, then the peer reads the end. */
void os_socket_shutdown(struct os_socket *s);

/* The peer's numeric address and port, for messages; lives as long as the socket. */
const char *os_socket_peer(const struct os_socket *s);

/* Closes without waiting. NULL is allowed. */
void os_socket_close(struct os_socket *s);

#endif
