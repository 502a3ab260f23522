/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of which the destination kept another position than the state.
 *
 * The destination is right: it has the position together with the records. Where it is ahead (the agent was
 * killed between its commit and ours, or the state is an older copy or lost), the file is read up to there
 * without shipping anything, so that ordinals and the ids of de-duplication are what they would be. Where it
 * is behind, it has lost records: reading starts there, and ids delivered behind it are forgotten, so that
 * de-duplication does not swallow what the destination does not have. A position that does not belong to the
 * file's present content says nothing about it.
 *
 * With the delivery switched to at_least_once for a while, the state moves on and the destination's position
 * stays: a destination that is behind is then no loss. The state remembers who moved it last.
 */
#ifndef MAPITAIL_RECALL_H
#define MAPITAIL_RECALL_H

#include "tail.h"

/* Name of the mark in the state: whoever moved this output's positions last carried them. */
#define RECALL_MARK "*carried*"

/* A new tail, whose state was looked up: asks what the destination has of it. */
void recall_prepare(struct tail_context *c, struct tail *t);

/*
 * The file is open, its parser is not: decides. False with a fault when it cannot be read now; the question
 * then stays open.
 */
bool recall_decide(struct tail_context *c, struct tail *t, struct fault *f);

/* Is the record that ends there one that the destination has, or had and lost? */
bool recall_covers(const struct tail *t, const struct position *end);

/* What was recalled is read: reading goes on where the destination stands. */
void recall_done(struct tail_context *c, struct tail *t);

/* There is nothing, or nothing more, to recall of it. */
void recall_end(struct tail_context *c, struct tail *t);

#endif
