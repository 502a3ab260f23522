/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting until something changed in one of some directories, or somebody woke us. Change notification is a
 * hint that saves latency: whoever waits polls all the same, because network shares, overflows and late
 * metadata tell nothing.
 */
#ifndef MAPITAIL_OS_WATCH_H
#define MAPITAIL_OS_WATCH_H

#include <stdbool.h>

struct os_watch;

struct os_watch *os_watch_new(void); /* NULL without memory or handles */
void os_watch_free(struct os_watch *w);

/*
 * Watches the entries of a directory. False where that cannot be had: then only polling finds changes.
 * Watching the same directory again is fine and renews the watch.
 */
bool os_watch_directory(struct os_watch *w, const char *directory);

/* Waits up to timeout_ms (-1: for ever) for a change or a wake; true if there was one. All pending ones are
 * consumed. */
bool os_watch_wait(struct os_watch *w, int timeout_ms);

/* Ends a wait, or the next one at once. From any thread and from a signal handler. */
void os_watch_wake(struct os_watch *w);

#endif
