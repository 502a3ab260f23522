/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded bump allocator. */
#include "arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_MIN = 16 * 1024 };

struct arena_block {
    struct arena_block *older;
    size_t size, used;
    alignas(max_align_t) unsigned char bytes[];
};

void arena_init(struct arena *a, size_t limit)
{
    *a = (struct arena){.limit = limit};
}

static size_t aligned(size_t n)
{
    return (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

static struct arena_block *block_new(size_t need, struct arena_block *older)
{
    size_t size = older ? older->size * 2 : BLOCK_MIN;
    if (size < need)
        size = need;
    struct arena_block *b = malloc(sizeof *b + size);
    if (b)
        *b = (struct arena_block){.older = older, .size = size};
    return b;
}

void *arena_alloc(struct arena *a, size_t n)
{
    if (n > a->limit - a->used)
        return NULL;
    size_t need = aligned(n);
    struct arena_block *b = a->blocks;
    if (!b || b->size - b->used < need) {
        b = block_new(need, a->blocks);
        if (!b) {
            a->starved = true;
            return NULL;
        }
        a->blocks = b;
    }
    void *p = b->bytes + b->used;
    b->used += need;
    a->used += need < a->limit - a->used ? need : a->limit - a->used;
    return p;
}

struct sv arena_copy(struct arena *a, struct sv v)
{
    if (sv_absent(v))
        return v;
    char *p = arena_alloc(a, v.n);
    if (!p)
        return SV_ABSENT;
    if (v.n)
        memcpy(p, v.p, v.n);
    return sv_make(p, v.n);
}

char *arena_cstr(struct arena *a, struct sv v)
{
    char *p = arena_alloc(a, v.n + 1);
    if (!p)
        return NULL;
    if (v.n)
        memcpy(p, v.p, v.n);
    p[v.n] = '\0';
    return p;
}

void arena_shrink(struct arena *a, void *p, size_t size, size_t used)
{
    struct arena_block *b = a->blocks;
    size_t was = aligned(size), now = aligned(used);
    if (!b || !p || b->used < was || b->bytes + (b->used - was) != (unsigned char *)p || now > was)
        return;
    b->used -= was - now;
    a->used -= was - now < a->used ? was - now : a->used;
}

void arena_reset(struct arena *a)
{
    /* The newest block is the largest: keeping it alone makes the next round allocate nothing. */
    while (a->blocks && a->blocks->older) {
        struct arena_block *gone = a->blocks->older;
        a->blocks->older = gone->older;
        free(gone);
    }
    if (a->blocks)
        a->blocks->used = 0;
    a->used = 0;
    a->starved = false;
}

void arena_free(struct arena *a)
{
    for (struct arena_block *b = a->blocks; b;) {
        struct arena_block *older = b->older;
        free(b);
        b = older;
    }
    arena_init(a, a->limit);
}
