/* SPDX-License-Identifier: Apache-2.0 */
/* The process on POSIX systems. */
#include "os_process.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
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

void os_begin(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
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

static void (*reload_request)(void);

static void handle_hangup(int signal_number)
{
    (void)signal_number;
    reload_request();
}

void os_on_reload(void (*on_reload)(void))
{
    struct sigaction reload = {.sa_handler = on_reload ? handle_hangup : SIG_IGN, .sa_flags = SA_RESTART};
    reload_request = on_reload;
    sigemptyset(&reload.sa_mask);
    sigaction(SIGHUP, &reload, NULL);
}

/* A path, or with '@' in front a name without a file. False where there is no such socket to tell. */
static bool service_address(struct sockaddr_un *address, socklen_t *length)
{
    const char *name = getenv("NOTIFY_SOCKET");
    size_t n = name ? strlen(name) : 0;
    if (n < 2 || n >= sizeof address->sun_path)
        return false;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, name, n);
    if (name[0] == '@')
        address->sun_path[0] = '\0';
    *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    return name[0] == '/' || name[0] == '@';
}

void os_service_tell(enum os_service_news news)
{
    static const char *const words[] = {"READY=1", "RELOADING=1", "STOPPING=1"};
    struct sockaddr_un address;
    struct timespec now;
    socklen_t length;
    char text[80];
    if (!service_address(&address, &length))
        return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int n = snprintf(text, sizeof text, "%s\nMONOTONIC_USEC=%lld\n", words[news],
                     (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s < 0)
        return;
    sendto(s, text, (size_t)n, MSG_NOSIGNAL, (struct sockaddr *)&address, length);
    close(s);
}

unsigned long os_process_id(void)
{
    return (unsigned long)getpid();
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
