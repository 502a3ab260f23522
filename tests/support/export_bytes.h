/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of parsers are made of: an export in memory, in UTF-16, and what is known of an event as text.
 */
#ifndef MAPITAIL_EXPORT_BYTES_H
#define MAPITAIL_EXPORT_BYTES_H

#include "buf.h"
#include "event.h"
#include "parser.h"

/* An export as far as it is written: the input over it has its size. */
struct bytes {
    const char *p;
    size_t n;
    size_t most; /* bytes given at once, behind the first 64; 0: all */
};

/* For struct input; ctx is a struct bytes. Asserts that nothing is read at or behind the end. */
ptrdiff_t read_bytes(void *ctx, uint64_t offset, void *to, size_t n);

/* A copy in UTF-16, to be freed with free_sv. */
struct sv utf16(struct sv v, bool big, bool bom);
void free_sv(struct sv v);

/* "name=value ", or nothing without a value. */
void put_field(struct buf *b, const char *name, struct sv v);
void put_number(struct buf *b, const char *name, struct opt_u64 v);

/* Lines that begin so. */
size_t count_lines(struct sv v, const char *prefix);

#endif
