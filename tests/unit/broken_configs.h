/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations that must be refused, and how. */
#ifndef MAPITAIL_BROKEN_CONFIGS_H
#define MAPITAIL_BROKEN_CONFIGS_H

#include <stddef.h>

struct broken_config {
    const char *text;
    unsigned line, column; /* of the message that is looked for */
    const char *words;     /* that stand in it, separated by '|' */
    unsigned errors;       /* of the whole file; 0 means one */
};

extern const struct broken_config broken_configs[];
extern const size_t broken_config_count;

#endif
