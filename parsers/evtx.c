/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows event logs, .evtx: records in the order of their ids, from files that lie still and from files that
 * are written to.
 */
#include "evtx_carve.h"

#include <stdlib.h>

enum { EVENT_MEMORY = 1 << 20 };

enum walk { WALK_EVENT, WALK_NOTICE, WALK_DONE };

/* Three or four strings without names: what Exchange hands to ReportEvent with event 9646. */
static bool looks_like_store_event(const struct event *e)
{
    for (size_t i = 0; i < e->data_count; i++)
        if (!sv_absent(e->data[i].name))
            return false;
    return e->data_count == 3 || e->data_count == 4;
}

enum opinion { OPINION_WANTED, OPINION_OTHER, OPINION_DECOY, OPINION_UNKNOWN };

static enum opinion judge(const struct parser *p, const struct event *e, enum evtx_verdict verdict,
                          enum binxml_outcome outcome)
{
    struct sv source = event_source(e);
    /* Of a damaged record the decoder may know more than the filter. */
    bool is_sure = verdict == EVTX_WANTED && (outcome == BINXML_WHOLE || sv_empty(source));
    if (is_sure || p->selector->all)
        return OPINION_WANTED;
    if (!e->event_id.has || !selector_wants_id(p->selector, e->event_id.v))
        return OPINION_OTHER;
    /* The provider is gone with its template: better one event too many than one lost. */
    if (verdict == EVTX_UNREADABLE && sv_empty(source))
        return looks_like_store_event(e) ? OPINION_WANTED : OPINION_UNKNOWN;
    return selector_wants(p->selector, source, e->event_id.v) ? OPINION_WANTED : OPINION_DECOY;
}

static enum event_trust trust_in(struct parser *p, const struct evtx_frame *frame,
                                 enum binxml_outcome outcome)
{
    if (frame->torn || !p->chunk.has_header || (outcome != BINXML_WHOLE && !p->binxml.over_limit))
        return EVENT_SALVAGED;
    return evtx_chunk_crc(&p->chunk) == EVTX_CRC_WRONG ? EVENT_CRC : EVENT_OK;
}

/* Decodes a record that is wanted or cannot be told otherwise. False: no event after all. */
static bool take_record(struct parser *p, const struct evtx_frame *frame, enum evtx_verdict verdict,
                        struct event *event)
{
    size_t end = frame->at + frame->size - (frame->torn ? 0 : 4);
    if (!p->decoder_is_set)
        binxml_set_chunk(&p->binxml, p->chunk.bytes, p->chunk.n);
    p->decoder_is_set = true;
    p->recall.near = p->chunk.offset;
    enum binxml_outcome outcome =
        binxml_decode(&p->binxml, frame->at + EVTX_RECORD_HEAD, end, event, &p->arena);
    if (outcome == BINXML_NOTHING) {
        follow_notify_skip(p, p->chunk.offset + frame->at, frame->size, "a record that cannot be decoded");
        return false;
    }
    enum opinion opinion = judge(p, event, verdict, outcome);
    if (opinion != OPINION_WANTED) {
        p->counts.rejected += opinion == OPINION_DECOY;
        if (opinion == OPINION_UNKNOWN)
            follow_notify_skip(p, p->chunk.offset + frame->at, frame->size,
                               "a record with a wanted id whose provider is lost");
        return false;
    }
    event->offset = p->chunk.offset + frame->at;
    event->length = frame->size;
    event->trust = trust_in(p, frame, outcome);
    return true;
}

