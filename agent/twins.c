/* SPDX-License-Identifier: Apache-2.0 */
/* Records that are under way, and their copies. */
#include "twins.h"

#include "reader.h"

#include <assert.h>
#include <stdlib.h>

enum { SLOT_BITS = 14, SLOTS = 1 << SLOT_BITS, NONE = UINT16_MAX };

struct twin {
    uint8_t id[ID_BYTES];
    uint8_t state;  /* enum twin_state; UNKNOWN: the slot is free */
    uint16_t first; /* of its waiting copies, or NONE */
};

struct waiting {
    struct ledger *ledger;
    uint64_t token;
    struct source_counts *counts;
    uint16_t next;
};

struct twins {
    struct twin slots[SLOTS]; /* linear probing */
    struct waiting waiting[TWINS_WAITING_MAX];
    uint64_t key;
    size_t under_way;
    uint16_t free; /* the first unused one of waiting, or NONE */
};

struct twins *twins_new(uint64_t key)
{
    struct twins *t = calloc(1, sizeof *t);
    if (t)
        t->key = key | 1;
    for (uint16_t i = 0; t && i < TWINS_WAITING_MAX; i++)
        t->waiting[i].next = i + 1 < TWINS_WAITING_MAX ? i + 1 : NONE;
    return t;
}

void twins_free(struct twins *t)
{
    free(t);
}

static size_t home(const struct twins *t, const uint8_t id[ID_BYTES])
{
    return (size_t)(load_le64(id) * t->key >> (64 - SLOT_BITS));
}

/* Where the id stands, or the free slot where it would. */
static size_t find(const struct twins *t, const uint8_t id[ID_BYTES])
{
    size_t i = home(t, id);
    while (t->slots[i].state != TWIN_UNKNOWN && memcmp(t->slots[i].id, id, ID_BYTES) != 0)
        i = (i + 1) % SLOTS;
    return i;
}

enum twin_state twins_state(const struct twins *t, const uint8_t id[ID_BYTES])
{
    return (enum twin_state)t->slots[find(t, id)].state;
}

void twins_begin(struct twins *t, const uint8_t id[ID_BYTES])
{
    struct twin *twin = &t->slots[find(t, id)];
    assert(twin->state == TWIN_UNKNOWN && t->under_way < TWINS_UNDER_WAY_MAX);
    *twin = (struct twin){.state = TWIN_IN_FLIGHT, .first = NONE};
    memcpy(twin->id, id, ID_BYTES);
    t->under_way++;
}

size_t twins_under_way(const struct twins *t)
{
    return t->under_way;
}

void twins_wait(struct twins *t, const uint8_t id[ID_BYTES], struct ledger *ledger, uint64_t token,
                struct source_counts *counts)
{
    struct twin *twin = &t->slots[find(t, id)];
    uint16_t at = t->free;
    assert(twin->state == TWIN_IN_FLIGHT && at != NONE);
    t->free = t->waiting[at].next;
    t->waiting[at] = (struct waiting){ledger, token, counts, twin->first};
    twin->first = at;
}

bool twins_are_full(const struct twins *t)
{
    return t->free == NONE;
}

size_t twins_settle(struct twins *t, const uint8_t id[ID_BYTES])
{
    struct twin *twin = &t->slots[find(t, id)];
    size_t closed = 0;
    assert(twin->state == TWIN_IN_FLIGHT);
    while (twin->first != NONE) {
        uint16_t at = twin->first;
        struct waiting *w = &t->waiting[at];
        ledger_close(w->ledger, w->token);
        w->counts->in_flight--;
        w->counts->deduplicated++;
        twin->first = w->next;
        w->next = t->free;
        t->free = at;
        closed++;
    }
    twin->state = TWIN_SETTLED;
    return closed;
}

/* Moves up what stands behind the hole and may stand in it, so that every search still ends at a free slot.
 */
static void close_hole(struct twins *t, size_t hole)
{
    for (size_t i = (hole + 1) % SLOTS; t->slots[i].state != TWIN_UNKNOWN; i = (i + 1) % SLOTS)
        if ((i - home(t, t->slots[i].id)) % SLOTS >= (i - hole) % SLOTS) {
            t->slots[hole] = t->slots[i];
            hole = i;
        }
    t->slots[hole] = (struct twin){0};
}

void twins_forget(struct twins *t, const uint8_t id[ID_BYTES])
{
    size_t at = find(t, id);
    if (t->slots[at].state != TWIN_SETTLED)
        return;
    close_hole(t, at);
    t->under_way--;
}
