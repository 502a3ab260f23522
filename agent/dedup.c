/* SPDX-License-Identifier: Apache-2.0 */
/* The same event is shipped once per output. */
#include "dedup.h"

#include "os_clock.h"
#include "twins.h"

#include <stdlib.h>
#include <string.h>

enum {
    UNSAVED_BLOCKS = 25,
    UNSAVED_MAX = UNSAVED_BLOCKS * STATE_BLOCK_IDS,
    DUE = 500,
    FORGET_MORE = 2000, /* at most so many ids more than were written are forgotten by one save */
};

_Static_assert(UNSAVED_MAX + DEDUP_IN_FLIGHT_MAX <= TWINS_UNDER_WAY_MAX, "everything under way finds room");
_Static_assert((int)STATE_ID_BYTES == (int)ID_BYTES, "an id is an id");

struct dedup {
    struct state *state;
    const char *output;
    struct dedup_limits limits;
    int64_t now_ms;
    struct id_table table;
    uint64_t total;     /* ids on disk */
    int64_t newest;     /* number of the latest block */
    int64_t oldest_new; /* the first that is not from before this start */
    struct twins *twins;

    uint8_t unsaved[UNSAVED_MAX][ID_BYTES]; /* settled, in order; known as SETTLED to twins */
    size_t unsaved_count;
    int64_t written[UNSAVED_BLOCKS]; /* blocks of the transaction at hand */
    size_t written_count;
    uint64_t total_before; /* that transaction */

    struct state_block block; /* scratch */
};

/* ---- ids ---- */

static unsigned hex_digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

/* A UUID as identity.c writes it. */
static void parse(const char *text, uint8_t id[ID_BYTES])
{
    for (size_t i = 0; i < ID_BYTES; i++) {
        text += *text == '-';
        id[i] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
        text += 2;
    }
}

/* ---- beginning ---- */

/* Comes with the newest first, so that what is over the limit is the oldest: the first ids of a block too. */
static void load_block(void *ctx, const struct state_block *block)
{
    struct dedup *d = ctx;
    uint64_t room = d->total < d->limits.count ? d->limits.count - d->total : 0;
    size_t first = room < block->count ? block->count - (size_t)room : 0;
    for (size_t i = first; i < block->count; i++)
        id_table_add(&d->table, block->ids + i * ID_BYTES, (uint32_t)block->number);
    d->total += block->count;
    if (block->number > d->newest)
        d->newest = block->number;
}

/* A limit that was lowered is met before the first record: the table has no room for more. */
static void meet_count(struct dedup *d)
{
    struct fault ignored; /* a state that cannot be written is reported by the first save */
    for (bool works = true; works && d->total > d->limits.count && state_begin(d->state, &ignored);) {
        works = dedup_save(d, &ignored);
        bool committed = state_commit(d->state, &ignored);
        dedup_saved(d, committed);
        works = works && committed;
    }
}

struct dedup *dedup_new(struct state *state, const char *output, const struct dedup_limits *limits,
                        struct fault *f)
{
    uint64_t key[2];
    struct dedup *d = calloc(1, sizeof *d);
    os_random(key, sizeof key);
    if (!d || !(d->twins = twins_new(key[1]))) {
        free(d);
        fault_set(f, FAULT_MEMORY, 0, "out of memory");
        return NULL;
    }
    d->state = state;
    d->output = output;
    d->limits = *limits;
    id_table_init(&d->table, limits->count + UNSAVED_MAX, key[0]);
    if (!state_each_block(state, output, load_block, d, f)) {
        dedup_free(d);
        return NULL;
    }
    meet_count(d);
    d->oldest_new = d->newest + 1;
    return d;
}

void dedup_free(struct dedup *d)
{
    if (!d)
        return;
    twins_free(d->twins);
    id_table_free(&d->table);
    free(d);
}

void dedup_tick(struct dedup *d, int64_t now_ms)
{
    d->now_ms = now_ms;
}

