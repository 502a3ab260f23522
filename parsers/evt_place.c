/* SPDX-License-Identifier: Apache-2.0 */
/* Where an .evt log is read on: the last record found again, wherever a ring that turned, moved or was
 * cleared has it. */
#include "evt_inner.h"

#include "hash64.h"

enum { HOLD_MAX = 3 /* calls that what is being written is waited for */ };

/* ---- what is said ---- */

static void notify(struct parser *p, struct notice n)
{
    if (p->notice_count < NOTICES_MAX)
        p->notices[p->notice_count++] = n;
}

void evt_notify_skip(struct parser *p, uint64_t at, uint64_t length, uint64_t events, const char *reason)
{
    at = at >= p->ring.size ? EVT_HEADER_BYTES : at;
    uint64_t left = p->ring.size > at ? p->ring.size - at : 0;
    if (p->damage_at == at)
        return;
    p->damage_at = at;
    notify(p, (struct notice){STEP_SKIP, at, length < left ? length : left, events, reason});
    if (length > left)
        notify(p, (struct notice){STEP_SKIP, EVT_HEADER_BYTES, length - left, 0, reason});
}

void evt_notify_gap(struct parser *p, uint64_t events, const char *reason)
{
    notify(p, (struct notice){STEP_GAP, 0, 0, events, reason});
}

/* ---- positions ---- */

/* A hash of at least 8 bytes, never 0. It is made for every event given, so it takes eight bytes at a time.
 */
