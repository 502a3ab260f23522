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
#include "export_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct parser_ops parser_xml;

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
        1 + export_bench_noise() % 28, export_bench_noise() % 24, export_bench_noise() % 60,
        export_bench_noise() % 60, export_bench_noise() % 10000000, record, process,
        export_bench_noise() % 16);
}

static void put_hit(struct buf *b, unsigned record)
{
    put_system(b, "MSExchangeIS", 9646, record, 4096 + export_bench_noise() % 8192);
    buf_printf(
        b,
        "<Data>/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=%08x-user%u"
        "</Data><Data>MoMT</Data><Data>%u</Data><Data>Session</Data></EventData></Event>\r\n",
        export_bench_noise(), export_bench_noise() % 5000, 32 + export_bench_noise() % 500);
}

/* A few in a thousand hold the number in a place that does not count. */
static void put_other(struct buf *b, unsigned record)
{
    static const char *const providers[] = {"MSExchangeIS", "Microsoft-Windows-Security-Auditing",
                                            "MSExchange ADAccess", "Service Control Manager", "ESE"};
    unsigned decoy = export_bench_noise() % 1000;
    unsigned id = decoy == 0 ? 19646 : decoy == 1 ? 96460 : 1000 + export_bench_noise() % 8600;
    put_system(b, providers[export_bench_noise() % 5], id, decoy == 2 ? 9646 : record,
               decoy == 3 ? 9646 : export_bench_noise() % 20000);
    if (decoy == 4)
        buf_lit(b, "<Data>&lt;EventID&gt;9646&lt;/EventID&gt;</Data>");
    if (decoy == 5)
        buf_lit(b, "<Data>See event 9646 of MSExchangeIS.</Data><Data>9646</Data>");
    buf_printf(
        b,
        "<Data>Process w3wp.exe (PID=%u) took %u ms for request %08x%08x of mailbox user%u@contoso.com on "
        "database DB%02u</Data><Data>%u</Data><Data>0x%08x</Data></EventData></Event>\r\n",
        export_bench_noise() % 20000, export_bench_noise() % 90000, export_bench_noise(),
        export_bench_noise(), export_bench_noise() % 5000, export_bench_noise() % 40, export_bench_noise(),
        export_bench_noise());
}

static void make_export(struct export_bench *x, size_t events, unsigned percent)
{
    x->events = events;
    for (size_t i = 0; i < events; i++) {
        bool hit = export_bench_noise() % 100 < percent;
        x->hits += hit;
        if (hit)
            put_hit(&x->text, (unsigned)(1000000 + i));
        else
            put_other(&x->text, (unsigned)(1000000 + i));
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
    export_bench_begin(&x, "event XML", &parser_xml, SV(">9646</EventID"));
    make_export(&x, events, percent);
    x.found_most = x.hits;
    bool ok = export_bench_write(&x);
    if (ok && once)
        printf("%zu\n", parse_all(&x));
    else if (ok)
        ok = export_bench_measure(&x, rounds);
    export_bench_end(&x);
    return ok ? 0 : 1;
}
