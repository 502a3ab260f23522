/* SPDX-License-Identifier: Apache-2.0 */
/* A sink over one TCP connection, plain or under TLS. */
#include "stream.h"

#include "address.h"
#include "backoff.h"
#include "notifier.h"
#include "os_clock.h"
#include "os_socket.h"

#include <stdlib.h>
#include <string.h>

enum {
    SEND_BUFFER_BYTES =
        256 * 1024,           /* what the system may hold for us: all of it is lost when the peer dies */
    GATHER_BYTES = 64 * 1024, /* frames joined for one send */
    OUT_BYTES_MAX = 4 << 20,  /* above the longest frame and its gathering */
    RECEIVE_BYTES = 16 * 1024,
    ROUNDS_MAX = 16,       /* sends or receives in one go, so that neither side starves the other */
    ACCEPT_WAIT_MS = 1000, /* for a TLS 1.3 peer to refuse our certificate */
    GOODBYE_MS = 1000,     /* for the peer to end its side after all is acknowledged */
    ACK_WAIT_MAX_MS = 64,  /* between looks at what the peer has acknowledged, for which no event exists */
};

enum state { DOWN, DIALLING, SHAKING, UP };

struct sink {
    struct stream_options options;
    struct address address;
    struct notifier notifier;
    struct outbox outbox;
    struct backoff backoff;
    enum state state;
    struct os_dial *dial;     /* DIALLING */
    struct os_socket *socket; /* SHAKING, UP */
    struct tls *tls;          /* the same, under TLS */
    int64_t stage_until_ms;   /* DIALLING, SHAKING */
    int64_t accept_until_ms;  /* SHAKING: end of waiting for a refusal; 0: not yet begun */
    struct buf out;           /* bytes for the wire, from out_at on unsent */
    size_t out_at;
    uint64_t stream_end; /* offset in the connection's bytes behind out */
    struct buf plain;    /* under TLS: frames to be sealed */
    int ack_wait_ms;
    bool wanted; /* connect although nothing is lent: check */
    bool noted_no_trust;
    struct fault failure; /* the latest; code FAULT_NONE: none since the connection came up */
};

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int wait_until(int64_t until_ms, int wait_ms)
{
    int64_t left = until_ms - os_monotonic_ms();
    return left <= 0 ? 0 : (int)sooner(left, wait_ms);
}

/* ---- Coming and going ---- */

static void disconnect(struct sink *s)
{
    os_dial_end(s->dial);
    os_socket_close(s->socket);
    tls_close(s->tls);
    s->dial = NULL;
    s->socket = NULL;
    s->tls = NULL;
    buf_reset(&s->out);
    buf_reset(&s->plain);
    s->out_at = 0;
    s->stream_end = 0;
    s->accept_until_ms = 0;
    s->state = DOWN;
}

/* The attempt came to nothing: what is lent stays, for nothing of it was sent. */
static void fail(struct sink *s, const struct fault *f)
{
    s->failure = *f;
    disconnect(s);
    backoff_fail(&s->backoff);
    if (!s->wanted) /* a check hands out the fault itself */
        notify(&s->notifier, f->code == FAULT_TLS || f->code == FAULT_CONFIG ? NOTICE_ERROR : NOTICE_WARNING,
               "cannot connect to %s: %s", s->address.text, f->text);
}

/* The connection is gone: nobody knows what of the rest arrived, so all of it is to be sent again. */
static void lose(struct sink *s, const struct fault *f)
{
    bool was_busy = !outbox_is_empty(&s->outbox);
    s->failure = *f;
    disconnect(s);
    backoff_fail(&s->backoff);
    notify(&s->notifier, was_busy ? NOTICE_WARNING : NOTICE_INFO, "connection to %s lost: %s",
           s->address.text, f->text);
    outbox_return(&s->outbox);
}

static void come_up(struct sink *s)
{
    s->state = UP;
    s->failure.code = FAULT_NONE;
    s->ack_wait_ms = 1;
    if (!s->tls) {
        notify(&s->notifier, NOTICE_INFO, "connected to %s", s->address.text);
        return;
    }
    char suite[80];
    tls_describe(s->tls, suite, sizeof suite);
    if (s->options.tls->verify)
        notify(&s->notifier, NOTICE_INFO, "connected to %s (%s)", s->address.text, suite);
    else
        notify(&s->notifier, NOTICE_WARNING,
               "connected to %s (%s) WITHOUT VERIFYING WHO IT IS: anybody in between can read and change "
               "everything "
               "(verify: false)",
               s->address.text, suite);
}

