/* SPDX-License-Identifier: Apache-2.0 */
/* One reader of `mapitail cat`: takes one export after the other and writes its records. */
#ifndef MAPITAIL_CAT_READ_H
#define MAPITAIL_CAT_READ_H

#include "cat.h"
#include "shape.h"

/* What was read and written. */
struct cat_counts {
    uint64_t files, bytes, records, written;
    uint64_t damaged, damaged_bytes;
    uint64_t partial, untrusted, stale; /* of written */
    bool has_uncounted;                 /* a format was met that does not count its records */
    bool failed;                        /* something was unreadable */
};

void cat_counts_add(struct cat_counts *to, const struct cat_counts *from);

/*
 * Where a reader's records and complaints go. Both are kept until there is much of them, because files are
 * read side by side and written one after the other.
 */
struct cat_sink {
    struct buf records, complaints;
    /* Writes what is kept, waiting for its turn. Not 0: nobody reads the records any more, and errno's why.
     */
    int (*flush)(struct cat_sink *sink);
    /* True when what goes to standard error now stands in its place. */
    bool (*has_turn)(struct cat_sink *sink);
    int error; /* what flush has said */
};

enum { CAT_KEEP_BYTES = 128 << 10 }; /* what a sink keeps before it is flushed */

void cat_sink_init(struct cat_sink *sink);
void cat_sink_free(struct cat_sink *sink);

struct cat_reader;

/* options and context are borrowed. NULL without memory. */
struct cat_reader *cat_reader_new(const struct cat_options *options, const struct encode_context *context);
void cat_reader_free(struct cat_reader *r);

/* What it has read since it was made. */
const struct cat_counts *cat_reader_counts(const struct cat_reader *r);

/* Reads a file, or standard input for "-". What is wrong with it goes to the sink and to the counts. */
void cat_read(struct cat_reader *r, const char *path, struct cat_sink *sink);

/* Says that nothing matches a pattern. */
void cat_read_nothing(struct cat_reader *r, const char *pattern, struct cat_sink *sink);

#endif
