/* SPDX-License-Identifier: Apache-2.0 */
/* Forgetting what is remembered of files that are gone for long. */
#include "state_inner.h"

#include "sv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* What a look has found of a file: a row of the table. */
struct seen {
    int64_t row;
    struct os_file_id id;
    bool is_there;
};

struct look {
    const struct state_ageing *ageing;
    struct seen *files;
    size_t count, room;
    bool failed;
};

/* Rows of files that were forgotten in another way; a row's number is never given to another file. */
static const char drop_orphans[] = "DELETE FROM meta WHERE key GLOB 'gone/*' AND CAST(substr(key, 6) AS "
                                   "INTEGER) NOT IN (SELECT id FROM file)";

static void see(void *ctx, const struct state_entry *entry)
{
    struct look *l = ctx;
    if (l->count == l->room) {
        size_t room = l->room ? 2 * l->room : 64;
        struct seen *files = realloc(l->files, room * sizeof *files);
        if (!files) {
            l->failed = true;
            return;
        }
        l->files = files;
        l->room = room;
    }
    l->files[l->count++] =
        (struct seen){entry->file.row, entry->file.id, l->ageing->is_there(l->ageing->ctx, entry)};
}

/* Since when it is gone, which is noted if it is news; now_ms where a clock that was set back makes it later.
 */
static bool gone_since(struct state *s, const char *key, int64_t now_ms, int64_t *since_ms, struct fault *f)
{
    char text[24];
    uint64_t noted;
    bool known = state_get_meta(s, key, text, sizeof text) && sv_to_u64(sv_from(text), &noted) &&
                 noted <= (uint64_t)now_ms;
    *since_ms = known ? (int64_t)noted : now_ms;
    snprintf(text, sizeof text, "%" PRId64, now_ms);
    return known || state_set_meta(s, key, text, f);
}

static bool age_file(struct state *s, const struct state_ageing *a, const struct seen *file, struct fault *f)
{
    char key[32];
    int64_t since_ms;
    snprintf(key, sizeof key, "gone/%" PRId64, file->row);
    if (file->is_there)
        return state_drop_meta(s, key, f);
    if (!gone_since(s, key, a->now_ms, &since_ms, f))
        return false;
    if (a->now_ms - since_ms < a->keep_ms)
        return true;
    if (!state_forget(s, file->row, f))
        return false;
    a->forgotten(a->ctx, file->id);
    return true;
}

static bool age_all(struct state *s, const struct look *l, struct fault *f)
{
    for (size_t i = 0; i < l->count; i++)
        if (!age_file(s, l->ageing, &l->files[i], f))
            return false;
    return state_execute(s, drop_orphans, "write", f);
}

bool state_age(struct state *s, const struct state_ageing *ageing, struct fault *f)
{
    struct look l = {.ageing = ageing};
    bool done = state_each_file(s, ageing->output, see, &l, f) &&
                (!l.failed || fault_set(f, FAULT_MEMORY, 0, "out of memory")) && state_begin(s, f);
    if (done) {
        struct fault ignored;
        done = age_all(s, &l, f);
        done = state_commit(s, done ? f : &ignored) && done;
    }
    free(l.files);
    return done;
}
