/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the benchmarks of text formats share: an export made in memory and kept in a file, the bare read and
 * search for the number that is the limit, the parser over the same file, and medians of both.
 */
#ifndef MAPITAIL_EXPORT_BENCH_H
#define MAPITAIL_EXPORT_BENCH_H

#include "buf.h"
#include "parser.h"

#include <stdio.h>

enum { EXPORT_BENCH_ROUNDS_MAX = 99 };

struct export_bench {
    const char *name;
    const struct parser_ops *ops;
    struct sv needle; /* what the bare search looks for */
    struct buf text;  /* the export */
    size_t events, hits;
    size_t found_least, found_most; /* how often the bare search finds the needle, at least and at most */
    FILE *file;
};

/* The same numbers in every run and on every machine, of 24 bits. */
uint32_t export_bench_noise(void);

/* Begins an empty export. found_most is set to no bound. */
void export_bench_begin(struct export_bench *x, const char *name, const struct parser_ops *ops,
                        struct sv needle);

/* Puts the export into a file without a name, so that reading costs what it costs in life. */
bool export_bench_write(struct export_bench *x);

/* Parses the export once and returns the number of events. By its name instructions are counted in it alone.
 */
size_t parse_all(struct export_bench *x);

/* Prints one line with the medians of so many rounds. False when an answer is wrong, or without memory. */
bool export_bench_measure(struct export_bench *x, size_t rounds);

void export_bench_end(struct export_bench *x);

#endif
