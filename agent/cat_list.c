/* SPDX-License-Identifier: Apache-2.0 */
/* What `mapitail cat` is to read. */
#include "cat_list.h"

#include "glob.h"
#include "os_file.h"

#include <stdlib.h>
#include <string.h>

static bool add(struct cat_list *list, const char *path, bool is_empty)
{
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 16;
        struct cat_entry *entries = realloc(list->entries, room * sizeof *entries);
        if (!entries)
            return false;
        list->entries = entries;
        list->room = room;
    }
    char *copy = strdup(path);
    if (copy)
        list->entries[list->count++] = (struct cat_entry){copy, is_empty};
    return copy != NULL;
}

struct matches {
    struct cat_list *list;
    bool failed;
};

static bool add_match(void *ctx, const char *path)
{
    struct matches *m = ctx;
    m->failed |= !add(m->list, path, false);
    return !m->failed;
}

static int by_path(const void *a, const void *b)
{
    const struct cat_entry *x = a, *y = b;
    return strcmp(x->path, y->path);
}

static bool add_pattern(struct cat_list *list, const char *pattern)
{
    struct matches m = {.list = list};
    struct glob_visitor v = {.ctx = &m, .file = add_match};
    size_t before = list->count;
    glob_walk(pattern, &v);
    if (m.failed)
        return false;
    if (list->count == before)
        return add(list, pattern, true);
    qsort(list->entries + before, list->count - before, sizeof *list->entries, by_path);
    return true;
}

static bool exists(const char *path)
{
    struct os_file_info info;
    return os_path_info(path, &info, NULL);
}

bool cat_list_make(struct cat_list *list, char *const *inputs, size_t count)
{
    *list = (struct cat_list){0};
    for (size_t i = 0; i < count; i++) {
        bool is_pattern = strcmp(inputs[i], "-") != 0 && glob_is_pattern(inputs[i]) && !exists(inputs[i]);
        if (is_pattern ? !add_pattern(list, inputs[i]) : !add(list, inputs[i], false))
            return false;
    }
    return true;
}

void cat_list_free(struct cat_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->entries[i].path);
    free(list->entries);
    *list = (struct cat_list){0};
}
