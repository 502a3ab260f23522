/* SPDX-License-Identifier: Apache-2.0 */
/* The border of a source. */
#include "border.h"

#include "glob.h"

#include <string.h>

bool border_folder(const char *pattern, char *folder, size_t room)
{
    size_t n = os_path_root(pattern), wild = n + strcspn(pattern + n, "*?[");
    for (size_t i = n; i < wild; i++)
        if (os_is_separator(pattern[i]))
            n = i;
    if (n >= room || room < 2)
        return false;
    memcpy(folder, n ? pattern : ".", n ? n : 1);
    folder[n ? n : 1] = '\0';
    return true;
}

static bool is_below(const char *path, const char *folder)
{
    size_t n = strlen(folder);
    bool is_root = n && os_is_separator(folder[n - 1]);
    return strncmp(path, folder, n) == 0 && (is_root || os_is_separator(path[n]));
}

bool border_allows(const struct config_source *source, const char *path, struct os_file *file,
                   struct fault *f)
{
    char where[GLOB_PATH_MAX], folder[GLOB_PATH_MAX], resolved[GLOB_PATH_MAX];
    if (source->follow_links)
        return true;
    if (!os_file_where(file, path, where, sizeof where, f))
        return false;
    for (size_t i = 0; i < source->paths.count; i++)
        if (border_folder(source->paths.items[i], folder, sizeof folder) &&
            os_path_resolve(folder, resolved, sizeof resolved) && is_below(where, resolved))
            return true;
    return fault_set(f, FAULT_OS, 0,
                     "a link leads out of the source's folders to %s; `follow_links: true` would allow it",
                     where);
}
