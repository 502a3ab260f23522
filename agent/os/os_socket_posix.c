/* SPDX-License-Identifier: Apache-2.0 */
/* Non-blocking sockets on POSIX systems. */
#include "os_file.h"
#include "os_socket_inner.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/sockios.h>
#include <sys/ioctl.h>
#endif

struct os_socket {
    int fd;
    bool datagram;
    bool shut;     /* our end was sent, or is under way */
    char peer[64]; /* "192.0.2.1:601", "[2001:db8::1]:601" */
};

static void set_number(int fd, int level, int option, int value)
{
    /* An option that the system does not take leaves the default: worse, but no reason not to connect. */
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

static void set_options(int fd, const struct os_socket_options *o)
{
    if (o->datagram)
        return;
    /* Frames are gathered into large writes, so there is nothing that Nagle's algorithm could join. */
    set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (o->send_buffer_bytes > 0)
        set_number(fd, SOL_SOCKET, SO_SNDBUF, o->send_buffer_bytes);
    if (o->send_timeout_ms > 0)
        set_number(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, o->send_timeout_ms);
    if (o->keep_alive_ms > 0) {
        int seconds = (o->keep_alive_ms + 999) / 1000;
        set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        set_number(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
        set_number(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds > 3 ? seconds / 3 : 1);
        set_number(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
    }
}

static void name_peer(struct os_socket *s, const struct addrinfo *a)
{
    char host[48], port[8];
    if (getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    snprintf(s->peer, sizeof s->peer, a->ai_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static bool connect_failed(const struct os_socket *s, int os_error, struct fault *f)
{
    return fault_set(f, FAULT_CONNECT, os_error, "%s: %s", s->peer, os_error_text(os_error));
}

/*
 * A port that nobody listens on can be connected to itself, when the system picks it for our own end too
 * (simultaneous open, RFC 9293 section 3.5). Such a connection would swallow all that is sent.
 */
static bool is_connected_to_itself(const struct os_socket *s)
{
    struct sockaddr_storage own, peer;
    socklen_t own_size = sizeof own, peer_size = sizeof peer;
    return !s->datagram && getsockname(s->fd, (struct sockaddr *)&own, &own_size) == 0 &&
           getpeername(s->fd, (struct sockaddr *)&peer, &peer_size) == 0 && own_size == peer_size &&
           memcmp(&own, &peer, own_size) == 0;
}

struct os_socket *os_socket_begin(const struct addrinfo *a, const struct os_socket_options *options,
                                  bool *connected, struct fault *f)
{
    struct os_socket *s = calloc(1, sizeof *s);
    if (!s) {
        fault_set(f, FAULT_MEMORY, 0, "no memory for a socket");
        return NULL;
    }
    s->datagram = options->datagram;
    name_peer(s, a);
    s->fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
    if (s->fd >= 0) {
        set_options(s->fd, options);
        *connected = connect(s->fd, a->ai_addr, a->ai_addrlen) == 0;
        bool itself = *connected && is_connected_to_itself(s);
        /* An interrupted connect goes on in the background just like one that has to wait. */
        if ((*connected && !itself) || errno == EINPROGRESS || errno == EINTR)
            return s;
        errno = itself ? ECONNREFUSED : errno;
    }
    connect_failed(s, errno, f);
    os_socket_close(s);
    return NULL;
}

void os_socket_await(struct os_socket *const *sockets, size_t count, int timeout_ms, bool *ended)
{
    struct pollfd fds[OS_SOCKETS_BEGUN_MAX];
    for (size_t i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = sockets[i]->fd, .events = POLLOUT};
    bool any = poll(fds, count, timeout_ms) > 0;
    for (size_t i = 0; i < count; i++)
        ended[i] = any && fds[i].revents;
}

bool os_socket_finish(struct os_socket *s, struct fault *f)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    if (error == 0 && is_connected_to_itself(s))
        error = ECONNREFUSED;
    return error == 0 || connect_failed(s, error, f);
}

/* What a failed call means to the caller. */
static ptrdiff_t failure(const struct os_socket *s, int os_error, struct fault *f)
{
    if (os_error == EAGAIN || os_error == EWOULDBLOCK)
        return OS_SOCKET_WAIT;
    fault_set(f, FAULT_CONNECT, os_error, "%s", os_error_text(os_error));
    if (!s->datagram)
        return OS_SOCKET_BROKEN;
    switch (os_error) {
    case ENOBUFS:
    case ENOMEM:
        return OS_SOCKET_NO_BUFFERS;
    case EMSGSIZE:
        return OS_SOCKET_TOO_LARGE;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case EACCES: /* a local or remote packet filter that says so */
    case EPERM:
        return OS_SOCKET_REFUSED;
    default:
        return OS_SOCKET_BROKEN;
    }
}

ptrdiff_t os_socket_send(struct os_socket *s, const void *p, size_t n, struct fault *f)
{
    ssize_t sent;
    do
        sent = send(s->fd, p, n, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent >= 0 ? sent : failure(s, errno, f);
}

ptrdiff_t os_socket_recv(struct os_socket *s, void *to, size_t n, struct fault *f)
{
    ssize_t got;
    do
        got = recv(s->fd, to, n, 0);
    while (got < 0 && errno == EINTR);
    if (got == 0 && !s->datagram)
        return OS_SOCKET_ENDED;
    return got >= 0 ? got : failure(s, errno, f);
}

void os_socket_poll(struct os_socket *s, bool to_send, int timeout_ms)
{
    struct pollfd fd = {.fd = s->fd, .events = (short)(to_send ? POLLIN | POLLOUT : POLLIN)};
    /* Interrupted or not, the caller looks at the socket and at its own clock afterwards. */
    (void)poll(&fd, 1, timeout_ms > 0 ? timeout_ms : 0);
}

int64_t os_socket_unacknowledged(struct os_socket *s)
{
#ifdef SIOCOUTQ
    int bytes;
    if (!s->datagram && ioctl(s->fd, SIOCOUTQ, &bytes) == 0)
        return s->shut && bytes > 0 ? bytes - 1
                                    : bytes; /* a FIN counts as one byte until it is acknowledged */
#else
    (void)s;
#endif
    return -1;
}

bool os_sockets_tell_acknowledged(void)
{
#ifdef SIOCOUTQ
    return true;
#else
    return false;
#endif
}

void os_socket_shutdown(struct os_socket *s)
{
    s->shut = true;
    (void)shutdown(s->fd, SHUT_WR);
}

const char *os_socket_peer(const struct os_socket *s)
{
    return s->peer;
}

void os_socket_close(struct os_socket *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    free(s);
}
