/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following a log that the event log service writes to: sources, tails and parser as the agent has them, on
 * files that change between any two of their steps. Every record is read once; what the service destroyed
 * unread is counted.
 */
#include "../support/evtx_service.h"
#include "log.h"
#include "source.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    STEPS = 10000,
    NUMBERS_MAX = 1 << 20,
    WAKE_ROUNDS = 40,
    /* A busy destination keeps the agent from reading, now and then for longer than a ring takes to come
       round. */
    PAUSES_ONE_IN = 400,
    PAUSE_STEPS = 120,
};

/* The reading half of a pipeline, whose every record is delivered at once. */
struct reader_of_logs {
    struct config config;
    struct config_source source;
    struct config_output output;
    char pattern[300];
    struct state *state;
    struct source_counts counts;
    size_t open_files;
    struct tail_context context;
    struct source_set *set;
    uint8_t *seen; /* by number */
    size_t read, repeated, damaged;
};

static char directory[64];
static struct reader_of_logs reader;
static struct selector mapi;
static struct event event;
static struct step step;
static uint32_t random_state;

static uint32_t chance(uint32_t n)
{
    random_state = random_state * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)(random_state >> 8) * n >> 24);
}

static void open_set(void)
{
    reader.set = source_set_new(&reader.config, &reader.output, &reader.context, NULL);
    cr_assert(reader.set);
    source_set_scan(reader.set);
}

static void setup(void)
{
    struct fault f;
    char aside[512];
    snprintf(directory, sizeof directory, "/tmp/mapitail-tail-XXXXXX");
    cr_assert(mkdtemp(directory));
    cr_assert(log_open(&(struct log_options){.level = LOG_WARNING}, &f));
    selector_init_default(&mapi);
    reader = (struct reader_of_logs){.source = {.name = "logs", .poll_interval_ms = 1000},
                                     .output = {.name = "out"},
                                     .state = state_open(NULL, aside, &f)};
    reader.seen = calloc(NUMBERS_MAX, 1);
    cr_assert(reader.state && reader.seen);
    snprintf(reader.pattern, sizeof reader.pattern, "%s/*.evtx", directory);
    static const char *paths[1];
    paths[0] = reader.pattern;
    reader.source.paths = (struct setting_list){paths, 1};
    reader.config.sources = &reader.source;
    reader.config.source_count = 1;
    reader.context = (struct tail_context){.output = "out",
                                           .subject = "output out",
                                           .state = reader.state,
                                           .selector = &mapi,
                                           .sources = &reader.source,
                                           .counts = &reader.counts,
                                           .open_files = &reader.open_files};
}

static void teardown(void)
{
    char command[128];
    source_set_free(reader.set);
    state_close(reader.state);
    free(reader.seen);
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    cr_assert_eq(system(command), 0);
}

TestSuite(evtx_tail, .init = setup, .fini = teardown, .timeout = 110);

/* The number that ends the first string. */
static void note_event(const struct tail *t)
{
    struct sv dn = event.data_count ? event.data[0].value : SV("");
    size_t at = sv_find(dn, SV("/cn=user"));
    uint64_t number;
    reader.read++;
    reader.damaged += event.trust != EVENT_OK || event.cut;
    bool ok = at != SV_NPOS && sv_to_u64(sv_slice(dn, at + 8, dn.n), &number) && number < NUMBERS_MAX;
    cr_assert(ok, "%s: a record without its number: %.*s", t->path, SV_ARG(event.original));
    reader.repeated += reader.seen[number];
    reader.seen[number] = 1;
}

/* Reads up to so many events. */
static void read_some(size_t events)
{
    for (struct tail *t; events && (t = source_set_next(reader.set));) {
        uint64_t token;
        enum tail_step what = tail_next(&reader.context, t, &event, &step);
        if (what == TAIL_REPLACED)
            source_set_replace(reader.set, t);
        if (what != TAIL_EVENT)
            continue;
        note_event(t);
        cr_assert(ledger_open(&t->ledger, &step.pos, &token));
        ledger_close(&t->ledger, token);
        events--;
    }
}

static bool save_tail(void *ctx, struct tail *t)
{
    struct fault f;
    (void)ctx;
    return tail_save(&reader.context, t, &f);
}

static void save(void)
{
    struct fault f;
    cr_assert(state_begin(reader.state, &f));
    cr_assert(source_set_each_dirty(reader.set, save_tail, NULL));
    cr_assert(state_commit(reader.state, &f));
    source_set_saved(reader.set);
}

