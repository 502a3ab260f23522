/* SPDX-License-Identifier: Apache-2.0 */
/* Records that a log does not have any more: given when asked for, behind all others, and marked. */
#include "../support/evtx_writer.h"
#include "parser.h"

#include <criterion/criterion.h>
#include <stdlib.h>

extern const struct parser_ops parser_evtx;

enum { HEADER = 4096, CHUNK = 65536, EVENTS_MAX = 256 };

struct seen {
    uint64_t ids[EVENTS_MAX];
    enum event_trust trusts[EVENTS_MAX];
    struct position positions[EVENTS_MAX];
    uint64_t offsets[EVENTS_MAX], lengths[EVENTS_MAX];
    size_t events, skips;
    struct position end;
};

static const struct selector everything = {.all = true};
static struct seen live, carved;
static struct evtx_writer *writer;
static uint8_t *file;
static size_t file_size;
static struct event event;

static void setup(void)
{
    writer = evtx_writer_new(&(struct evtx_writer_options){0});
}

static void teardown(void)
{
    evtx_writer_free(writer);
    free(file);
}

TestSuite(evtx_carve, .init = setup, .fini = teardown);

static ptrdiff_t read_file(void *ctx, uint64_t offset, void *to, size_t n)
{
    (void)ctx;
    memcpy(to, file + offset, n);
    return (ptrdiff_t)n;
}

static void add(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        evtx_writer_add_9646(writer, (enum evtx_writer_layout)(i % 3), i);
}

static void take_image(void)
{
    struct sv image = evtx_writer_image(writer);
    free(file);
    file = malloc(image.n);
    file_size = image.n;
    cr_assert(file);
    memcpy(file, image.p, image.n);
}

static void note(struct seen *s, const struct step *step)
{
    cr_assert_lt(s->events, EVENTS_MAX);
    s->ids[s->events] = event.record_id.v;
    s->trusts[s->events] = event.trust;
    s->offsets[s->events] = event.offset;
    s->lengths[s->events] = event.length;
    s->positions[s->events++] = step->pos;
}

static void read_with(const struct selector *selector, bool carve, bool complete, struct seen *s)
{
    static const struct position beginning;
    struct input in = {NULL, read_file, file_size, complete};
    struct parser_options options = {.selector = selector, .carve = carve};
    struct parser *p = parser_evtx.open(&in, &beginning, &options, NULL);
    struct step step;
    *s = (struct seen){0};
    do {
        parser_evtx.next(p, &event, &step);
        if (step.kind == STEP_EVENT)
            note(s, &step);
        s->skips += step.kind == STEP_SKIP;
    } while (step.kind != STEP_MORE && step.kind != STEP_FATAL);
    cr_assert_eq(step.kind, STEP_MORE);
    s->end = step.pos;
    for (int again = 0; again < 40; again++) { /* nothing comes twice */
        parser_evtx.next(p, &event, &step);
        cr_assert_eq(step.kind, STEP_MORE);
    }
    parser_evtx.close(p);
}

static void expect(const struct seen *s, size_t at, uint64_t from, uint64_t to, enum event_trust trust)
{
    for (uint64_t id = from; id <= to; id++, at++) {
        cr_assert_lt(at, s->events);
        cr_assert_eq(s->ids[at], id);
        cr_assert_eq(s->trusts[at], trust);
    }
}

Test(evtx_carve, records_of_a_cleared_log_come_behind_the_live_ones)
{
    add(0, 20);
    evtx_writer_clear(writer);
    take_image();
    read_with(&everything, true, true, &carved);
    cr_assert_eq(carved.events, 20);
    expect(&carved, 0, 1, 20, EVENT_STALE);
    add(20, 22);
    take_image();
    read_with(&everything, false, true, &live);
    cr_assert_eq(live.events, 2);
    read_with(&everything, true, true, &carved);
    expect(&carved, 0, 21, 22, EVENT_OK);
    cr_assert_geq(carved.events, 15, "%zu of those behind are still whole", carved.events);
    for (size_t i = 2; i < carved.events; i++)
        cr_assert_eq(carved.trusts[i], EVENT_STALE);
    expect(&carved, carved.events - 1, 20, 20, EVENT_STALE);
}

Test(evtx_carve, a_stale_record_moves_no_position)
{
    add(0, 20);
    evtx_writer_clear(writer);
    add(20, 22);
    take_image();
    read_with(&everything, false, true, &live);
    read_with(&everything, true, true, &carved);
    cr_assert_gt(carved.events, live.events);
    for (size_t i = live.events; i < carved.events; i++)
        cr_assert(memcmp(&carved.positions[i], &live.end, sizeof live.end) == 0);
    cr_assert(memcmp(&carved.end, &live.end, sizeof live.end) == 0);
}

Test(evtx_carve, a_log_that_may_still_grow_is_not_carved)
{
    add(0, 20);
    evtx_writer_clear(writer);
    take_image();
    read_with(&everything, true, false, &carved);
    cr_assert_eq(carved.events, 0);
}

Test(evtx_carve, a_sound_log_has_nothing_to_carve)
{
    add(0, 250);
    take_image();
    read_with(&everything, true, true, &carved);
    cr_assert_eq(carved.events, 250);
    expect(&carved, 0, 1, 250, EVENT_OK);
}

Test(evtx_carve, a_hidden_record_is_reported_once_and_carved)
{
    add(0, 12);
    take_image();
    read_with(&everything, false, true, &live);
    /* The fourth record swallows the fifth. */
    size_t size = live.lengths[3] + live.lengths[4];
    uint8_t *p = file + live.offsets[3];
    for (size_t k = 0; k < 4; k++)
        p[4 + k] = p[size - 4 + k] = (uint8_t)(size >> (8 * k));
    evtx_writer_reseal(file, 0);
    read_with(&everything, true, true, &carved);
    cr_assert_eq(carved.skips, 1);
    cr_assert_eq(carved.events, 11, "the hidden one's size copy is its host's now");
    /* With a copy of its own it is whole. */
    size = live.lengths[4];
    p = file + live.offsets[4];
    for (size_t k = 0; k < 4; k++)
        p[size - 4 + k] = (uint8_t)(size >> (8 * k));
    size += live.lengths[3] + 8;
    p = file + live.offsets[3];
    memmove(p + size, p + size - 8, CHUNK - 1024 - (live.offsets[3] + size - HEADER));
    for (size_t k = 0; k < 4; k++)
        p[4 + k] = p[size - 4 + k] = (uint8_t)(size >> (8 * k));
    file[HEADER + 48] = (uint8_t)(file[HEADER + 48] + 8);
    evtx_writer_reseal(file, 0);
    read_with(&everything, true, true, &carved);
    cr_assert_eq(carved.skips, 1);
    cr_assert_eq(carved.events, 12);
    expect(&carved, 11, 5, 5, EVENT_STALE);
}

Test(evtx_carve, stale_records_are_selected_like_live_ones)
{
    static struct selector mapi;
    selector_init_default(&mapi);
    add(0, 6);
    for (int i = 0; i < 6; i++)
        evtx_writer_add(writer, &(struct evtx_writer_event){.event_id = 7});
    evtx_writer_clear(writer);
    take_image();
    read_with(&mapi, true, true, &carved);
    cr_assert_eq(carved.events, 6);
    expect(&carved, 0, 1, 6, EVENT_STALE);
}
