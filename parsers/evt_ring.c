/* SPDX-License-Identifier: Apache-2.0 */
/* The ring that an .evt file is. */
#include "evt_ring.h"

#include "needle.h"

#include <stdlib.h>

enum {
    MAGIC_AT = 4,
    NUMBER_AT = 8,
    SIGNATURE_BYTES = 20,
    FLAG_DIRTY = 1,
    GLANCE_BYTES = 12, /* length, magic and number */
};

static const uint8_t magic[4] = {'L', 'f', 'L', 'e'};
/* Length and marks of a cursor. */
static const uint8_t signature[SIGNATURE_BYTES] = {0x28, 0,    0,    0,    0x11, 0x11, 0x11,
                                                   0x11, 0x22, 0x22, 0x22, 0x22, 0x33, 0x33,
                                                   0x33, 0x33, 0x44, 0x44, 0x44, 0x44};

bool evt_ring_init(struct evt_ring *r, const struct input *in)
{
    *r = (struct evt_ring){.in = in, .size = in->size};
    r->window = malloc(EVT_WINDOW);
    r->seam = malloc(EVT_RECORD_MAX);
    return r->window && r->seam;
}

void evt_ring_free(struct evt_ring *r)
{
    free(r->window);
    free(r->seam);
}

void evt_ring_refresh(struct evt_ring *r)
{
    r->size = r->in->size;
    r->window_n = 0;
    r->failed = false;
}

/* How many bytes were read. */
static size_t read_some(struct evt_ring *r, uint64_t at, void *to, size_t n)
{
    if (r->failed || at >= r->size)
        return 0;
    if (n > r->size - at)
        n = (size_t)(r->size - at);
    ptrdiff_t got = r->in->read_at(r->in->ctx, at, to, n);
    r->failed = got < 0;
    return got < 0 ? 0 : (size_t)got < n ? (size_t)got : n;
}

static uint64_t ring_bytes(const struct evt_ring *r)
{
    return r->size > EVT_HEADER_BYTES ? r->size - EVT_HEADER_BYTES : 0;
}

static uint64_t place(const struct evt_ring *r, uint64_t at)
{
    return at >= r->size ? EVT_HEADER_BYTES : at;
}

static const uint8_t *in_window(const struct evt_ring *r, uint64_t at, size_t n)
{
    if (at < r->window_at || at - r->window_at > r->window_n || n > r->window_n - (at - r->window_at))
        return NULL;
    return r->window + (at - r->window_at);
}

/* n bytes that may reach over the seam, copied. */
static bool read_over(struct evt_ring *r, uint64_t at, uint8_t *to, size_t n)
{
    at = place(r, at);
    if (n > ring_bytes(r))
        return false;
    size_t first = n < r->size - at ? n : (size_t)(r->size - at);
    return read_some(r, at, to, first) == first &&
           read_some(r, EVT_HEADER_BYTES, to + first, n - first) == n - first;
}

/* The window stays. */
bool evt_ring_peek(struct evt_ring *r, uint64_t at, uint8_t *to, size_t n)
{
    const uint8_t *p = in_window(r, at, n);
    if (!p)
        return read_over(r, at, to, n);
    memcpy(to, p, n);
    return true;
}

bool evt_ring_bytes(struct evt_ring *r, uint64_t at, size_t n, const uint8_t **out)
{
    const uint8_t *p = in_window(r, at, n);
    if (!p) {
        at = place(r, at);
        if (n > EVT_RECORD_MAX || n > ring_bytes(r))
            return false;
        if (n > r->size - at) {
            *out = r->seam;
            return read_over(r, at, r->seam, n);
        }
        r->window_at = at;
        r->window_n = read_some(r, at, r->window, EVT_WINDOW);
        if (n > r->window_n)
            return false;
        p = r->window;
    }
    *out = p;
    return true;
}

