/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Path patterns: `*` and `?` within a name, `[abc]` and `[a-z]` (`[!…]` for "not"), `**` as a whole part for
 * any depth of directories, at the end for every file below. A pattern without any of these is a plain path,
 * also where the file does not exist yet. On systems whose names fold case, so do patterns.
 */
#ifndef MAPITAIL_GLOB_H
#define MAPITAIL_GLOB_H

#include "fault.h"

#include <stdbool.h>
#include <stddef.h>

/* Does a single name (no separators) match a pattern part? fold: without regard to ASCII case. */
bool glob_match_name(const char *pattern, const char *name, bool fold);

/* Does a whole path match a pattern? Separators match separators only; `**` matches any number of whole
 * parts. */
bool glob_match_path(const char *pattern, const char *path);

/* True if the pattern has a wildcard. */
bool glob_is_pattern(const char *text);

struct glob_visitor {
    void *ctx;
    /* An existing file (not directory) that matches; false ends the walk. */
    bool (*file)(void *ctx, const char *path);
    /* A directory in which matches can appear: for change notification. May be NULL. */
    void (*directory)(void *ctx, const char *path);
    /* A directory that cannot be listed, or that is missing and stands before any wildcard, or a match of
       which the system does not even tell what it is (Windows may, of a file that may not be read). May be
       NULL. */
    void (*unreadable)(void *ctx, const char *path, const struct fault *f);
};

enum { GLOB_PATH_MAX = 4096, GLOB_DEPTH_MAX = 32 };

/* Visits every match. Links to directories are not followed below `**`, so that no loop can form. */
void glob_walk(const char *pattern, const struct glob_visitor *v);

#endif
