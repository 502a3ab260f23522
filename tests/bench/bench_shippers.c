/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast the text of other shippers is filtered and decoded, beside what the machine allows: the same reads
 * with nothing but a search.
 *
 *   bench_shippers [EVENTS [PERCENT [ROUNDS [LAYOUT]]]]     medians (300,000 events, 2 % of them 9646, 9
 * rounds)
 *
 * The exports are the same on every machine, with the number in prose and inside other ids. The exact answer
 * is known and checked.
 */
#include "export_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct parser_ops parser_clixml, parser_rowxml, parser_splunk, parser_syslog;

struct event_facts {
    unsigned number, id;
    const char *provider, *message;
};

struct layout {
    const char *name;
    const struct parser_ops *ops;
    const char *needle; /* what the bare search looks for */
    void (*put)(struct buf *b, const struct event_facts *f);
};

static void put_snare(struct buf *b, const struct event_facts *f)
{
    buf_printf(
        b,
        "<11>Feb 18 10:%02u:08 ex%02u MSWinEventLog\t4\tApplication\t%u\tWed Feb 18 10:35:08 2026\t%u\t%s\t"
        "N/A\tN/A\tError\tex%02u.contoso.com\tGeneral\t\t",
        export_bench_noise() % 60, export_bench_noise() % 16, f->number, f->id, f->provider,
        export_bench_noise() % 16);
    buf_put(b, sv_from(f->message));
    buf_lit(b, "\t0\n");
}

static void put_nxlog(struct buf *b, const struct event_facts *f)
{
    buf_printf(b,
               "<11>1 2026-02-18T10:%02u:08.123456Z ex%02u.contoso.com %s 0 - [NXLOG@14506 "
               "Keywords=\"36028797018963968\" EventType=\"ERROR\" EventID=\"%u\" TaskValue=\"6\" "
               "RecordNumber=\"%u\" Channel=\"Application\" SourceModuleType=\"im_msvistalog\"] ",
               export_bench_noise() % 60, export_bench_noise() % 16, f->provider, f->id, f->number);
    buf_put(b, sv_from(f->message));
    buf_lit(b, "\n");
}

static void put_splunk(struct buf *b, const struct event_facts *f)
{
    buf_printf(
        b,
        "02/18/2026 10:%02u:08 AM\nLogName=Application\nSourceName=%s\nEventCode=%u\nEventType=2\n"
        "Type=Error\nComputerName=ex%02u.contoso.com\nTaskCategory=General\nOpCode=None\nRecordNumber=%u\n"
        "Keywords=Classic\nMessage=",
        export_bench_noise() % 60, f->provider, f->id, export_bench_noise() % 16, f->number);
    buf_put(b, sv_from(f->message));
    buf_lit(b, "\n\n");
}

static void put_clixml(struct buf *b, const struct event_facts *f)
{
    buf_printf(b,
               "  <Obj RefId=\"%u\">\r\n    <TNRef RefId=\"0\" />\r\n"
               "    <ToString>System.Diagnostics.Eventing.Reader.EventLogRecord</ToString>\r\n    <Props>\r\n"
               "      <I32 N=\"Id\">%u</I32>\r\n      <Nil N=\"Version\" />\r\n"
               "      <I32 N=\"Qualifiers\">49158</I32>\r\n      <By N=\"Level\">2</By>\r\n",
               f->number, f->id);
    buf_printf(
        b,
        "      <I64 N=\"RecordId\">%u</I64>\r\n      <S N=\"ProviderName\">%s</S>\r\n"
        "      <S N=\"LogName\">Application</S>\r\n      <S N=\"MachineName\">ex%02u.contoso.com</S>\r\n"
        "      <DT N=\"TimeCreated\">2026-02-18T11:%02u:08.1234567+01:00</DT>\r\n    </Props>\r\n"
        "    <MS>\r\n      <S N=\"Message\">",
        f->number, f->provider, export_bench_noise() % 16, export_bench_noise() % 60);
    buf_put(b, sv_from(f->message));
    buf_lit(b, "</S>\r\n    </MS>\r\n  </Obj>\r\n");
}

