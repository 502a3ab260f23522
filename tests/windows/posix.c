/* SPDX-License-Identifier: Apache-2.0 */
/* What of POSIX the tests use and Windows' C library lacks. */
#define MAPITAIL_TEST_POSIX_INSIDE
#include "posix.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <process.h>
#include <stdarg.h>

/* ---- sockets, whose numbers are small enough for an int ---- */

__attribute__((constructor)) static void start(void)
{
    WSADATA data;
    WSAStartup(MAKEWORD(2, 2), &data);
}

static int result(int code)
{
    if (code >= 0)
        return code;
    int error = WSAGetLastError();
    errno = error == WSAEWOULDBLOCK    ? EAGAIN
            : error == WSAECONNRESET   ? ECONNRESET
            : error == WSAECONNREFUSED ? ECONNREFUSED
                                       : EIO;
    return -1;
}

static int opened(SOCKET s, int flags)
{
    u_long on = 1;
    if (s == INVALID_SOCKET)
        return result(-1);
    if (flags & SOCK_NONBLOCK)
        ioctlsocket(s, (long)FIONBIO, &on);
    return (int)s;
}

int posix_socket(int family, int type, int protocol)
{
    return opened(socket(family, type & ~SOCK_NONBLOCK, protocol), type);
}

int posix_accept4(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
    return opened(accept((SOCKET)fd, address, size), flags);
}

int posix_accept(int fd, struct sockaddr *address, socklen_t *size)
{
    return posix_accept4(fd, address, size, 0);
}

int posix_close(int fd)
{
    return closesocket((SOCKET)fd) == 0 ? 0 : _close(fd);
}

int posix_fcntl(int fd, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    u_long on = command == F_SETFL && (va_arg(arguments, int) & O_NONBLOCK) != 0;
    va_end(arguments);
    return command == F_SETFL ? result(ioctlsocket((SOCKET)fd, (long)FIONBIO, &on)) : 0;
}

int posix_pipe(int fds[2])
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    int listener = posix_socket(AF_INET, SOCK_STREAM, 0);
    fds[1] = posix_socket(AF_INET, SOCK_STREAM, 0);
    bool ok = bind((SOCKET)listener, (struct sockaddr *)&a, size) == 0 && listen((SOCKET)listener, 1) == 0 &&
              getsockname((SOCKET)listener, (struct sockaddr *)&a, &size) == 0 &&
              connect((SOCKET)fds[1], (struct sockaddr *)&a, size) == 0;
    fds[0] = ok ? posix_accept(listener, NULL, NULL) : -1;
    posix_close(listener);
    return fds[0] < 0 ? -1 : 0;
}

int posix_poll(struct pollfd *fds, size_t count, int timeout_ms)
{
    return result(WSAPoll(fds, (ULONG)count, timeout_ms));
}

ssize_t posix_send(int fd, const void *p, size_t n, int flags)
{
    return result(send((SOCKET)fd, p, (int)n, flags));
}

