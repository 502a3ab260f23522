/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, sleeping and randomness. Thread-safe. */
#ifndef MAPITAIL_OS_CLOCK_H
#define MAPITAIL_OS_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Milliseconds of a clock that never jumps; its zero means nothing. */
int64_t os_monotonic_ms(void);

/* Nanoseconds since 1970 of the host's clock. */
int64_t os_realtime_ns(void);

void os_sleep_ms(int ms);

/* Unpredictable bytes from the system. Never fails: ends the process if the system cannot give any. */
void os_random(void *to, size_t n);

#endif
