/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What event texts have gone through on their way, undone: HTML entities (up to twice), tags, typographic
 * quotes, hard blanks and line breaks. One pass of constant work per byte for each.
 */
#ifndef MAPITAIL_MAPI_CLEAN_H
#define MAPITAIL_MAPI_CLEAN_H

#include "arena.h"

/*
 * text with entities decoded, every kind of double quote as '"', hard blanks as blanks and each line break,
 * <BR> or other known HTML tag, together with the blanks next to it, as one '\n'. Other "<…>" stay: they are
 * data in a DN. Returns text itself when there is nothing to do or the arena is full.
 */
struct sv mapi_clean(struct sv text, struct arena *arena);

#endif
