/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a tail share: tail.c (life, reading, saving), tail_open.c, tail_look.c and tail_name.c.
 * For them alone. */
#ifndef MAPITAIL_TAIL_INNER_H
#define MAPITAIL_TAIL_INNER_H

#include "tail.h"

/* Reading begins there: nothing before it is to be read, saved or published. What was in flight is forgotten.
 */
void tail_start_from(struct tail *t, const struct position *from);

/* Closes the file, or the subscription of a channel. What is known of it stays. */
void tail_close_export(struct tail_context *c, struct tail *t);

/*
 * It cannot be opened or read: counts and logs that, and says when it is to be tried again. A fault of
 * opening names the file, the others do not.
 */
void tail_cannot_open(struct tail_context *c, struct tail *t, const struct fault *f);
void tail_broken(struct tail_context *c, struct tail *t, const struct fault *f);

/* It was read to its present end: from what stands there tail_look sees whether it is rewritten in place. */
void tail_remember_end(struct tail *t);

#endif
