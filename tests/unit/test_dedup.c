/* SPDX-License-Identifier: Apache-2.0 */
/* De-duplication over the state: what is remembered, for how long, and what a kill or a failed save leaves.
 */
#include "dedup.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { HOUR_MS = 3600000 };

static char directory[64];
static char aside[512];
static struct state *state;
static struct dedup *dedup;
static struct fault fault;
static struct dedup_limits limits;
static int64_t now_ms;

static void open_all(void)
{
    state = state_open(directory, aside, &fault);
    cr_assert(state, "%s", fault.text);
    dedup = dedup_new(state, "siem", &limits, &fault);
    cr_assert(dedup, "%s", fault.text);
    dedup_tick(dedup, now_ms);
}

/* What is not committed is gone, as after kill -9. */
static void restart(void)
{
    dedup_free(dedup);
    state_close(state);
    open_all();
}

static void setup(void)
{
    snprintf(directory, sizeof directory, "/tmp/mapitail-dedup-XXXXXX");
    cr_assert(mkdtemp(directory));
    limits = (struct dedup_limits){.age_ms = HOUR_MS, .count = 100000};
    now_ms = INT64_C(1771408800000);
    open_all();
}

static void teardown(void)
{
    char command[128];
    dedup_free(dedup);
    state_close(state);
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    cr_assert_eq(system(command), 0);
}

TestSuite(dedup, .init = setup, .fini = teardown);

static const char *id_of(unsigned number)
{
    static char id[37];
    uint32_t x = number * UINT32_C(2654435761);
    snprintf(id, sizeof id, "%08x-d9c1-5feb-9593-bc70%08x", x, number);
    return id;
}

static void save(void)
{
    cr_assert(state_begin(state, &fault));
    cr_assert(dedup_save(dedup, &fault), "%s", fault.text);
    bool committed = state_commit(state, &fault);
    dedup_saved(dedup, committed);
    cr_assert(committed);
}

static void pass_time(int64_t ms)
{
    now_ms += ms;
    dedup_tick(dedup, now_ms);
}

static void deliver(unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        cr_assert_eq(dedup_ask(dedup, id_of(i)), DEDUP_NEW);
        dedup_begin(dedup, id_of(i));
        cr_assert_eq(dedup_settle(dedup, id_of(i)), 0);
    }
}

static unsigned known(unsigned first, unsigned count)
{
    unsigned n = 0;
    for (unsigned i = first; i < first + count; i++)
        n += dedup_ask(dedup, id_of(i)) == DEDUP_SETTLED;
    return n;
}

Test(dedup, a_settled_id_is_known_at_once_and_after_a_save_and_a_restart)
{
    deliver(1, 1000);
    cr_assert_eq(known(1, 1000), 1000);
    save();
    cr_assert_eq(known(1, 1000), 1000);
    restart();
    cr_assert_eq(known(1, 1000), 1000);
    cr_assert_eq(known(1001, 1000), 0);
    cr_assert_eq(dedup_count(dedup), 1000);
}

Test(dedup, what_was_not_saved_is_new_after_a_kill)
{
    deliver(1, 10);
    save();
    deliver(11, 10);
    restart();
    cr_assert_eq(known(1, 10), 10);
    cr_assert_eq(known(11, 10), 0);
}

Test(dedup, a_record_in_flight_is_neither_new_nor_settled_and_not_remembered)
{
    dedup_begin(dedup, id_of(1));
    cr_assert_eq(dedup_ask(dedup, id_of(1)), DEDUP_IN_FLIGHT);
    save();
    cr_assert_eq(dedup_ask(dedup, id_of(1)), DEDUP_IN_FLIGHT);
    restart();
    cr_assert_eq(dedup_ask(dedup, id_of(1)), DEDUP_NEW);
}

Test(dedup, a_copy_holds_its_files_position_until_the_record_is_settled)
{
    struct ledger ledger;
    struct source_counts counts = {.in_flight = 1};
    uint64_t token;
    ledger_init(&ledger, &(struct position){0});
    dedup_begin(dedup, id_of(1));
    cr_assert(ledger_open(&ledger, &(struct position){.offset = 90}, &token));
    dedup_wait(dedup, id_of(1), &ledger, token, &counts);
    cr_assert_eq(ledger.safe.offset, 0);
    cr_assert_eq(dedup_settle(dedup, id_of(1)), 1);
    cr_assert_eq(counts.in_flight, 0);
    cr_assert_eq(counts.deduplicated, 1);
    cr_assert_eq(ledger.safe.offset, 90);
    ledger_free(&ledger);
}

Test(dedup, outputs_do_not_know_each_others_ids)
{
    deliver(1, 300);
    save();
    struct dedup *other = dedup_new(state, "archive", &limits, &fault);
    cr_assert(other);
    dedup_tick(other, now_ms);
    cr_assert_eq(dedup_count(other), 0);
    cr_assert_eq(dedup_ask(other, id_of(1)), DEDUP_NEW);
    dedup_free(other);
}

Test(dedup, an_id_is_forgotten_after_its_time_also_when_nothing_is_saved)
{
    deliver(1, 5);
    save();
    pass_time(HOUR_MS + 1);
    cr_assert_eq(known(1, 5), 0);
    restart();
    cr_assert_eq(known(1, 5), 0);
}

Test(dedup, ids_over_their_time_leave_the_disk_with_the_next_save)
{
    deliver(1, 5);
    save();
    pass_time(HOUR_MS + 1);
    deliver(6, 1);
    save();
    cr_assert_eq(dedup_count(dedup), 1);
    cr_assert_eq(known(6, 1), 1);
}

