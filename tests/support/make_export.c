/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes event logs for the integration tests and for tests/data:
 *
 *   make_export evtx PATH FIRST COUNT
 *       COUNT events 9646, header ids and record ids from FIRST
 *   make_export evtx-in-place PATH FIRST COUNT
 *       the same, written over the file as a live log grows: neither truncated nor replaced
 *   make_export evtx-export PATH FIRST COUNT
 *       the same with the times that exports.limit_event gives: the same events as in its XML
 *   make_export exchange PATH VERSION LAYOUT COUNT
 *       9646 as Exchange 2007, 2010, 2013, 2016, 2019 or SE logs it; layout classic, manifest or forwarded
 *   make_export sample PATH
 *       the sample log of tests/data: 9646 of Exchange 2010 and 2016, decoys, forwarded events
 */
#include "evt_writer.h"
#include "exchange_events.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_image(const char *path, struct sv image, int flags)
{
    int fd = open(path, O_WRONLY | O_CREAT | flags, 0644);
    int failed = fd < 0 || pwrite(fd, image.p, image.n, 0) != (ssize_t)image.n;
    if (fd >= 0)
        failed |= close(fd);
    return failed;
}

static int numbered(const char *path, uint64_t first, unsigned count, int flags)
{
    struct evtx_writer *w =
        evtx_writer_new(&(struct evtx_writer_options){.first_id = first, .records_per_chunk = 60});
    for (unsigned i = 0; i < count; i++)
        evtx_writer_add_9646(w, EVTX_WRITE_CLASSIC, i);
    int failed = write_image(path, evtx_writer_image(w), flags);
    evtx_writer_free(w);
    return failed;
}

#define DN_2010 "/o=Contoso/ou=First Administrative Group/cn=Recipients/cn="
#define DN_2016 "/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn="
#define FILETIME_2026 UINT64_C(134158824000000000) /* 2026-02-18T10:00:00Z */

static void add(struct evtx_writer *w, struct evtx_writer_event e, const char *const *strings, size_t count)
{
    static uint64_t now = FILETIME_2026;
    e.strings = strings;
    e.string_count = count;
    e.level = 2;
    e.task = 6;
    e.keywords = UINT64_C(0x80000000000000);
    e.filetime = now;
    now += UINT64_C(137) * 10000000 + 1234567;
    evtx_writer_add(w, &e);
}

#define ADD(w, event, ...)                                                                                   \
    add((w), (struct evtx_writer_event)event, (const char *const[]){__VA_ARGS__},                            \
        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))
#define EXCHANGE_2010                                                                                        \
    {                                                                                                        \
        .event_id = 9646, .qualifiers = 49158, .computer = "EXCH10.contoso.com"                              \
    }
#define EXCHANGE_2016                                                                                        \
    {                                                                                                        \
        .event_id = 9646, .qualifiers = 49156, .computer = "EXCH16.contoso.com"                              \
    }
#define FORWARDED                                                                                            \
    {                                                                                                        \
        .layout = EVTX_WRITE_INLINE, .event_id = 9646, .qualifiers = 49158, .computer = "EXCH11.contoso.com" \
    }
#define OTHER(name, id)                                                                                      \
    {                                                                                                        \
        .provider = name, .event_id = id, .computer = "EXCH10.contoso.com"                                   \
    }

static int sample(const char *path)
{
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){.first_id = 126260});
    ADD(w, OTHER("ESE", 9646), "Information Store", "a decoy: the same id of another source");
    ADD(w, EXCHANGE_2010, DN_2010 "jsmith", "32", "session");
    ADD(w, EXCHANGE_2010, DN_2010 "jsmith", "32", "session");
    ADD(w, OTHER("MSExchangeIS", 9523), "9646 in prose is no 9646");
    ADD(w, EXCHANGE_2010, DN_2010 "blackberry-service", "500", "objtFolder");
    ADD(w, EXCHANGE_2010, "ccce3fe1-0bdb-4c25-baf9-d3ea6bb9af99", "500", "objtFolder");
    ADD(w, EXCHANGE_2010, "ba765653-5439-437a-993f-806575b85fbb: " DN_2010 "alee", "250", "objtMessage");
    ADD(w, EXCHANGE_2010, DN_2010 "webmail-shared", "16", "session");
    ADD(w, EXCHANGE_2016, DN_2016 "0f1e2d3c4b5a69788796a5b4c3d2e1f0-Ann Lee", "MoMT", "500", "Folder");
    ADD(w, EXCHANGE_2016, DN_2016 "1a2b3c4d5e6f708192a3b4c5d6e7f809-Shared Mailbox", "AirSync", "250",
        "Message");
    ADD(w, EXCHANGE_2016, DN_2016 "sales", "OWA", "16", "Session");
    ADD(w, FORWARDED, DN_2010 "jsmith", "32", "session");
    ADD(w, EXCHANGE_2010, DN_2010 "O'Neil \"Red\" <x&y>", "500", "objtFolderView");
    int failed = write_image(path, evtx_writer_image(w), O_TRUNC);
    evtx_writer_free(w);
    return failed;
}

