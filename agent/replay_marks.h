/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which dead letters were sent again: one JSON object a line in a file beside the dead-letter file,
 * FILE.replayed. The dead-letter file itself is never changed, for an agent may be appending to it. A letter
 * is known by its output, its event id and the time at which it was written. Belongs to one thread.
 */
#ifndef MAPITAIL_REPLAY_MARKS_H
#define MAPITAIL_REPLAY_MARKS_H

#include "letter_reader.h"

struct replay_marks;

/*
 * Reads the marks of a dead-letter file and, unless only_look, locks them against a second replay. NULL with
 * a fault; *is_held tells that another replay is under way.
 */
struct replay_marks *replay_marks_open(const char *letters_path, bool only_look, bool *is_held,
                                       struct fault *f);
void replay_marks_close(struct replay_marks *m); /* NULL is allowed */

bool replay_marks_have(const struct replay_marks *m, const struct letter *l);

/* Notes a letter as delivered; on disk after replay_marks_save. False without memory. */
bool replay_marks_add(struct replay_marks *m, const struct letter *l);

/* Appends and syncs what was added since the last time. */
bool replay_marks_save(struct replay_marks *m, struct fault *f);

#endif
