/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast event logs are read, beside what the machine allows: the bare walk over the record frames in
 * memory that was read the same way, and beside evtxexport of libevtx-utils where that is installed. Medians
 * of several runs, in processor time; the ratio is what holds on other machines. All lanes work on one
 * thread: filter looks for event 9646, render makes the XML text of every event, decode makes the event as
 * well.
 *
 *     bench_evtx [file.evtx …]
 *     bench_evtx --once EVENTS LANE     reads a written log of so many events once, by the lane "filter",
 *                                       without one 9646, "render" or "decode": instructions.sh counts them
 */
#include "../support/evtx_writer.h"
#include "parser.h"
#include "reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

extern const struct parser_ops parser_evtx;

enum { RUNS = 9, CHUNK = 65536, HEADER = 4096 };

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

/* Processor time: what others do on the machine costs less of it than of the clock's. */
static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double children_s(void)
{
    struct rusage r;
    getrusage(RUSAGE_CHILDREN, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

/* The limit: read a chunk, step from record to record by magic and size, look at nothing else. */
static uint64_t bare_walk(struct file *f)
{
    static uint8_t chunk[CHUNK];
    uint64_t records = 0;
    for (size_t at = HEADER; at + CHUNK <= f->n; at += CHUNK) {
        read_memory(f, at, chunk, CHUNK);
        size_t end = load_le32(chunk + 48);
        if (end > CHUNK)
            continue;
        for (size_t r = 512; r + 28 <= end && load_le32(chunk + r) == 0x2a2a;) {
            uint32_t size = load_le32(chunk + r + 4);
            if (size < 28 || size > end - r)
                break;
            records++;
            r += size;
        }
    }
    return records;
}

/* By itself and never inlined, so that instructions can be counted in it alone. */
__attribute__((noinline)) static uint64_t parse_all(struct file *f, const struct parser_options *options)
{
    static const struct position beginning;
    struct input in = {f, read_memory, f->n, true};
    struct parser *p = parser_evtx.open(&in, &beginning, options, NULL);
    struct parser_counts counts;
    struct step step;
    do
        parser_evtx.next(p, &event, &step);
    while (step.kind != STEP_MORE && step.kind != STEP_FATAL);
    parser_evtx.counts(p, &counts);
    parser_evtx.close(p);
    return counts.records;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum lane { LANE_BARE, LANE_FILTER, LANE_RENDER, LANE_DECODE, LANES };

static double median_of(struct file *f, enum lane lane, uint64_t *records)
{
    static struct selector mapi, all = {.all = true};
    double seconds[RUNS];
    selector_init_default(&mapi);
    struct parser_options options = {.selector = lane == LANE_FILTER ? &mapi : &all,
                                     .original_only = lane == LANE_RENDER};
    for (size_t i = 0; i < RUNS; i++) {
        double from = now_s();
        *records = lane == LANE_BARE ? bare_walk(f) : parse_all(f, &options);
        seconds[i] = now_s() - from;
    }
    qsort(seconds, RUNS, sizeof *seconds, by_value);
    return seconds[RUNS / 2];
}

static void measure(const char *name, struct file *f)
{
    static const char *lanes[LANES] = {"bare walk", "filter", "render", "decode"};
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

/* The reader that others use, for the same work: every event as XML. Once, because it takes its time. */
static void measure_peer(const char *path, const struct file *f)
{
    char command[1200];
    snprintf(command, sizeof command, "evtxexport -f xml '%s' >/dev/null 2>&1", path);
    double from = children_s();
    if (strchr(path, '\'') || system(command) != 0)
        return;
    double s = children_s() - from;
    printf("  %-10s %9.0f MB/s  (a process of its own, %.3f ms)\n", "evtxexport", (double)f->n / 1e6 / s,
           s * 1e3);
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
    if (ok) {
        measure(path, &f);
        measure_peer(path, &f);
    }
    free(f.p);
    return ok;
}

/* 9646 among others, every so many events; 0: none. */
static struct evtx_writer *write_events(unsigned events, unsigned every)
{
    static const char *strings[] = {"NT AUTHORITY\\SYSTEM", "The operation completed.", "0x0"};
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){0});
    for (unsigned i = 0; i < events; i++) {
        if (every && i % every == 0)
            evtx_writer_add_9646(w, EVTX_WRITE_CLASSIC, i);
        else
            evtx_writer_add(w, &(struct evtx_writer_event){.layout = (enum evtx_writer_layout)(i % 2),
                                                           .provider = "MSExchangeTransport",
                                                           .event_id = (uint16_t)(1000 + i % 40),
                                                           .strings = strings,
                                                           .string_count = 3});
    }
    return w;
}

static struct file file_of(const struct evtx_writer *w)
{
    struct sv image = evtx_writer_image(w);
    return (struct file){(uint8_t *)(uintptr_t)image.p, image.n};
}

/* Where there are no files: 2 % of 9646, as Exchange servers have it. */
static void measure_written(void)
{
    struct evtx_writer *w = write_events(25000, 50);
    struct file f = file_of(w);
    measure("written", &f);
    evtx_writer_free(w);
}

static int read_once(unsigned events, const char *lane)
{
    static struct selector selector;
    bool renders = strcmp(lane, "render") == 0, decodes = renders || strcmp(lane, "decode") == 0;
    struct evtx_writer *w = write_events(events, decodes ? 50 : 0);
    struct file f = file_of(w);
    selector_init_default(&selector);
    selector.all = decodes;
    struct parser_options options = {.selector = &selector, .original_only = renders};
    uint64_t records = parse_all(&f, &options);
    evtx_writer_free(w);
    return records == events ? 0 : 1;
}

int main(int argc, char **argv)
{
    static const char *usual[] = {"big_mixed_20MiB", "big_security_20MiB", "classic_11MiB",
                                  "ex9646_native_2008r2", "hard_chunks"};
    char path[1024];
    if (argc == 4 && strcmp(argv[1], "--once") == 0)
        return read_once((unsigned)atoi(argv[2]), argv[3]);
    for (int i = 1; i < argc; i++)
        if (!measure_file(argv[i]))
            fprintf(stderr, "%s cannot be read\n", argv[i]);
    for (size_t i = 0; argc == 1 && i < sizeof usual / sizeof *usual; i++) {
        snprintf(path, sizeof path, SOURCE_ROOT "/../shared/corpus/synthetic/%s.evtx", usual[i]);
        measure_file(path);
    }
    if (argc == 1)
        measure_written();
    return 0;
}
