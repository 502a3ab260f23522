/* SPDX-License-Identifier: Apache-2.0 */
/* The bookmarks of events that are not yet settled. */
#include "bookmarks.h"

#include <stdlib.h>
#include <string.h>

/* Moves what is left to the front when that frees half, and grows otherwise. */
static bool make_room(struct bookmarks *b)
{
    if (b->count < b->room)
        return true;
    if (b->first > b->room / 2) {
        b->count -= b->first;
        memmove(b->items, b->items + b->first, b->count * sizeof *b->items);
        b->first = 0;
        return true;
    }
    size_t room = b->room ? b->room * 2 : 64;
    struct bookmark *items = realloc(b->items, room * sizeof *items);
    if (!items)
        return false;
    b->items = items;
    b->room = room;
    return true;
}

bool bookmarks_add(struct bookmarks *b, uint64_t record, const char *text, bool passed)
{
    char *copy = strdup(text);
    if (!copy || !make_room(b)) {
        free(copy);
        return false;
    }
    if (passed && b->count > b->first && b->items[b->count - 1].passed)
        free(b->items[--b->count].text);
    b->items[b->count++] = (struct bookmark){record, passed, copy};
    return true;
}

const char *bookmarks_find(struct bookmarks *b, uint64_t record)
{
    size_t at = b->first;
    while (at < b->count && b->items[at].record != record)
        at++;
    if (at == b->count)
        return NULL;
    while (b->first < at)
        free(b->items[b->first++].text);
    return b->items[at].text;
}

void bookmarks_free(struct bookmarks *b)
{
    for (size_t i = b->first; i < b->count; i++)
        free(b->items[i].text);
    free(b->items);
    *b = (struct bookmarks){0};
}
