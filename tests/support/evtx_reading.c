/* SPDX-License-Identifier: Apache-2.0 */
/* Readings of event logs in memory. */
#include "evtx_reading.h"

#include "hash64.h"
#include "reader.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { STEPS_MAX = 200000 };

const struct selector reading_everything = {.all = true};
const struct position reading_beginning;
struct selector reading_mapi;

void reading_setup(void)
{
    selector_init_default(&reading_mapi);
}

static ptrdiff_t read_memory(void *ctx, uint64_t offset, void *to, size_t n)
{
    const struct log_memory *m = ctx;
    memcpy(to, m->p + offset, n);
    return (ptrdiff_t)n;
}

struct input log_input(struct log_memory *m, struct sv file, bool complete)
{
    m->p = (const uint8_t *)file.p;
    return (struct input){m, read_memory, file.n, complete};
}

static uint64_t event_hash(const struct event *e)
{
    uint64_t h = hash64(HASH64_START, e->original.p, e->original.n);
    h = hash64(h, e->provider.p, e->provider.n);
    for (size_t i = 0; i < e->data_count; i++)
        h = hash64(hash64(h, e->data[i].value.p, e->data[i].value.n), "|", 1);
    return hash64(h, &e->event_id.v, sizeof e->event_id.v);
}

static void note_event(struct reading *r, const struct step *step)
{
    cr_assert_lt(r->events, READING_EVENTS_MAX);
    r->hash[r->events] = event_hash(&r->event);
    r->id[r->events] = r->event.record_id.v;
    r->offset[r->events] = r->event.offset;
    r->length[r->events] = r->event.length;
    r->pos[r->events] = step->pos;
    r->events++;
    r->named += r->event.event_id.v == 9646 && sv_ieq(r->event.provider, SV("MSExchangeIS"));
    r->salvaged += r->event.trust == EVENT_SALVAGED;
    r->crc += r->event.trust == EVENT_CRC;
    r->cut += r->event.cut;
}

void reading_drain(struct parser *p, struct reading *r)
{
    struct step step;
    struct parser_counts counts;
    for (size_t steps = 0;; steps++) {
        cr_assert_lt(steps, STEPS_MAX, "the parser does not come to an end");
        parser_evtx.next(p, &r->event, &step);
        r->last = step.kind;
        r->end = step.pos;
        if (step.kind == STEP_EVENT) {
            note_event(r, &step);
        } else if (step.kind == STEP_SKIP) {
            r->skips++;
            r->reason = step.reason;
        } else if (step.kind == STEP_GAP) {
            r->gaps++;
            r->gap_events += step.skipped_events;
        } else if (step.kind != STEP_PROGRESS) {
            break;
        }
    }
    if (r->last == STEP_FATAL)
        r->fault = step.fault.code;
    parser_evtx.counts(p, &counts);
    r->records = counts.records;
    r->rejected = counts.rejected;
}

void reading_from(struct sv file, const struct selector *selector, const struct position *from,
                  struct reading *r)
{
    struct log_memory m;
    struct input in = log_input(&m, file, true);
    struct fault fault = {0};
    memset(r, 0, sizeof *r);
    struct parser *p = parser_evtx.open(&in, from, &(struct parser_options){.selector = selector}, &fault);
    r->fault = fault.code;
    if (!p)
        return;
    reading_drain(p, r);
    parser_evtx.close(p);
}

void reading_all(struct sv file, struct reading *r)
{
    reading_from(file, &reading_everything, &reading_beginning, r);
}

struct evtx_writer *log_with(const struct evtx_writer_options *o, unsigned records)
{
    struct evtx_writer *w = evtx_writer_new(o);
    for (unsigned i = 0; i < records; i++)
        evtx_writer_add_9646(w, (enum evtx_writer_layout)(i % 3), i);
    return w;
}

struct sv log_copy(const struct evtx_writer *w)
{
    struct sv image = evtx_writer_image(w);
    char *p = malloc(image.n);
    cr_assert(p);
    memcpy(p, image.p, image.n);
    return sv_make(p, image.n);
}

void log_release(struct sv file)
{
    free((void *)(uintptr_t)file.p);
}

uint8_t *log_bytes(struct sv file)
{
    return (uint8_t *)(uintptr_t)file.p;
}

void reading_expect_ids(const struct reading *r, uint64_t from, uint64_t to)
{
    cr_assert_eq(r->events, to - from + 1, "%zu events", r->events);
    for (size_t i = 0; i < r->events; i++)
        cr_assert_eq(r->id[i], from + i);
}

uint32_t reading_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}
