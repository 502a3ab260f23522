/* SPDX-License-Identifier: Apache-2.0 */
/* Name lookups that cannot hold anybody up: getaddrinfo in a thread that is left alone if it takes too long.
 */
#include "os_file.h"
#include "os_socket_inner.h"

#include <process.h>
#include <stdlib.h>
#include <string.h>

struct os_resolve {
    HANDLE finished;       /* an event that stays set */
    volatile LONG holders; /* the owner and the thread: the last one frees */
    int error;             /* of getaddrinfo; like the list to be read once finished is set */
    struct addrinfo *list;
    struct addrinfo hints;
    char host[256], port[8];
};

static void drop(struct os_resolve *r)
{
    if (InterlockedDecrement(&r->holders) != 0)
        return;
    if (r->list)
        freeaddrinfo(r->list);
    if (r->finished)
        CloseHandle(r->finished);
    free(r);
}

static unsigned __stdcall look_up(void *ctx)
{
    struct os_resolve *r = ctx;
    r->error = getaddrinfo(r->host, r->port, &r->hints, &r->list);
    if (r->error)
        r->list = NULL;
    SetEvent(r->finished);
    drop(r);
    return 0;
}

/* True when the host is an address already: no thread, no name server. */
static bool look_up_number(struct os_resolve *r)
{
    struct addrinfo hints = r->hints;
    hints.ai_flags |= AI_NUMERICHOST;
    if (getaddrinfo(r->host, r->port, &hints, &r->list) != 0) {
        r->list = NULL;
        return false;
    }
    SetEvent(r->finished);
    return true;
}

static bool start_thread(struct os_resolve *r)
{
    InterlockedIncrement(&r->holders);
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, look_up, r, 0, NULL);
    if (!thread) {
        InterlockedDecrement(&r->holders);
        return false;
    }
    CloseHandle(thread);
    return true;
}

static struct os_resolve *resolve_new(const char *host, const char *port, bool datagram)
{
    struct os_resolve *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->holders = 1;
    r->hints.ai_socktype = datagram ? SOCK_DGRAM : SOCK_STREAM;
    r->hints.ai_flags = AI_NUMERICSERV;
    memcpy(r->host, host, strlen(host) + 1);
    memcpy(r->port, port, strlen(port) + 1);
    r->finished = CreateEventW(NULL, TRUE, FALSE, NULL);
    /* Every connection begins with a lookup. */
    if (!r->finished || !os_sockets_start()) {
        drop(r);
        return NULL;
    }
    return r;
}

struct os_resolve *os_resolve_start(const char *host, const char *port, bool datagram, struct fault *f)
{
    if (strlen(host) >= sizeof((struct os_resolve *)0)->host ||
        strlen(port) >= sizeof((struct os_resolve *)0)->port) {
        fault_set(f, FAULT_CONFIG, 0, "the host name or port is too long");
        return NULL;
    }
    struct os_resolve *r = resolve_new(host, port, datagram);
    if (!r) {
        fault_set(f, FAULT_MEMORY, 0, "no memory to look up %s", host);
        return NULL;
    }
    if (!look_up_number(r) && !start_thread(r)) {
        fault_set(f, FAULT_MEMORY, 0, "no thread to look up %s", host);
        drop(r);
        return NULL;
    }
    return r;
}

bool os_resolve_wait(struct os_resolve *r, int timeout_ms)
{
    return WaitForSingleObject(r->finished, timeout_ms > 0 ? (DWORD)timeout_ms : 0) == WAIT_OBJECT_0;
}

static const char *reason(int error)
{
    switch (error) {
    case WSAHOST_NOT_FOUND:
    case WSANO_DATA:
        return "there is no address of that name";
    default:
        return os_error_text(error);
    }
}

struct addrinfo *os_resolve_take(struct os_resolve *r, struct fault *f)
{
    struct addrinfo *list = r->list;
    r->list = NULL;
    if (!list && r->error == WSATRY_AGAIN)
        fault_set(f, FAULT_CONNECT, 0, "the name server gives no answer for %s", r->host);
    else if (!list)
        fault_set(f, FAULT_CONNECT, 0, "cannot look up %s: %s", r->host, reason(r->error));
    return list;
}

void os_resolve_end(struct os_resolve *r)
{
    if (r)
        drop(r);
}