static void restart(void)
{
    save();
    source_set_free(reader.set);
    open_set();
    read_some(SIZE_MAX); /* what is deleted before it is opened again is nobody's fault */
}

enum { LOOK_AND_READ = 7 };

/* What the agent does between two steps of the service: nothing, or some of its own. */
static void act(unsigned what)
{
    switch (what) {
    case 0:
    case 1:
        return;
    case 2:
        source_set_scan(reader.set);
        source_set_tidy(reader.set);
        read_some(1 + chance(8));
        return;
    case 3:
        save();
        return;
    case 4:
        if (chance(20) == 0)
            restart();
        return;
    default:
        source_set_scan(reader.set);
        source_set_tidy(reader.set);
        read_some(SIZE_MAX);
    }
}

/*
 * What is overwritten in a log of which not one record was ever seen nobody can count; and the end of a
 * deleted log is there for as long as the agent has it open.
 */
static void see_new_log(void)
{
    for (int i = 0; i < 3; i++)
        act(LOOK_AND_READ);
}

struct verdict {
    size_t lost, vanished;
};

static struct verdict judge(const struct evtx_service *s)
{
    struct verdict v = {0};
    for (size_t number = 1; number <= evtx_service_count(s); number++) {
        struct evtx_service_record r = evtx_service_record(s, number);
        v.vanished += !reader.seen[number] && r.gone;
        v.lost += !reader.seen[number] && !r.gone;
    }
    return v;
}

static struct evtx_service_deeds follow(struct evtx_service_options options)
{
    options.directory = directory;
    options.keeps_files = ON_WINDOWS; /* where what is open and deleted keeps its name */
    random_state = options.seed ^ 0x5eed;
    struct evtx_service *s = evtx_service_new(&options);
    open_set();
    see_new_log();
    for (int i = 0, pause = 0; i < STEPS; i++) {
        const char *what = evtx_service_step(s);
        bool is_new = strcmp(what, "a new log") == 0;
        if (is_new)
            see_new_log();
        else if (chance(PAUSES_ONE_IN) == 0)
            pause = PAUSE_STEPS;
        else if (pause)
            pause--;
        else
            act(chance(8));
        cr_assert_eq(reader.repeated, 0, "step %d (%s) brings a record again", i, what);
        cr_assert_eq(reader.damaged, 0, "step %d (%s) brings a record that is not whole yet", i, what);
    }
    evtx_service_settle(s);
    for (int i = 0; i < WAKE_ROUNDS; i++) {
        source_set_scan(reader.set);
        read_some(SIZE_MAX);
    }
    struct verdict v = judge(s);
    struct evtx_service_deeds deeds = evtx_service_deeds(s);
    cr_log_info("%zu records, %zu read, %zu vanished unread; %u wraps, %u clears, %u archives, %u new files",
                evtx_service_count(s), reader.read, v.vanished, deeds.wraps, deeds.clears, deeds.archives,
                deeds.recreations);
    cr_assert_eq(v.lost, 0, "%zu of %zu records lost", v.lost, evtx_service_count(s));
    cr_assert_eq(reader.repeated, 0);
    cr_assert_eq(reader.counts.overwritten_events, v.vanished, "%zu counted, %zu vanished unread",
                 (size_t)reader.counts.overwritten_events, v.vanished);
    cr_assert_eq(reader.counts.damaged_parts, 0);
    evtx_service_free(s);
    return deeds;
}

Test(evtx_tail, a_ring_is_followed_for_ten_thousand_steps)
{
    struct evtx_service_deeds d =
        follow((struct evtx_service_options){.seed = 1, .records_per_chunk = 12, .max_chunks = 7});
    cr_assert(d.wraps > 50 && d.clears > 5 && (ON_WINDOWS || d.recreations > 3) && d.reopenings > 5);
}

Test(evtx_tail, a_log_that_is_archived_when_full_is_followed_for_ten_thousand_steps)
{
    if (ON_WINDOWS)
        cr_skip("impossible under Wine: it forgets what a file is that is renamed while it is open");
    struct evtx_service_deeds d = follow((struct evtx_service_options){
        .seed = 2, .records_per_chunk = 12, .max_chunks = 7, .auto_backup = true});
    cr_assert(d.archives > 50 && d.clears > 5);
}

Test(evtx_tail, a_log_that_grows_is_followed_for_ten_thousand_steps)
{
    follow((struct evtx_service_options){.seed = 3});
}
