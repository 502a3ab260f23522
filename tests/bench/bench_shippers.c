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
#include "buf.h"
#include "needle.h"
#include "os_clock.h"
#include "parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const struct parser_ops parser_clixml, parser_rowxml, parser_splunk, parser_syslog;

enum { BLOCK_BYTES = 512 * 1024, ROUNDS_MAX = 99 };

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

static uint32_t noise(void)
{
    static uint32_t state = 9646;
    state = state * 1664525 + 1013904223;
    return state >> 8;
}

static void put_snare(struct buf *b, const struct event_facts *f)
{
    buf_printf(
        b,
        "<11>Feb 18 10:%02u:08 ex%02u MSWinEventLog\t4\tApplication\t%u\tWed Feb 18 10:35:08 2026\t%u\t%s\t"
        "N/A\tN/A\tError\tex%02u.contoso.com\tGeneral\t\t",
        noise() % 60, noise() % 16, f->number, f->id, f->provider, noise() % 16);
    buf_put(b, sv_from(f->message));
    buf_lit(b, "\t0\n");
}

static void put_nxlog(struct buf *b, const struct event_facts *f)
{
    buf_printf(b,
               "<11>1 2026-02-18T10:%02u:08.123456Z ex%02u.contoso.com %s 0 - [NXLOG@14506 "
               "Keywords=\"36028797018963968\" EventType=\"ERROR\" EventID=\"%u\" TaskValue=\"6\" "
               "RecordNumber=\"%u\" Channel=\"Application\" SourceModuleType=\"im_msvistalog\"] ",
               noise() % 60, noise() % 16, f->provider, f->id, f->number);
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
        noise() % 60, f->provider, f->id, noise() % 16, f->number);
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
        f->number, f->provider, noise() % 16, noise() % 60);
    buf_put(b, sv_from(f->message));
    buf_lit(b, "</S>\r\n    </MS>\r\n  </Obj>\r\n");
}

static void put_rowxml(struct buf *b, const struct event_facts *f)
{
    buf_printf(b,
               " <ROW>\r\n  <EventLog>\r\n  Application\r\n  </EventLog>\r\n  <RecordNumber>\r\n  %u\r\n"
               "  </RecordNumber>\r\n  <TimeGenerated>\r\n  2026-02-18 10:%02u:08\r\n  </TimeGenerated>\r\n"
               "  <EventID>\r\n  %u\r\n  </EventID>\r\n  <EventType>\r\n  1\r\n  </EventType>\r\n",
               f->number, noise() % 60, f->id);
    buf_printf(b,
               "  <SourceName>\r\n  %s\r\n  </SourceName>\r\n  <ComputerName>\r\n  ex%02u.contoso.com\r\n"
               "  </ComputerName>\r\n  <Message>\r\n  ",
               f->provider, noise() % 16);
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
    bool hit = noise() % 100 < percent;
    unsigned decoy = noise() % 1000;
    struct event_facts f = {number, hit ? 9646 : 1000 + noise() % 8600, "MSExchangeIS", message};
    if (hit)
        snprintf(message, sizeof message,
                 "Mapi session \"/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/"
                 "cn=user%u\" exceeded the maximum of 32 objects of type \"session\".",
                 noise() % 5000);
    else
        snprintf(
            message, sizeof message,
            "Process w3wp.exe (PID=%u) took %u ms for request %08x%08x of mailbox user%u on database DB%02u",
            decoy < 3 ? 9646 : noise() % 9000, noise() % 9000, noise(), noise(), noise() % 5000,
            noise() % 40);
    if (!hit) {
        f.provider = providers[noise() % 4];
        f.id = decoy == 4 ? 19646 : decoy == 5 ? 96460 : f.id;
    }
    l->put(b, &f);
    return hit;
}

struct export
{
    struct buf text;
    FILE *file;
    size_t events, hits;
};

