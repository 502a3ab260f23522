/* SPDX-License-Identifier: Apache-2.0 */
/* Which dead letters were sent again. */
#include "replay_marks.h"

#include "hash64.h"
#include "json_text.h"
#include "line_file.h"
#include "os_clock.h"
#include "os_file.h"
#include "wtime.h"

#include <stdio.h>
#include <stdlib.h>

enum { UNSAVED_BYTES_MAX = 4 << 20 };

struct replay_marks {
    struct os_file *file; /* NULL: only looked at */
    uint64_t *keys;       /* linear probing; 0 is free */
    size_t capacity, count;
    struct buf unsaved;
};

static uint64_t hash_field(uint64_t h, struct sv v)
{
    return hash64(hash64(h, v.p ? v.p : "", v.n), "\n", 1);
}

static uint64_t key_of(struct sv output, struct sv id, struct sv time)
{
    uint64_t h = hash_field(hash_field(hash_field(HASH64_START, output), id), time);
    return h ? h : 1;
}

/* ---- the set ---- */

static size_t slot_of(const struct replay_marks *m, uint64_t key)
{
    size_t i = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (m->capacity - 1);
    while (m->keys[i] && m->keys[i] != key)
        i = (i + 1) & (m->capacity - 1);
    return i;
}

static bool grow(struct replay_marks *m)
{
    struct replay_marks bigger = {.capacity = m->capacity ? m->capacity * 2 : 1024, .count = m->count};
    bigger.keys = calloc(bigger.capacity, sizeof *bigger.keys);
    if (!bigger.keys)
        return false;
    for (size_t i = 0; i < m->capacity; i++)
        if (m->keys[i])
            bigger.keys[slot_of(&bigger, m->keys[i])] = m->keys[i];
    free(m->keys);
    m->keys = bigger.keys;
    m->capacity = bigger.capacity;
    return true;
}

static bool insert(struct replay_marks *m, uint64_t key)
{
    if (m->count * 2 >= m->capacity && !grow(m))
        return false;
    size_t i = slot_of(m, key);
    m->count += m->keys[i] == 0;
    m->keys[i] = key;
    return true;
}

/* ---- the file ---- */

static bool read_marks(struct replay_marks *m, const char *path, struct fault *f)
{
    struct letter l;
    struct letter_reader *r = letter_reader_open(path, f);
    bool read = r != NULL;
    for (enum letter_kind kind; read && (kind = letter_reader_next(r, &l)) != LETTER_END;)
        if (kind == LETTER_READ)
            read = insert(m, key_of(l.output, l.event_id, l.letter_time)) ||
                   fault_set(f, FAULT_MEMORY, 0, "out of memory");
    letter_reader_close(r);
    return read;
}

static bool lock(struct replay_marks *m, const char *path, bool *is_held, struct fault *f)
{
    struct fault held;
    m->file = line_file_open(path, 0600, f);
    if (!m->file)
        return false;
    if (os_file_lock(m->file, &held))
        return true;
    *is_held = true;
    return fault_set(f, FAULT_OS, held.os_error, "another replay of this file is under way: %s is locked",
                     path);
}

struct replay_marks *replay_marks_open(const char *letters_path, bool only_look, bool *is_held,
                                       struct fault *f)
{
    char path[4096];
    struct replay_marks *m = calloc(1, sizeof *m);
    *is_held = false;
    if (!m || !grow(m)) {
        fault_set(f, FAULT_MEMORY, 0, "out of memory");
        replay_marks_close(m);
        return NULL;
    }
    buf_init(&m->unsaved, UNSAVED_BYTES_MAX);
    int n = snprintf(path, sizeof path, "%s.replayed", letters_path);
    bool opened = n > 0 && (size_t)n < sizeof path;
    if (!opened)
        fault_set(f, FAULT_LIMIT, 0, "the path %s is too long", letters_path);
    opened = opened && (only_look || lock(m, path, is_held, f));
    if (opened && (read_marks(m, path, f) || (only_look && os_not_found(f))))
        return m;
    replay_marks_close(m);
    return NULL;
}

void replay_marks_close(struct replay_marks *m)
{
    if (!m)
        return;
    os_file_close(m->file);
    buf_free(&m->unsaved);
    free(m->keys);
    free(m);
}

bool replay_marks_have(const struct replay_marks *m, const struct letter *l)
{
    return m->keys[slot_of(m, key_of(l->output, l->event_id, l->time))] != 0;
}

bool replay_marks_add(struct replay_marks *m, const struct letter *l)
{
    char text[WTIME_TEXT_MAX];
    struct wtime now = wtime_from_unix_ns(os_realtime_ns(), 3);
    struct buf *b = &m->unsaved;
    buf_lit(b, "{\"@timestamp\":\"");
    buf_put(b, sv_make(text, wtime_format(&now, 3, text)));
    buf_putc(b, '"');
    json_field(b, SV(",\"output\":\""), l->output);
    json_field(b, SV(",\"event_id\":\""), l->event_id);
    json_field(b, SV(",\"letter_time\":\""), l->time);
    buf_lit(b, "}\n");
    return buf_ok(b) && insert(m, key_of(l->output, l->event_id, l->time));
}

bool replay_marks_save(struct replay_marks *m, struct fault *f)
{
    bool saved = m->unsaved.n == 0 || line_file_append(m->file, buf_sv(&m->unsaved), f);
    buf_reset(&m->unsaved);
    return saved;
}
