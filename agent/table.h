/* SPDX-License-Identifier: Apache-2.0 */
/* A table for people: columns as wide as their widest cell, the first one to the left, numbers to the right.
 */
#ifndef MAPITAIL_TABLE_H
#define MAPITAIL_TABLE_H

#include "sv.h"

#include <stdio.h>

enum { TABLE_COLUMNS_MAX = 16 };

struct table {
    size_t columns, count;
    char **cells; /* row by row; owned */
};

void table_init(struct table *t, size_t columns);
void table_free(struct table *t);

/* The next cell, copied. Without memory, cells are empty. Control characters are shown as '?'. */
void table_add(struct table *t, struct sv cell);

/* The same with something in front. */
void table_add_marked(struct table *t, const char *mark, struct sv cell);

/* Prints it, indented by two blanks. */
void table_print(const struct table *t, FILE *to);

#endif
