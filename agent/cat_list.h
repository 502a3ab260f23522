/* SPDX-License-Identifier: Apache-2.0 */
/* What `mapitail cat` is to read: its arguments with the patterns among them spelled out. */
#ifndef MAPITAIL_CAT_LIST_H
#define MAPITAIL_CAT_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct cat_entry {
    char *path;    /* "-" is standard input */
    bool is_empty; /* a pattern that nothing matches */
};

struct cat_list {
    struct cat_entry *entries;
    size_t count, room;
};

/* The matches of a pattern stand in the order of their names. False without memory. */
bool cat_list_make(struct cat_list *list, char *const *inputs, size_t count);
void cat_list_free(struct cat_list *list);

#endif
