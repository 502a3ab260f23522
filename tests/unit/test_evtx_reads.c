/* SPDX-License-Identifier: Apache-2.0 */
/* What following a log costs: the bytes that each look at it reads. */
#include "../support/evtx_writer.h"
#include "parser.h"

#include <criterion/criterion.h>

extern const struct parser_ops parser_evtx;

enum {
    CHUNK = 65536,
    HEADER = 4096,
    GLANCE = 512 + 24, /* a chunk's header and the head of its first record */
    QUIET = 32,        /* looks at a quiet log, after which one goes over all of it */
};

static const struct selector everything = {.all = true};
static const struct position beginning;
static struct evtx_writer *writer;
static struct parser *parser;
static struct input input;
static struct event event;
static struct step step;
static uint64_t reads, bytes;

static ptrdiff_t read_image(void *ctx, uint64_t offset, void *to, size_t n)
{
    struct sv image = evtx_writer_image(ctx);
    cr_assert(offset < image.n && n <= image.n - offset);
    memcpy(to, image.p + offset, n);
    reads++;
    bytes += n;
    return (ptrdiff_t)n;
}

static ptrdiff_t read_nothing(void *ctx, uint64_t offset, void *to, size_t n)
{
    (void)ctx;
    (void)offset;
    memset(to, 0, n);
    bytes += n;
    return (ptrdiff_t)n;
}

static void start(const struct input *in)
{
    struct parser_options options = {.selector = &everything};
    input = *in;
    parser = parser_evtx.open(&input, &beginning, &options, NULL);
    cr_assert(parser);
}

static void start_writer(const struct evtx_writer_options *options, unsigned records)
{
    writer = evtx_writer_new(options);
    for (unsigned i = 0; i < records; i++)
        evtx_writer_add_9646(writer, EVTX_WRITE_CLASSIC, i);
    start(&(struct input){writer, read_image, evtx_writer_image(writer).n, false});
}

static void teardown(void)
{
    parser_evtx.close(parser);
    evtx_writer_free(writer);
}

TestSuite(evtx_reads, .fini = teardown);

/* Looks once; returns the events that there were. */
static size_t look(void)
{
    size_t events = 0;
    reads = bytes = 0;
    input.size = evtx_writer_image(writer).n;
    do {
        parser_evtx.next(parser, &event, &step);
        events += step.kind == STEP_EVENT;
        cr_assert_neq(step.kind, STEP_FATAL);
        cr_assert_neq(step.kind, STEP_SKIP, "%s", step.reason);
    } while (step.kind != STEP_MORE);
    return events;
}

Test(evtx_reads, a_quiet_log_costs_three_chunk_headers_a_look)
{
    start_writer(&(struct evtx_writer_options){.records_per_chunk = 1, .preallocated = 15, .dirty = true},
                 320);
    cr_assert_eq(look(), 320);
    for (int i = 0; i < QUIET - 1; i++) {
        cr_assert_eq(look(), 0);
        cr_assert_leq(reads, 3, "%llu reads", (unsigned long long)reads);
        cr_assert_leq(bytes, 3 * 128, "%llu bytes", (unsigned long long)bytes);
    }
    cr_assert_eq(look(), 0);
    cr_assert_geq(bytes, 320 * GLANCE, "now and then the whole log is looked at");
}

Test(evtx_reads, a_record_more_costs_the_headers_of_all_chunks_and_the_chunks_it_may_be_in)
{
    start_writer(&(struct evtx_writer_options){.records_per_chunk = 2, .preallocated = 15, .dirty = true},
                 640);
    cr_assert_eq(look(), 640);
    for (unsigned i = 0; i < 10; i++) {
        evtx_writer_add_9646(writer, EVTX_WRITE_CLASSIC, i);
        cr_assert_eq(look(), 1);
        size_t newest, blocks = evtx_writer_chunks(writer, &newest) + 15;
        /* The chunk read last and, if that was full, the next one, each for its records and their sum. */
        cr_assert_leq(bytes, blocks * GLANCE + 3 * CHUNK, "%llu bytes", (unsigned long long)bytes);
    }
}

Test(evtx_reads, a_terabyte_of_nothing_is_passed_in_pieces)
{
    start(&(struct input){NULL, read_nothing, UINT64_C(1) << 40, true});
    for (int i = 0; i < 100; i++) {
        bytes = 0;
        parser_evtx.next(parser, &event, &step);
        cr_assert_eq(step.kind, STEP_PROGRESS);
        cr_assert_leq(bytes, PARSER_PROGRESS_BYTES + 2 * CHUNK);
    }
}

Test(evtx_reads, nothing_at_the_end_of_a_live_log_is_read_once)
{
    start(&(struct input){NULL, read_nothing, HEADER + 100 * CHUNK, false});
    for (int i = 0; i < 3; i++) {
        bytes = 0;
        do
            parser_evtx.next(parser, &event, &step);
        while (step.kind == STEP_PROGRESS);
        cr_assert_eq(step.kind, STEP_MORE);
        if (i)
            cr_assert_leq(bytes, 100 * GLANCE + 4 * CHUNK, "%llu bytes", (unsigned long long)bytes);
        input.size += CHUNK;
    }
}

Test(evtx_reads, a_chunk_whose_first_id_is_damaged_hides_none_that_come_after_it)
{
    start_writer(&(struct evtx_writer_options){.records_per_chunk = 4, .preallocated = 3, .dirty = true}, 4);
    cr_assert_eq(look(), 4);
    for (unsigned i = 0; i < 4; i++)
        evtx_writer_add_9646(writer, EVTX_WRITE_CLASSIC, i);
    /* Chunk 1, first record: an id that no log will ever reach. */
    ((uint8_t *)(uintptr_t)evtx_writer_image(writer).p)[HEADER + CHUNK + 512 + 8 + 7] = 0x40;
    size_t damaged = 0, later = 0;
    for (int i = 0; i < 8; i++)
        damaged += look();
    cr_assert_eq(damaged, 4);
    for (unsigned i = 0; i < 12; i++) {
        evtx_writer_add_9646(writer, EVTX_WRITE_CLASSIC, i);
        later += look();
    }
    cr_assert_eq(later, 12, "%zu of 12", later);
}
