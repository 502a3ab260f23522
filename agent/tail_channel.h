/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a tail does where it stands for a live event channel: between tail.c and channel.c, for them alone.
 * One pipeline thread.
 */
#ifndef MAPITAIL_TAIL_CHANNEL_H
#define MAPITAIL_TAIL_CHANNEL_H

#include "tail.h"

/*
 * One step of channel_next, counted, with the channel's state put on the board. With the first answer of the
 * service the channel is taken into the state.
 */
void tail_channel_read(struct tail_context *c, struct tail *t, struct event *event, struct step *step);

/* Writes the bookmark of the position that was saved. False when the state cannot be written. */
bool tail_channel_save(struct tail_context *c, struct tail *t, struct fault *f);

#endif