/* ---- asking ---- */

static bool holds(const struct state_block *block, const uint8_t id[ID_BYTES])
{
    for (size_t i = 0; i < block->count; i++)
        if (memcmp(block->ids + i * ID_BYTES, id, ID_BYTES) == 0)
            return true;
    return false;
}

/* When the id was last written down, or INT64_MIN. */
static int64_t written_at(struct dedup *d, const uint8_t id[ID_BYTES])
{
    uint32_t number;
    size_t at = 0;
    int64_t latest = INT64_MIN;
    while (id_table_next(&d->table, id, &at, &number)) {
        /* Neighbours in one export are neighbours in a block: it is read once for all of them. */
        int64_t block = d->newest - (uint32_t)((uint32_t)d->newest - number);
        bool have = d->block.number == block || state_get_block(d->state, d->output, block, &d->block);
        if (have && holds(&d->block, id) && d->block.at_ms > latest)
            latest = d->block.at_ms;
    }
    return latest;
}

static void note_unsaved(struct dedup *d, const uint8_t id[ID_BYTES])
{
    if (d->unsaved_count < UNSAVED_MAX)
        memcpy(d->unsaved[d->unsaved_count++], id, ID_BYTES);
    else
        twins_forget(d->twins, id); /* the state cannot be written; that is said where it is tried */
}

enum dedup_answer dedup_ask(struct dedup *d, const char *text)
{
    uint8_t id[ID_BYTES];
    parse(text, id);
    switch (twins_state(d->twins, id)) {
    case TWIN_IN_FLIGHT:
        return DEDUP_IN_FLIGHT;
    case TWIN_SETTLED:
        return DEDUP_SETTLED;
    case TWIN_UNKNOWN:
        break;
    }
    int64_t at_ms = written_at(d, id);
    if (at_ms == INT64_MIN || d->now_ms - at_ms > d->limits.age_ms)
        return DEDUP_NEW;
    if (d->now_ms - at_ms > d->limits.age_ms / 2 && d->unsaved_count < UNSAVED_MAX) {
        twins_begin(d->twins, id);
        twins_settle(d->twins, id);
        note_unsaved(d, id);
    }
    return DEDUP_SETTLED;
}

/* ---- shipping ---- */

void dedup_begin(struct dedup *d, const char *text)
{
    uint8_t id[ID_BYTES];
    parse(text, id);
    twins_begin(d->twins, id);
}

void dedup_wait(struct dedup *d, const char *text, struct ledger *ledger, uint64_t token,
                struct source_counts *counts)
{
    uint8_t id[ID_BYTES];
    parse(text, id);
    twins_wait(d->twins, id, ledger, token, counts);
}

bool dedup_is_full(const struct dedup *d)
{
    return twins_are_full(d->twins);
}

size_t dedup_settle(struct dedup *d, const char *text)
{
    uint8_t id[ID_BYTES];
    parse(text, id);
    size_t copies = twins_settle(d->twins, id);
    note_unsaved(d, id);
    return copies;
}

/* ---- forgetting one ---- */

/* The block, in d->block, that holds the id from before this start. */
static bool find_old_block(struct dedup *d, const uint8_t id[ID_BYTES])
{
    uint32_t number;
    for (size_t at = 0; id_table_next(&d->table, id, &at, &number);) {
        int64_t block = d->newest - (uint32_t)((uint32_t)d->newest - number);
        if (block < d->oldest_new && state_get_block(d->state, d->output, block, &d->block) &&
            holds(&d->block, id))
            return true;
    }
    return false;
}

static void take_out(struct state_block *block, const uint8_t id[ID_BYTES])
{
    size_t kept = 0;
    for (size_t i = 0; i < block->count; i++)
        if (memcmp(block->ids + i * ID_BYTES, id, ID_BYTES) != 0)
            memmove(block->ids + kept++ * ID_BYTES, block->ids + i * ID_BYTES, ID_BYTES);
    block->count = kept;
}

