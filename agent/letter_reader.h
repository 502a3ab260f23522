/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a dead-letter file (dead_letter.h), line by line, also while an agent appends to it. Belongs to one
 * thread.
 */
#ifndef MAPITAIL_LETTER_READER_H
#define MAPITAIL_LETTER_READER_H

#include "arena.h"
#include "json_tree.h"
#include "sink.h"

struct letter_reader;

/* Views live until the next line is read; absent where the line does not have it. */
struct letter {
    uint64_t number; /* of the line, from 1 */
    struct sv time, output, reason, event_id, file, offset, format, key, message;
    struct sv letter_time;           /* of a mark (replay_marks.h): when its letter was written */
    const struct json_node *headers; /* members: names and values; NULL: none */
    int64_t time_ms;
};

enum letter_kind {
    LETTER_READ,
    LETTER_DAMAGED, /* the line is no dead letter; only its number is valid */
    LETTER_END,     /* no complete line any more */
};

enum { LETTER_BYTES_MAX = 16 << 20 /* of a line; a longer one is damaged */ };

/* NULL with a fault. */
struct letter_reader *letter_reader_open(const char *path, struct fault *f);
void letter_reader_close(struct letter_reader *r); /* NULL is allowed */

enum letter_kind letter_reader_next(struct letter_reader *r, struct letter *out);

/* Fills key, headers and time of an item with copies in memory; the body is the caller's. False without
 * memory. */
bool letter_address(const struct letter *l, struct arena *memory, struct sink_item *item);

#endif