uint64_t evt_ring_add(const struct evt_ring *r, uint64_t at, uint64_t n)
{
    at = place(r, at);
    uint64_t left = r->size > at ? r->size - at : 0;
    return n <= left ? at + n : EVT_HEADER_BYTES + (n - left);
}

uint64_t evt_ring_distance(const struct evt_ring *r, uint64_t from, uint64_t to)
{
    from = place(r, from);
    to = place(r, to);
    return to >= from ? to - from : r->size - from + (to - EVT_HEADER_BYTES);
}

/* ---- records ---- */

static bool can_be_length(const struct evt_ring *r, uint32_t length)
{
    return length >= EVT_RECORD_MIN && length <= EVT_RECORD_MAX && length <= ring_bytes(r);
}

enum evt_look evt_ring_look(struct evt_ring *r, uint64_t at, uint64_t number, struct evt_frame *f)
{
    const uint8_t *p;
    *f = (struct evt_frame){.at = place(r, at), .number = number};
    if (!evt_ring_bytes(r, at, EVT_CURSOR_BYTES, &p))
        return EVT_NOTHING;
    if (load_le32(p) == EVT_CURSOR_BYTES && memcmp(p, signature, SIGNATURE_BYTES) == 0)
        return load_le32(p + 24) == f->at && load_le32(p + 28) == number ? EVT_END : EVT_NOTHING;
    if (load_le32(p + NUMBER_AT) != number || !evt_ring_bytes(r, at, EVT_HEAD_BYTES, &p))
        return EVT_NOTHING;
    bool is_marked = memcmp(p + MAGIC_AT, magic, sizeof magic) == 0;
    uint32_t length = load_le32(p);
    if (can_be_length(r, length)) {
        f->length = length;
        if (evt_ring_bytes(r, at, length, &p) && load_le32(p + length - 4) == length)
            f->bytes = p;
    }
    if (is_marked && f->bytes)
        return EVT_WHOLE;
    return is_marked || f->bytes ? EVT_TORN : EVT_NOTHING;
}

/* Is there a whole record, whatever its number? The window stays. */
static bool is_record(struct evt_ring *r, uint64_t at, struct evt_frame *f)
{
    uint8_t head[GLANCE_BYTES], copy[4];
    if (!evt_ring_peek(r, at, head, sizeof head) || memcmp(head + MAGIC_AT, magic, sizeof magic) != 0)
        return false;
    uint32_t length = load_le32(head);
    if (!can_be_length(r, length) || !evt_ring_peek(r, evt_ring_add(r, at, length - 4), copy, sizeof copy))
        return false;
    *f = (struct evt_frame){.at = place(r, at), .number = load_le32(head + NUMBER_AT), .length = length};
    return load_le32(copy) == length;
}

/* ---- searching ---- */

/* The first place less than span bytes behind at where the needle stands. */
static bool search(struct evt_ring *r, uint64_t at, uint64_t span, const uint8_t *needle, size_t m,
                   uint64_t *distance)
{
    for (uint64_t passed = 0; passed < span;) {
        uint64_t from = place(r, evt_ring_add(r, at, passed));
        uint64_t left = r->size - from;
        size_t n = left >= m ? (size_t)(left < EVT_WINDOW ? left : EVT_WINDOW) : 2 * m;
        const uint8_t *p, *hit;
        if (n - m + 1 > span - passed)
            n = (size_t)(span - passed) + m - 1;
        if (!evt_ring_bytes(r, from, n, &p))
            return false;
        hit = needle_find(p, n, needle, m);
        if (hit) {
            *distance = passed + (size_t)(hit - p);
            return true;
        }
        passed += n - m + 1;
    }
    return false;
}

struct range {
    uint64_t low, high; /* numbers: low <= number < high */
};

