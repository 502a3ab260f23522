/* SPDX-License-Identifier: Apache-2.0 */
/* A syslog receiver inside a test. */
#include "peer.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 32, FRAME_MAX = 2 << 20 };

struct connection {
    int fd;
    SSL *ssl;
    char *bytes; /* not yet a whole frame */
    size_t n, room;
    struct relp_session relp;
};

struct peer {
    struct peer_options options;
    struct peer_log *log;
    pthread_t thread;
    int listener;
    int stop[2]; /* closing [1] ends the thread */
    uint16_t port;
    struct connection connections[CONNECTIONS_MAX];
    size_t count;
};

/* ---- What was received ---- */

static void add_locked(struct peer_log *log, const char *p, size_t n)
{
    if (log->count == log->room) {
        log->room = log->room ? log->room * 2 : 1024;
        log->messages = realloc(log->messages, log->room * sizeof *log->messages);
    }
    log->messages[log->count++] = strndup(p, n);
}

void peer_log_add(struct peer_log *log, const char *p, size_t n)
{
    pthread_mutex_lock(&log->lock);
    add_locked(log, p, n);
    pthread_mutex_unlock(&log->lock);
}

size_t peer_log_count(struct peer_log *log)
{
    pthread_mutex_lock(&log->lock);
    size_t n = log->count;
    pthread_mutex_unlock(&log->lock);
    return n;
}

size_t peer_log_wait(struct peer_log *log, size_t count)
{
    for (int i = 0; i < 1000 && peer_log_count(log) < count; i++)
        usleep(10000);
    return peer_log_count(log);
}

/* ---- Frames ---- */

/* Bytes of the frame at p, its body in *body and *length; 0: not whole; -1: malformed. */
static ptrdiff_t frame(const struct peer_options *o, const char *p, size_t n, const char **body,
                       size_t *length)
{
    if (o->lines) {
        const char *end = memchr(p, '\n', n);
        *body = p;
        *length = end ? (size_t)(end - p) : 0;
        return end ? end - p + 1 : 0;
    }
    size_t at = 0, bytes = 0;
    while (at < n && p[at] >= '0' && p[at] <= '9' && at < 8)
        bytes = bytes * 10 + (size_t)(p[at++] - '0');
    if (n && (p[0] < '1' || p[0] > '9' || at == 8 || bytes > FRAME_MAX || (at < n && p[at] != ' ')))
        return -1;
    *body = p + at + 1;
    *length = bytes;
    return at < n && n - at - 1 >= bytes ? (ptrdiff_t)(at + 1 + bytes) : 0;
}

static void answer(struct connection *c, char *text)
{
    size_t n = text ? strlen(text) : 0;
    if (n && c->ssl)
        (void)SSL_write(c->ssl, text, (int)n);
    else if (n)
        (void)send(c->fd, text, n, MSG_NOSIGNAL);
    free(text);
}

/* The same of a RELP receiver, which answers; *body is NULL when the frame is no message. */
static ptrdiff_t relp_frame(struct peer *peer, struct connection *c, size_t at, const char **body,
                            size_t *length)
{
    struct relp_request request;
    ptrdiff_t used = relp_server_take(&c->relp, peer->options.relp, c->bytes + at, c->n - at, &request);
    answer(c, request.answer);
    *body = request.body;
    *length = request.length;
    return used;
}

static void take_frames(struct peer *peer, struct connection *c)
{
    size_t at = 0;
    const char *body;
    size_t length;
    for (;;) {
        ptrdiff_t used = peer->options.relp ? relp_frame(peer, c, at, &body, &length)
                                            : frame(&peer->options, c->bytes + at, c->n - at, &body, &length);
        if (used < 0) {
            peer->log->malformed++;
            at = c->n;
        }
        if (used <= 0)
            break;
        if (body)
            add_locked(peer->log, body, length);
        at += (size_t)used;
    }
    memmove(c->bytes, c->bytes + at, c->n - at);
    c->n -= at;
}

static void took(struct peer *peer, struct connection *c, const char *p, size_t n)
{
    if (c->room - c->n < n) {
        c->room = (c->n + n) * 2;
        c->bytes = realloc(c->bytes, c->room);
    }
    memcpy(c->bytes + c->n, p, n);
    c->n += n;
    pthread_mutex_lock(&peer->log->lock);
    peer->log->bytes += n;
    peer->log->marks += memmem(p, n, PEER_MARK, strlen(PEER_MARK)) != NULL;
    take_frames(peer, c);
    pthread_mutex_unlock(&peer->log->lock);
}

/* ---- Connections ---- */

static void forget(struct peer *peer, struct connection *c, bool in_order)
{
    pthread_mutex_lock(&peer->log->lock);
    peer->log->half_frames += c->n > 0;
    peer->log->goodbyes += in_order;
    pthread_mutex_unlock(&peer->log->lock);
    SSL_free(c->ssl);
    close(c->fd);
    free(c->bytes);
    *c = peer->connections[--peer->count];
}

