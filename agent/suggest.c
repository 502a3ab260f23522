/* SPDX-License-Identifier: Apache-2.0 */
/* The nearest known word by edit distance (optimal string alignment). */
#include "suggest.h"

#include "sv.h"

#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 48 };

static char folded(char c)
{
    return c == '-' ? '_' : ascii_lower(c);
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Both words have at most WORD_MAX characters. Three rows of the usual table suffice. */
static unsigned distance(const char *a, size_t an, const char *b, size_t bn)
{
    unsigned rows[3][WORD_MAX + 1] = {{0}};
    for (size_t j = 0; j <= bn; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= an; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i - 1) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= bn; j++) {
            bool same = folded(a[i - 1]) == folded(b[j - 1]);
            row[j] = least(row[j - 1] + 1, above[j] + 1, above[j - 1] + !same);
            bool swapped = i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
                           folded(a[i - 2]) == folded(b[j - 1]);
            if (swapped && two_above[j - 2] + 1 < row[j])
                row[j] = two_above[j - 2] + 1;
        }
    }
    return rows[an % 3][bn];
}

void suggest(struct suggestion *s, const char *written, const char *known)
{
    size_t wn = strlen(written), kn = strlen(known);
    if (wn == 0 || wn > WORD_MAX || kn > WORD_MAX)
        return;
    unsigned d = distance(written, wn, known, kn);
    unsigned allowed = (unsigned)(kn < wn ? wn : kn) / 3;
    if (d <= allowed && (!s->word || d < s->distance))
        *s = (struct suggestion){known, d};
}

void suggest_list(char *list, size_t n, const char *word)
{
    size_t used = strlen(list), needed = strlen(word) + (used ? 2 : 0);
    if (needed < n - used)
        snprintf(list + used, n - used, "%s%s", used ? ", " : "", word);
}
