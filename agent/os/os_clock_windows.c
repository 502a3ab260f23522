/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, sleeping and randomness on Windows. */
#include "os_clock.h"
#include "os_windows.h"

#include <bcrypt.h>
#include <stdlib.h>

int64_t os_monotonic_ms(void)
{
    /* The count of ticks would do, but it moves in steps of 15 ms. */
    LARGE_INTEGER now, per_second;
    QueryPerformanceCounter(&now);
    QueryPerformanceFrequency(&per_second);
    return now.QuadPart / per_second.QuadPart * 1000 +
           now.QuadPart % per_second.QuadPart * 1000 / per_second.QuadPart;
}

int64_t os_realtime_ns(void)
{
    FILETIME t;
    GetSystemTimePreciseAsFileTime(&t);
    return os_unix_ns((int64_t)t.dwHighDateTime << 32 | t.dwLowDateTime);
}

void os_sleep_ms(int ms)
{
    if (ms >= 0)
        Sleep((DWORD)ms);
}

void os_random(void *to, size_t n)
{
    unsigned char *p = to;
    while (n) {
        ULONG part = n < 1 << 20 ? (ULONG)n : 1 << 20;
        if (BCryptGenRandom(NULL, p, part, BCRYPT_USE_SYSTEM_PREFERRED_RNG) != 0)
            abort();
        p += part;
        n -= part;
    }
}
