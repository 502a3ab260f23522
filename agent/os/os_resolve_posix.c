/* SPDX-License-Identifier: Apache-2.0 */
/* Name lookups that cannot hold anybody up: getaddrinfo in a detached thread, its result shared under a lock.
 */
#include "os_file.h"
#include "os_socket_inner.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct os_resolve {
    pthread_mutex_t lock;
    pthread_cond_t finished_cond;
    unsigned holders; /* the owner and the thread: the last one frees */
    bool finished;
    int error; /* of getaddrinfo */
    int os_error;
    struct addrinfo *list;
    struct addrinfo hints;
    char host[256], port[8];
};

static void drop(struct os_resolve *r)
{
    pthread_mutex_lock(&r->lock);
    bool last = --r->holders == 0;
    pthread_mutex_unlock(&r->lock);
    if (!last)
        return;
    if (r->list)
        freeaddrinfo(r->list);
    pthread_cond_destroy(&r->finished_cond);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

static void *look_up(void *ctx)
{
    struct os_resolve *r = ctx;
    struct addrinfo *list = NULL;
    errno = 0;
    int error = getaddrinfo(r->host, r->port, &r->hints, &list);
    int os_error = errno;
    pthread_mutex_lock(&r->lock);
    r->error = error;
    r->os_error = os_error;
    r->list = error ? NULL : list;
    r->finished = true;
    pthread_cond_signal(&r->finished_cond);
    pthread_mutex_unlock(&r->lock);
    drop(r);
    return NULL;
}

/* True when the host is an address already: no thread, no name server. */
static bool look_up_number(struct os_resolve *r)
{
    struct addrinfo hints = r->hints;
    hints.ai_flags |= AI_NUMERICHOST;
    r->finished = getaddrinfo(r->host, r->port, &hints, &r->list) == 0;
    return r->finished;
}

static bool start_thread(struct os_resolve *r)
{
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    r->holders++;
    bool started = pthread_create(&thread, &attributes, look_up, r) == 0;
    if (!started)
        r->holders--;
    pthread_attr_destroy(&attributes);
    return started;
}

static struct os_resolve *resolve_new(const char *host, const char *port, bool datagram)
{
    struct os_resolve *r = calloc(1, sizeof *r);
    pthread_condattr_t attributes;
    if (!r)
        return NULL;
    r->holders = 1;
    r->hints.ai_socktype = datagram ? SOCK_DGRAM : SOCK_STREAM;
    r->hints.ai_flags = AI_NUMERICSERV;
    memcpy(r->host, host, strlen(host) + 1);
    memcpy(r->port, port, strlen(port) + 1);
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&r->finished_cond, &attributes);
    pthread_condattr_destroy(&attributes);
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

static struct timespec monotonic_after(int ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

bool os_resolve_wait(struct os_resolve *r, int timeout_ms)
{
    struct timespec until = monotonic_after(timeout_ms > 0 ? timeout_ms : 0);
    pthread_mutex_lock(&r->lock);
    while (!r->finished && timeout_ms > 0 &&
           pthread_cond_timedwait(&r->finished_cond, &r->lock, &until) != ETIMEDOUT) {
    }
    bool finished = r->finished;
    pthread_mutex_unlock(&r->lock);
    return finished;
}

static void explain(const struct os_resolve *r, struct fault *f)
{
    if (r->error == EAI_AGAIN)
        fault_set(f, FAULT_CONNECT, 0, "the name server gives no answer for %s", r->host);
    else if (r->error == EAI_SYSTEM)
        fault_set(f, FAULT_CONNECT, r->os_error, "cannot look up %s: %s", r->host,
                  os_error_text(r->os_error));
    else
        fault_set(f, FAULT_CONNECT, 0, "cannot look up %s: %s", r->host, gai_strerror(r->error));
}

struct addrinfo *os_resolve_take(struct os_resolve *r, struct fault *f)
{
    struct addrinfo *list = r->list;
    r->list = NULL;
    if (!list)
        explain(r, f);
    return list;
}

void os_resolve_end(struct os_resolve *r)
{
    if (r)
        drop(r);
}
