/* SPDX-License-Identifier: Apache-2.0 */
/* Globs over paths. */
#include "path_match.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct path_rules posix = {false, false}, windows = {true, true};

struct pair {
    const char *pattern, *path;
};

static void expect_all(const struct pair *pairs, size_t count, struct path_rules rules, bool expected)
{
    for (size_t i = 0; i < count; i++)
        cr_expect_eq(path_match(pairs[i].pattern, pairs[i].path, rules), expected, "%s on %s",
                     pairs[i].pattern, pairs[i].path);
}
#define EXPECT(pairs, rules, expected) expect_all(pairs, sizeof pairs / sizeof *pairs, rules, expected)

Test(path_match, patterns_take_what_they_say)
{
    static const struct pair pairs[] = {{"/x/a.evtx", "/x/a.evtx"},
                                        {"/x/*.evtx", "/x/a.evtx"},
                                        {"/x/*.evtx", "/x/.evtx"},
                                        {"/x/*", "/x/a"},
                                        {"/*/a", "/x/a"},
                                        {"/x/?", "/x/a"},
                                        {"/x/?", "/x/\xc3\xb6"},
                                        {"/x/a*b*c", "/x/a--b-b--c"},
                                        {"/x/[ab].evtx", "/x/b.evtx"},
                                        {"/x/[a-c]", "/x/b"},
                                        {"/x/[!a-c]", "/x/d"},
                                        {"/x/[]]", "/x/]"},
                                        {"/x/[a-]", "/x/-"},
                                        {"/x/[a", "/x/[a"},
                                        {"**/a", "a"},
                                        {"**/a", "x/y/a"},
                                        {"/x/**", "/x/a"},
                                        {"/x/**", "/x/a/b/c"},
                                        {"/x/**/a", "/x/a"},
                                        {"/x/**/a", "/x/y/a"},
                                        {"/x/**/a", "/x/y/z/a"},
                                        {"/x/**/y/*.evtx", "/x/y/y/z/y/b.evtx"},
                                        {"/**/b/**/c", "/a/b/b/d/c"},
                                        {"/x/**y", "/x/zzy"},
                                        {"", ""},
                                        {"/x/*.*", "/x/a.b.c"},
                                        {"/x\\y", "/x\\y"}};
    EXPECT(pairs, posix, true);
}

Test(path_match, patterns_take_nothing_else)
{
    static const struct pair pairs[] = {{"/x/a.evtx", "/x/b.evtx"},
                                        {"/x/*.evtx", "/x/y/a.evtx"},
                                        {"/x/*.evtx", "/x/a.evtx.tmp"},
                                        {"/x/*", "/x/"
                                                 "a/b"},
                                        {"/x?a", "/x/a"},
                                        {"/x[/]a", "/x/a"},
                                        {"/x/[!a]", "/x/a"},
                                        {"/x/?", "/x/ab"},
                                        {"/x/?", "/x/"},
                                        {"/x/**", "/x"},
                                        {"/x/**", "/y/a"},
                                        {"/x/**/a", "/x/y/b"},
                                        {"/x/**/a", "/x/ya"},
                                        {"/x/**y", "/x/a/y"},
                                        {"a", ""},
                                        {"", "a"},
                                        {"/X/a", "/x/a"},
                                        {"/x/y", "/x\\y"},
                                        {"/x/a", "/x/ab"},
                                        {"/x/ab", "/x/a"}};
    EXPECT(pairs, posix, false);
}

Test(path_match, windows_paths_fold_case_and_separators)
{
    static const struct pair pairs[] = {{"C:\\Exports\\*.evtx", "c:/exports/A.EVTX"},
                                        {"C:/exports/**", "C:\\exports\\a\\b"},
                                        {"C:\\exports\\**\\[a-c].csv", "C:\\exports\\x\\B.csv"},
                                        {"\\\\srv\\d$\\*", "\\\\SRV\\D$\\x"}};
    EXPECT(pairs, windows, true);
    cr_assert_not(path_match("C:\\*", "C:\\a\\b", windows));
}

Test(path_match, an_exclude_without_separator_is_about_the_name)
{
    cr_assert(path_match_exclude("*.tmp", "/x/y/a.tmp", posix));
    cr_assert_not(path_match_exclude("*.tmp", "/x/a.tmp/b", posix));
    cr_assert(path_match_exclude("/x/**", "/x/y/a", posix));
    cr_assert_not(path_match_exclude("/x/*", "/x/y/a", posix));
}

Test(path_match, a_hostile_pattern_costs_no_more_than_pattern_times_path)
{
    char pattern[4001], path[4001];
    for (size_t i = 0; i < 4000; i += 2)
        memcpy(pattern + i, "*a", 2);
    memset(path, 'a', 4000);
    pattern[4000] = path[4000] = '\0';
    path[3999] = 'b';
    cr_assert_not(path_match(pattern, path, posix));
    for (size_t i = 0; i < 3996; i += 5)
        memcpy(pattern + i, "**/a/", 5);
    for (size_t i = 0; i < 4000; i += 2)
        memcpy(path + i, "a/", 2);
    path[3998] = 'b';
    cr_assert_not(path_match(pattern, path, posix));
}
