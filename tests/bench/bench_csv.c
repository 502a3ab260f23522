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
#include "export_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct parser_ops parser_csv;

static void put_begin(struct buf *b, const char *level, const char *provider, unsigned id)
{
    buf_printf(b, "%s,%u/%u/2024 %u:%02u:%02u PM,%s,%u,General,\"", level, 1 + export_bench_noise() % 12,
               1 + export_bench_noise() % 28, 1 + export_bench_noise() % 12, export_bench_noise() % 60,
               export_bench_noise() % 60, provider, id);
}

static void put_hit(struct buf *b)
{
    put_begin(b, "Error", "MSExchangeIS", 9646);
    buf_printf(b,
               "Mapi session \"\"/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/"
               "cn=user%u\"\" exceeded the maximum of %u objects of type \"\"objtFolder\"\".\"\r\n",
               export_bench_noise() % 5000, 32 + export_bench_noise() % 500);
}

/* A few in a thousand hold the number in a place that does not count. */
static void put_other(struct buf *b)
{
    static const char *const providers[] = {"MSExchangeIS", "Microsoft-Windows-Security-Auditing",
                                            "MSExchange ADAccess", "Service Control Manager", "ESE"};
    static const char *const levels[] = {"Information", "Warning", "Error"};
    unsigned decoy = export_bench_noise() % 1000;
    unsigned id = decoy == 0 ? 19646 : decoy == 1 ? 96460 : 1000 + export_bench_noise() % 8600;
    put_begin(b, levels[export_bench_noise() % 3], providers[export_bench_noise() % 5], id);
    if (decoy == 4)
        buf_lit(b, "Error,1/1/2024 1:00:00 AM,MSExchangeIS,9646,General,plain\r\n");
    if (decoy == 5)
        buf_lit(b, "See event \"\"9646\"\" of MSExchangeIS.\r\n");
    buf_printf(
        b,
        "Process w3wp.exe (PID=%u) took %u ms for request %08x%08x of mailbox \"\"user%u@contoso.com\"\" "
        "on database DB%02u.\r\n\r\nServer: EX%02u\r\nCode: 0x%08x\"\r\n",
        export_bench_noise() % 20000, export_bench_noise() % 90000, export_bench_noise(),
        export_bench_noise(), export_bench_noise() % 5000, export_bench_noise() % 40,
        export_bench_noise() % 16, export_bench_noise());
}

static void make_export(struct export_bench *x, size_t events, unsigned percent)
{
    x->events = events;
    buf_lit(&x->text, "Level,Date and Time,Source,Event ID,Task Category\r\n");
    for (size_t i = 0; i < events; i++) {
        bool hit = export_bench_noise() % 100 < percent;
        x->hits += hit;
        if (hit)
            put_hit(&x->text);
        else
            put_other(&x->text);
    }
}

int main(int argc, char **argv)
{
    bool once = argc > 1 && strcmp(argv[1], "--once") == 0;
    char **args = argv + 1 + once;
    int given = argc - 1 - once;
    size_t events = given > 0 ? strtoul(args[0], NULL, 10) : 100000;
    unsigned percent = given > 1 ? (unsigned)strtoul(args[1], NULL, 10) : 2;
    size_t rounds = given > 2 ? strtoul(args[2], NULL, 10) : 9;
    struct export_bench x;
    export_bench_begin(&x, "CSV", &parser_csv, SV(",9646,"));
    make_export(&x, events, percent);
    x.found_least = x.hits / 2;
    bool ok = export_bench_write(&x);
    if (ok && once)
        printf("%zu\n", parse_all(&x));
    else if (ok)
        ok = export_bench_measure(&x, rounds);
    export_bench_end(&x);
    return ok ? 0 : 1;
}
