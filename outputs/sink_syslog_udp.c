/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Syslog over UDP (RFC 5426): one message, one datagram, no proof.
 *
 * What can be known without an acknowledgement is used: a receiver's host that answers "port unreachable"
 * stops the sending, and a batch counts as sent only when nothing came back for it. After such an answer, and
 * at the start, the first datagram is a probe that is waited for.
 */
#include "address.h"
#include "backoff.h"
#include "lending.h"
#include "notifier.h"
#include "os_clock.h"
#include "os_socket.h"

#include <stdlib.h>

#define DEFAULT_PORT "514" /* RFC 5426 3.3 */

enum {
    CONNECT_TIMEOUT_MS = 10000, /* for the name; a UDP socket connects at once */
    PROBE_WAIT_MS = 100,        /* for an ICMP answer to the first datagram */
    PACE_MAX_MS = 50,           /* longest wait for the system's buffers */
    BURST_MAX = 64,             /* datagrams in one step: more would only overrun a receiver's buffer */
};

struct config {
    const char *address;
    int64_t max_datagram;
};

static const struct setting settings[] = {
    {.key = "address",
     .type = SETTING_STRING,
     .offset = offsetof(struct config, address),
     .required = true,
     .help = "Host and port of the receiver, host:port or [v6]:port; the port defaults to " DEFAULT_PORT "."},
    {.key = "max_datagram",
     .type = SETTING_SIZE,
     .offset = offsetof(struct config, max_datagram),
     .fallback = "2048",
     .min = 480,
     .max = 65507,
     .help = "Largest message, which is one datagram; every receiver should take 2048 bytes (RFC 5426 3.2)."},
    {.key = NULL},
};

struct sink {
    const struct config *config;
    struct address address;
    struct notifier notifier;
    struct backoff backoff;
    struct os_dial *dial;
    int64_t dial_until_ms;
    struct os_socket *socket;
    struct sink_batch *batch; /* lent, at most one */
    size_t sent;              /* its items that went out */
    bool is_probed;           /* a datagram went out and nothing came back for it */
    int64_t probe_until_ms;   /* 0: no probe is out */
    int pace_ms;
    struct fault failure;
};

static void disconnect(struct sink *s)
{
    os_dial_end(s->dial);
    os_socket_close(s->socket);
    s->dial = NULL;
    s->socket = NULL;
}

/* Not reachable: the batch begins again after a wait, because nobody knows which of its datagrams came back.
 */
static void refuse(struct sink *s, const struct fault *f)
{
    s->failure = *f;
    disconnect(s);
    backoff_fail(&s->backoff);
    s->sent = 0;
    s->is_probed = false;
    s->probe_until_ms = 0;
    if (s->batch) /* a check hands out the fault itself */
        notify(&s->notifier, NOTICE_WARNING, "cannot send to %s: %s", s->address.text,
               address_reason(s->address.text, f));
}

static int give_back(struct sink *s, enum item_result result)
{
    lend_end(&s->batch, result, s->notifier.host);
    return 1;
}

/* Gets a socket; true when there is one. */
static bool connected(struct sink *s, int wait_ms)
{
    struct fault f;
    if (s->socket)
        return true;
    if (!s->dial) {
        const struct os_socket_options options = {.datagram = true};
        s->dial = os_dial_start(s->address.host, s->address.port, &options, &f);
        s->dial_until_ms = os_monotonic_ms() + CONNECT_TIMEOUT_MS;
    }
    enum os_dial_status status = s->dial ? os_dial_poll(s->dial, wait_ms, &s->socket, &f) : OS_DIAL_FAILED;
    if (status == OS_DIAL_PENDING && os_monotonic_ms() >= s->dial_until_ms) {
        fault_set(&f, FAULT_TIMEOUT, 0, "the name server gives no answer");
        status = OS_DIAL_FAILED;
    }
    if (status == OS_DIAL_FAILED)
        refuse(s, &f);
    if (status != OS_DIAL_DONE)
        return false;
    os_dial_end(s->dial);
    s->dial = NULL;
    return true;
}

/* Hears of refusals; what a receiver sends is dropped. False: refused. */
static bool listen_for_refusal(struct sink *s)
{
    char dropped[512];
    struct fault f;
    for (int i = 0; i < BURST_MAX; i++) {
        ptrdiff_t n = os_socket_recv(s->socket, dropped, sizeof dropped, &f);
        if (n == OS_SOCKET_REFUSED || n == OS_SOCKET_BROKEN) {
            refuse(s, &f);
            return false;
        }
        if (n == OS_SOCKET_WAIT)
            break;
    }
    return true;
}

static bool reject(struct sink *s, struct sink_item *item, const char *reason)
{
    lend_reject(item, reason);
    s->sent++;
    return true;
}

/* Sends the next item. False: not now. */
static bool send_next(struct sink *s)
{
    struct sink_item *item = &s->batch->items[s->sent];
    struct fault f;
    if (item->body.n == 0)
        return reject(s, item, "an empty message makes no datagram");
    if (item->body.n > (size_t)s->config->max_datagram)
        return reject(s, item, "longer than max_datagram");
    ptrdiff_t n = os_socket_send(s->socket, item->body.p, item->body.n, &f);
    if (n == OS_SOCKET_TOO_LARGE)
        return reject(s, item, "longer than what the network takes in a datagram");
    if (n == OS_SOCKET_REFUSED || n == OS_SOCKET_BROKEN) {
        refuse(s, &f);
        return false;
    }
    if (n <= 0) {
        /* RFC 5426 has no flow control but this: the sender's own system is full, and asking faster empties
         * nothing. */
        s->pace_ms = s->pace_ms ? (s->pace_ms * 2 < PACE_MAX_MS ? s->pace_ms * 2 : PACE_MAX_MS) : 1;
        return false;
    }
    s->pace_ms = 0;
    s->sent++;
    if (!s->is_probed && !s->probe_until_ms)
        s->probe_until_ms = os_monotonic_ms() + PROBE_WAIT_MS;
    return true;
}