static bool pass_record(struct parser *p, const struct evtx_frame *frame, struct event *event)
{
    size_t hidden;
    p->counts.records++;
    p->last = *frame;
    enum evtx_verdict verdict = evtx_filter_test(&p->filter, frame->at, frame->size, &hidden);
    if (hidden && !frame->torn)
        follow_notify_skip(p, p->chunk.offset + hidden, frame->at + frame->size - hidden,
                           "a record hidden in the tail of another one");
    if (verdict == EVTX_DECOY)
        p->counts.rejected++;
    if (verdict != EVTX_PASS && verdict != EVTX_DECOY && take_record(p, frame, verdict, event))
        return true;
    if (frame->torn && p->notice_count == 0)
        follow_notify_skip(p, p->chunk.offset + frame->at, frame->size, "a torn record");
    return false;
}

static void pass_damage(struct parser *p, const struct evtx_frame *frame, const char *reason)
{
    /* What follows the last record of a chunk that is still written is looked at again, but reported once. */
    uint64_t at = p->chunk.offset + frame->at;
    if (p->damage_at != at)
        follow_notify_skip(p, at, frame->size, reason);
    p->damage_at = at;
}

/* Passes the records that are plainly not wanted. */
static void skim(struct parser *p)
{
    struct evtx_chunk *c = &p->chunk;
    if (!c->end_is_known || p->from_id)
        return;
    struct evtx_skimmed s = evtx_filter_skim(&p->filter, c->at, c->end);
    if (s.records == 0)
        return;
    c->at = s.at;
    c->last_id = load_le64(c->bytes + s.last + 8);
    p->last = (struct evtx_frame){s.last, s.at - s.last, c->last_id, false};
    p->counts.records += s.records;
}

static enum walk walk_chunk(struct parser *p, struct event *event)
{
    struct evtx_frame frame;
    const char *reason;
    for (;;) {
        skim(p);
        enum evtx_found what = evtx_chunk_next(&p->chunk, &frame, &reason);
        if (what == EVTX_DONE)
            return WALK_DONE;
        if (what == EVTX_DAMAGE)
            pass_damage(p, &frame, reason);
        else if (frame.id >= p->from_id && pass_record(p, &frame, event))
            return WALK_EVENT;
        if (p->notice_count)
            return WALK_NOTICE;
    }
}

static void give(struct parser *p, struct step *step, enum step_kind kind)
{
    follow_settle(p);
    *step = (struct step){.kind = kind, .pos = p->pos};
}

static bool give_notice(struct parser *p, struct step *step)
{
    if (p->notice_first == p->notice_count) {
        p->notice_first = p->notice_count = 0;
        return false;
    }
    const struct evtx_notice *n = &p->notices[p->notice_first++];
    give(p, step, n->kind);
    step->offset = n->offset;
    step->length = n->length;
    step->skipped_events = n->events;
    step->reason = n->reason;
    return true;
}

static void give_up(struct parser *p, struct step *step, enum round r)
{
    give(p, step, STEP_FATAL);
    step->fault.offset = p->pos.offset;
    if (r == ROUND_REPLACED)
        (void)fault_set(&step->fault, FAULT_REPLACED, 0, "the log is another one than the one read so far");
    else
        (void)fault_set(&step->fault, FAULT_OS, 0, "the log cannot be read");
}

/* A record that was found by carving. Hidden ones have been reported when their hosts were read. */
static bool pass_stale(struct parser *p, const struct evtx_frame *frame, struct event *event)
{
    size_t hidden;
    enum evtx_verdict verdict = evtx_filter_test(&p->filter, frame->at, frame->size, &hidden);
    if (verdict == EVTX_PASS || verdict == EVTX_DECOY || !take_record(p, frame, verdict, event))
        return false;
    event->trust = EVENT_STALE;
    return true;
}

/* False when everything has been looked through. */
static bool give_stale(struct parser *p, struct event *event, struct step *step)
{
    struct evtx_frame frame;
    for (;;) {
        if (give_notice(p, step))
            return true;
        switch (carve_next(p, &frame)) {
        case CARVE_FRAME:
            if (!pass_stale(p, &frame, event))
                continue;
            give(p, step, STEP_EVENT);
            return true;
        case CARVE_PROGRESS:
            give(p, step, STEP_PROGRESS);
            return true;
        case CARVE_FAILED:
            give_up(p, step, ROUND_FAILED);
            return true;
        case CARVE_DONE:
            return false;
        }
    }
}

