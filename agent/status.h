/* SPDX-License-Identifier: Apache-2.0 */
/* `mapitail status`: how an agent is doing, from what it wrote into its state directory. */
#ifndef MAPITAIL_STATUS_H
#define MAPITAIL_STATUS_H

#include <stdbool.h>

/*
 * Prints a table, or with json the status as it was written together with whether the agent runs. The
 * directory's lock tells that. Returns EXIT_OK when it runs and every output is healthy, EXIT_INCOMPLETE when
 * not, with the reason on standard error.
 */
int status_show(const char *state_directory, bool json);

#endif
