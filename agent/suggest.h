/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the known word that a misspelt one is nearest to. Pure. */
#ifndef MAPITAIL_SUGGEST_H
#define MAPITAIL_SUGGEST_H

#include <stddef.h>

struct suggestion {
    const char *word; /* nearest one offered so far that is near enough; NULL: none */
    unsigned distance;
};

/*
 * Offers one known word for what was written. Distance counts inserted, left out, changed and swapped
 * neighbouring characters; ASCII case, '-' and '_' make no difference. Near enough is one mistake per three
 * characters. Of equally near words the first stays.
 */
void suggest(struct suggestion *s, const char *written, const char *known);

/* Appends a word to a list "a, b, c" in a buffer of n bytes; what does not fit is left out. */
void suggest_list(char *list, size_t n, const char *word);

#endif
