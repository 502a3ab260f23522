/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd, linked in. */
#include "metrics_library.h"

bool metrics_library_load(struct metrics_library *lib, struct fault *f)
{
    (void)f;
#define X(name) lib->name = MHD_##name;
    METRICS_FUNCTIONS(X)
#undef X
    return true;
}
