/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of one JSON text (RFC 8259) as a tree of views.
 *
 * Plain text, which is what every tool writes, is read here in one pass; what is anything else, valid or not,
 * is jansson's to judge, and its tree is brought into the same form. Numbers stay as they are written, so
 * that 64 bits survive.
 */
#ifndef MAPITAIL_JSON_TREE_H
#define MAPITAIL_JSON_TREE_H

#include "sv.h"

enum json_kind {
    JSON_NODE_NULL,
    JSON_NODE_TEXT,
    JSON_NODE_NUMBER,
    JSON_NODE_BOOL,
    JSON_NODE_OBJECT,
    JSON_NODE_ARRAY
};

struct json_node {
    enum json_kind kind;
    struct sv name;                 /* of a member; else absent */
    struct sv text;                 /* TEXT: unescaped. NUMBER, BOOL: as written */
    struct json_node *first, *next; /* members or elements in their order, and the next one of them */
    size_t count;                   /* of them */
    uint64_t names;                 /* of an object: which names its members may have (json_node_name) */
};

struct json_tree;

struct json_tree *json_tree_new(void);    /* NULL without memory */
void json_tree_free(struct json_tree *t); /* NULL is allowed */

/*
 * Reads the whole text, which must be valid UTF-8 and live as long as the tree: until the next call. NULL: no
 * valid JSON, nested deeper than JSON_DEPTH_MAX, or too much of it. *replaced (never cleared) is set where an
 * escape writes half a surrogate pair, which becomes U+FFFD.
 */
struct json_node *json_tree_read(struct json_tree *t, struct sv text, bool *replaced);

/*
 * How long the object is that text begins with, if it can be read in the plain way: what json_record_end says
 * of it. 0: that is to be asked. What was read is kept, so that json_tree_read for just these bytes, if it is
 * the next call, costs nothing. The bytes need not be valid UTF-8 before that.
 */
size_t json_tree_measure(struct json_tree *t, struct sv text);

/* The plain and the long way alone, for tests: the plain one gives NULL for what it leaves to the other. */
struct json_node *json_tree_read_plain(struct json_tree *t, struct sv text);
struct json_node *json_tree_read_long(struct json_tree *t, struct sv text, bool *replaced);

/* Gives a member its name and notes it in its object, without which json_node_member does not find it. */
void json_node_name(struct json_node *object, struct json_node *member, struct sv name);

/* The last member of that name; NULL where there is none, the name is empty or node is no object. NULL node
 * is allowed. */
struct json_node *json_node_member(const struct json_node *node, struct sv name);

#endif
