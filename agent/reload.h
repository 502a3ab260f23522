/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a configuration again while the agent runs: everything that can be wrong is found before anything
 * changes. */
#ifndef MAPITAIL_RELOAD_H
#define MAPITAIL_RELOAD_H

#include "config.h"

/*
 * Reads and checks the file and opens every destination once, without network traffic. Logs each mistake with
 * line and column, and what takes effect at the next start only. NULL with a fault that sums it up, when the
 * file cannot follow the configuration in force.
 */
struct config *reload_config(const char *path, const struct config *in_force, struct fault *f);

#endif
