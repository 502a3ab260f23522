/* SPDX-License-Identifier: Apache-2.0 */
/* The state: what is kept over restarts, and what happens when it is damaged. */
#include "state.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char directory[64];
static char aside[512];
static struct state *state;
static struct fault fault;

static void reopen(void)
{
    state_close(state);
    state = state_open(directory, aside, &fault);
    cr_assert(state, "%s", fault.text);
}

static void setup(void)
{
    snprintf(directory, sizeof directory, "/tmp/mapitail-state-XXXXXX");
    cr_assert(mkdtemp(directory));
    reopen();
}

static void teardown(void)
{
    char command[128];
    state_close(state);
    state = NULL;
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    cr_assert_eq(system(command), 0);
}

TestSuite(state, .init = setup, .fini = teardown);

static struct state_file sample(uint64_t inode)
{
    return (struct state_file){.id = {.volume = 7, .file = {inode, UINT64_MAX}},
                               .fingerprint = UINT64_C(0xfedcba9876543210),
                               .fingerprint_bytes = 1024,
                               .parser = "xml",
                               .position = {UINT64_MAX - 1, 42, UINT64_C(0x8000000000000001)}};
}

Test(state, a_position_survives_reopening_with_all_64_bits)
{
    struct state_file put = sample(5), got;
    cr_assert(state_put(state, "siem", &put, "/exports/a.xml", &fault), "%s", fault.text);
    cr_assert_neq(put.row, 0);
    reopen();
    cr_assert(state_find(state, "siem", put.id, &got));
    cr_assert_eq(got.position.offset, put.position.offset);
    cr_assert_eq(got.position.check, put.position.check);
    cr_assert_eq(got.fingerprint, put.fingerprint);
    cr_assert_str_eq(got.parser, "xml");
    cr_assert_eq(got.row, put.row);
}

Test(state, outputs_do_not_see_each_others_positions)
{
    struct state_file put = sample(5), got;
    cr_assert(state_put(state, "a", &put, "p", &fault));
    cr_assert_not(state_find(state, "b", put.id, &got));
}

Test(state, an_uncommitted_transaction_is_not_saved)
{
    struct state_file put = sample(5), got;
    cr_assert(state_begin(state, &fault));
    cr_assert(state_put(state, "a", &put, "p", &fault));
    reopen();
    cr_assert_not(state_find(state, "a", put.id, &got));
}

Test(state, a_row_whose_transaction_came_to_nothing_is_inserted_again)
{
    struct state_file put = sample(5), got;
    cr_assert(state_begin(state, &fault));
    cr_assert(state_put(state, "a", &put, "p", &fault));
    reopen();
    cr_assert_neq(put.row, 0);
    cr_assert(state_put(state, "a", &put, "p", &fault));
    cr_assert(state_find(state, "a", put.id, &got));
    cr_assert_eq(got.row, put.row);
}

Test(state, a_row_whose_number_went_to_another_file_meanwhile_is_left_to_that_one)
{
    struct state_file lost = sample(5), other = sample(6), got;
    cr_assert(state_begin(state, &fault));
    cr_assert(state_put(state, "a", &lost, "p", &fault));
    reopen();
    cr_assert(state_put(state, "b", &other, "q", &fault));
    cr_assert_eq(other.row, lost.row, "the case that is tested");
    cr_assert(state_put(state, "a", &lost, "p", &fault));
    cr_assert(state_find(state, "a", lost.id, &got));
    cr_assert_eq(got.row, lost.row);
    cr_assert(state_find(state, "b", other.id, &got));
    cr_assert_eq(got.row, other.row);
    cr_assert_neq(lost.row, other.row);
}

Test(state, records_of_a_file_without_a_row_are_told_apart_from_those_counted_when_it_has_one)
{
    struct state_file file = sample(5);
    uint64_t first = state_ordinal(state, 0, 99, 100), second = state_ordinal(state, 0, 99, 200);
    cr_assert_eq(state_ordinal(state, 0, 99, 100), first);
    cr_assert_neq(first, second);
    cr_assert(state_put(state, "a", &file, "p", &fault));
    uint64_t third = state_ordinal(state, file.row, 99, 300);
    cr_assert(third != first && third != second, "else it is taken for a copy");
}

