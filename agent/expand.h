/* SPDX-License-Identifier: Apache-2.0 */
/* ${NAME}, ${file:PATH}, ${dpapi:TEXT} and $$ in the values of a configuration file. */
#ifndef MAPITAIL_EXPAND_H
#define MAPITAIL_EXPAND_H

#include "yaml_tree.h"

/* What is needed while a file is read. */
struct reading {
    struct arena *memory; /* of everything that the configuration will point to */
    struct config_messages *messages;
    const char *path; /* of the configuration file: relative paths are relative to its directory */
};

/*
 * Expands the node and all below it, keys excepted. A variable that is not set, a file that cannot be read,
 * a text that this machine has not protected and an empty value are errors at the value, which becomes
 * NODE_REFUSED; a file that others may read draws a warning.
 */
void expand(struct reading *r, struct node *n);

/* path, or the place where it is if it is relative to the configuration's directory; in memory; NULL without
 * memory. */
const char *resolve_path(struct reading *r, const char *path);

#endif
