/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast a table of events is filtered and decoded, beside what the machine allows: the same reads with
 * nothing but a search.
 *
 *   bench_csv [EVENTS [PERCENT [ROUNDS]]]     time of both, medians (100,000 events, 2 % of them 9646, 9
 * rounds) bench_csv --once EVENTS PERCENT           parses once and prints the number of events, for counting
 * instructions
 *
 * The export is what the Event Viewer saves, the same on every machine, decoys included: the number as
 * process id, in prose, in a quoted row, and ids that contain it. The exact answer is known and checked.
 */
#include "buf.h"
#include "needle.h"
#include "os_clock.h"
#include "parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const struct parser_ops parser_csv;

enum { BLOCK_BYTES = 512 * 1024, ROUNDS_MAX = 99 };

struct export
{
    struct buf text;
    FILE *file;
    size_t events, hits;
};

static uint32_t noise(void)
{
    static uint32_t state = 9646;
    state = state * 1664525 + 1013904223;
    return state >> 8;
}

static void put_begin(struct buf *b, const char *level, const char *provider, unsigned id)
{
    buf_printf(b, "%s,%u/%u/2024 %u:%02u:%02u PM,%s,%u,General,\"", level, 1 + noise() % 12, 1 + noise() % 28,
               1 + noise() % 12, noise() % 60, noise() % 60, provider, id);
}

static void put_hit(struct buf *b)
{
    put_begin(b, "Error", "MSExchangeIS", 9646);
    buf_printf(b,
               "Mapi session \"\"/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/"
               "cn=user%u\"\" exceeded the maximum of %u objects of type \"\"objtFolder\"\".\"\r\n",
               noise() % 5000, 32 + noise() % 500);
}

/* A few in a thousand hold the number in a place that does not count. */
static void put_other(struct buf *b)
{
    static const char *const providers[] = {"MSExchangeIS", "Microsoft-Windows-Security-Auditing",
                                            "MSExchange ADAccess", "Service Control Manager", "ESE"};
    static const char *const levels[] = {"Information", "Warning", "Error"};
    unsigned decoy = noise() % 1000;
    unsigned id = decoy == 0 ? 19646 : decoy == 1 ? 96460 : 1000 + noise() % 8600;
    put_begin(b, levels[noise() % 3], providers[noise() % 5], id);
    if (decoy == 4)
        buf_lit(b, "Error,1/1/2024 1:00:00 AM,MSExchangeIS,9646,General,plain\r\n");
    if (decoy == 5)
        buf_lit(b, "See event \"\"9646\"\" of MSExchangeIS.\r\n");
    buf_printf(
        b,
        "Process w3wp.exe (PID=%u) took %u ms for request %08x%08x of mailbox \"\"user%u@contoso.com\"\" "
        "on database DB%02u.\r\n\r\nServer: EX%02u\r\nCode: 0x%08x\"\r\n",
        noise() % 20000, noise() % 90000, noise(), noise(), noise() % 5000, noise() % 40, noise() % 16,
        noise());
}

static void make_export(struct export *x, size_t events, unsigned percent)
{
    buf_init(&x->text, SIZE_MAX);
    x->events = events;
    x->hits = 0;
    buf_lit(&x->text, "Level,Date and Time,Source,Event ID,Task Category\r\n");
    for (size_t i = 0; i < events; i++) {
        bool hit = noise() % 100 < percent;
        x->hits += hit;
        if (hit)
            put_hit(&x->text);
        else
            put_other(&x->text);
    }
}

static ptrdiff_t read_export(void *ctx, uint64_t offset, void *to, size_t n)
{
    const struct export *x = ctx;
    return pread(fileno(x->file), to, n, (off_t)offset);
}

/* The export goes into a file without a name, so that reading costs what it costs in life. */
static bool write_export(struct export *x)
{
    x->file = tmpfile();
    return x->file && fwrite(x->text.p, 1, x->text.n, x->file) == x->text.n && fflush(x->file) == 0;
}

static size_t search_only(struct export *x, uint8_t *block)
{
    static const char needle[] = ",9646,";
    size_t found = 0;
    for (uint64_t at = 0; at < x->text.n; at += BLOCK_BYTES) {
        size_t n = (size_t)read_export(x, at, block, BLOCK_BYTES);
        for (const uint8_t *p = block, *end = block + n;; p++, found++) {
            p = needle_find(p, (size_t)(end - p), (const uint8_t *)needle, sizeof needle - 1);
            if (!p)
                break;
        }
    }
    return found;
}

static size_t parse_all(struct export *x)
{
    static struct event event;
    struct input in = {x, read_export, x->text.n, true};
    struct position start = {0};
    struct selector selector;
    struct fault fault;
    struct step step;
    size_t found = 0;
    selector_init_default(&selector);
    struct parser *p = parser_csv.open(&in, &start, &(struct parser_options){.selector = &selector}, &fault);
    if (!p)
        return 0;
    do {
        parser_csv.next(p, &event, &step);
        found += step.kind == STEP_EVENT;
    } while (step.kind != STEP_MORE && step.kind != STEP_FATAL);
    parser_csv.close(p);
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

static void print_line(const char *what, const struct export *x, double seconds)
{
    printf("%-24s %8.2f ms  %9.0f MB/s  %7.2f M events/s\n", what, seconds * 1e3,
           (double)x->text.n / seconds / 1e6, (double)x->events / seconds / 1e6);
}

int main(int argc, char **argv)
{
    bool once = argc > 1 && strcmp(argv[1], "--once") == 0;
    char **args = argv + 1 + once;
    int given = argc - 1 - once;
    size_t events = given > 0 ? strtoul(args[0], NULL, 10) : 100000;
    unsigned percent = given > 1 ? (unsigned)strtoul(args[1], NULL, 10) : 2;
    size_t rounds = given > 2 ? strtoul(args[2], NULL, 10) : 9;
    struct export x;
    make_export(&x, events, percent);
    uint8_t *block = malloc(BLOCK_BYTES);
    if (!block || !buf_ok(&x.text) || !write_export(&x) || rounds < 1 || rounds > ROUNDS_MAX)
        return 2;
    if (once) {
        printf("%zu\n", parse_all(&x));
    } else {
        int64_t limit[ROUNDS_MAX], parser[ROUNDS_MAX];
        for (size_t i = 0; i < rounds; i++) {
            int64_t t0 = os_realtime_ns();
            size_t searched = search_only(&x, block);
            int64_t t1 = os_realtime_ns();
            size_t parsed = parse_all(&x);
            int64_t t2 = os_realtime_ns();
            if (parsed != x.hits || searched < x.hits / 2) {
                fprintf(stderr, "%zu events instead of %zu\n", parsed, x.hits);
                return 1;
            }
            limit[i] = t1 - t0;
            parser[i] = t2 - t1;
        }
        double least = median_seconds(limit, rounds), ours = median_seconds(parser, rounds);
        printf("%zu events, %.1f MB, %zu of them 9646\n", x.events, (double)x.text.n / 1e6, x.hits);
        print_line("read and search", &x, least);
        print_line("filter and decode", &x, ours);
        printf("the parser takes %.2f times the search\n", ours / least);
    }
    buf_free(&x.text);
    free(block);
    return 0;
}
