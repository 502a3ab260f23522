/* SPDX-License-Identifier: Apache-2.0 */
/* Threads, for the few places that need them: one per pipeline, and files read side by side. */
#ifndef MAPITAIL_OS_THREAD_H
#define MAPITAIL_OS_THREAD_H

#include <stdbool.h>

struct os_thread;
struct os_mutex;

/* NULL when the system refuses. */
struct os_thread *os_thread_start(void (*run)(void *ctx), void *ctx);
void os_thread_join(struct os_thread *t);

struct os_mutex *os_mutex_new(void);
void os_mutex_free(struct os_mutex *m);
void os_mutex_lock(struct os_mutex *m);
void os_mutex_unlock(struct os_mutex *m);

/* A condition that threads wait for, which hold the same mutex. Waiting may end without cause. */
struct os_cond;
struct os_cond *os_cond_new(void);
void os_cond_free(struct os_cond *c);
void os_cond_wait(struct os_cond *c, struct os_mutex *m);
void os_cond_wake_all(struct os_cond *c);

/* Processors that this process may use; at least 1. */
unsigned os_processor_count(void);

#endif