static uint64_t check_of(const uint8_t *record, size_t n)
{
    uint64_t h = HASH64_START;
    for (size_t at = 0; n - at >= 8; at += 8) {
        h = (h ^ load_le64(record + at)) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    h = (h ^ load_le64(record + n - 8)) * UINT64_C(0x9e3779b97f4a7c15);
    h ^= h >> 29;
    return h ? h : 1;
}

/* The bytes of a record passed must still be the same ones to stand for it. */
void evt_settle_position(struct parser *p)
{
    struct evt_frame f = p->last;
    if (f.length == 0)
        return;
    bool whole = evt_ring_look(&p->ring, f.at, f.number, &f) == EVT_WHOLE;
    if (!whole && !evt_ring_bytes(&p->ring, p->last.at, EVT_HEAD_BYTES, &f.bytes))
        return;
    p->pos = (struct position){p->last.at, p->last.number + 1,
                               check_of(f.bytes, whole ? f.length : (size_t)EVT_HEAD_BYTES)};
    p->head_check = check_of(f.bytes, EVT_HEAD_BYTES);
    p->last.length = 0;
}

/* True if the record stands where the position says, torn or whole. Of a torn one the head is what counts. */
static bool is_last_there(struct parser *p, uint64_t at, struct evt_frame *f)
{
    const uint8_t *head;
    enum evt_look look = evt_ring_look(&p->ring, at, p->pos.record - 1, f);
    if (look == EVT_WHOLE && check_of(f->bytes, f->length) == p->pos.check)
        return true;
    return (look == EVT_WHOLE || look == EVT_TORN) && evt_ring_bytes(&p->ring, at, EVT_HEAD_BYTES, &head) &&
           check_of(head, EVT_HEAD_BYTES) == p->pos.check;
}

/* ---- where the log begins and ends ---- */

/* What is not there yet is waited for some calls long, but no longer than nothing moves. */
bool evt_hold(struct parser *p, uint64_t at)
{
    if (p->in->complete)
        return false;
    if (p->held_size != p->in->size)
        p->held = 0;
    p->held_size = p->in->size;
    if (p->held >= HOLD_MAX)
        return false;
    p->held++;
    p->unfinished = at < p->in->size ? at : EVT_HEADER_BYTES;
    return true;
}

void evt_survey(struct parser *p)
{
    struct evt_cursor *c = &p->cursor;
    if (c->known && (c->is_made || evt_ring_still(&p->ring, c)))
        return;
    *c = evt_ring_survey(&p->ring);
}

/* The same, and the record belongs to the log as it is now: a log that was cleared leaves stale ones. */
bool evt_is_last_live(struct parser *p)
{
    struct evt_frame f;
    const struct evt_cursor *c = &p->cursor;
    if (p->pos.check == 0)
        return true;
    return is_last_there(p, p->pos.offset, &f) &&
           (c->is_made || evt_ring_distance(&p->ring, c->oldest_at, f.at) <
                              evt_ring_distance(&p->ring, c->oldest_at, c->at));
}

enum outcome evt_nothing_there(struct parser *p)
{
    if (evt_hold(p, EVT_HEADER_BYTES))
        return WAITS;
    if (!p->finished && p->ring.size > EVT_HEADER_BYTES)
        evt_notify_skip(p, EVT_HEADER_BYTES, p->ring.size - EVT_HEADER_BYTES, 0, "no records in the log");
    p->finished = true;
    return WAITS;
}

/* Bytes of a torn record: up to the next one, if its length does not tell. */
uint64_t evt_torn_length(struct parser *p, const struct evt_frame *f)
{
    struct evt_frame next;
    uint64_t distance, span;
    evt_survey(p);
    span = p->cursor.known ? evt_ring_distance(&p->ring, f->at, p->cursor.at) : 0;
    if (f->length) {
        enum evt_look after =
            evt_ring_look(&p->ring, evt_ring_add(&p->ring, f->at, f->length), f->number + 1, &next);
        if (after == EVT_WHOLE || after == EVT_END)
            return f->length;
    }
    if (span > EVT_HEAD_BYTES && evt_ring_find(&p->ring, evt_ring_add(&p->ring, f->at, 4), span - 4,
                                               f->number + 1, p->cursor.next, &distance, &next))
        span = distance + 4;
    if (span == 0) /* there is no cursor: up to the end */
        span = p->ring.size > f->at ? p->ring.size - f->at : 0;
    if (f->length && f->length < span)
        span = f->length;
    return span;
}

void evt_stand_behind(struct parser *p, const struct evt_frame *f, uint64_t length)
{
    p->at = evt_ring_add(&p->ring, f->at, length);
    p->number = f->number + 1;
}

static enum outcome begin_at_oldest(struct parser *p)
{
    evt_survey(p);
    if (!p->cursor.known)
        return evt_nothing_there(p);
    /* A copy in the making: what comes first is not there yet, or cannot be told yet. */
    if ((p->cursor.is_made || p->cursor.oldest_at >= p->ring.size) && evt_hold(p, p->cursor.at))
        return WAITS;
    p->at = p->cursor.oldest_at;
    p->number = p->cursor.oldest;
    p->started = true;
    return GOES_ON;
}

/* Walks from the oldest record to the one with this number. */
static bool find_number(struct parser *p, uint64_t number, struct evt_frame *f)
{
    const struct evt_cursor *c = &p->cursor;
    struct evt_ring *r = &p->ring;
    uint64_t at = c->oldest_at, next = c->oldest, distance;
    while (next <= number) {
        uint64_t span = evt_ring_distance(r, at, c->at);
        if (evt_ring_look(r, at, next, f) != EVT_WHOLE || f->length > span) {
            if (!evt_ring_find(r, at, span, next, number + 1, &distance, f))
                return false;
            at = f->at;
            next = f->number;
        }
        if (next == number)
            return evt_ring_look(r, f->at, number, f) == EVT_WHOLE;
        at = evt_ring_add(r, at, f->length);
        next++;
    }
    return false;
}

/* Stands where the record with this number, or the next one that there is, has to be searched for. */
static void stand_before(struct parser *p, uint64_t number)
{
    const struct evt_cursor *c = &p->cursor;
    p->number = number > c->oldest ? number : c->oldest;
    p->at = p->number < c->next ? c->oldest_at : c->at;
}

enum outcome evt_relocate(struct parser *p)
{
    const struct evt_cursor *c = &p->cursor;
    struct evt_frame f;
    evt_survey(p);
    if (!c->known || c->is_made) {
        if (evt_hold(p, p->at))
            return WAITS;
        if (!c->known)
            return IS_ANOTHER;
    }
    if (c->next < p->pos.record)
        return IS_ANOTHER;
    p->started = true;
    if (c->oldest < p->pos.record && p->pos.check) {
        if (!find_number(p, p->pos.record - 1, &f) || !is_last_there(p, f.at, &f))
            return IS_ANOTHER;
        p->pos.offset = f.at;
        evt_stand_behind(p, &f, f.length);
        return GOES_ON;
    }
    uint64_t expected = p->number > p->pos.record ? p->number : p->pos.record;
    if (c->oldest > expected)
        evt_notify_gap(p, c->oldest - expected, "records were overwritten before they were read");
    if (c->oldest >= expected || !find_number(p, expected - 1, &f))
        stand_before(p, expected);
    else
        evt_stand_behind(p, &f, f.length);
    p->pos = (struct position){p->at < p->ring.size ? p->at : EVT_HEADER_BYTES, p->number, 0};
    return GOES_ON;
}

/* True if the log still ends where everything was read, told by two small reads. */
static bool nothing_is_new(struct parser *p)
{
    uint8_t head[EVT_HEAD_BYTES];
    struct evt_cursor c = {.at = p->at, .next = p->number};
    return p->started && p->head_check && evt_ring_still(&p->ring, &c) &&
           evt_ring_peek(&p->ring, p->pos.offset, head, sizeof head) &&
           check_of(head, sizeof head) == p->head_check;
}

/* Takes the file's present state, and the place to go on from. */
enum outcome evt_begin_round(struct parser *p)
{
    struct evt_frame f;
    evt_settle_position(p);
    evt_ring_refresh(&p->ring);
    p->cursor.known = false;
    p->unfinished = 0;
    if (nothing_is_new(p))
        return WAITS;
    if (p->pos.check == 0 && p->started)
        return GOES_ON;
    if (p->pos.record == 0)
        return begin_at_oldest(p);
    if (p->pos.check && is_last_there(p, p->pos.offset, &f)) {
        if (!p->started)
            evt_stand_behind(p, &f, f.bytes ? f.length : evt_torn_length(p, &f));
        p->started = true;
        return GOES_ON;
    }
    return evt_relocate(p);
}

/* ---- the end ---- */

/* The record in front of the cursor, by the length that it ends with. */
bool evt_find_newest(struct parser *p, struct evt_frame *f)
{
    const struct evt_cursor *c = &p->cursor;
    const uint8_t *copy;
    uint64_t turn = p->ring.size - EVT_HEADER_BYTES;
    if (evt_ring_bytes(&p->ring, evt_ring_add(&p->ring, c->at, turn - 4), 4, &copy)) {
        uint32_t length = load_le32(copy);
        if (length <= turn && evt_ring_look(&p->ring, evt_ring_add(&p->ring, c->at, turn - length),
                                            c->next - 1, f) == EVT_WHOLE)
            return true;
    }
    return find_number(p, c->next - 1, f);
}
