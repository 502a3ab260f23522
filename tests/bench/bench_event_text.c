/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast event texts are filtered and decoded, beside what the machine allows: the same reads with nothing
 * but a search for the number.
 *
 *   bench_event_text [EVENTS [PERCENT [ROUNDS [LAYOUT]]]]     medians (100,000 events, 2 % of them 9646, 9
 * rounds)
 *
 * The exports are the same on every machine, decoys included: the number as record id and in prose, and ids
 * that contain it. The exact answer is known and checked.
 */
#include "export_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct parser_ops parser_text;

/* What an event says, and under which id. */
struct said {
    unsigned id, record;
    char text[400];
};

static void say(struct said *s, bool hit, unsigned record)
{
    unsigned decoy = export_bench_noise() % 1000;
    s->record = decoy == 2 ? 9646 : record;
    s->id = hit ? 9646 : decoy == 0 ? 19646 : decoy == 1 ? 96460 : 1000 + export_bench_noise() % 8600;
    if (hit)
        snprintf(s->text, sizeof s->text,
                 "Mapi session \"/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/"
                 "cn=user%u\" exceeded the maximum of %u objects of type \"objtFolder\".",
                 export_bench_noise() % 5000, 32 + export_bench_noise() % 500);
    else
        snprintf(s->text, sizeof s->text,
                 "Process w3wp.exe (PID=%u) took %u ms for request %08x of mailbox user%u@contoso.com on "
                 "database DB%02u.%s",
                 export_bench_noise() % 20000, export_bench_noise() % 90000, export_bench_noise(),
                 export_bench_noise() % 5000, export_bench_noise() % 40,
                 decoy == 3 ? " See event 9646 of MSExchangeIS." : "");
}

static void put_clipboard(struct buf *b, const struct said *s)
{
    buf_printf(b,
               "Event Type:\tError\r\nEvent Source:\tMSExchangeIS\r\nEvent Category:\tGeneral \r\nEvent "
               "ID:\t%u\r\nDate:\t\t%u/%u/2009\r\nTime:\t\t4:%02u:%02u PM\r\nUser:\t\tN/A\r\n",
               s->id, 1 + export_bench_noise() % 12, 1 + export_bench_noise() % 28, export_bench_noise() % 60,
               export_bench_noise() % 60);
    buf_printf(b, "Computer:\tEX%02u\r\nDescription:\r\n%s\r\n\r\n", export_bench_noise() % 16, s->text);
    buf_lit(b, "For more information, see Help and Support Center at "
               "http://go.microsoft.com/fwlink/events.asp.\r\n\r\n");
}

static void put_wevtutil(struct buf *b, const struct said *s)
{
    buf_printf(b,
               "Event[%u]:\r\n  Log Name: Application\r\n  Source: MSExchangeIS\r\n  Date: "
               "2024-05-%02uT%02u:%02u:%02u.940\r\n  Event ID: %u\r\n",
               s->record, 1 + export_bench_noise() % 28, export_bench_noise() % 24, export_bench_noise() % 60,
               export_bench_noise() % 60, s->id);
    buf_printf(b,
               "  Task: General\r\n  Level: Error\r\n  Opcode: N/A\r\n  Keyword: Classic\r\n  User: N/A\r\n  "
               "User Name: N/A\r\n  Computer: EX%02u.contoso.com\r\n  Description: \r\n",
               export_bench_noise() % 16);
    buf_put(b, sv_from(s->text));
    buf_lit(b, "\r\n\r\n");
}

static void put_list(struct buf *b, const struct said *s)
{
    buf_printf(b, "Message              : %s\r\n", s->text);
    buf_printf(b,
               "Id                   : %u\r\nVersion              : \r\nQualifiers           : 49158\r\n"
               "Level                : 2\r\nRecordId             : %u\r\nProviderName         : "
               "MSExchangeIS\r\nLogName              : Application\r\n",
               s->id, s->record);
    buf_printf(b,
               "MachineName          : EX%02u.contoso.com\r\nTimeCreated          : %u/%u/2024 4:27:56 PM\r\n"
               "LevelDisplayName     : Error\r\n\r\n",
               export_bench_noise() % 16, 1 + export_bench_noise() % 12, 1 + export_bench_noise() % 28);
}

static const struct layout {
    const char *name;
    void (*put)(struct buf *b, const struct said *s);
} layouts[] = {{"clipboard", put_clipboard}, {"wevtutil /f:text", put_wevtutil}, {"Format-List", put_list}};

static void make_export(struct export_bench *x, const struct layout *layout, size_t events, unsigned percent)
{
    struct said said;
    x->events = events;
    for (size_t i = 0; i < events; i++) {
        bool hit = export_bench_noise() % 100 < percent;
        x->hits += hit;
        say(&said, hit, (unsigned)(1000000 + i));
        layout->put(&x->text, &said);
    }
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
        export_bench_begin(&x, layouts[i].name, &parser_text, SV("9646"));
        make_export(&x, &layouts[i], events, percent);
        x.found_least = x.hits;
        ok = export_bench_write(&x) && export_bench_measure(&x, rounds);
        export_bench_end(&x);
    }
    return ok ? 0 : 1;
}
