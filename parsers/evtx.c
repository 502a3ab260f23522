/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows event logs, .evtx: records in the order of their ids, from files that lie still and from files that
 * are written to.
 *
 * A position is the last record passed: its id, its place and a hash of its head. Reading goes on behind that
 * record, wherever new ones have come since: in the same chunk, in a chunk that was empty, or in one that was
 * overwritten because the log is a ring. What is written into a log rises in id, so a log whose ids are all
 * lower, or which has another record under the same id, is another log.
 *
 * Work goes in rounds: find the position again, survey the chunks, walk those behind it in order, then wait
 * for a change.
 */
#include "binxml.h"
#include "evtx_chunk.h"
#include "evtx_filter.h"
#include "evtx_survey.h"
#include "parser.h"

#include <stdlib.h>

enum {
    EVENT_MEMORY = 1 << 20,
    HOLD_MAX = 3,   /* calls that a torn newest chunk or a copy in the making is waited for */
    QUIET_MAX = 32, /* unchanged calls after which the whole file is looked at all the same */
    NOTICES_MAX = EVTX_FOREIGN_MAX + 4,
    HEADER_BYTES = 128, /* of a chunk's header: all but its tables */
};

/* A step that waits to be given. */
struct notice {
    enum step_kind kind;
    uint64_t offset, length, events;
    const char *reason;
};

/* What an unchanged file looks like: the places where a writer goes on. */
struct face {
    uint64_t size, newest, after_newest, first;
    bool complete;
};

enum round { ROUND_READY, ROUND_WAIT, ROUND_REPLACED, ROUND_FAILED };
enum walk { WALK_EVENT, WALK_NOTICE, WALK_DONE };

struct parser {
    const struct input *in;
    const struct selector *selector;
    struct evtx_survey survey;
    struct evtx_chunk chunk; /* the one being walked, if walking */
    struct evtx_filter filter;
    struct binxml binxml;
    struct arena arena;
    struct parser_counts counts;

    struct position pos;    /* of the last record passed before the ones in this chunk */
    struct evtx_frame last; /* the last record passed in this chunk; size 0: none yet */
    uint64_t last_chunk;    /* offset of the chunk walked last */
    uint64_t from_id;       /* records of this chunk with lower ids are passed without a look; 0: none */
    bool walking, idle, started, waiting;
    bool decoder_is_set; /* to this chunk: most chunks have nothing to decode */
    unsigned held, quiet, restarts;
    struct evtx_key reached; /* the chunk taken last from the survey */
    uint64_t held_size, held_chunks;
    uint64_t expected_passed; /* chunks that lie before the position; UINT64_MAX: not known yet */
    uint64_t foreign_to;      /* parts without records are reported up to here */
    uint64_t damage_at;       /* the damaged part reported last */
    struct face face;
    struct notice notices[NOTICES_MAX];
    size_t notice_first, notice_count;
};

/* The position as it is now. The hash is made when somebody asks, not for every record. */
static void settle_position(struct parser *p)
{
    if (p->last.size == 0)
        return;
    p->pos.record = p->last.id + 1;
    p->pos.offset = p->chunk.offset + p->last.at + p->last.size;
    p->pos.check = evtx_record_check(p->chunk.bytes + p->last.at);
}

static void notify(struct parser *p, struct notice n)
{
    if (p->notice_count < NOTICES_MAX)
        p->notices[p->notice_count++] = n;
}

static void notify_skip(struct parser *p, uint64_t offset, uint64_t length, const char *reason)
{
    notify(p, (struct notice){STEP_SKIP, offset, length, 0, reason});
}

static bool load_chunk(struct parser *p, uint64_t offset)
{
    size_t n;
    settle_position(p);
    p->last.size = 0;
    p->from_id = 0;
    if (!evtx_read(p->in, offset, p->chunk.bytes, EVTX_CHUNK_BYTES, &n))
        return false;
    if (!evtx_is_chunk(p->chunk.bytes, n))
        n = evtx_find_chunk(p->chunk.bytes, 1, n);
    evtx_chunk_begin(&p->chunk, offset, n);
    return true;
}

/* The chunk in memory is walked from where it stands. */
static void begin_walk(struct parser *p)
{
    evtx_filter_set_chunk(&p->filter, p->chunk.bytes, p->chunk.n);
    p->decoder_is_set = false;
    p->last_chunk = p->chunk.offset;
    p->walking = true;
}