/* ---- Bytes ---- */

/* A slow peer may never let out become empty: what is sent makes room once it is the larger part. */
static void compact(struct sink *s)
{
    size_t left = s->out.n - s->out_at;
    if (s->out_at < left)
        return;
    memmove(s->out.p, s->out.p + s->out_at, left);
    buf_cut(&s->out, left);
    s->out_at = 0;
}

/* Sends what is in out. False: the connection is gone, and the fault filled. */
static bool send_out(struct sink *s, struct fault *f)
{
    while (s->out_at < s->out.n) {
        ptrdiff_t n = os_socket_send(s->socket, s->out.p + s->out_at, s->out.n - s->out_at, f);
        if (n < 0)
            return false;
        if (n == OS_SOCKET_WAIT) {
            compact(s);
            return true;
        }
        s->out_at += (size_t)n;
    }
    buf_reset(&s->out);
    s->out_at = 0;
    return true;
}

/* Moves what TLS has for the peer to out. */
static bool take_sealed(struct sink *s, struct fault *f)
{
    size_t before = s->out.n;
    if (!tls_take(s->tls, &s->out))
        return fault_set(f, FAULT_MEMORY, 0, "no memory for TLS");
    s->stream_end += s->out.n - before;
    return true;
}

static bool has_room(const struct sink *s)
{
    return s->out.n - s->out_at < GATHER_BYTES;
}

/* Gathers frames to out, sealed under TLS. */
static bool gather(struct sink *s, struct fault *f)
{
    if (!s->tls) {
        size_t before = s->out.n;
        outbox_fill(&s->outbox, &s->out, s->out_at + GATHER_BYTES, s->stream_end - before);
        s->stream_end += s->out.n - before;
        return true;
    }
    buf_reset(&s->plain);
    if (!outbox_fill(&s->outbox, &s->plain, GATHER_BYTES, s->stream_end))
        return true;
    if (!tls_write(s->tls, s->plain.p, s->plain.n, f) || !take_sealed(s, f))
        return false;
    outbox_seal(&s->outbox, s->stream_end);
    return true;
}

/* Reads what the peer sent. Plain data is dropped, TLS gets its records. False: broken or ended. */
static bool receive(struct sink *s, struct fault *f)
{
    char bytes[RECEIVE_BYTES];
    for (int i = 0; i < ROUNDS_MAX; i++) {
        ptrdiff_t n = os_socket_recv(s->socket, bytes, sizeof bytes, f);
        if (n == OS_SOCKET_WAIT)
            return true;
        if (n == OS_SOCKET_ENDED)
            return fault_set(f, FAULT_CONNECT, 0,
                             s->tls ? "the peer closed it without the TLS good-bye" : "the peer closed it");
        if (n < 0 || (s->tls && !tls_feed(s->tls, bytes, (size_t)n, f)))
            return false;
    }
    return true;
}

/* Looks at the peer's records: an alert, its good-bye. */
static bool read_records(struct sink *s, struct fault *f)
{
    switch (tls_read(s->tls, NULL, f)) {
    case TLS_MORE:
        return take_sealed(s, f); /* an answer to a key update, for instance */
    case TLS_DONE:
        return fault_set(f, FAULT_CONNECT, 0, "the peer said good-bye");
    case TLS_FAILED:
        break;
    }
    return false;
}

/* ---- The states. Each waits at most wait_ms for its next event and then acts. ---- */

static void step_down(struct sink *s, int wait_ms)
{
    bool wants = s->wanted || !outbox_is_empty(&s->outbox);
    int left = wants ? backoff_left(&s->backoff) : wait_ms;
    if (left > 0 && wait_ms > 0)
        os_sleep_ms((int)sooner(left, wait_ms));
    if (!wants || backoff_left(&s->backoff) > 0)
        return;
    const struct stream_config *c = s->options.config;
    const struct os_socket_options options = {.send_buffer_bytes = SEND_BUFFER_BYTES,
                                              .send_timeout_ms = (int)c->send_timeout_ms,
                                              .keep_alive_ms = (int)c->keep_alive_ms};
    struct fault f;
    s->dial = os_dial_start(s->address.host, s->address.port, &options, &f);
    if (!s->dial) {
        fail(s, &f);
        return;
    }
    s->state = DIALLING;
    s->stage_until_ms = os_monotonic_ms() + c->connect_timeout_ms;
}

