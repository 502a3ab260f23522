/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /metrics, /healthz and /readyz over HTTP, for Prometheus and service managers; in a thread of its own,
 * which sleeps while nobody asks. Everything else is answered with 404 or 405; bodies of requests are not
 * read. There is no TLS and nobody proves who he is: the address is loopback unless the configuration says
 * otherwise.
 */
#ifndef MAPITAIL_METRICS_SERVER_H
#define MAPITAIL_METRICS_SERVER_H

#include "metrics_text.h"

struct metrics_server;

/* True when it was built in. */
bool metrics_server_is_built_in(void);

/* listen: "127.0.0.1:9646". facts and fleet are borrowed until it is stopped. NULL with a fault. */
struct metrics_server *metrics_server_start(const char *listen, const struct agent_facts *facts,
                                            struct fleet *fleet, struct fault *f);
void metrics_server_stop(struct metrics_server *s); /* NULL is allowed */

#endif
