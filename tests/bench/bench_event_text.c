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
#include "buf.h"
#include "needle.h"
#include "os_clock.h"
#include "parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const struct parser_ops parser_text;

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

/* What an event says, and under which id. */
struct said {
    unsigned id, record;
    char text[400];
};

static void say(struct said *s, bool hit, unsigned record)
{
    unsigned decoy = noise() % 1000;
    s->record = decoy == 2 ? 9646 : record;
    s->id = hit ? 9646 : decoy == 0 ? 19646 : decoy == 1 ? 96460 : 1000 + noise() % 8600;
    if (hit)
        snprintf(s->text, sizeof s->text,
                 "Mapi session \"/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/"
                 "cn=user%u\" exceeded the maximum of %u objects of type \"objtFolder\".",
                 noise() % 5000, 32 + noise() % 500);
    else
        snprintf(s->text, sizeof s->text,
                 "Process w3wp.exe (PID=%u) took %u ms for request %08x of mailbox user%u@contoso.com on "
                 "database DB%02u.%s",
                 noise() % 20000, noise() % 90000, noise(), noise() % 5000, noise() % 40,
                 decoy == 3 ? " See event 9646 of MSExchangeIS." : "");
}

static void put_clipboard(struct buf *b, const struct said *s)
{
    buf_printf(b,
               "Event Type:\tError\r\nEvent Source:\tMSExchangeIS\r\nEvent Category:\tGeneral \r\nEvent "
               "ID:\t%u\r\nDate:\t\t%u/%u/2009\r\nTime:\t\t4:%02u:%02u PM\r\nUser:\t\tN/A\r\n",
               s->id, 1 + noise() % 12, 1 + noise() % 28, noise() % 60, noise() % 60);
    buf_printf(b, "Computer:\tEX%02u\r\nDescription:\r\n%s\r\n\r\n", noise() % 16, s->text);
    buf_lit(b, "For more information, see Help and Support Center at "
               "http://go.microsoft.com/fwlink/events.asp.\r\n\r\n");
}

static void put_wevtutil(struct buf *b, const struct said *s)
{
    buf_printf(b,
               "Event[%u]:\r\n  Log Name: Application\r\n  Source: MSExchangeIS\r\n  Date: "
               "2024-05-%02uT%02u:%02u:%02u.940\r\n  Event ID: %u\r\n",
               s->record, 1 + noise() % 28, noise() % 24, noise() % 60, noise() % 60, s->id);
    buf_printf(b,
               "  Task: General\r\n  Level: Error\r\n  Opcode: N/A\r\n  Keyword: Classic\r\n  User: N/A\r\n  "
               "User Name: N/A\r\n  Computer: EX%02u.contoso.com\r\n  Description: \r\n",
               noise() % 16);
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
               noise() % 16, 1 + noise() % 12, 1 + noise() % 28);
}

static const struct layout {
    const char *name;
    void (*put)(struct buf *b, const struct said *s);
} layouts[] = {{"clipboard", put_clipboard}, {"wevtutil /f:text", put_wevtutil}, {"Format-List", put_list}};

static void make_export(struct export *x, const struct layout *layout, size_t events, unsigned percent)
{
    struct said said;
    buf_init(&x->text, SIZE_MAX);
    x->events = events;
    x->hits = 0;
    for (size_t i = 0; i < events; i++) {
        bool hit = noise() % 100 < percent;
        x->hits += hit;
        say(&said, hit, (unsigned)(1000000 + i));
        layout->put(&x->text, &said);
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
    return x->file && buf_ok(&x->text) && fwrite(x->text.p, 1, x->text.n, x->file) == x->text.n &&
           fflush(x->file) == 0;
}

static size_t search_only(struct export *x, uint8_t *block)
{
    static const char needle[] = "9646";
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
    struct parser *p = parser_text.open(&in, &start, &(struct parser_options){.selector = &selector}, &fault);
    if (!p)
        return 0;
    do {
        parser_text.next(p, &event, &step);
        found += step.kind == STEP_EVENT;
    } while (step.kind != STEP_MORE && step.kind != STEP_FATAL);
    parser_text.close(p);
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

/* False when the answer is wrong. */
static bool measure(struct export *x, const char *name, size_t rounds)
{
    int64_t limit[ROUNDS_MAX], parser[ROUNDS_MAX];
    uint8_t *block = malloc(BLOCK_BYTES);
    bool ok = block && write_export(x);
    for (size_t i = 0; ok && i < rounds; i++) {
        int64_t t0 = os_realtime_ns();
        size_t searched = search_only(x, block);
        int64_t t1 = os_realtime_ns();
        size_t parsed = parse_all(x);
        limit[i] = t1 - t0;
        parser[i] = os_realtime_ns() - t1;
        ok = parsed == x->hits && searched >= x->hits;
        if (!ok)
            fprintf(stderr, "%s: %zu events instead of %zu\n", name, parsed, x->hits);
    }
    if (ok) {
        double least = median_seconds(limit, rounds), ours = median_seconds(parser, rounds);
        printf("%-18s %6.1f MB  search %7.2f ms  parser %7.2f ms %7.0f MB/s %6.2f M events/s  %.2f times\n",
               name, (double)x->text.n / 1e6, least * 1e3, ours * 1e3, (double)x->text.n / ours / 1e6,
               (double)x->events / ours / 1e6, ours / least);
    }
    free(block);
    return ok;
}

int main(int argc, char **argv)
{
    size_t events = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    unsigned percent = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 2;
    size_t rounds = argc > 3 ? strtoul(argv[3], NULL, 10) : 9;
    if (rounds < 1 || rounds > ROUNDS_MAX)
        return 2;
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        if (argc > 4 && strcmp(argv[4], layouts[i].name) != 0)
            continue;
        struct export x = {.file = NULL};
        make_export(&x, &layouts[i], events, percent);
        bool ok = measure(&x, layouts[i].name, rounds);
        buf_free(&x.text);
        if (x.file)
            fclose(x.file);
        if (!ok)
            return 1;
    }
    return 0;
}
