/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of published logs and what an independent walk has counted in them (TRUTH.tsv), for the tests of
 * the readers of event logs.
 */
#ifndef MAPITAIL_TESTS_CORPUS_TRUTH_H
#define MAPITAIL_TESTS_CORPUS_TRUTH_H

#include "sv.h"

enum corpus_column { CORPUS_RECORDS = 2, CORPUS_MAPI = 11, CORPUS_DAMAGE = 12 };

/* A file of the corpus and its line of the table. Both live for the call alone. */
struct corpus_log {
    const char *path;
    struct sv file, line;
};

/* The text of a column, empty if there is none, and a column's number, 0 if it has none. */
struct sv corpus_text(const struct corpus_log *log, enum corpus_column column);
uint64_t corpus_number(const struct corpus_log *log, enum corpus_column column);

/*
 * Calls check for each log whose name has the ending, and returns how many there were. Skips the test where
 * the corpus is not here; fails it where a file of the table is missing.
 */
size_t corpus_each(struct sv ending, void (*check)(const struct corpus_log *log));

#endif
