/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a position that the destination kept is one of the log that is there. */
#include "evtx_writer.h"
#include "position_record.h"
#include "recall.h"
#include "state.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[64];
static struct fault fault;
static struct state *state;
static struct selector selector;
static struct config_source source = {.name = "s", .follow_links = true};
static struct source_counts counts;
static size_t open_files;
static struct tail_context context;
static struct tail *tail;

static void setup(void)
{
    char aside[512];
    state = state_open(NULL, aside, &fault);
    cr_assert(state);
    selector_init_default(&selector);
    context = (struct tail_context){.output = "out",
                                    .subject = "output out",
                                    .state = state,
                                    .selector = &selector,
                                    .sources = &source,
                                    .counts = &counts,
                                    .open_files = &open_files};
}

static void teardown(void)
{
    if (tail)
        tail_free(&context, tail);
    state_close(state);
    unlink(path);
}

TestSuite(recall, .init = setup, .fini = teardown);

enum { RECORDS = 6 };

static void write_log(const struct evtx_writer_options *options)
{
    struct evtx_writer *w = evtx_writer_new(options);
    for (unsigned i = 0; i < RECORDS; i++)
        evtx_writer_add_9646(w, EVTX_WRITE_CLASSIC, i);
    struct sv image = evtx_writer_image(w);
    snprintf(path, sizeof path, "/tmp/mapitail-recall-XXXXXX");
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, image.p, image.n) == (ssize_t)image.n);
    close(fd);
    evtx_writer_free(w);
}

/* The destination has another log up to this record. */
static void open_with_foreign_position(uint64_t record)
{
    struct os_file_info info;
    cr_assert(os_path_info(path, &info, &fault));
    tail = tail_new(&context, &source, path, &info);
    cr_assert(tail && (tail->known = malloc(sizeof *tail->known)));
    *tail->known = (struct position_record){
        .id = info.id, .parser = "evtx", .position = {4096 + 512 + 100, record, UINT64_C(0x123456789abcdef)}};
    tail->recall = RECALL_UNDECIDED;
    context.recalling = 1;
    cr_assert(tail_open(&context, tail));
}

/* ---- claims ---- */

Test(recall, a_position_of_another_log_is_told_from_one_that_is_still_written)
{
    write_log(&(struct evtx_writer_options){.records_per_chunk = 2, .dirty = true});
    open_with_foreign_position(RECORDS);
    cr_assert_eq(tail->recall, RECALL_NONE, "its records would be taken for delivered");
    cr_assert_eq(context.recalling, 0);
    cr_assert_eq(tail->export.input.complete, false);
}

Test(recall, a_position_of_another_log_is_told_from_one_that_takes_several_steps_to_survey)
{
    write_log(&(struct evtx_writer_options){.records_per_chunk = 2, .preallocated = 200});
    open_with_foreign_position(RECORDS);
    cr_assert_eq(tail->recall, RECALL_NONE, "its records would be taken for delivered");
}

Test(recall, a_position_of_the_same_log_is_where_the_destination_stands)
{
    struct event event;
    struct step step;
    write_log(&(struct evtx_writer_options){.records_per_chunk = 2, .preallocated = 200});
    struct os_file_info info;
    cr_assert(os_path_info(path, &info, &fault));
    tail = tail_new(&context, &source, path, &info);
    cr_assert(tail);
    for (int events = 0; events < 4;)
        events += tail_next(&context, tail, &event, &step) == TAIL_EVENT;
    struct position reached = step.pos;
    tail_free(&context, tail);
    cr_assert(state_forget(state, 1, &fault));
    tail = tail_new(&context, &source, path, &info);
    cr_assert(tail && (tail->known = malloc(sizeof *tail->known)));
    *tail->known = (struct position_record){.id = info.id, .parser = "evtx", .position = reached};
    tail->recall = RECALL_UNDECIDED;
    context.recalling = 1;
    cr_assert(tail_open(&context, tail));
    cr_assert_eq(tail->recall, RECALL_DELIVERED);
    cr_assert_eq(tail->recall_to.record, reached.record);
}
