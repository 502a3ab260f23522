/* SPDX-License-Identifier: Apache-2.0 */
/* The file sink: whole lines whatever happens to the file, the disk or the name. */
#include "certificates.h"
#include "keep.h"
#include "os_clock.h"
#include "sink.h"
#include "sink_settings.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

extern const struct sink_ops sink_file;

static char path[256], notices[4096];
static struct sink_batch *done;

static void on_done(void *ctx, struct sink_batch *batch)
{
    (void)ctx;
    done = batch;
}

static void on_notice(void *ctx, enum notice_level level, const char *text)
{
    size_t n = strlen(notices);
    (void)ctx;
    (void)level;
    snprintf(notices + n, sizeof notices - n, "%s\n", text);
}

static const struct sink_host host = {.done = on_done, .notice = on_notice};

static void setup(void)
{
    test_path(path, sizeof path, "out.log");
}

TestSuite(file, .init = setup);

static struct sink *open_with(const char *key, const char *value)
{
    struct fault f;
    const char *pairs[] = {"path", path, key, value, NULL};
    struct sink *s = sink_file.open(sink_settings(&sink_file, pairs), &host, &f);
    cr_assert(s, "%s", f.text);
    return s;
}

/* Submits the lines as one batch, waiting while the sink is busy, and polls until it is back. */
static enum item_result put(struct sink *s, const char *text, size_t times)
{
    static struct sink_item items[SINK_BATCH_ITEMS_MAX];
    static struct sink_batch batch;
    for (size_t i = 0; i < times; i++)
        items[i] = (struct sink_item){.body = sv_from(text)};
    batch = (struct sink_batch){.items = items, .count = times};
    done = NULL;
    for (int i = 0; !sink_file.submit(s, &batch); i++) {
        cr_assert_lt(i, 400, "busy for ever");
        sink_file.poll(s, 50);
    }
    cr_assert_not(done, "given back by submit");
    for (int i = 0; i < 100 && !done; i++)
        sink_file.poll(s, 50);
    cr_assert_eq(done, &batch);
    return items[0].result;
}

static char *content_of(const char *name)
{
    char *text = keep(calloc(1, 1 << 20));
    FILE *f = fopen(name, "r");
    if (!f)
        return NULL;
    (void)!fread(text, 1, (1 << 20) - 1, f);
    fclose(f);
    return text;
}

static const char *rotated(int k)
{
    static char name[8][300];
    snprintf(name[k], sizeof name[k], "%s.%d", path, k);
    return name[k];
}

static void write_file(const char *text)
{
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
}

Test(file, messages_become_lines)
{
    struct sink *s = open_with("fsync", "always");
    cr_assert_eq(put(s, "one", 1), ITEM_DELIVERED);
    cr_assert_eq(put(s, "two", 2), ITEM_DELIVERED);
    cr_assert_str_eq(content_of(path), "one\ntwo\ntwo\n");
    sink_file.close(s, 0);
}

Test(file, only_a_synced_file_is_proof_of_the_disk)
{
    const char *always[] = {"path", path, "fsync", "always", NULL}, *other[] = {"path", path, NULL};
    cr_assert_eq(sink_file.proof(sink_settings(&sink_file, always)), PROOF_FSYNC);
    cr_assert_eq(sink_file.proof(sink_settings(&sink_file, other)), PROOF_WRITTEN);
}

Test(file, a_message_with_a_line_break_is_rejected_and_the_rest_is_written)
{
    struct sink *s = open_with("keep", "1");
    struct sink_item items[] = {{.body = SV("a")}, {.body = SV("b\nc")}, {.body = SV("d")}};
    struct sink_batch batch = {.items = items, .count = 3};
    cr_assert(sink_file.submit(s, &batch));
    sink_file.poll(s, 0);
    cr_assert_eq(items[0].result, ITEM_DELIVERED);
    cr_assert_eq(items[1].result, ITEM_REJECTED);
    cr_assert_eq(items[2].result, ITEM_DELIVERED);
    cr_assert_str_eq(content_of(path), "a\nd\n");
    sink_file.close(s, 0);
}

Test(file, half_a_line_left_by_a_crash_is_cut)
{
    write_file("whole\nhal");
    struct sink *s = open_with("keep", "1");
    put(s, "next", 1);
    cr_assert_str_eq(content_of(path), "whole\nnext\n");
    cr_assert(strstr(notices, "3 bytes cut"), "%s", notices);
    sink_file.close(s, 0);
}