static bool probe_is_out(struct sink *s)
{
    if (!s->probe_until_ms || os_monotonic_ms() < s->probe_until_ms)
        return s->probe_until_ms != 0;
    s->probe_until_ms = 0;
    s->is_probed = true;
    s->failure.code = FAULT_NONE;
    backoff_reset(&s->backoff);
    notify(&s->notifier, NOTICE_INFO, "sending to %s, without any proof of arrival", s->address.text);
    return false;
}

/* Moves on without waiting; the batches given back. */
static int act(struct sink *s)
{
    if (!s->batch || backoff_left(&s->backoff) > 0 || !connected(s, 0) || !listen_for_refusal(s))
        return 0;
    for (int i = 0; i < BURST_MAX && s->sent < s->batch->count && !probe_is_out(s); i++)
        if (!send_next(s))
            return 0;
    if (s->sent < s->batch->count || probe_is_out(s) || !listen_for_refusal(s))
        return 0;
    return give_back(s, ITEM_DELIVERED);
}

/* Waits for whatever is to happen next. */
static void wait_for_next(struct sink *s, int wait_ms)
{
    int64_t wait = wait_ms;
    if (s->batch && backoff_left(&s->backoff) > 0)
        wait = backoff_left(&s->backoff);
    else if (s->batch && !s->socket) {
        connected(s, wait_ms);
        return;
    } else if (s->probe_until_ms)
        wait = s->probe_until_ms - os_monotonic_ms();
    else if (s->batch)
        wait = s->pace_ms;
    wait = wait < wait_ms ? wait : wait_ms;
    if (s->socket && !s->pace_ms)
        os_socket_poll(s->socket, false, (int)wait);
    else if (wait > 0)
        os_sleep_ms((int)wait);
}

static bool validate(const void *config, struct fault *f)
{
    struct address address;
    return address_parse(((const struct config *)config)->address, DEFAULT_PORT, &address, f);
}

static enum sink_proof proof(const void *config)
{
    (void)config;
    return PROOF_NONE;
}

static size_t max_message(const void *config)
{
    return (size_t)((const struct config *)config)->max_datagram;
}

static struct sink *open_udp(const void *config, const struct sink_host *host, struct fault *f)
{
    struct sink *s = calloc(1, sizeof *s);
    if (!s) {
        fault_set(f, FAULT_MEMORY, 0, "no memory for a socket");
        return NULL;
    }
    s->config = config;
    s->notifier.host = host;
    if (address_parse(s->config->address, DEFAULT_PORT, &s->address, f))
        return s;
    free(s);
    return NULL;
}

static bool submit(struct sink *s, struct sink_batch *batch)
{
    if (s->batch)
        return false;
    lend_begin(batch);
    s->batch = batch;
    s->sent = 0;
    return true;
}

static int poll_udp(struct sink *s, int timeout_ms)
{
    int64_t until_ms = os_monotonic_ms() + timeout_ms;
    for (;;) {
        int given = act(s);
        int64_t left = until_ms - os_monotonic_ms();
        if (given || left <= 0)
            return given;
        wait_for_next(s, (int)left);
    }
}

static bool flush(struct sink *s, int timeout_ms)
{
    poll_udp(s, timeout_ms);
    return !s->batch;
}

/* All that can be checked without a message is the name. */
static bool check(struct sink *s, int timeout_ms, struct fault *f)
{
    int64_t until_ms = os_monotonic_ms() + timeout_ms;
    s->failure.code = FAULT_NONE;
    while (!connected(s, (int)(until_ms - os_monotonic_ms())) && s->failure.code == FAULT_NONE &&
           os_monotonic_ms() < until_ms) {
    }
    if (s->socket)
        return true;
    if (s->failure.code == FAULT_NONE)
        return fault_set(f, FAULT_TIMEOUT, 0, "%.200s: no answer in time", s->address.text);
    return fault_set(f, s->failure.code, s->failure.os_error, "%.110s: %.140s", s->address.text,
                     address_reason(s->address.text, &s->failure));
}

static void close_udp(struct sink *s, int timeout_ms)
{
    if (!s)
        return;
    if (s->batch && backoff_left(&s->backoff) == 0)
        poll_udp(s, timeout_ms);
    if (s->batch)
        give_back(s, ITEM_RETRY);
    disconnect(s);
    free(s);
}

const struct sink_ops sink_syslog_udp = {
    .name = "syslog_udp",
    .title = "syslog over UDP (RFC 5426)",
    .default_format = "rfc5424",
    .settings = settings,
    .config_size = sizeof(struct config),
    .validate = validate,
    .proof = proof,
    .max_message = max_message,
    .open = open_udp,
    .submit = submit,
    .poll = poll_udp,
    .flush = flush,
    .check = check,
    .close = close_udp,
};
