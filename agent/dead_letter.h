/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dead-letter file: records that a destination will never take, one JSON object a line, on disk before
 * the record counts as settled. It holds all that sending it again takes (letter_reader.h). Thread-safe:
 * several pipelines share one.
 */
#ifndef MAPITAIL_DEAD_LETTER_H
#define MAPITAIL_DEAD_LETTER_H

#include "fault.h"
#include "sink.h"

struct dead_letters;

struct dead_letter {
    const char *output;
    const char *reason;
    const char *id;
    const char *file; /* may be NULL */
    uint64_t offset;
    const char *format; /* the encoder's name */
    const struct sink_item
        *item; /* the message as it was to be sent; its body is empty if it could not be made */
};

/* Opens nothing yet: a file appears with the first letter. path is copied. NULL without memory. */
struct dead_letters *dead_letters_new(const char *path);
void dead_letters_free(struct dead_letters *d);

/* Appends and syncs. False: the record is not safe and must not be settled. */
bool dead_letter_write(struct dead_letters *d, const struct dead_letter *letter, struct fault *f);

#endif
