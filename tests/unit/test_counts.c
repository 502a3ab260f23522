/* SPDX-License-Identifier: Apache-2.0 */
/* The board: what one thread counts and others read. */
#include "counts.h"

#include "os_thread.h"

#include <criterion/criterion.h>
#include <stdatomic.h>

enum { SOURCES = 3, TURNS = 20000 };

static struct board *board;

static void setup(void)
{
    board = board_new(SOURCES);
    cr_assert(board);
}

static void teardown(void)
{
    board_free(board);
}

TestSuite(counts, .init = setup, .fini = teardown);

Test(counts, what_is_published_is_what_is_read)
{
    struct output_counts out = {.phase = OUTPUT_RUNNING, .retried = 7, .notice = "connected"}, got;
    struct source_counts sources[SOURCES] = {{.selected = 3, .delivered = 3}, {.read = 9}}, copy[SOURCES];
    board_publish(board, &out, sources);
    board_read(board, &got, copy);
    cr_assert_eq(got.phase, OUTPUT_RUNNING);
    cr_assert_eq(got.retried, 7);
    cr_assert_str_eq(got.notice, "connected");
    cr_assert_eq(copy[0].delivered, 3);
    cr_assert_eq(copy[1].read, 9);
}

Test(counts, news_is_told_once_until_somebody_reads)
{
    struct output_counts out = {.phase = OUTPUT_RUNNING}, got;
    struct source_counts sources[SOURCES] = {0};
    cr_assert(board_publish(board, &out, sources));
    sources[0].read++;
    cr_assert_not(board_publish(board, &out, sources), "nobody has read the first news");
    board_read(board, &got, NULL);
    cr_assert_not(board_publish(board, &out, sources), "nothing has changed");
    sources[0].read++;
    cr_assert(board_publish(board, &out, sources));
}

Test(counts, a_total_adds_numbers_and_takes_the_latest_times)
{
    struct output_counts out = {0};
    struct source_counts total;
    struct source_counts sources[SOURCES] = {
        {.selected = 5, .delivered = 2, .in_flight = 3, .last_event_ms = 10, .last_delivery_ms = 1},
        {.selected = 2, .dead_lettered = 1, .deduplicated = 1, .last_event_ms = 4, .last_delivery_ms = 8},
        {.damaged_bytes = 12, .read_is_least = true}};
    board_publish(board, &out, sources);
    board_total(board, &total);
    cr_assert_eq(total.selected, 7);
    cr_assert_eq(total.damaged_bytes, 12);
    cr_assert_eq(total.last_event_ms, 10);
    cr_assert_eq(total.last_delivery_ms, 8);
    cr_assert(total.read_is_least);
    cr_assert(counts_add_up(&total));
    total.delivered++;
    cr_assert_not(counts_add_up(&total));
}

static atomic_bool done;

/* Half a turn never adds up: what is in flight is told before what is selected. */
static void work(void *ctx)
{
    struct output_counts out = {0};
    struct source_counts sources[SOURCES] = {0};
    (void)ctx;
    for (unsigned turn = 0; turn < TURNS; turn++) {
        struct source_counts *c = &sources[turn % SOURCES];
        c->in_flight++;
        c->selected++;
        board_publish(board, &out, sources);
        c->in_flight--;
        c->delivered++;
        board_publish(board, &out, sources);
    }
    atomic_store(&done, true);
}

Test(counts, every_reading_adds_up_while_another_thread_counts)
{
    struct output_counts out;
    struct source_counts sources[SOURCES];
    struct os_thread *worker = os_thread_start(work, NULL);
    cr_assert(worker);
    for (bool last = false; !last;) {
        last = atomic_load(&done);
        board_read(board, &out, sources);
        for (size_t i = 0; i < SOURCES; i++)
            cr_assert(counts_add_up(&sources[i]));
    }
    os_thread_join(worker);
    struct source_counts total;
    board_total(board, &total);
    cr_assert_eq(total.delivered, TURNS);
}
