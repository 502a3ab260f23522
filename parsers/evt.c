/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event logs of Windows NT 4 to 2003, .evt: records in the order of their numbers, from files that lie still
 * and from files that are written to.
 *
 * A position is the last record passed: its number, its place and a hash of it. Reading follows the ring from
 * there to the cursor, which costs one small look while nothing is new. Where the ring does not go on as it
 * should, the cursor tells what happened: what it calls overwritten is a gap, what it still has is damage and
 * is searched for, and where the last record passed is another one, so is the log, because whoever clears a
 * log lets its numbers start again.
 */
#include "evt_record.h"
#include "evt_ring.h"
#include "hash64.h"
#include "parser.h"

#include <stdlib.h>

enum {
    EVENT_MEMORY = 2 << 20,
    HOLD_MAX = 3,     /* calls that what is being written is waited for */
    RESTARTS_MAX = 3, /* searches for the last record in one call, where a writer is faster */
    NOTICES_MAX = 8,
};

/* A step that waits to be given. */
struct notice {
    enum step_kind kind;
    uint64_t offset, length, events;
    const char *reason;
};

enum outcome {
    GOES_ON,
    GIVES_EVENT,
    GIVES_NOTICE,
    GIVES_PROGRESS,
    WAITS,
    IS_ANOTHER, /* log */
    HAS_FAILED,
};

struct parser {
    const struct input *in;
    const struct selector *selector;
    struct evt_ring ring;
    struct evt_cursor cursor;
    struct arena arena;
    struct buf original;
    struct parser_counts counts;

    struct position pos;   /* as given last */
    uint64_t head_check;   /* a hash of that record's head */
    struct evt_frame last; /* passed since then; length 0: none */
    uint64_t at, number;   /* the next record: its place and its number */
    bool started, reading;
    bool found_again; /* the next record was searched for */
    bool finished;    /* what stands behind the last record of a log without a cursor has been told */
    unsigned held, restarts;
    uint64_t held_size, unfinished; /* the place that is waited at; 0: none */
    uint64_t damage_at;             /* the damaged part reported last */
    struct notice notices[NOTICES_MAX];
    size_t notice_first, notice_count;
};

/* ---- what is said ---- */

static void notify(struct parser *p, struct notice n)
{
    if (p->notice_count < NOTICES_MAX)
        p->notices[p->notice_count++] = n;
}

/* A part that reaches over the file's end is two parts. The same one is met again at every round, but told
 * once. */
static void notify_skip(struct parser *p, uint64_t at, uint64_t length, uint64_t events, const char *reason)
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

static void notify_gap(struct parser *p, uint64_t events, const char *reason)
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
static void settle_position(struct parser *p)
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
static bool hold(struct parser *p, uint64_t at)
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

static void survey(struct parser *p)
{
    struct evt_cursor *c = &p->cursor;
    if (c->known && (c->is_made || evt_ring_still(&p->ring, c)))
        return;
    *c = evt_ring_survey(&p->ring);
}

/* The same, and the record belongs to the log as it is now: a log that was cleared leaves stale ones. */
static bool is_last_live(struct parser *p)
{
    struct evt_frame f;
    const struct evt_cursor *c = &p->cursor;
    if (p->pos.check == 0)
        return true;
    return is_last_there(p, p->pos.offset, &f) &&
           (c->is_made || evt_ring_distance(&p->ring, c->oldest_at, f.at) <
                              evt_ring_distance(&p->ring, c->oldest_at, c->at));
}

static enum outcome nothing_there(struct parser *p)
{
    if (hold(p, EVT_HEADER_BYTES))
        return WAITS;
    if (!p->finished && p->ring.size > EVT_HEADER_BYTES)
        notify_skip(p, EVT_HEADER_BYTES, p->ring.size - EVT_HEADER_BYTES, 0, "no records in the log");
    p->finished = true;
    return WAITS;
}

