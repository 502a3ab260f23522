/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is used of libmicrohttpd, so that an agent without metrics need not carry it, and the TLS library that
 * it brings along, in memory.
 */
#ifndef MAPITAIL_METRICS_LIBRARY_H
#define MAPITAIL_METRICS_LIBRARY_H

#include "fault.h"

#include <microhttpd.h>
#include <stdbool.h>

/* Names without their prefix MHD_. */
#define METRICS_FUNCTIONS(X)                                                                                 \
    X(start_daemon)                                                                                          \
    X(stop_daemon)                                                                                           \
    X(create_response_from_buffer)                                                                           \
    X(add_response_header)                                                                                   \
    X(queue_response)                                                                                        \
    X(destroy_response)

struct metrics_library {
#define X(name) __typeof__(&MHD_##name) name;
    METRICS_FUNCTIONS(X)
#undef X
};

/* False with FAULT_UNSUPPORTED when the library is not installed. */
bool metrics_library_load(struct metrics_library *lib, struct fault *f);

#endif
