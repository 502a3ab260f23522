/* SPDX-License-Identifier: Apache-2.0 */
/* Threads on POSIX systems. */
#include "os_thread.h"

#include <pthread.h>
#include <stdlib.h>

struct os_thread {
    pthread_t id;
    void (*run)(void *ctx);
    void *ctx;
};

struct os_mutex {
    pthread_mutex_t lock;
};

static void *thread_main(void *arg)
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
    t->run = run;
    t->ctx = ctx;
    if (pthread_create(&t->id, NULL, thread_main, t) == 0)
        return t;
    free(t);
    return NULL;
}

void os_thread_join(struct os_thread *t)
{
    pthread_join(t->id, NULL);
    free(t);
}

struct os_mutex *os_mutex_new(void)
{
    struct os_mutex *m = malloc(sizeof *m);
    if (m && pthread_mutex_init(&m->lock, NULL) != 0) {
        free(m);
        m = NULL;
    }
    return m;
}

void os_mutex_free(struct os_mutex *m)
{
    if (m)
        pthread_mutex_destroy(&m->lock);
    free(m);
}

void os_mutex_lock(struct os_mutex *m)
{
    pthread_mutex_lock(&m->lock);
}

void os_mutex_unlock(struct os_mutex *m)
{
    pthread_mutex_unlock(&m->lock);
}
