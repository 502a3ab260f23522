/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One XML element, a record of some format, as the sequence of its elements' texts. What is plain is read by
 * a short way (element_plain.h), everything else by expat; nothing outside the record has a say, no entity is
 * declared and nothing external is fetched. One object belongs to one thread.
 */
#ifndef MAPITAIL_ELEMENT_WALK_H
#define MAPITAIL_ELEMENT_WALK_H

#include "arena.h"
#include "buf.h"

enum {
    ELEMENT_DEPTH_MAX = 16,  /* deeper elements are passed over */
    ELEMENTS_MAX = 16384,    /* of one record */
    ELEMENT_NAME_BYTES = 64, /* a longer tag or name is cut */
};

struct element {
    struct sv tag;  /* without namespace prefix */
    struct sv name; /* the attribute that names it; absent without */
};

struct element_walk;

/* attribute: the one that names elements, borrowed; NULL: none does. NULL without memory. */
struct element_walk *element_walk_new(const char *attribute);
void element_walk_free(struct element_walk *w); /* NULL is allowed */

/*
 * Called at the end of each element: path[0] is the record, path[depth - 1] the element, text what stands
 * directly in it, without line breaks and blanks between a tag and the one that begins the next element, and
 * empty where an element has others and nothing but blanks beside them. All views are gone with the return.
 */
typedef void element_end(void *ctx, const struct element *path, unsigned depth, struct sv text);

/* Walks text, one element in valid UTF-8 with blanks around it. NULL, or why it cannot be read: static text.
 */
const char *element_walk_run(struct element_walk *w, struct sv text, element_end *end, void *ctx);

/* The same by expat alone: the last word, and what a test holds the short way against. */
const char *element_walk_run_expat(struct element_walk *w, struct sv text, element_end *end, void *ctx);

#endif