static ptrdiff_t read_export(void *ctx, uint64_t offset, void *to, size_t n)
{
    const struct export *x = ctx;
    return pread(fileno(x->file), to, n, (off_t)offset);
}

/* The export goes into a file without a name, so that reading costs what it costs in life. */
static bool make_export(struct export *x, const struct layout *l, size_t events, unsigned percent)
{
    buf_init(&x->text, SIZE_MAX);
    x->events = events;
    x->hits = 0;
    for (size_t i = 0; i < events; i++)
        x->hits += put_event(&x->text, l, (unsigned)(1000000 + i), percent);
    x->file = tmpfile();
    return buf_ok(&x->text) && x->file && fwrite(x->text.p, 1, x->text.n, x->file) == x->text.n &&
           fflush(x->file) == 0;
}

static void drop_export(struct export *x)
{
    if (x->file)
        fclose(x->file);
    buf_free(&x->text);
}

static size_t search_only(struct export *x, const char *needle, uint8_t *block)
{
    struct sv word = sv_from(needle);
    size_t found = 0;
    for (uint64_t at = 0; at < x->text.n; at += BLOCK_BYTES) {
        ptrdiff_t n = read_export(x, at, block, BLOCK_BYTES);
        for (const uint8_t *p = block, *end = block + n;; p++, found++) {
            p = needle_find(p, (size_t)(end - p), (const uint8_t *)word.p, word.n);
            if (!p)
                break;
        }
    }
    return found;
}

static size_t parse_all(struct export *x, const struct parser_ops *ops)
{
    static struct event event;
    struct input in = {x, read_export, x->text.n, true};
    struct position start = {0};
    struct selector selector;
    struct step step;
    size_t found = 0;
    selector_init_default(&selector);
    struct parser *p = ops->open(&in, &start, &(struct parser_options){.selector = &selector}, NULL);
    if (!p)
        return 0;
    do {
        ops->next(p, &event, &step);
        found += step.kind == STEP_EVENT;
    } while (step.kind != STEP_MORE && step.kind != STEP_FATAL);
    ops->close(p);
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

static bool measure(const struct layout *l, struct export *x, size_t rounds, uint8_t *block)
{
    int64_t limit[ROUNDS_MAX], parser[ROUNDS_MAX];
    for (size_t i = 0; i < rounds; i++) {
        int64_t t0 = os_realtime_ns();
        size_t searched = search_only(x, l->needle, block);
        int64_t t1 = os_realtime_ns();
        size_t parsed = parse_all(x, l->ops);
        int64_t t2 = os_realtime_ns();
        if (parsed != x->hits || searched > x->hits) {
            fprintf(stderr, "%s: %zu events instead of %zu\n", l->name, parsed, x->hits);
            return false;
        }
        limit[i] = t1 - t0;
        parser[i] = t2 - t1;
    }
    double least = median_seconds(limit, rounds), ours = median_seconds(parser, rounds),
           mb = (double)x->text.n / 1e6;
    printf(
        "%-14s %7.1f MB   search %6.0f MB/s   parser %6.0f MB/s  %6.2f M events/s   %.2f times the search\n",
        l->name, mb, mb / least, mb / ours, (double)x->events / ours / 1e6, ours / least);
    return true;
}

int main(int argc, char **argv)
{
    size_t events = argc > 1 ? strtoul(argv[1], NULL, 10) : 300000;
    unsigned percent = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 2;
    size_t rounds = argc > 3 ? strtoul(argv[3], NULL, 10) : 9;
    uint8_t *block = malloc(BLOCK_BYTES);
    bool good = block && rounds >= 1 && rounds <= ROUNDS_MAX;
    for (size_t i = 0; good && i < sizeof layouts / sizeof *layouts; i++) {
        if (argc > 4 && strcmp(argv[4], layouts[i].name) != 0)
            continue;
        struct export x;
        good = make_export(&x, &layouts[i], events, percent) && measure(&layouts[i], &x, rounds, block);
        drop_export(&x);
    }
    free(block);
    return good ? 0 : 1;
}
