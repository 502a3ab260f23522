/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of a stream to one peer, plain or under TLS. */
#include "connection.h"

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
    ROUNDS_MAX = 16,       /* receives in one go, so that the peer cannot starve our side */
    ACCEPT_WAIT_MS = 1000, /* for a TLS 1.3 peer to refuse our certificate */
};

enum stage { DIALLING, SHAKING, UP };

struct connection {
    const struct connection_options *options;
    const struct address *to;
    enum stage stage;
    struct os_dial *dial;     /* DIALLING */
    struct os_socket *socket; /* SHAKING, UP */
    struct tls *tls;          /* the same, under TLS */
    int64_t stage_until_ms;   /* DIALLING, SHAKING */
    int64_t accept_until_ms;  /* SHAKING: end of waiting for a refusal; 0: not yet begun */
    struct buf out;           /* bytes for the wire, from out_at on unsent */
    size_t out_at;
    size_t taken;        /* of out: what stream_end counts */
    uint64_t stream_end; /* offset in the connection's bytes behind that */
    struct buf plain;    /* under TLS: bytes to be sealed */
};

static int wait_until(int64_t until_ms, int wait_ms)
{
    int64_t left = until_ms - os_monotonic_ms();
    return left <= 0 ? 0 : left < wait_ms ? (int)left : wait_ms;
}

/* ---- Bytes ---- */

/* A slow peer may never let out become empty: what is sent makes room once it is the larger part. */
static void compact(struct connection *c)
{
    size_t left = c->out.n - c->out_at;
    if (c->out_at < left)
        return;
    memmove(c->out.p, c->out.p + c->out_at, left);
    buf_cut(&c->out, left);
    c->out_at = 0;
    c->taken = left;
}

bool connection_send(struct connection *c, struct fault *f)
{
    while (c->out_at < c->out.n) {
        ptrdiff_t n = os_socket_send(c->socket, c->out.p + c->out_at, c->out.n - c->out_at, f);
        if (n < 0)
            return false;
        if (n == OS_SOCKET_WAIT) {
            compact(c);
            return true;
        }
        c->out_at += (size_t)n;
    }
    buf_reset(&c->out);
    c->out_at = 0;
    c->taken = 0;
    return true;
}

static void count_taken(struct connection *c)
{
    c->stream_end += c->out.n - c->taken;
    c->taken = c->out.n;
}

/* Moves what TLS has for the peer to out. */
static bool take_sealed(struct connection *c, struct fault *f)
{
    if (!tls_take(c->tls, &c->out))
        return fault_set(f, FAULT_MEMORY, 0, "no memory for TLS");
    count_taken(c);
    return true;
}

/* Reads what the peer sent; under TLS its records. False: broken or ended. */
static bool receive(struct connection *c, struct buf *in, struct fault *f)
{
    char bytes[RECEIVE_BYTES];
    for (int i = 0; i < ROUNDS_MAX; i++) {
        ptrdiff_t n = os_socket_recv(c->socket, bytes, sizeof bytes, f);
        if (n == OS_SOCKET_WAIT)
            return true;
        if (n == OS_SOCKET_ENDED)
            return fault_set(f, FAULT_CONNECT, 0,
                             c->tls ? "the peer closed it without the TLS good-bye" : "the peer closed it");
        if (n < 0 || (c->tls && !tls_feed(c->tls, bytes, (size_t)n, f)))
            return false;
        if (!c->tls && in)
            buf_put(in, sv_make(bytes, (size_t)n));
        if (in && !buf_ok(in))
            return fault_set(f, FAULT_MEMORY, 0, "no memory for what the peer says");
    }
    return true;
}

/* Looks at the peer's records: data, an alert, its good-bye. */
static bool read_records(struct connection *c, struct buf *in, struct fault *f)
{
    switch (tls_read(c->tls, in, f)) {
    case TLS_MORE:
        return take_sealed(c, f); /* an answer to a key update, for instance */
    case TLS_DONE:
        return fault_set(f, FAULT_CONNECT, 0, "the peer said good-bye");
    case TLS_FAILED:
        break;
    }
    return false;
}

bool connection_receive(struct connection *c, struct buf *in, struct fault *f)
{
    if (!c->tls)
        return receive(c, in, f);
    struct fault end;
    bool open = receive(c, NULL, &end), alive = read_records(c, in, f);
    if (!open && (alive || f->code != FAULT_TLS)) /* an alert tells more than the end that follows it */
        *f = end;
    return open && alive;
}

size_t connection_unsent(const struct connection *c)
{
    return c->out.n - c->out_at;
}

bool connection_has_room(const struct connection *c)
{
    return connection_unsent(c) < GATHER_BYTES;
}

struct connection_room connection_room(struct connection *c)
{
    if (!c->tls)
        return (struct connection_room){&c->out, c->out_at + GATHER_BYTES, c->stream_end - c->out.n};
    buf_reset(&c->plain);
    return (struct connection_room){&c->plain, GATHER_BYTES, c->stream_end};
}

bool connection_commit(struct connection *c, struct fault *f)
{
    if (c->tls)
        return tls_write(c->tls, c->plain.p, c->plain.n, f) && take_sealed(c, f);
    count_taken(c);
    return true;
}

bool connection_is_sealed(const struct connection *c)
{
    return c->tls != NULL;
}

uint64_t connection_end(const struct connection *c)
{
    return c->stream_end;
}

uint64_t connection_acknowledged(struct connection *c)
{
    uint64_t sent = c->stream_end - connection_unsent(c);
    int64_t pending = os_socket_unacknowledged(c->socket);
    return pending > 0 ? sent - ((uint64_t)pending < sent ? (uint64_t)pending : sent) : sent;
}

