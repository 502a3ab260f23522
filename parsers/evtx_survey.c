/* SPDX-License-Identifier: Apache-2.0 */
/* Which chunks an .evtx file has now, in the order of their record ids. */
#include "evtx_survey.h"

#include "needle.h"

#include <stdlib.h>

enum { /* offsets in the file header */
       AT_BLOCK_SIZE = 40,
       AT_CHUNK_COUNT = 42,
       AT_FLAGS = 120,
       AT_CRC = 124,
       HEADER_USED = 128,
       FLAG_DIRTY = 1,
       WINDOW_FIRST = 256,
};

bool evtx_read(const struct input *in, uint64_t offset, void *to, size_t n, size_t *got)
{
    *got = 0;
    if (offset >= in->size)
        return true;
    if (n > in->size - offset)
        n = (size_t)(in->size - offset);
    ptrdiff_t r = in->read_at(in->ctx, offset, to, n);
    if (r < 0)
        return false;
    *got = (size_t)r < n ? (size_t)r : n;
    return true;
}

bool evtx_survey_init(struct evtx_survey *s, const struct input *in)
{
    *s = (struct evtx_survey){.in = in, .window_size = WINDOW_FIRST, .zeros_from = UINT64_MAX};
    s->block = malloc(EVTX_CHUNK_BYTES);
    s->window = malloc(WINDOW_FIRST * sizeof *s->window);
    return s->block && s->window;
}

void evtx_survey_free(struct evtx_survey *s)
{
    free(s->block);
    free(s->window);
}

static int by_key(const void *a, const void *b)
{
    return evtx_key_cmp(*(const struct evtx_key *)a, *(const struct evtx_key *)b);
}

static void sort_window(struct evtx_survey *s)
{
    if (!s->sorted)
        qsort(s->window, s->count, sizeof *s->window, by_key);
    s->sorted = true;
}

/* Makes room: a larger window, or the higher half of the largest one goes. */
static bool make_room(struct evtx_survey *s)
{
    if (s->window_size < EVTX_WINDOW) {
        struct evtx_key *larger = realloc(s->window, s->window_size * 2 * sizeof *larger);
        if (!larger)
            return false;
        s->window = larger;
        s->window_size *= 2;
        return true;
    }
    sort_window(s);
    s->count /= 2;
    s->highest_kept = s->window[s->count - 1];
    s->more = true;
    return true;
}

static bool add_to_window(struct evtx_survey *s, struct evtx_key key)
{
    /* Once something was left out, only what is lower than all of that may come in. */
    if (s->more && evtx_key_cmp(key, s->highest_kept) > 0)
        return true;
    if (s->count == s->window_size && !make_room(s))
        return false;
    if (s->more && evtx_key_cmp(key, s->highest_kept) > 0)
        return true;
    s->sorted = s->sorted && (s->count == 0 || evtx_key_cmp(s->window[s->count - 1], key) < 0);
    s->window[s->count++] = key;
    return true;
}

static bool note_chunk(struct evtx_survey *s, struct evtx_key key)
{
    if (s->chunks == 0 || evtx_key_cmp(key, s->lowest) < 0)
        s->lowest = key;
    if (s->chunks == 0 || evtx_key_cmp(key, s->highest) > 0)
        s->highest = key;
    s->chunks++;
    if (!s->has_bound || evtx_key_cmp(key, s->bound) > 0)
        return add_to_window(s, key);
    if (s->passed == 0 || evtx_key_cmp(key, s->before) > 0)
        s->before = key;
    s->passed++;
    return true;
}

static void note_foreign(struct evtx_survey *s, uint64_t offset, uint64_t length)
{
    struct evtx_foreign *last = s->foreign_count ? &s->foreign[s->foreign_count - 1] : NULL;
    /* Neighbours are one part; when the list is full, its last part reaches up to here. */
    if (last && (last->offset + last->length == offset || s->foreign_count == EVTX_FOREIGN_MAX))
        last->length = offset + length - last->offset;
    else
        s->foreign[s->foreign_count++] = (struct evtx_foreign){offset, length};
}

