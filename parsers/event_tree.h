/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the element tree of one <Event> to a struct event. XML text and BinXML are two spellings of the same
 * tree, so both parsers walk theirs and tell this builder what they meet; it alone knows what the elements
 * mean.
 *
 * Names are matched without namespace prefix. Only direct paths count: an <EventID> inside <UserData> is
 * data. Text may come in pieces. All memory comes from the arena; over its limit the event is marked cut.
 */
#ifndef MAPITAIL_EVENT_TREE_H
#define MAPITAIL_EVENT_TREE_H

#include "arena.h"
#include "buf.h"
#include "event.h"

enum { EVENT_TREE_DEPTH_MAX = 64 };

struct event_tree {
    struct event *event;
    struct arena *arena;
    struct buf text;      /* of the innermost open element */
    unsigned depth;       /* open elements */
    unsigned path[4];     /* what the outermost open elements are: enum of event_tree.c */
    struct sv datum_name; /* of the open datum, in the arena */
    bool has_child;       /* the innermost element had an element inside: it is no leaf */
    bool seen_event;      /* an <Event> root was met */
};

/* Owns only the text buffer. */
void event_tree_init(struct event_tree *t);
void event_tree_free(struct event_tree *t);

/* Starts a new event, which is cleared. event and arena are borrowed until the next begin. */
void event_tree_begin(struct event_tree *t, struct event *event, struct arena *arena);

/* An element opens, its attributes follow, then text and elements, then it closes. Views are copied. */
void event_tree_open(struct event_tree *t, struct sv name);
void event_tree_attribute(struct event_tree *t, struct sv name, struct sv value);
void event_tree_text(struct event_tree *t, struct sv text);
void event_tree_close(struct event_tree *t);

#endif
