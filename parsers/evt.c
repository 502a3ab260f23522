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
#include "evt_inner.h"
#include "evt_record.h"

#include <stdlib.h>

enum { EVENT_MEMORY = 2 << 20 };

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
    evt_stand_behind(p, f, f->length);
    p->found_again = false;
    return taken;
}

/* A longer one than there may be is read up to the limit. */
static enum outcome pass_torn(struct parser *p, struct evt_frame *f, struct event *event)
{
    bool taken = false;
    uint64_t length = evt_torn_length(p, f);
    f->length = length < EVT_RECORD_MAX ? (size_t)length : EVT_RECORD_MAX;
    if (length >= EVT_HEAD_BYTES && evt_ring_bytes(&p->ring, f->at, f->length, &f->bytes))
        taken = pass_record(p, f, true, event);
    evt_stand_behind(p, f, length);
    if (taken)
        return GIVES_EVENT;
    evt_notify_skip(p, f->at, length, 1, "a torn record");
    return GIVES_NOTICE;
}

/* The record that should come next is damaged: the next one that can be found, or the log's end. */
static enum outcome salvage(struct parser *p)
{
    struct evt_frame f = {.at = p->cursor.at, .number = p->cursor.next};
    uint64_t span = evt_ring_distance(&p->ring, p->at, p->cursor.at), distance = span;
    p->found_again = span && evt_ring_find(&p->ring, p->at, span, p->number, p->cursor.next, &distance, &f);
    if (distance)
        evt_notify_skip(p, p->at, distance, f.number - p->number, "damaged records");
    else
        evt_notify_gap(p, f.number - p->number, "record numbers are missing");
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
        evt_notify_skip(p, p->at, left < EVT_CURSOR_BYTES ? left : EVT_CURSOR_BYTES, 0,
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
    evt_settle_position(p);
    if (!evt_is_last_live(p))
        return p->restarts++ < RESTARTS_MAX ? evt_relocate(p) : WAITS;
    if (span)
        evt_notify_skip(p, p->at, span, 0, "no records in front of the end");
    return WAITS;
}

/* The ring does not go on at p->at. */
static enum outcome resolve(struct parser *p, enum evt_look look, struct evt_frame *f, struct event *event)
{
    const struct evt_cursor *c = &p->cursor;
    if (p->ring.failed)
        return HAS_FAILED;
    evt_survey(p);
    if (!c->known)
        return evt_nothing_there(p);
    if (c->is_made && evt_hold(p, p->at))
        return WAITS;
    if (c->is_made && p->number >= c->next)
        return end_without_cursor(p, look, f, event);
    if (p->number >= c->next)
        return end_elsewhere(p);
    evt_settle_position(p);
    if (p->number < c->oldest || (p->restarts < RESTARTS_MAX && !evt_is_last_live(p))) {
        p->restarts++;
        return evt_relocate(p);
    }
    /* What lies behind the file's present end may still come. */
    if (p->at + evt_ring_distance(&p->ring, p->at, c->at) > p->ring.size && evt_hold(p, p->at))
        return WAITS;
    return look == EVT_TORN ? pass_torn(p, f, event) : salvage(p);
}

/* True if the log's end does not lie between here and the file's end. */
static bool can_go_on_at_first(struct parser *p)
{
    evt_survey(p);
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
        if (look == EVT_WHOLE && can_be_cut(p, &f) && evt_hold(p, f.at))
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
    evt_settle_position(p);
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
    enum outcome o = p->reading ? GOES_ON : evt_begin_round(p);
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
    enum outcome o = evt_begin_round(p);
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

static bool evt_end(const struct input *in, struct position *out, struct fault *fault)
{
    static const struct selector nothing;
    struct evt_frame f;
    struct parser *p = parser_new(in, &nothing);
    if (!p)
        return fault_set(fault, FAULT_MEMORY, 0, "no memory to read the log");
    evt_survey(p);
    if (p->cursor.known) {
        p->pos = (struct position){p->cursor.at, p->cursor.next, 0};
        if (p->cursor.oldest < p->cursor.next && evt_find_newest(p, &f))
            p->last = f;
        evt_settle_position(p);
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
