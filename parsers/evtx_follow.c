/* SPDX-License-Identifier: Apache-2.0 */
/* Which chunk of a log is read next, and when: positions, rounds and waiting. */
#include "evtx_follow.h"

enum {
    HOLD_MAX = 3,   /* calls that a writer is waited for while nothing changes */
    HOLD_ALL = 64,  /* and while something does: a sum that is never right must not hold up for ever */
    QUIET_MAX = 32, /* unchanged calls after which the whole file is looked at all the same */
};

void follow_settle(struct parser *p)
{
    if (p->last.size == 0)
        return;
    p->pos.record = p->last.id + 1;
    p->pos.offset = p->chunk.offset + p->last.at + p->last.size;
    p->pos.check = evtx_record_check(p->chunk.bytes + p->last.at);
}

static void notify(struct parser *p, struct evtx_notice n)
{
    if (p->notice_count < EVTX_NOTICES_MAX)
        p->notices[p->notice_count++] = n;
}

void follow_notify_skip(struct parser *p, uint64_t offset, uint64_t length, const char *reason)
{
    notify(p, (struct evtx_notice){STEP_SKIP, offset, length, 0, reason});
}

bool follow_load_chunk(struct parser *p, uint64_t offset)
{
    size_t n;
    follow_settle(p);
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
    if (!follow_load_chunk(p, offset))
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
        /* The next chunk may be half written there. */
        if (!p->in->complete && f.offset > p->survey.highest.offset && !p->rested)
            continue;
        if (f.offset < p->foreign_to) {
            f.length -= p->foreign_to - f.offset;
            f.offset = p->foreign_to;
        }
        follow_notify_skip(p, f.offset, f.length, "a block without chunk header and without records");
        p->foreign_to = f.offset + f.length;
    }
}

/*
 * What was met in a file that may be in the middle of being written is looked at again: as often as it has
 * changed since, and a few times more.
 */
static bool may_change_yet(struct parser *p)
{
    if (p->in->complete)
        return false;
    uint64_t look = p->in->size ^ p->survey.present << 48 ^ evtx_crc32(0, p->chunk.bytes, p->chunk.n);
    if (look != p->held_look)
        p->held = 0;
    p->held_look = look;
    return p->held++ < HOLD_MAX && p->held_calls++ < HOLD_ALL;
}

/*
 * A file that is still being copied shows its chunks one by one, and those of a ring do not come in the order
 * of ids. Where a sound and clean header counts more chunks than there are, waiting keeps the order.
 */
static bool is_copy_in_the_making(struct parser *p)
{
    return !p->started && p->survey.present < p->survey.announced && may_change_yet(p);
}

/* Chunks with ids that were passed long ago but were not there then: they are out of reach, and that is said.
 */
static void report_latecomers(struct parser *p)
{
    uint64_t passed = p->survey.passed, at = p->survey.before.offset;
    if (p->expected_passed != UINT64_MAX && passed > p->expected_passed) {
        /* They may lie anywhere, and the last one of the file may be cut off. */
        uint64_t bytes = (passed - p->expected_passed) * EVTX_CHUNK_BYTES,
                 left = at < p->in->size ? p->in->size - at : 0;
        follow_notify_skip(p, at, bytes < left ? bytes : left,
                           "chunks with older records than those already read appeared");
    }
    p->expected_passed = passed;
}

static void report_gap(struct parser *p)
{
    const struct evtx_survey *s = &p->survey;
    if (s->chunks && s->lowest.first > p->pos.record)
        notify(p, (struct evtx_notice){STEP_GAP, 0, 0, s->lowest.first - p->pos.record,
                                       "records were overwritten before they were read"});
    if (s->chunks)
        p->pos = (struct position){s->lowest.offset, s->lowest.first, 0};
}

static enum round hold(struct parser *p)
{
    p->walking = false;
    p->waiting = true;
    return ROUND_WAIT;
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
        /* A log that is being cleared looks like that for a moment. */
        if (!found)
            return may_change_yet(p) ? hold(p) : ROUND_REPLACED;
    } else {
        if (!follow_load_chunk(p, s->before.offset))
            return ROUND_FAILED;
        p->from_id = p->pos.record;
    }
    begin_walk(p);
    return ROUND_READY;
}

/*
 * Is the chunk in memory one that a writer may be writing now? The newest one; and the oldest one of a ring,
 * which is overwritten next: it lies where the ring begins, or behind a chunk with higher ids. The survey may
 * be of old, so that one is looked at again.
 */
static bool is_in_writers_way(const struct parser *p)
{
    uint8_t head[EVTX_GLANCE_BYTES] = {0};
    uint64_t offset = p->chunk.offset, before;
    size_t n;
    if (offset == p->survey.highest.offset || offset == p->survey.base)
        return true;
    return offset >= EVTX_CHUNK_BYTES && evtx_read(p->in, offset - EVTX_CHUNK_BYTES, head, sizeof head, &n) &&
           evtx_is_chunk(head, n) && evtx_glance(head, n, &before) && before > key_of(&p->chunk).first;
}

