/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sliding window over an input, for formats that are read from front to back: positioned reads of
 * TEXT_READ_BYTES into one buffer that is used again and again, with what is still needed carried over.
 *
 * Memory is what the owner keeps plus about one read; the owner bounds it by keeping no more than a record's
 * limit. Indexes are bytes from p; they move when the window does (text_window_more). Pointers into the
 * window live until then.
 *
 * A position is an offset with a check: hash64 over the up to TEXT_CHECK_BYTES before it, which proves when
 * reading goes on that the content is still the same.
 */
#ifndef MAPITAIL_TEXT_WINDOW_H
#define MAPITAIL_TEXT_WINDOW_H

#include "parser.h"
#include "text_coding.h"

enum {
    TEXT_READ_BYTES = 512 * 1024,
    TEXT_CHECK_BYTES = 64,
    /* Bytes between two steps after which the owner gets one, a read below what the contract asks for. */
    TEXT_BREATH_BYTES = PARSER_PROGRESS_BYTES - TEXT_READ_BYTES,
};

struct text_window {
    const struct input *in;
    uint8_t *p; /* bytes [base, base + n) of the input */
    size_t n, capacity;
    uint64_t base;
};

/*
 * Opens at a position; *index is where it stands in the window. False with FAULT_REPLACED where the content
 * before it is not the one that was read, FAULT_OS or FAULT_MEMORY; nothing is to be closed then.
 */
bool text_window_open(struct text_window *w, const struct input *in, const struct position *from,
                      size_t *index, struct fault *fault);
void text_window_close(struct text_window *w); /* safe on a zeroed window and after itself */

enum text_refill {
    TEXT_REFILLED,
    TEXT_NOTHING,    /* the window reaches the input's present end */
    TEXT_SHRUNK,     /* the input is shorter than what was read of it */
    TEXT_UNREADABLE, /* an I/O error */
    TEXT_NO_MEMORY,
};

/*
 * Reads on behind the window's end. Bytes before index keep may be dropped (but for what checks need): *gone
 * of them were, and every index of the owner's must be lowered by that. *gone is always set.
 */
enum text_refill text_window_more(struct text_window *w, size_t keep, size_t *gone);

/* True when the window reaches the end of an input that is complete: no byte will follow, ever. */
static inline bool text_window_is_final(const struct text_window *w)
{
    return w->in->complete && w->in->size == w->base + w->n;
}

/* The position at an index at or behind what was last kept. */
struct position text_window_position(const struct text_window *w, size_t index);

/* Makes the step for SHRUNK, UNREADABLE and NO_MEMORY, with the position at index. */
void text_window_fail(const struct text_window *w, enum text_refill why, size_t index, struct step *step);

/*
 * Learns the encoding from the input's first bytes: REFILLED when *coding is set, NOTHING while they are not
 * there.
 */
enum text_refill text_window_coding(const struct text_window *w, enum code_page setting,
                                    struct text_coding *coding);

#endif
