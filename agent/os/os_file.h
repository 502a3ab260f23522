/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files. Paths are UTF-8, absolute or relative to the working directory. Files are opened so that their owner
 * can still rename, delete, truncate and replace them. Functions return false (or NULL, or -1) and fill the
 * fault; none blocks longer than the file system does. Not meant for two threads on one handle.
 */
#ifndef MAPITAIL_OS_FILE_H
#define MAPITAIL_OS_FILE_H

#include "fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct os_file;

/* Which file it is, whatever its name (D11): volume and file id of the system. */
struct os_file_id {
    uint64_t volume;
    uint64_t file[2];
};

struct os_file_info {
    struct os_file_id id;
    uint64_t size;
    int64_t modified_ns; /* since 1970 */
    int64_t created_ns;  /* the same; 0 where the system does not tell, and by name */
    bool regular;        /* neither directory nor device, pipe or socket */
    bool directory;
    uint32_t links; /* names that it has; 0: deleted */
    unsigned mode;  /* POSIX permission bits; 0 where there are none */
};

static inline bool os_file_id_eq(struct os_file_id a, struct os_file_id b)
{
    return a.volume == b.volume && a.file[0] == b.file[0] && a.file[1] == b.file[1];
}

/* Opens a regular file for reading, shared with everybody; never waits on a pipe or device, but refuses it.
 */
struct os_file *os_file_open(const char *path, struct fault *f);

/* Opens for appending, creating it with the given permissions (0 means 0640). */
struct os_file *os_file_append(const char *path, unsigned mode, struct fault *f);

/* A file without a name that goes away with its handle, for reading and appending. */
struct os_file *os_file_temporary(struct fault *f);

void os_file_close(struct os_file *file); /* NULL is allowed */

/* Up to n bytes at offset; fewer only at the end; -1 with fault after an error. */
ptrdiff_t os_file_read_at(struct os_file *file, uint64_t offset, void *to, size_t n, struct fault *f);

/* All n bytes at the end, or false. */
bool os_file_write(struct os_file *file, const void *from, size_t n, struct fault *f);

/*
 * Locks the file against other processes until it is closed; never waits. False: somebody else has it, or
 * (fault) it cannot be locked.
 */
bool os_file_lock(struct os_file *file, struct fault *f);

/* Somebody else has it locked. Takes nothing, so that asking keeps nobody from locking; the handle may be one
 * for reading. What the file holds stays readable to everybody, locked or not. */
bool os_file_is_locked(struct os_file *file);

bool os_file_truncate(struct os_file *file, uint64_t size, struct fault *f);
bool os_file_sync(struct os_file *file, struct fault *f);
bool os_file_info(struct os_file *file, struct os_file_info *out, struct fault *f);

/* The same by name; follows links. FAULT_OS with os_error of "not found" where it does not exist. */
bool os_path_info(const char *path, struct os_file_info *out, struct fault *f);
bool os_not_found(const struct fault *f);

bool os_rename(const char *from, const char *to, struct fault *f); /* replaces to */

/*
 * Gives the file these n bytes as its content, at once: whoever reads it sees the old content or the new one
 * and never a part. Through a file beside it, path.new. Not forced to disk.
 */
bool os_replace_file(const char *path, unsigned mode, const void *from, size_t n, struct fault *f);
bool os_unlink(const char *path, struct fault *f);

/* Makes the directory and those above it; fine if it exists. */
bool os_make_directories(const char *path, unsigned mode, struct fault *f);

/*
 * Every name in the directory, in no order, without "." and "..". false from visit ends it. Returns false
 * when the directory cannot be read.
 */
bool os_list(const char *directory, bool (*visit)(void *ctx, const char *name), void *ctx, struct fault *f);

/* Whole small file (at most max bytes) as a NUL-terminated string of *n bytes; free() it. */
char *os_read_file(const char *path, size_t max, size_t *n, struct fault *f);

/* The text of a system error for messages, in English where the system has a choice; static or thread-local.
 */
const char *os_error_text(int os_error);

/*
 * Where an open file lies, every link on the way resolved, in at most room bytes with the final NUL; path is
 * the name that it was opened by. False with FAULT_OS where that cannot be told.
 */
bool os_file_where(struct os_file *file, const char *path, char *where, size_t room, struct fault *f);

/* The same for a path that exists. */
bool os_path_resolve(const char *path, char *where, size_t room);

/* True for a symbolic link (on Windows any reparse point) itself, whatever it leads to. */
bool os_path_is_link(const char *path);

/* '/' and on Windows '\' too. */
bool os_is_separator(char c);
bool os_path_is_absolute(const char *path);

/*
 * Length of the beginning that tells where a path starts, with its separators: "/", on Windows "C:\", "\",
 * "\\server\share\" and "\\?\C:\" too. 0 for a relative path.
 */
size_t os_path_root(const char *path);

/* Names compare without regard to case on this system. */
bool os_paths_fold_case(void);

#endif