Test(state, a_forgotten_file_is_gone_with_its_ordinals)
{
    struct state_file put = sample(5), got;
    cr_assert(state_put(state, "a", &put, "p", &fault));
    state_ordinal(state, put.row, 99, 10);
    cr_assert(state_forget(state, put.row, &fault));
    cr_assert_not(state_find(state, "a", put.id, &got));
    cr_assert_eq(state_ordinal(state, put.row, 99, 20), 1);
}

Test(state, a_bookmark_survives_reopening_and_goes_with_its_file)
{
    struct state_file put = sample(5);
    char text[64], tiny[4];
    int64_t created = 0;
    cr_assert(state_put(state, "a", &put, "p", &fault));
    cr_assert_not(state_get_bookmark(state, put.row, text, sizeof text, &created));
    cr_assert(state_put_bookmark(state, put.row, "<first/>", 1, &fault));
    cr_assert(state_put_bookmark(state, put.row, "<second/>", INT64_MAX, &fault));
    reopen();
    cr_assert(state_get_bookmark(state, put.row, text, sizeof text, &created));
    cr_assert_str_eq(text, "<second/>");
    cr_assert_eq(created, INT64_MAX);
    cr_assert_not(state_get_bookmark(state, put.row, tiny, sizeof tiny, &created));
    cr_assert(state_forget(state, put.row, &fault));
    cr_assert_not(state_get_bookmark(state, put.row, text, sizeof text, &created));
}

Test(state, equal_records_are_counted_and_the_same_one_keeps_its_ordinal)
{
    cr_assert_eq(state_ordinal(state, 1, 99, 100), 1);
    cr_assert_eq(state_ordinal(state, 1, 99, 200), 2);
    cr_assert_eq(state_ordinal(state, 1, 98, 300), 1);
    cr_assert_eq(state_ordinal(state, 2, 99, 400), 1);
    reopen();
    cr_assert_eq(state_ordinal(state, 1, 99, 100), 1);
    cr_assert_eq(state_ordinal(state, 1, 99, 200), 2);
    cr_assert_eq(state_ordinal(state, 1, 99, 500), 3);
}

