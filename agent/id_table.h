/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an id may be written down: a compact table in memory in front of blocks of ids on disk.
 *
 * An entry takes 8 bytes: 31 bits made of the id, and the number of the block that holds it. So the table
 * answers "surely nowhere" by itself, which is the answer for nearly every record; "maybe in block n" is to
 * be verified there, and is wrong for one in some thousand other ids. Linear probing, at most four fifths
 * full: 10 bytes per id. Pure; one table belongs to one thread.
 */
#ifndef MAPITAIL_ID_TABLE_H
#define MAPITAIL_ID_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ID_BYTES = 16 };

struct id_table {
    uint64_t *slots; /* tag in the high half, which is never 0 in use, block in the low one */
    size_t capacity, used;
    size_t most; /* entries that there may ever be */
    uint64_t key;
};

/*
 * key is a random number: without knowing it nobody can make ids that crowd in one place. No memory is taken
 * yet.
 */
void id_table_init(struct id_table *t, size_t most, uint64_t key);
void id_table_free(struct id_table *t);

/* False without memory, or with `most` entries. The same entry may be there more than once. */
bool id_table_add(struct id_table *t, const uint8_t id[ID_BYTES], uint32_t block);

/* Removes one such entry, if there is one. */
void id_table_remove(struct id_table *t, const uint8_t id[ID_BYTES], uint32_t block);

/*
 * Goes through the blocks that may hold the id: begin with *at 0; true gives one more block. Not to be mixed
 * with adding and removing.
 */
bool id_table_next(const struct id_table *t, const uint8_t id[ID_BYTES], size_t *at, uint32_t *block);

#endif
