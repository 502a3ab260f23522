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

/* Reads all there is and takes it as delivered: how many records. */
static size_t read_all(void)
{
    struct event event;
    struct step step;
    size_t records = 0;
    for (struct tail *t; (t = source_set_next(files));)
        if (tail_next(&context, t, &event, &step) == TAIL_EVENT) {
            ledger_pass(&t->ledger, &step.pos);
            records++;
        }
    return records;
}

static bool save(void *ctx, struct tail *t)
{
    (void)ctx;
    return tail_save(&context, t, &fault);
}

/* A second path that cannot be listed, by root neither. */
static void begin_beside_what_cannot_be_listed(void)
{
    static char loop[128];
    static const char *const paths[] = {pattern, loop};
    cr_assert_eq(symlink("loop", at("loop")), 0);
    snprintf(loop, sizeof loop, "%s/loop/*.xml", directory);
    source_set_free(files);
    begin(paths, 2);
}

static void scan(void)
{
    source_set_scan(files);
    source_set_tidy(files);
}

/* ---- claims ---- */

Test(source, a_deleted_file_is_let_go_also_where_another_folder_cannot_be_listed, .disabled = ON_WINDOWS)
{
    begin_beside_what_cannot_be_listed();
    write_events(at("a.xml"));
    scan();
    read_all();
    cr_assert_eq(files->count, 1);
    cr_assert_eq(unlink(at("a.xml")), 0);
    for (int i = 0; i < 3; i++) {
        scan();
        read_all();
    }
    cr_assert_eq(files->count, 0, "its space is not given back as long as it is open");
}

Test(source, a_file_that_could_never_be_opened_is_let_go_when_its_name_is_another_ones,
     .disabled = ON_WINDOWS)
{
    char outside[4][128];
    for (int i = 0; i < 4; i++) {
        snprintf(outside[i], sizeof outside[i], "%s.%d", directory, i);
        write_events(outside[i]);
        unlink(at("a.xml"));
        cr_assert_eq(symlink(outside[i], at("a.xml")), 0);
        scan();
        read_all();
    }
    for (int i = 0; i < 4; i++)
        unlink(outside[i]);
    cr_assert_leq(files->count, 2);
    cr_assert_gt(counts.vanished_bytes, 0, "and it is told that it was never read");
}

Test(source, old_content_that_was_to_be_left_out_is_not_counted_as_lost)
{
    source.from = FROM_END;
    source_set_free(files);
    files = source_set_new(&config, &output, &context, NULL);
    write_events(at("a.xml"));
    scan();
    cr_assert_eq(unlink(at("a.xml")), 0);
    scan();
    read_all();
    scan();
    cr_assert_eq(files->count, 0);
    cr_assert_eq(counts.vanished_bytes, 0);
}

static bool is_noted(int64_t row)
{
    char key[32], text[64];
    snprintf(key, sizeof key, "gone/%lld", (long long)row);
    return state_get_meta(state, key, text, sizeof text);
}

Test(source, a_share_that_is_late_at_every_start_does_not_grow_old)
{
    static const char *const paths[] = {pattern};
    write_events(at("a.xml"));
    scan();
    read_all();
    int64_t row = files->tails->saved.row;
    source_set_free(files);
    cr_assert_eq(rename(at("a.xml"), at("away")), 0);
    begin(paths, 1);
    scan();
    source_set_age(files);
    cr_assert(is_noted(row));
    cr_assert_eq(rename(at("away"), at("a.xml")), 0);
    scan();
    cr_assert_not(is_noted(row), "it was met again");
}

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

enum { TEXTS = SOURCE_OPEN_MAX + 6 };

/* More than can be open, of a format in which only the next record ends one. */
static void write_texts(void)
{
    for (int i = 0; i < TEXTS; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d.xml", i);
        FILE *file = fopen(at(name), "w");
        cr_assert(file);
        fputs("Event[0]:\n  Log Name: Application\n  Source: MSExchangeIS\n  Date: 2026-02-18T10:30:00.000\n"
              "  Event ID: 9646\n  Task: General\n  Level: Error\n  Opcode: N/A\n  Keyword: Classic\n"
              "  User: N/A\n  User Name: N/A\n  Computer: mbx1.contoso.com\n  Description: \n"
              "Mapi session exceeded the maximum of 250 objects of type \"objtFolder\".\n\n",
              file);
        fclose(file);
    }
}

Test(source, the_last_records_of_more_texts_than_can_be_open_are_all_read)
{
    write_texts();
    scan();
    size_t records = read_all();
    while (source_set_end_records(files))
        records += read_all();
    cr_assert_eq(records, TEXTS, "%zu of %d", records, TEXTS);
}

Test(source, a_text_that_goes_on_while_it_is_closed_has_no_end_yet)
{
    write_texts();
    scan();
    read_all();
    struct tail *asleep = files->tails;
    while (asleep && asleep->is_open)
        asleep = asleep->next;
    cr_assert(asleep);
    cr_assert(source_set_end_records(files));
    FILE *file = fopen(asleep->path, "a");
    cr_assert(file);
    fputs("Process name: x\n", file);
    fclose(file);
    cr_assert_eq(read_all(), TEXTS - 1);
}

Test(source, a_last_record_that_was_waited_for_in_a_closed_file_is_told_when_it_is_deleted,
     .disabled = ON_WINDOWS)
{
    write_texts();
    scan();
    read_all();
    for (int i = 0; i < TEXTS; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d.xml", i);
        unlink(at(name));
    }
    size_t records = 0;
    for (int i = 0; i < 3; i++) {
        scan();
        records += read_all();
        cr_assert(source_set_each_dirty(files, save, NULL));
        source_set_saved(files);
    }
    cr_assert_eq(files->count, 0);
    cr_assert_eq(records, SOURCE_OPEN_MAX);
    cr_assert_gt(counts.vanished_bytes, 0);
}

Test(source, a_deleted_file_whose_last_record_is_cut_is_let_go_and_that_is_told, .disabled = ON_WINDOWS)
{
    write_events(at("a.xml"));
    FILE *file = fopen(at("a.xml"), "a");
    cr_assert(file);
    fputs("<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>", file);
    fclose(file);
    scan();
    cr_assert_eq(read_all(), 1);
    unlink(at("a.xml"));
    for (int i = 0; i < 4; i++) {
        scan();
        read_all();
    }
    cr_assert_eq(files->count, 0, "its space is not given back as long as it is open");
    cr_assert_gt(counts.damaged_bytes, 0);
}
