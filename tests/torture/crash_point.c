/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a crash point does in mapitail_crash: MAPITAIL_CRASH_AT=NAME:N kills the process, as kill -9 does, at
 * the N-th passing of the point NAME. Without the variable every point is passed unharmed.
 */
#include "crash_point.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

void crash_point(const char *name)
{
    static atomic_ulong passed;
    const char *wanted = getenv("MAPITAIL_CRASH_AT");
    size_t n = strlen(name);
    if (!wanted || strncmp(wanted, name, n) != 0 || wanted[n] != ':')
        return;
    if (atomic_fetch_add(&passed, 1) + 1 == strtoul(wanted + n + 1, NULL, 10))
        raise(SIGKILL);
}
