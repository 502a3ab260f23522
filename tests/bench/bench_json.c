/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast events as JSON are filtered and decoded, beside what the machine allows: the same reads with
 * nothing but a search.
 *
 *   bench_json [EVENTS [PERCENT [ROUNDS]]]     medians for every layout (100,000 events, 2 % of them 9646, 9
 *                                              rounds)
 *
 * The exports are the same on every machine, decoys included: the number as process id, record id, prose and
 * escaped JSON, and ids that contain it. The exact answer is known and checked.
 */
#include "buf.h"
#include "needle.h"
#include "os_clock.h"
#include "parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern const struct parser_ops parser_json;

enum { BLOCK_BYTES = 512 * 1024, ROUNDS_MAX = 99 };

struct export
{
    struct buf text;
    FILE *file;
    size_t events, hits;
};

/* How an event is laid out: between documents, between members, and in UTF-16 or not. */
struct layout {
    const char *name, *begin, *between, *end, *member;
    bool wide;
};

static const struct layout layouts[] = {
    {"lines", "", "\n", "\n", "", false},
    {"compressed array", "[", ",", "]", "", false},
    {"pretty array", "[\r\n", ",\r\n", "\r\n]\r\n", "\r\n        ", false},
    {"pretty array, UTF-16", "[\r\n", ",\r\n", "\r\n]\r\n", "\r\n        ", true},
};

static uint32_t noise(void)
{
    static uint32_t state = 9646;
    state = state * 1664525 + 1013904223;
    return state >> 8;
}

static void put_message(struct buf *b, bool hit, unsigned decoy)
{
    if (hit)
        buf_printf(b,
                   "Mapi session \\\"/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)"
                   "/cn=Recipients/cn=user%u\\\" exceeded the maximum of 32 objects of type \\\"session\\\".",
                   noise() % 5000);
    else
        buf_printf(b,
                   "Process w3wp.exe (PID=%u) took %u ms for request %08x%08x of mailbox "
                   "user%u@contoso.com on database DB%02u. %s",
                   noise() % 20000, noise() % 90000, noise(), noise(), noise() % 5000, noise() % 40,
                   decoy == 4   ? "{\\\"Id\\\":9646}"
                   : decoy == 5 ? "See event 9646 of MSExchangeIS."
                                : "");
}

static void put_event(struct buf *b, const char *member, bool hit, unsigned record)
{
    static const char *const providers[] = {"MSExchangeIS", "MSExchange ADAccess", "Service Control Manager",
                                            "ESE", "MSExchangeTransport"};
    unsigned decoy = hit ? 1000 : noise() % 1000;
    unsigned id = hit ? 9646 : decoy == 0 ? 19646 : decoy == 1 ? 96460 : 1000 + noise() % 8600;
    buf_printf(b, "{%s\"Message\":\"", member);
    put_message(b, hit, decoy);
    buf_printf(b, "\",%s\"Id\":%u,%s\"Version\":null,%s\"Qualifiers\":49158,%s\"Level\":2,%s\"Task\":6,",
               member, id, member, member, member, member);
    buf_printf(b, "%s\"Keywords\":36028797018963968,%s\"RecordId\":%u,%s\"ProviderName\":\"%s\",", member,
               member, decoy == 2 ? 9646 : record, member, hit ? "MSExchangeIS" : providers[noise() % 5]);
    buf_printf(b,
               "%s\"LogName\":\"Application\",%s\"ProcessId\":%u,%s\"MachineName\":\"EX%02u.contoso.com\",",
               member, member, decoy == 3 ? 9646 : noise() % 9000, member, noise() % 16);
    buf_printf(b, "%s\"TimeCreated\":\"\\/Date(%u%09u)\\/\",%s\"LevelDisplayName\":\"Error\",", member, 1700,
               noise() % 100000000, member);
    buf_printf(b, "%s\"Properties\":[{\"Value\":\"user%u\"},{\"Value\":\"32\"},{\"Value\":\"session\"}]%s}",
               member, noise() % 5000, member);
}

