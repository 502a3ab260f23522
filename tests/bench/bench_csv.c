/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast event XML is filtered and decoded, beside what the machine allows: the same reads with nothing but
 * a search.
 *
 *   bench_xml [EVENTS [PERCENT [ROUNDS]]]     time of both, medians (100,000 events, 2 % of them 9646, 9
 * rounds) bench_xml --once EVENTS PERCENT           parses once and prints the number of events, for counting
 * instructions
 *
 * The export is the same on every machine, decoys included: the number as process id,
 * record id, prose, escaped markup, and ids that contain it. The exact answer is known and checked.
 */
#include "buf.h"
#include "needle.h"
#include "os_clock.h"
#include "parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const struct parser_ops parser_xml;

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

static void put_system(struct buf *b, const char *provider, unsigned id, unsigned record, unsigned process)
{
    buf_printf(
        b,
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='%s'/>"
        "<EventID Qualifiers='49156'>%u</EventID><Level>2</Level><Task>6</Task>"
        "<Keywords>0x80000000000000</Keywords>",
        provider, id);
    buf_printf(
        b,
        "<TimeCreated SystemTime='2024-05-%02uT%02u:%02u:%02u.%07u00Z'/><EventRecordID>%u</EventRecordID>"
        "<Correlation/><Execution ProcessID='%u' ThreadID='0'/><Channel>Application</Channel>"
        "<Computer>EX%02u.contoso.com</Computer><Security/></System><EventData>",
        1 + noise() % 28, noise() % 24, noise() % 60, noise() % 60, noise() % 10000000, record, process,
        noise() % 16);
}

static void put_hit(struct buf *b, unsigned record)
{
    put_system(b, "MSExchangeIS", 9646, record, 4096 + noise() % 8192);
    buf_printf(
        b,
        "<Data>/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=%08x-user%u"
        "</Data><Data>MoMT</Data><Data>%u</Data><Data>Session</Data></EventData></Event>\r\n",
        noise(), noise() % 5000, 32 + noise() % 500);
}

/* A few in a thousand hold the number in a place that does not count. */
static void put_other(struct buf *b, unsigned record)
{
    static const char *const providers[] = {"MSExchangeIS", "Microsoft-Windows-Security-Auditing",
                                            "MSExchange ADAccess", "Service Control Manager", "ESE"};
    unsigned decoy = noise() % 1000;
    unsigned id = decoy == 0 ? 19646 : decoy == 1 ? 96460 : 1000 + noise() % 8600;
    put_system(b, providers[noise() % 5], id, decoy == 2 ? 9646 : record,
               decoy == 3 ? 9646 : noise() % 20000);
    if (decoy == 4)
        buf_lit(b, "<Data>&lt;EventID&gt;9646&lt;/EventID&gt;</Data>");
    if (decoy == 5)
        buf_lit(b, "<Data>See event 9646 of MSExchangeIS.</Data><Data>9646</Data>");
    buf_printf(
        b,
        "<Data>Process w3wp.exe (PID=%u) took %u ms for request %08x%08x of mailbox user%u@contoso.com on "
        "database DB%02u</Data><Data>%u</Data><Data>0x%08x</Data></EventData></Event>\r\n",
        noise() % 20000, noise() % 90000, noise(), noise(), noise() % 5000, noise() % 40, noise(), noise());
}

static void make_export(struct export *x, size_t events, unsigned percent)
{
    buf_init(&x->text, SIZE_MAX);
    x->events = events;
    x->hits = 0;
    for (size_t i = 0; i < events; i++) {
        bool hit = noise() % 100 < percent;
        x->hits += hit;
        if (hit)
            put_hit(&x->text, (unsigned)(1000000 + i));
        else
            put_other(&x->text, (unsigned)(1000000 + i));
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
    static const char needle[] = ">9646</EventID";
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
    struct parser *p = parser_xml.open(&in, &start, &(struct parser_options){.selector = &selector}, &fault);
    if (!p)
        return 0;
    do {
        parser_xml.next(p, &event, &step);
        found += step.kind == STEP_EVENT;
    } while (step.kind != STEP_MORE && step.kind != STEP_FATAL);
    parser_xml.close(p);
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
            if (parsed != x.hits || searched > x.hits) {
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
