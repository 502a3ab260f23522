/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast .evt logs are passed, beside the limit: a bare walk from record to record.
 *
 *     bench_evt [FILE.evt …]
 */
#include "../support/evt_writer.h"
#include "parser.h"
#include "reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

extern const struct parser_ops parser_evt;

enum { RUNS = 9, WINDOW = 1 << 18, HEADER = 48, HEAD = 56 };

struct file {
    uint8_t *p;
    size_t n;
};

static struct event event;

static ptrdiff_t read_memory(void *ctx, uint64_t offset, void *to, size_t n)
{
    const struct file *f = ctx;
    memcpy(to, f->p + offset, n);
    return (ptrdiff_t)n;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The limit: read a window, step from record to record by magic and length, look at nothing else. For logs
 * that have not wrapped. */
static uint64_t bare_walk(struct file *f)
{
    static uint8_t window[WINDOW];
    uint64_t records = 0;
    for (size_t at = HEADER; at < f->n;) {
        size_t n = f->n - at < WINDOW ? f->n - at : WINDOW, from = 0;
        read_memory(f, at, window, n);
        while (n - from >= HEAD && load_le32(window + from + 4) == UINT32_C(0x654c664c)) {
            uint32_t length = load_le32(window + from);
            if (length < HEAD || length > n - from)
                break;
            records++;
            from += length;
        }
        if (from == 0)
            break;
        at += from;
    }
    return records;
}

static uint64_t parse(struct file *f, const struct selector *selector)
{
    static const struct position beginning;
    struct input in = {f, read_memory, f->n, true};
    struct parser *p = parser_evt.open(&in, &beginning, &(struct parser_options){.selector = selector}, NULL);
    struct parser_counts counts;
    struct step step;
    do
        parser_evt.next(p, &event, &step);
    while (step.kind != STEP_MORE && step.kind != STEP_FATAL);
    parser_evt.counts(p, &counts);
    parser_evt.close(p);
    return counts.records;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum lane { LANE_BARE, LANE_FILTER, LANE_DECODE, LANES };

static double median_of(struct file *f, enum lane lane, uint64_t *records)
{
    static struct selector mapi, all = {.all = true};
    double seconds[RUNS];
    selector_init_default(&mapi);
    for (size_t i = 0; i < RUNS; i++) {
        double from = now_s();
        *records = lane == LANE_BARE ? bare_walk(f) : parse(f, lane == LANE_FILTER ? &mapi : &all);
        seconds[i] = now_s() - from;
    }
    qsort(seconds, RUNS, sizeof *seconds, by_value);
    return seconds[RUNS / 2];
}

static void measure(const char *name, struct file *f)
{
    static const char *lanes[LANES] = {"bare walk", "filter", "decode all"};
    double limit = 0;
    printf("%s: %.1f MB\n", name, (double)f->n / 1e6);
    for (int lane = 0; lane < LANES; lane++) {
        uint64_t records;
        double s = median_of(f, (enum lane)lane, &records);
        if (lane == LANE_BARE)
            limit = s;
        printf("  %-10s %9.0f MB/s  %5.1f %% of the limit  %11.0f records/s  (%llu records, %.3f ms)\n",
               lanes[lane], (double)f->n / 1e6 / s, 100 * limit / s, (double)records / s,
               (unsigned long long)records, s * 1e3);
    }
}

static bool measure_file(const char *path)
{
    struct file f = {0};
    FILE *in = fopen(path, "rb");
    if (!in)
        return false;
    fseek(in, 0, SEEK_END);
    f.n = (size_t)ftell(in);
    rewind(in);
    f.p = malloc(f.n);
    bool ok = f.p && fread(f.p, 1, f.n, in) == f.n;
    fclose(in);
    if (ok)
        measure(path, &f);
    free(f.p);
    return ok;
}

/* 2 % of 9646 among others, as Exchange servers have it; almost full, so that it has not wrapped. */
static void measure_written(const char *name, bool dirty)
{
    static const char *strings[] = {"NT AUTHORITY\\SYSTEM", "The operation completed successfully.", "0x0"};
    struct evt_writer *w = evt_writer_new(&(struct evt_writer_options){.size = 16 << 20, .dirty = dirty});
    while (evt_writer_cursor(w) < (16 << 20) - 1000) {
        uint32_t i = evt_writer_next(w);
        if (i % 50 == 0)
            evt_writer_add_9646(w, i);
        else
            evt_writer_add(w, &(struct evt_writer_event){.source = "MSExchangeTransport",
                                                         .event_id = 1000 + i % 40,
                                                         .strings = strings,
                                                         .string_count = 3});
    }
    struct sv image = evt_writer_image(w);
    struct file f = {(uint8_t *)(uintptr_t)image.p, image.n};
    measure(name, &f);
    evt_writer_free(w);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!measure_file(argv[i]))
            fprintf(stderr, "%s cannot be read\n", argv[i]);
    if (argc == 1) {
        measure_written("written, closed", false);
        measure_written("written, as a living log (the cursor is searched for)", true);
    }
    return 0;
}
