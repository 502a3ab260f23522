/* SPDX-License-Identifier: Apache-2.0 */
/* `mapitail replay`: dead letters are sent again. */
#ifndef MAPITAIL_REPLAY_H
#define MAPITAIL_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

struct replay_options {
    const char *config_path;
    const char *file;     /* of dead letters; NULL: the configuration's */
    const char *output;   /* those of this output only; NULL: of every one */
    const char *id;       /* those of this event only; NULL: of every one */
    uint64_t first, last; /* lines, from 1; last UINT64_MAX: to the end */
    bool again;           /* those that were delivered by a replay before, too */
    bool list;            /* show which ones would be sent, and send nothing */
};

/*
 * How long nothing may be acknowledged before a replay gives up; a stop request ends it at once. What was not
 * acknowledged is not marked and is sent by the next replay.
 */
enum { REPLAY_PATIENCE_MS = 60000 };

/*
 * Sends the chosen letters through the configured outputs with the ids that they have, and marks those whose
 * proof came (replay_marks.h). An agent may be running. Returns an exit code: EXIT_INCOMPLETE when a chosen
 * letter was refused again, not acknowledged or cannot be read.
 */
int replay_run(const struct replay_options *o);

#endif
