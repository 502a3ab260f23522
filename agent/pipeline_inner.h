/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a pipeline share. */
#ifndef MAPITAIL_PIPELINE_INNER_H
#define MAPITAIL_PIPELINE_INNER_H

#include "pipeline.h"

#include "batch.h"
#include "coverage.h"
#include "dedup.h"
#include "publish.h"
#include "shape.h"
#include "source.h"

#include <stdatomic.h>

enum { BATCHES = 8 };

struct pipeline {
    struct pipeline_setup setup;
    const struct sink_ops *ops;
    char subject[80];
    struct os_thread *thread;
    struct os_watch *watch;
    atomic_bool stop, ended, superseded;
    atomic_llong turned_ms;
    enum pipeline_result result;
    struct output_counts counts;
    struct source_counts *source_counts; /* of each source of the configuration */
    size_t open_files;
    int64_t last_survey_ms;

    struct state *state;
    struct dedup *dedup;            /* NULL: everything is shipped */
    struct publisher *publisher;    /* NULL: the sink carries no positions */
    struct coverage_book *coverage; /* NULL: nobody wants to know what was read */
    bool recovered;                 /* by a sink that carries them: what it keeps is known */
    bool marked;                    /* the state knows that they were carried last */
    struct tail_context tail_context;
    struct source_set *files;
    struct shape shape;
    struct event event;
    struct step step;

    struct sink *sink;
    struct sink_host host;
    struct batch *batches[BATCHES];
    struct batch *filling;
    struct batch *waiting; /* by number */
    struct batch *settling;
    uint64_t next_number;
    size_t lent;
    int64_t retry_ms; /* present wait after a retry; 0: none */

    bool delivered_some; /* of the batch at hand */
    int64_t settling_ms; /* since 1970 */
    bool settled_some;   /* something was settled since the last save */
    int64_t last_save_ms, last_sync_ms, last_scan_ms;
    bool unsynced;
    bool save_fails, sync_fails; /* what was tried last */
};

/* --- pipeline_open.c --- */

/* Opens everything; the sink's host is set but for its scope. False after saying why, in the log and on the
 * board. */
bool pipeline_open(struct pipeline *p);

/* --- pipeline_take.c: from an event to a message --- */

/* Puts the event that was just read into the batch unless it was shipped before. False without memory:
 * nothing was taken then. */
bool pipeline_take_event(struct pipeline *p, struct batch *b, struct tail *t);

/* Encodes the record that the shape holds into the batch. False without memory. */
bool pipeline_add_message(struct pipeline *p, struct batch *b, const struct batch_note *note);

/* Without a time the id says too little: record ids begin anew when a log is cleared. */
bool pipeline_has_telling_id(const struct pipeline *p);

/* A damaged copy must not stand for the record: the sound one may come from another export. */
bool pipeline_event_is_sound(const struct pipeline *p);

/* --- pipeline_save.c: positions and delivered ids --- */

/* Saves in one transaction. One alarm is given while that fails, and delivery goes on. */
void pipeline_save(struct pipeline *p);

/* Saves and syncs when something was settled, when files moved on, when it is time. */
void pipeline_save_if_due(struct pipeline *p);

/* --- pipeline_settle.c: what became of a batch --- */

/*
 * Settles what can be settled of a batch that came back, or that only has dead letters. True when nothing of
 * it is left to be lent.
 */
bool pipeline_settle_items(struct pipeline *p, struct batch *b);

/*
 * Before a batch goes out together with its positions: what was rejected must stand in the dead-letter file.
 * False: the file cannot be written now.
 */
bool pipeline_write_letters(struct pipeline *p, struct batch *b);

/* --- pipeline_recover.c: beginning where the destination stands --- */

/* Asks the destination for its positions. False: asked to stop, or superseded. */
bool pipeline_recover(struct pipeline *p);

/* Reads on in files whose recall is to be read. True when there are none that can be read now. */
bool pipeline_catch_up(struct pipeline *p);

/* --- pipeline.c --- */

void pipeline_tick(struct pipeline *p);

/* What the board tells of the destination. */
void pipeline_note_health(struct pipeline *p, bool in_trouble, const char *text);

/* Puts the counts on the board: between two turns, when they add up. */
void pipeline_publish_counts(struct pipeline *p);

#endif
