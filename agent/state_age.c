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
    enum state_presence presence;
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
        (struct seen){entry->file.row, entry->file.id, l->ageing->look_up(l->ageing->ctx, entry)};
}

/* What is noted of a file that is gone: when it was looked for last, and for how long it was gone by then. */
struct note {
    int64_t looked_ms, gone_ms;
};

enum { KEY_BYTES = 32, NOTE_BYTES = 48, NOTE_GAP_MS = 3600 * 1000 /* starts in a row write nothing */ };

static void note_key(char key[KEY_BYTES], int64_t row)
{
    snprintf(key, KEY_BYTES, "gone/%" PRId64, row);
}

static bool read_note(struct state *s, const char *key, struct note *n)
{
    char text[NOTE_BYTES];
    uint64_t looked, gone;
    if (!state_get_meta(s, key, text, sizeof text))
        return false;
    struct sv all = sv_from(text);
    size_t blank = sv_find_char(all, ' ');
    if (blank == SV_NPOS || !sv_to_u64(sv_slice(all, 0, blank), &looked) ||
        !sv_to_u64(sv_slice(all, blank + 1, all.n), &gone) || looked > INT64_MAX / 2 || gone > INT64_MAX / 2)
        return false;
    *n = (struct note){(int64_t)looked, (int64_t)gone};
    return true;
}

/* For how long it is gone; the note is written anew where that has changed. */
static bool note_gone(struct state *s, const char *key, int64_t now_ms, int64_t *gone_ms, struct fault *f)
{
    char text[NOTE_BYTES];
    struct note n = {now_ms, 0};
    bool known = read_note(s, key, &n);
    int64_t passed = now_ms - n.looked_ms; /* less than nothing where the clock was set back */
    *gone_ms = n.gone_ms;
    if (known && passed >= 0 && passed < NOTE_GAP_MS)
        return true;
    *gone_ms += passed < 0 ? 0 : passed > STATE_LOOK_MS ? STATE_LOOK_MS : passed;
    snprintf(text, sizeof text, "%" PRId64 " %" PRId64, now_ms, *gone_ms);
    return state_set_meta(s, key, text, f);
}

static bool drop_note(struct state *s, const char *key, struct fault *f)
{
    char text[NOTE_BYTES];
    return !state_get_meta(s, key, text, sizeof text) || state_drop_meta(s, key, f);
}

void state_met(struct state *s, int64_t row)
{
    char key[KEY_BYTES];
    struct fault ignored; /* the next look does it */
    note_key(key, row);
    drop_note(s, key, &ignored);
}

static bool age_file(struct state *s, const struct state_ageing *a, const struct seen *file, struct fault *f)
{
    char key[KEY_BYTES];
    int64_t gone_ms;
    note_key(key, file->row);
    if (file->presence == STATE_UNKNOWN)
        return true;
    if (file->presence == STATE_THERE)
        return drop_note(s, key, f);
    if (!note_gone(s, key, a->now_ms, &gone_ms, f))
        return false;
    if (gone_ms < a->keep_ms)
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
