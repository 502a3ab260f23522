/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which position of one file is safe to save.
 *
 * A token is opened for every record in read order and closed, in any order, when its record is settled
 * (delivered, or in the dead-letter file). The safe position is the end of the closed prefix: nothing before
 * it is open. Pure; one ledger belongs to one thread.
 */
#ifndef MAPITAIL_LEDGER_H
#define MAPITAIL_LEDGER_H

#include "parser.h"

struct ledger_entry {
    struct position end;
    bool closed;
};

struct ledger {
    struct ledger_entry *ring;
    size_t capacity; /* a power of two, or 0 */
    uint64_t first;  /* token of the oldest entry; entries are [first, next) */
    uint64_t next;   /* token that the next open gives */
    struct position safe;
};

/* Everything before start is settled. No memory is taken yet. */
void ledger_init(struct ledger *l, const struct position *start);

/* Frees its memory. With nothing pending the ledger can be used on, from its safe position. */
void ledger_free(struct ledger *l);

/*
 * Opens a token for a record after which reading goes on at end. False without memory: the record must then
 * not be read yet.
 */
bool ledger_open(struct ledger *l, const struct position *end, uint64_t *token);

/* Settles a token that is open. Each token exactly once. */
void ledger_close(struct ledger *l, uint64_t token);

/* Reading moved on to end without a record: safe as soon as everything before it is. */
void ledger_pass(struct ledger *l, const struct position *end);

/* Where reading stands: everything opened and passed so far ends here. */
static inline struct position ledger_end(const struct ledger *l)
{
    return l->first == l->next ? l->safe : l->ring[(l->next - 1) & (l->capacity - 1)].end;
}

/* Tokens opened and not yet behind the safe position. */
static inline uint64_t ledger_pending(const struct ledger *l)
{
    return l->next - l->first;
}

#endif
