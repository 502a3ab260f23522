/* SPDX-License-Identifier: Apache-2.0 */
/* One process at a time has a state directory. */
#include "state_lock.h"

#include "os_clock.h"
#include "os_file.h"
#include "os_process.h"
#include "wtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct state_lock {
    struct os_file *file;
};

static bool lock_path(char *path, size_t room, const char *directory, struct fault *f)
{
    int n = snprintf(path, room, "%s/lock", directory);
    return (n > 0 && (size_t)n < room) ||
           fault_set(f, FAULT_LIMIT, 0, "the path of the state directory is too long");
}

/* What a holder wrote; nothing that is no line of printable text. */
static void read_holder(struct os_file *file, char *text, size_t room)
{
    struct fault ignored;
    ptrdiff_t n = os_file_read_at(file, 0, text, room - 1, &ignored);
    text[n > 0 ? n : 0] = '\0';
    for (char *p = text; *p; p++)
        if (*p < 0x20 || *p > 0x7e) {
            *p = '\0';
            break;
        }
}

/* Who cannot write it down still has the directory: the name is for people. */
static void write_holder(struct os_file *file)
{
    char line[64], time[WTIME_TEXT_MAX];
    struct fault ignored;
    struct wtime now = wtime_from_unix_ns(os_realtime_ns(), 0);
    wtime_format(&now, 0, time);
    snprintf(line, sizeof line, "process %lu since %s\n", os_process_id(), time);
    if (os_file_truncate(file, 0, &ignored))
        os_file_write(file, line, strlen(line), &ignored);
}

static bool take(struct os_file *file, const char *directory, struct fault *f)
{
    struct fault held;
    char holder[64];
    if (os_file_lock(file, &held)) {
        write_holder(file);
        return true;
    }
    read_holder(file, holder, sizeof holder);
    return fault_set(f, FAULT_OS, held.os_error, "the state directory %s is in use by another mapitail%s%s",
                     directory, *holder ? ", " : "", holder);
}

struct state_lock *state_lock_take(const char *directory, struct fault *f)
{
    char path[512];
    if (!os_make_directories(directory, 0700, f) || !lock_path(path, sizeof path, directory, f))
        return NULL;
    struct state_lock *l = calloc(1, sizeof *l);
    if (!l) {
        fault_set(f, FAULT_MEMORY, 0, "out of memory");
        return NULL;
    }
    l->file = os_file_append(path, 0600, f);
    if (l->file && take(l->file, directory, f))
        return l;
    state_lock_release(l);
    return NULL;
}

void state_lock_release(struct state_lock *l)
{
    if (l)
        os_file_close(l->file);
    free(l);
}

bool state_lock_look(const char *directory, struct lock_holder *holder, struct fault *f)
{
    char path[512];
    *holder = (struct lock_holder){0};
    if (!lock_path(path, sizeof path, directory, f))
        return false;
    struct os_file *file = os_file_open(path, f);
    if (!file)
        return false;
    holder->is_held = os_file_is_locked(file);
    if (holder->is_held)
        read_holder(file, holder->text, sizeof holder->text);
    os_file_close(file);
    return true;
}
