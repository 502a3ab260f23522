/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elements read by place, without their names: a chunk stores a name where it is used first, so when its
 * first records are lost, the texts of all later ones are still there and their names are not.
 */
#ifndef MAPITAIL_BINXML_PLACE_H
#define MAPITAIL_BINXML_PLACE_H

#include "binxml.h"

enum { PLACE_ATTRIBUTES_MAX = 4 };

struct place_element {
    struct sv attribute[PLACE_ATTRIBUTES_MAX]; /* texts; absent for values */
    size_t attributes;
    struct sv text; /* what the content begins with; absent for a value, an element or nothing */
    size_t content; /* where the content begins; 0 for an element that was closed as empty */
    size_t end;
};

/*
 * Reads an element's start tag and the text behind it; the reader stands behind the whole element
 * afterwards. The reader begins with the chunk. Texts come from the arena.
 */
__attribute__((warn_unused_result)) bool place_read_element(struct reader *r, bool in_definition,
                                                            struct arena *arena, struct place_element *out);

/* A reader over the content of e, which r was read from. */
struct reader place_content(const struct reader *r, const struct place_element *e);

/* True while there is another element in a content. */
bool place_has_element(const struct reader *content);

/* Goes over what stands before an event's element. */
__attribute__((warn_unused_result)) bool place_skip_fragment(struct reader *r);

bool place_is_guid(struct sv text);

#endif