/* As on a disk that is full. */
static void refuse_ordinals(void)
{
    char path[128];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/state.db", directory);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(
        sqlite3_exec(db, "CREATE TRIGGER full BEFORE INSERT ON ordinal BEGIN SELECT RAISE(FAIL, 'full'); END",
                     NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
}

Test(state, equal_records_are_told_apart_also_when_their_ordinals_cannot_be_kept)
{
    cr_assert_eq(state_ordinal(state, 1, 99, 100), 1);
    refuse_ordinals();
    uint64_t second = state_ordinal(state, 1, 99, 200), third = state_ordinal(state, 1, 99, 300);
    cr_assert_eq(state_ordinal(state, 1, 99, 100), 1);
    cr_assert_neq(second, third);
    cr_assert(second > 2 && third > 2);
    cr_assert_eq(state_ordinal(state, 1, 99, 200), second, "the same record read again");
}

static void make_id(char out[37])
{
    strcpy(out, "7d6f0a4e-2f53-4f0e-9a83-6f7a4c1f2b10");
}

static void make_other_id(char out[37])
{
    strcpy(out, "00000000-0000-4000-8000-000000000000");
}

Test(state, the_agents_id_is_made_once)
{
    char id[37];
    cr_assert(state_agent_id(state, make_id, id, &fault));
    reopen();
    cr_assert(state_agent_id(state, make_other_id, id, &fault));
    cr_assert_str_eq(id, "7d6f0a4e-2f53-4f0e-9a83-6f7a4c1f2b10");
}

static void overwrite(long at, const char *bytes, size_t n)
{
    char path[128];
    snprintf(path, sizeof path, "%s/state.db", directory);
    FILE *f = fopen(path, "r+b");
    cr_assert(f);
    fseek(f, at, SEEK_SET);
    fwrite(bytes, 1, n, f);
    fclose(f);
}

Test(state, a_damaged_file_is_set_aside_and_the_agent_starts)
{
    struct state_file put = sample(5), got;
    cr_assert(state_put(state, "a", &put, "p", &fault));
    state_close(state);
    state = NULL;
    overwrite(0, "this is no database at all", 26);
    state = state_open(directory, aside, &fault);
    cr_assert(state, "%s", fault.text);
    cr_assert(strstr(aside, "state.db.damaged-"));
    cr_assert(strstr(fault.text, "not a database"), "%s", fault.text);
    cr_assert_not(state_find(state, "a", put.id, &got));
    cr_assert(state_put(state, "a", &(struct state_file){.id = put.id}, "p", &fault));
}

Test(state, a_file_of_nul_bytes_is_set_aside)
{
    static const char nul[8192];
    state_close(state);
    state = NULL;
    overwrite(0, nul, sizeof nul);
    state = state_open(directory, aside, &fault);
    cr_assert(state, "%s", fault.text);
}

Test(state, two_handles_on_one_directory_work_side_by_side)
{
    struct state *other = state_join(directory, &fault);
    struct state_file one = sample(1), two = sample(2), got;
    cr_assert(other);
    cr_assert(state_put(state, "a", &one, "p", &fault));
    cr_assert(state_put(other, "b", &two, "p", &fault), "%s", fault.text);
    cr_assert(state_find(other, "a", one.id, &got));
    state_close(other);
}

Test(state, a_mark_is_kept_per_output_and_source)
{
    cr_assert_not(state_marked(state, "a", "s"));
    cr_assert(state_mark(state, "a", "s", &fault));
    reopen();
    cr_assert(state_marked(state, "a", "s"));
    cr_assert_not(state_marked(state, "b", "s"));
}

static int64_t add_block(const char *output, uint8_t first, size_t count)
{
    struct state_block block = {.at_ms = 1771408800000, .count = count};
    for (size_t i = 0; i < count; i++)
        memset(block.ids + i * STATE_ID_BYTES, (int)(first + i), STATE_ID_BYTES);
    cr_assert(state_add_block(state, output, &block, &fault), "%s", fault.text);
    return block.number;
}

struct seen {
    uint8_t firsts[8];
    size_t count;
};

static void note_block(void *ctx, const struct state_block *block)
{
    struct seen *seen = ctx;
    cr_assert_eq(block->at_ms, 1771408800000);
    seen->firsts[seen->count++] = block->ids[0];
}

Test(state, blocks_of_an_output_come_newest_first_also_after_reopening)
{
    struct seen seen = {0};
    struct state_block oldest;
    add_block("a", 10, 3);
    add_block("b", 20, 3);
    add_block("a", 30, STATE_BLOCK_IDS);
    reopen();
    cr_assert(state_each_block(state, "a", note_block, &seen, &fault));
    cr_assert_eq(seen.count, 2);
    cr_assert_eq(seen.firsts[0], 30);
    cr_assert_eq(seen.firsts[1], 10);
    cr_assert(state_oldest_block(state, "a", &oldest));
    cr_assert_eq(oldest.ids[0], 10);
    cr_assert_eq(oldest.count, 3);
}

Test(state, a_block_belongs_to_its_output)
{
    struct state_block block;
    int64_t number = add_block("a", 10, 3);
    cr_assert(state_get_block(state, "a", number, &block));
    cr_assert_not(state_get_block(state, "b", number, &block));
    cr_assert_not(state_get_block(state, "a", number + 1, &block));
    cr_assert_not(state_oldest_block(state, "b", &block));
}

Test(state, a_block_that_is_cut_keeps_its_last_ids_and_goes_with_the_last_one)
{
    struct state_block block;
    int64_t number = add_block("a", 10, 5);
    cr_assert(state_cut_block(state, number, 3, &fault));
    cr_assert(state_get_block(state, "a", number, &block));
    cr_assert_eq(block.count, 2);
    cr_assert_eq(block.ids[0], 13);
    cr_assert_eq(block.ids[STATE_ID_BYTES], 14);
    cr_assert(state_cut_block(state, number, 2, &fault));
    cr_assert_not(state_get_block(state, "a", number, &block));
}

/* ---- what is gone ---- */

#define DAY_MS INT64_C(86400000)

struct world {
    uint64_t there; /* the one file that is there; 0: none */
    bool is_away;   /* where all of them are cannot be looked into */
    uint64_t forgotten[4];
    size_t count;
};

static enum state_presence look_up(void *ctx, const struct state_entry *entry)
{
    struct world *w = ctx;
    if (w->is_away)
        return STATE_UNKNOWN;
    return entry->file.id.file[0] == w->there ? STATE_THERE : STATE_GONE;
}

static void on_forgotten(void *ctx, struct os_file_id id)
{
    struct world *w = ctx;
    cr_assert_lt(w->count, sizeof w->forgotten / sizeof *w->forgotten);
    w->forgotten[w->count++] = id.file[0];
}

static void look(struct world *w, int64_t day)
{
    struct state_ageing ageing = {.output = "a",
                                  .now_ms = (20000 + day) * DAY_MS,
                                  .keep_ms = 30 * DAY_MS,
                                  .look_up = look_up,
                                  .forgotten = on_forgotten,
                                  .ctx = w};
    cr_assert(state_age(state, &ageing, &fault), "%s", fault.text);
}

static void look_daily(struct world *w, int64_t first, int64_t last)
{
    for (int64_t day = first; day <= last; day++)
        look(w, day);
}

Test(state, what_is_gone_for_its_time_is_forgotten_and_nothing_else)
{
    struct world w = {.there = 5};
    struct state_file stays = sample(5), goes = sample(6), other = sample(6), got;
    cr_assert(state_put(state, "a", &stays, "p", &fault));
    cr_assert(state_put(state, "a", &goes, "q", &fault));
    cr_assert(state_put(state, "b", &other, "q", &fault));
    look_daily(&w, 0, 29);
    cr_assert_eq(w.count, 0);
    reopen();
    look(&w, 30);
    cr_assert_eq(w.count, 1);
    cr_assert_eq(w.forgotten[0], 6);
    cr_assert(state_find(state, "a", stays.id, &got));
    cr_assert_not(state_find(state, "a", goes.id, &got));
    cr_assert(state_find(state, "b", other.id, &got));
}

Test(state, what_came_back_is_gone_anew_when_it_goes_again)
{
    struct world w = {0};
    struct state_file put = sample(6), got;
    cr_assert(state_put(state, "a", &put, "q", &fault));
    look(&w, 0);
    w.there = 6;
    look(&w, 20);
    w.there = 0;
    look_daily(&w, 40, 69);
    cr_assert(state_find(state, "a", put.id, &got));
    look(&w, 70);
    cr_assert_not(state_find(state, "a", put.id, &got));
}

Test(state, a_clock_that_is_set_back_forgets_nothing_too_early)
{
    struct world w = {0};
    struct state_file put = sample(6), got;
    cr_assert(state_put(state, "a", &put, "q", &fault));
    look(&w, 100);
    look_daily(&w, 0, 29);
    cr_assert(state_find(state, "a", put.id, &got));
    look(&w, 30);
    cr_assert_not(state_find(state, "a", put.id, &got));
}

Test(state, a_clock_that_jumps_ahead_forgets_nothing_too_early)
{
    struct world w = {0};
    struct state_file put = sample(6), got;
    cr_assert(state_put(state, "a", &put, "q", &fault));
    look(&w, 0);
    look(&w, 4000);
    look(&w, 1);
    cr_assert(state_find(state, "a", put.id, &got));
}

Test(state, an_agent_that_was_off_for_long_has_not_looked_meanwhile)
{
    struct world w = {0};
    struct state_file put = sample(6), got;
    cr_assert(state_put(state, "a", &put, "q", &fault));
    look(&w, 0);
    look(&w, 40);
    cr_assert(state_find(state, "a", put.id, &got));
}

Test(state, what_cannot_be_looked_up_grows_no_older_and_no_younger)
{
    struct world w = {0};
    struct state_file put = sample(6), got;
    cr_assert(state_put(state, "a", &put, "q", &fault));
    look_daily(&w, 0, 29);
    w.is_away = true;
    look_daily(&w, 30, 60);
    cr_assert(state_find(state, "a", put.id, &got));
    w.is_away = false;
    look(&w, 61);
    cr_assert_not(state_find(state, "a", put.id, &got));
}