static bool is_to_carve(const struct parser *p)
{
    return p->carver.is_wanted && !p->carver.is_done && p->in->complete;
}

/* A copy that was cut off between two records looks whole but for the number of chunks in the file's header.
 */
static void judge_end(struct parser *p)
{
    uint64_t announced = p->survey.base + p->survey.announced * (uint64_t)EVTX_CHUNK_BYTES;
    p->end_is_judged = true;
    if (p->survey.announced && p->in->size < announced)
        follow_notify_skip(p, p->in->size, 0, "the file ends before the chunks that its header counts");
}

static void evtx_next(struct parser *p, struct event *event, struct step *step)
{
    uint64_t passed = 0;
    arena_reset(&p->arena);
    if (p->carver.is_running && give_stale(p, event, step))
        return;
    for (;;) {
        if (give_notice(p, step))
            return;
        if (p->walking) {
            enum walk w = walk_chunk(p, event);
            if (w == WALK_EVENT) {
                give(p, step, STEP_EVENT);
                return;
            }
            if (w == WALK_NOTICE)
                continue;
            p->walking = false;
            passed += EVTX_CHUNK_BYTES;
            if (passed >= PARSER_PROGRESS_BYTES) {
                give(p, step, STEP_PROGRESS);
                return;
            }
            continue;
        }
        enum round r = p->is_surveying ? follow_go_on(p)
                       : !p->started   ? follow_begin_round(p)
                       : p->idle       ? follow_wake_up(p)
                                       : follow_advance(p);
        if (r == ROUND_READY || (r == ROUND_WAIT && p->notice_count))
            continue;
        if (r == ROUND_BUSY) {
            give(p, step, STEP_PROGRESS);
            return;
        }
        if (r == ROUND_WAIT && p->in->complete && !p->end_is_judged) {
            judge_end(p);
            continue;
        }
        if (r == ROUND_WAIT && is_to_carve(p)) {
            carve_begin(p);
            if (give_stale(p, event, step))
                return;
            continue;
        }
        if (r == ROUND_WAIT && (p->idle || follow_fall_idle(p))) {
            give(p, step, STEP_MORE);
            if (p->waiting) { /* for a chunk that is being written */
                step->offset = p->chunk.offset;
                step->length = EVTX_CHUNK_BYTES;
            }
            return;
        }
        give_up(p, step, r);
        return;
    }
}

static bool is_beginning(const struct position *pos)
{
    return pos->offset == 0 && pos->record == 0 && pos->check == 0;
}

static void evtx_close(struct parser *p)
{
    if (!p)
        return;
    evtx_survey_free(&p->survey);
    binxml_free(&p->binxml);
    evtx_recall_free(&p->recall);
    arena_free(&p->arena);
    free(p->chunk.bytes);
    free(p);
}

/* Pages of consoles are for exports that were redirected; no program hands them to the event log. */
static bool is_ansi(enum code_page page)
{
    return page >= CODE_PAGE_WINDOWS_1250 && page <= CODE_PAGE_WINDOWS_1257;
}

static struct parser *parser_new(const struct input *in, const struct parser_options *options)
{
    const struct selector *selector = options->selector;
    struct parser *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->in = in;
    p->selector = selector;
    p->expected_passed = UINT64_MAX;
    p->damage_at = UINT64_MAX;
    p->carver.is_wanted = options->carve;
    p->counts.counts_records = true;
    p->last_chunk = EVTX_FILE_HEADER;
    arena_init(&p->arena, EVENT_MEMORY);
    binxml_init(&p->binxml);
    if (is_ansi(options->code_page))
        p->binxml.ansi = options->code_page;
    p->binxml.wants_text_only = options->original_only && selector->all;
    evtx_recall_init(&p->recall, in);
    p->binxml.recall = (struct binxml_recall){&p->recall, evtx_recall_find};
    evtx_filter_init(&p->filter, selector);
    p->chunk.bytes = malloc(EVTX_CHUNK_BYTES);
    if (!evtx_survey_init(&p->survey, in) || !p->chunk.bytes) {
        evtx_close(p);
        return NULL;
    }
    return p;
}

