/* SPDX-License-Identifier: Apache-2.0 */
/* Globs over paths. */
#include "path_match.h"

#include "sv.h"

#include <string.h>

static bool is_separator(char c, struct path_rules rules)
{
    return c == '/' || (rules.backslash_separates && c == '\\');
}

static char folded(char c, struct path_rules rules)
{
    if (is_separator(c, rules))
        return '/';
    return rules.fold_case ? ascii_lower(c) : c;
}

/* Bytes of the UTF-8 character at p. */
static size_t character(const char *p)
{
    size_t n = 1;
    while (((unsigned char)p[n] & 0xc0) == 0x80)
        n++;
    return n;
}

/* The byte behind the set that begins at p ('['), or NULL if it has no end. A ']' that comes first is a
 * member. */
static const char *set_end(const char *p)
{
    p += p[1] == '!' ? 2 : 1;
    const char *end = *p ? strchr(p + 1, ']') : NULL;
    return end ? end + 1 : NULL;
}

/* Sets hold ASCII; any other character is in none. */
static bool set_has(const char *set, const char *end, char c, struct path_rules rules)
{
    bool negated = set[1] == '!', found = false;
    char want = folded(c, rules);
    for (const char *p = set + (negated ? 2 : 1); p < end - 1; p++) {
        bool range = p + 2 < end - 1 && p[1] == '-';
        char low = folded(p[0], rules), high = folded(range ? p[2] : p[0], rules);
        found |= low <= want && want <= high;
        p += range ? 2 : 0;
    }
    return found != negated;
}

/* Matches one character of the path by one unit of the pattern, which is no star; moves both on. */
static bool match_one(const char **pattern, const char **path, struct path_rules rules)
{
    const char *p = *pattern, *t = *path, *end = *p == '[' ? set_end(p) : NULL;
    bool separator = is_separator(*t, rules);
    if (*p == '?' && !separator) {
        *pattern = p + 1;
        *path = t + character(t);
        return true;
    }
    if (end && !separator) {
        *pattern = end;
        *path = t + character(t);
        return set_has(p, end, *t, rules);
    }
    *pattern = p + 1;
    *path = t + 1;
    return *p != '?' && folded(*p, rules) == folded(*t, rules);
}

/* A "**" that is a whole name; returns the bytes of it and of the separator behind it, or 0. */
static size_t any_depth(const char *pattern, const char *p, struct path_rules rules)
{
    bool begins = p == pattern || is_separator(p[-1], rules);
    if (!begins || p[0] != '*' || p[1] != '*')
        return 0;
    return is_separator(p[2], rules) ? 3 : p[2] == '\0' ? 2 : 0;
}

/* The byte behind the next separator at or after t, or NULL. */
static const char *next_name(const char *t, struct path_rules rules)
{
    for (; *t; t++)
        if (is_separator(*t, rules))
            return t + 1;
    return NULL;
}

/*
 * A mismatch goes back to the last star, which takes one character more, or else to the last **, which takes
 * one name more: earlier stars need never be tried again, so that no pattern costs more than pattern times
 * path.
 */
bool path_match(const char *pattern, const char *path, struct path_rules rules)
{
    const char *p = pattern, *t = path;
    const char *star = NULL, *star_at = NULL, *deep = NULL, *deep_at = NULL;
    while (*t || *p) {
        size_t depth = any_depth(pattern, p, rules);
        if (depth) {
            if (!p[depth])
                return *t != '\0';
            deep = p += depth;
            deep_at = t;
            star = NULL;
            continue;
        }
        if (*p == '*') {
            star = ++p;
            star_at = t;
            continue;
        }
        if (*t && *p && match_one(&p, &t, rules))
            continue;
        if (star && *star_at && !is_separator(*star_at, rules)) {
            p = star;
            t = ++star_at;
            continue;
        }
        deep_at = deep ? next_name(deep_at, rules) : NULL;
        if (!deep_at)
            return false;
        p = deep;
        t = deep_at;
        star = NULL;
    }
    return true;
}

bool path_match_exclude(const char *pattern, const char *path, struct path_rules rules)
{
    const char *name = path;
    if (!next_name(pattern, rules))
        for (const char *next; (next = next_name(name, rules)) != NULL;)
            name = next;
    return path_match(pattern, name, rules);
}