static bool is_zero(const uint8_t *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

size_t evtx_find_chunk(const uint8_t *p, size_t from, size_t n)
{
    while (from < n) {
        const uint8_t *hit = needle_find(p + from, n - from, (const uint8_t *)"ElfChnk", 8);
        if (!hit)
            return n;
        size_t at = (size_t)(hit - p);
        if (n - at < 44 || load_le32(hit + 40) == HEADER_USED)
            return at;
        from = at + 1;
    }
    return n;
}

/* Preallocated, most likely. */
static void note_zeros(struct evtx_survey *s, uint64_t offset)
{
    if (s->zeros_from == UINT64_MAX)
        s->zeros_from = offset;
}

/* A block without a header: records in it are found by their frames alone. s->block holds its n bytes. */
static bool note_headless(struct evtx_survey *s, uint64_t offset, size_t n)
{
    struct evtx_chunk c = {.bytes = s->block};
    struct evtx_frame frame;
    const char *reason;
    enum evtx_found found;
    if (is_zero(s->block, n)) {
        note_zeros(s, offset);
        return true;
    }
    s->zeros_from = UINT64_MAX;
    evtx_chunk_begin(&c, offset, n);
    while ((found = evtx_chunk_next(&c, &frame, &reason)) == EVTX_DAMAGE)
        ;
    if (found == EVTX_FRAME)
        return note_chunk(s, (struct evtx_key){frame.id, offset});
    note_foreign(s, offset, n);
    return true;
}

static bool read_some(struct evtx_survey *s, uint64_t offset, void *to, size_t n, size_t *got)
{
    s->spent += n;
    return evtx_read(s->in, offset, to, n, got);
}

/*
 * What stands where a chunk should begin and none does. *step is set to how far it reaches: to the next
 * block, or to a chunk that lies beside the grid because bytes were lost or inserted.
 */
static bool pass_headless(struct evtx_survey *s, uint64_t offset, size_t *step)
{
    size_t n;
    if (!read_some(s, offset, s->block, EVTX_CHUNK_BYTES, &n))
        return false;
    size_t at = evtx_find_chunk(s->block, 1, n);
    *step = at < n ? at : EVTX_CHUNK_BYTES;
    return note_headless(s, offset, at);
}

/* Lost bytes let the next chunk begin inside the block of the one before. Returns where, or `offset` if it
 * does not. */
static bool look_back(struct evtx_survey *s, uint64_t before, uint64_t *offset)
{
    size_t n, want = (size_t)(*offset - before);
    if (want > EVTX_CHUNK_BYTES || !read_some(s, before, s->block, want, &n))
        return want > EVTX_CHUNK_BYTES;
    size_t at = evtx_find_chunk(s->block, EVTX_CHUNK_HEADER, n);
    if (at < n)
        *offset = before + at;
    return true;
}

static bool find_base(struct evtx_survey *s)
{
    uint8_t head[HEADER_USED] = {0}, magic[8];
    size_t n;
    if (!evtx_read(s->in, 0, head, sizeof head, &n))
        return false;
    s->base = EVTX_FILE_HEADER;
    if (evtx_is_chunk(head, n)) {
        s->base = 0;
        return true;
    }
    if (n < sizeof head || memcmp(head, "ElfFile", 8) != 0)
        return true;
    uint64_t base = load_le16(head + AT_BLOCK_SIZE);
    bool sound = evtx_crc32(0, head, AT_FLAGS) == load_le32(head + AT_CRC);
    if (sound && !(load_le32(head + AT_FLAGS) & FLAG_DIRTY))
        s->announced = load_le16(head + AT_CHUNK_COUNT);
    if (base >= HEADER_USED && base != s->base) {
        if (!evtx_read(s->in, base, magic, sizeof magic, &n))
            return false;
        if (evtx_is_chunk(magic, n))
            s->base = base;
    }
    return true;
}

/* Looks at what stands at s->at and moves on. */
static bool look(struct evtx_survey *s)
{
    uint8_t head[EVTX_GLANCE_BYTES] = {0};
    size_t n, step = EVTX_CHUNK_BYTES;
    uint64_t first, here = s->at;
    if (!read_some(s, here, head, sizeof head, &n))
        return false;
    if (evtx_is_chunk(head, n)) {
        s->present++;
        s->zeros_from = UINT64_MAX;
        if (evtx_glance(head, n, &first) && !note_chunk(s, (struct evtx_key){first, here}))
            return false;
        s->previous = here;
        s->at += EVTX_CHUNK_BYTES;
        return true;
    }
    bool is_empty = is_zero(head, n);
    if (is_empty && here >= s->zeros_before) {
        s->previous = UINT64_MAX;
        note_zeros(s, here);
        s->at += EVTX_CHUNK_BYTES;
        return true;
    }
    if (s->previous != UINT64_MAX && !is_empty && !look_back(s, s->previous, &s->at))
        return false;
    s->previous = UINT64_MAX; /* looked back once */
    if (s->at != here)
        return true;
    if (!pass_headless(s, here, &step))
        return false;
    s->at += step;
    return true;
}

bool evtx_survey_begin(struct evtx_survey *s, const struct evtx_key *bound, bool thorough)
{
    s->zeros_before = thorough || s->in->complete ? UINT64_MAX : s->zeros_from;
    s->zeros_from = UINT64_MAX;
    s->count = s->next = s->foreign_count = 0;
    s->chunks = s->present = s->passed = s->announced = 0;
    s->more = false;
    s->sorted = true;
    s->has_bound = bound != NULL;
    s->bound = bound ? *bound : (struct evtx_key){0};
    s->previous = UINT64_MAX;
    if (!find_base(s))
        return false;
    s->at = s->base;
    return true;
}

enum evtx_survey_state evtx_survey_go_on(struct evtx_survey *s, uint64_t bytes)
{
    for (s->spent = 0; s->at < s->in->size;) {
        if (s->in->size - s->at < EVTX_CHUNK_BYTES && !s->in->complete)
            break;
        if (s->spent >= bytes)
            return SURVEY_PAUSED;
        if (!look(s))
            return SURVEY_FAILED;
    }
    sort_window(s);
    return SURVEY_DONE;
}

bool evtx_survey_run(struct evtx_survey *s, const struct evtx_key *bound)
{
    return evtx_survey_begin(s, bound, true) && evtx_survey_go_on(s, UINT64_MAX) == SURVEY_DONE;
}

bool evtx_survey_next(struct evtx_survey *s, struct evtx_key *out)
{
    if (s->next == s->count)
        return false;
    *out = s->window[s->next++];
    return true;
}