/* Such a chunk whose check sum is wrong is being written at this moment, most likely. */
static bool is_torn(struct parser *p)
{
    if (p->in->complete || p->survey.chunks == 0 || !is_in_writers_way(p))
        return false;
    if (evtx_chunk_crc(&p->chunk) == EVTX_CRC_WRONG)
        return may_change_yet(p);
    if (p->chunk.offset == p->survey.highest.offset)
        p->held_calls = 0;
    return false;
}

/* All chunks are known. */
static enum round begin_reading(struct parser *p)
{
    report_foreign(p);
    if (is_copy_in_the_making(p))
        return hold(p);
    if (!p->is_found && p->pos.record) {
        enum round r = relocate(p);
        if (r != ROUND_READY)
            return r;
        if (p->walking && is_torn(p))
            return hold(p);
    } else if (p->is_found) {
        begin_walk(p);
        if (is_torn(p))
            return hold(p);
        if (p->started)
            report_latecomers(p);
    }
    /* From here on nothing goes uncounted: not even what is overwritten before its first record was read. */
    if (p->pos.record == 0 && p->survey.chunks)
        p->pos = (struct position){p->survey.lowest.offset, p->survey.lowest.first, 0};
    p->expected_passed = p->survey.passed;
    p->started = true;
    return ROUND_READY;
}

enum round follow_go_on(struct parser *p)
{
    enum evtx_survey_state state = evtx_survey_go_on(&p->survey, PARSER_PROGRESS_BYTES);
    p->is_surveying = state == SURVEY_PAUSED;
    if (state == SURVEY_PAUSED)
        return ROUND_BUSY;
    if (state == SURVEY_FAILED)
        return ROUND_FAILED;
    return p->is_between_chunks ? follow_advance(p) : begin_reading(p);
}

static enum round survey(struct parser *p, const struct evtx_key *bound, bool is_between_chunks)
{
    p->is_between_chunks = is_between_chunks;
    return evtx_survey_begin(&p->survey, bound, p->rested) ? follow_go_on(p) : ROUND_FAILED;
}

enum round follow_begin_round(struct parser *p)
{
    struct evtx_key bound = {0};
    p->walking = p->waiting = p->is_found = false;
    follow_settle(p);
    p->last.size = 0;
    if (p->pos.check && !find_last(p, hinted_chunk(p), &p->is_found))
        return ROUND_FAILED;
    if (p->is_found)
        bound = key_of(&p->chunk);
    else if (p->pos.record)
        bound = (struct evtx_key){p->pos.record - 1, UINT64_MAX};
    return survey(p, p->pos.record ? &bound : NULL, false);
}

/* Not where nothing changes: a damaged chunk may look different at every look. */
static bool restart_helps(struct parser *p)
{
    uint32_t look = evtx_crc32(0, p->chunk.bytes, p->chunk.n);
    if (look != p->restart_look)
        p->restarts = 0;
    p->restart_look = look;
    return p->restarts++ < HOLD_MAX;
}

enum round follow_advance(struct parser *p)
{
    struct evtx_key key;
    if (!evtx_survey_next(&p->survey, &key))
        return p->survey.more ? survey(p, &p->reached, true) : ROUND_WAIT;
    if (!follow_load_chunk(p, key.offset))
        return ROUND_FAILED;
    /* Written over since the survey: its ids come later now. */
    if (evtx_key_cmp(key_of(&p->chunk), key) != 0 && restart_helps(p))
        return follow_begin_round(p);
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
    uint8_t header[EVTX_HEADER_USED] = {0};
    size_t n;
    if (!evtx_read(p->in, offset, header, sizeof header, &n))
        return false;
    *hash = 0;
    for (size_t i = 0; i < sizeof header; i += 8)
        *hash = (*hash ^ load_le64(header + i)) * UINT64_C(0x9e3779b97f4a7c15) + (*hash >> 29);
    return true;
}

static bool look_at_face(const struct parser *p, struct evtx_face *f)
{
    *f = (struct evtx_face){.size = p->in->size, .complete = p->in->complete};
    return header_hash(p, p->last_chunk, &f->newest) &&
           header_hash(p, p->last_chunk + EVTX_CHUNK_BYTES, &f->after_newest) &&
           header_hash(p, p->survey.base, &f->first);
}

static bool face_eq(const struct evtx_face *a, const struct evtx_face *b)
{
    return a->size == b->size && a->complete == b->complete && a->newest == b->newest &&
           a->after_newest == b->after_newest && a->first == b->first;
}

enum round follow_wake_up(struct parser *p)
{
    struct evtx_face now;
    if (!look_at_face(p, &now))
        return ROUND_FAILED;
    if (face_eq(&now, &p->face) && !p->waiting && ++p->quiet < QUIET_MAX)
        return ROUND_WAIT;
    p->rested = p->quiet >= QUIET_MAX;
    p->quiet = 0;
    p->idle = false;
    return follow_begin_round(p);
}

bool follow_fall_idle(struct parser *p)
{
    p->idle = true;
    p->restarts = 0;
    return look_at_face(p, &p->face);
}
