/* SPDX-License-Identifier: Apache-2.0 */
/* Path patterns. */
#include "glob.h"

#include "os_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *pattern, *name;
    bool matches;
} names[] = {
    {"*.evtx", "Application.evtx", true},
    {"*.evtx", "Application.evtx.1", false},
    {"*", "", true},
    {"", "", true},
    {"", "a", false},
    {"a?c", "abc", true},
    {"a?c", "ac", false},
    {"[ab]x", "bx", true},
    {"[!ab]x", "bx", false},
    {"[!ab]x", "cx", true},
    {"[a-c]x", "bx", true},
    {"[a-c]x", "dx", false},
    {"[]]x", "]x", true},
    {"[ab", "[ab", true},
    {"a*b*c", "aXXbYYc", true},
    {"a*b*c", "aXXbYY", false},
    {"*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
};

Test(glob, names_match_as_in_a_shell)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_expect_eq(glob_match_name(names[i].pattern, names[i].name, false), names[i].matches, "%s on %s",
                     names[i].pattern, names[i].name);
}

Test(glob, case_counts_only_where_names_do)
{
    cr_assert_not(glob_match_name("*.EVTX", "a.evtx", false));
    cr_assert(glob_match_name("*.EVTX", "a.evtx", true));
}

Test(glob, a_star_does_not_cross_a_separator_and_two_stars_do)
{
    cr_assert_not(glob_match_path("/a/*.xml", "/a/b/c.xml"));
    cr_assert(glob_match_path("/a/**/*.xml", "/a/b/c.xml"));
    cr_assert(glob_match_path("/a/**/*.xml", "/a/c.xml"));
    cr_assert_not(glob_match_path("/a/**/*.xml", "/b/c.xml"));
}

Test(glob, two_stars_at_the_end_match_every_file_below)
{
    cr_assert(glob_match_path("/a/**", "/a/b"));
    cr_assert(glob_match_path("/a/**", "/a/b/c.xml"));
    cr_assert_not(glob_match_path("/a/**", "/a"));
    cr_assert_not(glob_match_path("/a/**", "/b/c"));
}

Test(glob, two_stars_give_back_what_they_took)
{
    cr_assert(glob_match_path("/**/b/*/d", "/a/b/b/x/d"));
    cr_assert(glob_match_path("/**/b/**/e.xml", "/b/c/b/d/e.xml"));
    cr_assert_not(glob_match_path("/**/b/*/d", "/a/b/b/x/y/d"));
    cr_assert_not(glob_match_path("/**/b", "/a/b/c"));
}

Test(glob, many_stars_take_no_time_that_grows_without_bound)
{
    char pattern[512] = "", path[1024] = "";
    for (int i = 0; i < 60; i++)
        strcat(pattern, "/**/a");
    strcat(pattern, "/b");
    for (int i = 0; i < 400; i++)
        strcat(path, "/a");
    cr_assert_not(glob_match_path(pattern, path));
}

Test(glob, names_as_long_as_a_system_takes_them_are_compared_to_their_end)
{
    enum { LONGEST = 3 * 255 };
    char pattern[LONGEST + 16], path[LONGEST + 16];
    for (size_t n = 254; n <= LONGEST; n += 511) {
        snprintf(pattern, sizeof pattern, "/x/%0*d", (int)n, 1);
        snprintf(path, sizeof path, "/x/%0*d", (int)n, 2);
        cr_expect(glob_match_path(pattern, pattern));
        cr_expect_not(glob_match_path(pattern, path), "%zu bytes", n);
    }
}

static char root[64];
static char found[20][256];
static size_t found_count;

static bool note(void *ctx, const char *path)
{
    (void)ctx;
    snprintf(found[found_count++], sizeof *found, "%s", path + strlen(root));
    return true;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void touch(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s%s", root, name);
    fclose(fopen(path, "w"));
}

static void make_directory(const char *name)
{
    char path[256];
    struct fault f;
    snprintf(path, sizeof path, "%s%s", root, name);
    cr_assert(os_make_directories(path, 0700, &f), "%s", f.text);
}

static void walk(const char *pattern)
{
    char path[256];
    struct glob_visitor v = {.file = note};
    snprintf(path, sizeof path, "%s%s", root, pattern);
    found_count = 0;
    glob_walk(path, &v);
    qsort(found, found_count, sizeof *found, by_text);
}

static void make_tree(void)
{
    char loop[256];
    snprintf(root, sizeof root, "/tmp/mapitail-glob-XXXXXX");
    cr_assert(mkdtemp(root));
    make_directory("/x/y");
    touch("/a.xml");
    touch("/.hidden.xml");
    touch("/x/b.xml");
    touch("/x/y/c.xml");
    touch("/x/y/c.txt");
    snprintf(loop, sizeof loop, "%s/x/loop", root);
    cr_assert_eq(symlink(root, loop), 0);
}

static void remove_tree(void)
{
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    cr_assert_eq(system(command), 0);
}

TestSuite(glob_walk, .init = make_tree, .fini = remove_tree);

Test(glob_walk, a_plain_path_is_found_when_it_exists)
{
    walk("/x/b.xml");
    cr_assert_eq(found_count, 1);
    walk("/x/none.xml");
    cr_assert_eq(found_count, 0);
}

Test(glob_walk, two_stars_at_the_end_find_every_file_below)
{
    walk("/x/**");
    cr_assert_eq(found_count, 3);
    cr_assert_str_eq(found[0], "/x/b.xml");
    cr_assert_str_eq(found[2], "/x/y/c.xml");
}

Test(glob_walk, a_directory_is_no_match)
{
    walk("/x");
    cr_assert_eq(found_count, 0);
}

Test(glob_walk, wildcards_work_in_any_part)
{
    walk("/*/*.xml");
    cr_assert_eq(found_count, 1);
    cr_assert_str_eq(found[0], "/x/b.xml");
}

Test(glob_walk, any_depth_finds_all_once_and_follows_no_links_round)
{
    walk("/**/*.xml");
    cr_assert_eq(found_count, 3);
    cr_assert_str_eq(found[0], "/a.xml");
    cr_assert_str_eq(found[1], "/x/b.xml");
    cr_assert_str_eq(found[2], "/x/y/c.xml");
}
