/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pipelines that run, one per output, and those that are to take their place.
 *
 * A configuration is applied as a whole: outputs whose settings are what they were run on untouched, with
 * their connections and counts; the others are told to stop, and their successors begin when they have ended,
 * where their saved positions stand. Nothing here waits: fleet_turn, called when there is news, moves things
 * on. Belongs to the main thread, except where it says otherwise.
 */
#ifndef MAPITAIL_FLEET_H
#define MAPITAIL_FLEET_H

#include "config.h"
#include "counts.h"
#include "pipeline.h"

struct fleet;

/* Borrowed until fleet_free. */
struct fleet_setup {
    const char *agent_id, *ephemeral_id, *host;
    bool once;
    void (*news)(void *ctx); /* from any thread: fleet_turn has something to do, or counts have changed */
    void *ctx;
};

struct fleet *fleet_new(const struct fleet_setup *setup); /* NULL without memory */

/* Puts a configuration in force, which the fleet then owns. False without memory: nothing has changed then,
 * and the caller keeps it. */
bool fleet_apply(struct fleet *f, struct config *config);

/* The configuration in force: the one applied last. */
const struct config *fleet_config(const struct fleet *f);

/* Sees to those that have ended and those that can begin. False when nothing runs and nothing is to begin. */
bool fleet_turn(struct fleet *f);

/* Another agent has taken an output over: this one is to end. */
bool fleet_is_superseded(const struct fleet *f);

/* Asks every pipeline to end. Nothing begins any more. */
void fleet_stop(struct fleet *f);

/* The worst of what the outputs left as an exit code, after fleet_turn has said false. */
int fleet_code(const struct fleet *f);

void fleet_free(struct fleet *f); /* NULL is allowed; nothing may run */

/* One output as it stands; views live until visit returns. */
struct fleet_output {
    const struct config *config; /* whose sources the counts are of, by index */
    const struct config_output *output;
    struct output_counts counts;
    struct source_counts *sources; /* borrowed; overwritten by the next visit */
    int64_t turned_ms;             /* pipeline_turned_ms; of one that does not run: now */
};

/*
 * Calls visit for every output in force, in the order of its beginning. From any thread; the fleet does not
 * change meanwhile, so that visit must not take long. False without memory.
 */
bool fleet_each(struct fleet *f, void (*visit)(void *ctx, const struct fleet_output *o), void *ctx);

#endif
