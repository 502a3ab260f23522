/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's log: form of a line, escaping, rotation, rate limit. */
#include "log.h"

#include "log_rate.h"
#include "os_file.h"
#include "os_thread.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[64], path[96];
static char *content; /* of the file last read */
static int64_t clock_ms;

static int64_t fake_ms(void)
{
    return clock_ms;
}

/* 2026-02-18T10:30:01.123456789Z */
static int64_t fake_ns(void)
{
    return INT64_C(1771410601123456789);
}

static void setup(void)
{
    strcpy(directory, "/tmp/mapitail-log-XXXXXX");
    cr_assert(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/m.log", directory);
    clock_ms = 0;
}

static void teardown(void)
{
    char name[128];
    log_close();
    for (int i = 0; i <= LOG_FILES_KEPT; i++) {
        snprintf(name, sizeof name, i ? "%s.%d" : "%s", path, i);
        unlink(name);
    }
    rmdir(directory);
    free(content);
    content = NULL;
}

TestSuite(log, .init = setup, .fini = teardown);

static void start(enum log_level level, uint64_t file_max)
{
    struct log_options options = {level, path, file_max, fake_ms, fake_ns};
    struct fault fault = {0};
    cr_assert(log_open(&options, &fault), "%s", fault.text);
}

static const char *file(int number)
{
    char name[128];
    size_t n;
    snprintf(name, sizeof name, number ? "%s.%d" : "%s", path, number);
    free(content);
    content = os_read_file(name, 1 << 20, &n, NULL);
    return content;
}

static size_t lines(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

Test(log, a_line_has_time_level_subject_and_text)
{
    start(LOG_INFO, 0);
    log_info("output siem", "connected to %s:%d", "siem.example", 6514);
    log_warning(NULL, "stopping");
    log_error("source exports", "gone");
    cr_assert_str_eq(file(0), "2026-02-18T10:30:01.123Z INFO output siem: connected to siem.example:6514\n"
                              "2026-02-18T10:30:01.123Z WARN stopping\n"
                              "2026-02-18T10:30:01.123Z ERROR source exports: gone\n");
}

Test(log, messages_below_the_level_are_left_out)
{
    start(LOG_WARNING, 0);
    log_debug(NULL, "d");
    log_info(NULL, "i");
    log_warning(NULL, "w");
    cr_assert_str_eq(file(0), "2026-02-18T10:30:01.123Z WARN w\n");
}

Test(log, nothing_in_a_message_makes_another_line_or_steers_a_terminal)
{
    start(LOG_INFO, 0);
    log_info("a\nb",
             "x\r\n2026 ERROR forged\t\x1b[31m\x7f\x9b \xc2\x9b\xe2\x80\xa8 \xff K\xc3\xb6ln \\ 100%%");
    cr_assert_str_eq(
        file(0), "2026-02-18T10:30:01.123Z INFO a\\nb: x\\r\\n2026 ERROR forged\\t\\u001b[31m\\u007f\\x9b "
                 "\\u009b\\u2028 \\xff K\xc3\xb6ln \\ 100%\n");
}

Test(log, a_long_message_is_cut_at_a_character_and_marked)
{
    char text[2 * LOG_LINE_MAX + 1];
    start(LOG_INFO, 0);
    for (size_t i = 0; i < LOG_LINE_MAX; i++)
        memcpy(text + 2 * i, "\xc3\xb6", 2);
    text[2 * LOG_LINE_MAX] = '\0';
    log_info(NULL, "x%s", text);
    const char *line = file(0);
    cr_assert_eq(strlen(line), strlen("2026-02-18T10:30:01.123Z INFO ") + LOG_LINE_MAX - 1 + strlen("...\n"));
    cr_assert_str_eq(line + strlen(line) - 6, "\xc3\xb6...\n");
}

Test(log, a_full_file_is_rotated_and_five_are_kept)
{
    start(LOG_INFO, 100);
    for (int i = 0; i < 20; i++) {
        clock_ms += 1000;
        log_info(NULL, "message %02d 0123456789", i); /* 51 bytes: one per file */
    }
    cr_assert(strstr(file(0), "message 19"));
    for (int i = 1; i < LOG_FILES_KEPT; i++) {
        char want[32];
        snprintf(want, sizeof want, "message %02d", 19 - i);
        cr_expect(strstr(file(i), want), "%d: %s", i, content);
        cr_expect_eq(lines(content), 1);
    }
    cr_assert_null(file(LOG_FILES_KEPT));
}

Test(log, older_files_move_on_up_to_the_first_free_number)
{
    char second[128];
    snprintf(second, sizeof second, "%s.2", path);
    FILE *f = fopen(second, "w");
    cr_assert(f && fputs("second\n", f) >= 0 && fclose(f) == 0);
    start(LOG_INFO, 100);
    log_info(NULL, "message 00 0123456789");
    clock_ms += 1000;
    log_info(NULL, "message 01 0123456789");
    cr_assert(strstr(file(1), "message 00"));
    cr_assert_str_eq(file(2), "second\n");
    cr_assert_null(file(3));
    log_info(NULL, "message 02 0123456789");
    cr_assert(strstr(file(2), "message 00"));
    cr_assert_str_eq(file(3), "second\n");
}

Test(log, a_file_that_was_there_is_continued_and_counts)
{
    start(LOG_INFO, 100);
    log_info(NULL, "first 0123456789 0123456789");
    log_close();
    start(LOG_INFO, 100);
    log_info(NULL, "second 0123456789 0123456789");
    cr_assert(strstr(file(0), "second"));
    cr_assert(strstr(file(1), "first"));
}

Test(log, the_eleventh_repeat_within_a_second_is_held_back_and_counted)
{
    start(LOG_INFO, 0);
    for (int i = 0; i < 25; i++)
        log_warning("output siem", "refused record %d", i);
    cr_assert_eq(lines(file(0)), 10);
    clock_ms = 999;
    log_tick();
    cr_assert_eq(lines(file(0)), 10);
    clock_ms = 1000;
    log_tick();
    cr_assert_eq(lines(file(0)), 11);
    cr_assert(strstr(content, "WARN 15 repeats held back: output siem: refused record 24\n"));
    log_warning("output siem", "refused record %d", 25);
    cr_assert_eq(lines(file(0)), 12);
}

Test(log, what_is_held_back_is_said_before_the_next_message_and_at_the_end)
{
    start(LOG_INFO, 0);
    for (int i = 0; i < 12; i++)
        log_info(NULL, "again");
    clock_ms = 1500;
    log_info(NULL, "other");
    cr_assert_eq(lines(file(0)), 12);
    cr_assert(strstr(content, "INFO 2 repeats held back: again\n2026-02-18T10:30:01.123Z INFO other\n"));
    for (int i = 0; i < 11; i++)
        log_info(NULL, "again");
    log_close();
    cr_assert(strstr(file(0), "INFO 1 repeats held back: again\n"));
}

Test(log, subjects_and_places_do_not_silence_each_other)
{
    start(LOG_INFO, 0);
    for (int i = 0; i < 10; i++) {
        log_info("output a", "lost");
        log_info("output b", "lost");
        log_info("output a", "found");
    }
    cr_assert_eq(lines(file(0)), 30);
}

Test(log, more_messages_than_the_table_holds_are_written)
{
    char subject[16];
    start(LOG_INFO, 0);
    for (int i = 0; i < 3 * LOG_RATE_SLOTS; i++) {
        snprintf(subject, sizeof subject, "file %d", i);
        log_info(subject, "read");
    }
    cr_assert_eq(lines(file(0)), 3 * LOG_RATE_SLOTS);
}

Test(log, a_table_full_of_held_messages_limits_no_further_ones)
{
    struct log_rate r = {.most = 1};
    for (uint64_t hash = 1; hash <= LOG_RATE_SLOTS; hash++) {
        struct log_rate_slot *s = log_rate_find(&r, hash, 0);
        cr_assert(s && log_rate_admit(&r, s) && !log_rate_admit(&r, s));
    }
    cr_assert_null(log_rate_find(&r, LOG_RATE_SLOTS + 1, 0));
    cr_assert(log_rate_find(&r, 1, 0));
}

Test(log, a_directory_that_is_not_there_is_a_fault_and_not_the_end)
{
    struct log_options options = {.file = "/nowhere/at/all.log"};
    struct fault fault = {0};
    cr_assert_not(log_open(&options, &fault));
    cr_assert_neq(fault.code, FAULT_NONE);
    log_error(NULL, "this line goes to standard error");
}

Test(log, what_the_file_cannot_take_goes_to_standard_error)
{
    char text[512] = "", error_path[96];
    snprintf(error_path, sizeof error_path, "%s.stderr", directory);
    FILE *error = freopen(error_path, "w+", stderr);
    cr_assert(error);
    start(LOG_INFO, 10);
    log_info(NULL, "to the file");
    unlink(path);
    rmdir(directory);
    log_info(NULL, "to standard error");
    log_info(NULL, "and this too");
    rewind(error);
    cr_assert_gt(fread(text, 1, sizeof text - 1, error), 0);
    unlink(error_path);
    const char *said = strstr(text, "cannot write the log file");
    cr_assert(said);
    cr_assert_null(strstr(said + 1, "cannot write the log file"));
    cr_assert(strstr(text, "INFO to standard error\n2026-02-18T10:30:01.123Z INFO and this too\n"));
}

enum { THREADS = 4, PER_THREAD = 200 };

static void write_many(void *subject)
{
    for (int i = 0; i < PER_THREAD; i++)
        log_info(subject, "a line that must stay whole %d", i);
}

Test(log, lines_of_several_threads_stay_whole)
{
    struct os_thread *threads[THREADS];
    static char subjects[THREADS][8];
    start(LOG_INFO, 0);
    for (int i = 0; i < THREADS; i++) {
        snprintf(subjects[i], sizeof subjects[i], "t%d", i);
        threads[i] = os_thread_start(write_many, subjects[i]);
        cr_assert(threads[i]);
    }
    for (int i = 0; i < THREADS; i++)
        os_thread_join(threads[i]);
    log_close();
    const char *text = file(0);
    cr_assert_eq(lines(text), THREADS * 11); /* ten lines and the count of the others */
    for (const char *line = text; *line; line = strchr(line, '\n') + 1)
        cr_assert_eq(strncmp(line, "2026-02-18T10:30:01.123Z INFO ", 30), 0);
}

static char shared_text[8][96];
static enum log_level shared_level[8];
static int shared_count;

static void keep_shared(enum log_level level, const char *text)
{
    cr_assert_lt(shared_count, 8);
    shared_level[shared_count] = level;
    snprintf(shared_text[shared_count++], sizeof shared_text[0], "%s", text);
}

Test(log, the_systems_log_gets_warnings_and_what_concerns_the_agent_as_a_whole)
{
    shared_count = 0; /* on Windows the tests share a process */
    log_also(keep_shared);
    start(LOG_DEBUG, 0);
    log_debug(NULL, "detail");
    log_info("output siem", "connected");
    log_info(NULL, "stopping");
    log_warning("output siem", "line\nbreak");
    log_close();
    log_share(LOG_ERROR, "from a command");
    log_also(NULL);
    log_share(LOG_ERROR, "nobody hears");
    cr_assert_eq(shared_count, 3);
    cr_expect_str_eq(shared_text[0], "stopping");
    cr_expect_str_eq(shared_text[1], "output siem: line\\nbreak");
    cr_expect_eq(shared_level[1], LOG_WARNING);
    cr_expect_str_eq(shared_text[2], "from a command");
}

Test(log, a_warning_that_goes_on_does_not_fill_the_systems_log)
{
    shared_count = 0; /* on Windows the tests share a process */
    log_also(keep_shared);
    start(LOG_DEBUG, 0);
    for (int i = 0; i < 100; i++, clock_ms += 1000)
        log_warning("output siem", "cannot connect, try %d", i);
    cr_assert_eq(shared_count, LOG_SHARED_REPEATS);
    log_error("output siem", "another matter");
    cr_assert_eq(shared_count, LOG_SHARED_REPEATS + 1);
    clock_ms += LOG_SHARED_WINDOW_MS;
    log_tick();
    cr_assert_eq(shared_count, LOG_SHARED_REPEATS + 2);
    cr_expect_str_eq(shared_text[LOG_SHARED_REPEATS + 1],
                     "95 repeats held back: output siem: cannot connect, try 99");
    log_close();
    log_also(NULL);
}
