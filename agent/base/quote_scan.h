/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which line feeds of a text stand outside of quotes, at memory speed: 64 bytes at a time, the quotes before
 * each as one exclusive or over all of them. Portable C elsewhere than on x86-64 with AVX2, with the same
 * results. Pure and thread-safe.
 */
#ifndef MAPITAIL_QUOTE_SCAN_H
#define MAPITAIL_QUOTE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct quote_scan {
    size_t at;   /* the block that is looked at */
    size_t done; /* what was given ends here */
    bool odd;    /* quotes before at */
    bool plain;  /* quotes mean nothing: every line feed counts */
};

/* Begins at an index outside of quotes. */
static inline void quote_scan_from(struct quote_scan *s, size_t index, bool plain)
{
    *s = (struct quote_scan){index, index, false, plain};
}

/*
 * The index behind the next line feed outside of quotes in p[0, n), if it is at most limit; else false, and
 * the search goes on there when it is called again with more.
 */
bool quote_scan_next(struct quote_scan *s, const uint8_t *p, size_t n, size_t limit, size_t *next);

/* The portable form, for tests and comparison. */
bool quote_scan_next_portable(struct quote_scan *s, const uint8_t *p, size_t n, size_t limit, size_t *next);

#endif
