/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One output's pipeline (D1, D2): its own readers, ledger, positions and sink, in a thread of its own.
 * Nothing is shared with another pipeline but the dead-letter file, which locks itself.
 */
#ifndef MAPITAIL_PIPELINE_H
#define MAPITAIL_PIPELINE_H

#include "config.h"
#include "counts.h"
#include "dead_letter.h"
#include "encoder.h"
#include "tail.h"

struct pipeline;

/* Borrowed until pipeline_free. */
struct pipeline_setup {
    const struct config *config;
    const struct config_output *output;
    const struct encode_context
        *context; /* what all outputs have in common; the output's own settings are added */
    struct dead_letters *dead_letters;
    struct board *board; /* with an entry per source of the configuration: what is counted */
    bool once;           /* ship what is there, wait for every acknowledgement, end */
    /*
     * Called from the pipeline's thread when there is news on the board that nobody has read, and when the
     * thread is about to end; must not block. NULL: not asked.
     */
    void (*news)(void *ctx);
    void *news_ctx;
};

enum pipeline_result {
    PIPELINE_DONE,       /* --once: everything there was is settled */
    PIPELINE_STOPPED,    /* by request */
    PIPELINE_SUPERSEDED, /* another agent delivers for this output now; logged */
    PIPELINE_FAILED,     /* could not begin: state, memory or sink; logged */
};

/* The longest message of an output: what is configured, or what its destination can take. */
size_t output_message_max(const struct config_output *o);

struct pipeline *pipeline_new(const struct pipeline_setup *setup); /* NULL without memory */

/* Starts the thread. False if the system refuses. */
bool pipeline_start(struct pipeline *p);

/* Asks it to end; async-signal-safe. It ends within STOP_LIMIT_MS whatever the sink does. */
void pipeline_stop(struct pipeline *p);

enum { STOP_FLUSH_MS = 2500, STOP_CLOSE_MS = 1000, STOP_LIMIT_MS = 4500 };

/* True when the thread has ended; the board and the result are then final. From any thread. */
bool pipeline_has_ended(struct pipeline *p);

/* When its loop last came round, by os_monotonic_ms: at least every minute, unless it hangs. From any thread.
 */
int64_t pipeline_turned_ms(const struct pipeline *p);

/* Waits for the thread. */
enum pipeline_result pipeline_join(struct pipeline *p);

/* After join. NULL is allowed. */
void pipeline_free(struct pipeline *p);

#endif
