/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state whose bytes have changed: every byte of a small one, and every place where it may end. The agent
 * always starts, and what it then believes is what was written: a position that is wrong would skip records.
 */
#include "state.h"

#include <sqlite3.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOOKMARK                                                                                             \
    "<BookmarkList><Bookmark Channel='Application' RecordId='43' IsCurrent='true'/></BookmarkList>"
#define CREATED INT64_C(0x0123456789abcdef)

enum { FILES = 2, IDS = 3, SIZE_MAX_BYTES = 1 << 20 };

static char directory[64], path[96];
static char aside[512];
static struct fault fault;
static uint8_t sound[SIZE_MAX_BYTES], damaged[SIZE_MAX_BYTES];
static size_t size;

static struct state_file file_of(uint64_t n)
{
    return (struct state_file){.id = {.volume = 7, .file = {n, 3}},
                               .fingerprint = UINT64_C(0xfedcba9876543210),
                               .fingerprint_bytes = 1024,
                               .parser = "xml",
                               .position = {1000 * n, 42 + n, UINT64_C(0x8000000000000001)}};
}

static void fill_id(uint8_t *id, unsigned n)
{
    for (unsigned i = 0; i < STATE_ID_BYTES; i++)
        id[i] = (uint8_t)(n * 50 + i);
}

static void make_id(char out[37])
{
    strcpy(out, "7d6f0a4e-2f53-4f0e-9a83-6f7a4c1f2b10");
}

static void put_everything(struct state *s)
{
    char id[37];
    struct state_block block = {.at_ms = 1771408800000, .count = IDS};
    for (unsigned i = 0; i < IDS; i++)
        fill_id(block.ids + i * STATE_ID_BYTES, i);
    cr_assert(state_agent_id(s, make_id, id, &fault) && state_mark(s, "siem", "exports", &fault));
    for (uint64_t n = 1; n <= FILES; n++) {
        struct state_file file = file_of(n);
        cr_assert(state_put(s, "siem", &file, "/exports/a.xml", &fault));
        cr_assert_eq(state_ordinal(s, file.row, 99, 10), 1);
        cr_assert_eq(state_ordinal(s, file.row, 99, 20), 2);
        cr_assert(state_put_bookmark(s, file.row, BOOKMARK, CREATED, &fault));
    }
    cr_assert(state_add_block(s, "siem", &block, &fault));
}

static void setup(void)
{
    struct stat st;
    const char *fast = stat("/dev/shm", &st) == 0 ? "/dev/shm" : "/tmp";
    snprintf(directory, sizeof directory, "%s/mapitail-damage-XXXXXX", fast);
    cr_assert(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/state.db", directory);
    struct state *s = state_open(directory, aside, &fault);
    cr_assert(s, "%s", fault.text);
    put_everything(s);
    state_close(s);
    FILE *f = fopen(path, "rb");
    cr_assert(f);
    size = fread(sound, 1, sizeof sound, f);
    fclose(f);
    cr_assert(size > 4096 && size < sizeof sound);
}

static void empty_directory(void)
{
    char command[160];
    snprintf(command, sizeof command, "rm -f '%s'/*", directory);
    cr_assert_eq(system(command), 0);
}

static void teardown(void)
{
    empty_directory();
    rmdir(directory);
}

TestSuite(state_damage, .init = setup, .fini = teardown);

/* ---- what may be believed ---- */

static void expect_known_ids(void *ctx, const struct state_block *block)
{
    (void)ctx;
    for (size_t i = 0; i < block->count; i++) {
        bool known = false;
        for (unsigned n = 0; n < IDS; n++) {
            uint8_t id[STATE_ID_BYTES];
            fill_id(id, n);
            known |= memcmp(id, block->ids + i * STATE_ID_BYTES, sizeof id) == 0;
        }
        cr_assert(known, "an id that nobody delivered would leave out a record");
    }
}

static void expect_bookmark(struct state *s, int64_t row, size_t at)
{
    char text[200];
    int64_t created;
    if (!state_get_bookmark(s, row, text, sizeof text, &created))
        return;
    cr_assert_str_eq(text, BOOKMARK, "byte %zu", at);
    cr_assert_eq(created, CREATED, "byte %zu", at);
}

static void expect_truth(struct state *s, size_t at)
{
    for (uint64_t n = 1; n <= FILES; n++) {
        struct state_file want = file_of(n), got;
        if (!state_find(s, "siem", want.id, &got))
            continue;
        cr_assert_eq(got.position.offset, want.position.offset, "file %d, byte %zu", (int)n, at);
        cr_assert_eq(got.position.record, want.position.record, "file %d, byte %zu", (int)n, at);
        cr_assert_eq(got.position.check, want.position.check, "file %d, byte %zu", (int)n, at);
        cr_assert_eq(state_ordinal(s, got.row, 99, 10), 1, "byte %zu", at);
        cr_assert_eq(state_ordinal(s, got.row, 99, 20), 2, "byte %zu", at);
        expect_bookmark(s, got.row, at);
    }
    cr_assert(aside[0] || state_marked(s, "siem", "exports"), "byte %zu: the mark is lost in silence", at);
    cr_assert(state_each_block(s, "siem", expect_known_ids, NULL, &fault), "byte %zu: %s", at, fault.text);
}

static void open_damaged(size_t n, size_t at)
{
    char name[600];
    FILE *f = fopen(path, "wb");
    cr_assert(f && fwrite(damaged, 1, n, f) == n && fclose(f) == 0);
    struct state *s = state_open(directory, aside, &fault);
    cr_assert(s, "byte %zu: the agent does not start: %s", at, fault.text);
    expect_truth(s, at);
    state_close(s);
    unlink(path);
    if (!aside[0])
        return;
    cr_assert(strstr(aside, ".damaged-") || strstr(aside, ".newer-"), "%s", aside);
    unlink(aside);
    snprintf(name, sizeof name, "%s-wal", aside);
    unlink(name);
    snprintf(name, sizeof name, "%s-shm", aside);
    unlink(name);
}

/* Free space of a page is long runs of zero: a few bytes of each stand for all. */
static bool is_interesting(size_t at)
{
    static const uint8_t zero[16];
    bool free_space = at >= 8 && at + 8 < size && memcmp(sound + at - 8, zero, sizeof zero) == 0;
    return !free_space || at % 128 == 0;
}

static void flip_every_byte(uint8_t mask)
{
    for (size_t at = 0; at < size; at++) {
        if (!is_interesting(at))
            continue;
        memcpy(damaged, sound, size);
        damaged[at] = (uint8_t)(damaged[at] ^ (mask ? mask : 1u << at % 8));
        open_damaged(size, at);
    }
}

Test(state_damage, every_byte_may_have_one_other_bit)
{
    flip_every_byte(0);
}

Test(state_damage, every_byte_may_be_another)
{
    flip_every_byte(0xff);
}

Test(state_damage, the_file_may_end_anywhere)
{
    memcpy(damaged, sound, size);
    for (size_t n = 0; n < size; n++)
        if (is_interesting(n) && (n % 8 == 0 || n < 128))
            open_damaged(n, n);
}

Test(state_damage, a_hole_of_zeros_may_be_anywhere)
{
    for (size_t at = 0; at + 512 <= size; at += 512) {
        memcpy(damaged, sound, size);
        memset(damaged + at, 0, 512);
        open_damaged(size, at);
    }
}

/* ---- formats ---- */

static void edit(const char *sql)
{
    sqlite3 *db;
    char *text = NULL;
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, &text), SQLITE_OK, "%s", text);
    sqlite3_close(db);
}