Test(dedup, an_id_met_in_the_second_half_of_its_time_begins_anew)
{
    deliver(1, 5);
    save();
    pass_time(HOUR_MS / 2 + 1);
    cr_assert_eq(known(1, 3), 3);
    save();
    pass_time(HOUR_MS / 2);
    cr_assert_eq(known(1, 5), 3, "2 of them were not met");
    save();
    restart();
    cr_assert_eq(known(1, 3), 3);
}

Test(dedup, no_more_than_count_are_kept_and_those_are_the_latest)
{
    limits.count = 1000;
    restart();
    for (unsigned i = 0; i < 10; i++) {
        deliver(1 + i * 500, 500);
        save();
        cr_assert_leq(dedup_count(dedup), 1000);
    }
    cr_assert_eq(known(4001, 1000), 1000);
    cr_assert_eq(known(1, 4000), 0);
    restart();
    cr_assert_eq(known(4001, 1000), 1000);
    cr_assert_eq(known(1, 4000), 0);
}

Test(dedup, a_count_smaller_than_one_save_keeps_exactly_so_many)
{
    limits.count = 7;
    restart();
    for (unsigned i = 0; i < 4; i++) {
        deliver(1 + i * 500, 500);
        save();
        cr_assert_eq(dedup_count(dedup), 7);
        cr_assert_eq(known(1 + i * 500 + 493, 7), 7);
        cr_assert_eq(known(1 + i * 500, 493), 0);
    }
}

Test(dedup, a_lowered_count_is_met_at_the_next_start)
{
    for (unsigned i = 0; i < 20; i++) {
        deliver(1 + i * 1000, 1000);
        save();
    }
    limits.count = 1500;
    restart();
    cr_assert_eq(dedup_count(dedup), 1500);
    cr_assert_eq(known(18501, 1500), 1500);
    cr_assert_eq(known(1, 18500), 0);
    deliver(30001, 1000);
    save();
    cr_assert_eq(known(30001, 1000), 1000);
}

Test(dedup, one_save_forgets_a_bounded_number_and_all_go_in_the_end)
{
    for (unsigned i = 0; i < 20; i++) {
        deliver(1 + i * 1000, 1000);
        save();
    }
    pass_time(HOUR_MS + 1);
    save();
    cr_assert_gt(dedup_count(dedup), 15000, "one save does not do all of it");
    for (unsigned i = 0; i < 12; i++)
        save();
    cr_assert_eq(dedup_count(dedup), 0);
}

Test(dedup, a_save_without_commit_is_no_save)
{
    deliver(1, 600);
    cr_assert(state_begin(state, &fault));
    cr_assert(dedup_save(dedup, &fault));
    restart(); /* the transaction is gone */
    cr_assert_eq(known(1, 600), 0);
}

/* A full disk: no file may grow behind its first byte. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Windows has no limit of a file's size. */
Test(dedup, a_commit_that_fails_keeps_everything_to_be_saved, .disabled = ON_WINDOWS)
{
    deliver(1, 100);
    save();
    deliver(101, 600);
    cr_assert(state_begin(state, &fault));
    cr_assert(dedup_save(dedup, &fault));
    signal(SIGXFSZ, SIG_IGN);
    limit_files(1);
    cr_assert_not(state_commit(state, &fault));
    limit_files(RLIM_INFINITY);
    dedup_saved(dedup, false);
    cr_assert_eq(dedup_count(dedup), 100);
    cr_assert_eq(known(1, 700), 700);
    save();
    cr_assert_eq(dedup_count(dedup), 700);
    restart();
    cr_assert_eq(known(1, 700), 700);
}

Test(dedup, a_state_that_cannot_be_written_costs_memory_of_ids_and_nothing_else)
{
    /* Nobody saves: more is settled than is kept for a later save. */
    deliver(1, 20000);
    cr_assert(dedup_is_due(dedup));
    cr_assert_eq(known(1, 5000), 5000);
    cr_assert_eq(known(15001, 5000), 0);
    save();
    deliver(15001, 5000);
    save();
    cr_assert_eq(known(15001, 5000), 5000);
}

Test(dedup, a_save_without_news_writes_no_block)
{
    deliver(1, 5);
    save();
    save();
    struct state_block block;
    cr_assert(state_oldest_block(state, "siem", &block));
    cr_assert_eq(block.count, 5);
    cr_assert_eq(block.at_ms, now_ms);
    cr_assert(state_cut_block(state, block.number, 5, &fault));
    cr_assert_not(state_oldest_block(state, "siem", &block));
}

Test(dedup, ids_that_a_destination_has_lost_are_new_again_and_stay_so_over_a_restart)
{
    deliver(1, 1000);
    save();
    restart();
    for (unsigned i = 301; i <= 700; i++)
        dedup_forget(dedup, id_of(i));
    cr_assert_eq(known(1, 1000), 600);
    cr_assert_eq(dedup_count(dedup), 600);
    restart();
    cr_assert_eq(known(1, 300) + known(701, 300), 600);
    cr_assert_eq(known(301, 400), 0);
    deliver(301, 400);
    save();
    restart();
    cr_assert_eq(known(1, 1000), 1000);
}

Test(dedup, what_was_shipped_since_the_start_is_not_forgotten)
{
    deliver(1, 10);
    dedup_forget(dedup, id_of(1));
    save();
    dedup_forget(dedup, id_of(2));
    dedup_forget(dedup, id_of(4711));
    cr_assert_eq(known(1, 10), 10);
}
