/* SPDX-License-Identifier: Apache-2.0 */
/* `mapitail cat`: the records of exports to standard output, without state or configuration. */
#ifndef MAPITAIL_CAT_H
#define MAPITAIL_CAT_H

#include "parser.h"

enum { CAT_JOBS_MAX = 64 };

struct cat_options {
    const char *format; /* name of an encoder */
    bool all;           /* every event, not 9646 alone */
    unsigned jobs;      /* files read at a time, up to CAT_JOBS_MAX; 0: as many as there are processors */
    struct parser_options reading; /* its selector is not used */
    char *const *inputs;           /* files, globs, "-" for standard input */
    size_t count;
};

/*
 * Returns the exit code: 0, or 1 when something was damaged or unreadable. Records come in the order of the
 * inputs, however many are read at a time. The summary goes to standard error.
 */
int cat_run(const struct cat_options *options);

#endif
