/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmarks of text formats share. */
#include "export_bench.h"

#include "needle.h"
#include "os_clock.h"

#include <stdlib.h>
#include <unistd.h>

enum { BLOCK_BYTES = 512 * 1024 };

uint32_t export_bench_noise(void)
{
    static uint32_t state = 9646;
    state = state * 1664525 + 1013904223;
    return state >> 8;
}

void export_bench_begin(struct export_bench *x, const char *name, const struct parser_ops *ops,
                        struct sv needle)
{
    *x = (struct export_bench){.name = name, .ops = ops, .needle = needle, .found_most = SIZE_MAX};
    buf_init(&x->text, SIZE_MAX);
}

void export_bench_end(struct export_bench *x)
{
    if (x->file)
        fclose(x->file);
    buf_free(&x->text);
}

bool export_bench_write(struct export_bench *x)
{
    x->file = tmpfile();
    return x->file && buf_ok(&x->text) && fwrite(x->text.p, 1, x->text.n, x->file) == x->text.n &&
           fflush(x->file) == 0;
}

static ptrdiff_t read_export(void *ctx, uint64_t offset, void *to, size_t n)
{
    const struct export_bench *x = ctx;
    return pread(fileno(x->file), to, n, (off_t)offset);
}

static size_t search_only(struct export_bench *x, uint8_t *block)
{
    size_t found = 0;
    for (uint64_t at = 0; at < x->text.n; at += BLOCK_BYTES) {
        ptrdiff_t n = read_export(x, at, block, BLOCK_BYTES);
        for (const uint8_t *p = block, *end = block + n;; p++, found++) {
            p = needle_find(p, (size_t)(end - p), (const uint8_t *)x->needle.p, x->needle.n);
            if (!p)
                break;
        }
    }
    return found;
}

size_t parse_all(struct export_bench *x)
{
    static struct event event;
    struct input in = {x, read_export, x->text.n, true};
    struct position start = {0};
    struct selector selector;
    struct step step;
    size_t found = 0;
    selector_init_default(&selector);
    struct parser *p = x->ops->open(&in, &start, &(struct parser_options){.selector = &selector}, NULL);
    if (!p)
        return 0;
    do {
        x->ops->next(p, &event, &step);
        found += step.kind == STEP_EVENT;
    } while (step.kind != STEP_MORE && step.kind != STEP_FATAL);
    x->ops->close(p);
    return found;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double median_seconds(int64_t *ns, size_t n)
{
    qsort(ns, n, sizeof *ns, by_value);
    return (double)ns[n / 2] / 1e9;
}

static bool run_rounds(struct export_bench *x, uint8_t *block, size_t rounds, int64_t *search,
                       int64_t *parser)
{
    for (size_t i = 0; i < rounds; i++) {
        int64_t t0 = os_realtime_ns();
        size_t found = search_only(x, block);
        int64_t t1 = os_realtime_ns();
        size_t parsed = parse_all(x);
        search[i] = t1 - t0;
        parser[i] = os_realtime_ns() - t1;
        if (parsed == x->hits && found >= x->found_least && found <= x->found_most)
            continue;
        fprintf(stderr, "%s: %zu events instead of %zu; the number was found %zu times\n", x->name, parsed,
                x->hits, found);
        return false;
    }
    return true;
}

bool export_bench_measure(struct export_bench *x, size_t rounds)
{
    int64_t search[EXPORT_BENCH_ROUNDS_MAX], parser[EXPORT_BENCH_ROUNDS_MAX];
    uint8_t *block = malloc(BLOCK_BYTES);
    bool ok = block && rounds >= 1 && rounds <= EXPORT_BENCH_ROUNDS_MAX &&
              run_rounds(x, block, rounds, search, parser);
    free(block);
    if (!ok)
        return false;
    double least = median_seconds(search, rounds), ours = median_seconds(parser, rounds),
           megabytes = (double)x->text.n / 1e6;
    printf("%-20s %6.1f MB  search %6.0f MB/s  parser %6.0f MB/s %6.2f M events/s  %.2f times the search\n",
           x->name, megabytes, megabytes / least, megabytes / ours, (double)x->events / ours / 1e6,
           ours / least);
    return true;
}
