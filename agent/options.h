/* SPDX-License-Identifier: Apache-2.0 */
/* The options of a command, by table. */
#ifndef MAPITAIL_OPTIONS_H
#define MAPITAIL_OPTIONS_H

#include <stdbool.h>

/* An option with a value, or a flag: one of the two is not NULL. A NULL name ends a table. */
struct option {
    const char *name;
    const char **value;
    bool *flag;
};

/*
 * Reads argv[from … argc). What is no option moves to the front of argv from argv[0] on, *count of them;
 * after
 * "--" everything is. False after saying what is wrong on standard error: an option that is unknown or whose
 * value is missing.
 */
bool options_read(const struct option *table, int argc, char **argv, int from, int *count);

/* Says on standard error what is wrong with the command line, and returns EXIT_USAGE. word may be NULL. */
int wrong_usage(const char *what, const char *word);

#endif
