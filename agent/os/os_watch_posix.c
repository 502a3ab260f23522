/* SPDX-License-Identifier: Apache-2.0 */
/* Change notification by inotify, waking by an eventfd. */
#include "os_watch.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

struct os_watch {
    int changes; /* inotify, or -1 where the system has none left: then only polling finds changes */
    int wakes;   /* eventfd */
};

struct os_watch *os_watch_new(void)
{
    struct os_watch *w = malloc(sizeof *w);
    if (!w)
        return NULL;
    w->changes = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    w->wakes = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (w->wakes < 0) {
        os_watch_free(w);
        return NULL;
    }
    return w;
}

void os_watch_free(struct os_watch *w)
{
    if (!w)
        return;
    if (w->changes >= 0)
        close(w->changes);
    if (w->wakes >= 0)
        close(w->wakes);
    free(w);
}

bool os_watch_directory(struct os_watch *w, const char *directory)
{
    const uint32_t mask = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE |
                          IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
    return w->changes >= 0 && inotify_add_watch(w->changes, directory, mask) >= 0;
}

/* Empties a non-blocking handle; true if there was something. What it says does not matter: the caller looks
 * itself. */
static bool drain(int fd)
{
    char bytes[4096] __attribute__((aligned(8)));
    bool any = false;
    while (fd >= 0 && read(fd, bytes, sizeof bytes) > 0)
        any = true;
    return any;
}

bool os_watch_wait(struct os_watch *w, int timeout_ms)
{
    struct pollfd fds[2] = {{.fd = w->wakes, .events = POLLIN}, {.fd = w->changes, .events = POLLIN}};
    if (poll(fds, 2, timeout_ms) <= 0)
        return false;
    bool woken = drain(w->wakes), changed = drain(w->changes);
    return woken || changed;
}

void os_watch_wake(struct os_watch *w)
{
    uint64_t one = 1;
    int saved = errno; /* called from signal handlers */
    ssize_t ignored = write(w->wakes, &one, sizeof one);
    (void)ignored;
    errno = saved;
}
