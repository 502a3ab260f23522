/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over a chunk: the input is the chunk itself, its header included, as long as the file went on. An
 * input whose last byte is odd gets check sums that are right, so that the walk believes its header.
 */
#include "evtx_chunk.h"
#include "evtx_filter.h"
#include "fuzz_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Frames and damage follow each other without overlap up to the end, and are all that the walk passes. */
static size_t walk(struct evtx_chunk *c, struct evtx_filter *filter)
{
    struct evtx_frame frame;
    const char *reason = NULL;
    enum evtx_found what;
    size_t before = c->at, frames = 0, hidden;
    while ((what = evtx_chunk_next(c, &frame, &reason)) != EVTX_DONE) {
        fuzz_check(frame.at >= before && frame.size > 0 && frame.size <= c->n - frame.at);
        fuzz_check(c->at == frame.at + frame.size && c->at <= c->end && c->end <= c->n);
        before = c->at;
        if (what == EVTX_DAMAGE) {
            fuzz_check(reason != NULL);
            continue;
        }
        fuzz_check(frame.size >= EVTX_RECORD_MIN && frame.id == load_le64(c->bytes + frame.at + 8));
        (void)evtx_filter_test(filter, frame.at, frame.size, &hidden);
        fuzz_check(hidden == 0 || (hidden > frame.at && hidden < frame.at + frame.size));
        frames++;
    }
    fuzz_check(evtx_chunk_next(c, &frame, &reason) == EVTX_DONE);
    return frames;
}

/* Skimming passes whole records and nothing else. */
static void skim(struct evtx_chunk *c, const struct evtx_filter *filter)
{
    if (!c->end_is_known)
        return;
    struct evtx_skimmed s = evtx_filter_skim(filter, c->at, c->end);
    size_t records = 0, at = c->at, last = at;
    for (uint32_t size = 0; at < s.at; at += size, records++) {
        fuzz_check(evtx_is_whole(c->bytes + at, c->end - at, &size));
        last = at;
    }
    fuzz_check(at == s.at && records == s.records && last == s.last);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct evtx_filter filter;
    static struct selector mapi;
    static uint8_t bytes[EVTX_CHUNK_BYTES];
    struct evtx_chunk chunk = {.bytes = bytes};
    uint64_t first;
    if (size > sizeof bytes)
        size = sizeof bytes;
    memset(bytes, 0, sizeof bytes);
    if (size)
        memcpy(bytes, data, size);
    if (size >= EVTX_CHUNK_HEADER && bytes[size - 1] & 1)
        fuzz_seal_chunk(bytes);
    selector_init_default(&mapi);
    evtx_filter_init(&filter, &mapi);
    evtx_filter_set_chunk(&filter, bytes, size);
    (void)evtx_glance(bytes, size, &first);
    evtx_chunk_begin(&chunk, 0, size);
    size_t frames = walk(&chunk, &filter);
    (void)evtx_chunk_crc(&chunk);
    evtx_chunk_begin(&chunk, 0, size);
    skim(&chunk, &filter); /* its templates are known now */
    evtx_chunk_begin(&chunk, 0, size);
    fuzz_check(walk(&chunk, &filter) == frames);
    return 0;
}
