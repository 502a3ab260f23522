/* SPDX-License-Identifier: Apache-2.0 */
/* Loading a configuration for a command, with its messages on standard error. */
#ifndef MAPITAIL_LOAD_H
#define MAPITAIL_LOAD_H

#include "config.h"

/* Prints every error and warning as FILE:LINE:COLUMN: …, to log_share too; NULL if there was an error. */
struct config *load_config(const char *path);

#endif