/* One event a second; exports.py counts its seconds by the record id. */
static int exported(const char *path, uint64_t first, unsigned count)
{
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){.first_id = first});
    for (uint64_t id = first; id < first + count; id++) {
        char dn[160];
        snprintf(dn, sizeof dn, DN_2016 "user%u", (unsigned)(id % 97));
        evtx_writer_add(w, &(struct evtx_writer_event){.event_id = 9646,
                                                       .qualifiers = 49158,
                                                       .computer = "EXCH01",
                                                       .filetime = FILETIME_2026 + id * 10000000,
                                                       .strings = (const char *const[]){dn, "32", "session"},
                                                       .string_count = 3});
    }
    int failed = write_image(path, evtx_writer_image(w), O_TRUNC);
    evtx_writer_free(w);
    return failed;
}

/* What a line of standard input says: record id, provider, event id, qualifiers, computer, Unix seconds, then
 * the insertion strings, all separated by TABs. */
struct line {
    char text[8192];
    char *cells[64];
    size_t count;
};

enum { RECORD_ID, PROVIDER, EVENT_ID, QUALIFIERS, COMPUTER, SECONDS, STRINGS };

static bool read_line(struct line *l)
{
    if (!fgets(l->text, sizeof l->text, stdin))
        return false;
    l->text[strcspn(l->text, "\n")] = '\0';
    l->count = 0;
    for (char *at = l->text; at && l->count < 64;) {
        l->cells[l->count++] = at;
        at = strchr(at, '\t');
        if (at)
            *at++ = '\0';
    }
    return l->count >= STRINGS;
}

static unsigned long long cell(const struct line *l, int which)
{
    return strtoull(l->cells[which], NULL, 10);
}

static int events_as_evtx(const char *path)
{
    static struct line l;
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){.first_id = 1});
    while (read_line(&l))
        evtx_writer_add(w,
                        &(struct evtx_writer_event){.provider = l.cells[PROVIDER],
                                                    .event_id = (uint16_t)cell(&l, EVENT_ID),
                                                    .qualifiers = (uint16_t)cell(&l, QUALIFIERS),
                                                    .level = 2,
                                                    .task = 6,
                                                    .computer = l.cells[COMPUTER],
                                                    .record_id = cell(&l, RECORD_ID),
                                                    .filetime = (cell(&l, SECONDS) + 11644473600) * 10000000,
                                                    .strings = (const char *const *)&l.cells[STRINGS],
                                                    .string_count = l.count - STRINGS});
    int failed = write_image(path, evtx_writer_image(w), O_TRUNC);
    evtx_writer_free(w);
    return failed;
}

/* Record numbers are the order of the lines. */
static int events_as_evt(const char *path)
{
    static struct line l;
    struct evt_writer *w = evt_writer_new(&(struct evt_writer_options){.size = 4 << 20});
    while (read_line(&l))
        evt_writer_add(w, &(struct evt_writer_event){
                              .source = l.cells[PROVIDER],
                              .event_id = (uint32_t)(cell(&l, QUALIFIERS) << 16 | cell(&l, EVENT_ID)),
                              .category = 6,
                              .computer = l.cells[COMPUTER],
                              .time = (uint32_t)cell(&l, SECONDS),
                              .strings = (const char *const *)&l.cells[STRINGS],
                              .string_count = l.count - STRINGS});
    int failed = write_image(path, evt_writer_image(w), O_TRUNC);
    evt_writer_free(w);
    return failed;
}

static int index_of(const char *name, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

static int exchange_log(const char *path, const char *version_name, const char *layout_name, unsigned count)
{
    static const char *const layouts[] = {"classic", "manifest", "forwarded"};
    const char *names[EXCHANGE_VERSIONS];
    for (int v = 0; v < EXCHANGE_VERSIONS; v++)
        names[v] = exchange_version_name((enum exchange_version)v);
    int version = index_of(version_name, names, EXCHANGE_VERSIONS),
        layout = index_of(layout_name, layouts, 3);
    if (version < 0 || layout < 0)
        return 2;
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){0});
    for (unsigned i = 0; i < count; i++) {
        struct exchange_event e;
        exchange_9646(&e, (enum exchange_version)version, (enum evtx_writer_layout)layout, i);
        evtx_writer_add(w, &e.event);
    }
    int failed = write_image(path, evtx_writer_image(w), O_TRUNC);
    evtx_writer_free(w);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 2;
    if (argc == 5 && strcmp(argv[1], "evtx") == 0)
        failed = numbered(argv[2], strtoull(argv[3], NULL, 10), (unsigned)atoi(argv[4]), O_TRUNC);
    else if (argc == 5 && strcmp(argv[1], "evtx-in-place") == 0)
        failed = numbered(argv[2], strtoull(argv[3], NULL, 10), (unsigned)atoi(argv[4]), 0);
    else if (argc == 5 && strcmp(argv[1], "evtx-export") == 0)
        failed = exported(argv[2], strtoull(argv[3], NULL, 10), (unsigned)atoi(argv[4]));
    else if (argc == 6 && strcmp(argv[1], "exchange") == 0)
        failed = exchange_log(argv[2], argv[3], argv[4], (unsigned)atoi(argv[5]));
    else if (argc == 3 && strcmp(argv[1], "sample") == 0)
        failed = sample(argv[2]);
    else if (argc == 4 && strcmp(argv[1], "events") == 0)
        failed = strcmp(argv[2], "evt") == 0 ? events_as_evt(argv[3]) : events_as_evtx(argv[3]);
    if (failed)
        fprintf(stderr, "make_export: %s\n",
                failed == 2 ? "see the head of its source for usage" : "cannot write");
    return failed;
}
