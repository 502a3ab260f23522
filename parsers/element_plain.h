/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short way through one element: what the serializers of Windows write, taken apart without expat.
 *
 * Only what is plain is taken: elements, attributes, text, the five predefined entities and character
 * references, and beside elements nothing but blanks. The rest (comments, CDATA, prefixes, damage …) is not
 * judged here but left to expat. Nothing is told before the whole element was found plain, so that the other
 * way can begin anew. A test holds both ways to the same. One object belongs to one thread.
 */
#ifndef MAPITAIL_ELEMENT_PLAIN_H
#define MAPITAIL_ELEMENT_PLAIN_H

#include "element_walk.h"

struct element_plain;

/* attribute: the one that names elements, absent if none does. NULL without memory. */
struct element_plain *element_plain_new(struct sv attribute);
void element_plain_free(struct element_plain *p); /* NULL is allowed */

/* Walks text as element_walk_run does. False where it is not plain in every part: end was not called then. */
bool element_plain_run(struct element_plain *p, struct sv text, element_end *end, void *ctx);

#endif
