/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two halves of the .evt parser share: evt_place.c finds the place in the ring where reading goes
 * on, evt.c reads from there. For them alone.
 */
#ifndef MAPITAIL_EVT_INNER_H
#define MAPITAIL_EVT_INNER_H

#include "arena.h"
#include "buf.h"
#include "evt_ring.h"
#include "parser.h"

enum {
    RESTARTS_MAX = 3, /* searches for the last record in one call, where a writer is faster */
    NOTICES_MAX = 8,
};

/* A step that waits to be given. */
struct notice {
    enum step_kind kind;
    uint64_t offset, length, events;
    const char *reason;
};

enum outcome {
    GOES_ON,
    GIVES_EVENT,
    GIVES_NOTICE,
    GIVES_PROGRESS,
    WAITS,
    IS_ANOTHER, /* log */
    HAS_FAILED,
};

struct parser {
    const struct input *in;
    const struct selector *selector;
    struct evt_ring ring;
    struct evt_cursor cursor;
    struct arena arena;
    struct buf original;
    struct parser_counts counts;

    struct position pos;   /* as given last */
    uint64_t head_check;   /* a hash of that record's head */
    struct evt_frame last; /* passed since then; length 0: none */
    uint64_t at, number;   /* the next record: its place and its number */
    bool started, reading;
    bool found_again; /* the next record was searched for */
    bool finished;    /* what stands behind the last record of a log without a cursor has been told */
    unsigned held, restarts;
    uint64_t held_size, unfinished; /* the place that is waited at; 0: none */
    uint64_t damage_at;             /* the damaged part reported last */
    struct notice notices[NOTICES_MAX];
    size_t notice_first, notice_count;
};

/* ---- what is said ---- */

/* A damaged part. One that reaches over the file's end is two; the same one is met again at every round, but
 * told once. */
void evt_notify_skip(struct parser *p, uint64_t at, uint64_t length, uint64_t events, const char *reason);
void evt_notify_gap(struct parser *p, uint64_t events, const char *reason);

/* ---- the place ---- */

/* Makes the record passed last the position, with a hash of its bytes, which must still be the same. */
void evt_settle_position(struct parser *p);

/* Stands behind a record of this length. */
void evt_stand_behind(struct parser *p, const struct evt_frame *f, uint64_t length);

/* True while what is not there yet is waited for: some calls long, but no longer than nothing moves. */
bool evt_hold(struct parser *p, uint64_t at);

/* Brings the cursor up to date. */
void evt_survey(struct parser *p);

/* True if the record passed last is where it was, and of the log as it is now: one that was cleared leaves
 * stale ones. */
bool evt_is_last_live(struct parser *p);

/* There is no log at all. */
enum outcome evt_nothing_there(struct parser *p);

/* Bytes of a torn record: up to the next one, if its length does not tell. */
uint64_t evt_torn_length(struct parser *p, const struct evt_frame *f);

/*
 * The last record is not where it was: overwritten, moved (Windows does that when a full log may grow), or of
 * another log. Finds the place to go on from.
 */
enum outcome evt_relocate(struct parser *p);

/* Takes the file's present state, and the place to go on from. */
enum outcome evt_begin_round(struct parser *p);

/* The record in front of the cursor, which must be known. */
bool evt_find_newest(struct parser *p, struct evt_frame *f);

#endif
