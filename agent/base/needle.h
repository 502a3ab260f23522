/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exact search at memory speed: what decides most events without looking at them.
 *
 * On x86-64 with AVX2 it compares the first and the last byte of the needle in 64 positions per step;
 * elsewhere it falls back to portable C with the same results. Pure and thread-safe.
 */
#ifndef MAPITAIL_NEEDLE_H
#define MAPITAIL_NEEDLE_H

#include <stddef.h>
#include <stdint.h>

/* The first occurrence of needle[0, m) in hay[0, n), or NULL. m must be at least 1. Never reads outside hay.
 */
const uint8_t *needle_find(const uint8_t *hay, size_t n, const uint8_t *needle, size_t m);

/*
 * The first place where either the needle or the single byte other stands, in one pass, or NULL. For a format
 * in which one rare character decides whether a hit counts.
 */
const uint8_t *needle_find_or(const uint8_t *hay, size_t n, const uint8_t *needle, size_t m, uint8_t other);

/* The portable forms, for tests and comparison. */
const uint8_t *needle_find_portable(const uint8_t *hay, size_t n, const uint8_t *needle, size_t m);
const uint8_t *needle_find_or_portable(const uint8_t *hay, size_t n, const uint8_t *needle, size_t m,
                                       uint8_t other);

#endif
