/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One output that dead letters are sent through again: its sink, and a batch that fills and is lent. Belongs
 * to one thread.
 */
#ifndef MAPITAIL_REPLAY_LANE_H
#define MAPITAIL_REPLAY_LANE_H

#include "batch.h"
#include "config.h"
#include "letter_reader.h"

#include <signal.h>

/* What became of one letter. Called from within replay_lane_send. */
typedef void replay_told(void *ctx, const struct letter *l, enum item_result result, const char *reason);

struct replay_lane;

/* config is borrowed. NULL with a fault when the destination cannot be opened. */
struct replay_lane *replay_lane_new(const struct config_output *output, replay_told *told, void *ctx,
                                    struct fault *f);
void replay_lane_free(struct replay_lane *l); /* NULL is allowed */

/* Adds a letter, which must have a message. False: there is no room until the lane has sent. */
bool replay_lane_add(struct replay_lane *l, const struct letter *letter);

/*
 * Sends what was added and tells of every letter: delivered or rejected, or RETRY when nothing was
 * acknowledged for patience_ms or *stop became true.
 */
void replay_lane_send(struct replay_lane *l, int patience_ms, const volatile sig_atomic_t *stop);

#endif
