/* SPDX-License-Identifier: Apache-2.0 */
/* Files on POSIX systems, where an open handle never keeps the owner from renaming, deleting or truncating.
 */
#include "os_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct os_file {
    int fd;
};

static bool os_fault(struct fault *f, const char *what, const char *path)
{
    int e = errno;
    return fault_set(f, FAULT_OS, e, "cannot %s %s: %s", what, path, os_error_text(e));
}

static struct os_file *wrap(int fd, struct fault *f)
{
    struct os_file *file = malloc(sizeof *file);
    if (!file) {
        close(fd);
        fault_set(f, FAULT_MEMORY, ENOMEM, "out of memory");
        return NULL;
    }
    file->fd = fd;
    return file;
}

struct os_file *os_file_open(const char *path, struct fault *f)
{
    /* O_NONBLOCK: opening a pipe that nobody writes must not hang; it has no effect on a regular file. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        os_fault(f, "open", path);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    if (!S_ISREG(st.st_mode)) {
        close(fd);
        fault_set(f, FAULT_OS, EINVAL, "cannot read %s: it is a %s, not a file", path,
                  S_ISDIR(st.st_mode) ? "directory" : "device, pipe or socket");
        return NULL;
    }
    return wrap(fd, f);
}

struct os_file *os_file_append(const char *path, unsigned mode, struct fault *f)
{
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode ? mode : 0640);
    if (fd < 0) {
        os_fault(f, "open", path);
        return NULL;
    }
    return wrap(fd, f);
}

struct os_file *os_file_temporary(struct fault *f)
{
    const char *directory = getenv("TMPDIR");
    char path[4096];
    if (!directory || !*directory)
        directory = "/var/tmp";
    snprintf(path, sizeof path, "%s/mapitail-XXXXXX", directory);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) {
        os_fault(f, "create a temporary file in", directory);
        return NULL;
    }
    unlink(path);
    return wrap(fd, f);
}

void os_file_close(struct os_file *file)
{
    if (file)
        close(file->fd);
    free(file);
}

ptrdiff_t os_file_read_at(struct os_file *file, uint64_t offset, void *to, size_t n, struct fault *f)
{
    size_t done = 0;
    while (done < n) {
        ssize_t got = pread(file->fd, (char *)to + done, n - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            fault_set(f, FAULT_OS, errno, "cannot read: %s", os_error_text(errno));
            if (f)
                f->offset = offset + done;
            return -1;
        }
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ptrdiff_t)done;
}

bool os_file_write(struct os_file *file, const void *from, size_t n, struct fault *f)
{
    const char *p = from;
    while (n) {
        ssize_t put = write(file->fd, p, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return fault_set(f, FAULT_OS, errno, "cannot write: %s", os_error_text(errno));
        p += put;
        n -= (size_t)put;
    }
    return true;
}

bool os_file_lock(struct os_file *file, struct fault *f)
{
    /* Locks of the open file description: they are not lost when another handle on the file is closed. */
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(file->fd, F_OFD_SETLK, &whole) == 0)
        return true;
    return fault_set(f, FAULT_OS, errno, "cannot lock: %s", os_error_text(errno));
}

bool os_file_is_locked(struct os_file *file)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(file->fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

bool os_file_truncate(struct os_file *file, uint64_t size, struct fault *f)
{
    if (ftruncate(file->fd, (off_t)size) == 0)
        return true;
    return fault_set(f, FAULT_OS, errno, "cannot truncate: %s", os_error_text(errno));
}

bool os_file_sync(struct os_file *file, struct fault *f)
{
    if (fdatasync(file->fd) == 0)
        return true;
    return fault_set(f, FAULT_OS, errno, "cannot sync to disk: %s", os_error_text(errno));
}

static void fill(const struct stat *st, struct os_file_info *out)
{
    *out = (struct os_file_info){
        .id = {.volume = (uint64_t)st->st_dev, .file = {(uint64_t)st->st_ino, 0}},
        .size = (uint64_t)st->st_size,
        .modified_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
        .regular = S_ISREG(st->st_mode),
        .directory = S_ISDIR(st->st_mode),
        .links = (uint32_t)st->st_nlink,
        .mode = (unsigned)st->st_mode & 07777,
    };
}

/* An inode's number comes again as soon as its file is deleted, its time of birth does not. */
static int64_t created_ns(int fd)
{
#ifdef STATX_BTIME
    struct statx x;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &x) == 0 && x.stx_mask & STATX_BTIME)
        return x.stx_btime.tv_sec * INT64_C(1000000000) + x.stx_btime.tv_nsec;
