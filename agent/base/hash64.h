/* SPDX-License-Identifier: Apache-2.0 */
/* FNV-1a, 64 bits: tells apart, protects against nothing. For fingerprints of files and hash tables. */
#ifndef MAPITAIL_HASH64_H
#define MAPITAIL_HASH64_H

#include <stddef.h>
#include <stdint.h>

#define HASH64_START UINT64_C(0xcbf29ce484222325)

/* Continues hash h (HASH64_START for a new one) over n bytes. */
static inline uint64_t hash64(uint64_t h, const void *p, size_t n)
{
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++)
        h = (h ^ b[i]) * UINT64_C(0x100000001b3);
    return h;
}

#endif
