/* SPDX-License-Identifier: Apache-2.0 */
/* Where an id may be written down. */
#include "id_table.h"

#include "reader.h"

#include <stdlib.h>

enum { LEAST_CAPACITY = 512 };

void id_table_init(struct id_table *t, size_t most, uint64_t key)
{
    *t = (struct id_table){.most = most, .key = key | 1};
}

void id_table_free(struct id_table *t)
{
    free(t->slots);
    *t = (struct id_table){.most = t->most, .key = t->key};
}

/* Multiply-shift with a random odd factor: ids are evenly distributed already, the factor makes it secret. */
static uint32_t tag_of(const struct id_table *t, const uint8_t id[ID_BYTES])
{
    return (uint32_t)(load_le64(id) * t->key >> 32) | 1;
}

static uint64_t entry_of(const struct id_table *t, const uint8_t id[ID_BYTES], uint32_t block)
{
    return (uint64_t)tag_of(t, id) << 32 | block;
}

/* Where an entry would stand if nothing were in its way: any capacity will do, and no division is needed. */
static size_t home(uint64_t entry, size_t capacity)
{
    return (size_t)((entry >> 32) * capacity >> 32);
}

static size_t after(const struct id_table *t, size_t slot)
{
    return slot + 1 == t->capacity ? 0 : slot + 1;
}

static size_t distance(const struct id_table *t, size_t from, size_t to)
{
    return to >= from ? to - from : to + t->capacity - from;
}

static void place(struct id_table *t, uint64_t entry)
{
    size_t slot = home(entry, t->capacity);
    while (t->slots[slot])
        slot = after(t, slot);
    t->slots[slot] = entry;
}

/* Doubles, in steps that end exactly at the greatest capacity: no memory is wasted behind it. */
static size_t next_capacity(const struct id_table *t)
{
    size_t greatest = t->most + t->most / 4 + 1, capacity = greatest;
    while (capacity / 2 > t->capacity && capacity / 2 >= LEAST_CAPACITY)
        capacity /= 2;
    return capacity;
}

static bool grow(struct id_table *t)
{
    struct id_table old = *t;
    size_t capacity = next_capacity(t);
    uint64_t *slots = calloc(capacity, sizeof *slots);
    if (!slots)
        return false;
    t->slots = slots;
    t->capacity = capacity;
    for (size_t i = 0; i < old.capacity; i++)
        if (old.slots[i])
            place(t, old.slots[i]);
    free(old.slots);
    return true;
}

bool id_table_add(struct id_table *t, const uint8_t id[ID_BYTES], uint32_t block)
{
    if (t->used == t->most || (t->used >= t->capacity - t->capacity / 5 && !grow(t)))
        return false;
    place(t, entry_of(t, id, block));
    t->used++;
    return true;
}

/* Moves up what stands behind a hole and may stand in it, so that every search still ends at a free slot. */
static void close_hole(struct id_table *t, size_t hole)
{
    for (size_t i = after(t, hole); t->slots[i]; i = after(t, i))
        if (distance(t, home(t->slots[i], t->capacity), i) >= distance(t, hole, i)) {
            t->slots[hole] = t->slots[i];
            hole = i;
        }
    t->slots[hole] = 0;
}

void id_table_remove(struct id_table *t, const uint8_t id[ID_BYTES], uint32_t block)
{
    uint64_t entry = entry_of(t, id, block);
    if (t->used == 0)
        return;
    for (size_t slot = home(entry, t->capacity); t->slots[slot]; slot = after(t, slot))
        if (t->slots[slot] == entry) {
            close_hole(t, slot);
            t->used--;
            return;
        }
}

bool id_table_next(const struct id_table *t, const uint8_t id[ID_BYTES], size_t *at, uint32_t *block)
{
    uint32_t tag = tag_of(t, id);
    if (t->used == 0)
        return false;
    size_t slot = home((uint64_t)tag << 32, t->capacity) + *at;
    for (slot %= t->capacity; t->slots[slot]; slot = after(t, slot)) {
        ++*at;
        if (t->slots[slot] >> 32 == tag) {
            *block = (uint32_t)t->slots[slot];
            return true;
        }
    }
    return false;
}
