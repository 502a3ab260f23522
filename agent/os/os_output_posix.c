/* SPDX-License-Identifier: Apache-2.0 */
/* Standard output on POSIX systems. */
#include "os_file.h"
#include "os_output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

ptrdiff_t os_output_write(const void *p, size_t n, int timeout_ms, struct fault *f)
{
    struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};
    if (poll(&fd, 1, timeout_ms) <= 0 || !fd.revents)
        return 0;
    /* A pipe that is ready has room for PIPE_BUF bytes (POSIX write): more might wait for the reader. */
    ssize_t put = write(STDOUT_FILENO, p, n < PIPE_BUF ? n : PIPE_BUF);
    if (put < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (put < 0)
        fault_set(f, FAULT_OS, errno, "cannot write to standard output: %s", os_error_text(errno));
    return put;
}