Test(file, a_file_that_is_nothing_but_half_a_line_is_emptied)
{
    write_file("half");
    struct sink *s = open_with("keep", "1");
    put(s, "next", 1);
    cr_assert_str_eq(content_of(path), "next\n");
    sink_file.close(s, 0);
}

Test(file, half_a_line_longer_than_a_block_is_cut)
{
    char *text = keep(malloc(200001));
    memset(text, 'x', 200000);
    text[200000] = '\0';
    text[9] = '\n';
    write_file(text);
    struct sink *s = open_with("keep", "1");
    put(s, "next", 1);
    cr_assert_str_eq(content_of(path), "xxxxxxxxx\nnext\n");
    sink_file.close(s, 0);
}

Test(file, whole_lines_are_appended_to)
{
    write_file("whole\n");
    struct sink *s = open_with("keep", "1");
    put(s, "next", 1);
    cr_assert_str_eq(content_of(path), "whole\nnext\n");
    cr_assert_eq(notices[0], '\0', "%s", notices);
    sink_file.close(s, 0);
}

Test(file, rotation_keeps_every_line_and_every_file_within_its_size)
{
    const char *pairs[] = {"path", path, "max_size", "4096", "keep", "3", NULL};
    struct fault f;
    struct sink *s = sink_file.open(sink_settings(&sink_file, pairs), &host, &f);
    char line[64];
    size_t lines = 0;
    memset(line, 'y', sizeof line - 1);
    line[63] = '\0'; /* 64 bytes with LF: 64 lines fill a file exactly */
    cr_assert_eq(put(s, line, 150), ITEM_DELIVERED);
    cr_assert_eq(put(s, line, 50), ITEM_DELIVERED);
    for (int k = 0; k <= 3; k++) {
        struct stat st;
        const char *file_name = k ? rotated(k) : path;
        cr_assert(stat(file_name, &st) == 0, "%s is missing", file_name);
        cr_assert_leq(st.st_size, 4096);
        cr_assert_eq(st.st_size % 64, 0);
        lines += (size_t)st.st_size / 64;
    }
    cr_assert_eq(lines, 200);
    cr_assert_eq(put(s, line, 100), ITEM_DELIVERED);
    cr_assert_neq(access(rotated(4), F_OK), 0, "more files are kept than told");
    sink_file.close(s, 0);
}

Test(file, a_message_larger_than_max_size_gets_a_file_of_its_own)
{
    struct sink *s = open_with("max_size", "4096");
    char *line = keep(malloc(10000));
    memset(line, 'z', 9999);
    line[9999] = '\0';
    put(s, "first", 1);
    cr_assert_eq(put(s, line, 1), ITEM_DELIVERED);
    put(s, "last", 1);
    cr_assert_str_eq(content_of(rotated(2)), "first\n");
    cr_assert_eq(strlen(content_of(rotated(1))), 10000);
    cr_assert_str_eq(content_of(path), "last\n");
    sink_file.close(s, 0);
}

Test(file, an_old_file_is_rotated)
{
    write_file("old\n");
    struct timespec times[2] = {{.tv_sec = time(NULL) - 7200}, {.tv_sec = time(NULL) - 7200}};
    utimensat(AT_FDCWD, path, times, 0);
    struct sink *s = open_with("max_age", "1h");
    put(s, "new", 1);
    cr_assert_str_eq(content_of(path), "new\n");
    cr_assert_str_eq(content_of(rotated(1)), "old\n");
    sink_file.close(s, 0);
}

Test(file, a_rotation_that_fails_costs_size_and_no_line)
{
    const char *pairs[] = {"path", path, "max_size", "4096", "keep", "1", NULL};
    struct fault f;
    struct sink *s = sink_file.open(sink_settings(&sink_file, pairs), &host, &f);
    char line[2001];
    memset(line, 'r', 2000);
    line[2000] = '\0';
    cr_assert(mkdir(rotated(1), 0700) == 0); /* no file can take this name */
    cr_assert_eq(put(s, line, 2), ITEM_DELIVERED);
    cr_assert_eq(put(s, line, 2), ITEM_DELIVERED);
    cr_assert_eq(strlen(content_of(path)), 4 * 2001);
    cr_assert(strstr(notices, "cannot rotate"), "%s", notices);
    sink_file.close(s, 0);
}

