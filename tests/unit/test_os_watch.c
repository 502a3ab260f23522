/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for changes and wakes. What is not to come is waited for shortly, what is to come for long. */
#include "os_watch.h"

#include "os_file.h"
#include "os_thread.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SHORT_MS = 100, LONG_MS = 20000 };

static char directory[64];
static struct os_watch *watch;
static struct fault fault;

static void setup(void)
{
    strcpy(directory, "/tmp/mapitail-watch-XXXXXX");
    cr_assert(mkdtemp(directory));
    watch = os_watch_new();
    cr_assert_not_null(watch);
}

static void teardown(void)
{
    char command[128];
    os_watch_free(watch);
    snprintf(command, sizeof command, "rm -rf %s", directory);
    cr_assert_eq(system(command), 0);
}

TestSuite(os_watch, .init = setup, .fini = teardown);

static const char *in(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static void append(const char *path, const char *text)
{
    struct os_file *f = os_file_append(path, 0, &fault);
    cr_assert_not_null(f, "%s", fault.text);
    cr_assert(os_file_write(f, text, strlen(text), &fault));
    os_file_close(f);
}

/* Changes may be told in several parts: takes them all. */
static void drain(void)
{
    while (os_watch_wait(watch, SHORT_MS)) {
    }
}

Test(os_watch, a_wake_ends_the_next_wait_and_only_that)
{
    os_watch_wake(watch);
    os_watch_wake(watch);
    cr_assert(os_watch_wait(watch, LONG_MS));
    cr_assert_not(os_watch_wait(watch, 0));
}

static void wake(void *ctx)
{
    os_watch_wake(ctx);
}

Test(os_watch, a_wake_from_another_thread_ends_a_wait_without_end)
{
    struct os_thread *t = os_thread_start(wake, watch);
    cr_assert(os_watch_wait(watch, -1));
    os_thread_join(t);
}

Test(os_watch, without_a_change_a_wait_ends_in_time)
{
    cr_assert(os_watch_directory(watch, directory));
    cr_assert_not(os_watch_wait(watch, SHORT_MS));
}

Test(os_watch, a_new_a_growing_a_renamed_and_a_deleted_file_end_a_wait)
{
    char renamed[128];
    cr_assert(os_watch_directory(watch, directory));
    append(in("a"), "1");
    cr_assert(os_watch_wait(watch, LONG_MS), "a new file");
    drain();
    append(in("a"), "2");
    cr_assert(os_watch_wait(watch, LONG_MS), "a growing file");
    drain();
    snprintf(renamed, sizeof renamed, "%s/b", directory);
    cr_assert(os_rename(in("a"), renamed, &fault));
    cr_assert(os_watch_wait(watch, LONG_MS), "a renamed file");
    drain();
    cr_assert(os_unlink(renamed, &fault));
    cr_assert(os_watch_wait(watch, LONG_MS), "a deleted file");
}

Test(os_watch, watching_again_is_fine_and_a_wait_takes_all_changes)
{
    for (int i = 0; i < 5; i++)
        cr_assert(os_watch_directory(watch, directory));
    for (int i = 0; i < 50; i++)
        append(in("a"), "more");
    cr_assert(os_watch_wait(watch, LONG_MS));
    drain();
    cr_assert_not(os_watch_wait(watch, 0));
    append(in("a"), "more");
    cr_assert(os_watch_wait(watch, LONG_MS));
}

Test(os_watch, several_directories_are_watched_at_once)
{
    char first[128], second[128];
    snprintf(first, sizeof first, "%s", in("first"));
    snprintf(second, sizeof second, "%s", in("second"));
    cr_assert(os_make_directories(first, 0700, &fault) && os_make_directories(second, 0700, &fault));
    cr_assert(os_watch_directory(watch, first) && os_watch_directory(watch, second));
    append(in("second/a"), "1");
    cr_assert(os_watch_wait(watch, LONG_MS));
    drain();
    append(in("first/a"), "1");
    cr_assert(os_watch_wait(watch, LONG_MS));
}

Test(os_watch, a_directory_that_is_replaced_by_another_is_watched_again)
{
    char watched[128], aside[128];
    snprintf(watched, sizeof watched, "%s", in("watched"));
    snprintf(aside, sizeof aside, "%s", in("aside"));
    cr_assert(os_make_directories(watched, 0700, &fault));
    cr_assert(os_watch_directory(watch, watched));
    cr_assert(os_rename(watched, aside, &fault), "%s", fault.text);
    cr_assert(os_make_directories(watched, 0700, &fault));
    cr_assert(os_watch_directory(watch, watched));
    drain();
    append(in("watched/a"), "1");
    cr_assert(os_watch_wait(watch, LONG_MS));
}

Test(os_watch, a_directory_that_is_not_there_cannot_be_watched)
{
    cr_assert_not(os_watch_directory(watch, in("none")));
    append(in("file"), "");
    cr_assert_not(os_watch_directory(watch, in("file")));
}
