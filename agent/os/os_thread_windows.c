/* SPDX-License-Identifier: Apache-2.0 */
/* Threads on Windows. */
#include "os_thread.h"
#include "os_windows.h"

#include <process.h>
#include <stdlib.h>

struct os_thread {
    HANDLE handle;
    void (*run)(void *ctx);
    void *ctx;
};

struct os_mutex {
    SRWLOCK lock;
};

struct os_cond {
    CONDITION_VARIABLE c;
};

static unsigned __stdcall trampoline(void *arg)
{
    struct os_thread *t = arg;
    t->run(t->ctx);
    return 0;
}

struct os_thread *os_thread_start(void (*run)(void *ctx), void *ctx)
{
    struct os_thread *t = malloc(sizeof *t);
    if (!t)
        return NULL;
    *t = (struct os_thread){.run = run, .ctx = ctx};
    /* Not CreateThread: the C library keeps errno and the like for each thread that it knows of. */
    t->handle = (HANDLE)_beginthreadex(NULL, 0, trampoline, t, 0, NULL);
    if (!t->handle) {
        free(t);
        return NULL;
    }
    return t;
}

void os_thread_join(struct os_thread *t)
{
    if (t) {
        WaitForSingleObject(t->handle, INFINITE);
        CloseHandle(t->handle);
    }
    free(t);
}

struct os_mutex *os_mutex_new(void)
{
    struct os_mutex *m = malloc(sizeof *m);
    if (m)
        InitializeSRWLock(&m->lock);
    return m;
}

void os_mutex_free(struct os_mutex *m)
{
    free(m);
}

void os_mutex_lock(struct os_mutex *m)
{
    AcquireSRWLockExclusive(&m->lock);
}

void os_mutex_unlock(struct os_mutex *m)
{
    ReleaseSRWLockExclusive(&m->lock);
}

struct os_cond *os_cond_new(void)
{
    struct os_cond *c = malloc(sizeof *c);
    if (c)
        InitializeConditionVariable(&c->c);
    return c;
}

void os_cond_free(struct os_cond *c)
{
    free(c);
}

void os_cond_wait(struct os_cond *c, struct os_mutex *m)
{
    SleepConditionVariableSRW(&c->c, &m->lock, INFINITE, 0);
}

void os_cond_wake_all(struct os_cond *c)
{
    WakeAllConditionVariable(&c->c);
}

unsigned os_processor_count(void)
{
    DWORD_PTR own, all;
    unsigned n = 0;
    if (!GetProcessAffinityMask(GetCurrentProcess(), &own, &all))
        return 1;
    for (; own; own &= own - 1)
        n++;
    return n ? n : 1; /* no mask: the process has processors of several groups */
}
