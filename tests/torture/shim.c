/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of the system that fail on purpose, and a clock that jumps: loaded into the agent with LD_PRELOAD.
 *
 *   SHIM_FAIL=CALL:N    the N-th call fails, CALL being malloc, open, read, write, truncate or sync; N+ fails
 *                       the N-th and all that follow; reads, writes, truncations and syncs count only on
 *                       files below SHIM_PATH, opens of such names
 *   SHIM_PATH=PREFIX    without it every file counts; pipes, sockets and standard error never do
 *   SHIM_ERROR=NUMBER   errno of a failed call; EIO without it
 *   SHIM_REPORT=FILE    at exit: how many calls were counted, as text
 *   SHIM_CLOCK=FILE     seconds by which the clock of the day differs, as an int64_t that may change at any
 *                       time; clocks that count from the start of the machine go on as they are
 */
/* Both names of a call that has a 64-bit twin are defined here. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum call { MALLOC, OPEN, READ, WRITE, TRUNCATE, SYNC, NONE };
static const char *const call_names[NONE] = {"malloc", "open", "read", "write", "truncate", "sync"};

static struct {
    atomic_bool ready;
    enum call call;
    unsigned long nth;
    bool from_then_on;
    int error;
    const char *path;
    const char *report;
    const volatile int64_t *clock;
    atomic_ulong counted;
} shim = {.call = NONE};

/* The allocator's own names in the C library: asking dlsym for them would allocate. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t n);
void *__libc_realloc(void *p, size_t n);

static void map_clock(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
    if (p != MAP_FAILED)
        shim.clock = p;
    if (fd >= 0)
        close(fd);
}

__attribute__((constructor)) static void begin(void)
{
    const char *fail = getenv("SHIM_FAIL"), *error = getenv("SHIM_ERROR"), *clock = getenv("SHIM_CLOCK");
    shim.path = getenv("SHIM_PATH");
    shim.report = getenv("SHIM_REPORT");
    shim.error = error ? atoi(error) : EIO;
    if (clock)
        map_clock(clock);
    for (int i = 0; fail && i < NONE; i++) {
        size_t n = strlen(call_names[i]);
        char *rest;
        if (strncmp(fail, call_names[i], n) != 0 || fail[n] != ':')
            continue;
        shim.nth = strtoul(fail + n + 1, &rest, 10);
        shim.from_then_on = *rest == '+';
        shim.call = (enum call)i;
    }
    atomic_store(&shim.ready, true);
}

__attribute__((destructor)) static void end(void)
{
    atomic_store(&shim.ready, false);
    FILE *f = shim.report ? fopen(shim.report, "w") : NULL;
    if (f) {
        fprintf(f, "%lu\n", atomic_load(&shim.counted));
        fclose(f);
    }
}

/* ---- failing ---- */

/* Counts a call; true if it is to fail, with errno set. */
static bool fails(enum call call, int error)
{
    if (call != shim.call || !atomic_load(&shim.ready))
        return false;
    unsigned long n = atomic_fetch_add(&shim.counted, 1) + 1;
    if (n != shim.nth && !(shim.from_then_on && n > shim.nth))
        return false;
    errno = error;
    return true;
}

static bool is_ours(const char *path)
{
    return path[0] == '/' && (!shim.path || strncmp(path, shim.path, strlen(shim.path)) == 0);
}

static bool is_our_file(int fd)
{
    char link[40], path[4096];
    struct stat st;
    if (fd == STDERR_FILENO || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0)
        return false;
    path[n] = '\0';
    return is_ours(path);
}

static bool file_fails(enum call call, int fd)
{
    return call == shim.call && is_our_file(fd) && fails(call, shim.error);
}

#define NEXT(type, name) ((type)(uintptr_t)dlsym(RTLD_NEXT, name))

void *malloc(size_t n)
{
    return fails(MALLOC, ENOMEM) ? NULL : __libc_malloc(n);
}

void *calloc(size_t count, size_t n)
{
    return fails(MALLOC, ENOMEM) ? NULL : __libc_calloc(count, n);
}

void *realloc(void *p, size_t n)
{
    return n && fails(MALLOC, ENOMEM) ? NULL : __libc_realloc(p, n);
}

typedef int open_call(const char *, int, ...);

static int open_by(const char *name, const char *path, int flags, mode_t mode)
{
    static _Atomic(open_call *) next_open, next_open64;
    _Atomic(open_call *) *next = strcmp(name, "open") == 0 ? &next_open : &next_open64;
    if (!atomic_load(next))
        atomic_store(next, NEXT(open_call *, name));
    if (shim.call == OPEN && is_ours(path) && fails(OPEN, shim.error))
        return -1;
    return atomic_load(next)(path, flags, mode);
}

static mode_t mode_of(int flags, va_list args)
{
    return flags & O_CREAT ? va_arg(args, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return open_by("open", path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return open_by("open64", path, flags, mode);
}

#define FORWARD(call, result, name, parameters, arguments)                                                   \
    result name parameters                                                                                   \
    {                                                                                                        \
        static result(*_Atomic next) parameters;                                                             \
        if (!atomic_load(&next))                                                                             \
            atomic_store(&next, NEXT(result(*) parameters, #name));                                          \
        return file_fails(call, fd) ? -1 : atomic_load(&next) arguments;                                     \
    }

FORWARD(READ, ssize_t, pread, (int fd, void *p, size_t n, off_t at), (fd, p, n, at))
FORWARD(READ, ssize_t, pread64, (int fd, void *p, size_t n, off64_t at), (fd, p, n, at))
FORWARD(READ, ssize_t, read, (int fd, void *p, size_t n), (fd, p, n))
FORWARD(WRITE, ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n))
FORWARD(WRITE, ssize_t, pwrite, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at))
FORWARD(WRITE, ssize_t, pwrite64, (int fd, const void *p, size_t n, off64_t at), (fd, p, n, at))
FORWARD(TRUNCATE, int, ftruncate, (int fd, off_t size), (fd, size))
FORWARD(TRUNCATE, int, ftruncate64, (int fd, off64_t size), (fd, size))
FORWARD(SYNC, int, fsync, (int fd), (fd))
FORWARD(SYNC, int, fdatasync, (int fd), (fd))

/* ---- the clock of the day ---- */

static int64_t shift(void)
{
    return shim.clock ? *shim.clock : 0;
}

int clock_gettime(clockid_t id, struct timespec *now)
{
    static int (*_Atomic next)(clockid_t, struct timespec *);
    if (!atomic_load(&next))
        atomic_store(&next, NEXT(int (*)(clockid_t, struct timespec *), "clock_gettime"));
    int status = atomic_load(&next)(id, now);
    if (status == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        now->tv_sec += shift();
    return status;
}

int timespec_get(struct timespec *now, int base)
{
    return clock_gettime(CLOCK_REALTIME, now) == 0 ? base : 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec t;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &t) != 0)
        return -1;
    *now = (struct timeval){t.tv_sec, t.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *now)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (now)
        *now = t.tv_sec;
    return t.tv_sec;
}

enum { SINCE_THE_START_MAX = 1000000000 };

/* A wait until a time of day that the caller took from the jumping clock. Times since the start of
 * the machine are smaller. */
int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until)
{
    static int (*_Atomic next)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    if (!atomic_load(&next))
        atomic_store(&next, NEXT(int (*)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *),
                                 "pthread_cond_timedwait"));
    struct timespec real = *until;
    if (real.tv_sec > SINCE_THE_START_MAX)
        real.tv_sec -= shift();
    return atomic_load(&next)(cond, mutex, &real);
}
