/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The border of a source: the folders that its patterns name. A link in an export folder, which others may
 * write, must not make the agent read and ship a file from elsewhere. It is the opened file that is judged,
 * not its name, so nothing can be swapped in between.
 */
#ifndef MAPITAIL_BORDER_H
#define MAPITAIL_BORDER_H

#include "config.h"
#include "os_file.h"

/*
 * The part of a pattern that no wildcard can change: `/srv/exports` of `/srv/exports/2*.evtx`, of
 * `/srv/exports/a.evtx` and of `/srv/exports/[ab]/c.evtx`; "." of `a.evtx`. False if it has no room.
 */
bool border_folder(const char *pattern, char *folder, size_t room);

/*
 * True if the file lies, all links resolved, below a folder of the source's patterns, or if the source
 * follows links. False with a fault that names both places.
 */
bool border_allows(const struct config_source *source, const char *path, struct os_file *file,
                   struct fault *f);

#endif
