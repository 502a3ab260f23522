/* SPDX-License-Identifier: Apache-2.0 */
/* Records cost no allocation: what the parser of .evtx takes, it takes with the first chunks of a log. */
#include "../support/evtx_writer.h"
#include "parser.h"

#include <criterion/criterion.h>

extern const struct parser_ops parser_evtx;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

/* The linker puts these in the places of malloc and its like. */
static size_t allocations;

void *__wrap_malloc(size_t n)
{
    allocations++;
    return __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    allocations++;
    return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    allocations++;
    return __real_realloc(p, n);
}

enum { CYCLE = 600, CYCLES = 3, RECORDS = 2 * CYCLE * CYCLES, PER_CHUNK = 30, DOUBLINGS = 2 };

static struct evtx_writer *writer;
static struct event event;

/* Mixed layouts, texts of all lengths and with something to escape; then the same again, chunk for chunk. */
static void setup(void)
{
    static char text[400];
    const char *strings[] = {text, "<a & b>", "\xc3\xa4\xf0\x9f\x93\xa7"};
    writer =
        evtx_writer_new(&(struct evtx_writer_options){.first_id = 100000, .records_per_chunk = PER_CHUNK});
    for (unsigned k = 0; k < CYCLE * CYCLES; k++) {
        unsigned i = k % CYCLE;
        memset(text, 'x', sizeof text - 1);
        text[i * 101 % (sizeof text - 1)] = '\0';
        evtx_writer_add_9646(writer, (enum evtx_writer_layout)(i % 3), i);
        evtx_writer_add(writer, &(struct evtx_writer_event){.layout = (enum evtx_writer_layout)(i / 3 % 3),
                                                            .event_id = (uint16_t)i,
                                                            .strings = strings,
                                                            .string_count = 3});
    }
}

static void teardown(void)
{
    evtx_writer_free(writer);
}

TestSuite(evtx_memory, .init = setup, .fini = teardown);

static ptrdiff_t read_image(void *ctx, uint64_t offset, void *to, size_t n)
{
    memcpy(to, evtx_writer_image(ctx).p + offset, n);
    return (ptrdiff_t)n;
}

/* Reads all; the allocations of the records behind the first so many. */
static size_t read_with(const struct parser_options *options, size_t warm, size_t want)
{
    static const struct position beginning;
    struct input in = {writer, read_image, evtx_writer_image(writer).n, true};
    size_t events = 0, before = 0;
    struct step step;
    struct parser *p = parser_evtx.open(&in, &beginning, options, NULL);
    cr_assert_gt(allocations, 0, "they are counted");
    do {
        if (events <= warm)
            before = allocations;
        parser_evtx.next(p, &event, &step);
        events += step.kind == STEP_EVENT;
    } while (step.kind != STEP_MORE);
    size_t after = allocations;
    parser_evtx.close(p);
    cr_assert_eq(events, want, "%zu events", events);
    return after - before;
}

/* The memory for a chunk's templates may still double; thousands of records come after the first cycle. */
static void expect_none(const struct parser_options *options, size_t events)
{
    size_t n = read_with(options, events / CYCLES, events);
    cr_assert_leq(n, DOUBLINGS, "%zu allocations", n);
}

Test(evtx_memory, decoding_allocates_nothing_for_a_record)
{
    static const struct selector all = {.all = true};
    expect_none(&(struct parser_options){.selector = &all}, RECORDS);
}

Test(evtx_memory, rendering_allocates_nothing_for_a_record)
{
    static const struct selector all = {.all = true};
    expect_none(&(struct parser_options){.selector = &all, .original_only = true}, RECORDS);
}

Test(evtx_memory, selecting_allocates_nothing_for_a_record)
{
    static struct selector mapi;
    selector_init_default(&mapi);
    expect_none(&(struct parser_options){.selector = &mapi}, RECORDS / 2);
}
