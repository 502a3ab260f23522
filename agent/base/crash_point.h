/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named places at which the torture (tests/torture) kills the program, to prove that delivery survives a
 * death between any two steps.
 *
 * In the program that is installed a crash point is nothing at all. The program mapitail_crash of the tests
 * is built from the same sources with MAPITAIL_CRASH_POINTS; there the process dies by SIGKILL at the n-th
 * passing of the point that the environment names (tests/torture/crash_point.c).
 *
 * A name says what has just happened. The torture finds the names in the sources, so that a point added
 * here is driven into by every output without another word; what must be provoked to reach it stands in
 * tests/torture/faults_crash.py. A point may stand in any thread and costs no error path: it returns or the
 * process is gone.
 */
#ifndef MAPITAIL_CRASH_POINT_H
#define MAPITAIL_CRASH_POINT_H

#ifdef MAPITAIL_CRASH_POINTS
void crash_point(const char *name);
#else
static inline void crash_point(const char *name)
{
    (void)name;
}
#endif

#endif
