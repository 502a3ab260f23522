/* SPDX-License-Identifier: Apache-2.0 */
/* Listening on a TCP port, on POSIX systems. */
#include "os_listen.h"

#include "os_file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 16 };

bool os_is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (strcmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static int listen_on(const struct addrinfo *a)
{
    int on = 1;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (a->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int e = errno;
    close(fd);
    errno = e;
    return -1;
}

os_listener os_listen(const char *host, const char *port, struct fault *f)
{
    struct addrinfo *found = NULL;
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    const char *numeric = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    if (getaddrinfo(numeric, port, &hints, &found) != 0) {
        fault_set(f, FAULT_CONFIG, 0, "%s is no numeric address", host);
        return OS_LISTEN_NONE;
    }
    int fd = listen_on(found);
    if (fd < 0)
        fault_set(f, FAULT_OS, errno, "cannot listen on %s, port %s: %s", host, port, os_error_text(errno));
    freeaddrinfo(found);
    return fd < 0 ? OS_LISTEN_NONE : fd;
}

void os_listen_close(os_listener l)
{
    if (l != OS_LISTEN_NONE)
        close((int)l);
}