void dedup_forget(struct dedup *d, const char *text)
{
    uint8_t id[ID_BYTES];
    struct fault ignored; /* it is then known again after a restart, when it was shipped meanwhile */
    parse(text, id);
    while (find_old_block(d, id)) {
        size_t before = d->block.count;
        take_out(&d->block, id);
        d->total -= before - d->block.count;
        state_put_block(d->state, &d->block, &ignored);
        for (size_t i = d->block.count; i < before; i++)
            id_table_remove(&d->table, id, (uint32_t)d->block.number);
        d->block.number = 0;
    }
}

/* ---- saving ---- */

bool dedup_is_due(const struct dedup *d)
{
    return d->unsaved_count >= DUE;
}

static bool write_blocks(struct dedup *d, struct fault *f)
{
    for (size_t from = 0; from < d->unsaved_count; from += STATE_BLOCK_IDS) {
        size_t left = d->unsaved_count - from;
        d->block.at_ms = d->now_ms;
        d->block.count = left < STATE_BLOCK_IDS ? left : STATE_BLOCK_IDS;
        memcpy(d->block.ids, d->unsaved[from], d->block.count * ID_BYTES);
        if (!state_add_block(d->state, d->output, &d->block, f))
            return false;
        d->written[d->written_count++] = d->block.number;
        d->newest = d->block.number;
        d->total += d->block.count;
        for (size_t i = 0; i < d->block.count; i++)
            id_table_add(&d->table, d->unsaved[from + i], (uint32_t)d->newest);
    }
    return true;
}

/* How many ids of the oldest block are over a limit. */
static size_t overdue(const struct dedup *d)
{
    uint64_t over = d->total > d->limits.count ? d->total - d->limits.count : 0;
    if (d->now_ms - d->block.at_ms > d->limits.age_ms || over > d->block.count)
        return d->block.count;
    return (size_t)over;
}

/* Bounded, so that no save takes long; more than was written, so that the limits are met in the end. */
static bool forget_old(struct dedup *d, struct fault *f)
{
    size_t most = d->unsaved_count + FORGET_MORE;
    for (size_t forgotten = 0, n; forgotten < most; forgotten += n) {
        if (d->total == 0 || !state_oldest_block(d->state, d->output, &d->block) || (n = overdue(d)) == 0)
            return true;
        for (size_t i = 0; i < n; i++)
            id_table_remove(&d->table, d->block.ids + i * ID_BYTES, (uint32_t)d->block.number);
        d->total -= n;
        if (!state_cut_block(d->state, d->block.number, n, f))
            return false;
    }
    return true;
}

bool dedup_save(struct dedup *d, struct fault *f)
{
    d->written_count = 0;
    d->total_before = d->total;
    bool done = write_blocks(d, f) && forget_old(d, f);
    d->block.number = 0; /* what it holds may have changed on disk */
    return done;
}

/* What the transaction forgot is on disk again and no longer in memory: it may be sent twice. */
static void take_back(struct dedup *d)
{
    for (size_t i = 0; i < d->unsaved_count && i / STATE_BLOCK_IDS < d->written_count; i++)
        id_table_remove(&d->table, d->unsaved[i], (uint32_t)d->written[i / STATE_BLOCK_IDS]);
    d->total = d->total_before;
}

void dedup_saved(struct dedup *d, bool committed)
{
    if (!committed) {
        take_back(d);
        return;
    }
    /* Blocks are written in order: those that could not be written are the last ones. */
    size_t saved = d->written_count * STATE_BLOCK_IDS;
    if (saved > d->unsaved_count)
        saved = d->unsaved_count;
    for (size_t i = 0; i < saved; i++)
        twins_forget(d->twins, d->unsaved[i]);
    d->unsaved_count -= saved;
    memmove(d->unsaved, d->unsaved + saved, d->unsaved_count * ID_BYTES);
}

uint64_t dedup_count(const struct dedup *d)
{
    return d->total;
}
