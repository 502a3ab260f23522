/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bump allocator for what lives until the next event: allocate often, release all at once.
 *
 * An arena is bounded: an allocation that would take it over its limit returns NULL, so that no input can
 * bloat the agent. Where the system has no memory it returns NULL too, and `starved` tells the two apart:
 * what is over the limit will always be, what starved may be tried again. Memory is kept over arena_reset, so
 * that a steady state allocates nothing. Not thread-safe.
 */
#ifndef MAPITAIL_ARENA_H
#define MAPITAIL_ARENA_H

#include "sv.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    size_t used;                /* bytes handed out since the last reset, padding included */
    size_t limit;
    bool starved; /* the system had no memory, since the last reset */
};

/* No memory is taken yet. limit is in bytes. */
void arena_init(struct arena *a, size_t limit);

/* n bytes aligned for any type, not cleared; NULL over the limit or without memory. n may be 0. */
void *arena_alloc(struct arena *a, size_t n);

/* A copy of v in the arena; absent if v is absent or the limit is met. */
struct sv arena_copy(struct arena *a, struct sv v);

/* A NUL-terminated copy of v, or NULL. */
char *arena_cstr(struct arena *a, struct sv v);

/*
 * Gives bytes back from the end of the latest allocation: p must be its result and size its size, now reduced
 * to used. For converters that allocate the worst case first.
 */
void arena_shrink(struct arena *a, void *p, size_t size, size_t used);

/* Forgets every allocation and keeps one block for the next ones. */
void arena_reset(struct arena *a);

/* Releases everything; the arena may be used again as after arena_init. */
void arena_free(struct arena *a);

#endif
