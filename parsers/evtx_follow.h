/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two halves of the .evtx parser share: evtx_follow.c decides which chunk is read next and when,
 * evtx.c what its records are.
 *
 * A position is the last record passed: its id, its place and a hash of its head. Reading goes on behind that
 * record, wherever new ones have come since: in the same chunk, in a chunk that was empty, or in one that was
 * overwritten because the log is a ring. What is written into a log rises in id, so a log whose ids are all
 * lower, or which has another record under the same id, is another log.
 *
 * Work goes in rounds: find the position again, survey the chunks, walk those behind it in order, then wait
 * for a change.
 */
#ifndef MAPITAIL_EVTX_FOLLOW_H
#define MAPITAIL_EVTX_FOLLOW_H

#include "binxml.h"
#include "evtx_chunk.h"
#include "evtx_filter.h"
#include "evtx_recall.h"
#include "evtx_survey.h"
#include "parser.h"

enum {
    EVTX_NOTICES_MAX = EVTX_FOREIGN_MAX + 4,
    EVTX_HEADER_USED = 128, /* bytes of a file's header, and of a chunk's: all but its tables */
};

/* A step that waits to be given. */
struct evtx_notice {
    enum step_kind kind;
    uint64_t offset, length, events;
    const char *reason;
};

/* What an unchanged file looks like: the places where a writer goes on. */
struct evtx_face {
    uint64_t size, newest, after_newest, first;
    bool complete;
};

/* Where the search for stale records stands: see evtx_carve.h. */
struct evtx_carver {
    bool is_wanted, is_running, is_done;
    bool is_loaded, is_live; /* the block is in p->chunk; its live records are not passed yet */
    uint64_t offset;         /* of the block */
    uint64_t passed;         /* bytes since the last sign of life */
    size_t used;             /* where the live part of the block ends */
    size_t at, end;          /* the part of the block that is looked through */
};

enum round {
    ROUND_READY,    /* a chunk may be walked now */
    ROUND_BUSY,     /* the survey goes on: see follow_go_on */
    ROUND_WAIT,     /* there is nothing to read for now */
    ROUND_REPLACED, /* the log is another one */
    ROUND_FAILED,   /* an I/O error */
};

struct parser {
    const struct input *in;
    const struct selector *selector;
    struct evtx_survey survey;
    struct evtx_chunk chunk; /* the one being walked, if walking */
    struct evtx_filter filter;
    struct binxml binxml;
    struct evtx_recall recall;
    struct arena arena;
    struct parser_counts counts;

    struct position pos;    /* of the last record passed before the ones in this chunk */
    struct evtx_frame last; /* the last record passed in this chunk; size 0: none yet */
    uint64_t last_chunk;    /* offset of the chunk walked last */
    uint64_t from_id;       /* records of this chunk with lower ids are passed without a look; 0: none */
    bool walking, idle, started, waiting, rested;
    bool is_surveying;      /* nothing can be walked meanwhile */
    bool is_between_chunks; /* the survey fills the window again, in the middle of a round */
    bool is_found;          /* the position's record: it and its chunk are in memory */
    bool end_is_judged;     /* whether the file was cut off */
    bool decoder_is_set;    /* to this chunk: most chunks have nothing to decode */
    unsigned held, held_calls, quiet, restarts;
    struct evtx_key reached;          /* the chunk taken last from the survey */
    uint64_t held_look, restart_look; /* what was held, or was written over, looked like */
    uint64_t expected_passed;         /* chunks that lie before the position; UINT64_MAX: not known yet */
    uint64_t foreign_to;              /* parts without records are reported up to here */
    uint64_t damage_at;               /* the damaged part reported last */
    struct evtx_face face;
    struct evtx_carver carver;
    struct evtx_notice notices[EVTX_NOTICES_MAX];
    size_t notice_first, notice_count;
};

/* Brings p->pos up to date. The hash is made when somebody asks, not for every record. */
void follow_settle(struct parser *p);

/* Leaves a step to be given before the next event; what is more than there is room for is not kept. */
void follow_notify_skip(struct parser *p, uint64_t offset, uint64_t length, const char *reason);

/* Reads the chunk at offset. False after an I/O error. */
bool follow_load_chunk(struct parser *p, uint64_t offset);

/* Finds the position and surveys the file. */
enum round follow_begin_round(struct parser *p);

/* Surveys a further part of the file, where p->is_surveying. */
enum round follow_go_on(struct parser *p);

/* Takes up the next chunk of the survey. ROUND_WAIT: there is none, or it is not to be read yet. */
enum round follow_advance(struct parser *p);

/* Notes what the file looks like when all was read. False after an I/O error. */
bool follow_fall_idle(struct parser *p);

/* After that: has a writer been here since? */
enum round follow_wake_up(struct parser *p);

#endif
