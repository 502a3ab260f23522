/* SPDX-License-Identifier: Apache-2.0 */
/* Which position of one file is safe to save. */
#include "ledger.h"

#include <assert.h>
#include <stdlib.h>

void ledger_init(struct ledger *l, const struct position *start)
{
    *l = (struct ledger){.safe = *start};
}

void ledger_free(struct ledger *l)
{
    free(l->ring);
    *l = (struct ledger){.safe = l->safe};
}

static struct ledger_entry *entry(const struct ledger *l, uint64_t token)
{
    return &l->ring[token & (l->capacity - 1)];
}

static bool grow(struct ledger *l)
{
    size_t capacity = l->capacity ? l->capacity * 2 : 64;
    struct ledger_entry *ring = malloc(capacity * sizeof *ring);
    if (!ring)
        return false;
    for (uint64_t t = l->first; t != l->next; t++)
        ring[t & (capacity - 1)] = *entry(l, t);
    free(l->ring);
    l->ring = ring;
    l->capacity = capacity;
    return true;
}

bool ledger_open(struct ledger *l, const struct position *end, uint64_t *token)
{
    if (ledger_pending(l) == l->capacity && !grow(l))
        return false;
    *entry(l, l->next) = (struct ledger_entry){.end = *end};
    *token = l->next++;
    return true;
}

void ledger_close(struct ledger *l, uint64_t token)
{
    assert(token - l->first < ledger_pending(l) && !entry(l, token)->closed);
    entry(l, token)->closed = true;
    while (l->first != l->next && entry(l, l->first)->closed) {
        l->safe = entry(l, l->first)->end;
        l->first++;
    }
}

void ledger_pass(struct ledger *l, const struct position *end)
{
    if (l->first == l->next)
        l->safe = *end;
    else
        entry(l, l->next - 1)->end = *end;
}