static void put_rowxml(struct buf *b, const struct event_facts *f)
{
    buf_printf(b,
               " <ROW>\r\n  <EventLog>\r\n  Application\r\n  </EventLog>\r\n  <RecordNumber>\r\n  %u\r\n"
               "  </RecordNumber>\r\n  <TimeGenerated>\r\n  2026-02-18 10:%02u:08\r\n  </TimeGenerated>\r\n"
               "  <EventID>\r\n  %u\r\n  </EventID>\r\n  <EventType>\r\n  1\r\n  </EventType>\r\n",
               f->number, export_bench_noise() % 60, f->id);
    buf_printf(b,
               "  <SourceName>\r\n  %s\r\n  </SourceName>\r\n  <ComputerName>\r\n  ex%02u.contoso.com\r\n"
               "  </ComputerName>\r\n  <Message>\r\n  ",
               f->provider, export_bench_noise() % 16);
    buf_put(b, sv_from(f->message));
    buf_lit(b, "\r\n  </Message>\r\n </ROW>\r\n");
}

static const struct layout layouts[] = {
    {"syslog, Snare", &parser_syslog, "\t9646\t", put_snare},
    {"syslog, NXLog", &parser_syslog, "\"9646\"", put_nxlog},
    {"splunk", &parser_splunk, "EventCode=9646\n", put_splunk},
    {"clixml", &parser_clixml, ">9646</I32>", put_clixml},
    {"rowxml", &parser_rowxml, "  9646\r\n", put_rowxml},
};

/* One event; a few in a thousand hold the number in a place that does not count. */
static bool put_event(struct buf *b, const struct layout *l, unsigned number, unsigned percent)
{
    static const char *const providers[] = {"MSExchangeIS", "Service", "ESE", "Perflib"};
    char message[256];
    bool hit = export_bench_noise() % 100 < percent;
    unsigned decoy = export_bench_noise() % 1000;
    struct event_facts f = {number, hit ? 9646 : 1000 + export_bench_noise() % 8600, "MSExchangeIS", message};
    if (hit)
        snprintf(message, sizeof message,
                 "Mapi session \"/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/"
                 "cn=user%u\" exceeded the maximum of 32 objects of type \"session\".",
                 export_bench_noise() % 5000);
    else
        snprintf(
            message, sizeof message,
            "Process w3wp.exe (PID=%u) took %u ms for request %08x%08x of mailbox user%u on database DB%02u",
            decoy < 3 ? 9646 : export_bench_noise() % 9000, export_bench_noise() % 9000, export_bench_noise(),
            export_bench_noise(), export_bench_noise() % 5000, export_bench_noise() % 40);
    if (!hit) {
        f.provider = providers[export_bench_noise() % 4];
        f.id = decoy == 4 ? 19646 : decoy == 5 ? 96460 : f.id;
    }
    l->put(b, &f);
    return hit;
}

static void make_export(struct export_bench *x, const struct layout *l, size_t events, unsigned percent)
{
    x->events = events;
    for (size_t i = 0; i < events; i++)
        x->hits += put_event(&x->text, l, (unsigned)(1000000 + i), percent);
}

int main(int argc, char **argv)
{
    size_t events = argc > 1 ? strtoul(argv[1], NULL, 10) : 300000;
    unsigned percent = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 2;
    size_t rounds = argc > 3 ? strtoul(argv[3], NULL, 10) : 9;
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof layouts / sizeof *layouts; i++) {
        if (argc > 4 && strcmp(argv[4], layouts[i].name) != 0)
            continue;
        struct export_bench x;
        export_bench_begin(&x, layouts[i].name, layouts[i].ops, sv_from(layouts[i].needle));
        make_export(&x, &layouts[i], events, percent);
        x.found_most = x.hits;
        ok = export_bench_write(&x) && export_bench_measure(&x, rounds);
        export_bench_end(&x);
    }
    return ok ? 0 : 1;
}
