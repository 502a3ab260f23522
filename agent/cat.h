/* SPDX-License-Identifier: Apache-2.0 */
/* `mapitail cat`: the records of exports to standard output, without state or configuration. */
#ifndef MAPITAIL_CAT_H
#define MAPITAIL_CAT_H

#include "parser.h"

struct cat_options {
    const char *format;            /* name of an encoder */
    bool all;                      /* every event, not 9646 alone */
    struct parser_options reading; /* its selector is not used */
    char *const *inputs;           /* files, globs, "-" for standard input */
    size_t count;
};

/* Returns the exit code: 0, or 1 when something was damaged or unreadable. The summary goes to standard
 * error. */
int cat_run(const struct cat_options *options);

#endif
