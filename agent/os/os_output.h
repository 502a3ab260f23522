/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard output as a destination: written without buffering and without waiting longer than told, whatever
 * stands behind it. A reader that has gone away is an error, not a signal, once os_on_stop was called.
 */
#ifndef MAPITAIL_OS_OUTPUT_H
#define MAPITAIL_OS_OUTPUT_H

#include "fault.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes up to n bytes, waiting up to timeout_ms for room. Returns how many were taken (0: no room in time),
 * or -1 with a fault: nobody reads, or the file behind it is full. After 0 the next call brings the same
 * bytes again, perhaps with more behind them: what is under way may be found taken then. From one thread
 * only.
 */
ptrdiff_t os_output_write(const void *p, size_t n, int timeout_ms, struct fault *f);

#endif
