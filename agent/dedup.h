/* SPDX-License-Identifier: Apache-2.0 */
/*
 * De-duplication: the same event, read from several exports, is shipped once per output (D5, D7).
 *
 * The id of a record is remembered once the record is settled, that is delivered or in the dead-letter file,
 * and is written in the same transaction as the positions. So whenever the agent is killed
 *
 *   - before that transaction: neither the id nor the position of the record or of a copy of it is saved; all
 *     are read again and one is sent. Was the record delivered already, it is sent a second time: that is the
 *     at-least-once of every output, and no more than what was in flight.
 *   - after it: all are saved together, and none is sent again.
 *   - Where a write fails in between, either half may be missing. An id without position: the record is read
 *     again and known, rightly, for it was delivered. A position without id: a copy in another export is sent
 *     again. Neither loses anything.
 *   - A copy of a record in flight holds back the position of its own file until that record is settled, so
 *     no position ever stands behind a record that nobody has.
 *
 * An id is remembered for age_ms and among the latest count ones; one that is met again in the second half of
 * its time begins anew, so that an export which is repeated for ever stays known for ever. Ten bytes of
 * memory per id. Belongs to one pipeline thread.
 */
#ifndef MAPITAIL_DEDUP_H
#define MAPITAIL_DEDUP_H

#include "counts.h"
#include "ledger.h"
#include "state.h"

struct dedup;

struct dedup_limits {
    int64_t age_ms;
    size_t count;
};

/* Reads what the state knows of this output. output and state are borrowed. NULL with a fault. */
struct dedup *dedup_new(struct state *state, const char *output, const struct dedup_limits *limits,
                        struct fault *f);
void dedup_free(struct dedup *d); /* NULL is allowed */

/* Tells the time, in milliseconds since 1970: before each turn of reading. */
void dedup_tick(struct dedup *d, int64_t now_ms);

enum dedup_answer {
    DEDUP_NEW,
    DEDUP_SETTLED,   /* delivered, or in the dead-letter file */
    DEDUP_IN_FLIGHT, /* begun and not settled */
};

/* id is the record's UUID in text. */
enum dedup_answer dedup_ask(struct dedup *d, const char *id);

/* A NEW id is in flight from now on. At most DEDUP_IN_FLIGHT_MAX at a time. */
void dedup_begin(struct dedup *d, const char *id);
enum { DEDUP_IN_FLIGHT_MAX = 4000 };

/*
 * A copy of an id IN_FLIGHT, counted as in flight: when that is settled, its token is closed and it counts as
 * de-duplicated. Never when dedup_is_full.
 */
void dedup_wait(struct dedup *d, const char *id, struct ledger *ledger, uint64_t token,
                struct source_counts *counts);
bool dedup_is_full(const struct dedup *d);

/* An id that was begun is settled. Returns how many copies were settled with it. */
size_t dedup_settle(struct dedup *d, const char *id);

/*
 * An id that the destination has lost: it counts as new again, if it was remembered when dedup_new was
 * called; what is shipped since is not forgotten. Written at once.
 */
void dedup_forget(struct dedup *d, const char *id);

/* There is so much to save that it should not wait. */
bool dedup_is_due(const struct dedup *d);

/*
 * Writes the ids settled since the last save and forgets some old ones: the part of a save that belongs into
 * the transaction of the positions. dedup_saved tells how the transaction ended.
 */
bool dedup_save(struct dedup *d, struct fault *f);
void dedup_saved(struct dedup *d, bool committed);

/* How many ids are remembered on disk. */
uint64_t dedup_count(const struct dedup *d);

#endif
