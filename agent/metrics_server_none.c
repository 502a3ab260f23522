/* SPDX-License-Identifier: Apache-2.0 */
/* A program that was built without the HTTP library. */
#include "metrics_server.h"

bool metrics_server_is_built_in(void)
{
    return false;
}

struct metrics_server *metrics_server_start(const char *listen, const struct agent_facts *facts,
                                            struct fleet *fleet, struct fault *f)
{
    (void)listen;
    (void)facts;
    (void)fleet;
    fault_set(f, FAULT_UNSUPPORTED, 0, "this program was built without metrics over HTTP (libmicrohttpd)");
    return NULL;
}

void metrics_server_stop(struct metrics_server *s)
{
    (void)s;
}
