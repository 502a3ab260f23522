/* SPDX-License-Identifier: Apache-2.0 */
/* Files as the system gives them: what their owners may do while they are open here, and what names may be.
 */
#include "os_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[64];
static char path[128];
static struct fault fault;

static void setup(void)
{
    strcpy(directory, "/tmp/mapitail-os-XXXXXX");
    cr_assert(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/a.log", directory);
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    cr_assert_eq(system(command), 0);
}

TestSuite(os_file, .init = setup, .fini = teardown);

static bool on_wine(void)
{
#ifdef _WIN32
    return getenv("WINEPREFIX") != NULL;
#else
    return false;
#endif
}

static struct os_file *make(const char *name, const char *content)
{
    struct os_file *f = os_file_append(name, 0, &fault);
    cr_assert_not_null(f, "%s", fault.text);
    cr_assert(os_file_write(f, content, strlen(content), &fault), "%s", fault.text);
    return f;
}

static void write_whole(const char *name, const char *content)
{
    os_file_close(make(name, content));
}

static struct os_file *open_one(const char *name)
{
    struct os_file *f = os_file_open(name, &fault);
    cr_assert_not_null(f, "%s", fault.text);
    return f;
}

/* What stands at an offset, up to n bytes. */
static const char *at(struct os_file *f, uint64_t offset, size_t n)
{
    static char text[256];
    ptrdiff_t got = os_file_read_at(f, offset, text, n, &fault);
    cr_assert_geq(got, 0, "%s", fault.text);
    text[got] = '\0';
    return text;
}

static struct os_file_info info_of(const char *name)
{
    struct os_file_info info;
    cr_assert(os_path_info(name, &info, &fault), "%s", fault.text);
    return info;
}

static const char *in(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *p = paths[next++ % 4];
    snprintf(p, sizeof paths[0], "%s/%s", directory, name);
    return p;
}

Test(os_file, a_file_is_read_at_any_place_and_short_only_at_its_end)
{
    write_whole(path, "0123456789");
    struct os_file *f = open_one(path);
    cr_assert_str_eq(at(f, 4, 3), "456");
    cr_assert_str_eq(at(f, 0, 3), "012");
    cr_assert_str_eq(at(f, 8, 100), "89");
    cr_assert_str_eq(at(f, 10, 100), "");
    cr_assert_str_eq(at(f, UINT64_C(1) << 40, 100), "");
    os_file_close(f);
}

Test(os_file, what_is_written_goes_to_the_end_wherever_that_is_by_then)
{
    struct os_file *a = make(path, "a"), *b = make(path, "b");
    cr_assert(os_file_write(a, "cd", 2, &fault));
    cr_assert(os_file_write(b, "e", 1, &fault));
    cr_assert_str_eq(at(b, 0, 100), "abcde");
    cr_assert(os_file_truncate(a, 2, &fault), "%s", fault.text);
    cr_assert(os_file_write(b, "f", 1, &fault));
    cr_assert_str_eq(at(a, 0, 100), "abf");
    cr_assert(os_file_sync(a, &fault), "%s", fault.text);
    os_file_close(a);
    os_file_close(b);
}

Test(os_file, a_file_that_is_open_here_can_be_renamed_and_is_read_on)
{
    struct os_file *writer = make(path, "one");
    struct os_file *reader = open_one(path);
    struct os_file_id id = info_of(path).id;
    cr_assert(os_rename(path, in("a.log.1"), &fault), "%s", fault.text);
    cr_assert(os_file_write(writer, "two", 3, &fault));
    cr_assert_str_eq(at(reader, 0, 100), "onetwo");
    cr_assert(os_file_id_eq(info_of(in("a.log.1")).id, id), "the file keeps its identity");
    struct os_file_info info;
    cr_assert(os_file_info(reader, &info, &fault));
    if (on_wine()) {
        cr_assert_neq(info.id.volume, id.volume,
                      "Wine remembers the volume now: tests/windows/impossible and this test can say so");
        info.id.volume = id.volume;
    }
    cr_assert(os_file_id_eq(info.id, id), "the open file keeps its identity");
    os_file_close(reader);
    os_file_close(writer);
}

Test(os_file, a_file_that_is_open_here_can_be_truncated_and_written_anew)
{
    write_whole(path, "a long beginning");
    struct os_file *reader = open_one(path), *owner = make(path, "");
    cr_assert(os_file_truncate(owner, 0, &fault));
    cr_assert(os_file_write(owner, "new", 3, &fault));
    cr_assert_str_eq(at(reader, 0, 100), "new");
    os_file_close(owner);
    os_file_close(reader);
}

Test(os_file, a_file_that_is_open_here_can_be_deleted_and_is_read_to_its_end)
{
    struct os_file_info info;
    write_whole(path, "last words");
    struct os_file *reader = open_one(path);
    cr_assert(os_unlink(path, &fault), "%s", fault.text);
    cr_assert_str_eq(at(reader, 0, 100), "last words");
    cr_assert(os_file_info(reader, &info, &fault));
    uint32_t links = info.links;
    os_file_close(reader);
    cr_assert_not(os_path_info(path, &info, &fault));
    cr_assert(os_not_found(&fault), "%s", fault.text);
    if (!on_wine()) /* which tells of no deletion that waits for the last handle */
        cr_assert_eq(links, 0);
}

Test(os_file, renaming_replaces_the_file_of_that_name)
{
    write_whole(path, "new");
    write_whole(in("old"), "old");
    cr_assert(os_rename(path, in("old"), &fault), "%s", fault.text);
    struct os_file *f = open_one(in("old"));
    cr_assert_str_eq(at(f, 0, 100), "new");
    os_file_close(f);
    cr_assert_not(os_rename(in("none"), in("old"), &fault));
    cr_assert(os_not_found(&fault), "%s", fault.text);
}

Test(os_file, the_size_is_current_while_the_writer_has_the_file_open)
{
    struct os_file *writer = make(path, "12345");
    cr_assert_eq(info_of(path).size, 5);
    cr_assert(os_file_write(writer, "678", 3, &fault));
    cr_assert_eq(info_of(path).size, 8);
    os_file_close(writer);
}

Test(os_file, two_files_have_two_identities)
{
    write_whole(path, "same");
    write_whole(in("b.log"), "same");
    cr_assert_not(os_file_id_eq(info_of(path).id, info_of(in("b.log")).id));
    cr_assert_eq(info_of(path).id.volume, info_of(in("b.log")).id.volume);
}

Test(os_file, a_directory_is_no_file_and_says_so)
{
    cr_assert_null(os_file_open(directory, &fault));
    cr_assert(strstr(fault.text, "directory"), "%s", fault.text);
    struct os_file_info info = info_of(directory);
    cr_assert(info.directory && !info.regular);
}

Test(os_file, what_is_not_there_is_not_found)
{
    struct os_file_info info;
    cr_assert_null(os_file_open(in("none"), &fault));
    cr_assert(os_not_found(&fault), "%s", fault.text);
    cr_assert_not(os_path_info(in("none/at/all"), &info, &fault));
    cr_assert(os_not_found(&fault), "%s", fault.text);
    cr_assert_not(os_unlink(in("none"), &fault));
    cr_assert(os_not_found(&fault), "%s", fault.text);
}

Test(os_file, a_lock_keeps_others_out_until_the_file_is_closed_and_nobody_from_reading)
{
    struct os_file *first = make(path, "held"), *second = make(path, ""), *reader = open_one(path);
    cr_assert(os_file_lock(first, &fault), "%s", fault.text);
    cr_assert_not(os_file_lock(second, &fault));
    cr_assert_str_eq(at(reader, 0, 100), "held");
    os_file_close(first);
    cr_assert(os_file_lock(second, &fault), "%s", fault.text);
    os_file_close(second);
    os_file_close(reader);
}

Test(os_file, a_temporary_file_is_written_and_read_and_leaves_nothing)
{
    struct os_file *f = os_file_temporary(&fault);
    cr_assert_not_null(f, "%s", fault.text);
    cr_assert(os_file_write(f, "spool", 5, &fault));
    cr_assert_str_eq(at(f, 1, 100), "pool");
    os_file_close(f);
}

Test(os_file, a_small_file_is_read_whole_and_a_large_one_refused)
{
    size_t n;
    write_whole(path, "12345");
    char *text = os_read_file(path, 5, &n, &fault);
    cr_assert(text && n == 5 && strcmp(text, "12345") == 0);
    free(text);
    cr_assert_null(os_read_file(path, 4, &n, &fault));
    cr_assert_eq(fault.code, FAULT_LIMIT);
}

/* ---- names ---- */

struct listing {
    const char *wanted;
    unsigned count;
    bool found;
};

static bool note_name(void *ctx, const char *name)
{
    struct listing *l = ctx;
    l->count++;
    l->found |= strcmp(name, l->wanted) == 0;
    return true;
}

Test(os_file, names_of_every_script_come_back_as_they_were_given)
{
    static const char *const names[] = {"Grüße aus Zürich.evtx", "журнал.xml", "日本語.csv", "😀 [1].json",
                                        "a b.txt"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct listing l = {.wanted = names[i]};
        write_whole(in(names[i]), names[i]);
        cr_assert(os_list(directory, note_name, &l, &fault), "%s", fault.text);
        cr_assert(l.found, "%s is not listed", names[i]);
        cr_assert_eq(l.count, i + 1);
        cr_assert_eq(info_of(in(names[i])).size, strlen(names[i]));
        struct os_file *f = open_one(in(names[i]));
        cr_assert_str_eq(at(f, 0, 200), names[i]);
        os_file_close(f);
    }
}

static bool end_at_once(void *ctx, const char *name)
{
    (void)name;
    ++*(unsigned *)ctx;
    return false;
}

Test(os_file, a_list_ends_when_it_is_told_to_and_a_missing_directory_has_none)
{
    unsigned count = 0;
    write_whole(in("a"), "");
    write_whole(in("b"), "");
    cr_assert(os_list(directory, end_at_once, &count, &fault));
    cr_assert_eq(count, 1);
    cr_assert_not(os_list(in("none"), end_at_once, &count, &fault));
    cr_assert(os_not_found(&fault), "%s", fault.text);
    cr_assert_not(os_list(in("a"), end_at_once, &count, &fault), "a file is no directory");
    cr_assert(os_not_found(&fault), "%s", fault.text);
    cr_assert_eq(count, 1);
}

/* Windows takes 260 characters unless it is asked in the right way. */
Test(os_file, a_path_may_be_much_longer_than_260_characters)
{
    char deep[1024], renamed[1100];
    struct listing l = {.wanted = "export.evtx"};
    int n = snprintf(deep, sizeof deep, "%s", directory);
    for (int i = 0; i < 8; i++)
        n += snprintf(deep + n, sizeof deep - (size_t)n, "/%d-%0100d", i, i);
    cr_assert(os_make_directories(deep, 0700, &fault), "%s", fault.text);
    cr_assert(os_make_directories(deep, 0700, &fault), "once more: %s", fault.text);
    cr_assert(info_of(deep).directory);
    snprintf(renamed, sizeof renamed, "%s/renamed.evtx", deep);
    snprintf(deep + n, sizeof deep - (size_t)n, "/export.evtx");
    write_whole(deep, "deep down");
    struct os_file *f = open_one(deep);
    cr_assert_str_eq(at(f, 0, 100), "deep down");
    os_file_close(f);
    deep[n] = '\0';
    cr_assert(os_list(deep, note_name, &l, &fault) && l.found);
    deep[n] = '/';
    cr_assert(os_rename(deep, renamed, &fault), "%s", fault.text);
    cr_assert(os_unlink(renamed, &fault), "%s", fault.text);
    /* so that what clears up need not know of long paths */
    for (char *last; (last = strrchr(renamed, '/')) - renamed > (ptrdiff_t)strlen(directory);) {
        *last = '\0';
        char shorter[128];
        snprintf(shorter, sizeof shorter, "%s/%zu", directory, strlen(renamed));
        cr_assert(os_rename(renamed, shorter, &fault), "%s", fault.text);
    }
}

Test(os_file, directories_are_made_down_to_the_last_and_a_file_in_the_way_is_reported)
{
    cr_assert(os_make_directories(in("x/y/z"), 0750, &fault), "%s", fault.text);
    cr_assert(os_make_directories(in("x/y/z/"), 0750, &fault), "%s", fault.text);
    cr_assert(info_of(in("x/y/z")).directory);
    write_whole(in("x/file"), "");
    cr_assert_not(os_make_directories(in("x/file"), 0750, &fault));
    cr_assert_not(os_make_directories(in("x/file/z"), 0750, &fault));
    cr_assert_eq(fault.code, FAULT_OS);
}

Test(os_file, an_open_file_and_its_name_lie_at_the_same_place)
{
    char by_handle[256], by_name[256], folder[256];
    cr_assert(os_make_directories(in("sub"), 0750, &fault));
    write_whole(in("sub/a"), "");
    struct os_file *f = open_one(in("sub/../sub/a"));
    cr_assert(os_file_where(f, in("sub/a"), by_handle, sizeof by_handle, &fault), "%s", fault.text);
    cr_assert(os_path_resolve(in("sub/a"), by_name, sizeof by_name));
    cr_assert(os_path_resolve(in("sub"), folder, sizeof folder));
    cr_assert_str_eq(by_handle, by_name);
    cr_assert(strncmp(by_handle, folder, strlen(folder)) == 0 && os_is_separator(by_handle[strlen(folder)]));
    cr_assert_not(os_path_resolve(in("sub/a"), by_name, 4), "without room");
    cr_assert_not(os_path_resolve(in("none"), by_name, sizeof by_name));
    os_file_close(f);
}

Test(os_file, a_root_is_what_a_path_starts_with)
{
    cr_assert_eq(os_path_root("/a/b"), 1);
    cr_assert_eq(os_path_root("a/b"), 0);
    cr_assert_eq(os_path_root(""), 0);
    cr_assert(os_path_is_absolute("/a"));
    cr_assert_not(os_path_is_absolute("a/b"));
}
