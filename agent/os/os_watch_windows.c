/* SPDX-License-Identifier: Apache-2.0 */
/* Change notification by ReadDirectoryChangesW; changes and wakes come out of one completion port. */
#include "os_file.h"
#include "os_watch.h"
#include "os_windows.h"

#include <stdlib.h>
#include <string.h>

enum {
    DIRECTORIES_MAX = 1024,
    CHANGES_BYTES =
        2048, /* what changed does not matter, and that it was too much for this is a change too */
};

/* The system writes into it until the request has come back: it is freed only then. */
struct watched {
    OVERLAPPED request; /* first: the port hands out its address */
    struct watched *next;
    HANDLE directory;
    struct os_file_id id;
    bool is_waiting; /* a request is under way */
    bool is_over;    /* to be freed once it has come back */
    DWORD changes[CHANGES_BYTES / sizeof(DWORD)];
    char path[];
};

struct os_watch {
    HANDLE port;
    struct watched *watched;
    unsigned count;
};

struct os_watch *os_watch_new(void)
{
    struct os_watch *w = calloc(1, sizeof *w);
    if (w && !(w->port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1))) {
        free(w);
        return NULL;
    }
    return w;
}

static void leave(struct os_watch *w, struct watched *gone)
{
    struct watched **at = &w->watched;
    while (*at != gone)
        at = &(*at)->next;
    *at = gone->next;
    w->count--;
    CloseHandle(gone->directory);
    free(gone);
}

/* Asks to be told of the next change. A network share or file system that cannot refuses here. */
static bool ask(struct watched *d)
{
    const DWORD what = FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_DIR_NAME | FILE_NOTIFY_CHANGE_SIZE |
                       FILE_NOTIFY_CHANGE_LAST_WRITE | FILE_NOTIFY_CHANGE_CREATION;
    memset(&d->request, 0, sizeof d->request);
    d->is_waiting = ReadDirectoryChangesW(d->directory, d->changes, sizeof d->changes, FALSE, what, NULL,
                                          &d->request, NULL);
    return d->is_waiting;
}

/* Ends the watch of a directory, at once or when its request has come back. */
static void end_watch(struct os_watch *w, struct watched *d)
{
    d->is_over = true;
    if (d->is_waiting)
        CancelIoEx(d->directory, &d->request);
    else
        leave(w, d);
}

/* The next thing that the port has; false: nothing came in time. *d is NULL for a wake. */
static bool next_news(struct os_watch *w, DWORD timeout_ms, struct watched **d, bool *failed)
{
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *request = NULL;
    bool ok = GetQueuedCompletionStatus(w->port, &bytes, &key, &request, timeout_ms);
    if (!ok && !request)
        return false;
    *failed = !ok;
    *d = (struct watched *)request;
    return true;
}

void os_watch_free(struct os_watch *w)
{
    if (!w)
        return;
    for (struct watched *d = w->watched, *next; d; d = next) {
        next = d->next;
        end_watch(w, d);
    }
    while (w->watched) {
        struct watched *d;
        bool failed;
        if (next_news(w, INFINITE, &d, &failed) && d)
            leave(w, d);
    }
    CloseHandle(w->port);
    free(w);
}

static struct watched *find(struct os_watch *w, const char *directory)
{
    for (struct watched *d = w->watched; d; d = d->next)
        if (!d->is_over && strcmp(d->path, directory) == 0)
            return d;
    return NULL;
}

static HANDLE open_directory(const char *directory)
{
    wchar_t *wide = os_wide_path(directory, NULL);
    if (!wide)
        return INVALID_HANDLE_VALUE;
    HANDLE h = CreateFileW(wide, FILE_LIST_DIRECTORY, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                           NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
    free(wide);
    return h;
}

static struct watched *watched_new(const char *directory)
{
    struct os_file_info info;
    size_t n = strlen(directory) + 1;
    struct watched *d = calloc(1, sizeof *d + n);
    if (!d)
        return NULL;
    memcpy(d->path, directory, n);
    d->directory = open_directory(directory);
    if (d->directory == INVALID_HANDLE_VALUE) {
        free(d);
        return NULL;
    }
    if (os_handle_info(d->directory, &info))
        d->id = info.id;
    return d;
}

static bool begin_watch(struct os_watch *w, const char *directory)
{
    struct watched *d = w->count < DIRECTORIES_MAX ? watched_new(directory) : NULL;
    if (!d)
        return false;
    d->next = w->watched;
    w->watched = d;
    w->count++;
    if (CreateIoCompletionPort(d->directory, w->port, 0, 0) && ask(d))
        return true;
    leave(w, d);
    return false;
}

bool os_watch_directory(struct os_watch *w, const char *directory)
{
    struct os_file_info info;
    struct watched *d = find(w, directory);
    if (!d)
        return begin_watch(w, directory);
    /* Another directory may have taken the name of the one that is watched. */
    if (os_path_info(directory, &info, NULL) && os_file_id_eq(info.id, d->id) && (d->is_waiting || ask(d)))
        return true;
    end_watch(w, d);
    return begin_watch(w, directory);
}

/* A request has come back. That it failed means that the directory was deleted or its share is gone: the next
 * os_watch_directory looks for it again. */
static void take_news(struct os_watch *w, struct watched *d, bool failed)
{
    d->is_waiting = false;
    if (d->is_over || failed || !ask(d))
        leave(w, d);
}

bool os_watch_wait(struct os_watch *w, int timeout_ms)
{
    struct watched *d;
    bool failed, any = false;
    DWORD wait = timeout_ms < 0 ? INFINITE : (DWORD)timeout_ms;
    while (next_news(w, wait, &d, &failed)) {
        bool own_doing = d && d->is_over;
        if (d)
            take_news(w, d, failed);
        any |= !own_doing;
        wait = 0;
    }
    return any;
}

void os_watch_wake(struct os_watch *w)
{
    PostQueuedCompletionStatus(w->port, 0, 0, NULL);
}
