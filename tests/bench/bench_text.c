/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast text exports are searched and read by lines, in UTF-8 and UTF-16, beside a bare search of the same
 * bytes.
 *
 *   bench_text [LINES]     medians of 5 rounds (1,000,000 lines, one of a hundred with the number)
 */
#include "buf.h"
#include "needle.h"
#include "os_clock.h"
#include "text_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 5, BLOCK_BYTES = 512 * 1024 };

static ptrdiff_t read_memory(void *ctx, uint64_t offset, void *to, size_t n)
{
    const struct sv *text = ctx;
    memcpy(to, text->p + offset, n);
    return (ptrdiff_t)n;
}

static void make_lines(struct buf *b, size_t lines)
{
    for (size_t i = 0; i < lines; i++)
        buf_printf(
            b, "Error,%02zu/05/2024 %02zu:%02zu:17,MSExchangeIS,%s,General,\"Mapi session number %zu\"\r\n",
            1 + i % 28, i % 24, i % 60, i % 100 ? "1022" : "9646", i);
}

static struct sv widen(struct sv v)
{
    char *wide = malloc(2 * v.n);
    for (size_t i = 0; wide && i < v.n; i++) {
        wide[2 * i] = v.p[i];
        wide[2 * i + 1] = '\0';
    }
    return sv_make(wide, wide ? 2 * v.n : 0);
}

static size_t run(struct sv *text, const struct text_filter *filter)
{
    static const struct position beginning;
    static const struct parser_options options;
    struct input in = {text, read_memory, text->n, true};
    struct text_lines l;
    struct text_line line;
    struct step step;
    enum text_pull pull;
    size_t lines = 0;
    if (!text_lines_open(&l, &in, &beginning, &options, filter, NULL))
        return 0;
    do {
        while ((pull = text_lines_find(&l)) == TEXT_LINE && (pull = text_lines_next(&l, &line)) == TEXT_LINE)
            lines++;
        text_lines_stop(&l, pull, &step);
    } while (pull == TEXT_BREATH);
    text_lines_close(&l);
    return lines;
}

/* The reads and a search for something that is not there. */
static size_t run_bare(struct sv *text, const struct text_filter *filter)
{
    static uint8_t block[BLOCK_BYTES];
    size_t hits = 0;
    (void)filter;
    for (size_t at = 0; at < text->n; at += BLOCK_BYTES) {
        size_t n = text->n - at < BLOCK_BYTES ? text->n - at : BLOCK_BYTES;
        read_memory(text, at, block, n);
        hits += needle_find(block, n, (const uint8_t *)"~~~~", 4) != NULL;
    }
    return hits;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void measure(const char *what, struct sv *text, const struct text_filter *filter,
                    size_t (*work)(struct sv *, const struct text_filter *))
{
    int64_t ns[ROUNDS];
    size_t lines = 0;
    for (int i = 0; i < ROUNDS; i++) {
        int64_t start = os_realtime_ns();
        lines = work(text, filter);
        ns[i] = os_realtime_ns() - start;
    }
    qsort(ns, ROUNDS, sizeof ns[0], by_size);
    printf("%-24s %9zu lines %8.0f MB/s\n", what, lines, (double)text->n * 1e3 / (double)ns[ROUNDS / 2]);
}

int main(int argc, char **argv)
{
    struct text_filter filter = {.word = SV("9646")};
    struct buf b;
    buf_init(&b, (size_t)1 << 30);
    make_lines(&b, argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : 1000000);
    struct sv narrow = buf_sv(&b), wide = widen(narrow);
    measure("UTF-8: bare search", &narrow, NULL, run_bare);
    measure("UTF-8: one id", &narrow, &filter, run);
    measure("UTF-8: every line", &narrow, NULL, run);
    measure("UTF-16: bare search", &wide, NULL, run_bare);
    measure("UTF-16: one id", &wide, &filter, run);
    measure("UTF-16: every line", &wide, NULL, run);
    free((void *)(uintptr_t)wide.p);
    buf_free(&b);
    return 0;
}
