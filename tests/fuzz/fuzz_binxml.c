/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BinXML decoder on every record of a chunk. What it makes of a record depends on the chunk alone, not on
 * the records decoded before, nor on how: in order, where the second record of a template is filled into what
 * the first one taught, and each by itself and token by token the events are the same. Their XML is
 * well-formed.
 */
#include "binxml.h"
#include "evtx_chunk.h"
#include "fuzz_log.h"

#include <expat.h>

enum { RECORDS_MAX = 64, EVENT_MEMORY = 1 << 20 };

struct outcome {
    enum binxml_outcome how;
    uint64_t hash;
    bool over_limit; /* then it depends on what is left of it: memory for names is the chunk's */
};

static struct binxml decoder, walker; /* the walker has no memory for plans: it reads token by token */
static struct event event;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* expat follows an edition of XML with fewer letters for names than today's: all beyond ASCII become one that
 * it takes. */
static void check_well_formed(struct sv xml)
{
    static char ascii[BINXML_ORIGINAL_MAX];
    fuzz_check(xml.n <= sizeof ascii);
    for (size_t i = 0; i < xml.n; i++)
        ascii[i] = (char)((unsigned char)xml.p[i] < 0x80 ? xml.p[i] : 'x');
    XML_Parser p = XML_ParserCreate("UTF-8");
    fuzz_check(p && XML_Parse(p, ascii, (int)xml.n, 1) == XML_STATUS_OK);
    XML_ParserFree(p);
}

static struct outcome decode(struct binxml *b, const struct evtx_frame *frame, struct arena *arena)
{
    struct outcome o = {.how = BINXML_NOTHING};
    size_t end = frame->at + frame->size - (frame->torn ? 0 : 4);
    arena_reset(arena);
    o.how = binxml_decode(b, frame->at + EVTX_RECORD_HEAD, end, &event, arena);
    if (o.how != BINXML_NOTHING)
        o.hash = fuzz_look_at_event(&event);
    o.over_limit = b->over_limit;
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sv log = fuzz_log_make(data, size);
    struct evtx_chunk chunk = {.bytes = (uint8_t *)(uintptr_t)log.p + FUZZ_LOG_HEADER};
    struct evtx_frame frames[RECORDS_MAX];
    struct outcome outcomes[RECORDS_MAX];
    const char *reason;
    size_t count = 0;
    struct arena arena;
    arena_init(&arena, EVENT_MEMORY);
    binxml_init(&decoder);
    binxml_init(&walker);
    arena_init(&walker.plan_memory, 0);
    evtx_chunk_begin(&chunk, 0, EVTX_CHUNK_BYTES);
    binxml_set_chunk(&decoder, chunk.bytes, chunk.n);
    for (enum evtx_found what; count < RECORDS_MAX;) {
        what = evtx_chunk_next(&chunk, &frames[count], &reason);
        if (what == EVTX_DONE)
            break;
        if (what == EVTX_DAMAGE)
            continue;
        outcomes[count] = decode(&decoder, &frames[count], &arena);
        if (outcomes[count].how == BINXML_WHOLE && !event.cut)
            check_well_formed(event.original);
        count++;
    }
    for (size_t i = count; i-- > 0;) {
        binxml_set_chunk(&walker, chunk.bytes, chunk.n);
        struct outcome alone = decode(&walker, &frames[i], &arena);
        if (!alone.over_limit && !outcomes[i].over_limit)
            fuzz_check(alone.how == outcomes[i].how && alone.hash == outcomes[i].hash);
    }
    binxml_free(&decoder);
    binxml_free(&walker);
    arena_free(&arena);
    return 0;
}
