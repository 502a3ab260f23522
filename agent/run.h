/* SPDX-License-Identifier: Apache-2.0 */
/* `mapitail run` and `mapitail check`. */
#ifndef MAPITAIL_RUN_H
#define MAPITAIL_RUN_H

#include "exit_code.h"

#include <stdbool.h>

/* Runs every output until a stop request, or with once until everything there is was acknowledged. */
int run_agent(const char *config_path, bool once);

/* Reports every mistake of the configuration; with connect, reaches every destination too. */
int check_config(const char *config_path, bool connect);

#endif