/* One turn of the handshake: bytes in, a step, bytes out. The peer's last words count before its end does. */
static enum tls_status shake(struct sink *s, struct fault *f)
{
    struct fault end;
    bool open = receive(s, &end);
    enum tls_status status = tls_handshake(s->tls, f);
    struct fault ignored;
    bool sent = take_sealed(s, &ignored) && send_out(s, &ignored);
    if (status == TLS_FAILED || (open && sent))
        return status;
    tls_cut(s->tls, f);
    return TLS_FAILED;
}

static void step_shaking(struct sink *s, int wait_ms)
{
    if (wait_ms > 0)
        os_socket_poll(s->socket, s->out_at < s->out.n,
                       wait_until(s->accept_until_ms ? s->accept_until_ms : s->stage_until_ms, wait_ms));
    struct fault f;
    enum tls_status status = shake(s, &f);
    int64_t now_ms = os_monotonic_ms();
    if (status == TLS_MORE && tls_is_shaken(s->tls)) {
        if (!s->accept_until_ms)
            s->accept_until_ms = now_ms + ACCEPT_WAIT_MS;
        if (now_ms >= s->accept_until_ms)
            status = TLS_DONE;
    } else if (status == TLS_MORE && now_ms >= s->stage_until_ms) {
        fault_set(&f, FAULT_TLS, 0, "no answer to the TLS handshake; is it a port for plain text?");
        status = TLS_FAILED;
    }
    if (status == TLS_DONE)
        come_up(s);
    else if (status == TLS_FAILED)
        fail(s, &f);
}

static const char *server_name(const struct stream_options *o, const struct address *a)
{
    return o->server_name ? o->server_name : a->host;
}

static void begin_tls(struct sink *s)
{
    struct fault f;
    s->tls = tls_open(s->options.tls, server_name(&s->options, &s->address), &f);
    if (!s->tls) {
        fail(s, &f);
        return;
    }
    s->state = SHAKING;
    s->stage_until_ms = os_monotonic_ms() + s->options.config->connect_timeout_ms;
    step_shaking(s, 0); /* the first word is ours */
}

static void step_dialling(struct sink *s, int wait_ms)
{
    struct fault f;
    enum os_dial_status status =
        os_dial_poll(s->dial, wait_until(s->stage_until_ms, wait_ms), &s->socket, &f);
    if (status == OS_DIAL_PENDING) {
        if (os_monotonic_ms() < s->stage_until_ms)
            return;
        fault_set(&f, FAULT_TIMEOUT, 0,
                  os_dial_is_resolving(s->dial) ? "the name server gives no answer" : "no answer");
        status = OS_DIAL_FAILED;
    }
    if (status == OS_DIAL_FAILED) {
        fail(s, &f);
        return;
    }
    os_dial_end(s->dial);
    s->dial = NULL;
    if (s->options.tls)
        begin_tls(s);
    else
        come_up(s);
}

/* Asks the system what the peer has acknowledged; the first success of a connection ends the growing of
 * waits. */
static void settle(struct sink *s)
{
    if (outbox_is_empty(&s->outbox))
        return;
    uint64_t sent = s->stream_end - (s->out.n - s->out_at);
    int64_t pending = os_socket_unacknowledged(s->socket);
    uint64_t acknowledged = pending > 0 ? sent - ((uint64_t)pending < sent ? (uint64_t)pending : sent) : sent;
    if (outbox_settle(&s->outbox, acknowledged)) {
        backoff_reset(&s->backoff);
        s->ack_wait_ms = 1;
    }
}

static bool pump(struct sink *s, struct fault *f)
{
    if (!receive(s, f)) {
        struct fault last_words;
        if (s->tls && !read_records(s, &last_words) && last_words.code == FAULT_TLS)
            *f = last_words;
        return false;
    }
    if (s->tls && !read_records(s, f))
        return false;
    for (int i = 0; i < ROUNDS_MAX; i++) {
        if (has_room(s) && !gather(s, f))
            return false;
        bool had_some = s->out_at < s->out.n;
        if (!send_out(s, f))
            return false;
        if (!had_some || s->out_at < s->out.n)
            break;
    }
    return true;
}

static void step_up(struct sink *s, int wait_ms)
{
    if (wait_ms > 0) {
        bool waiting = outbox_is_waiting(&s->outbox);
        os_socket_poll(s->socket, s->out_at < s->out.n,
                       waiting ? (int)sooner(wait_ms, s->ack_wait_ms) : wait_ms);
        s->ack_wait_ms = waiting ? (int)sooner((int64_t)s->ack_wait_ms * 2, ACK_WAIT_MAX_MS) : 1;
    }
    struct fault f;
    if (!pump(s, &f))
        lose(s, &f);
    else
        settle(s);
}

