/* SPDX-License-Identifier: Apache-2.0 */
/* From a name to a connected socket: the addresses one after the other, the first that answers wins. */
#include "os_clock.h"
#include "os_socket_inner.h"

#include <stdlib.h>

enum { ADDRESSES_MAX = OS_SOCKETS_BEGUN_MAX, NEXT_ADDRESS_MS = 250 };

struct os_dial {
    struct os_socket_options options;
    struct os_resolve *resolve;   /* NULL once the addresses are there */
    struct addrinfo *list, *next; /* next: the one to be tried then */
    struct os_socket *tried[ADDRESSES_MAX];
    size_t tried_count; /* those under way */
    size_t begun;       /* those ever begun */
    int64_t next_at_ms;
    struct fault first; /* what the first address that failed said */
};

struct os_dial *os_dial_start(const char *host, const char *port, const struct os_socket_options *options,
                              struct fault *f)
{
    struct os_dial *d = calloc(1, sizeof *d);
    if (!d) {
        fault_set(f, FAULT_MEMORY, 0, "no memory to connect to %s", host);
        return NULL;
    }
    d->options = *options;
    d->resolve = os_resolve_start(host, port, options->datagram, f);
    if (!d->resolve) {
        free(d);
        return NULL;
    }
    return d;
}

bool os_dial_is_resolving(const struct os_dial *d)
{
    return d->resolve != NULL;
}

/* Takes the addresses once the lookup is finished. */
static enum os_dial_status resolved(struct os_dial *d, int timeout_ms, struct fault *f)
{
    if (!os_resolve_wait(d->resolve, timeout_ms))
        return OS_DIAL_PENDING;
    d->list = os_resolve_take(d->resolve, f);
    d->next = d->list;
    os_resolve_end(d->resolve);
    d->resolve = NULL;
    return d->list ? OS_DIAL_DONE : OS_DIAL_FAILED;
}

static void note_failure(struct os_dial *d, const struct fault *f)
{
    if (d->first.code == FAULT_NONE)
        d->first = *f;
}

/* Takes a socket out of those under way. */
static struct os_socket *take(struct os_dial *d, size_t i)
{
    struct os_socket *s = d->tried[i];
    d->tried[i] = d->tried[--d->tried_count];
    return s;
}

/* Begins with the next address; the socket, if that is connected at once. */
static struct os_socket *begin_next(struct os_dial *d)
{
    struct fault f;
    bool connected;
    const struct addrinfo *a = d->next;
    d->next = ++d->begun < ADDRESSES_MAX ? a->ai_next : NULL;
    d->next_at_ms = os_monotonic_ms() + NEXT_ADDRESS_MS;
    struct os_socket *s = os_socket_begin(a, &d->options, &connected, &f);
    if (!s) {
        note_failure(d, &f);
        return NULL;
    }
    if (connected)
        return s;
    d->tried[d->tried_count++] = s;
    return NULL;
}

/* Waits for those under way; the one that is connected, or NULL. Those that failed are closed. */
static struct os_socket *wait_for_one(struct os_dial *d, int timeout_ms)
{
    bool ended[ADDRESSES_MAX];
    os_socket_await(d->tried, d->tried_count, timeout_ms, ended);
    for (size_t i = d->tried_count; i-- > 0;) {
        struct fault f;
        if (!ended[i])
            continue;
        struct os_socket *s = take(d, i);
        if (os_socket_finish(s, &f))
            return s;
        note_failure(d, &f);
        os_socket_close(s);
    }
    return NULL;
}

static int wait_time(const struct os_dial *d, int64_t until_ms)
{
    int64_t end = d->next && d->next_at_ms < until_ms ? d->next_at_ms : until_ms;
    int64_t left = end - os_monotonic_ms();
    return left > 0 ? (int)left : 0;
}

static enum os_dial_status connecting(struct os_dial *d, int64_t until_ms, struct os_socket **out,
                                      struct fault *f)
{
    for (;;) {
        *out = NULL;
        if (d->next && (d->tried_count == 0 || os_monotonic_ms() >= d->next_at_ms))
            *out = begin_next(d);
        if (!*out && d->tried_count)
            *out = wait_for_one(d, wait_time(d, until_ms));
        if (*out)
            return OS_DIAL_DONE;
        if (!d->tried_count && !d->next) {
            if (f)
                *f = d->first;
            return OS_DIAL_FAILED;
        }
        if (os_monotonic_ms() >= until_ms)
            return OS_DIAL_PENDING;
    }
}

enum os_dial_status os_dial_poll(struct os_dial *d, int timeout_ms, struct os_socket **socket,
                                 struct fault *f)
{
    int64_t until_ms = os_monotonic_ms() + timeout_ms;
    if (d->resolve) {
        enum os_dial_status status = resolved(d, timeout_ms, f);
        if (status != OS_DIAL_DONE)
            return status;
    }
    return connecting(d, until_ms, socket, f);
}

void os_dial_end(struct os_dial *d)
{
    if (!d)
        return;
    os_resolve_end(d->resolve);
    while (d->tried_count)
        os_socket_close(take(d, 0));
    if (d->list)
        freeaddrinfo(d->list);
    free(d);
}
