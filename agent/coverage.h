/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an output reads, told to the receivers: one record per file that was read in a period, and a sign of
 * life for each source that had nothing to read. So central correlation knows that a server without matches
 * was looked at, and sees gaps.
 *
 * Tails note what they do in covers, which gather until their record is made; nothing of this touches
 * positions or the counts of events. Times are given by the caller. Belongs to one pipeline thread.
 */
#ifndef MAPITAIL_COVERAGE_H
#define MAPITAIL_COVERAGE_H

#include "config.h"
#include "parser.h"
#include "record.h"

struct coverage_book; /* of an output */
struct cover;         /* of a file */

/*
 * host is the agent's, which stands where no event has named one. Borrowed until coverage_free. NULL without
 * memory.
 */
struct coverage_book *coverage_new(const struct config *config, const struct config_output *output,
                                   struct sv host, const struct wtime *now, int64_t now_ms);
void coverage_free(struct coverage_book *b); /* NULL is allowed */

/* A file of a source of the configuration. NULL book or no memory: NULL, which every function here takes. */
struct cover *coverage_open(struct coverage_book *b, const struct config_source *source);

/* Its tail is gone; what was gathered still goes out. */
void coverage_close(struct cover *c);

/* ---- what tails note ---- */

/* The file's name and format, and where reading begins. */
void cover_begin(struct cover *c, const char *path, const char *format, const struct position *from);
void cover_moved(struct cover *c, const struct position *to, uint64_t read, bool read_is_least);
void cover_matched(struct cover *c, const struct event *e);
void cover_damaged(struct cover *c, uint64_t bytes);
void cover_overwritten(struct cover *c, uint64_t events);
void cover_vanished(struct cover *c, uint64_t bytes);

/* ---- making records ---- */

/* How long, by the monotonic clock, until records are due: 0 when they are. */
int64_t coverage_wait_ms(const struct coverage_book *b, int64_t now_ms);

/* Makes them due now. */
void coverage_hasten(struct coverage_book *b);

/* A record that is to be sent. Everything lives until the next call. */
struct coverage_record {
    struct event event;
    struct coverage facts;
    const char *path; /* NULL: of a source as a whole */
};

/* The next record of those that are due; NULL when there are no more until the period is over again. */
const struct coverage_record *coverage_next(struct coverage_book *b, const struct wtime *now, int64_t now_ms);

#endif