static void step(struct sink *s, int wait_ms)
{
    switch (s->state) {
    case DOWN:
        step_down(s, wait_ms);
        return;
    case DIALLING:
        step_dialling(s, wait_ms);
        return;
    case SHAKING:
        step_shaking(s, wait_ms);
        return;
    case UP:
        step_up(s, wait_ms);
        return;
    }
}

/* ---- The contract ---- */

struct sink *stream_open(const struct stream_options *o, const struct sink_host *host, struct fault *f)
{
    struct sink *s = calloc(1, sizeof *s);
    if (!s) {
        fault_set(f, FAULT_MEMORY, 0, "no memory for a connection");
        return NULL;
    }
    s->options = *o;
    s->notifier.host = host;
    outbox_init(&s->outbox, host, o->framing);
    buf_init(&s->out, OUT_BYTES_MAX);
    buf_init(&s->plain, OUT_BYTES_MAX);
    bool ready = address_parse(o->config->address, o->default_port, &s->address, f);
    if (ready && o->tls) {
        /* Files that cannot be read are a mistake to be told at the start; later they are read again each
         * time. */
        struct tls *probe = tls_open(o->tls, server_name(o, &s->address), f);
        ready = probe != NULL;
        tls_close(probe);
    }
    if (ready)
        return s;
    free(s);
    return NULL;
}

bool stream_submit(struct sink *s, struct sink_batch *batch)
{
    return outbox_add(&s->outbox, batch);
}

int stream_poll(struct sink *s, int timeout_ms)
{
    int before = s->outbox.given_back;
    int64_t until_ms = os_monotonic_ms() + timeout_ms;
    step(s, 0);
    while (s->outbox.given_back == before && wait_until(until_ms, timeout_ms) > 0)
        step(s, wait_until(until_ms, timeout_ms));
    return s->outbox.given_back - before;
}

bool stream_flush(struct sink *s, int timeout_ms)
{
    int64_t until_ms = os_monotonic_ms() + timeout_ms;
    do
        stream_poll(s, wait_until(until_ms, timeout_ms));
    while (!outbox_is_empty(&s->outbox) && wait_until(until_ms, timeout_ms) > 0);
    return outbox_is_empty(&s->outbox);
}

bool stream_check(struct sink *s, int timeout_ms, struct fault *f)
{
    int64_t until_ms = os_monotonic_ms() + timeout_ms;
    s->wanted = true;
    s->failure.code = FAULT_NONE;
    while (s->state != UP && s->failure.code == FAULT_NONE && wait_until(until_ms, timeout_ms) > 0)
        step(s, wait_until(until_ms, timeout_ms));
    s->wanted = false;
    if (s->state == UP)
        return true;
    if (s->failure.code != FAULT_NONE)
        return fault_set(f, s->failure.code, s->failure.os_error, "%.110s: %.140s", s->address.text,
                         s->failure.text);
    return fault_set(f, FAULT_TIMEOUT, 0, "%s: no answer in time", s->address.text);
}

/* Ends our side and waits for the peer's end, which tells that it has read everything. */
static void say_goodbye(struct sink *s, int64_t until_ms)
{
    struct fault f;
    if (s->out_at < s->out.n)
        return; /* in the middle of a frame nothing can be said */
    if (s->tls) {
        tls_goodbye(s->tls);
        if (!take_sealed(s, &f) || !send_out(s, &f))
            return;
    }
    os_socket_shutdown(s->socket);
    until_ms = sooner(until_ms, os_monotonic_ms() + GOODBYE_MS);
    while (receive(s, &f) && wait_until(until_ms, GOODBYE_MS) > 0) {
        settle(s);
        os_socket_poll(s->socket, false, wait_until(until_ms, GOODBYE_MS));
    }
}

void stream_close(struct sink *s, int timeout_ms)
{
    if (!s)
        return;
    int64_t until_ms = os_monotonic_ms() + timeout_ms;
    while (s->state == UP && !outbox_is_empty(&s->outbox) && wait_until(until_ms, timeout_ms) > 0)
        step(s, wait_until(until_ms, timeout_ms));
    if (s->state == UP)
        say_goodbye(s, until_ms);
    disconnect(s);
    outbox_return(&s->outbox);
    buf_free(&s->out);
    buf_free(&s->plain);
    free(s);
}
