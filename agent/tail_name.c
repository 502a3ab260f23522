/* SPDX-License-Identifier: Apache-2.0 */
/* The names of a followed file: what it is called now. */
#include "tail_inner.h"

#include "crash_point.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>

enum { SEARCHES_MAX = 64 /* between two scans: each looks at every name of a directory */ };

/* A file looked for by its id in the directory that it was in. */
struct search {
    const struct tail *tail;
    size_t directory_n; /* of the tail's path, the separator included */
    char *found;        /* owned */
};

static bool visit_neighbour(void *ctx, const char *name)
{
    struct search *s = ctx;
    struct os_file_info info;
    struct fault ignored;
    size_t n = strlen(name);
    char *path = malloc(s->directory_n + n + 1);
    if (!path)
        return false;
    memcpy(path, s->tail->path, s->directory_n);
    memcpy(path + s->directory_n, name, n + 1);
    if (os_path_info(path, &info, &ignored) && !info.directory && os_file_id_eq(info.id, s->tail->saved.id)) {
        s->found = path;
        return false;
    }
    free(path);
    return true;
}

bool tail_find_again(struct tail_context *c, struct tail *t)
{
    struct search s = {.tail = t, .directory_n = strlen(t->path)};
    struct fault ignored;
    if (c->searches == SEARCHES_MAX)
        return false;
    c->searches++;
    while (s.directory_n && !os_is_separator(t->path[s.directory_n - 1]))
        s.directory_n--;
    char *directory = malloc(s.directory_n + 2);
    if (!directory)
        return false;
    memcpy(directory, s.directory_n ? t->path : ".", s.directory_n ? s.directory_n : 1);
    directory[s.directory_n ? s.directory_n : 1] = '\0';
    os_list(directory, visit_neighbour, &s, &ignored);
    free(directory);
    if (s.found)
        tail_rename(c, t, s.found);
    return s.found;
}

void tail_rename(struct tail_context *c, struct tail *t, char *path)
{
    log_info(c->subject, "%s: renamed to %s", t->path, path);
    free(t->path);
    t->path = path;
    crash_point("rotation-followed");
}
