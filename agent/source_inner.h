/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a source set share: source.c and source_scan.c. For them alone. */
#ifndef MAPITAIL_SOURCE_INNER_H
#define MAPITAIL_SOURCE_INNER_H

#include "source.h"

enum { SOURCE_TABLE_SIZE = 1024 };

struct watched_source {
    const struct config_source *config;
    bool old_files;  /* `from: end`, and the output is new: what the first scan finds is old */
    bool is_partial; /* the latest scan could not look everywhere: what it did not find may be there */
    bool *said;      /* of each of its paths: that it, or a directory of it, cannot be used was reported */
};

struct source_set {
    struct tail_context *context;
    struct os_watch *watch;
    struct watched_source *sources;
    size_t source_count;
    struct tail *tails; /* in order of discovery */
    struct tail **end;
    struct tail *current;                  /* whose turn it is */
    unsigned steps;                        /* of that turn */
    struct tail *turn;                     /* where the search for the next one begins */
    struct tail *table[SOURCE_TABLE_SIZE]; /* by file id; retired ones are not in it */
    size_t count;
    unsigned scan;
    int64_t next_scan_ms;
    int64_t ask_until_ms; /* names of files that were not met are looked up so long, and no longer */
    bool said_full;
    int64_t keep_gone_ms; /* how long the state remembers what is gone */
    int64_t next_age_ms;  /* when it is looked through again */
    size_t forgotten;     /* by the present look */
};

/* The file with this id that is followed; NULL: none, or one whose content was replaced. */
struct tail *source_set_find(struct source_set *s, struct os_file_id id);

/* A share that answers slowly, asked for one file after the other, must not hold up what else is to be done.
 */
enum source_asking { SOURCE_ASK_MS = 1000 };
void source_set_begin_asking(struct source_set *s);

/* Whether a file has its name yet. Unknown: that name cannot be looked up, or there was no time for it. */
enum state_presence source_set_ask(const struct source_set *s, const char *path, struct os_file_id id);

/* Takes over a new tail, as found by the present scan. */
void source_set_add(struct source_set *s, struct tail *t);

#endif
