/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lanes of the .evtx parser held against each other: what the filter selects from raw values is what the
 * selector says of the decoded events, event for event, and both say the same of it; and the text that is
 * rendered alone is the text of the decoded event.
 */
#include "fuzz_log.h"
#include "hash64.h"

extern const struct parser_ops parser_evtx;

enum { PICKS_MAX = 4096 };

enum wish { NOT_WANTED, WANTED, EITHER };

struct pick {
    uint64_t offset, hash, text_hash;
    enum wish wish;
};

struct lane {
    struct pick picks[PICKS_MAX];
    size_t count;
    uint64_t records;
};

static struct lane everything, selected, rendered;
static struct event event;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum wish wish_for(const struct event *e, const struct selector *selector)
{
    if (!e->event_id.has || !selector_wants_id(selector, e->event_id.v))
        return NOT_WANTED;
    /* Who sent it is lost with a name or its template: the parser judges by what else it knows. */
    if (sv_empty(event_source(e)))
        return EITHER;
    return selector_wants(selector, event_source(e), e->event_id.v) ? WANTED : NOT_WANTED;
}

/* What an owner who reads the text alone is promised. */
static uint64_t hash_of_text(const struct event *e)
{
    uint64_t marks[] = {e->event_id.v, e->trust, e->cut, e->text_replaced, e->length};
    return hash64(hash64(HASH64_START, e->original.p, e->original.n), marks, sizeof marks);
}

static void read_lane(struct sv log, const struct parser_options *options, const struct selector *judge,
                      struct lane *lane)
{
    static const struct position beginning;
    struct input in = fuzz_input(&log);
    struct parser_counts counts;
    struct step step;
    struct parser *p = parser_evtx.open(&in, &beginning, options, NULL);
    fuzz_check(p != NULL);
    lane->count = 0;
    do {
        parser_evtx.next(p, &event, &step);
        if (step.kind != STEP_EVENT)
            continue;
        fuzz_check(lane->count < PICKS_MAX);
        lane->picks[lane->count++] = (struct pick){event.offset, fuzz_look_at_event(&event),
                                                   hash_of_text(&event), wish_for(&event, judge)};
    } while (step.kind != STEP_MORE && step.kind != STEP_FATAL);
    parser_evtx.counts(p, &counts);
    lane->records = counts.records;
    parser_evtx.close(p);
}

static void compare(void)
{
    size_t k = 0;
    for (size_t i = 0; i < everything.count; i++) {
        const struct pick *a = &everything.picks[i], *b = &selected.picks[k];
        bool is_selected = k < selected.count && a->offset == b->offset;
        fuzz_check(a->wish == EITHER || is_selected == (a->wish == WANTED));
        fuzz_check(!is_selected || a->hash == b->hash);
        k += is_selected;
    }
    fuzz_check(k == selected.count);
    fuzz_check(everything.records == selected.records);
}

static void compare_texts(void)
{
    fuzz_check(everything.count == rendered.count);
    for (size_t i = 0; i < everything.count; i++) {
        const struct pick *a = &everything.picks[i], *b = &rendered.picks[i];
        fuzz_check(a->offset == b->offset && a->text_hash == b->text_hash);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct selector all = {.all = true};
    static struct selector mapi;
    selector_init_default(&mapi);
    struct sv log = fuzz_log_make(data, size);
    read_lane(log, &(struct parser_options){.selector = &all}, &mapi, &everything);
    read_lane(log, &(struct parser_options){.selector = &mapi}, &mapi, &selected);
    read_lane(log, &(struct parser_options){.selector = &all, .original_only = true}, &mapi, &rendered);
    compare();
    compare_texts();
    return 0;
}
