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

/* A name that was looked up once, for callers who meet the same names again and again. */
struct event_tree_name {
    struct sv local;            /* without its prefix; lives as long as the text it was made from */
    uint8_t element, attribute; /* what it stands for as either: enums of event_tree.c */
};

struct event_tree {
    struct event *event;
    struct arena *arena;
    struct buf text;      /* of the innermost open element, where it came in pieces or must be copied */
    struct sv piece;      /* the same text while it is one lent view */
    bool lent;            /* views outlive the event */
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

/* The same for a caller whose views live as long as the event: only text that comes in pieces is copied. */
void event_tree_begin_lent(struct event_tree *t, struct event *event, struct arena *arena);

/* The same, and whatever follows means nothing: for a caller who is about to find out what he can do without.
 */
void event_tree_begin_deaf(struct event_tree *t, struct event *event, struct arena *arena);

/* An element opens, its attributes follow, then text and elements, then it closes. Views are copied if not
 * lent. */
void event_tree_open(struct event_tree *t, struct sv name);
void event_tree_attribute(struct event_tree *t, struct sv name, struct sv value);
void event_tree_text(struct event_tree *t, struct sv text);
void event_tree_character(struct event_tree *t, uint32_t code_point); /* text, too */
void event_tree_close(struct event_tree *t);

struct event_tree_name event_tree_name(struct sv name);
void event_tree_open_named(struct event_tree *t, const struct event_tree_name *name);
void event_tree_attribute_named(struct event_tree *t, const struct event_tree_name *name, struct sv value);

#endif