/* The next whole record of any number in the range. */
static bool next_record(struct evt_ring *r, uint64_t at, uint64_t span, struct range numbers,
                        uint64_t *distance, struct evt_frame *f)
{
    for (uint64_t passed = 0, hit; passed < span; passed += hit + 1) {
        struct evt_frame found;
        if (!search(r, evt_ring_add(r, at, passed + MAGIC_AT), span - passed, magic, sizeof magic, &hit))
            return false;
        if (is_record(r, evt_ring_add(r, at, passed + hit), &found) && found.number >= numbers.low &&
            found.number < numbers.high) {
            *distance = passed + hit;
            *f = found;
            return true;
        }
    }
    return false;
}

/* Does what follows the record say that it was the one before? */
static bool is_followed(struct evt_ring *r, const struct evt_frame *f)
{
    uint8_t next[EVT_CURSOR_BYTES];
    if (!evt_ring_peek(r, evt_ring_add(r, f->at, f->length), next, sizeof next))
        return false;
    if (memcmp(next, signature, sizeof signature) == 0)
        return load_le32(next + 28) == f->number + 1;
    return memcmp(next + MAGIC_AT, magic, sizeof magic) == 0 && load_le32(next + NUMBER_AT) == f->number + 1;
}

/* The same, but no record reaches further than the span. */
static bool next_within(struct evt_ring *r, uint64_t at, uint64_t span, struct range numbers,
                        uint64_t *distance, struct evt_frame *f)
{
    for (uint64_t passed = 0, hit; passed < span; passed += hit + 1) {
        struct evt_frame found;
        if (!next_record(r, evt_ring_add(r, at, passed), span - passed, numbers, &hit, &found))
            return false;
        if (found.length <= span - passed - hit) {
            *distance = passed + hit;
            *f = found;
            return true;
        }
    }
    return false;
}

bool evt_ring_find(struct evt_ring *r, uint64_t at, uint64_t span, uint64_t low, uint64_t high,
                   uint64_t *distance, struct evt_frame *f)
{
    struct range numbers = {low, high};
    struct evt_frame later;
    uint64_t further;
    if (!next_within(r, at, span, numbers, distance, f))
        return false;
    for (;;) {
        uint64_t end = *distance + f->length;
        if (is_followed(r, f) ||
            !next_within(r, evt_ring_add(r, at, end), span - end, numbers, &further, &later) ||
            later.number > f->number)
            return true;
        *f = later;
        *distance = end + further;
    }
}

/* ---- the cursor ---- */

static bool read_cursor(struct evt_ring *r, uint64_t at, struct evt_cursor *c)
{
    uint8_t p[EVT_CURSOR_BYTES];
    if (!evt_ring_peek(r, at, p, sizeof p) || memcmp(p, signature, sizeof signature) != 0 ||
        load_le32(p + 36) != EVT_CURSOR_BYTES)
        return false;
    *c = (struct evt_cursor){place(r, at), load_le32(p + 20), load_le32(p + 32), load_le32(p + 28), false,
                             true};
    /* An empty log has 0 for its oldest record, which would stand where the cursor is. */
    if (c->oldest_at == c->at)
        c->oldest = c->next;
    return load_le32(p + 24) == c->at;
}

bool evt_ring_still(struct evt_ring *r, const struct evt_cursor *c)
{
    struct evt_cursor now;
    return read_cursor(r, c->at, &now) && now.next == c->next;
}

/* Does the record that the cursor calls the oldest exist? An offset alone may be part of anybody's data. */
static bool is_sound(struct evt_ring *r, const struct evt_cursor *c)
{
    struct evt_frame f;
    if (c->oldest == c->next)
        return c->oldest_at == c->at;
    enum evt_look look = evt_ring_look(r, c->oldest_at, c->oldest, &f);
    return c->oldest < c->next && (look == EVT_WHOLE || look == EVT_TORN);
}

static bool cursor_by_header(struct evt_ring *r, struct evt_cursor *c)
{
    uint8_t h[EVT_HEADER_BYTES];
    if (read_some(r, 0, h, sizeof h) != sizeof h || memcmp(h + MAGIC_AT, magic, sizeof magic) != 0 ||
        load_le32(h + 36) & FLAG_DIRTY)
        return false;
    return read_cursor(r, load_le32(h + 20), c) && c->at == load_le32(h + 20) &&
           c->next == load_le32(h + 24) && is_sound(r, c);
}

