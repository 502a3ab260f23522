/* SPDX-License-Identifier: Apache-2.0 */
/* A TCP port that is listened on, for a library that serves it. */
#ifndef MAPITAIL_OS_LISTEN_H
#define MAPITAIL_OS_LISTEN_H

#include "fault.h"

#include <stdbool.h>
#include <stdint.h>

/* The system's own handle of a listening socket, wide enough for every system; OS_LISTEN_NONE is none. */
typedef intptr_t os_listener;
#define OS_LISTEN_NONE ((os_listener)-1)

/* True for localhost and every address that only this host can reach (127.0.0.0/8, ::1). */
bool os_is_loopback(const char *host);

/*
 * Listens on host, a numeric address or localhost, and port, a number; looks no name up and never waits.
 * OS_LISTEN_NONE with a fault.
 */
os_listener os_listen(const char *host, const char *port, struct fault *f);
void os_listen_close(os_listener l);

#endif
