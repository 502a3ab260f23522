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
#include "export_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct parser_ops parser_json;

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

static void put_message(struct buf *b, bool hit, unsigned decoy)
{
    if (hit)
        buf_printf(b,
                   "Mapi session \\\"/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)"
                   "/cn=Recipients/cn=user%u\\\" exceeded the maximum of 32 objects of type \\\"session\\\".",
                   export_bench_noise() % 5000);
    else
        buf_printf(b,
                   "Process w3wp.exe (PID=%u) took %u ms for request %08x%08x of mailbox "
                   "user%u@contoso.com on database DB%02u. %s",
                   export_bench_noise() % 20000, export_bench_noise() % 90000, export_bench_noise(),
                   export_bench_noise(), export_bench_noise() % 5000, export_bench_noise() % 40,
                   decoy == 4   ? "{\\\"Id\\\":9646}"
                   : decoy == 5 ? "See event 9646 of MSExchangeIS."
                                : "");
}

static void put_event(struct buf *b, const char *member, bool hit, unsigned record)
{
    static const char *const providers[] = {"MSExchangeIS", "MSExchange ADAccess", "Service Control Manager",
                                            "ESE", "MSExchangeTransport"};
    unsigned decoy = hit ? 1000 : export_bench_noise() % 1000;
    unsigned id = hit ? 9646 : decoy == 0 ? 19646 : decoy == 1 ? 96460 : 1000 + export_bench_noise() % 8600;
    buf_printf(b, "{%s\"Message\":\"", member);
    put_message(b, hit, decoy);
    buf_printf(b, "\",%s\"Id\":%u,%s\"Version\":null,%s\"Qualifiers\":49158,%s\"Level\":2,%s\"Task\":6,",
               member, id, member, member, member, member);
    buf_printf(b, "%s\"Keywords\":36028797018963968,%s\"RecordId\":%u,%s\"ProviderName\":\"%s\",", member,
               member, decoy == 2 ? 9646 : record, member,
               hit ? "MSExchangeIS" : providers[export_bench_noise() % 5]);
    buf_printf(
        b, "%s\"LogName\":\"Application\",%s\"ProcessId\":%u,%s\"MachineName\":\"EX%02u.contoso.com\",",
        member, member, decoy == 3 ? 9646 : export_bench_noise() % 9000, member, export_bench_noise() % 16);
    buf_printf(b, "%s\"TimeCreated\":\"\\/Date(%u%09u)\\/\",%s\"LevelDisplayName\":\"Error\",", member, 1700,
               export_bench_noise() % 100000000, member);
    buf_printf(b, "%s\"Properties\":[{\"Value\":\"user%u\"},{\"Value\":\"32\"},{\"Value\":\"session\"}]%s}",
               member, export_bench_noise() % 5000, member);
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

static void make_export(struct export_bench *x, const struct layout *layout, size_t events, unsigned percent)
{
    x->events = events;
    buf_put(&x->text, sv_from(layout->begin));
    for (size_t i = 0; i < events; i++) {
        bool hit = export_bench_noise() % 100 < percent;
        x->hits += hit;
        if (i)
            buf_put(&x->text, sv_from(layout->between));
        put_event(&x->text, layout->member, hit, (unsigned)(1000000 + i));
    }
    buf_put(&x->text, sv_from(layout->end));
    if (layout->wide)
        widen(&x->text);
}

int main(int argc, char **argv)
{
    size_t events = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    unsigned percent = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 2;
    size_t rounds = argc > 3 ? strtoul(argv[3], NULL, 10) : 9;
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof layouts / sizeof *layouts; i++) {
        if (argc > 4 && strcmp(argv[4], layouts[i].name) != 0)
            continue;
        struct export_bench x;
        export_bench_begin(&x, layouts[i].name, &parser_json,
                           layouts[i].wide ? SV("9\0006\0004\0006") : SV("9646"));
        make_export(&x, &layouts[i], events, percent);
        x.found_least = 1;
        ok = export_bench_write(&x) && export_bench_measure(&x, rounds);
        export_bench_end(&x);
    }
    return ok ? 0 : 1;
}