/* Finds the last record passed in the chunk at offset and stands behind it. */
static bool find_last(struct parser *p, uint64_t offset, bool *found)
{
    struct evtx_frame frame;
    const char *reason;
    enum evtx_found what;
    *found = false;
    if (!load_chunk(p, offset))
        return false;
    while ((what = evtx_chunk_next(&p->chunk, &frame, &reason)) != EVTX_DONE) {
        if (what != EVTX_FRAME || frame.id + 1 != p->pos.record)
            continue;
        if (evtx_record_check(p->chunk.bytes + frame.at) != p->pos.check)
            continue;
        p->last = frame;
        *found = true;
        return true;
    }
    return true;
}

/* The key that the survey gives to the chunk in memory. */
static struct evtx_key key_of(const struct evtx_chunk *c)
{
    struct evtx_key key = {EVTX_NO_ID, c->offset};
    struct evtx_chunk again = {.bytes = c->bytes};
    struct evtx_frame frame;
    const char *reason;
    enum evtx_found what;
    if (c->has_header) {
        (void)evtx_glance(c->bytes, c->n, &key.first);
        return key;
    }
    evtx_chunk_begin(&again, c->offset, c->n);
    while ((what = evtx_chunk_next(&again, &frame, &reason)) == EVTX_DAMAGE)
        ;
    if (what == EVTX_FRAME)
        key.first = frame.id;
    return key;
}

/* Where the chunk of a saved position should be. */
static uint64_t hinted_chunk(const struct parser *p)
{
    uint64_t offset = p->pos.offset;
    if (p->started)
        return p->last_chunk;
    if (offset <= EVTX_FILE_HEADER)
        return EVTX_FILE_HEADER;
    return EVTX_FILE_HEADER + (offset - 1 - EVTX_FILE_HEADER) / EVTX_CHUNK_BYTES * EVTX_CHUNK_BYTES;
}

static void report_foreign(struct parser *p)
{
    for (size_t i = 0; i < p->survey.foreign_count; i++) {
        struct evtx_foreign f = p->survey.foreign[i];
        if (f.offset + f.length <= p->foreign_to)
            continue;
        if (f.offset < p->foreign_to) {
            f.length -= p->foreign_to - f.offset;
            f.offset = p->foreign_to;
        }
        notify_skip(p, f.offset, f.length, "a block without chunk header and without records");
        p->foreign_to = f.offset + f.length;
    }
}

/*
 * A file that is still being copied shows its chunks one by one, and those of a ring do not come in the order
 * of ids. Where a sound and clean header counts more chunks than there are, waiting keeps the order.
 */
static bool is_copy_in_the_making(struct parser *p)
{
    const struct evtx_survey *s = &p->survey;
    if (p->started || p->in->complete || s->present >= s->announced)
        return false;
    if (p->held_size != p->in->size || p->held_chunks != s->present)
        p->held = 0;
    p->held_size = p->in->size;
    p->held_chunks = s->present;
    return p->held++ < HOLD_MAX;
}

/* Chunks with ids that were passed long ago but were not there then: they are out of reach, and that is said.
 */
static void report_latecomers(struct parser *p)
{
    uint64_t passed = p->survey.passed;
    if (p->expected_passed != UINT64_MAX && passed > p->expected_passed)
        notify_skip(p, p->survey.before.offset, (passed - p->expected_passed) * EVTX_CHUNK_BYTES,
                    "chunks with older records than those already read appeared");
    p->expected_passed = passed;
}

static void report_gap(struct parser *p)
{
    const struct evtx_survey *s = &p->survey;
    if (s->chunks && s->lowest.first > p->pos.record)
        notify(p, (struct notice){STEP_GAP, 0, 0, s->lowest.first - p->pos.record,
                                  "records were overwritten before they were read"});
    if (s->chunks)
        p->pos = (struct position){s->lowest.offset, s->lowest.first, 0};
}

/* The position's record is not where it was. Ids tell whether the log went on without us or is another one.
 */
static enum round relocate(struct parser *p)
{
    const struct evtx_survey *s = &p->survey;
    bool found;
    if (s->chunks == 0)
        return ROUND_READY; /* cleared: ids go on */
    if (s->passed == 0) {
        report_gap(p);
        return ROUND_READY;
    }
    if (p->pos.check) {
        if (!find_last(p, s->before.offset, &found))
            return ROUND_FAILED;
        if (!found)
            return ROUND_REPLACED;
    } else {
        if (!load_chunk(p, s->before.offset))
            return ROUND_FAILED;
        p->from_id = p->pos.record;
    }
    begin_walk(p);
    return ROUND_READY;
}