Test(file, a_deleted_file_is_made_again)
{
    struct sink *s = open_with("keep", "1");
    put(s, "before", 1);
    unlink(path);
    cr_assert_eq(put(s, "after", 1), ITEM_DELIVERED);
    cr_assert_str_eq(content_of(path), "after\n");
    /* Windows frees the name of a file that is open here only if it is renamed first. */
    cr_assert(strstr(notices, ON_WINDOWS ? "was renamed or replaced by somebody else"
                                         : "was deleted by somebody else"),
              "%s", notices);
    sink_file.close(s, 0);
}

Test(file, a_renamed_file_keeps_its_lines_and_the_name_gets_a_new_one)
{
    struct sink *s = open_with("keep", "1");
    put(s, "before", 1);
    rename(path, rotated(7));
    cr_assert_eq(put(s, "after", 1), ITEM_DELIVERED);
    cr_assert_str_eq(content_of(rotated(7)), "before\n");
    cr_assert_str_eq(content_of(path), "after\n");
    cr_assert(strstr(notices, "was renamed or replaced"), "%s", notices);
    sink_file.close(s, 0);
}

/* A full disk without a disk: files may not grow above a limit, which gives EFBIG after a short write. */
Test(file, a_full_disk_leaves_whole_lines_and_is_waited_for, .disabled = ON_WINDOWS)
{
    struct sink *s = open_with("keep", "1");
    struct rlimit limit = {.rlim_cur = 1000, .rlim_max = RLIM_INFINITY};
    char line[101];
    memset(line, 'f', 100);
    line[100] = '\0';
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(put(s, line, 5), ITEM_DELIVERED);
    cr_assert(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    cr_assert_eq(put(s, line, 8), ITEM_RETRY);
    cr_assert_eq(strlen(content_of(path)), 505, "something half-written is left");
    cr_assert(strstr(notices, "cannot write to"), "%s", notices);
    size_t said = strlen(notices);
    cr_assert_eq(put(s, line, 8), ITEM_RETRY);
    cr_assert_eq(strlen(notices), said, "the same trouble was told twice");
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &limit);
    cr_assert_eq(put(s, line, 8), ITEM_DELIVERED);
    cr_assert_eq(strlen(content_of(path)), 505 + 808);
    cr_assert(strstr(notices, "again"), "%s", notices);
    sink_file.close(s, 0);
}

Test(file, a_device_that_is_always_full_never_delivers, .disabled = ON_WINDOWS)
{
    strcpy(path, "/dev/full");
    struct sink *s = open_with("keep", "1");
    cr_assert_eq(put(s, "lost?", 1), ITEM_RETRY);
    cr_assert(strstr(notices, "No space left on device"), "%s", notices);
    sink_file.close(s, 0);
}

Test(file, a_directory_that_is_missing_is_waited_for)
{
    char directory[200];
    test_path(directory, sizeof directory, "later");
    snprintf(path, sizeof path, "%s/out.log", directory);
    struct sink *s = open_with("keep", "1");
    cr_assert_eq(put(s, "x", 1), ITEM_RETRY);
    mkdir(directory, 0700);
    cr_assert_eq(put(s, "x", 1), ITEM_DELIVERED);
    cr_assert_str_eq(content_of(path), "x\n");
    sink_file.close(s, 0);
}

Test(file, a_check_neither_makes_nor_mends_the_file)
{
    struct fault f;
    struct sink *s = open_with("keep", "1");
    cr_assert(sink_file.check(s, 0, &f), "%s", f.text);
    cr_assert_neq(access(path, F_OK), 0);
    write_file("whole\nhal");
    cr_assert(sink_file.check(s, 0, &f), "%s", f.text);
    cr_assert_str_eq(content_of(path), "whole\nhal");
    sink_file.close(s, 0);
}

Test(file, a_check_tells_a_missing_directory_and_a_directory_in_place_of_a_file)
{
    struct fault f = {.code = FAULT_NONE};
    strcpy(path, "/nowhere/out.log");
    struct sink *s = open_with("keep", "1");
    cr_assert_not(sink_file.check(s, 0, &f));
    cr_assert_eq(f.code, FAULT_OS);
    sink_file.close(s, 0);
    strcpy(path, "/tmp");
    s = open_with("keep", "1");
    cr_assert_not(sink_file.check(s, 0, &f));
    sink_file.close(s, 0);
}
