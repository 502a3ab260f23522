/* SPDX-License-Identifier: Apache-2.0 */
/* Records that a log does not have any more. */
#include "evtx_carve.h"

#include "needle.h"

void carve_begin(struct parser *p)
{
    p->carver = (struct evtx_carver){.is_wanted = true, .is_running = true, .offset = p->survey.base};
    follow_settle(p);
    p->last.size = 0;
}

static bool load_block(struct parser *p)
{
    struct evtx_carver *c = &p->carver;
    if (!follow_load_chunk(p, c->offset))
        return false;
    evtx_filter_set_chunk(&p->filter, p->chunk.bytes, p->chunk.n);
    p->decoder_is_set = false;
    c->is_loaded = c->is_live = true;
    c->used = p->chunk.end_is_known ? p->chunk.end : p->chunk.at;
    return true;
}

/* Over the live records of the block: their tails first, then what is behind them. */
static void next_part(struct parser *p)
{
    struct evtx_carver *c = &p->carver;
    struct evtx_frame frame;
    const char *reason;
    enum evtx_found what;
    while ((what = evtx_chunk_next(&p->chunk, &frame, &reason)) != EVTX_DONE) {
        size_t hidden = 0, end = frame.at + frame.size;
        if (end > c->used)
            c->used = end;
        if (what == EVTX_FRAME && !frame.torn)
            (void)evtx_filter_test(&p->filter, frame.at, frame.size, &hidden);
        if (hidden) {
            c->at = hidden;
            c->end = end;
            return;
        }
    }
    c->is_live = false;
    c->at = c->used;
    c->end = p->chunk.n;
}

/* The next whole frame of the part that is looked through. */
static bool find_frame(struct parser *p, struct evtx_frame *frame)
{
    static const uint8_t magic[4] = {0x2a, 0x2a, 0, 0};
    struct evtx_carver *c = &p->carver;
    while (c->at + EVTX_RECORD_MIN <= c->end) {
        const uint8_t *hit = needle_find(p->chunk.bytes + c->at, c->end - c->at, magic, sizeof magic);
        if (!hit)
            break;
        size_t at = (size_t)(hit - p->chunk.bytes);
        uint32_t size;
        if (evtx_is_whole(hit, c->end - at, &size)) {
            *frame = (struct evtx_frame){at, size, load_le64(hit + 8), false};
            c->at = at + size;
            return true;
        }
        c->at = at + 1;
    }
    c->at = c->end = 0;
    return false;
}

enum carve carve_next(struct parser *p, struct evtx_frame *frame)
{
    struct evtx_carver *c = &p->carver;
    for (;;) {
        if (find_frame(p, frame))
            return CARVE_FRAME;
        if (c->is_loaded && c->is_live) {
            next_part(p);
            continue;
        }
        if (c->is_loaded) {
            c->is_loaded = false;
            c->offset += EVTX_CHUNK_BYTES;
            c->passed += EVTX_CHUNK_BYTES;
        }
        if (c->passed >= PARSER_PROGRESS_BYTES) {
            c->passed = 0;
            return CARVE_PROGRESS;
        }
        if (c->offset >= p->in->size) {
            c->is_running = false;
            c->is_done = true;
            return CARVE_DONE;
        }
        if (!load_block(p))
            return CARVE_FAILED;
    }
}
