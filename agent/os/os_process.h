/* SPDX-License-Identifier: Apache-2.0 */
/* The process: stop requests, host name, terminals, environment. */
#ifndef MAPITAIL_OS_PROCESS_H
#define MAPITAIL_OS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * From now on SIGTERM and SIGINT (console close on Windows) call on_stop, which runs in a signal handler and
 * may only do what is async-signal-safe: set a flag, os_watch_wake. A second SIGINT ends the process at once.
 * SIGPIPE is ignored.
 */
void os_on_stop(void (*on_stop)(void));

/* From now on no memory image of the process is written when it crashes: secrets would stand in it. */
void os_forbid_core_dumps(void);

/* The host's name, lower or upper case as the system has it, to a buffer of n bytes. */
void os_host_name(char *to, size_t n);

bool os_stderr_is_terminal(void);
bool os_stdout_is_terminal(void);

/* Standard input and output carry bytes, no text conversion. */
void os_binary_streams(void);

/* Value of an environment variable, or NULL. */
const char *os_environment(const char *name);

#endif