/* A newest chunk whose check sum is wrong is being written at this moment, most likely. */
static bool is_torn(struct parser *p)
{
    if (p->in->complete || p->chunk.offset != p->survey.highest.offset || p->survey.chunks == 0)
        return false;
    if (evtx_chunk_crc(&p->chunk) != EVTX_CRC_WRONG) {
        p->held = 0;
        return false;
    }
    return p->held++ < HOLD_MAX;
}

static enum round hold(struct parser *p)
{
    p->walking = false;
    p->waiting = true;
    return ROUND_WAIT;
}

static enum round begin_round(struct parser *p)
{
    bool found = false;
    struct evtx_key bound = {0};
    p->walking = p->waiting = false;
    settle_position(p);
    p->last.size = 0;
    if (p->pos.check && !find_last(p, hinted_chunk(p), &found))
        return ROUND_FAILED;
    if (found)
        bound = key_of(&p->chunk);
    else if (p->pos.record)
        bound = (struct evtx_key){p->pos.record - 1, UINT64_MAX};
    if (!evtx_survey_run(&p->survey, p->pos.record ? &bound : NULL))
        return ROUND_FAILED;
    report_foreign(p);
    if (is_copy_in_the_making(p))
        return hold(p);
    if (p->started && p->pos.record)
        report_latecomers(p);
    if (!found && p->pos.record) {
        enum round r = relocate(p);
        if (r != ROUND_READY)
            return r;
    } else if (found) {
        begin_walk(p);
    }
    p->expected_passed = p->survey.passed;
    p->started = true;
    if (p->walking && is_torn(p))
        return hold(p);
    return ROUND_READY;
}

/* Takes up the next chunk of the survey. ROUND_WAIT: there is none, or it is not to be read yet. */
static enum round advance(struct parser *p)
{
    struct evtx_key key;
    while (!evtx_survey_next(&p->survey, &key)) {
        if (!p->survey.more)
            return ROUND_WAIT;
        if (!evtx_survey_run(&p->survey, &p->reached))
            return ROUND_FAILED;
    }
    if (!load_chunk(p, key.offset))
        return ROUND_FAILED;
    /* Written over since the survey: its ids come later now. */
    if (evtx_key_cmp(key_of(&p->chunk), key) != 0 && p->restarts++ < HOLD_MAX)
        return begin_round(p);
    if (is_torn(p)) {
        p->survey.next--;
        return hold(p);
    }
    p->reached = key;
    p->expected_passed++;
    begin_walk(p);
    return ROUND_READY;
}

static bool header_hash(const struct parser *p, uint64_t offset, uint64_t *hash)
{
    uint8_t header[HEADER_BYTES] = {0};
    size_t n;
    if (!evtx_read(p->in, offset, header, sizeof header, &n))
        return false;
    *hash = 0;
    for (size_t i = 0; i < sizeof header; i += 8)
        *hash = (*hash ^ load_le64(header + i)) * UINT64_C(0x9e3779b97f4a7c15) + (*hash >> 29);
    return true;
}

static bool look_at_face(const struct parser *p, struct face *f)
{
    *f = (struct face){.size = p->in->size, .complete = p->in->complete};
    return header_hash(p, p->last_chunk, &f->newest) &&
           header_hash(p, p->last_chunk + EVTX_CHUNK_BYTES, &f->after_newest) &&
           header_hash(p, p->survey.base, &f->first);
}

static bool face_eq(const struct face *a, const struct face *b)
{
    return a->size == b->size && a->complete == b->complete && a->newest == b->newest &&
           a->after_newest == b->after_newest && a->first == b->first;
}

/* After everything was read: has a writer been here since? */
static enum round wake_up(struct parser *p)
{
    struct face now;
    if (!look_at_face(p, &now))
        return ROUND_FAILED;
    if (face_eq(&now, &p->face) && !p->waiting && ++p->quiet < QUIET_MAX)
        return ROUND_WAIT;
    p->quiet = 0;
    p->idle = false;
    return begin_round(p);
}

static bool fall_idle(struct parser *p)
{
    p->idle = true;
    p->restarts = 0;
    return look_at_face(p, &p->face);
}

