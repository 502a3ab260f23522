/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an agent counts, as Prometheus reads it (text format 0.0.4, which OpenMetrics parsers take too), and
 * the two questions that service managers and load balancers ask. All families of one text are of one moment,
 * so that they add up. Every function may be called from any thread.
 */
#ifndef MAPITAIL_METRICS_TEXT_H
#define MAPITAIL_METRICS_TEXT_H

#include "buf.h"
#include "fleet.h"

#include <stdatomic.h>

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* What the main thread tells, beside the fleet. */
struct agent_facts {
    int64_t started_ns;
    atomic_ullong reloads_applied, reloads_refused;
    atomic_bool last_reload_refused;
};

/* A pipeline that has not turned for so long hangs. Its own waits are a minute at most. */
enum { HANGS_AFTER_MS = 150000 };

/* Appends all metrics. False without memory. */
bool metrics_make(struct buf *to, const struct agent_facts *facts, struct fleet *fleet);

/* True: every pipeline turns; else the text names those that do not. */
bool health_make(struct buf *to, struct fleet *fleet);

/* True: every output delivers or would if there were something; else the text names those that do not, and
 * why. */
bool readiness_make(struct buf *to, struct fleet *fleet);

#endif
