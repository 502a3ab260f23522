/* SPDX-License-Identifier: Apache-2.0 */
/* The files of one output against a state in memory: what is known of them, and what is let go. */
#include "source_inner.h"
#include "state_inner.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[64], pattern[128];
static struct fault fault;
static struct state *state;
static struct selector selector;
static struct config_source source;
static struct config_output output;
static struct config config;
static struct source_counts counts;
static size_t open_files;
static struct tail_context context;
static struct source_set *files;

static const char *at(const char *name)
{
    static char path[2][128];
    static unsigned which;
    char *p = path[which++ % 2];
    snprintf(p, sizeof path[0], "%s/%s", directory, name);
    return p;
}

static void write_events(const char *path)
{
    FILE *file = fopen(path, "w");
    cr_assert(file);
    fputs("<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
          "<Provider Name='MSExchangeIS'/><EventID>9646</EventID><EventRecordID>1</EventRecordID>"
          "<TimeCreated SystemTime='2026-02-18T10:30:00.000Z'/><Computer>mbx1</Computer></System></Event>\n",
          file);
    fclose(file);
}

static void begin(const char *const *paths, size_t count)
{
    source = (struct config_source){.name = "s", .paths = {(const char **)(uintptr_t)paths, count}};
    output = (struct config_output){.name = "out"};
    config = (struct config){.sources = &source, .source_count = 1, .outputs = &output, .output_count = 1};
    context = (struct tail_context){.output = "out",
                                    .subject = "output out",
                                    .state = state,
                                    .selector = &selector,
                                    .sources = &source,
                                    .counts = &counts,
                                    .open_files = &open_files};
    files = source_set_new(&config, &output, &context, NULL);
    cr_assert(files);
}

static void setup(void)
{
    char aside[512];
    static const char *const paths[] = {pattern};
    snprintf(directory, sizeof directory, "/tmp/mapitail-source-XXXXXX");
    cr_assert(mkdtemp(directory));
    snprintf(pattern, sizeof pattern, "%s/*.xml", directory);
    state = state_open(NULL, aside, &fault);
    cr_assert(state);
    selector_init_default(&selector);
    counts = (struct source_counts){0};
    begin(paths, 1);
}

static void teardown(void)
{
    char command[128];
    source_set_free(files);
    state_close(state);
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    cr_assert_eq(system(command), 0);
}

TestSuite(source, .init = setup, .fini = teardown);

/* Reads all there is and takes it as delivered. */
static void read_all(void)
{
    struct event event;
    struct step step;
    for (struct tail *t; (t = source_set_next(files));)
        if (tail_next(&context, t, &event, &step) == TAIL_EVENT)
            ledger_pass(&t->ledger, &step.pos);
}

static bool save(void *ctx, struct tail *t)
{
    (void)ctx;
    return tail_save(&context, t, &fault);
}

/* ---- claims ---- */

Test(source, a_row_that_was_new_in_a_transaction_that_came_to_nothing_is_none)
{
    write_events(at("a.xml"));
    source_set_scan(files);
    cr_assert(state_execute(state, "PRAGMA query_only = 1", "write", &fault));
    read_all();
    cr_assert(state_execute(state, "PRAGMA query_only = 0", "write", &fault));
    cr_assert_eq(files->tails->saved.row, 0);
    for (int round = 0; round < 2; round++) {
        cr_assert(state_begin(state, &fault));
        cr_assert(source_set_each_dirty(files, save, NULL), "%s", fault.text);
        cr_assert_neq(files->tails->saved.row, 0);
        cr_assert(state_execute(state, round ? "COMMIT" : "ROLLBACK", "write", &fault));
        source_set_ended(files, round);
        cr_assert_eq(files->tails->saved.row != 0, round);
    }
}