Test(state_damage, a_state_of_the_first_format_is_taken_over)
{
    struct state_file want = file_of(2), got;
    edit("ALTER TABLE meta DROP COLUMN sum; ALTER TABLE file DROP COLUMN sum;"
         "ALTER TABLE ordinal DROP COLUMN sum; ALTER TABLE delivered DROP COLUMN sum;"
         "DROP TABLE bookmark; UPDATE meta SET value = '1' WHERE key = 'format'");
    for (int round = 0; round < 2; round++) {
        struct state *s = state_open(directory, aside, &fault);
        cr_assert(s, "%s", fault.text);
        cr_assert_str_eq(aside, "");
        cr_assert(state_find(s, "siem", want.id, &got));
        cr_assert_eq(got.position.offset, want.position.offset);
        cr_assert(state_marked(s, "siem", "exports"));
        expect_truth(s, 0);
        state_close(s);
    }
}

Test(state_damage, a_state_of_the_format_before_is_taken_over)
{
    struct state_file want = file_of(2), got;
    char text[200];
    int64_t created;
    edit("DROP TABLE bookmark; UPDATE meta SET value = '2' WHERE key = 'format'");
    struct state *s = state_open(directory, aside, &fault);
    cr_assert(s, "%s", fault.text);
    cr_assert_str_eq(aside, "");
    cr_assert(state_find(s, "siem", want.id, &got));
    cr_assert_not(state_get_bookmark(s, got.row, text, sizeof text, &created));
    cr_assert(state_put_bookmark(s, got.row, BOOKMARK, CREATED, &fault), "%s", fault.text);
    expect_truth(s, 0);
    state_close(s);
}

Test(state_damage, a_state_of_a_newer_program_is_set_aside_and_named)
{
    edit("UPDATE meta SET value = '4' WHERE key = 'format'");
    struct state *s = state_open(directory, aside, &fault);
    cr_assert(s, "%s", fault.text);
    cr_assert(strstr(aside, "state.db.newer-"), "%s", aside);
    cr_assert(strstr(fault.text, "format 4") && strstr(fault.text, "newer"), "%s", fault.text);
    state_close(s);
}

Test(state_damage, a_row_changed_by_hand_is_not_believed)
{
    edit("UPDATE file SET offset = offset + 1");
    struct state *s = state_open(directory, aside, &fault);
    cr_assert(s, "%s", fault.text);
    cr_assert(strstr(aside, "state.db.damaged-"));
    state_close(s);
}

Test(state_damage, a_handle_beside_another_sets_nothing_aside)
{
    cr_assert_null(state_join("/nonexistent", &fault));
    edit("UPDATE meta SET value = '4' WHERE key = 'format'");
    cr_assert_null(state_join(directory, &fault));
    cr_assert(strstr(fault.text, "format"), "%s", fault.text);
    struct stat st;
    cr_assert_eq(stat(path, &st), 0);
}