static bool is_accepted(struct parser *p, const struct event *e, enum evtx_verdict verdict)
{
    if (verdict == EVTX_WANTED || p->selector->all)
        return true;
    if (!e->event_id.has)
        return false;
    struct sv source = event_source(e);
    /* The provider stood in the template that is gone: better one event too many than one lost. */
    if (verdict == EVTX_UNREADABLE && sv_empty(source))
        return selector_wants_id(p->selector, e->event_id.v);
    return selector_wants(p->selector, source, e->event_id.v);
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
    enum binxml_outcome outcome =
        binxml_decode(&p->binxml, frame->at + EVTX_RECORD_HEAD, end, event, &p->arena);
    if (outcome == BINXML_NOTHING) {
        notify_skip(p, p->chunk.offset + frame->at, frame->size, "a record that cannot be decoded");
        return false;
    }
    if (!is_accepted(p, event, verdict)) {
        p->counts.rejected++;
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
        notify_skip(p, p->chunk.offset + hidden, frame->at + frame->size - hidden,
                    "a record hidden in the tail of another one");
    if (verdict == EVTX_DECOY)
        p->counts.rejected++;
    if (verdict != EVTX_PASS && verdict != EVTX_DECOY && take_record(p, frame, verdict, event))
        return true;
    if (frame->torn && p->notice_count == 0)
        notify_skip(p, p->chunk.offset + frame->at, frame->size, "a torn record");
    return false;
}

static void pass_damage(struct parser *p, const struct evtx_frame *frame, const char *reason)
{
    /* What follows the last record of a chunk that is still written is looked at again, but reported once. */
    uint64_t at = p->chunk.offset + frame->at;
    if (p->damage_at != at)
        notify_skip(p, at, frame->size, reason);
    p->damage_at = at;
}

static enum walk walk_chunk(struct parser *p, struct event *event)
{
    struct evtx_frame frame;
    const char *reason;
    for (;;) {
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

static void give_up(struct parser *p, struct step *step, enum round r)
{
    give(p, step, STEP_FATAL);
    step->fault.offset = p->pos.offset;
    if (r == ROUND_REPLACED)
        (void)fault_set(&step->fault, FAULT_REPLACED, 0, "the log is another one than the one read so far");
    else
        (void)fault_set(&step->fault, FAULT_OS, 0, "the log cannot be read");
}

static void evtx_next(struct parser *p, struct event *event, struct step *step)
{
    uint64_t passed = 0;
    arena_reset(&p->arena);
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
        enum round r = !p->started ? begin_round(p) : p->idle ? wake_up(p) : advance(p);
        if (r == ROUND_READY || (r == ROUND_WAIT && p->notice_count))
            continue;
        if (r == ROUND_WAIT && (p->idle || fall_idle(p))) {
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
    arena_free(&p->arena);
    free(p->chunk.bytes);
    free(p);
}

static struct parser *parser_new(const struct input *in, const struct selector *selector)
{
    struct parser *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->in = in;
    p->selector = selector;
    p->expected_passed = UINT64_MAX;
    p->damage_at = UINT64_MAX;
    p->counts.counts_records = true;
    p->last_chunk = EVTX_FILE_HEADER;
    arena_init(&p->arena, EVENT_MEMORY);
    binxml_init(&p->binxml);
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
    struct parser *p = parser_new(in, options->selector);
    if (!p) {
        (void)fault_set(fault, FAULT_MEMORY, 0, "no memory to read the log");
        return NULL;
    }
    if (is_beginning(from))
        return p;
    p->pos = *from;
    enum round r = begin_round(p);
    if (r == ROUND_READY || r == ROUND_WAIT)
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
    if (!load_chunk(p, p->survey.highest.offset))
        return false;
    while ((what = evtx_chunk_next(&p->chunk, &frame, &reason)) != EVTX_DONE)
        if (what == EVTX_FRAME)
            p->last = frame;
    settle_position(p);
    return true;
}

static bool evtx_end(const struct input *in, struct position *out, struct fault *fault)
{
    static const struct selector nothing;
    struct parser *p = parser_new(in, &nothing);
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
    if (head.n < HEADER_BYTES || load_le32(p + 32) != HEADER_BYTES || load_le16(p + 40) != EVTX_FILE_HEADER)
        return false;
    return load_le16(p + 38) == 3;
}

static int evtx_probe(struct sv head, bool complete)
{
    static const struct sv magic = SV_INIT("ElfFile\0");
    if (sv_starts(head, magic))
        return 100;
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
    .probe = evtx_probe,
    .stable_prefix = evtx_stable_prefix,
    .open = evtx_open,
    .next = evtx_next,
    .end = evtx_end,
    .counts = evtx_counts,
    .close = evtx_close,
};
