/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Non-blocking sockets. A connection attempt tries the addresses of a name one after the other (RFC 8305 in
 * its simple form: the next one after 250 ms or a failure), so that a dead IPv6 route costs nothing. No
 * function blocks, but os_socket_resolve, which asks the system's resolver and runs in a thread of its own
 * where a timeout matters.
 */
#ifndef MAPITAIL_OS_SOCKET_H
#define MAPITAIL_OS_SOCKET_H

#include "fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#endif
