/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing output buffer with a limit and a sticky failure: a writer appends without checks and asks once at
 * the end. After a failure (limit met, no memory) nothing more is appended and buf_ok is false until
 * buf_reset; starved then tells that it was for want of memory, which may pass. Not thread-safe.
 */
#ifndef MAPITAIL_BUF_H
#define MAPITAIL_BUF_H

#include "sv.h"

#include <string.h>

struct buf {
    char *p;
    size_t n, cap, limit;
    bool failed;
    bool starved; /* the system had no memory */
};

/* No memory is taken yet. limit is in bytes. */
void buf_init(struct buf *b, size_t limit);
void buf_free(struct buf *b);

/* Forgets the content and a failure, keeps the memory. */
static inline void buf_reset(struct buf *b)
{
    b->n = 0;
    b->failed = b->starved = false;
}

static inline bool buf_ok(const struct buf *b)
{
    return !b->failed;
}

/* The content; valid until the next append. */
static inline struct sv buf_sv(const struct buf *b)
{
    return sv_make(b->p ? b->p : "", b->n);
}

/* Makes room for n more bytes and returns where they go, or NULL; buf_grow the slow path of it. */
char *buf_grow(struct buf *b, size_t n);
static inline char *buf_room(struct buf *b, size_t n)
{
    return !b->failed && b->cap - b->n >= n ? b->p + b->n : buf_grow(b, n);
}

static inline void buf_put(struct buf *b, struct sv v)
{
    char *to = v.n ? buf_room(b, v.n) : NULL;
    if (to) {
        memcpy(to, v.p, v.n);
        b->n += v.n;
    }
}
static inline void buf_putc(struct buf *b, char c)
{
    char *to = buf_room(b, 1);
    if (to) {
        *to = c;
        b->n++;
    }
}
#define buf_lit(b, literal) buf_put((b), SV(literal))

/* Decimal without padding. */
void buf_u64(struct buf *b, uint64_t value);
void buf_i64(struct buf *b, int64_t value);

/* printf; text over 512 bytes is a failure. */
__attribute__((format(__printf__, 2, 3))) void buf_printf(struct buf *b, const char *format, ...);

/* Cuts the content back to n bytes, which must not be more than it has. */
static inline void buf_cut(struct buf *b, size_t n)
{
    if (n < b->n)
        b->n = n;
}

#endif
