/* SPDX-License-Identifier: Apache-2.0 */
/* `mapitail run` and `mapitail check`. */
#ifndef MAPITAIL_RUN_H
#define MAPITAIL_RUN_H

#include <stdbool.h>

/* Exit codes: those of sysexits.h where it has one. */
enum {
    EXIT_OK = 0,
    EXIT_INCOMPLETE = 1, /* something was damaged or unreadable, or not delivered */
    EXIT_USAGE = 64,
    EXIT_SOFTWARE = 70, /* out of memory and the like */
    EXIT_LOCKED = 73,   /* the state directory cannot be had: another agent holds it, or it cannot be made */
    EXIT_CONFIG = 78,
    EXIT_SUPERSEDED = 79, /* another agent has taken an output over */
};

/* Runs every output until a stop request, or with once until everything there is was acknowledged. */
int run_agent(const char *config_path, bool once);

/* Reports every mistake of the configuration; with connect, reaches every destination too. */
int check_config(const char *config_path, bool connect);

#endif
