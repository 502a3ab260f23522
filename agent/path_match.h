/* SPDX-License-Identifier: Apache-2.0 */
/* Does a path fit a glob? Pure: the file system is not asked. */
#ifndef MAPITAIL_PATH_MATCH_H
#define MAPITAIL_PATH_MATCH_H

#include <stdbool.h>

struct path_rules {
    bool fold_case;           /* ASCII letters compare without regard to case */
    bool backslash_separates; /* '\' separates as '/' does, and the two are equal */
};

/*
 * In a pattern, * stands for any characters of one name, ? for one character, [a-z] and [!a-z] for one of
 * (not of) a set, and ** as a whole name for any number of directories, also none. Everything else stands for
 * itself; so does a [ without its ].
 */
bool path_match(const char *pattern, const char *path, struct path_rules rules);

/* The same against the last name of the path, unless the pattern itself holds a separator: how `exclude`
 * reads. */
bool path_match_exclude(const char *pattern, const char *path, struct path_rules rules);

#endif
