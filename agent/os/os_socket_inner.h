/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the sockets share: the lookup of names, and a socket before it is connected. */
#ifndef MAPITAIL_OS_SOCKET_INNER_H
#define MAPITAIL_OS_SOCKET_INNER_H

#include "os_socket.h"

#ifdef _WIN32
#include "os_windows.h"

#include <ws2tcpip.h>
#else
#include <netdb.h>
#endif

#ifdef _WIN32
/* Starts Winsock, once; to be called before any other function of it. */
bool os_sockets_start(void);
#endif

/* A lookup that runs in a thread of its own; a numeric address needs none and is there at once. */
struct os_resolve;

struct os_resolve *os_resolve_start(const char *host, const char *port, bool datagram, struct fault *f);

/* Waits up to timeout_ms; true once it is finished, with or without an address. */
bool os_resolve_wait(struct os_resolve *r, int timeout_ms);

/* The addresses, for freeaddrinfo by the caller, or NULL and a fault. Only after os_resolve_wait was true. */
struct addrinfo *os_resolve_take(struct os_resolve *r, struct fault *f);

/* Frees it, or leaves it to its thread if that still runs. NULL is allowed. */
void os_resolve_end(struct os_resolve *r);

/* Begins to connect. NULL with a fault if that fails at once. *connected: it is already up. */
struct os_socket *os_socket_begin(const struct addrinfo *a, const struct os_socket_options *options,
                                  bool *connected, struct fault *f);

enum { OS_SOCKETS_BEGUN_MAX = 8 };

/*
 * Waits up to timeout_ms until connecting one of up to OS_SOCKETS_BEGUN_MAX sockets has ended, well or badly,
 * and marks those in ended.
 */
void os_socket_await(struct os_socket *const *sockets, size_t count, int timeout_ms, bool *ended);

/* After connecting ended: false with a fault if it failed. */
bool os_socket_finish(struct os_socket *s, struct fault *f);

#endif