ssize_t posix_recv(int fd, void *p, size_t n, int flags)
{
    struct pollfd news = {.fd = (SOCKET)fd, .events = POLLIN};
    if ((flags & MSG_DONTWAIT) && WSAPoll(&news, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
    }
    return result(recv((SOCKET)fd, p, (int)n, flags & ~MSG_DONTWAIT));
}

ssize_t posix_read(int fd, void *to, size_t n)
{
    int got = recv((SOCKET)fd, to, (int)n, 0);
    return got < 0 && WSAGetLastError() == WSAENOTSOCK ? _read(fd, to, (unsigned)n) : result(got);
}

ssize_t posix_write(int fd, const void *from, size_t n)
{
    int put = send((SOCKET)fd, from, (int)n, 0);
    return put < 0 && WSAGetLastError() == WSAENOTSOCK ? _write(fd, from, (unsigned)n) : result(put);
}

int posix_setsockopt(int fd, int level, int option, const void *value, socklen_t size)
{
    DWORD ms;
    if (level == SOL_SOCKET && (option == SO_RCVTIMEO || option == SO_SNDTIMEO)) {
        const struct timeval *wait = value;
        ms = (DWORD)wait->tv_sec * 1000 + (DWORD)wait->tv_usec / 1000;
        value = &ms;
        size = sizeof ms;
    }
    return result(setsockopt((SOCKET)fd, level, option, value, size));
}

int posix_getsockopt(int fd, int level, int option, void *value, socklen_t *size)
{
    return result(getsockopt((SOCKET)fd, level, option, value, size));
}

/* ---- files ---- */

int posix_rename(const char *from, const char *to)
{
    return MoveFileExA(from, to, MOVEFILE_REPLACE_EXISTING) ? 0 : -1;
}

/* The name is free at once, even if somebody has the file open: then it goes away under another name. */
int posix_unlink(const char *path)
{
    static unsigned number;
    char aside[64];
    if (!DeleteFileA(path))
        return -1;
    if (GetFileAttributesA(path) == INVALID_FILE_ATTRIBUTES)
        return 0;
    snprintf(aside, sizeof aside, "/tmp/mapitail-deleted-%d-%u", _getpid(), number++);
    return MoveFileExA(path, aside, MOVEFILE_REPLACE_EXISTING) ? DeleteFileA(aside) ? 0 : -1 : -1;
}

int posix_access(const char *path, int mode)
{
    return strncmp(path, "/dev/", 5) == 0 ? -1 : _access(path, mode);
}

int posix_mkdir(const char *path, int mode)
{
    (void)mode;
    return _mkdir(path);
}

int posix_chmod(const char *path, int mode)
{
    (void)path;
    if (mode & 077)
        return -1; /* Windows has no permissions for a group and others */
    return 0;
}

char *mkdtemp(char *path)
{
    static unsigned number;
    char *end = path + strlen(path) - 6;
    int failed;
    do
        snprintf(end, 7, "%06u", ((unsigned)_getpid() * 131 + number++ * 7919) % 1000000);
    while ((failed = _mkdir(path)) != 0 && errno == EEXIST);
    return failed ? NULL : path;
}

static void remove_tree(const char *path);

static void remove_inside(const char *path)
{
    char inside[MAX_PATH];
    WIN32_FIND_DATAA found;
    snprintf(inside, sizeof inside, "%s/*", path);
    HANDLE h = FindFirstFileA(inside, &found);
    if (h == INVALID_HANDLE_VALUE)
        return;
    do {
        if (strcmp(found.cFileName, ".") == 0 || strcmp(found.cFileName, "..") == 0)
            continue;
        snprintf(inside, sizeof inside, "%s/%s", path, found.cFileName);
        remove_tree(inside);
    } while (FindNextFileA(h, &found));
    FindClose(h);
}

static void remove_tree(const char *path)
{
    remove_inside(path);
    if (!DeleteFileA(path))
        RemoveDirectoryA(path);
}

/* Removes a path, quoted or not, or with a star at its end what is in it. */
int posix_system(const char *command)
{
    char path[MAX_PATH];
    if (strncmp(command, "rm -", 4) != 0 || strlen(command) >= sizeof path)
        return 1;
    const char *from = strchr(command + 4, ' ') + 1;
    strcpy(path, from + (*from == '\''));
    path[strcspn(path, "'")] = '\0';
    if (command[strlen(command) - 1] == '*')
        remove_inside(path);
    else
        remove_tree(path);
    return 0;
}

int symlink(const char *target, const char *path)
{
    (void)target;
    (void)path;
    return 0; /* needs a right that only administrators have: what it would have led to is not there */
}

static bool set_time(HANDLE h, const struct timespec *at)
{
    uint64_t ticks = (uint64_t)at->tv_sec * 10000000 + 116444736000000000;
    FILETIME t = {(DWORD)ticks, (DWORD)(ticks >> 32)};
    return SetFileTime(h, NULL, NULL, &t);
}

int futimens(int fd, const struct timespec times[2])
{
    return set_time((HANDLE)_get_osfhandle(fd), &times[1]) ? 0 : -1;
}

ssize_t pwrite(int fd, const void *from, size_t n, long long offset)
{
    return _lseeki64(fd, offset, SEEK_SET) < 0 ? -1 : _write(fd, from, (unsigned)n);
}

ssize_t pread(int fd, void *to, size_t n, long long offset)
{
    return _lseeki64(fd, offset, SEEK_SET) < 0 ? -1 : _read(fd, to, (unsigned)n);
}

int utimensat(int directory, const char *path, const struct timespec times[2], int flags)
{
    HANDLE h = CreateFileA(path, FILE_WRITE_ATTRIBUTES, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                           OPEN_EXISTING, 0, NULL);
    bool set = set_time(h, &times[1]);
    (void)directory;
    (void)flags;
    CloseHandle(h);
    return set ? 0 : -1;
}

struct pump {
    HANDLE from;
    SOCKET to;
};

static unsigned __stdcall run_pump(void *ctx)
{
    struct pump *p = ctx;
    char bytes[4096];
    DWORD n;
    int sent = 0;
    while (sent >= 0 && ReadFile(p->from, bytes, sizeof bytes, &n, NULL))
        for (DWORD at = 0; at < n && sent >= 0; at += (DWORD)sent)
            sent = send(p->to, bytes + at, (int)(n - at), 0);
    CloseHandle(p->from);
    closesocket(p->to);
    return 0;
}

/* Makes a socket the standard output, which has to be a pipe here: a thread hands on what comes out of it. */
int posix_dup2(int from, int to)
{
    static struct pump pump;
    WSAPROTOCOL_INFOW copy;
    HANDLE end;
    cr_assert_eq(to, STDOUT_FILENO);
    cr_assert(WSADuplicateSocketW((SOCKET)from, GetCurrentProcessId(), &copy) == 0 &&
              CreatePipe(&pump.from, &end, NULL, 0));
    pump.to = WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, &copy, 0, 0);
    cr_assert(pump.to != INVALID_SOCKET && SetStdHandle(STD_OUTPUT_HANDLE, end));
    _beginthreadex(NULL, 0, run_pump, &pump, 0, NULL);
    return to;
}

