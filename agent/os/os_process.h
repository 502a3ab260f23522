/* SPDX-License-Identifier: Apache-2.0 */
/* The process: stop requests, host name, terminals, environment. */
#ifndef MAPITAIL_OS_PROCESS_H
#define MAPITAIL_OS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * To be called first in main. On Windows it makes the arguments UTF-8, which they are not there, lets
 * libraries come from the system's folder only and has a console show UTF-8; elsewhere it does nothing.
 */
void os_begin(int *argc, char ***argv);

/*
 * From now on SIGTERM and SIGINT (on Windows Ctrl-C, Ctrl-Break, closing the console and shutdown) call
 * on_stop, which runs in a signal handler and may only do what is async-signal-safe: set a flag,
 * os_watch_wake. A second SIGINT ends the process at once. SIGPIPE is ignored.
 */
void os_on_stop(void (*on_stop)(void));

/* From now on no memory image of the process is written when it crashes: secrets would stand in it. */
void os_forbid_core_dumps(void);

/*
 * From now on SIGHUP (on Windows the service's parameter change) calls on_reload, under the same rules.
 * Before that, or with NULL, it is ignored.
 */
void os_on_reload(void (*on_reload)(void));

enum os_service_news { OS_SERVICE_RUNS, OS_SERVICE_RELOADS, OS_SERVICE_STOPS };

/*
 * Tells whoever started the process as a service how it stands: systemd, where NOTIFY_SOCKET names its socket
 * (sd_notify(3); for a unit of Type=notify or notify-reload). Nothing happens where nobody asked. Never
 * blocks.
 */
void os_service_tell(enum os_service_news news);

/* The number of this process. */
unsigned long os_process_id(void);

/* The host's name, lower or upper case as the system has it, to a buffer of n bytes. */
void os_host_name(char *to, size_t n);

bool os_stderr_is_terminal(void);
bool os_stdout_is_terminal(void);

/* The standard streams carry bytes, no text conversion. */
void os_binary_streams(void);

/* Value of an environment variable, or NULL; lives until the variable is changed. From one thread only. */
const char *os_environment(const char *name);

#endif