#endif
    (void)fd;
    return 0;
}

bool os_file_info(struct os_file *file, struct os_file_info *out, struct fault *f)
{
    struct stat st;
    if (fstat(file->fd, &st) != 0)
        return fault_set(f, FAULT_OS, errno, "cannot look at an open file: %s", os_error_text(errno));
    fill(&st, out);
    out->created_ns = created_ns(file->fd);
    return true;
}

bool os_path_info(const char *path, struct os_file_info *out, struct fault *f)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return os_fault(f, "find", path);
    fill(&st, out);
    return true;
}

bool os_not_found(const struct fault *f)
{
    return f->code == FAULT_OS && (f->os_error == ENOENT || f->os_error == ENOTDIR);
}

bool os_path_resolve(const char *path, char *where, size_t room)
{
    char *resolved = realpath(path, NULL);
    bool fits = resolved && strlen(resolved) < room;
    if (fits)
        memcpy(where, resolved, strlen(resolved) + 1);
    free(resolved);
    return fits;
}

bool os_file_where(struct os_file *file, const char *path, char *where, size_t room, struct fault *f)
{
    char link[64];
    struct stat opened, named;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file->fd);
    ssize_t n = readlink(link, where, room - 1);
    if (n > 0 && (size_t)n < room - 1) {
        where[n] = '\0';
        return true;
    }
    /* Without /proc the name is resolved once more, and must still lead to the same file. */
    if (os_path_resolve(path, where, room) && fstat(file->fd, &opened) == 0 && stat(where, &named) == 0 &&
        opened.st_dev == named.st_dev && opened.st_ino == named.st_ino)
        return true;
    return fault_set(f, FAULT_OS, 0, "cannot tell where the file lies");
}

bool os_path_is_link(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

bool os_rename(const char *from, const char *to, struct fault *f)
{
    return rename(from, to) == 0 || os_fault(f, "rename", from);
}

bool os_replace_file(const char *path, unsigned mode, const void *from, size_t n, struct fault *f)
{
    char beside[4096];
    int length = snprintf(beside, sizeof beside, "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof beside)
        return fault_set(f, FAULT_LIMIT, ENAMETOOLONG, "the path of %s is too long", path);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
    struct os_file file = {fd};
    if (fd < 0)
        return os_fault(f, "write", beside);
    bool written = os_file_write(&file, from, n, f);
    close(fd);
    if (written && os_rename(beside, path, f))
        return true;
    unlink(beside);
    return false;
}

bool os_unlink(const char *path, struct fault *f)
{
    return unlink(path) == 0 || os_fault(f, "remove", path);
}

bool os_make_directories(const char *path, unsigned mode, struct fault *f)
{
    char *copy = strdup(path);
    if (!copy)
        return fault_set(f, FAULT_MEMORY, ENOMEM, "out of memory");
    bool made = true;
    for (char *p = copy + 1; made; p++) {
        char was = *p;
        if (was != '/' && was != '\0')
            continue;
        *p = '\0';
        struct stat st;
        if (mkdir(copy, (mode_t)mode) != 0 &&
            !(errno == EEXIST && stat(copy, &st) == 0 && S_ISDIR(st.st_mode)))
            made = os_fault(f, "create directory", copy);
        *p = was;
        if (was == '\0')
            break;
    }
    free(copy);
    return made;
}

bool os_list(const char *directory, bool (*visit)(void *ctx, const char *name), void *ctx, struct fault *f)
{
    DIR *d = opendir(directory);
    if (!d)
        return os_fault(f, "list directory", directory);
    struct dirent *e;
    /* The end and a failure look alike but for errno. */
    while ((errno = 0, e = readdir(d)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && !visit(ctx, e->d_name))
            break;
    bool read = e || errno == 0 || os_fault(f, "list directory", directory);
    closedir(d);
    return read;
}

const char *os_error_text(int os_error)
{
    const char *text = strerrordesc_np(os_error);
    return text ? text : "unknown error";
}

bool os_is_separator(char c)
{
    return c == '/';
}

size_t os_path_root(const char *path)
{
    size_t n = 0;
    while (path[n] == '/')
        n++;
    return n;
}

bool os_path_is_absolute(const char *path)
{
    return path[0] == '/';
}

bool os_paths_fold_case(void)
{
    return false;
}