/* ---- Coming ---- */

static bool is_late(const struct connection *c)
{
    return os_monotonic_ms() >= c->stage_until_ms;
}

/* One turn of the handshake: bytes in, a step, bytes out. The peer's last words count before its end does. */
static enum tls_status shake(struct connection *c, struct fault *f)
{
    struct fault end, ignored;
    bool open = receive(c, NULL, &end);
    enum tls_status status = tls_handshake(c->tls, f);
    bool sent = take_sealed(c, &ignored) && connection_send(c, &ignored);
    if (status == TLS_FAILED || (open && sent))
        return status;
    tls_cut(c->tls, f);
    return TLS_FAILED;
}

static enum connection_status step_shaking(struct connection *c, int wait_ms, struct fault *f)
{
    if (wait_ms > 0)
        os_socket_poll(c->socket, connection_unsent(c) > 0,
                       wait_until(c->accept_until_ms ? c->accept_until_ms : c->stage_until_ms, wait_ms));
    enum tls_status status = shake(c, f);
    int64_t now_ms = os_monotonic_ms();
    if (status == TLS_MORE && tls_is_shaken(c->tls)) {
        if (!c->accept_until_ms)
            c->accept_until_ms = now_ms + ACCEPT_WAIT_MS;
        if (now_ms >= c->accept_until_ms)
            status = TLS_DONE;
    } else if (status == TLS_MORE && is_late(c)) {
        fault_set(f, FAULT_TLS, 0, "no answer to the TLS handshake; is it a port for plain text?");
        return CONNECTION_FAILED;
    }
    if (status == TLS_DONE)
        c->stage = UP;
    return status == TLS_DONE ? CONNECTION_UP : status == TLS_FAILED ? CONNECTION_FAILED : CONNECTION_COMING;
}

const char *connection_peer_name(const struct connection_options *o, const struct address *to)
{
    return o->server_name ? o->server_name : to->host;
}

static void begin_stage(struct connection *c, enum stage stage)
{
    c->stage = stage;
    c->stage_until_ms = os_monotonic_ms() + c->options->connect_timeout_ms;
}

static enum connection_status begin_tls(struct connection *c, struct fault *f)
{
    c->tls = tls_open(c->options->tls, connection_peer_name(c->options, c->to), f);
    if (!c->tls)
        return CONNECTION_FAILED;
    begin_stage(c, SHAKING);
    return step_shaking(c, 0, f); /* the first word is ours */
}

static enum connection_status step_dialling(struct connection *c, int wait_ms, struct fault *f)
{
    switch (os_dial_poll(c->dial, wait_until(c->stage_until_ms, wait_ms), &c->socket, f)) {
    case OS_DIAL_PENDING:
        if (!is_late(c))
            return CONNECTION_COMING;
        fault_set(f, FAULT_TIMEOUT, 0,
                  os_dial_is_resolving(c->dial) ? "the name server gives no answer" : "no answer");
        return CONNECTION_FAILED;
    case OS_DIAL_FAILED:
        return CONNECTION_FAILED;
    case OS_DIAL_DONE:
        break;
    }
    os_dial_end(c->dial);
    c->dial = NULL;
    if (c->options->tls)
        return begin_tls(c, f);
    c->stage = UP;
    return CONNECTION_UP;
}

enum connection_status connection_step(struct connection *c, int wait_ms, struct fault *f)
{
    switch (c->stage) {
    case DIALLING:
        return step_dialling(c, wait_ms, f);
    case SHAKING:
        return step_shaking(c, wait_ms, f);
    case UP:
        break;
    }
    return CONNECTION_UP;
}

/* ---- Beginning and end ---- */

struct connection *connection_dial(const struct connection_options *o, const struct address *to,
                                   struct fault *f)
{
    const struct os_socket_options options = {.send_buffer_bytes = SEND_BUFFER_BYTES,
                                              .send_timeout_ms = o->send_timeout_ms,
                                              .keep_alive_ms = o->keep_alive_ms};
    struct connection *c = calloc(1, sizeof *c);
    if (!c) {
        fault_set(f, FAULT_MEMORY, 0, "no memory for a connection");
        return NULL;
    }
    c->options = o;
    c->to = to;
    buf_init(&c->out, OUT_BYTES_MAX);
    buf_init(&c->plain, OUT_BYTES_MAX);
    begin_stage(c, DIALLING);
    c->dial = os_dial_start(to->host, to->port, &options, f);
    if (c->dial)
        return c;
    connection_close(c);
    return NULL;
}

void connection_wait(struct connection *c, int wait_ms)
{
    os_socket_poll(c->socket, connection_unsent(c) > 0, wait_ms);
}

bool connection_goodbye(struct connection *c)
{
    struct fault ignored;
    if (connection_unsent(c) > 0)
        return false;
    if (c->tls) {
        tls_goodbye(c->tls);
        if (!take_sealed(c, &ignored) || !connection_send(c, &ignored))
            return false;
    }
    os_socket_shutdown(c->socket);
    return true;
}

void connection_describe(const struct connection *c, char *to, size_t n)
{
    if (c->tls)
        tls_describe(c->tls, to, n);
    else if (n)
        *to = '\0';
}

void connection_close(struct connection *c)
{
    if (!c)
        return;
    os_dial_end(c->dial);
    os_socket_close(c->socket);
    tls_close(c->tls);
    buf_free(&c->out);
    buf_free(&c->plain);
    free(c);
}
