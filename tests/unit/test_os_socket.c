/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets on loopback: dialling with a name server that hangs and with addresses that lead nowhere, and what
 * the peer's TCP has acknowledged. getaddrinfo is the test's own for names that end in ".test".
 */
#include "os_clock.h"
#include "os_socket.h"
#include "peer.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uint16_t first_port, second_port;

static struct addrinfo *entry(uint16_t port, struct addrinfo *next)
{
    struct addrinfo *a = calloc(1, sizeof *a + sizeof(struct sockaddr_in));
    struct sockaddr_in *in = (struct sockaddr_in *)(a + 1);
    *in = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *a = (struct addrinfo){.ai_family = AF_INET,
                           .ai_socktype = SOCK_STREAM,
                           .ai_addr = (struct sockaddr *)in,
                           .ai_addrlen = sizeof *in,
                           .ai_next = next};
    return a;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    if (hints->ai_flags & AI_NUMERICHOST || !strstr(node, ".test")) {
        int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
        return real(node, service, hints, out);
    }
    if (strcmp(node, "mute.test") == 0)
        for (;;)
            pause();
    if (strcmp(node, "two.test") != 0)
        return EAI_AGAIN;
    *out = entry(first_port, entry(second_port, NULL));
    return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
    /* Both kinds of lists are single blocks per entry, those of glibc as well as the test's. */
    for (struct addrinfo *next; list; list = next) {
        next = list->ai_next;
        free(list->ai_canonname);
        free(list);
    }
}

static bool own_end_is_the_peers;

int getsockname(int fd, __SOCKADDR_ARG to, socklen_t *restrict size)
{
    int (*real)(int, struct sockaddr *, socklen_t *);
    *(void **)&real = dlsym(RTLD_NEXT, own_end_is_the_peers ? "getpeername" : "getsockname");
    return real(fd, to.__sockaddr__, size);
}

static const struct os_socket_options tcp = {
    .send_buffer_bytes = 64 * 1024, .send_timeout_ms = 30000, .keep_alive_ms = 30000};
static struct fault fault;

static const char *text_of(uint16_t port)
{
    static char text[8];
    snprintf(text, sizeof text, "%u", port);
    return text;
}

static enum os_dial_status dial(const char *host, uint16_t port, const struct os_socket_options *options,
                                struct os_socket **s)
{
    struct os_dial *d = os_dial_start(host, text_of(port), options, &fault);
    enum os_dial_status status = OS_DIAL_PENDING;
    cr_assert(d, "%s", fault.text);
    for (int i = 0; i < 100 && status == OS_DIAL_PENDING; i++)
        status = os_dial_poll(d, 100, s, &fault);
    os_dial_end(d);
    return status;
}

static int listener(uint16_t *port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t size = sizeof a;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert(bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 4) == 0);
    getsockname(fd, (struct sockaddr *)&a, &size);
    *port = ntohs(a.sin_port);
    return fd;
}

Test(os_socket, a_refused_port_is_told_with_its_address)
{
    struct os_socket *s;
    uint16_t port = peer_free_port(false);
    cr_assert_eq(dial("127.0.0.1", port, &tcp, &s), OS_DIAL_FAILED);
    cr_assert_eq(fault.code, FAULT_CONNECT);
    cr_assert(strstr(fault.text, "127.0.0.1:") && strstr(fault.text, "refused"), "%s", fault.text);
}

Test(os_socket, a_connection_to_itself_is_none)
{
    struct os_socket *s;
    int fd = listener(&first_port);
    own_end_is_the_peers = true;
    cr_assert_eq(dial("127.0.0.1", first_port, &tcp, &s), OS_DIAL_FAILED);
    cr_assert(strstr(fault.text, "refused"), "%s", fault.text);
    close(fd);
}

Test(os_socket, a_mute_name_server_holds_up_neither_poll_nor_end)
{
    struct os_socket *s;
    int64_t begin = os_monotonic_ms();
    struct os_dial *d = os_dial_start("mute.test", "601", &tcp, &fault);
    cr_assert_eq(os_dial_poll(d, 0, &s, &fault), OS_DIAL_PENDING);
    cr_assert_eq(os_dial_poll(d, 50, &s, &fault), OS_DIAL_PENDING);
    cr_assert(os_dial_is_resolving(d));
    os_dial_end(d);
    cr_assert_lt(os_monotonic_ms() - begin, 5000);
}

Test(os_socket, a_name_without_an_answer_is_told)
{
    struct os_socket *s;
    cr_assert_eq(dial("unanswered.test", 601, &tcp, &s), OS_DIAL_FAILED);
    cr_assert(strstr(fault.text, "no answer for unanswered.test"), "%s", fault.text);
}

Test(os_socket, the_second_address_is_taken_when_the_first_refuses)
{
    struct os_socket *s;
    int fd = listener(&second_port);
    first_port = peer_free_port(false);
    cr_assert_eq(dial("two.test", 1, &tcp, &s), OS_DIAL_DONE, "%s", fault.text);
    cr_assert(strstr(os_socket_peer(s), text_of(second_port)), "%s", os_socket_peer(s));
    os_socket_close(s);
    close(fd);
}

