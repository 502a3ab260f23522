/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bookmarks of events that are read and not yet settled, in the order of reading: a position is saved as
 * a record id, and this is the system's own text for it. Belongs to one thread.
 */
#ifndef MAPITAIL_BOOKMARKS_H
#define MAPITAIL_BOOKMARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bookmark {
    uint64_t record;
    bool passed;
    char *text;
};

/* Initialize with {0}. */
struct bookmarks {
    struct bookmark *items; /* those in [first, count) */
    size_t first, count, room;
};

/*
 * Copies the text. passed: the event was not wanted, nothing waits for it; of several such in a row the last
 * one is kept. False without memory.
 */
bool bookmarks_add(struct bookmarks *b, uint64_t record, const char *text, bool passed);

/* The bookmark of a record, NULL if there is none; those read before it are forgotten. */
const char *bookmarks_find(struct bookmarks *b, uint64_t record);

void bookmarks_free(struct bookmarks *b);

#endif
