/* SPDX-License-Identifier: Apache-2.0 */
/* What coverage.c gathers and coverage_record.c makes records of. */
#ifndef MAPITAIL_COVERAGE_INNER_H
#define MAPITAIL_COVERAGE_INNER_H

#include "coverage.h"

enum { COVER_NAME_BYTES = 256, COVERAGE_TEXT_BYTES = 2048 };

struct cover {
    struct cover *next;
    size_t source;      /* index in the configuration */
    char *path;         /* NULL until it was opened */
    const char *format; /* the parser's name */
    bool is_active;     /* there is something to tell */
    bool is_closed;     /* its tail is gone */
    char host[COVER_NAME_BYTES], provider[COVER_NAME_BYTES], channel[COVER_NAME_BYTES];

    struct wtime since; /* the end of the period before */
    struct position from, to;
    struct opt_u64 first_id, last_id; /* of what was matched */
    struct wtime first_event, last_event;
    uint64_t read, matched, damaged_parts, damaged_bytes, overwritten_events, vanished_bytes;
    bool read_is_least;
};

struct covered_source {
    struct wtime since; /* the end of the period before */
    uint64_t files;
    bool is_wanted, was_active;
};

struct coverage_book {
    const struct config *config;
    const struct config_output *output;
    struct sv host;
    struct cover *covers;
    int64_t due_ms;
    bool in_round;        /* records are being given */
    struct cover *cursor; /* next file of the round */
    size_t source;        /* next source of the round, after the files */
    struct coverage_record record;
    char text[COVERAGE_TEXT_BYTES]; /* what the record's views point into */
    size_t text_bytes;
    char told_path[4096];
    struct covered_source sources[];
};

/* Frees what is closed and told. */
void coverage_drop_closed(struct coverage_book *b);

#endif
