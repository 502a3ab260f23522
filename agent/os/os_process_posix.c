/* SPDX-License-Identifier: Apache-2.0 */
/* The process on POSIX systems. */
#include "os_process.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

static void (*stop_request)(void);
static volatile sig_atomic_t interrupted;

static void handle(int signal_number)
{
    if (signal_number == SIGINT && interrupted)
        _exit(130);
    interrupted = signal_number == SIGINT;
    stop_request();
}

void os_on_stop(void (*on_stop)(void))
{
    stop_request = on_stop;
    struct sigaction stop = {.sa_handler = handle, .sa_flags = SA_RESTART};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&stop.sa_mask);
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

void os_forbid_core_dumps(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
#ifdef PR_SET_DUMPABLE
    /* A core pattern that pipes to a program does not ask for the limit. */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

void os_host_name(char *to, size_t n)
{
    if (gethostname(to, n) != 0)
        strncpy(to, "localhost", n);
    to[n - 1] = '\0';
}

bool os_stderr_is_terminal(void)
{
    return isatty(STDERR_FILENO) == 1;
}

bool os_stdout_is_terminal(void)
{
    return isatty(STDOUT_FILENO) == 1;
}

void os_binary_streams(void) {}

const char *os_environment(const char *name)
{
    return getenv(name);
}