/* 1: some, 0: nothing now, -1: ended in good order, -2: broken. */
static int receive(struct peer *peer, struct connection *c)
{
    char bytes[65536];
    if (!c->ssl) {
        ssize_t n = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n > 0)
            took(peer, c, bytes, (size_t)n);
        return n > 0 ? 1 : n == 0 ? -1 : errno == EAGAIN ? 0 : -2;
    }
    ERR_clear_error();
    int n = SSL_read(c->ssl, bytes, sizeof bytes);
    if (n > 0)
        took(peer, c, bytes, (size_t)n);
    int error = n > 0 ? 0 : SSL_get_error(c->ssl, n);
    return n > 0 ? 1 : error == SSL_ERROR_WANT_READ ? 0 : error == SSL_ERROR_ZERO_RETURN ? -1 : -2;
}

static bool shake_hands(struct peer *peer, struct connection *c)
{
    struct timeval patience = {.tv_sec = 5};
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    c->ssl = SSL_new(peer->options.tls);
    SSL_set_fd(c->ssl, c->fd);
    bool shaken = SSL_accept(c->ssl) == 1;
    ERR_clear_error();
    fcntl(c->fd, F_SETFL, fcntl(c->fd, F_GETFL) | O_NONBLOCK);
    return shaken;
}

static void welcome(struct peer *peer)
{
    struct connection c = {.fd = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC)};
    if (c.fd < 0)
        return;
    if (peer->count == CONNECTIONS_MAX) {
        close(c.fd);
        return;
    }
    pthread_mutex_lock(&peer->log->lock);
    peer->log->connections++;
    pthread_mutex_unlock(&peer->log->lock);
    struct connection *kept = &peer->connections[peer->count++];
    *kept = c;
    if (peer->options.says)
        send(c.fd, peer->options.says, strlen(peer->options.says), MSG_NOSIGNAL);
    if (peer->options.closes_at_once) {
        char bytes[4096];
        ssize_t n = recv(c.fd, bytes, sizeof bytes, 0);
        if (n > 0)
            took(peer, kept, bytes, (size_t)n);
        forget(peer, kept, false);
    } else if (peer->options.tls && !peer->options.hangs && !shake_hands(peer, kept)) {
        forget(peer, kept, false);
    }
}

static void receive_datagrams(struct peer *peer)
{
    char bytes[65536];
    for (ssize_t n; (n = recv(peer->listener, bytes, sizeof bytes, MSG_DONTWAIT)) >= 0;)
        peer_log_add(peer->log, bytes, (size_t)n);
}

static void serve(struct peer *peer, const struct pollfd *fds, size_t watched)
{
    if (fds[1].revents && peer->options.udp)
        receive_datagrams(peer);
    for (size_t i = watched; i-- > 0;) {
        int result = fds[2 + i].revents ? 1 : 0;
        while (result == 1)
            result = receive(peer, &peer->connections[i]);
        if (result < 0)
            forget(peer, &peer->connections[i], result == -1);
    }
    if (fds[1].revents && !peer->options.udp)
        welcome(peer);
}

static void *run(void *ctx)
{
    struct peer *peer = ctx;
    for (;;) {
        struct pollfd fds[2 + CONNECTIONS_MAX] = {
            {.fd = peer->stop[0], .events = POLLIN},
            {.fd = peer->options.hangs && peer->options.udp ? -1 : peer->listener, .events = POLLIN}};
        size_t watched = peer->options.hangs ? 0 : peer->count;
        for (size_t i = 0; i < watched; i++)
            fds[2 + i] = (struct pollfd){.fd = peer->connections[i].fd, .events = POLLIN};
        poll(fds, 2 + watched, -1);
        if (fds[0].revents)
            return NULL;
        serve(peer, fds, watched);
    }
}

/* ---- Beginning and end ---- */

static int bound(bool udp, uint16_t port, uint16_t *out)
{
    int fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t size = sizeof a;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    cr_assert(bind(fd, (struct sockaddr *)&a, sizeof a) == 0, "cannot bind port %u", port);
    getsockname(fd, (struct sockaddr *)&a, &size);
    *out = ntohs(a.sin_port);
    return fd;
}

struct peer *peer_start(const struct peer_options *options, struct peer_log *log)
{
    struct peer *peer = calloc(1, sizeof *peer);
    int room = 4 << 20;
    peer->options = *options;
    peer->log = log;
    peer->listener = bound(options->udp, options->port, &peer->port);
    setsockopt(peer->listener, SOL_SOCKET, SO_RCVBUF, &room, options->udp ? sizeof room : 0);
    if (options->receive_buffer)
        setsockopt(peer->listener, SOL_SOCKET, SO_RCVBUF, &options->receive_buffer,
                   sizeof options->receive_buffer);
    cr_assert(options->udp || listen(peer->listener, 16) == 0);
    cr_assert(pipe(peer->stop) == 0);
    cr_assert(pthread_create(&peer->thread, NULL, run, peer) == 0);
    return peer;
}

uint16_t peer_port(const struct peer *p)
{
    return p->port;
}

void peer_stop(struct peer *p)
{
    if (!p)
        return;
    close(p->stop[1]);
    pthread_join(p->thread, NULL);
    while (p->count)
        forget(p, &p->connections[0], false);
    close(p->stop[0]);
    close(p->listener);
    free(p);
}

uint16_t peer_free_port(bool udp)
{
    uint16_t port;
    close(bound(udp, 0, &port));
    return port;
}

uint16_t peer_black_hole(void)
{
    uint16_t port;
    int fd = bound(false, 0, &port);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert(listen(fd, 0) == 0);
    for (int i = 0; i < 4; i++) {
        int filler = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(filler, (struct sockaddr *)&a, sizeof a);
    }
    return port;
}
