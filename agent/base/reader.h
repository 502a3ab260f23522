/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded little-endian reader: the only way to follow a length or an offset that was found in a file.
 *
 * Every function returns false when the bytes are not there; it then changes neither the reader nor the
 * output. The bytes are borrowed and must outlive the reader.
 */
#ifndef MAPITAIL_READER_H
#define MAPITAIL_READER_H

#include "sv.h"

#include <string.h>

struct reader {
    const uint8_t *p; /* first byte of the whole range */
    size_t n;         /* bytes in the range */
    size_t at;        /* offset of the next byte; never above n */
};

#define READER_CHECKED __attribute__((warn_unused_result)) static inline bool

static inline struct reader reader_make(const void *p, size_t n)
{
    return (struct reader){(const uint8_t *)p, n, 0};
}

static inline size_t reader_left(const struct reader *r)
{
    return r->n - r->at;
}

READER_CHECKED reader_seek(struct reader *r, size_t at)
{
    if (at > r->n)
        return false;
    r->at = at;
    return true;
}

READER_CHECKED reader_skip(struct reader *r, size_t n)
{
    if (n > r->n - r->at)
        return false;
    r->at += n;
    return true;
}

/* The next n bytes, borrowed. */
READER_CHECKED reader_bytes(struct reader *r, size_t n, const uint8_t **out)
{
    if (n > r->n - r->at)
        return false;
    *out = r->p + r->at;
    r->at += n;
    return true;
}

/* A reader over the next n bytes only; r moves behind them. */
READER_CHECKED reader_sub(struct reader *r, size_t n, struct reader *out)
{
    if (n > r->n - r->at)
        return false;
    *out = reader_make(r->p + r->at, n);
    r->at += n;
    return true;
}

static inline uint16_t load_le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}
static inline uint32_t load_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint64_t load_le64(const uint8_t *p)
{
    return (uint64_t)load_le32(p) | (uint64_t)load_le32(p + 4) << 32;
}

READER_CHECKED reader_u8(struct reader *r, uint8_t *out)
{
    if (r->n - r->at < 1)
        return false;
    *out = r->p[r->at];
    r->at += 1;
    return true;
}
READER_CHECKED reader_u16(struct reader *r, uint16_t *out)
{
    if (r->n - r->at < 2)
        return false;
    *out = load_le16(r->p + r->at);
    r->at += 2;
    return true;
}
READER_CHECKED reader_u32(struct reader *r, uint32_t *out)
{
    if (r->n - r->at < 4)
        return false;
    *out = load_le32(r->p + r->at);
    r->at += 4;
    return true;
}
READER_CHECKED reader_u64(struct reader *r, uint64_t *out)
{
    if (r->n - r->at < 8)
        return false;
    *out = load_le64(r->p + r->at);
    r->at += 8;
    return true;
}

#endif
