/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML text as a tree of nodes that know their place. One document of mappings, lists and plain text is
 * taken; anchors, aliases, tags, duplicate keys and keys that are no text are mistakes. Limits are those of
 * config.h.
 */
#ifndef MAPITAIL_YAML_TREE_H
#define MAPITAIL_YAML_TREE_H

#include "arena.h"
#include "report.h"

enum node_kind {
    NODE_TEXT,
    NODE_LIST,
    NODE_MAPPING,
    NODE_REFUSED, /* its mistake is reported; whoever meets it says nothing more */
};

struct node {
    enum node_kind kind;
    struct place at;
    const char *key; /* as an entry of a mapping; else NULL */
    struct place key_at;
    struct node *next;  /* the next entry of the same mapping or list */
    struct node *first; /* of LIST and MAPPING */
    size_t count;       /* entries */
    /* of TEXT: */
    const char *text;    /* what it says; without NUL inside */
    const char *written; /* the same as it stands in the file: what messages show */
    bool is_plain;       /* without quotes */
    bool has_escapes;    /* in double quotes, with a backslash sequence other than \\ \" \/ */
    bool is_expanded;    /* something was taken from the environment or a file: never shown */
};

/* The root, in memory; NULL when the text could not be read to its end, which is then reported. */
struct node *yaml_tree(struct sv text, struct arena *memory, struct config_messages *messages);

/* The value of a key, or NULL. */
struct node *node_get(const struct node *mapping, const char *key);

/* A plain null, ~ or nothing at all. */
bool node_is_null(const struct node *n);

/* What a message calls the kind: "a list", "text", … */
const char *node_kind_name(const struct node *n);

/* What to say where a Windows path has fallen victim to double quotes. */
#define HINT_SINGLE_QUOTES                                                                                   \
    "a backslash in double quotes begins an escape; write Windows paths in single quotes"

#endif