/* Bytes of a torn record: up to the next one, if its length does not tell. */
static uint64_t torn_length(struct parser *p, const struct evt_frame *f)
{
    struct evt_frame next;
    uint64_t distance, span;
    survey(p);
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

static void stand_behind(struct parser *p, const struct evt_frame *f, uint64_t length)
{
    p->at = evt_ring_add(&p->ring, f->at, length);
    p->number = f->number + 1;
}

static enum outcome begin_at_oldest(struct parser *p)
{
    survey(p);
    if (!p->cursor.known)
        return nothing_there(p);
    /* A copy in the making: what comes first is not there yet, or cannot be told yet. */
    if ((p->cursor.is_made || p->cursor.oldest_at >= p->ring.size) && hold(p, p->cursor.at))
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

/* The last record is not where it was: overwritten, moved (Windows does that when a full log may grow), or of
 * another log. */
static enum outcome relocate(struct parser *p)
{
    const struct evt_cursor *c = &p->cursor;
    struct evt_frame f;
    survey(p);
    if (!c->known || c->is_made) {
        if (hold(p, p->at))
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
        stand_behind(p, &f, f.length);
        return GOES_ON;
    }
    uint64_t expected = p->number > p->pos.record ? p->number : p->pos.record;
    if (c->oldest > expected)
        notify_gap(p, c->oldest - expected, "records were overwritten before they were read");
    if (c->oldest >= expected || !find_number(p, expected - 1, &f))
        stand_before(p, expected);
    else
        stand_behind(p, &f, f.length);
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
static enum outcome begin_round(struct parser *p)
{
    struct evt_frame f;
    settle_position(p);
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
            stand_behind(p, &f, f.bytes ? f.length : torn_length(p, &f));
        p->started = true;
        return GOES_ON;
    }
    return relocate(p);
}

/* ---- records ---- */

static bool take_record(struct parser *p, const struct evt_frame *f, bool torn, size_t n, struct event *event)
{
    enum evt_verdict verdict = n < EVT_HEAD_BYTES ? EVT_PASS : evt_record_test(f->bytes, n, p->selector);
    p->counts.rejected += verdict == EVT_DECOY;
    if (verdict != EVT_WANTED)
        return false;
    evt_record_decode(f->bytes, n, &p->arena, &p->original, event);
    event->offset = f->at;
    event->length = f->length;
    event->trust =
        torn || p->found_again || (p->cursor.known && p->cursor.is_made) ? EVENT_SALVAGED : EVENT_OK;
    return true;
}

/* The frame's bytes and length are known. */
static bool pass_record(struct parser *p, const struct evt_frame *f, bool torn, struct event *event)
{
    p->counts.records++;
    p->finished = false;
    p->damage_at = UINT64_MAX;
    bool taken = take_record(p, f, torn, torn ? f->length : f->length - 4, event);
    p->last = *f;
    stand_behind(p, f, f->length);
    p->found_again = false;
    return taken;
}

/* A longer one than there may be is read up to the limit. */
static enum outcome pass_torn(struct parser *p, struct evt_frame *f, struct event *event)
{
    bool taken = false;
    uint64_t length = torn_length(p, f);
    f->length = length < EVT_RECORD_MAX ? (size_t)length : EVT_RECORD_MAX;
    if (length >= EVT_HEAD_BYTES && evt_ring_bytes(&p->ring, f->at, f->length, &f->bytes))
        taken = pass_record(p, f, true, event);
    stand_behind(p, f, length);
    if (taken)
        return GIVES_EVENT;
    notify_skip(p, f->at, length, 1, "a torn record");
    return GIVES_NOTICE;
}

/* The record that should come next is damaged: the next one that can be found, or the log's end. */
static enum outcome salvage(struct parser *p)
{
    struct evt_frame f = {.at = p->cursor.at, .number = p->cursor.next};
    uint64_t span = evt_ring_distance(&p->ring, p->at, p->cursor.at), distance = span;
    p->found_again = span && evt_ring_find(&p->ring, p->at, span, p->number, p->cursor.next, &distance, &f);
    if (distance)
        notify_skip(p, p->at, distance, f.number - p->number, "damaged records");
    else
        notify_gap(p, f.number - p->number, "record numbers are missing");
    p->at = f.at;
    p->number = f.number;
    return GIVES_NOTICE;
}

/* The end of a log that has no cursor. */
static enum outcome end_without_cursor(struct parser *p, enum evt_look look, struct evt_frame *f,
                                       struct event *event)
{
    uint64_t left = p->at < p->ring.size ? p->ring.size - p->at : 0;
    enum outcome o = WAITS;
    if (p->finished || !p->in->complete)
        return WAITS;
    if (look == EVT_TORN)
        o = pass_torn(p, f, event);
    else if (left)
        notify_skip(p, p->at, left < EVT_CURSOR_BYTES ? left : EVT_CURSOR_BYTES, 0,
                    "the end record is missing");
    p->finished = true;
    return o;
}

/* Everything up to the cursor was passed, but the cursor is not here, or has another number. */
static enum outcome end_elsewhere(struct parser *p)
{
    uint64_t span = evt_ring_distance(&p->ring, p->at, p->cursor.at);
    if (p->number > p->cursor.next && span)
        return IS_ANOTHER;
    settle_position(p);
    if (!is_last_live(p))
        return p->restarts++ < RESTARTS_MAX ? relocate(p) : WAITS;
    if (span)
        notify_skip(p, p->at, span, 0, "no records in front of the end");
    return WAITS;
}

/* The ring does not go on at p->at. */
static enum outcome resolve(struct parser *p, enum evt_look look, struct evt_frame *f, struct event *event)
{
    const struct evt_cursor *c = &p->cursor;
    if (p->ring.failed)
        return HAS_FAILED;
    survey(p);
    if (!c->known)
        return nothing_there(p);
    if (c->is_made && hold(p, p->at))
        return WAITS;
    if (c->is_made && p->number >= c->next)
        return end_without_cursor(p, look, f, event);
    if (p->number >= c->next)
        return end_elsewhere(p);
    settle_position(p);
    if (p->number < c->oldest || (p->restarts < RESTARTS_MAX && !is_last_live(p))) {
        p->restarts++;
        return relocate(p);
    }
    /* What lies behind the file's present end may still come. */
    if (p->at + evt_ring_distance(&p->ring, p->at, c->at) > p->ring.size && hold(p, p->at))
        return WAITS;
    return look == EVT_TORN ? pass_torn(p, f, event) : salvage(p);
}

/* True if the log's end does not lie between here and the file's end. */
static bool can_go_on_at_first(struct parser *p)
{
    survey(p);
    return !p->cursor.known || p->cursor.is_made || p->at >= p->ring.size || p->cursor.at <= p->at;
}

/* What stands at p->at. Too little room for a record in front of the file's end is left empty. */
static enum evt_look look_on(struct parser *p, struct evt_frame *f)
{
    struct evt_frame first;
    enum evt_look look = evt_ring_look(&p->ring, p->at, p->number, f);
    if (look == EVT_WHOLE || look == EVT_END || !can_go_on_at_first(p))
        return look;
    enum evt_look at_first = evt_ring_look(&p->ring, EVT_HEADER_BYTES, p->number, &first);
    if (at_first != EVT_WHOLE && at_first != EVT_END)
        return evt_ring_look(&p->ring, p->at, p->number, f);
    p->at = EVT_HEADER_BYTES;
    *f = first;
    return at_first;
}

/*
 * A record that seems to go on at the ring's beginning may only be cut by the present end of a file that
 * grows: what follows it tells.
 */
static bool can_be_cut(struct parser *p, struct evt_frame *f)
{
    struct evt_frame next;
    if (p->in->complete || f->length <= p->ring.size - f->at)
        return false;
    enum evt_look look =
        evt_ring_look(&p->ring, evt_ring_add(&p->ring, f->at, f->length), f->number + 1, &next);
    bool whole = evt_ring_look(&p->ring, f->at, f->number, f) == EVT_WHOLE;
    return !whole || (look != EVT_WHOLE && look != EVT_END);
}

/* No record lies over a cursor that is still there. */
static bool covers_cursor(struct parser *p, struct evt_frame *f)
{
    if (!p->cursor.known)
        return false;
    uint64_t distance = evt_ring_distance(&p->ring, f->at, p->cursor.at);
    if (distance >= f->length || (distance == 0 && p->cursor.is_made))
        return false;
    if (!p->cursor.is_made && !evt_ring_still(&p->ring, &p->cursor)) {
        p->cursor.known = false;
        return false;
    }
    return true;
}

/*
 * The short way past what is not wanted: whole records in the window, in front of the cursor. Everything else
 * is for those who know more. Returns the bytes passed.
 */
static uint64_t pass_unwanted(struct parser *p)
{
    struct sv window = evt_ring_window(&p->ring, p->at);
    const uint8_t *record = (const uint8_t *)window.p;
    size_t n = window.n, passed = 0, length;
    if (n == 0)
        return 0;
    if (p->cursor.known && p->cursor.at > p->at && p->cursor.at - p->at < n)
        n = (size_t)(p->cursor.at - p->at);
    while ((length = evt_whole_length(record + passed, n - passed, p->number)) != 0) {
        if (evt_record_test(record + passed, length - 4, p->selector) != EVT_PASS)
            break;
        p->last = (struct evt_frame){.at = p->at + passed, .number = p->number, .length = length};
        p->number++;
        p->counts.records++;
        passed += length;
    }
    if (passed) {
        p->at += passed;
        p->found_again = p->finished = false;
        p->damage_at = UINT64_MAX;
    }
    return passed;
}

static enum outcome read_on(struct parser *p, struct event *event)
{
    for (uint64_t passed = 0; passed < PARSER_PROGRESS_BYTES;) {
        struct evt_frame f;
        passed += pass_unwanted(p);
        enum evt_look look = look_on(p, &f);
        if (look == EVT_END) {
            p->held = 0;
            return WAITS;
        }
        if (look == EVT_WHOLE && can_be_cut(p, &f) && hold(p, f.at))
            return WAITS;
        if (look == EVT_WHOLE && f.bytes && !covers_cursor(p, &f)) {
            passed += f.length;
            if (pass_record(p, &f, false, event))
                return GIVES_EVENT;
        } else {
            enum outcome o = resolve(p, look == EVT_WHOLE ? EVT_NOTHING : look, &f, event);
            if (o != GOES_ON || p->notice_count)
                return o;
        }
    }
    return GIVES_PROGRESS;
}

/* ---- the contract ---- */

static void give(struct parser *p, struct step *step, enum step_kind kind)
{
    settle_position(p);
    *step = (struct step){.kind = kind, .pos = p->pos};
}

static bool give_notice(struct parser *p, struct step *step)
{
    if (p->notice_first == p->notice_count) {
        p->notice_first = p->notice_count = 0;
        return false;
    }
    const struct notice *n = &p->notices[p->notice_first++];
    give(p, step, n->kind);
    step->offset = n->offset;
    step->length = n->length;
    step->skipped_events = n->events;
    step->reason = n->reason;
    return true;
}

static void give_more(struct parser *p, struct step *step)
{
    give(p, step, STEP_MORE);
    p->reading = false;
    if (p->unfinished && p->unfinished < p->in->size) {
        step->offset = p->unfinished;
        step->length = p->in->size - p->unfinished;
    }
}

static void give_up(struct parser *p, struct step *step, enum outcome o)
{
    give(p, step, STEP_FATAL);
    step->fault.offset = p->pos.offset;
    if (o == IS_ANOTHER)
        (void)fault_set(&step->fault, FAULT_REPLACED, 0, "the log is another one than the one read so far");
    else
        (void)fault_set(&step->fault, FAULT_OS, 0, "the log cannot be read");
}

/* Begins or goes on. What was told of bytes that could not be read is not true. */
static enum outcome proceed(struct parser *p, struct event *event)
{
    enum outcome o = p->reading ? GOES_ON : begin_round(p);
    p->reading = true;
    if (o == GOES_ON && p->notice_count == 0 && !p->ring.failed)
        o = read_on(p, event);
    if (!p->ring.failed || o == GIVES_EVENT)
        return o;
    p->notice_count = 0;
    return HAS_FAILED;
}

static void evt_next(struct parser *p, struct event *event, struct step *step)
{
    arena_reset(&p->arena);
    p->restarts = 0;
    for (;;) {
        if (give_notice(p, step))
            return;
        enum outcome o = proceed(p, event);
        if (o == GIVES_EVENT || o == GIVES_PROGRESS) {
            give(p, step, o == GIVES_EVENT ? STEP_EVENT : STEP_PROGRESS);
            return;
        }
        if (o == IS_ANOTHER || o == HAS_FAILED) {
            p->reading = false;
            give_up(p, step, o);
            return;
        }
        if (o == WAITS && p->notice_count == 0) {
            give_more(p, step);
            return;
        }
    }
}

static void evt_close(struct parser *p)
{
    if (!p)
        return;
    evt_ring_free(&p->ring);
    arena_free(&p->arena);
    buf_free(&p->original);
    free(p);
}

static struct parser *parser_new(const struct input *in, const struct selector *selector)
{
    struct parser *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->in = in;
    p->selector = selector;
    p->damage_at = UINT64_MAX;
    p->counts.counts_records = true;
    arena_init(&p->arena, EVENT_MEMORY);
    buf_init(&p->original, EVT_ORIGINAL_MAX);
    if (evt_ring_init(&p->ring, in))
        return p;
    evt_close(p);
    return NULL;
}

static struct parser *evt_open(const struct input *in, const struct position *from,
                               const struct parser_options *options, struct fault *fault)
{
    struct step step;
    struct parser *p = parser_new(in, options->selector);
    if (!p) {
        (void)fault_set(fault, FAULT_MEMORY, 0, "no memory to read the log");
        return NULL;
    }
    p->pos = *from;
    if (from->record == 0)
        return p;
    enum outcome o = begin_round(p);
    if (p->ring.failed)
        o = HAS_FAILED;
    if (o != IS_ANOTHER && o != HAS_FAILED)
        return p;
    give_up(p, &step, o);
    if (fault)
        *fault = step.fault;
    evt_close(p);
    return NULL;
}

/* The record in front of the cursor, by the length that it ends with. */
static bool find_newest(struct parser *p, struct evt_frame *f)
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

static bool evt_end(const struct input *in, struct position *out, struct fault *fault)
{
    static const struct selector nothing;
    struct evt_frame f;
    struct parser *p = parser_new(in, &nothing);
    if (!p)
        return fault_set(fault, FAULT_MEMORY, 0, "no memory to read the log");
    survey(p);
    if (p->cursor.known) {
        p->pos = (struct position){p->cursor.at, p->cursor.next, 0};
        if (p->cursor.oldest < p->cursor.next && find_newest(p, &f))
            p->last = f;
        settle_position(p);
    }
    bool ok = !p->ring.failed;
    *out = p->pos;
    evt_close(p);
    return ok || fault_set(fault, FAULT_OS, 0, "the log cannot be read");
}

/* "LfLe" stands between the size and the version of the header, 1.1. */
static int evt_probe(struct sv head, bool complete)
{
    static const struct sv beginning = SV_INIT("\x30\0\0\0LfLe\1\0\0\0\1\0\0\0");
    if (sv_starts(head, beginning))
        return PROBE_CERTAIN;
    if (head.n < beginning.n && sv_starts(beginning, head))
        return complete ? 0 : PROBE_MORE;
    if (head.n < EVT_HEADER_BYTES + EVT_HEAD_BYTES)
        return 0;
    /* A ruined header, or one in front of the ring's first record. */
    const uint8_t *h = (const uint8_t *)head.p, *record = h + EVT_HEADER_BYTES;
    bool is_header = (load_le32(h) == EVT_HEADER_BYTES) + sv_eq(sv_slice(head, 4, 8), SV("LfLe")) +
                         sv_eq(sv_slice(head, 8, 16), sv_slice(beginning, 8, 16)) >=
                     2;
    bool is_record = load_le32(record) <= EVT_RECORD_MAX && memcmp(record + 4, "LfLe", 4) == 0;
    return is_header || is_record ? 80 : 0;
}

/* Everything in a live log changes, its header most of all. */
static size_t evt_stable_prefix(struct sv head)
{
    (void)head;
    return 0;
}

static void evt_counts(const struct parser *p, struct parser_counts *out)
{
    *out = p->counts;
}

extern const struct parser_ops parser_evt;
const struct parser_ops parser_evt = {
    .name = "evt",
    .title = "Windows event log (.evt)",
    .ordered_by_record = true,
    .probe = evt_probe,
    .stable_prefix = evt_stable_prefix,
    .open = evt_open,
    .next = evt_next,
    .end = evt_end,
    .counts = evt_counts,
    .close = evt_close,
};
