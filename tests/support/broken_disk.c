/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To be preloaded: calls fail as on a broken disk, or on a share that goes away, while a file exists: the one
 * named by FAIL_SYNC for forcing files to disk, the one named by FAIL_LIST for reading directories on.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool fails(const char *variable)
{
    const char *flag = getenv(variable);
    int before = errno;
    bool is_set = flag && access(flag, F_OK) == 0;
    errno = is_set ? EIO : before;
    return is_set;
}

int fsync(int fd)
{
    return fails("FAIL_SYNC") ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return fails("FAIL_SYNC") ? -1 : (int)syscall(SYS_fdatasync, fd);
}

/* The name that it has with 64-bit offsets, with which the build compiles everything. */
struct dirent *readdir(DIR *directory)
{
    struct dirent *(*next)(DIR *);
    if (fails("FAIL_LIST"))
        return NULL;
    *(void **)&next = dlsym(RTLD_NEXT, "readdir64");
    return next(directory);
}
