/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One libFuzzer entry for any parser: built with -DFUZZ_PARSER=parser_<name>. Each input is read whole, then
 * as a file that grows in two steps, then from every position in turn that the first reading gave. What must
 * hold: a reading comes to an end, views are readable, and where the parser goes on from lies inside the
 * input.
 */
#include "parser.h"

#include <stdlib.h>
#include <string.h>

extern const struct parser_ops FUZZ_PARSER;

enum { POSITIONS_MAX = 16 };

struct memory {
    const uint8_t *p;
};

static struct event event;
static const struct position beginning;
static volatile uint64_t sink;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        abort();
}

static ptrdiff_t read_memory(void *ctx, uint64_t offset, void *to, size_t n)
{
    const struct memory *m = ctx;
    memcpy(to, m->p + offset, n);
    return (ptrdiff_t)n;
}

/* Reads every byte, so that a view of what is gone is found out. */
static void touch(struct sv v)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < v.n; i++)
        sum += (unsigned char)v.p[i];
    sink += sum;
}

static void look_at_event(void)
{
    touch(event.provider);
    touch(event.channel);
    touch(event.computer);
    touch(event.user_sid);
    touch(event.message);
    touch(event.binary);
    touch(event.original);
    check(event.data_count <= EVENT_DATA_MAX);
    for (size_t i = 0; i < event.data_count; i++) {
        touch(event.data[i].name);
        touch(event.data[i].value);
    }
}

struct positions {
    struct position at[POSITIONS_MAX];
    size_t count;
};

static void drain(struct parser *p, const struct input *in, struct positions *positions)
{
    struct step step;
    /* A record has some bytes in every format, and damage is reported at most once per byte. */
    for (uint64_t steps = 0;; steps++) {
        check(steps < 4 * in->size + 64);
        FUZZ_PARSER.next(p, &event, &step);
        check(step.pos.offset <= in->size);
        if (step.kind == STEP_EVENT)
            look_at_event();
        if (step.kind == STEP_SKIP)
            check(step.reason && step.offset <= in->size && step.length <= in->size - step.offset);
        if (step.kind == STEP_MORE || step.kind == STEP_FATAL)
            return;
        if (positions && positions->count < POSITIONS_MAX)
            positions->at[positions->count++] = step.pos;
    }
}

static void read_whole(struct input *in, const struct parser_options *options, struct positions *positions)
{
    struct parser *p = FUZZ_PARSER.open(in, &beginning, options, NULL);
    check(p != NULL);
    drain(p, in, positions);
    FUZZ_PARSER.close(p);
}

static void read_growing(struct input *in, const struct parser_options *options)
{
    uint64_t size = in->size;
    in->size = size / 2;
    in->complete = false;
    struct parser *p = FUZZ_PARSER.open(in, &beginning, options, NULL);
    check(p != NULL);
    drain(p, in, NULL);
    in->size = size;
    for (int call = 0; call < 5; call++)
        drain(p, in, NULL);
    in->complete = true;
    drain(p, in, NULL);
    FUZZ_PARSER.close(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct selector everything = {.all = true};
    static struct selector nine;
    static const struct parser_options all = {.selector = &everything}, mapi = {.selector = &nine};
    struct memory m = {data};
    struct input in = {&m, read_memory, size, true};
    struct positions positions = {.count = 0};
    struct position end;
    selector_init_default(&nine);
    sink += (uint64_t)(int64_t)FUZZ_PARSER.probe(
        sv_make(data, size < PARSER_HEAD_BYTES ? size : PARSER_HEAD_BYTES), true);
    read_whole(&in, &all, &positions);
    read_whole(&in, &mapi, NULL);
    read_growing(&in, &all);
    for (size_t i = 0; i < positions.count; i++) {
        struct parser *p = FUZZ_PARSER.open(&in, &positions.at[i], &all, NULL);
        if (p)
            drain(p, &in, NULL);
        FUZZ_PARSER.close(p);
    }
    check(FUZZ_PARSER.end(&in, &end, NULL));
    return 0;
}
