/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Positions for a destination that carries them: what goes out with each batch, and what came back at the
 * start.
 *
 * A batch is sealed before anything behind it is read, and batches settle one after the other. So the place
 * where reading stands at that moment is the position that holds once the batch is delivered, for every file.
 * It goes out for each file that was read on, whether or not it gave a record; files that were read on while
 * there is nothing to ship get a batch without records, once in PUBLISH_PASSED_MS.
 *
 * Belongs to one pipeline thread.
 */
#ifndef MAPITAIL_PUBLISH_H
#define MAPITAIL_PUBLISH_H

#include "position_record.h"
#include "source.h"

enum { PUBLISH_PASSED_MS = 60000 };

struct publisher;

/* scope and output are copied. NULL without memory. */
struct publisher *publisher_new(const char *scope, const char *output);
void publisher_free(struct publisher *p); /* NULL is allowed */

/* "<agent id>/<output>/", for the sink. */
const char *publisher_scope(const struct publisher *p);

/* --- what came back --- */

/* For sink_ops.recover; ctx is the publisher. */
void publisher_take(void *ctx, const struct sink_position *position);

/* Positions taken, and those that could not be read. */
size_t publisher_taken(const struct publisher *p);
size_t publisher_unreadable(const struct publisher *p);

/* What the destination has of a file, once: false if it has nothing, or was asked before. */
bool publisher_recall(struct publisher *p, struct os_file_id id, struct position_record *out);

/* --- what goes out --- */

/* Adds positions to a batch that is being sealed. True if it has any. */
bool publisher_seal(struct publisher *p, struct batch *b, struct source_set *files);

/* Is there something to publish for which no record came in a while? with at_once, now. */
bool publisher_is_due(const struct publisher *p, struct source_set *files, bool at_once);

/* The batch's positions are where its records are. */
void publisher_committed(struct batch *b);

/* A file is gone for good: the next batch takes its position away. */
void publisher_forget(struct publisher *p, struct os_file_id id);

#endif
