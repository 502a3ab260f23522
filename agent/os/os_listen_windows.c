/* SPDX-License-Identifier: Apache-2.0 */
/* Listening on a TCP port, on Windows. */
#include "os_file.h"
#include "os_listen.h"
#include "os_socket_inner.h"

#include <string.h>

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

static SOCKET listen_on(const struct addrinfo *a)
{
    BOOL on = TRUE;
    u_long nonblocking = 1;
    SOCKET s =
        WSASocketW(a->ai_family, SOCK_STREAM, 0, NULL, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    if (s == INVALID_SOCKET)
        return s;
    /* Without it another program could listen on the same port and take the connections away. */
    setsockopt(s, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (const char *)&on, sizeof on);
    ioctlsocket(s, FIONBIO, &nonblocking);
    if (bind(s, a->ai_addr, (int)a->ai_addrlen) == 0 && listen(s, BACKLOG) == 0)
        return s;
    int error = WSAGetLastError();
    closesocket(s);
    WSASetLastError(error);
    return INVALID_SOCKET;
}

os_listener os_listen(const char *host, const char *port, struct fault *f)
{
    struct addrinfo *found = NULL;
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    const char *numeric = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    if (!os_sockets_start() || getaddrinfo(numeric, port, &hints, &found) != 0) {
        fault_set(f, FAULT_CONFIG, 0, "%s is no numeric address", host);
        return OS_LISTEN_NONE;
    }
    SOCKET s = listen_on(found);
    int error = WSAGetLastError();
    freeaddrinfo(found);
    if (s != INVALID_SOCKET)
        return (os_listener)s;
    fault_set(f, FAULT_OS, error, "cannot listen on %s, port %s: %s", host, port, os_error_text(error));
    return OS_LISTEN_NONE;
}

void os_listen_close(os_listener l)
{
    if (l != OS_LISTEN_NONE)
        closesocket((SOCKET)l);
}