static struct parser *evtx_open(const struct input *in, const struct position *from,
                                const struct parser_options *options, struct fault *fault)
{
    struct parser *p = parser_new(in, options);
    if (!p) {
        (void)fault_set(fault, FAULT_MEMORY, 0, "no memory to read the log");
        return NULL;
    }
    if (is_beginning(from))
        return p;
    p->pos = *from;
    enum round r = follow_begin_round(p);
    if (r == ROUND_READY || r == ROUND_BUSY || r == ROUND_WAIT)
        return p;
    struct step step;
    give_up(p, &step, r);
    if (fault)
        *fault = step.fault;
    evtx_close(p);
    return NULL;
}

/* The last record of the newest chunk that has one. */
static bool find_end(struct parser *p)
{
    struct evtx_frame frame;
    const char *reason;
    enum evtx_found what;
    if (!evtx_survey_run(&p->survey, NULL))
        return false;
    if (p->survey.chunks == 0)
        return true;
    if (!follow_load_chunk(p, p->survey.highest.offset))
        return false;
    while ((what = evtx_chunk_next(&p->chunk, &frame, &reason)) != EVTX_DONE)
        if (what == EVTX_FRAME)
            p->last = frame;
    follow_settle(p);
    return true;
}

static bool evtx_end(const struct input *in, struct position *out, struct fault *fault)
{
    static const struct selector nothing;
    struct parser *p = parser_new(in, &(struct parser_options){.selector = &nothing});
    if (!p)
        return fault_set(fault, FAULT_MEMORY, 0, "no memory to read the log");
    bool ok = find_end(p);
    *out = p->pos;
    evtx_close(p);
    return ok || fault_set(fault, FAULT_OS, 0, "the log cannot be read");
}

/* A header whose magic is ruined: sizes and version are where they should be, and so is the emptiness behind
 * them. */
static bool looks_like_header(struct sv head)
{
    const uint8_t *p = (const uint8_t *)head.p;
    if (head.n < EVTX_HEADER_USED || load_le32(p + 32) != EVTX_HEADER_USED ||
        load_le16(p + 40) != EVTX_FILE_HEADER)
        return false;
    return load_le16(p + 38) == 3;
}

static int evtx_probe(struct sv head, bool complete)
{
    static const struct sv magic = SV_INIT("ElfFile\0");
    if (sv_starts(head, magic))
        return PROBE_CERTAIN;
    if (head.n < magic.n && sv_starts(magic, head))
        return complete ? 0 : PROBE_MORE;
    if (looks_like_header(head))
        return 80;
    size_t chunk = sv_find(head, SV("ElfChnk\0"));
    /* Chunks lie on sector boundaries; the same letters in a text do not. */
    return chunk != SV_NPOS && chunk % 512 == 0 ? 80 : 0;
}

/* Everything in a live log changes, its header most of all. */
static size_t evtx_stable_prefix(struct sv head)
{
    (void)head;
    return 0;
}

static void evtx_counts(const struct parser *p, struct parser_counts *out)
{
    *out = p->counts;
}

extern const struct parser_ops parser_evtx;
const struct parser_ops parser_evtx = {
    .name = "evtx",
    .title = "Windows event log (.evtx)",
    .ordered_by_record = true,
    .probe = evtx_probe,
    .stable_prefix = evtx_stable_prefix,
    .open = evtx_open,
    .next = evtx_next,
    .end = evtx_end,
    .counts = evtx_counts,
    .close = evtx_close,
};
