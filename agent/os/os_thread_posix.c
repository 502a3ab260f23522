/* SPDX-License-Identifier: Apache-2.0 */
/* Threads on POSIX systems. */
#include "os_thread.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct os_thread {
    pthread_t id;
    void (*run)(void *ctx);
    void *ctx;
};

struct os_mutex {
    pthread_mutex_t m;
};

struct os_cond {
    pthread_cond_t c;
};

static void *trampoline(void *arg)
{
    struct os_thread *t = arg;
    t->run(t->ctx);
    return NULL;
}

struct os_thread *os_thread_start(void (*run)(void *ctx), void *ctx)
{
    struct os_thread *t = malloc(sizeof *t);
    if (!t)
        return NULL;
    *t = (struct os_thread){.run = run, .ctx = ctx};
    /* Signals are the main thread's: a worker must never be the one that a stop request interrupts. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&t->id, NULL, trampoline, t);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        free(t);
        return NULL;
    }
    return t;
}

void os_thread_join(struct os_thread *t)
{
    if (t)
        pthread_join(t->id, NULL);
    free(t);
}

struct os_mutex *os_mutex_new(void)
{
    struct os_mutex *m = malloc(sizeof *m);
    if (m && pthread_mutex_init(&m->m, NULL) != 0) {
        free(m);
        return NULL;
    }
    return m;
}

void os_mutex_free(struct os_mutex *m)
{
    if (m)
        pthread_mutex_destroy(&m->m);
    free(m);
}

void os_mutex_lock(struct os_mutex *m)
{
    pthread_mutex_lock(&m->m);
}

void os_mutex_unlock(struct os_mutex *m)
{
    pthread_mutex_unlock(&m->m);
}

struct os_cond *os_cond_new(void)
{
    struct os_cond *c = malloc(sizeof *c);
    if (c && pthread_cond_init(&c->c, NULL) != 0) {
        free(c);
        return NULL;
    }
    return c;
}

void os_cond_free(struct os_cond *c)
{
    if (c)
        pthread_cond_destroy(&c->c);
    free(c);
}

void os_cond_wait(struct os_cond *c, struct os_mutex *m)
{
    pthread_cond_wait(&c->c, &m->m);
}

void os_cond_wake_all(struct os_cond *c)
{
    pthread_cond_broadcast(&c->c);
}

unsigned os_processor_count(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
#ifdef CPU_COUNT
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        n = CPU_COUNT(&set);
#endif
    return n > 1 ? (unsigned)n : 1;
}
