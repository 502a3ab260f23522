/* SPDX-License-Identifier: Apache-2.0 */
/*
<<<<<<< HEAD
 * How fast event texts are filtered and decoded, beside what the machine allows: the same reads with nothing
 * but a search for the number.
 *
 *   bench_text [EVENTS [PERCENT [ROUNDS]]]     medians for each layout (100,000 events, 2 % of them 9646, 9
 * rounds)
 *
 * The exports are the same on every machine, decoys included: the number as record id and in prose, and ids
 * that contain it. The exact answer is known and checked.
=======
 * How fast text exports are searched and read by lines, in UTF-8 and UTF-16, beside a bare search of the same
 * bytes.
 *
 *   bench_text [LINES]     medians of 5 rounds (1,000,000 lines, one of a hundred with the number)
>>>>>>> w-evtext
 */
#include "buf.h"
#include "needle.h"
#include "os_clock.h"
<<<<<<< HEAD
#include "parser.h"
=======
#include "text_lines.h"
>>>>>>> w-evtext

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
<<<<<<< HEAD
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
=======

enum { ROUNDS = 5, BLOCK_BYTES = 512 * 1024 };

static ptrdiff_t read_memory(void *ctx, uint64_t offset, void *to, size_t n)
{
    const struct sv *text = ctx;
    memcpy(to, text->p + offset, n);
    return (ptrdiff_t)n;
}

static void make_lines(struct buf *b, size_t lines)
{
    for (size_t i = 0; i < lines; i++)
        buf_printf(
            b, "Error,%02zu/05/2024 %02zu:%02zu:17,MSExchangeIS,%s,General,\"Mapi session number %zu\"\r\n",
            1 + i % 28, i % 24, i % 60, i % 100 ? "1022" : "9646", i);
}

static struct sv widen(struct sv v)
{
    char *wide = malloc(2 * v.n);
    for (size_t i = 0; wide && i < v.n; i++) {
        wide[2 * i] = v.p[i];
        wide[2 * i + 1] = '\0';
    }
    return sv_make(wide, wide ? 2 * v.n : 0);
}

static size_t run(struct sv *text, const struct text_filter *filter)
{
    static const struct position beginning;
    static const struct parser_options options;
    struct input in = {text, read_memory, text->n, true};
    struct text_lines l;
    struct text_line line;
    struct step step;
    enum text_pull pull;
    size_t lines = 0;
    if (!text_lines_open(&l, &in, &beginning, &options, filter, NULL))
        return 0;
    do {
        while ((pull = text_lines_find(&l)) == TEXT_LINE && (pull = text_lines_next(&l, &line)) == TEXT_LINE)
            lines++;
        text_lines_stop(&l, pull, &step);
    } while (pull == TEXT_BREATH);
    text_lines_close(&l);
    return lines;
}

/* The reads and a search for something that is not there. */
static size_t run_bare(struct sv *text, const struct text_filter *filter)
{
    static uint8_t block[BLOCK_BYTES];
    size_t hits = 0;
    (void)filter;
    for (size_t at = 0; at < text->n; at += BLOCK_BYTES) {
        size_t n = text->n - at < BLOCK_BYTES ? text->n - at : BLOCK_BYTES;
        read_memory(text, at, block, n);
        hits += needle_find(block, n, (const uint8_t *)"~~~~", 4) != NULL;
    }
    return hits;
}

static int by_size(const void *a, const void *b)
>>>>>>> w-evtext
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

<<<<<<< HEAD
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
=======
static void measure(const char *what, struct sv *text, const struct text_filter *filter,
                    size_t (*work)(struct sv *, const struct text_filter *))
{
    int64_t ns[ROUNDS];
    size_t lines = 0;
    for (int i = 0; i < ROUNDS; i++) {
        int64_t start = os_realtime_ns();
        lines = work(text, filter);
        ns[i] = os_realtime_ns() - start;
    }
    qsort(ns, ROUNDS, sizeof ns[0], by_size);
    printf("%-24s %9zu lines %8.0f MB/s\n", what, lines, (double)text->n * 1e3 / (double)ns[ROUNDS / 2]);
>>>>>>> w-evtext
}

int main(int argc, char **argv)
{
<<<<<<< HEAD
    size_t events = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    unsigned percent = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 2;
    size_t rounds = argc > 3 ? strtoul(argv[3], NULL, 10) : 9;
    if (rounds < 1 || rounds > ROUNDS_MAX)
        return 2;
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        struct export x = {.file = NULL};
        make_export(&x, &layouts[i], events, percent);
        bool ok = measure(&x, layouts[i].name, rounds);
        buf_free(&x.text);
        if (x.file)
            fclose(x.file);
        if (!ok)
            return 1;
    }
=======
    struct text_filter filter = {.word = SV("9646")};
    struct buf b;
    buf_init(&b, (size_t)1 << 30);
    make_lines(&b, argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : 1000000);
    struct sv narrow = buf_sv(&b), wide = widen(narrow);
    measure("UTF-8: bare search", &narrow, NULL, run_bare);
    measure("UTF-8: one id", &narrow, &filter, run);
    measure("UTF-8: every line", &narrow, NULL, run);
    measure("UTF-16: bare search", &wide, NULL, run_bare);
    measure("UTF-16: one id", &wide, &filter, run);
    measure("UTF-16: every line", &wide, NULL, run);
    free((void *)(uintptr_t)wide.p);
    buf_free(&b);
>>>>>>> w-evtext
    return 0;
}