static void widen(struct buf *b)
{
    struct buf wide;
    buf_init(&wide, SIZE_MAX);
    buf_lit(&wide, "\xff\xfe");
    char *to = buf_room(&wide, b->n * 2);
    for (size_t i = 0; to && i < b->n; i++) {
        to[2 * i] = b->p[i];
        to[2 * i + 1] = 0;
    }
    wide.n += b->n * 2;
    buf_free(b);
    *b = wide;
}

static void make_export(struct export *x, const struct layout *layout, size_t events, unsigned percent)
{
    buf_init(&x->text, SIZE_MAX);
    x->events = events;
    x->hits = 0;
    buf_put(&x->text, sv_from(layout->begin));
    for (size_t i = 0; i < events; i++) {
        bool hit = noise() % 100 < percent;
        x->hits += hit;
        if (i)
            buf_put(&x->text, sv_from(layout->between));
        put_event(&x->text, layout->member, hit, (unsigned)(1000000 + i));
    }
    buf_put(&x->text, sv_from(layout->end));
    if (layout->wide)
        widen(&x->text);
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

static size_t search_only(struct export *x, uint8_t *block, bool wide)
{
    static const uint8_t narrow_needle[] = "9646", wide_needle[] = "9\0006\0004\0006";
    const uint8_t *needle = wide ? wide_needle : narrow_needle;
    size_t found = 0, length = wide ? 7 : 4;
    for (uint64_t at = 0; at < x->text.n; at += BLOCK_BYTES) {
        size_t n = (size_t)read_export(x, at, block, BLOCK_BYTES);
        for (const uint8_t *p = block, *end = block + n;; p++, found++) {
            p = needle_find(p, (size_t)(end - p), needle, length);
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
    struct parser *p = parser_json.open(&in, &start, &(struct parser_options){.selector = &selector}, &fault);
    if (!p)
        return 0;
    do {
        parser_json.next(p, &event, &step);
        found += step.kind == STEP_EVENT;
    } while (step.kind != STEP_MORE && step.kind != STEP_FATAL);
    parser_json.close(p);
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
    printf("  %-20s %8.2f ms  %9.0f MB/s  %7.2f M events/s\n", what, seconds * 1e3,
           (double)x->text.n / seconds / 1e6, (double)x->events / seconds / 1e6);
}

static bool measure(struct export *x, const struct layout *layout, uint8_t *block, size_t rounds)
{
    int64_t limit[ROUNDS_MAX], parser[ROUNDS_MAX];
    for (size_t i = 0; i < rounds; i++) {
        int64_t t0 = os_realtime_ns();
        size_t searched = search_only(x, block, layout->wide);
        int64_t t1 = os_realtime_ns();
        size_t parsed = parse_all(x);
        int64_t t2 = os_realtime_ns();
        if (parsed != x->hits || searched == 0) {
            fprintf(stderr, "%s: %zu events instead of %zu\n", layout->name, parsed, x->hits);
            return false;
        }
        limit[i] = t1 - t0;
        parser[i] = t2 - t1;
    }
    double least = median_seconds(limit, rounds), ours = median_seconds(parser, rounds);
    printf("%s: %zu events, %.1f MB, %zu of them 9646\n", layout->name, x->events, (double)x->text.n / 1e6,
           x->hits);
    print_line("read and search", x, least);
    print_line("filter and decode", x, ours);
    printf("  the parser takes %.2f times the search\n", ours / least);
    return true;
}

int main(int argc, char **argv)
{
    size_t events = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    unsigned percent = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 2;
    size_t rounds = argc > 3 ? strtoul(argv[3], NULL, 10) : 9;
    uint8_t *block = malloc(BLOCK_BYTES);
    bool ok = block && rounds >= 1 && rounds <= ROUNDS_MAX;
    for (size_t i = 0; ok && i < sizeof layouts / sizeof *layouts; i++) {
        struct export x;
        make_export(&x, &layouts[i], events, percent);
        ok = buf_ok(&x.text) && write_export(&x) && measure(&x, &layouts[i], block, rounds);
        buf_free(&x.text);
        if (x.file)
            fclose(x.file);
    }
    free(block);
    return ok ? 0 : 1;
}
