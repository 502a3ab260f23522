/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short way through the sentence of event 9646: as Exchange writes it, with straight quotes and nothing
 * around it. What could mean something else to the grammar is left to it; a test holds both ways to the same.
 */
#include "mapi_lex.h"

enum { WORD_MAX = 40, DIGITS_MAX = 9, GUID_BYTES = 36 };

/* Takes a literal off *t. */
static bool take(struct sv *t, struct sv literal)
{
    if (!sv_starts(*t, literal))
        return false;
    *t = sv_slice(*t, literal.n, t->n);
    return true;
}

/* Takes letters and digits off *t. */
static bool take_word(struct sv *t, struct sv *word)
{
    size_t n = 0;
    while (n < t->n && (ascii_is_alpha(t->p[n]) || ascii_is_digit(t->p[n])))
        n++;
    *word = sv_slice(*t, 0, n);
    *t = sv_slice(*t, n, t->n);
    return n > 0 && n <= WORD_MAX;
}

static bool take_number(struct sv *t, struct opt_u64 *number)
{
    size_t n = 0;
    uint64_t value;
    while (n < t->n && n <= DIGITS_MAX && ascii_is_digit(t->p[n]))
        n++;
    if (n > DIGITS_MAX || !sv_to_u64(sv_slice(*t, 0, n), &value))
        return false;
    *number = opt_u64(value);
    *t = sv_slice(*t, n, t->n);
    return true;
}

/* Characters of a principal that mean nothing else wherever they stand: letters but x, digits and " ()-/=".
 */
static inline bool is_inert(char c)
{
#define BIT(c) (UINT64_C(1) << ((c) % 64))
    static const uint64_t inert[4] = {
        UINT64_C(0x3ff) << '0' | BIT(' ') | BIT('(') | BIT(')') | BIT('-') | BIT('/') | BIT('='),
        ((UINT64_C(0x3ffffff) << 1 & ~BIT('X')) | (UINT64_C(0x3ffffff) << 33 & ~BIT('x'))),
    };
#undef BIT
    return inert[(unsigned char)c / 64] >> ((unsigned char)c % 64) & 1;
}

/* The others: not if they begin or are part of the sentence's verb, a trailer or markup. */
static bool is_plain(struct sv t, size_t at)
{
    switch (t.p[at]) {
    case 'x':
    case 'X':
        return !sv_istarts(sv_slice(t, at, t.n), SV("xceed"));
    case '.':
        return !sv_istarts(sv_slice(t, at, t.n), SV(".m"));
    case ':':
        return at == GUID_BYTES && sv_starts(sv_slice(t, at, t.n), SV(": /"));
    default:
        return false;
    }
}

/* Takes the principal and the quote behind it. */
static bool take_who(struct sv *t, struct sv *who)
{
    size_t n = 0;
    for (; n < t->n && t->p[n] != '"'; n++)
        if (!is_inert(t->p[n]) && !is_plain(*t, n))
            return false;
    if (n == 0 || n == t->n || t->p[0] == ' ' || t->p[n - 1] == ' ')
        return false;
    *who = sv_slice(*t, 0, n);
    *t = sv_slice(*t, n + 1, t->n);
    return true;
}

bool mapi_plain_read(struct sv t, struct mapi_words *out)
{
    *out = (struct mapi_words){.form = FORM_EXCEEDED};
    if (!take(&t, SV("Mapi session \"")) || !take_who(&t, &out->who))
        return false;
    if (take(&t, SV(" with client type \"")) && (!take_word(&t, &out->client) || !take(&t, SV("\""))))
        return false;
    return take(&t, SV(" exceeded the maximum of ")) && take_number(&t, &out->limit) &&
           take(&t, SV(" objects of type \"")) && take_word(&t, &out->type) && sv_eq(t, SV("\"."));
}
