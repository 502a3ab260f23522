/* SPDX-License-Identifier: Apache-2.0 */
/* Path patterns. */
#include "glob.h"

#include "os_file.h"
#include "sv.h"

#include <string.h>

/* A name has at most 255 units of UTF-16 or bytes of UTF-8: 765 bytes of UTF-8 and the final NUL. */
enum { PART_BYTES = 3 * 255 + 1 };

static bool chars_eq(char a, char b, bool fold)
{
    return fold ? ascii_lower(a) == ascii_lower(b) : a == b;
}

/* Matches c against the set at p, which points behind '['. *end is set behind ']'; NULL there if the set
 * never ends. */
static bool match_set(const char *p, char c, bool fold, const char **end)
{
    bool negated = *p == '!' || *p == '^', hit = false;
    const char *start = negated ? ++p : p;
    for (; *p && (*p != ']' || p == start); p++) {
        if (p[1] == '-' && p[2] && p[2] != ']') {
            unsigned char low = (unsigned char)p[0], high = (unsigned char)p[2], u = (unsigned char)c;
            hit |= (u >= low && u <= high) ||
                   (fold && (unsigned char)ascii_lower(c) >= low && (unsigned char)ascii_lower(c) <= high);
            p += 2;
        } else {
            hit |= chars_eq(*p, c, fold);
        }
    }
    *end = *p == ']' ? p + 1 : NULL;
    return hit != negated;
}

/* Matches one element of the pattern other than '*' against c; *next is set behind it. */
static bool match_one(const char *pattern, char c, bool fold, const char **next)
{
    if (*pattern == '?') {
        *next = pattern + 1;
        return true;
    }
    if (*pattern == '[') {
        bool hit = match_set(pattern + 1, c, fold, next);
        if (*next)
            return hit;
    }
    *next = pattern + 1;
    return chars_eq(*pattern, c, fold);
}