Test(os_socket, the_second_address_is_taken_when_the_first_never_answers)
{
    struct os_socket *s;
    int fd = listener(&second_port);
    first_port = peer_black_hole();
    cr_assert_eq(dial("two.test", 1, &tcp, &s), OS_DIAL_DONE, "%s", fault.text);
    cr_assert(strstr(os_socket_peer(s), text_of(second_port)), "%s", os_socket_peer(s));
    os_socket_close(s);
    close(fd);
}

Test(os_socket, when_every_address_refuses_the_first_answer_is_told)
{
    struct os_socket *s;
    first_port = peer_free_port(false);
    second_port = peer_free_port(false);
    cr_assert_eq(dial("two.test", 1, &tcp, &s), OS_DIAL_FAILED);
    cr_assert(strstr(fault.text, text_of(first_port)), "%s", fault.text);
}

/* Sends until the system takes no more; the bytes it took. */
static size_t fill(struct os_socket *s)
{
    static char bytes[65536];
    size_t sum = 0;
    for (int idle = 0; idle < 5;) {
        ptrdiff_t n = os_socket_send(s, bytes, sizeof bytes, &fault);
        cr_assert(n >= 0, "%s", fault.text);
        sum += (size_t)n;
        idle = n ? 0 : idle + 1;
        if (n == 0)
            os_socket_poll(s, true, 50);
    }
    return sum;
}

Test(os_socket, what_the_peer_cannot_take_is_not_acknowledged)
{
    struct os_socket *s;
    uint16_t port;
    char dropped[65536];
    int fd = listener(&port);
    cr_assert_eq(dial("127.0.0.1", port, &tcp, &s), OS_DIAL_DONE, "%s", fault.text);
    int peer = accept(fd, NULL, NULL);
    cr_assert_eq(os_socket_unacknowledged(s), 0);
    size_t sent = fill(s);
    int64_t pending = os_socket_unacknowledged(s);
    cr_assert(pending > 0 && pending <= (int64_t)sent, "%lld of %zu", (long long)pending, sent);

    os_socket_shutdown(s);
    cr_assert_eq(os_socket_unacknowledged(s), pending, "the end was counted as a byte");
    for (size_t got = 0; got < sent;) {
        ssize_t n = read(peer, dropped, sizeof dropped);
        cr_assert(n > 0);
        got += (size_t)n;
    }
    cr_assert_eq(read(peer, dropped, 1), 0, "the end is missing");
    for (int i = 0; i < 500 && os_socket_unacknowledged(s) > 0; i++)
        os_sleep_ms(10);
    cr_assert_eq(os_socket_unacknowledged(s), 0);
    os_socket_close(s);
    close(peer);
    close(fd);
}

Test(os_socket, the_peers_end_is_told_from_a_break)
{
    struct os_socket *s;
    uint16_t port;
    char byte;
    int fd = listener(&port);
    cr_assert_eq(dial("127.0.0.1", port, &tcp, &s), OS_DIAL_DONE, "%s", fault.text);
    int peer = accept(fd, NULL, NULL);
    cr_assert_eq(os_socket_recv(s, &byte, 1, &fault), OS_SOCKET_WAIT);
    shutdown(peer, SHUT_WR);
    os_socket_poll(s, false, 5000);
    cr_assert_eq(os_socket_recv(s, &byte, 1, &fault), OS_SOCKET_ENDED);
    cr_assert_eq(os_socket_send(s, "x", 1, &fault), 1);
    struct linger hard = {1, 0};
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(peer);
    ptrdiff_t n = 1;
    for (int i = 0; i < 100 && n > 0; i++) {
        os_sleep_ms(10);
        n = os_socket_send(s, "x", 1, &fault);
    }
    cr_assert_eq(n, OS_SOCKET_BROKEN, "and no SIGPIPE");
    os_socket_close(s);
    close(fd);
}

Test(os_socket, a_datagram_that_came_back_is_told)
{
    const struct os_socket_options udp = {.datagram = true};
    struct os_socket *s;
    char byte;
    cr_assert_eq(dial("127.0.0.1", peer_free_port(true), &udp, &s), OS_DIAL_DONE, "%s", fault.text);
    cr_assert_eq(os_socket_recv(s, &byte, 1, &fault), OS_SOCKET_WAIT);
    cr_assert_eq(os_socket_send(s, "x", 1, &fault), 1);
    os_socket_poll(s, false, 5000);
    cr_assert_eq(os_socket_send(s, "y", 1, &fault), OS_SOCKET_REFUSED);
    os_socket_close(s);
}

Test(os_socket, a_datagram_that_is_too_large_is_told)
{
    static char bytes[65535];
    const struct os_socket_options udp = {.datagram = true};
    struct os_socket *s;
    cr_assert_eq(dial("127.0.0.1", peer_free_port(true), &udp, &s), OS_DIAL_DONE, "%s", fault.text);
    cr_assert_eq(os_socket_send(s, bytes, sizeof bytes, &fault), OS_SOCKET_TOO_LARGE);
    os_socket_close(s);
}