static struct evt_cursor cursor_by_search(struct evt_ring *r)
{
    struct evt_cursor best = {0}, c;
    bool best_is_sound = false;
    uint64_t hit, span = ring_bytes(r);
    for (uint64_t passed = 0; passed < span; passed++) {
        uint64_t from = evt_ring_add(r, EVT_HEADER_BYTES, passed);
        if (!search(r, from, span - passed, signature, sizeof signature, &hit))
            break;
        passed += hit;
        if (!read_cursor(r, evt_ring_add(r, EVT_HEADER_BYTES, passed), &c))
            continue;
        bool sound = is_sound(r, &c);
        if (!best.known || sound > best_is_sound || (sound == best_is_sound && c.next > best.next)) {
            best = c;
            best_is_sound = sound;
        }
    }
    return best;
}

/* Numbers do not rise faster than the bytes between two records allow. */
static bool can_follow(const struct evt_frame *before, const struct evt_frame *f, uint64_t between)
{
    return f->number > before->number && f->number - before->number - 1 <= between / EVT_RECORD_MIN;
}

/*
 * Without a cursor the log ends behind its highest number, and in a ring it begins with the record found
 * next. A record that is neither may be either damaged or of an older round: which one is known when a higher
 * number does, or does not, come behind it.
 */
static struct evt_cursor cursor_by_records(struct evt_ring *r)
{
    static const struct range any = {0, UINT64_MAX};
    struct evt_frame f, first = {0}, newest = {0}, older = {0};
    uint64_t distance, newest_end = 0, span = ring_bytes(r);
    for (uint64_t passed = 0; passed < span; passed += f.length) {
        uint64_t at = evt_ring_add(r, EVT_HEADER_BYTES, passed);
        if (!next_record(r, at, span - passed, any, &distance, &f))
            break;
        passed += distance;
        /* Where the file was cut, the first record's length can be taken for the copy of the last one's. */
        if (f.length > span - passed && !is_followed(r, &f))
            break;
        if (newest.length == 0)
            first = newest = f;
        else if (can_follow(&newest, &f, passed - newest_end))
            newest = f;
        else if (older.length == 0)
            older = f;
        if (newest.at == f.at) {
            newest_end = passed + f.length;
            older.length = 0;
        }
    }
    if (newest.length == 0)
        return (struct evt_cursor){0};
    if (older.length == 0 || older.number > newest.number)
        older = first;
    return (struct evt_cursor){
        evt_ring_add(r, newest.at, newest.length), older.at, older.number, newest.number + 1, true, true};
}

/* Finds the oldest record by the records themselves, unless it is only the record that is damaged. */
static void find_oldest(struct evt_ring *r, struct evt_cursor *c)
{
    struct evt_cursor made = cursor_by_records(r);
    if (!made.known || made.oldest >= c->next)
        return;
    uint64_t between = evt_ring_distance(r, c->oldest_at, made.oldest_at);
    if (c->oldest <= made.oldest && c->oldest_at >= EVT_HEADER_BYTES && c->oldest_at < r->size &&
        between < evt_ring_distance(r, c->oldest_at, c->at) &&
        made.oldest - c->oldest <= between / EVT_RECORD_MIN)
        return;
    c->oldest = made.oldest;
    c->oldest_at = made.oldest_at;
}

struct evt_cursor evt_ring_survey(struct evt_ring *r)
{
    struct evt_cursor c;
    if (cursor_by_header(r, &c))
        return c;
    c = cursor_by_search(r);
    if (!c.known)
        return cursor_by_records(r);
    /* In a copy that is still being made the oldest records may not be there yet. */
    if (r->in->complete && !is_sound(r, &c))
        find_oldest(r, &c);
    if (c.oldest > c.next) {
        c.oldest = c.next;
        c.oldest_at = c.at;
    }
    return c;
}