bool glob_match_name(const char *pattern, const char *name, bool fold)
{
    /* The latest '*' takes one more character whenever the rest fails: linear in practice, never exponential.
     */
    const char *star = NULL, *taken = NULL;
    while (*name) {
        const char *next;
        if (*pattern == '*') {
            star = ++pattern;
            taken = name;
        } else if (*pattern && match_one(pattern, *name, fold, &next)) {
            pattern = next;
            name++;
        } else if (star) {
            pattern = star;
            name = ++taken;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

bool glob_is_pattern(const char *text)
{
    return strpbrk(text, "*?[") != NULL;
}

/* Copies the first part of path (up to a separator) and returns what follows the separators, or NULL at the
 * end. */
static const char *split(const char *path, char *part, size_t room)
{
    size_t n = 0;
    while (path[n] && !os_is_separator(path[n]))
        n++;
    size_t copy = n < room - 1 ? n : room - 1;
    memcpy(part, path, copy);
    part[copy] = '\0';
    if (!path[n])
        return NULL;
    while (os_is_separator(path[n]))
        n++;
    return path + n;
}

static bool is_any_depth(const char *part)
{
    return strcmp(part, "**") == 0;
}

bool glob_match_path(const char *pattern, const char *path)
{
    /* As with the stars in a name: the latest `**` takes one more part whenever the rest fails. */
    const char *behind_star = NULL, *taken = NULL;
    char want[PART_BYTES], have[PART_BYTES];
    while (path) {
        const char *pattern_rest = pattern ? split(pattern, want, sizeof want) : NULL;
        const char *path_rest = split(path, have, sizeof have);
        if (pattern && is_any_depth(want)) {
            if (!pattern_rest)
                return true;
            pattern = behind_star = pattern_rest;
            taken = path;
        } else if (pattern && glob_match_name(want, have, os_paths_fold_case())) {
            pattern = pattern_rest;
            path = path_rest;
        } else if (behind_star) {
            pattern = behind_star;
            path = taken = split(taken, have, sizeof have);
        } else {
            return false;
        }
    }
    return !pattern;
}

struct walk {
    const struct glob_visitor *v;
    char path[GLOB_PATH_MAX];
    size_t n;
    char separator; /* that of the pattern, between the names that are found */
    bool ended;
    unsigned depth;
    unsigned wildcards; /* that matched a part of the path: what they matched may be gone by now */
};

static void walk_parts(struct walk *w, const char *rest);

struct level {
    struct walk *w;
    const char *pattern; /* of names at this level */
    const char *rest;    /* below it; NULL: names are files */
    bool any_depth;
};

/* Appends a name to the walk's path; false if it becomes too long. */
static bool push(struct walk *w, const char *name)
{
    size_t length = strlen(name);
    bool slash = w->n && !os_is_separator(w->path[w->n - 1]);
    if (w->n + slash + length + 1 > sizeof w->path)
        return false;
    if (slash)
        w->path[w->n++] = w->separator;
    memcpy(w->path + w->n, name, length + 1);
    w->n += length;
    return true;
}

static void pop(struct walk *w, size_t to)
{
    w->n = to;
    w->path[to] = '\0';
}

static void reach_file(struct walk *w)
{
    struct os_file_info info;
    struct fault f;
    if (os_path_info(w->path, &info, &f))
        w->ended = !info.directory && !w->v->file(w->v->ctx, w->path);
    else if (w->v->unreadable && !os_not_found(&f))
        w->v->unreadable(w->v->ctx, w->path, &f);
}

static bool is_directory(const char *path)
{
    struct os_file_info info;
    return os_path_info(path, &info, NULL) && info.directory;
}

static bool visit_name(void *ctx, const char *name)
{
    struct level *l = ctx;
    struct walk *w = l->w;
    size_t was = w->n;
    /* A pattern takes hidden names only when it says so, as shells do. */
    if (name[0] == '.' && l->pattern[0] != '.')
        return true;
    if (!glob_match_name(l->pattern, name, os_paths_fold_case()) || !push(w, name))
        return true;
    w->wildcards++;
    if (l->any_depth) {
        if (is_directory(w->path) && !os_path_is_link(w->path))
            walk_parts(w, l->rest);
    } else if (l->rest) {
        if (is_directory(w->path))
            walk_parts(w, l->rest);
    } else {
        reach_file(w);
    }
    w->wildcards--;
    pop(w, was);
    return !w->ended;
}

static void list_level(struct walk *w, struct level *l)
{
    struct fault f = {0};
    const char *directory = w->n ? w->path : ".";
    if (w->v->directory)
        w->v->directory(w->v->ctx, directory);
    if (!os_list(directory, visit_name, l, &f) && w->v->unreadable && (!os_not_found(&f) || !w->wildcards))
        w->v->unreadable(w->v->ctx, directory, &f);
}

static void walk_any_depth(struct walk *w, const char *any, const char *rest)
{
    /* Here, and in every directory below. */
    walk_parts(w, rest);
    if (!w->ended)
        list_level(w, &(struct level){w, "*", any, true});
}

static void walk_parts(struct walk *w, const char *pattern)
{
    char part[PART_BYTES];
    size_t was = w->n;
    if (w->ended || w->depth >= GLOB_DEPTH_MAX)
        return;
    w->depth++;
    const char *rest = split(pattern, part, sizeof part);
    if (is_any_depth(part)) {
        walk_any_depth(w, pattern, rest ? rest : "*");
    } else if (glob_is_pattern(part)) {
        list_level(w, &(struct level){w, part, rest, false});
    } else if (rest) {
        if (push(w, part))
            walk_parts(w, rest);
    } else {
        if (w->v->directory)
            w->v->directory(w->v->ctx, w->n ? w->path : ".");
        if (push(w, part))
            reach_file(w);
    }
    pop(w, was);
    w->depth--;
}

void glob_walk(const char *pattern, const struct glob_visitor *v)
{
    struct walk w = {.v = v, .separator = '/'};
    size_t root = os_path_root(pattern);
    if (root >= sizeof w.path)
        return;
    memcpy(w.path, pattern, root);
    w.n = root;
    for (const char *p = pattern; *p; p++)
        if (os_is_separator(*p)) {
            w.separator = *p;
            break;
        }
    walk_parts(&w, pattern + root);
}
