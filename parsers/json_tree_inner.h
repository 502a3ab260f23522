/* SPDX-License-Identifier: Apache-2.0 */
/* What json_tree.c and json_jansson.c share; of no use to others. */
#ifndef MAPITAIL_JSON_TREE_INNER_H
#define MAPITAIL_JSON_TREE_INNER_H

#include "arena.h"
#include "buf.h"
#include "json_scan.h"
#include "json_tree.h"

struct json_tree {
    struct arena arena; /* nodes and what was unescaped */
    struct buf clean;   /* the text, where it had to be changed for jansson */
    struct sv measured; /* what was read already, for the next reading alone; else absent */
    struct json_node *measured_root;
};

struct json_node *json_node_new(struct json_tree *t, enum json_kind kind);

#endif
