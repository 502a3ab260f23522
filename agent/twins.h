/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that are under way, by id, and the copies of them that were read meanwhile.
 *
 * A copy of a record that is in flight is not sent, but it must not count as settled before that record is:
 * its ledger token waits here. A record that is settled stays known until its id is on disk. Bounded and of
 * fixed size. Pure; one object belongs to one thread.
 */
#ifndef MAPITAIL_TWINS_H
#define MAPITAIL_TWINS_H

#include "counts.h"
#include "id_table.h"
#include "ledger.h"

enum {
    TWINS_UNDER_WAY_MAX = 10000, /* in flight, and settled but not on disk */
    TWINS_WAITING_MAX = 4096,    /* copies */
};

enum twin_state { TWIN_UNKNOWN, TWIN_IN_FLIGHT, TWIN_SETTLED };

struct twins;

/* key: as for id_table_init. NULL without memory. */
struct twins *twins_new(uint64_t key);
void twins_free(struct twins *t);

enum twin_state twins_state(const struct twins *t, const uint8_t id[ID_BYTES]);

/* An unknown id is in flight from now on. There must be fewer than TWINS_UNDER_WAY_MAX. */
void twins_begin(struct twins *t, const uint8_t id[ID_BYTES]);
size_t twins_under_way(const struct twins *t);

/*
 * A copy of an id in flight waits for it; ledger and counts, whose in_flight then becomes deduplicated, are
 * borrowed until it is settled. Never when twins_are_full.
 */
void twins_wait(struct twins *t, const uint8_t id[ID_BYTES], struct ledger *ledger, uint64_t token,
                struct source_counts *counts);
bool twins_are_full(const struct twins *t);

/* An id in flight is settled, and its copies' tokens are closed. Returns how many there were. */
size_t twins_settle(struct twins *t, const uint8_t id[ID_BYTES]);

/* A settled id need not be known here any more. */
void twins_forget(struct twins *t, const uint8_t id[ID_BYTES]);

#endif
