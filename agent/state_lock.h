/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process at a time has a state directory: the file `lock` in it is locked by the system for as long as
 * that process lives, however it ends, and holds its number and since when.
 */
#ifndef MAPITAIL_STATE_LOCK_H
#define MAPITAIL_STATE_LOCK_H

#include "fault.h"

struct state_lock;

/*
 * Makes the directory if need be and takes it; never waits. NULL with a fault, which names the holder:
 * "the state directory /var/lib/mapitail is in use by another mapitail, process 4711 since
 * 2026-02-18T10:30:01Z".
 */
struct state_lock *state_lock_take(const char *directory, struct fault *f);
void state_lock_release(struct state_lock *l); /* NULL is allowed */

struct lock_holder {
    _Bool is_held;
    char text[64]; /* "process 4711 since 2026-02-18T10:30:01Z"; "" where it is not told */
};

/* Looks without taking anything. False when the directory has no lock file or it cannot be looked at. */
_Bool state_lock_look(const char *directory, struct lock_holder *holder, struct fault *f);

#endif
