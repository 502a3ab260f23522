/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs with the 9646 of every Exchange version, in every layout that a log can have it in: what libevtx reads
 * of them, where it knows the layout, and what we do.
 */
#include "../support/exchange_events.h"
#include "mapi9646.h"
#include "parser.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const struct parser_ops parser_evtx;

enum { EVENTS = 20 };

static struct exchange_event expected[EVENTS];
static struct evtx_writer *writer;

static void write_log(enum exchange_version v, enum evtx_writer_layout layout)
{
    writer = evtx_writer_new(&(struct evtx_writer_options){.first_id = 1});
    for (unsigned i = 0; i < EVENTS; i++) {
        exchange_9646(&expected[i], v, layout, i);
        evtx_writer_add(writer, &expected[i].event);
    }
}

static void free_log(void)
{
    evtx_writer_free(writer);
    writer = NULL;
}

TestSuite(exchange_events, .fini = free_log);

static ptrdiff_t read_image(void *ctx, uint64_t offset, void *to, size_t n)
{
    memcpy(to, (const char *)ctx + offset, n);
    return (ptrdiff_t)n;
}

static bool says(struct sv got, const char *want)
{
    return want ? sv_eq(got, sv_from(want)) : sv_empty(got);
}

static void check_record(const struct event *e, const struct exchange_event *x, struct arena *arena)
{
    struct record r;
    const struct exchange_truth *t = &x->truth;
    record_normalize(e, arena, &r);
    cr_assert_eq(r.kind, RECORD_MAPI_LIMIT);
    cr_assert_eq(r.mapi.status, PARSE_COMPLETE, "%.*s", SV_ARG(e->original));
    cr_assert(says(r.mapi.user, t->user), "%.*s instead of %s", SV_ARG(r.mapi.user), t->user);
    cr_assert(says(r.mapi.client_type, t->client_type));
    cr_assert(says(r.mapi.object_type, t->object_type), "%.*s", SV_ARG(r.mapi.object_type));
    cr_assert(says(r.mapi.mailbox_guid, t->mailbox_guid));
    cr_assert_eq(r.mapi.limit.v, t->limit);
    cr_assert(says(r.message, x->message), "%.*s", SV_ARG(r.message));
}

static void check_event(const struct event *e, const struct exchange_event *x)
{
    cr_assert(says(e->provider, x->event.provider) && says(e->channel, x->event.channel));
    cr_assert(says(e->computer, x->event.computer));
    cr_assert_eq(e->level.v, 2);
    cr_assert_eq(e->task.v, 6);
    cr_assert_eq(e->keywords.v, x->event.keywords);
    cr_assert_eq(e->process_id.has, x->event.has_execution || x->event.layout == EVTX_WRITE_MANIFEST);
    if (x->event.layout != EVTX_WRITE_MANIFEST) /* which has none */
        cr_assert_eq(e->qualifiers.v, x->event.qualifiers);
    if (x->event.layout == EVTX_WRITE_INLINE)
        cr_assert(says(e->message, x->message));
    cr_assert_eq(e->data_count, x->event.string_count);
    for (size_t i = 0; i < e->data_count; i++)
        cr_assert(says(e->data[i].value, x->strings[i]));
}

static void check_log(void)
{
    static struct event event;
    static struct selector mapi;
    static const struct position beginning;
    struct sv image = evtx_writer_image(writer);
    struct input in = {(void *)(uintptr_t)image.p, read_image, image.n, true};
    struct arena arena;
    struct step step;
    size_t events = 0;
    selector_init_default(&mapi);
    arena_init(&arena, 1 << 20);
    struct parser *p = parser_evtx.open(&in, &beginning, &(struct parser_options){.selector = &mapi}, NULL);
    for (parser_evtx.next(p, &event, &step); step.kind == STEP_EVENT; parser_evtx.next(p, &event, &step)) {
        cr_assert_lt(events, EVENTS);
        check_event(&event, &expected[events]);
        check_record(&event, &expected[events], &arena);
        arena_reset(&arena);
        events++;
    }
    cr_assert_eq(events, EVENTS);
    parser_evtx.close(p);
    arena_free(&arena);
}

Test(exchange_events, the_9646_of_every_version_is_read_in_every_layout)
{
    for (int v = 0; v < EXCHANGE_VERSIONS; v++)
        for (int layout = EVTX_WRITE_CLASSIC; layout <= EVTX_WRITE_INLINE; layout++) {
            write_log((enum exchange_version)v, (enum evtx_writer_layout)layout);
            check_log();
            free_log();
        }
}

/* What evtxexport prints of the log; freed by the caller. */
static char *exported(void)
{
    enum { ROOM = 1 << 20 };
    char path[] = "/tmp/mapitail-test-XXXXXX", command[128];
    struct sv image = evtx_writer_image(writer);
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, image.p, image.n) == (ssize_t)image.n);
    close(fd);
    snprintf(command, sizeof command, "evtxexport -f xml %s", path);
    FILE *f = popen(command, "r");
    char *text = calloc(1, ROOM);
    cr_assert(f && text);
    cr_assert_lt(fread(text, 1, ROOM - 1, f), ROOM - 1);
    cr_assert_eq(pclose(f), 0);
    unlink(path);
    return text;
}

/* The next piece must come behind the one before. */
static const char *expect_next(const char *text, const char *format, const char *value)
{
    char want[600];
    snprintf(want, sizeof want, format, value);
    const char *at = strstr(text, want);
    cr_assert(at, "%s is missing in %.2000s", want, text);
    return at + strlen(want);
}

static void expect_in_export(const char **at, const struct exchange_event *x)
{
    bool manifest = x->event.layout == EVTX_WRITE_MANIFEST;
    char id[64];
    snprintf(id, sizeof id, "Qualifiers=\"%u\">9646<", (unsigned)x->event.qualifiers);
    *at = expect_next(*at, "<Provider Name=\"%s\"", x->event.provider);
    *at = expect_next(*at, "%s", manifest ? "<EventID>9646<" : id);
    if (x->event.has_execution || manifest)
        *at = expect_next(*at, "<Execution ProcessID=\"%s\"", "4711");
    *at = expect_next(*at, "<Channel>%s</Channel>", x->event.channel);
    *at = expect_next(*at, "<Computer>%s</Computer>", x->event.computer);
    for (size_t i = 0; i < x->event.string_count; i++)
        *at = expect_next(*at, ">%s</Data>", x->strings[i]);
}

/* Of the tests' own writer, which is the same everywhere. */
Test(exchange_events, libevtx_reads_the_native_logs_of_every_version, .disabled = ON_WINDOWS)
{
    if (system("evtxexport -V >/dev/null 2>&1") != 0)
        cr_skip("evtxexport is not installed");
    /* Not the inline layout: this libevtx knows templates only. */
    for (int v = 0; v < EXCHANGE_VERSIONS; v++)
        for (int layout = EVTX_WRITE_CLASSIC; layout <= EVTX_WRITE_MANIFEST; layout++) {
            write_log((enum exchange_version)v, (enum evtx_writer_layout)layout);
            char *text = exported();
            const char *at = text;
            for (size_t i = 0; i < EVENTS; i++)
                expect_in_export(&at, &expected[i]);
            cr_assert_null(strstr(at, "<Event "), "%s", at);
            free(text);
            free_log();
        }
}