/* ---- the rest ---- */

int getrlimit(int what, struct rlimit *limit)
{
    (void)what;
    *limit = (struct rlimit){0};
    return 0;
}

int setrlimit(int what, const struct rlimit *limit)
{
    (void)what;
    (void)limit;
    return -1; /* Windows knows no limit of a file's size */
}

int setenv(const char *name, const char *value, int replace)
{
    (void)replace;
    return SetEnvironmentVariableA(name, value) ? 0 : -1;
}

int unsetenv(const char *name)
{
    return SetEnvironmentVariableA(name, NULL) ? 0 : -1;
}

char *stpcpy(char *to, const char *from)
{
    return strcpy(to, from) + strlen(from);
}

ssize_t getline(char **line, size_t *room, FILE *f)
{
    size_t n = 0;
    for (int c; (c = fgetc(f)) != EOF;) {
        if (n + 2 > *room)
            *line = realloc(*line, *room = *room * 2 + 256);
        (*line)[n++] = (char)c;
        if (c == '\n')
            break;
    }
    if (n)
        (*line)[n] = '\0';
    return n ? (ssize_t)n : -1;
}

/* One at a time: a file whose content becomes the text when it is closed. */
static struct {
    FILE *file;
    char **text;
    size_t *n;
} memory;

FILE *open_memstream(char **text, size_t *n)
{
    char path[] = "/tmp/mapitail-memory-XXXXXX";
    if (!mkdtemp(path))
        return NULL;
    RemoveDirectoryA(path);
    memory.file = fopen(path, "w+bD"); /* D: deleted when it is closed */
    memory.text = text;
    memory.n = n;
    return memory.file;
}

int posix_fclose(FILE *f)
{
    if (f && f == memory.file) {
        long size = ftell(f);
        rewind(f);
        *memory.text = calloc(1, (size_t)size + 1);
        *memory.n = fread(*memory.text, 1, (size_t)size, f);
        memory.file = NULL;
    }
    return fclose(f);
}

char *strndup(const char *s, size_t n)
{
    size_t length = strnlen(s, n);
    char *copy = malloc(length + 1);
    if (copy) {
        memcpy(copy, s, length);
        copy[length] = '\0';
    }
    return copy;
}

void *memmem(const void *in, size_t n, const void *what, size_t length)
{
    const char *p = in;
    for (size_t i = 0; i + length <= n; i++)
        if (memcmp(p + i, what, length) == 0)
            return (void *)(uintptr_t)(p + i);
    return NULL;
}

int getrusage(int who, struct rusage *to)
{
    (void)who;
    *to = (struct rusage){0};
    return 0;
}
