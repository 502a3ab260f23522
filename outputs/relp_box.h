/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The batches lent to a RELP session (relp.h), as the box of a stream: a message is delivered when the
 * receiver answers 200 for it.
 *
 * Messages go out in the order of submission. When the connection breaks, what has no answer yet stays here
 * and goes out again on the next one, in the same order, before anything new. A message that the receiver
 * refuses goes out again after a wait that grows (backoff.h), behind those that are under way; after
 * max_tries refusals it is rejected with the receiver's words. Batches finish in any order.
 */
#ifndef MAPITAIL_RELP_BOX_H
#define MAPITAIL_RELP_BOX_H

#include "box.h"

enum { RELP_BOX_BATCHES_MAX = 8 };

/* window: messages without an answer, 1 to RELP_WINDOW_MAX; max_tries: at least 1. NULL with a fault without
 * memory. */
struct box *relp_box_new(const struct sink_host *host, size_t window, unsigned max_tries, struct fault *f);

#endif
