/* SPDX-License-Identifier: Apache-2.0 */
/* Non-blocking sockets on Windows. */
#include "os_file.h"
#include "os_socket_inner.h"

#include <mstcpip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef TCP_MAXRT
#define TCP_MAXRT 5 /* seconds of retransmitting after which a connection is given up */
#endif

struct os_socket {
    SOCKET fd;
    bool datagram;
    char peer[64]; /* "192.0.2.1:601", "[2001:db8::1]:601" */
};

static BOOL CALLBACK start(INIT_ONCE *once, void *unused, void **unused_context)
{
    WSADATA data;
    (void)once;
    (void)unused;
    (void)unused_context;
    return WSAStartup(MAKEWORD(2, 2), &data) == 0;
}

bool os_sockets_start(void)
{
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    return InitOnceExecuteOnce(&once, start, NULL, NULL);
}

static void set_number(SOCKET fd, int level, int option, int value)
{
    /* An option that the system does not take leaves the default: worse, but no reason not to connect. */
    (void)setsockopt(fd, level, option, (const char *)&value, sizeof value);
}

static void set_options(SOCKET fd, const struct os_socket_options *o)
{
    u_long on = 1;
    ioctlsocket(fd, FIONBIO, &on);
    if (o->datagram)
        return;
    /* Frames are gathered into large writes, so there is nothing that Nagle's algorithm could join. */
    set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (o->send_buffer_bytes > 0)
        set_number(fd, SOL_SOCKET, SO_SNDBUF, o->send_buffer_bytes);
    if (o->send_timeout_ms > 0)
        set_number(fd, IPPROTO_TCP, TCP_MAXRT, (o->send_timeout_ms + 999) / 1000);
    if (o->keep_alive_ms > 0) {
        ULONG idle = (ULONG)o->keep_alive_ms;
        struct tcp_keepalive probes = {1, idle, idle > 3000 ? idle / 3 : 1000};
        DWORD unused;
        WSAIoctl(fd, SIO_KEEPALIVE_VALS, &probes, sizeof probes, NULL, 0, &unused, NULL, NULL);
    }
}

static void name_peer(struct os_socket *s, const struct addrinfo *a)
{
    char host[48], port[8];
    if (getnameinfo(a->ai_addr, (socklen_t)a->ai_addrlen, host, sizeof host, port, sizeof port,
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
    int own_size = sizeof own, peer_size = sizeof peer;
    return !s->datagram && getsockname(s->fd, (struct sockaddr *)&own, &own_size) == 0 &&
           getpeername(s->fd, (struct sockaddr *)&peer, &peer_size) == 0 && own_size == peer_size &&
           memcmp(&own, &peer, (size_t)own_size) == 0;
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
    s->fd = WSASocketW(a->ai_family, a->ai_socktype, a->ai_protocol, NULL, 0,
                       WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    if (s->fd != INVALID_SOCKET) {
        set_options(s->fd, options);
        *connected = connect(s->fd, a->ai_addr, (int)a->ai_addrlen) == 0;
        bool itself = *connected && is_connected_to_itself(s);
        if ((*connected && !itself) || WSAGetLastError() == WSAEWOULDBLOCK)
            return s;
        if (itself)
            WSASetLastError(WSAECONNREFUSED);
    }
    connect_failed(s, WSAGetLastError(), f);
    os_socket_close(s);
    return NULL;
}

static struct timeval interval(int ms)
{
    if (ms < 0)
        ms = 0;
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

/* select, because WSAPoll says nothing of a connection that failed before Windows 10 2004; it counts sockets,
 * not their numbers, so that no number is too large for it. */
void os_socket_await(struct os_socket *const *sockets, size_t count, int timeout_ms, bool *ended)
{
    fd_set connected, failed;
    struct timeval wait = interval(timeout_ms);
    FD_ZERO(&connected);
    FD_ZERO(&failed);
    for (size_t i = 0; i < count; i++) {
        FD_SET(sockets[i]->fd, &connected);
        FD_SET(sockets[i]->fd, &failed);
    }
    bool any = select(0, NULL, &connected, &failed, &wait) > 0;
    for (size_t i = 0; i < count; i++)
        ended[i] = any && (FD_ISSET(sockets[i]->fd, &connected) || FD_ISSET(sockets[i]->fd, &failed));
}

bool os_socket_finish(struct os_socket *s, struct fault *f)
{
    int error = 0, size = sizeof error;
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, (char *)&error, &size) != 0)
        error = WSAGetLastError();
    if (error == 0 && is_connected_to_itself(s))
        error = WSAECONNREFUSED;
    return error == 0 || connect_failed(s, error, f);
}

/* What a failed call means to the caller. */
static ptrdiff_t failure(const struct os_socket *s, int os_error, struct fault *f)
{
    if (os_error == WSAEWOULDBLOCK || os_error == WSAEINTR)
        return OS_SOCKET_WAIT;
    fault_set(f, FAULT_CONNECT, os_error, "%s", os_error_text(os_error));
    if (!s->datagram)
        return OS_SOCKET_BROKEN;
    switch (os_error) {
    case WSAENOBUFS:
        return OS_SOCKET_NO_BUFFERS;
    case WSAEMSGSIZE:
        return OS_SOCKET_TOO_LARGE;
    case WSAECONNREFUSED:
    case WSAECONNRESET: /* an earlier datagram came back as unreachable (WSARecvFrom) */
    case WSAENETRESET:
    case WSAEHOSTUNREACH:
    case WSAENETUNREACH:
    case WSAEHOSTDOWN:
    case WSAENETDOWN:
    case WSAEACCES:
        return OS_SOCKET_REFUSED;
    default:
        return OS_SOCKET_BROKEN;
    }
}

static int length(size_t n)
{
    return n < INT_MAX ? (int)n : INT_MAX;
}

ptrdiff_t os_socket_send(struct os_socket *s, const void *p, size_t n, struct fault *f)
{
    int sent = send(s->fd, p, length(n), 0);
    return sent >= 0 ? sent : failure(s, WSAGetLastError(), f);
}

ptrdiff_t os_socket_recv(struct os_socket *s, void *to, size_t n, struct fault *f)
{
    int got = recv(s->fd, to, length(n), 0);
    if (got == 0 && !s->datagram)
        return OS_SOCKET_ENDED;
    if (got >= 0)
        return got;
    int error = WSAGetLastError();
    /* A datagram that is longer than the buffer fills it, but is called an error here. */
    return s->datagram && error == WSAEMSGSIZE ? (ptrdiff_t)n : failure(s, error, f);
}

void os_socket_poll(struct os_socket *s, bool to_send, int timeout_ms)
{
    fd_set readable, writable;
    struct timeval wait = interval(timeout_ms);
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_SET(s->fd, &readable);
    if (to_send)
        FD_SET(s->fd, &writable);
    (void)select(0, &readable, to_send ? &writable : NULL, NULL, &wait);
}

int64_t os_socket_unacknowledged(struct os_socket *s)
{
    (void)s; /* SIO_TCP_INFO counts what is on the wire, not what still waits in the system's buffer */
    return -1;
}

bool os_sockets_tell_acknowledged(void)
{
    return false;
}

void os_socket_shutdown(struct os_socket *s)
{
    (void)shutdown(s->fd, SD_SEND);
}

const char *os_socket_peer(const struct os_socket *s)
{
    return s->peer;
}

void os_socket_close(struct os_socket *s)
{
    if (!s)
        return;
    if (s->fd != INVALID_SOCKET)
        closesocket(s->fd);
    free(s);
}
