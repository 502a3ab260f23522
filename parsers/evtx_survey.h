/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which chunks an .evtx file has now, in the order of their record ids.
 *
 * The file header counts for nothing here: in a live file it is stale (facts of the libevtx documentation and
 * of Schuster's work agree). A survey looks at the beginning of every 64 KiB block and keeps the lowest ids
 * behind a bound, as many as its window holds; a larger file is surveyed again when the window is used up. So
 * memory is the same for every size.
 */
#ifndef MAPITAIL_EVTX_SURVEY_H
#define MAPITAIL_EVTX_SURVEY_H

#include "evtx_chunk.h"
#include "parser.h"

enum {
    EVTX_WINDOW = 32768, /* chunks: 2 GiB of log */
    EVTX_FILE_HEADER = 4096,
    EVTX_FOREIGN_MAX = 16,
};

/* Chunks are ordered by their first record's id, then by place. */
struct evtx_key {
    uint64_t first, offset;
};

/* A part of the file where chunks should be and no record was found. */
struct evtx_foreign {
    uint64_t offset, length;
};

struct evtx_survey {
    const struct input *in;
    uint8_t *block; /* scratch for blocks without a header */
    struct evtx_key *window;
    size_t window_size, count, next;
    struct evtx_key highest_kept; /* if more: nothing above it comes in */
    bool more;                    /* there are chunks behind the window */
    bool sorted;

    struct evtx_key bound;
    bool has_bound;
    uint64_t at;           /* where to look next */
    uint64_t previous;     /* the chunk before that, UINT64_MAX: there is none */
    uint64_t spent;        /* bytes read since the last pause */
    uint64_t zeros_from;   /* from here on all was zero, UINT64_MAX: it was not */
    uint64_t zeros_before; /* the same of the survey before: see evtx_survey_begin */

    uint64_t base;    /* where the first chunk is or should be */
    uint64_t chunks;  /* with records, whatever the bound */
    uint64_t present; /* with a header, empty ones included */
    uint64_t passed;  /* not behind the bound */
    struct evtx_key lowest, highest;
    struct evtx_key before; /* the highest one that is not behind the bound, if passed */
    uint64_t announced;     /* chunks that a sound and clean file header counts, else 0 */
    struct evtx_foreign foreign[EVTX_FOREIGN_MAX];
    size_t foreign_count;
};

static inline int evtx_key_cmp(struct evtx_key a, struct evtx_key b)
{
    if (a.first != b.first)
        return a.first < b.first ? -1 : 1;
    return (a.offset > b.offset) - (a.offset < b.offset);
}

bool evtx_survey_init(struct evtx_survey *s, const struct input *in);
void evtx_survey_free(struct evtx_survey *s);

/*
 * Begins to look at the whole file. bound: only chunks behind it are wanted; NULL for all. Blocks at the end
 * of a log that may still grow, zero in the survey before and with a head that still is, are taken for zero;
 * thorough: nothing is taken for what it was. False after an I/O error.
 */
bool evtx_survey_begin(struct evtx_survey *s, const struct evtx_key *bound, bool thorough);

enum evtx_survey_state { SURVEY_DONE, SURVEY_PAUSED, SURVEY_FAILED };

/*
 * Goes on until all is seen or so many bytes have been read: a file may be a terabyte of nothing. A last
 * block that is not whole counts only if the input is complete. FAILED after an I/O error or without memory.
 */
enum evtx_survey_state evtx_survey_go_on(struct evtx_survey *s, uint64_t bytes);

/* All of it without a pause. */
bool evtx_survey_run(struct evtx_survey *s, const struct evtx_key *bound);

/* Takes the next chunk of the window. */
bool evtx_survey_next(struct evtx_survey *s, struct evtx_key *out);

/* The place of a chunk's header in p[from, n), or n. */
size_t evtx_find_chunk(const uint8_t *p, size_t from, size_t n);

/* Reads up to n bytes; *got is 0 at and behind the end. False after an I/O error. */
bool evtx_read(const struct input *in, uint64_t offset, void *to, size_t n, size_t *got);

#endif
