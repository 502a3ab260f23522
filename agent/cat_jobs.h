/* SPDX-License-Identifier: Apache-2.0 */
/* Files of `mapitail cat` read side by side and written one after the other. */
#ifndef MAPITAIL_CAT_JOBS_H
#define MAPITAIL_CAT_JOBS_H

#include "cat_list.h"
#include "cat_read.h"

/*
 * Reads the list with that many threads. A thread takes the next file that nobody has taken; what it has to
 * say is kept until all files before have been written, and a file with much to say waits for that. False
 * without memory or threads; then nothing was read. *error: 0, or why nobody reads the records any more.
 */
bool cat_jobs_run(const struct cat_options *options, const struct encode_context *context,
                  const struct cat_list *list, unsigned jobs, struct cat_counts *counts, int *error);

/* Writes what a sink keeps to standard output and standard error: its flush where it is the only one. */
int cat_sink_write(struct cat_sink *sink);

#endif
