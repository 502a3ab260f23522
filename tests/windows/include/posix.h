/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of POSIX the tests and their helpers use and Windows' C library lacks. It comes before everything else
 * in each file of a test (-include), and stands in for headers that are not there. Descriptors are those of
 * sockets, but for what open and mkstemp return. Where Windows has nothing of the kind
 * they fail, and the test is none there (Test(…, .disabled = ON_WINDOWS)).
 */
#ifndef MAPITAIL_TEST_POSIX_H
#define MAPITAIL_TEST_POSIX_H

#define WIN32_LEAN_AND_MEAN /* fewer names that tests use for their own */
#include <winsock2.h>       /* before windows.h */
#include <ws2tcpip.h>

#include <direct.h>
#include <io.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <windows.h>

#undef ERROR
#undef TEXT
#undef near
#undef far
#undef small

#define SIGPIPE 13
#define SIGXFSZ 25
#define MSG_NOSIGNAL 0
#define MSG_DONTWAIT 0x40
#define SOCK_CLOEXEC 0
#define SOCK_NONBLOCK 0x800
#define SHUT_RD SD_RECEIVE
#define SHUT_WR SD_SEND
#define SHUT_RDWR SD_BOTH
#define RLIMIT_FSIZE 1
#define RUSAGE_SELF 0
#define RUSAGE_CHILDREN (-1)
#ifndef O_CLOEXEC
#define O_CLOEXEC 0
#endif
#ifndef O_NONBLOCK
#define O_NONBLOCK 0x10000
#endif
#define F_GETFL 1
#define AT_FDCWD (-100)
#define RLIM_INFINITY UINT64_MAX
#define F_SETFL 2

typedef unsigned long long rlim_t;

struct rlimit {
    rlim_t rlim_cur, rlim_max;
};

/* Processor time goes in steps of 10 ms under Wine, which is longer than what is measured. */
#undef CLOCK_PROCESS_CPUTIME_ID
#define CLOCK_PROCESS_CPUTIME_ID CLOCK_MONOTONIC

/* Of children, whose time nobody keeps: none. */
struct rusage {
    struct timeval ru_utime, ru_stime;
};

int getrusage(int who, struct rusage *to);

int posix_socket(int family, int type, int protocol);
int posix_close(int fd);
int posix_fcntl(int fd, int command, ...);
int posix_pipe(int fds[2]);
int posix_poll(struct pollfd *fds, size_t count, int timeout_ms);
int posix_accept(int fd, struct sockaddr *address, socklen_t *size);
int posix_accept4(int fd, struct sockaddr *address, socklen_t *size, int flags);
ssize_t posix_read(int fd, void *to, size_t n);
ssize_t posix_write(int fd, const void *from, size_t n);
int posix_setsockopt(int fd, int level, int option, const void *value, socklen_t size);
int posix_getsockopt(int fd, int level, int option, void *value, socklen_t *size);
ssize_t posix_send(int fd, const void *p, size_t n, int flags);
ssize_t posix_recv(int fd, void *p, size_t n, int flags);
int posix_rename(const char *from, const char *to);
int posix_unlink(const char *path);
int posix_access(const char *path, int mode);
int posix_mkdir(const char *path, int mode);
int posix_chmod(const char *path, int mode);
int posix_system(const char *command); /* "rm -rf PATH" and "rm -f PATH/…" alone */
int posix_fclose(FILE *f);
int posix_dup2(int from, int to);
int futimens(int fd, const struct timespec times[2]);
ssize_t pwrite(int fd, const void *from, size_t n, long long offset);
ssize_t pread(int fd, void *to, size_t n, long long offset);
int utimensat(int directory, const char *path, const struct timespec times[2], int flags);
ssize_t getline(char **line, size_t *room, FILE *f);
FILE *open_memstream(char **text, size_t *n);
char *stpcpy(char *to, const char *from);
char *mkdtemp(char *path);
char *strndup(const char *s, size_t n);
void *memmem(const void *in, size_t n, const void *what, size_t length);
int setenv(const char *name, const char *value, int replace);
int unsetenv(const char *name);
int symlink(const char *target, const char *path);
int getrlimit(int what, struct rlimit *limit);
int setrlimit(int what, const struct rlimit *limit);

#ifndef MAPITAIL_TEST_POSIX_INSIDE
/* Not of the form name(…): a member of that name is renamed too, in all its places. */
#define accept posix_accept
#define access posix_access
#define accept4 posix_accept4
#define chmod posix_chmod
#define close posix_close
#define dup2 posix_dup2
#define fclose posix_fclose
#define fcntl posix_fcntl
#define getsockopt posix_getsockopt
#define mkdir posix_mkdir
#define pipe posix_pipe
#define poll posix_poll
#define read posix_read
#define recv posix_recv
#define rename posix_rename
#define send posix_send
#define setsockopt posix_setsockopt
#define socket posix_socket
#define system posix_system
#define unlink posix_unlink
#define write posix_write
#endif

#endif
