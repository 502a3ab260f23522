/* SPDX-License-Identifier: Apache-2.0 */
/* What the program's commands return to the shell: those of sysexits.h where it has one. */
#ifndef MAPITAIL_EXIT_CODE_H
#define MAPITAIL_EXIT_CODE_H

enum {
    EXIT_OK = 0,
    EXIT_INCOMPLETE = 1, /* something was damaged or unreadable, or not delivered */
    EXIT_USAGE = 64,
    EXIT_SOFTWARE = 70, /* out of memory and the like */
    EXIT_LOCKED = 73,   /* the state directory cannot be had: another agent holds it, or it cannot be made */
    EXIT_CONFIG = 78,
    EXIT_SUPERSEDED = 79, /* another agent has taken an output over */
};

#endif
